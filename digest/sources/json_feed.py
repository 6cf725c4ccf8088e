"""JSON Feed, versions 1.0 and 1.1 (jsonfeed.org): what feedparser does not read.

Written from the specification; no such feed was recorded. An item's own authors count, else the
feed's (version 1.1, "authors"). What breaks off gives the items that are whole.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from msgspec.structs import replace

from digest.papers import Page, Paper, Sighting, arxiv_version
from digest.sources import Parsed, fields
from digest.sources.feed_entries import plain
from digest.sources.objects import broken, load, no_list
from digest.sources.readings import Unreadable, gather, with_error, without_shared_names

_NAMING = ("id", "url", "external_url")


def read_json_feed(page: Page, text: str, source: str) -> Parsed:
    """Read a JSON Feed."""
    value, problem = load(text, ("items",))
    items = value.get("items") if isinstance(value, dict) else value
    if not isinstance(items, list):
        return no_list(page, source, value)
    authors = _authors(value) if isinstance(value, dict) else ()
    parsed = gather(page, source, items, partial(_read, source=source, authors=authors))
    reason = broken(problem, len(items)) if problem else ""
    return with_error(without_shared_names(parsed), page, source, reason)


def _read(item: Any, source: str, authors: tuple[str, ...]) -> Sighting:
    title = plain(item.get("title")) if isinstance(item, dict) else ""
    if not title:
        raise Unreadable("it has no title")
    names = fields.identifiers(fields.text(item.get(each)) for each in _NAMING)
    link = fields.address(item.get("external_url")) or fields.address(item.get("url"))
    day = fields.day(item.get("date_published")) or fields.day(item.get("date_modified"))
    tags = item.get("tags")
    paper = Paper(
        title=title,
        abstract=_abstract(item),
        authors=_authors(item) or authors,
        version=arxiv_version(link) if "arxiv" in names else 0,
        published=day,
        categories=fields.tags(tags) if isinstance(tags, list) else (),
        links=fields.links(names, link),
    )
    return Sighting(source=source, paper=replace(paper, **names), day=day)


def _abstract(item: dict[str, Any]) -> str:
    said = (plain(item.get(each)) for each in ("summary", "content_text", "content_html"))
    return next(filter(None, said), "")


def _authors(holder: dict[str, Any]) -> tuple[str, ...]:
    """Return the names of `authors`, or of version 1.0's `author`; one name may be several."""
    listed = holder.get("authors")
    people = listed if isinstance(listed, list) else [holder.get("author")]
    said = [fields.text(each.get("name")) for each in people if isinstance(each, dict)]
    said = [name for name in said if name]
    return fields.names(said[0]) if len(said) == 1 else tuple(said)
