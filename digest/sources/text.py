"""The plain-text form of a Hugging Face papers page: title and abstract in turn.

It has no identifiers, links, authors or votes, and its day is the day it was fetched, never a
paper's. What does not begin as such a page does is refused: read as titles it would be garbage.
"""

from __future__ import annotations

import re
from datetime import date
from functools import partial

from digest.papers import Page, Paper, Sighting
from digest.sources import Parsed, fields
from digest.sources.fields import MONTHS
from digest.sources.readings import changed_shape, gather, quoted, with_error

LONGEST_TITLE = 400
"""Characters; a longer paragraph where a title is due goes on with the abstract before it."""

SHORTEST_ABSTRACT = 130
"""Characters; a shorter paragraph that ends no sentence is a title, also where none is due."""

HEADER_PARAGRAPHS = 12
"""How many paragraphs may stand before the line that the header ends with."""

YEARS_BACK = 8
"""From one 29 February to the one before it, at most (1896 to 1904)."""

_DAY = re.compile(rf"({'|'.join(MONTHS)})\s+(\d{{1,2}})")
_BYLINE = re.compile(r"by\s*AK\s+and the research community")


def latest_day(text: str, today: date) -> date | None:
    """Return the latest day that ``Mar 18`` can mean, not after `today`; None if it is no day."""
    found = _DAY.fullmatch(text.strip())
    if not found:
        return None
    month, number = MONTHS.index(found[1]) + 1, int(found[2])
    for year in range(today.year, max(today.year - YEARS_BACK, 1) - 1, -1):
        try:
            day = date(year, month, number)
        except ValueError:
            continue
        if day <= today:
            return day
    return None


def read_text(page: Page, text: str, source: str) -> Parsed:
    """Read the saved text of a search page."""
    paragraphs = [found for part in _paragraphs(text) if (found := fields.text(part))]
    start = _header_end(paragraphs, page.fetched_at.date())
    if not start:
        first = quoted(paragraphs[0]) if paragraphs else "nothing"
        reason = f"a text came that begins with {first}, not as a list of papers does"
        return changed_shape(page, source, reason)
    pairs, cut = _pairs(paragraphs[start:])
    if not pairs and not cut:
        return changed_shape(page, source, "a text with the head of a list and no paper came")
    parsed = gather(page, source, pairs, partial(_read_pair, source=source))
    return with_error(parsed, page, source, cut)


def _paragraphs(text: str) -> list[str]:
    lines = (line.strip() for line in text.splitlines())
    return "\n".join(lines).split("\n\n")


def _header_end(paragraphs: list[str], today: date) -> int:
    """Return where the papers begin: after the byline and the day; 0 if they are not there."""
    for at, paragraph in enumerate(paragraphs[:HEADER_PARAGRAPHS]):
        if _BYLINE.fullmatch(paragraph):
            following = paragraphs[at + 1] if at + 1 < len(paragraphs) else ""
            return at + 2 if latest_day(following, today) else 0
    return 0


def _pairs(paragraphs: list[str]) -> tuple[list[tuple[str, str]], str]:
    """Pair titles with abstracts; say so if the text ends after a title."""
    pairs: list[tuple[str, str]] = []
    title = ""
    for paragraph in paragraphs:
        if title and _is_title(paragraph):
            pairs.append((title, ""))
            title = paragraph
        elif title:
            pairs.append((title, paragraph))
            title = ""
        elif pairs and len(paragraph) > LONGEST_TITLE:
            pairs[-1] = (pairs[-1][0], f"{pairs[-1][1]} {paragraph}")
        else:
            title = paragraph
    return pairs, f"it breaks off after the title {quoted(title)}" if title else ""


def _is_title(paragraph: str) -> bool:
    return len(paragraph) < SHORTEST_ABSTRACT and not paragraph.endswith((".", "!", "?"))


def _read_pair(pair: tuple[str, str], source: str) -> Sighting:
    return Sighting(source=source, paper=Paper(title=pair[0], abstract=pair[1]))
