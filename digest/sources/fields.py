"""Single values out of pages: taken if they are what they should be, else left out.

A paper is not lost because its votes are a word. Nothing here raises for a bad value.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from email.utils import parsedate_to_datetime
from urllib.parse import unquote

from digest.latex import clean
from digest.papers import Link

MOST_VOTES = 1_000_000_000
"""A larger number is no count, and no database's integer."""

LONGEST_ADDRESS = 2000
"""Characters; browsers and mail programs cut longer ones."""

_DIGITS = re.compile(r"[0-9]{1,9}")
_ARXIV_ID = re.compile(r"(\d{4}\.\d{4,5}|[a-z-]+(?:\.[A-Za-z]{2})?/\d{7})(?:v(\d{1,3}))?")
_ISO_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_ADDRESS = re.compile(r"https?://[^\s<>\"'\\^`{|}/?#][^\s<>\"'\\^`{|}]*", re.IGNORECASE)
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
    """Return the day that an ISO 8601 or RFC 5322 time names, as it is written there."""
    if not isinstance(value, str):
        return None
    value = value.strip()[:64]
    try:
        if _ISO_DAY.match(value):
            return date.fromisoformat(value[:10])
        return parsedate_to_datetime(value).date()
    except (ValueError, IndexError, TypeError, OverflowError):
        return None


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


def arxiv_links(name: str) -> tuple[Link, ...]:
    """Return where arXiv has a paper, whatever address it was read from."""
    return (
        Link("arxiv", f"https://arxiv.org/abs/{name}"),
        Link("pdf", f"https://arxiv.org/pdf/{name}"),
    )


def distinct(links: Iterable[Link]) -> tuple[Link, ...]:
    """Return links without those that have no address or lead where an earlier one does."""
    return tuple({link.url: link for link in reversed(list(links)) if link.url}.values())[::-1]
