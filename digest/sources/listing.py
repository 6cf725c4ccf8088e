"""arXiv's listing page, ``/list/<category>/new``: the day's new, cross-listed and replaced papers.

Each section says how many entries it shows and how many there are, so a page that was cut can
be told from one that is whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import TYPE_CHECKING

from digest.papers import Announced, Page, Paper, Sighting
from digest.sources import Parsed, fields
from digest.sources.fields import MONTHS
from digest.sources.readings import Unreadable, changed_shape, gather, with_error

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

_DAY = re.compile(r"listings? for \w{3,9},? (\d{1,2}) (\w{3,9}) (\d{4})")
_SHOWING = re.compile(r"\(showing (?:first )?(\d{1,6}) of (\d{1,6}) entries")
_CATEGORY = re.compile(r"\(([a-z-]{2,12}(?:\.[A-Za-z-]{2,12})?)\)")
_VERSION = re.compile(r"/(?:html|abs|pdf)/\S{4,40}?v(\d{1,3})$")
_EMPTY = re.compile(r"\bno updates\b|\btotal of 0 entries\b", re.IGNORECASE)
_HOW: tuple[tuple[str, Announced], ...] = (
    ("new", "new"),
    ("cross", "cross"),
    ("replacement", "replace"),
)


@dataclass(slots=True)
class _Section:
    """A heading, and what it says of the entries below it."""

    announced: Announced = ""
    shown: int = 0
    total: int = 0
    found: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What a listing page holds: the day it announces, its papers, how many entries are not there.

    `short` says that the server left those out, so that a larger `show` would bring them.
    """

    parsed: Parsed
    day: date | None = None
    missing: int = 0
    short: bool = False


def read_listing(page: Page, text: str, source: str) -> Parsed:
    """Read a listing page."""
    return parse_listing(page, text, source).parsed


def parse_listing(page: Page, text: str, source: str) -> Listing:
    """Read a listing page, and say which day it is of and whether it is whole."""
    from selectolax.lexbor import LexborHTMLParser  # noqa: PLC0415 - most runs need none.

    tree = LexborHTMLParser(text)
    day = _day(" ".join(node.text() for node in tree.css("h3")[:3]))
    sections: list[_Section] = []
    entries = list(_entries(tree.css("h3, dt, dd"), sections))
    if day is None or not (sections or _EMPTY.search(text)):
        reason = "a listing page without its day and its sections came"
        return Listing(parsed=changed_shape(page, source, reason))
    parsed = gather(page, source, entries, partial(_read, source=source, day=day))
    total, found = sum(s.total for s in sections), sum(s.found for s in sections)
    short = found < total and all(section.found >= section.shown for section in sections)
    return Listing(
        parsed=with_error(parsed, page, source, _missing(found, total, short=short)),
        day=day,
        missing=max(0, total - found),
        short=short,
    )


def _day(heading: str) -> date | None:
    """Return the day of ``Showing new listings for Friday, 12 June 2026``."""
    found = _DAY.search(" ".join(heading.split()))
    if not found or found[2][:3] not in MONTHS:
        return None
    try:
        return date(int(found[3]), MONTHS.index(found[2][:3]) + 1, int(found[1]))
    except ValueError:
        return None


def _entries(
    nodes: list[LexborNode], sections: list[_Section]
) -> Iterator[tuple[LexborNode, LexborNode | None, _Section]]:
    """Yield each entry's head and body with its section; fill `sections` on the way."""
    head: LexborNode | None = None
    for node in nodes:
        if node.tag == "h3":
            _open(node.text(), sections)
        elif node.tag == "dt" and sections:
            sections[-1].found += 1
            head = node
        elif node.tag == "dd" and head is not None:
            yield head, node, sections[-1]
            head = None


def _open(heading: str, sections: list[_Section]) -> None:
    found = _SHOWING.search(" ".join(heading.split()))
    if found:
        how = next((how for word, how in _HOW if heading.strip().lower().startswith(word)), "")
        sections.append(_Section(announced=how, shown=int(found[1]), total=int(found[2])))  # type: ignore[arg-type] # "" is one.


def _missing(found: int, total: int, *, short: bool) -> str:
    """Say how many entries are not there, that the page says are."""
    if found >= total:
        return ""
    why = "ask for it with a larger `show`" if short else "it was cut"
    return f"it has {found} of the {total} entries it speaks of; {why}"


def _read(
    entry: tuple[LexborNode, LexborNode | None, _Section], source: str, day: date
) -> Sighting:
    head, body, section = entry
    link = head.css_first('a[title="Abstract"]') or head.css_first('a[href*="/abs/"]')
    name, version = fields.arxiv_name(
        (link.attributes.get("href") or "").rpartition("/abs/")[2] if link else ""
    )
    title = _part(body, ".list-title").removeprefix("Title:").strip()
    if not name or not title:
        raise Unreadable(f"{name} has no title" if name else "it has no link to an abstract")
    paper = Paper(
        title=title,
        abstract=_part(body, "p.mathjax"),
        authors=_authors(body),
        arxiv=name,
        version=version or _version(head),
        categories=tuple(dict.fromkeys(_CATEGORY.findall(_part(body, ".list-subjects")))),
        links=fields.arxiv_links(name),
        comment=_part(body, ".list-comments").removeprefix("Comments:").strip(),
    )
    return Sighting(source=source, paper=paper, day=day, announced=section.announced)


def _part(body: LexborNode | None, selector: str) -> str:
    node = body.css_first(selector) if body is not None else None
    return fields.text(node.text()) if node is not None else ""


def _authors(body: LexborNode | None) -> tuple[str, ...]:
    nodes = body.css(".list-authors a") if body is not None else []
    return tuple(filter(None, (fields.text(node.text()) for node in nodes)))


def _version(head: LexborNode) -> int:
    """Return the version that the link to the HTML form names; 0 if there is none."""
    for link in head.css("a"):
        if found := _VERSION.search(link.attributes.get("href") or ""):
            return int(found[1])
    return 0
