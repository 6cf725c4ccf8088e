"""Single values out of pages: taken if they are what they should be, else left out.

A paper is not lost because its votes are a word. Nothing here raises for a bad value.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from email.utils import parsedate_to_datetime
from urllib.parse import unquote

from digest.latex import clean
from digest.papers import Link, identify

MOST_VOTES = 1_000_000_000
"""A larger number is no count, and no database's integer."""

LONGEST_ADDRESS = 2000
"""Characters; browsers and mail programs cut longer ones."""

LONGEST_NAME = 500
"""Characters in which an identifier is looked for."""

LONGEST_TAG = 40
MOST_TAGS = 20
"""What is longer is a sentence, and what are more are no categories."""

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

_LONGEST_DAY = 100
"""Characters in which a day is looked for."""

_DIGITS = re.compile(r"[0-9]{1,9}")
_ARXIV_ID = re.compile(r"(\d{4}\.\d{4,5}|[a-z-]+(?:\.[A-Za-z]{2})?/\d{7})(?:v(\d{1,3}))?")
_MONTH = (
    r"(?P<month>Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?"
    r"|Sept?(?:ember)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)\.?"
)
_NUMBER = r"(?<![\d.:/-])(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_YEAR = r"(?P<year>\d{4})(?!\d)"
_DAYS = tuple(
    re.compile(form, re.IGNORECASE)
    for form in (
        r"(?<!\d)(?P<year>\d{4})(?P<sign>[-/])(?P<month>\d\d)(?P=sign)(?P<day>\d\d)(?!\d)",
        rf"{_NUMBER}\.(?P<month>\d{{1,2}})\.{_YEAR}",
        rf"{_NUMBER}\.?[\s-]+(?:of\s+)?{_MONTH},?[\s-]+{_YEAR}",
        rf"\b{_MONTH}\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?,?\s+{_YEAR}",
    )
)
_INITIALS = re.compile(r"(?:[A-Z]\.?[ -]?){1,4}")
_ADDRESS = re.compile(r"https?://[^\s<>\"'\\^`{|}/?#][^\s<>\"'\\^`{|}]*", re.IGNORECASE)
_DOI_PATH = re.compile(
    r"https?://[^\s/]+/doi/(?:(?:abs|full|epdf|pdf|book|reader)/)?(10\.\d{4,9}/[^\s?#]+?)"
    r"(?:/(?:full|abstract|pdf|epdf))?/?(?:[?#]|$)",
    re.IGNORECASE,
)
_ADDRESS_DAY = re.compile(r"(?:[?&]date=|/papers/date/)(\d{4}-\d\d-\d\d)(?!\d)")
_FILE_DAY = re.compile(r"(?<!\d)(\d{4}-\d\d-\d\d)(?!\d)[^/]*$")


def text(value: object) -> str:
    """Return a string on one line, without what is invisible; "" for anything else."""
    return clean(value) if isinstance(value, str) else ""


def texts(values: object) -> tuple[str, ...]:
    """Return the strings of a list that say something."""
    if not isinstance(values, list):
        return ()
    return tuple(found for value in values if (found := text(value)))


