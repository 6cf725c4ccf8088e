"""The JSON of Hugging Face papers: the API's lists, a page's own data, and copies of both.

Papers are read from whatever whole objects there are. The format grew over the years, so all
but the identifier and the title may be absent or odd. Nothing here raises for a bad page.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import msgspec

from digest.papers import Link, Page, Paper, Sighting
from digest.sources import Parsed, fields
from digest.sources.objects import broken, kind, load, no_list
from digest.sources.readings import Unreadable, failure, gather, quoted, with_error

_LISTS = ("dailyPapers", "trendingPapers", "papers")
HOLDERS = (*_LISTS, "data")
"""What a list of papers is called in an object that holds it."""

_SEARCHES = ("query", "q", "searchQuery", "search")
_PAPER_ID = re.compile(r"[A-Za-z0-9][\w.-]{0,63}")
_NO_PICTURE = (".mp4", ".mov", ".qt", ".webm", ".avi", ".mkv")
_SEARCHED = re.compile(r"[?&]q=[^&#]")
_PERIOD = re.compile(r"[?&](?:week|month)=|[?&]sort=trending|/papers/(?:week|month|trending)")
_LONGEST_ITEM = 2_000_000
"""Characters of a paper in Python's notation; its parser needs a hundred times as many bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A list of papers, the day it says it is of, and how many it says it has."""

    items: list[Any]
    day: date | None = None
    announced: int | None = None
    searched: bool = False


def read_json(page: Page, text: str, source: str) -> Parsed:
    """Read an answer of the API, or a copy of one."""
    value, problem = load(text, HOLDERS)
    return read_value(page, source, value, problem)


def read_value(page: Page, source: str, value: Any, problem: str = "") -> Parsed:
    """Read what JSON came to: a list of papers, one paper, or what wraps them."""
    if problem and not value:
        return failure(page, source, f"its JSON {problem}; ask again later")
    listed = find_papers(value)
    if listed is None:
        return no_list(page, source, value)
    default = None if _PERIOD.search(page.url) else listed.day or fields.address_day(page.url)
    searched = listed.searched or bool(_SEARCHED.search(page.url))
    parsed = gather(
        page,
        source,
        listed.items,
        partial(read_item, source=source, default=default, searched=searched),
    )
    if problem:
        reason = broken(problem, len(listed.items))
        return with_error(parsed, page, source, reason)
    if listed.announced is not None and listed.announced > len(listed.items):
        reason = f"it says it has {listed.announced} papers and has {len(listed.items)}"
        return with_error(parsed, page, source, reason)
    return parsed


def find_papers(value: Any) -> Listed | None:
    """Find the list of papers in what JSON came to; None if there is none."""
    if isinstance(value, list):
        return Listed(items=value)
    if not isinstance(value, dict):
        return None
    keys = (*_LISTS, "data") if "status" in value else _LISTS
    for key in keys:
        if isinstance(value.get(key), list):
            return Listed(
                items=value[key],
                day=fields.day(value.get("date")),
                announced=fields.count(value.get("count")),
                searched=any(fields.text(value.get(name)) for name in _SEARCHES),
            )
    one = value.get("paper", value)
    return Listed(items=[value]) if isinstance(one, dict) and {"id", "title"} <= set(one) else None


def read_item(item: Any, source: str, default: date | None, *, searched: bool = False) -> Sighting:
    """Read one paper of a list. Raises Unreadable if it has no identifier or no title."""
    if isinstance(item, str):
        item = _unquoted(item)
    if not isinstance(item, dict):
        raise Unreadable(f"it is {kind(item)}, not an object")
    paper = item.get("paper", item)
    if not isinstance(paper, dict):
        raise Unreadable(f"its `paper` is {kind(paper)}, not an object")
    day = fields.day(paper.get("submittedOnDailyAt") or item.get("submittedOnDailyAt")) or default
    votes = fields.count(paper.get("upvotes"))
    return Sighting(
        source=source,
        paper=_paper(item, paper),
        day=None if searched else day,
        votes=fields.count(item.get("upvotes")) if votes is None else votes,
    )


def _unquoted(item: str) -> Any:
    """Read a paper that was written as a text: as JSON, or as Python prints it."""
    if len(item) > _LONGEST_ITEM or item.lstrip()[:1] != "{":
        raise Unreadable("it is a text, not an object")
    try:
        return msgspec.json.decode(item)
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        pass
    try:
        return ast.literal_eval(item)
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        raise Unreadable("it is a text that is neither JSON nor Python") from None


def _paper(item: dict[str, Any], paper: dict[str, Any]) -> Paper:
    name = fields.text(paper.get("id"))
    title = fields.text(paper.get("title")) or fields.text(item.get("title"))
    if not name or not _PAPER_ID.fullmatch(name):
        raise Unreadable(f"its id is {quoted(name)}" if name else "it has no id")
    if not title:
        raise Unreadable(f"{name} has no title")
    arxiv, version = fields.arxiv_name(name)
    return Paper(
        title=title,
        abstract=fields.text(paper.get("summary")) or fields.text(item.get("summary")),
        authors=_authors(paper.get("authors")),
        arxiv=arxiv,
        version=version,
        published=fields.day(paper.get("publishedAt")) or fields.day(item.get("publishedAt")),
        links=_links(arxiv, arxiv or name, paper),
        summary=fields.text(paper.get("ai_summary")),
        topics=fields.texts(paper.get("ai_keywords")),
        submitter=_called(item.get("submittedBy")) or _called(paper.get("submittedOnDailyBy")),
        organization=_called(paper.get("organization")) or _called(item.get("organization")),
        thumbnail=_thumbnail(item),
    )


def _authors(authors: object) -> tuple[str, ...]:
    if not isinstance(authors, list):
        return ()
    names = (author.get("name") if isinstance(author, dict) else author for author in authors)
    return tuple(found for name in names if (found := fields.text(name)))


def _called(owner: object) -> str:
    """Return what a person or an organization is called."""
    if not isinstance(owner, dict):
        return ""
    names = (fields.text(owner.get(key)) for key in ("fullname", "name", "user"))
    return next((name for name in names if name), "")


def _thumbnail(item: dict[str, Any]) -> str:
    """Return the picture's address; until 2024 it was called ``mediaUrl`` and could be a film."""
    found = fields.address(item.get("thumbnail")) or fields.address(item.get("mediaUrl"))
    return "" if found.lower().endswith(_NO_PICTURE) else found


def paper_links(arxiv: str, name: str) -> tuple[Link, ...]:
    """Return where a paper of Hugging Face can be read: the real sites, whoever sent the page."""
    page = Link("huggingface", f"https://huggingface.co/papers/{name}")
    return (*fields.arxiv_links(arxiv), page) if arxiv else (page,)


def _links(arxiv: str, name: str, paper: dict[str, Any]) -> tuple[Link, ...]:
    own = (
        Link("code", fields.address(paper.get("githubRepo"))),
        Link("project", fields.address(paper.get("projectPage"))),
    )
    return fields.distinct((*paper_links(arxiv, name), *own))


def public_host(url: str) -> str:
    """Return the host of an address; "" if it has none."""
    try:
        return (urlsplit(url).hostname or "").removeprefix("www.")
    except ValueError:
        return ""
