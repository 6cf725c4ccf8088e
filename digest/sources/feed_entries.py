"""Entries of any other feed: RSS, Atom or RDF of a journal, a preprint server or a blog.

feedparser reads it, and forgives much; entries that a cut page ends in are left out all the same.
"""

from __future__ import annotations

import re
import sys
from datetime import date
from functools import partial
from types import SimpleNamespace
from typing import Any

from msgspec.structs import replace

from digest.papers import Page, Paper, Sighting, arxiv_version
from digest.sources import Parsed, fields, html_text
from digest.sources.readings import (
    Unreadable,
    changed_shape,
    failure,
    gather,
    with_error,
    without_shared_names,
)

_ENTRY_ENDS = re.compile(r"</(?:[\w.-]{1,30}:)?(?:item|entry)\s*>", re.IGNORECASE)
_MARKUP = re.compile(r"<[A-Za-z/!]|&[#\w]")
_REFERENCE = re.compile(r"&#(x[0-9a-f]+|[0-9]+)", re.IGNORECASE)
_LONGEST_REFERENCE = 8
_STUMBLES = (ValueError, LookupError, ArithmeticError, AttributeError, TypeError, AssertionError)
"""What feedparser has been seen to raise, or can, on what is not quite XML; it promises nothing."""

_NAMING = ("prism_doi", "dc_identifier", "id", "link")


def read_feed(page: Page, text: str, source: str) -> Parsed:
    """Read a feed of any kind."""
    if "<!ENTITY" in text:
        return failure(page, source, "it declares entities, which no feed needs; it was not read")
    import feedparser  # noqa: PLC0415 - it takes 0.3 s, and most runs need none.

    # Something to read from and not bytes, which would be opened as a file if they were a path.
    encoded = _REFERENCE.sub(_character, text).encode("utf-8", "replace")
    body = SimpleNamespace(read=lambda: encoded)
    headers = {"content-type": "application/xml; charset=utf-8"}
    try:
        feed = feedparser.parse(body, response_headers=headers)
    except _STUMBLES as error:
        return failure(page, source, f"it is a feed too broken to be read ({error!r:.80})")
    if not feed.get("version") or not (feed.feed or feed.entries):
        return changed_shape(page, source, "it is XML, but no feed that is known")
    whole = feed.entries[: len(_ENTRY_ENDS.findall(text))]
    parsed = gather(page, source, whole, partial(_read, source=source))
    return with_error(without_shared_names(parsed), page, source, _broken(feed, len(whole)))


def _character(found: re.Match[str]) -> str:
    """Return a reference as it is, or to U+FFFD if no character has that number."""
    digits = found[1]
    if len(digits) > _LONGEST_REFERENCE:
        return "&#xFFFD"
    number = int(digits[1:], 16) if digits[0] in "xX" else int(digits)
    legal = 0 < number <= sys.maxunicode and not 0xD800 <= number <= 0xDFFF  # noqa: PLR2004 - surrogates.
    return found[0] if legal else "&#xFFFD"


def _broken(feed: Any, whole: int) -> str:
    import xml.sax  # noqa: PLC0415 - only for the name of an error.

    error = feed.get("bozo_exception")
    if not isinstance(error, xml.sax.SAXException):
        return ""
    return f"it is not well-formed ({fields.text(str(error))}); {whole} whole papers were read"


def _read(entry: Any, source: str) -> Sighting:
    title = plain(entry.get("title"))
    if not title:
        raise Unreadable("it has no title")
    names = fields.identifiers(fields.text(entry.get(each)) for each in _NAMING)
    day = _day(entry)
    page = fields.address(entry.get("link"))
    paper = Paper(
        title=title,
        abstract=plain(entry.get("summary")),
        authors=_authors(entry),
        version=arxiv_version(page) if "arxiv" in names else 0,
        published=day,
        categories=_tags(entry),
        links=fields.links(names, page),
    )
    return Sighting(source=source, paper=replace(paper, **names), day=day)


def _day(entry: Any) -> date | None:
    names = ("published", "dc_date", "prism_publicationdate", "updated")
    # Asked for what is absent, feedparser warns of names it may no longer take one for another.
    said = (entry[name] for name in names if name in entry)
    return next((day for text in said if (day := fields.day(text))), None)


def _authors(entry: Any) -> tuple[str, ...]:
    listed = entry.get("authors")
    names = [author.get("name") for author in listed] if isinstance(listed, list) else []
    said = [found for name in names if (found := fields.text(name))]
    return fields.names(said[0]) if len(said) == 1 else tuple(said)


def _tags(entry: Any) -> tuple[str, ...]:
    listed = entry.get("tags")
    return fields.tags(tag.get("term") for tag in listed) if isinstance(listed, list) else ()


def plain(value: Any) -> str:
    """Return a text without its markup."""
    said = fields.text(value)
    return html_text.plain(said) if _MARKUP.search(said) else said