def count(value: object) -> int | None:
    """Return a number of votes, or None if `value` is none."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST_VOTES:
        return value
    return None


def number(said: str) -> int | None:
    """Return the number that digits say, or None if they say none."""
    return int(said) if _DIGITS.fullmatch(said.strip()) else None


def day(value: object) -> date | None:
    """Return the day that a text names first, as it is written there.

    Reads ``2026-06-12`` and ``2026/06/12``, alone or before a time (ISO 8601), times of emails
    (RFC 5322), ``12.6.2026``, and English ones such as ``12 June 2026`` and ``June 12th, 2026``.
    Of ``06/12/2026`` nobody can say which day it is.
    """
    if not isinstance(value, str):
        return None
    value = value.strip()[:_LONGEST_DAY]
    found = sorted(_days(value), key=lambda match: match.start())
    try:
        return _dated(found[0]) if found else parsedate_to_datetime(value).date()
    except (ValueError, IndexError, TypeError, OverflowError):
        return None


def _days(said: str) -> Iterator[re.Match[str]]:
    return (found for form in _DAYS if (found := form.search(said)))


def _dated(found: re.Match[str]) -> date:
    said = found["month"]
    month = int(said) if said.isdecimal() else MONTHS.index(said[:3].title()) + 1
    return date(int(found["year"]), month, int(found["day"]))


def address(value: object) -> str:
    """Return an http or https address; "" for anything else, ``javascript:`` for one."""
    found = text(value)
    return found if len(found) <= LONGEST_ADDRESS and _ADDRESS.fullmatch(found) else ""


def address_day(url: str) -> date | None:
    """Return the day that an address asks for, or that a file is named after."""
    found = _ADDRESS_DAY.search(url)
    if not found and url.startswith("file:"):
        found = _FILE_DAY.search(unquote(url))
    return day(found[1]) if found else None


def arxiv_name(value: object) -> tuple[str, int]:
    """Split ``2407.21783v2`` into identifier and version; ("", 0) if `value` is no identifier."""
    found = _ARXIV_ID.fullmatch(text(value))
    return (found[1], int(found[2] or 0)) if found else ("", 0)


def identifiers(said: Iterable[str]) -> dict[str, str]:
    """Return the identifiers that texts name, by kind; the first of each kind counts."""
    return {kind: found[0] for kind, found in all_identifiers(said).items()}


def all_identifiers(said: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return the identifiers that texts name, by kind, each once."""
    found: dict[str, tuple[str, ...]] = {}
    for each in said:
        kind, _, name = _identify(each[:LONGEST_NAME]).partition(":")
        if kind and name not in found.get(kind, ()):
            found[kind] = (*found.get(kind, ()), name)
    return found


def _identify(said: str) -> str:
    """Return the name a text means; a publisher's address often has the DOI in its path."""
    in_path = _DOI_PATH.search(said)
    return identify(f"doi:{unquote(in_path[1])}" if in_path else said)


def links(names: Mapping[str, str], page: str) -> tuple[Link, ...]:
    """Return where a paper can be read: by its identifiers, and at the address a site gives."""
    own = arxiv_links(names["arxiv"]) if "arxiv" in names else ()
    doi = f"https://doi.org/{names['doi']}" if "doi" in names else ""
    return distinct((*own, Link("page", page), Link("doi", address(doi))))


def names(said: str) -> tuple[str, ...]:
    """Split one text of many names; ``Doe, J., Roe, R.`` are two, not four."""
    parts = [part.strip() for part in re.split(r"[,;]| and ", said) if part.strip()]
    pairs = list(zip(parts[::2], parts[1::2], strict=False))
    if pairs and len(parts) % 2 == 0 and all(_INITIALS.fullmatch(second) for _, second in pairs):
        return tuple(f"{second} {first}" for first, second in pairs)
    return tuple(parts)


def tags(values: Iterable[object]) -> tuple[str, ...]:
    """Return what looks like categories: short, no address, each once."""
    said = (text(value) for value in values)
    short = (tag for tag in said if tag and len(tag) <= LONGEST_TAG and "://" not in tag)
    return tuple(dict.fromkeys(short))[:MOST_TAGS]


def arxiv_links(name: str) -> tuple[Link, ...]:
    """Return where arXiv has a paper, whatever address it was read from."""
    return (
        Link("arxiv", f"https://arxiv.org/abs/{name}"),
        Link("pdf", f"https://arxiv.org/pdf/{name}"),
    )


def distinct(links: Iterable[Link]) -> tuple[Link, ...]:
    """Return links without those that have no address or lead where an earlier one does."""
    return tuple({link.url: link for link in reversed(list(links)) if link.url}.values())[::-1]
