"""OpenReview: the papers of a venue, or those that answer an invitation.

Written from the documented form of its API, version 2, whose values are wrapped in
``{"value": …}``; those of version 1, which are not, are read as well. No answer was recorded.

A paper is asked for by when it was last changed: it becomes public, or is accepted, weeks after
it was handed in. Past days are served that way. Withdrawn and desk-rejected papers are left out,
and so are deleted ones. Since 2026 the API wants a login: a token as ``Bearer …`` is the secret
``OPENREVIEW_TOKEN``. It never fetches.
"""

from __future__ import annotations

import dataclasses
import re
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import quote, urlencode

from msgspec import Struct
from msgspec.structs import force_setattr

from digest.papers import Link, Page, Paper, Sighting
from digest.sources import Parsed, Request, fields
from digest.sources.bodies import decode, no_text
from digest.sources.objects import broken, kind, load, no_list
from digest.sources.periods import REREAD_DAYS, earliest
from digest.sources.readings import Unreadable, changed_shape, failure, gather, with_error
from digest.sources.settings import check_address, check_spacing

HOME = "https://openreview.net"

PAGE_SIZE = 1000
"""Papers in one answer; the server gives no more."""

PAGES = 40
"""Pages of one venue, at most. The largest had some 30,000 papers."""

_HOLDERS = ("notes",)
_GROUP = re.compile(r"[\w.~-]+(?:/[\w.~-]+)*")
_INVITATION = re.compile(r"[\w.~-]+(?:/[\w.~-]+)*/-/[\w.~-]+")
_FORUM = re.compile(r"[\w-]{1,40}")
_GONE = re.compile(r"withdrawn|desk[ _]?reject", re.IGNORECASE)
_ASKED = re.compile(r"&offset=(?P<start>\d{1,9})#since=(?P<day>[\d-]{10}|start)&page=(?P<page>\d+)")
_LONGEST_AGO = 253_402_214_400_000
"""Milliseconds: the last day that a date can say."""


class OpenReview(
    Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    tag="openreview",
):
    """The papers that `venue` accepted, or all that were handed in to `invitation`.

    A venue is a group such as ``ICLR.cc/2026/Conference`` or ``TMLR``; an invitation has ``/-/``
    in it, as ``ICLR.cc/2026/Conference/-/Submission``.
    """

    name: str = ""
    venue: str = ""
    invitation: str = ""
    base_url: str = "https://api2.openreview.net"
    spacing: float = 1.0

    def __post_init__(self) -> None:
        check_address("base_url", self.base_url)
        check_spacing(self.spacing)
        if bool(self.venue) == bool(self.invitation):
            raise ValueError("set either `venue` or `invitation`")
        if self.venue and ("/-/" in self.venue or not _GROUP.fullmatch(self.venue)):
            raise ValueError("`venue` is a group such as ICLR.cc/2026/Conference")
        if self.invitation and not _INVITATION.fullmatch(self.invitation):
            raise ValueError("`invitation` is like ICLR.cc/2026/Conference/-/Submission")
        force_setattr(self, "name", self.name or "openreview")
        force_setattr(self, "base_url", self.base_url.rstrip("/"))

    @property
    def home(self) -> str:
        """The page of the group, where a person sees its papers."""
        group = self.venue or self.invitation.partition("/-/")[0]
        return f"{HOME}/group?id={quote(group)}"

    def requests(self, since: date | None, now: datetime) -> tuple[Request, ...]:
        """Return what to get; a first read goes to the end, so that what is old is known."""
        today = now.astimezone(UTC).date()
        first = earliest(since, today, at_first=0, further=REREAD_DAYS)
        return (self._ask(0, str(first) if since else "start", 1),)

    def _ask(self, start: int, since: str, page: int) -> Request:
        """Ask for a page of papers; the fragment tells `parse` when to stop, and is never sent."""
        asked = {"content.venueid": self.venue} if self.venue else {"invitation": self.invitation}
        values = {**asked, "sort": "tmdate:desc", "limit": PAGE_SIZE, "offset": start}
        query = f"{self.base_url}/notes?{urlencode(values, safe='/:')}"
        return Request(
            url=f"{query}#since={since}&page={page}",
            accept="application/json",
            spacing=timedelta(seconds=self.spacing),
            header="Authorization",
            secret="OPENREVIEW_TOKEN",  # noqa: S106 - its name, not the secret.
        )

    def parse(self, page: Page) -> Parsed:
        """Read an answer; ask for the next one while papers are younger than asked for."""
        if nothing := no_text(page.body):
            return failure(page, self.name, f"expected JSON, got {nothing}")
        text, problem = decode(page)
        value, cut = load(text, _HOLDERS)
        if cut and not value:
            return failure(page, self.name, f"its JSON {cut}; ask again later")
        notes = value if isinstance(value, list) else _notes(value)
        if notes is None:
            return no_list(page, self.name, value)
        parsed = with_error(self._read(page, notes), page, self.name, problem)
        if cut:
            return with_error(parsed, page, self.name, broken(cut, len(notes)))
        return self._paged(page, notes, parsed)

    def _read(self, page: Page, notes: list[Any]) -> Parsed:
        """Read those that were changed since the day asked for and are papers still."""
        if notes and not any(map(_has_content, notes)):
            return changed_shape(page, self.name, "none of its notes has `content`")
        asked = _ASKED.search(page.url)
        bound = fields.day(asked["day"]) if asked else None
        kept = [note for note in notes if not _left_out(note) and not _before(note, bound)]
        today = page.fetched_at.astimezone(UTC).date()
        return gather(page, self.name, kept, partial(read_note, source=self.name, today=today))

    def _paged(self, page: Page, notes: list[Any], parsed: Parsed) -> Parsed:
        """Ask for the page after a full one, or say why not; the youngest changes come first."""
        asked = _ASKED.search(page.url)
        if not asked or len(notes) < PAGE_SIZE or _before(notes[-1], fields.day(asked["day"])):
            return parsed
        if int(asked["page"]) >= PAGES:
            reason = f"more than {PAGES} pages were changed; the rest was not read"
            return with_error(parsed, page, self.name, reason)
        start = int(asked["start"]) + len(notes)
        more = (self._ask(start, asked["day"], int(asked["page"]) + 1),)
        return dataclasses.replace(parsed, requests=more)


