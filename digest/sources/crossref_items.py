"""The works in an answer of Crossref's API: what publishers registered, in their own words.

All but the DOI may be missing or odd: titles and abstracts hold markup, dates may be a year.
Nothing here raises for a bad answer.
"""

from __future__ import annotations

from datetime import date
from functools import partial
from typing import Any

from digest.papers import Link, Page, Paper, Sighting, identify
from digest.sources import Parsed, fields
from digest.sources.bodies import decode, no_text
from digest.sources.markup import without_markup
from digest.sources.objects import broken, kind, load, no_list
from digest.sources.readings import (
    Unreadable,
    changed_shape,
    failure,
    gather,
    quoted,
    with_error,
)

_DATES = ("published-online", "posted", "published", "issued", "published-print")
"""Where the day of publication stands, the earliest kind first."""

_WHOLE = 3
"""Year, month and day."""


def read_works(page: Page, source: str) -> tuple[Parsed, dict[str, Any]]:
    """Read an answer: its papers, and the message that held them."""
    if nothing := no_text(page.body):
        return failure(page, source, f"expected JSON, got {nothing}"), {}
    text, odd = decode(page)
    value, problem = load(text, ("items",))
    if problem and not value:
        return failure(page, source, f"expected JSON, got {quoted(text)}; check the source"), {}
    message = value.get("message") if isinstance(value, dict) else None
    items = value if problem else _items(message)
    if items is None:
        return _no_works(page, source, value), {}
    # Front matter and covers have a DOI and no title: they are no papers, and no error either.
    titled = [each for each in items if not isinstance(each, dict) or _title(each)] or items
    parsed = gather(page, source, titled, partial(read_work, source=source))
    reason = broken(problem, len(items)) if problem else odd
    parsed = with_error(parsed, page, source, reason)
    return parsed, message if isinstance(message, dict) else {}


def _items(message: Any) -> list[Any] | None:
    """Return the works of a message, which is a list of them or one itself."""
    if not isinstance(message, dict):
        return None
    if isinstance(message.get("items"), list):
        return list(message["items"])
    return [message] if "DOI" in message else None


def _no_works(page: Page, source: str, value: Any) -> Parsed:
    """Say what came in place of works; a refusal holds a list of reasons."""
    message = value.get("message") if isinstance(value, dict) else None
    refusals = message if isinstance(message, list) else ()
    said = [fields.text(each.get("message")) for each in refusals if isinstance(each, dict)]
    if any(said):
        return failure(page, source, f"Crossref refuses the question: {quoted(' '.join(said))}")
    if isinstance(message, dict):
        names = ", ".join(f"`{fields.text(key)[:30]}`" for key in list(message)[:5]) or "nothing"
        return changed_shape(page, source, f"no works in its message, which has {names}")
    return no_list(page, source, value)


def read_work(item: Any, source: str) -> Sighting:
    """Read one work. Raises Unreadable if it has no DOI or no title."""
    if not isinstance(item, dict):
        raise Unreadable(f"it is {kind(item)}, not an object")
    kind_, _, name = identify(f"doi:{fields.text(item.get('DOI'))}").partition(":")
    if not name:
        raise Unreadable(f"its DOI is {quoted(fields.text(item.get('DOI')))}")
    title = _title(item)
    if not title:
        raise Unreadable(f"{name} has no title")
    paper = Paper(
        title=title,
        abstract=without_markup(item.get("abstract")),
        authors=_authors(item.get("author")),
        arxiv=name if kind_ == "arxiv" else "",
        doi=name if kind_ == "doi" else "",
        published=next((day for each in _DATES if (day := _day(item.get(each)))), None),
        links=_links(kind_, name),
        comment=_place(item),
    )
    return Sighting(source=source, paper=paper, day=_day(item.get("created")))


def _title(item: dict[str, Any]) -> str:
    return _first(item.get("title"))


def _first(values: object) -> str:
    """Return the first text of a list, or the text itself, without markup."""
    listed = values if isinstance(values, list) else [values]
    return next((found for each in listed if (found := without_markup(each))), "")


def _place(item: dict[str, Any]) -> str:
    """Return the journal; of a preprint, who published it."""
    return _first(item.get("container-title")) or without_markup(item.get("publisher"))


def _authors(authors: object) -> tuple[str, ...]:
    if not isinstance(authors, list):
        return ()
    return tuple(filter(None, map(_called, authors)))


def _called(author: object) -> str:
    """Return what a person or a group is called."""
    if not isinstance(author, dict):
        return ""
    parts = (without_markup(author.get(key)) for key in ("given", "family", "suffix"))
    return " ".join(filter(None, parts)) or without_markup(author.get("name"))


def _day(said: object) -> date | None:
    """Return the day of ``{"date-parts": [[2026, 6, 12]]}``; None for a mere year or month."""
    parts = said.get("date-parts") if isinstance(said, dict) else None
    first = parts[0] if isinstance(parts, list) and parts else None
    if not isinstance(first, list) or len(first) != _WHOLE:
        return None
    try:
        return date(*(int(part) for part in first))
    except (TypeError, ValueError, OverflowError):
        return None


def _links(kind_: str, name: str) -> tuple[Link, ...]:
    """Return where a paper is: at its DOI, whatever address was registered."""
    if kind_ == "arxiv":
        return fields.arxiv_links(name)
    return fields.distinct((Link("doi", fields.address(f"https://doi.org/{name}")),))