def _notes(value: Any) -> list[Any] | None:
    notes = value.get("notes") if isinstance(value, dict) else None
    return notes if isinstance(notes, list) else None


def _has_content(note: Any) -> bool:
    return isinstance(note, dict) and isinstance(note.get("content"), dict)


def _before(note: Any, bound: date | None) -> bool:
    """Say whether a note was last changed before a day."""
    day = _day(note.get("tmdate")) if isinstance(note, dict) else None
    return bound is not None and day is not None and day < bound


def _left_out(note: Any) -> bool:
    """Say whether a note is no paper to read: deleted, an answer to one, withdrawn or refused."""
    if not _has_content(note):
        return False
    answers = note.get("replyto") or (note.get("forum") and note.get("forum") != note.get("id"))
    said = (_value(note, "venueid"), _value(note, "venue"), note.get("invitation"))
    gone = any(_GONE.search(each) for each in said if isinstance(each, str))
    return bool(note.get("ddate") or answers or gone)


def read_note(note: Any, source: str, today: date) -> Sighting:
    """Read one paper. Raises Unreadable if it has no identifier or no title."""
    if not _has_content(note):
        raise Unreadable(f"it is {kind(note)}, without `content`")
    forum = fields.text(note.get("forum")) or fields.text(note.get("id"))
    if not _FORUM.fullmatch(forum):
        raise Unreadable("it has no id")
    title = fields.text(_value(note, "title"))
    if not title:
        raise Unreadable(f"{forum} has no title")
    day = _listed(note, today)
    paper = Paper(
        title=title,
        abstract=fields.text(_value(note, "abstract")) or _short(note),
        authors=_authors(_value(note, "authors")),
        openreview=forum,
        published=day,
        links=_links(note, forum),
        comment=fields.text(_value(note, "venue")),
    )
    return Sighting(source=source, paper=paper, day=day)


def _value(note: dict[str, Any], name: str) -> Any:
    """Return a value of a note's content, wrapped (version 2) or not (version 1)."""
    found = note["content"].get(name)
    return found.get("value") if isinstance(found, dict) else found


def _short(note: dict[str, Any]) -> str:
    """Return the authors' own sentence, for want of an abstract. No machine wrote it."""
    names = ("TLDR", "TL;DR", "TL;DR:", "one-sentence_summary")
    return next((said for name in names if (said := fields.text(_value(note, name)))), "")


def _authors(authors: Any) -> tuple[str, ...]:
    """Return the names; none while the paper is under review and they are hidden."""
    listed = authors if isinstance(authors, list) else []
    names = (
        each.get("fullname") or each.get("name") if isinstance(each, dict) else each
        for each in listed
    )
    said = (fields.text(name) for name in names)
    return tuple(name for name in said if name and not name.lower().startswith("anonymous"))


def _links(note: dict[str, Any], forum: str) -> tuple[Link, ...]:
    pdf = fields.text(_value(note, "pdf"))
    own = f"{HOME}/pdf?id={forum}" if pdf.startswith("/") else pdf
    page = Link("page", f"{HOME}/forum?id={forum}")
    return fields.distinct((page, Link("pdf", fields.address(own))))


def _listed(note: dict[str, Any], today: date) -> date | None:
    """Return the day it came out: as accepted, else as public, else as handed in; never to come."""
    for name in ("pdate", "odate", "tcdate", "cdate"):
        day = _day(note.get(name))
        if day and day <= today:
            return day
    return None


def _day(milliseconds: Any) -> date | None:
    """Return the day in UTC of a moment in milliseconds since 1970."""
    if type(milliseconds) is not int or not 0 < milliseconds < _LONGEST_AGO:
        return None
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)).date()
