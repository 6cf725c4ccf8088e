"""arXiv: categories and queries over its Atom API, and what announces each night's papers.

The API says when a paper was submitted; it is announced up to five days later, so the API is
asked five days further back. The feeds and the listing pages know the last announcement alone:
what was announced in between, the API is asked for. It never fetches. arXiv's rule is one request
in three seconds.
"""

from __future__ import annotations

import dataclasses
import re
from datetime import UTC, date, datetime, timedelta
from typing import Literal
from urllib.parse import quote, urlencode

from msgspec import Struct
from msgspec.structs import force_setattr

from digest.papers import Page, Sighting
from digest.sources import OUTAGE_DAYS, Parsed, Request, fields, weekdays
from digest.sources.announced import asked_of, feed_of, missed, stale
from digest.sources.arxiv_feeds import number, parse_api
from digest.sources.bodies import decode, no_text, too_deep
from digest.sources.entries import Document, first, read_document
from digest.sources.forms import Form, read, recognise
from digest.sources.listing import parse_listing
from digest.sources.readings import failure, with_error
from digest.sources.settings import check_address, check_spacing

ANNOUNCED_WITHIN_DAYS = 5
"""A paper is announced up to so many days after it was submitted: weekends, holidays, checks."""

FIRST_READ_DAYS = 7
"""How far back a first read goes, so that it has papers after a weekend."""

PAGE_SIZE = 500
"""Papers in one answer; arXiv advises against more than 2000."""

PAGES = 20
"""Pages of one query, at most."""

ACCEPT = "application/atom+xml, application/rss+xml, application/xml;q=0.9, */*;q=0.8"
"""Without an Accept header, arXiv answers 406 since 2026."""

_CATEGORY = re.compile(r"[a-z-]{2,12}(?:\.(?:[A-Za-z-]{2,12}|\*))?")
_SINCE = re.compile(r"#(?P<how>since|from)=(?P<day>\d{4}-\d\d-\d\d)&page=(?P<page>\d{1,2})")
_START = re.compile(r"[?&]start=(\d{1,9})(?![^&#])")
LISTED = "?show=2000"
"""How a listing page is asked for as much as it gives."""

_FORMS: dict[str, frozenset[Form]] = {
    "api": frozenset({"arxiv-api"}),
    "atom": frozenset({"announcements"}),
    "rss": frozenset({"announcements"}),
    "listing": frozenset({"listing"}),
}
_LIST = "/list/"
_INSTEAD = "#instead"
"""Marks a list that is read because the feed could not be."""


class Arxiv(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="arxiv"
):
    """Papers of arXiv in `categories`, or that `query` finds, or both at once.

    `query` is in the language of arXiv's API (``ti:"data selection"``). `route` "api" asks that;
    "atom" and "rss" read the feeds, and "listing" the pages ``/list/<category>/new``: these tell
    new from cross-listed and know no queries. Each feed is compared with the listing pages, since
    it can be stale under a fresh date; not if `list_url` is "".
    """

    name: str = ""
    categories: tuple[str, ...] = ()
    query: str = ""
    route: Literal["api", "atom", "rss", "listing"] = "api"
    base_url: str = "https://export.arxiv.org"
    feed_url: str = "https://rss.arxiv.org"
    list_url: str = "https://arxiv.org"
    spacing: float = 3.0

    def __post_init__(self) -> None:
        check_address("base_url", self.base_url)
        check_address("feed_url", self.feed_url)
        if self.list_url or self.route == "listing":
            check_address("list_url", self.list_url)
        check_spacing(self.spacing)
        for category in self.categories:
            if not _CATEGORY.fullmatch(category):
                raise ValueError(f"`{category}` is no arXiv category such as cs.LG")
        if not self.categories and not self.query.strip():
            raise ValueError("set `categories`, `query`, or both")
        if self.route != "api" and (self.query or not self.categories):
            raise ValueError('feeds and lists know `categories`, no `query`; set route = "api"')
        force_setattr(self, "name", self.name or "arxiv")
        force_setattr(self, "base_url", self.base_url.rstrip("/"))
        force_setattr(self, "feed_url", self.feed_url.rstrip("/"))
        force_setattr(self, "list_url", self.list_url.rstrip("/"))

    @property
    def home(self) -> str:
        """The address where a person sees this list."""
        if self.query:
            return (
                f"https://arxiv.org/search/?{urlencode({'query': self.query, 'searchtype': 'all'})}"
            )
        archives = {category.partition(".")[0] for category in self.categories}
        several = len(self.categories) > 1 and len(archives) == 1
        shown = archives.pop() if several else self.categories[0].removesuffix(".*")
        return f"https://arxiv.org/list/{shown}/new"

    def requests(self, since: date | None, now: datetime) -> tuple[Request, ...]:
        """Return what to get: all since a day, or the last announcement and what it leaves out."""
        bound = lower_bound(since, now.astimezone(UTC).date())
        asked = self._ask(0, bound, 1, first=since is None)
        if self.route == "api":
            return (asked,)
        latest = self._lists("") if self.route == "listing" else (self._feed(),)
        return (*latest, asked) if since and missed(since, now) else latest

    def lost(self, since: date, today: date) -> tuple[date, ...]:
        """Return the weekdays whose announcements are too long ago to be asked for."""
        earliest = today - timedelta(days=OUTAGE_DAYS)
        return weekdays(since + timedelta(days=1), earliest - timedelta(days=1))

    def _feed(self) -> Request:
        categories = quote("+".join(self.categories), "+")
        return self._request(f"{self.feed_url}/{self.route}/{categories}")

    def _lists(self, ending: str) -> tuple[Request, ...]:
        """Return the listing page of each category; `ending` is a fragment, or "".

        All of an archive (``cs.*``) is one page.
        """
        if not self.list_url:
            return ()
        shown = dict.fromkeys(category.removesuffix(".*") for category in self.categories)
        return tuple(self._request(f"{self.list_url}{_LIST}{c}/new{ending}") for c in shown)

    def _request(self, url: str) -> Request:
        return Request(url=url, accept=ACCEPT, spacing=timedelta(seconds=self.spacing))

    def _ask(self, start: int, bound: date, page: int, *, first: bool) -> Request:
        """Ask for a page of results; the fragment tells `parse` when to stop, and is never sent."""
        values = {
            "search_query": self._search(),
            "sortBy": "lastUpdatedDate",
            "sortOrder": "descending",
            "start": start,
            "max_results": PAGE_SIZE,
        }
        query = f"{self.base_url}/api/query?{urlencode(values)}"
        return self._request(f"{query}#{'from' if first else 'since'}={bound}&page={page}")

    def _search(self) -> str:
        either = " OR ".join(f"cat:{category}" for category in self.categories)
        return " AND ".join(f"({part})" for part in (either, self.query.strip()) if part)

    def parse(self, page: Page) -> Parsed:
        """Read a page; ask for the next one while papers are younger than asked for."""
        text, problem = ("", "") if no_text(page.body) else decode(page)
        form = recognise(text) if text else ""
        if form == "arxiv-api" and (self.route == "api" or _SINCE.search(page.url)):
            document = read_document(text)
            parsed = self._paged(page, document, parse_api(page, document, self.name))
        elif form == "listing" and self.route != "api":
            parsed = self._listed(page, text)
        else:
            return self._read(page)
        return with_error(parsed, page, self.name, problem)

    def _read(self, page: Page) -> Parsed:
        """Read a feed, and ask for the lists to compare it with; or say what came instead."""
        asked = "api" if _SINCE.search(page.url) else "listing" if _LIST in page.url else self.route
        parsed = read(page, self.name, _FORMS[asked])
        if asked not in ("atom", "rss"):
            return parsed
        ending = _INSTEAD if parsed.errors else feed_of(parsed.sightings).fragment
        return dataclasses.replace(parsed, requests=self._lists(ending))

    def _listed(self, page: Page, text: str) -> Parsed:
        """Read a listing page: whole, or only for what a feed that is stale lacks."""
        if too_deep(text):
            return failure(page, self.name, "it is nested too deeply to be read")
        listing = parse_listing(page, text, self.name)
        if listing.short and LISTED not in page.url:
            url, mark, fragment = page.url.partition("#")
            return Parsed(requests=(self._request(f"{url}{LISTED}{mark}{fragment}"),))
        feed = asked_of(page.url)
        if feed is None:
            return listing.parsed
        if reason := stale(feed, listing, page.fetched_at):
            return with_error(listing.parsed, page, self.name, reason)
        return Parsed(errors=listing.parsed.errors, again=True)  # Another feed may lack it.

    def _paged(self, page: Page, document: Document, parsed: Parsed) -> Parsed:
        """Leave out what is older than asked for; ask for more, or say why not.

        A first read leaves out nothing: what is old is back-catalogue.
        """
        asked = _SINCE.search(page.url)
        bound = fields.day(asked["day"]) if asked else None
        if not asked or bound is None:
            return parsed
        updated = [fields.day(first(entry, "updated")) for entry in document.entries]
        back_catalogue = asked["how"] == "from"
        kept = tuple(s for s in parsed.sightings if back_catalogue or not _before(s, bound))
        parsed = dataclasses.replace(parsed, sightings=kept)
        oldest = min((day for day in updated if day), default=None)
        if oldest is None or oldest < bound or document.broken:
            return parsed
        return self._continued(page, document, parsed, bound, asked)

    def _continued(
        self, page: Page, document: Document, parsed: Parsed, bound: date, asked_for: re.Match[str]
    ) -> Parsed:
        start, total = number(document, "startIndex"), number(document, "totalResults")
        if start != (asked := _asked_start(page.url)):
            reason = f"arXiv sent papers from number {start} on, not from {asked} on"
            return with_error(parsed, page, self.name, f"{reason}; older ones were not read")
        following = start + len(document.entries)
        if following >= total:
            return parsed
        read_pages = int(asked_for["page"])
        if read_pages >= PAGES:
            reason = f"more than {PAGES} pages are younger than {bound}; the older were not read"
            return with_error(parsed, page, self.name, f"{reason}; ask for fewer categories")
        more = (self._ask(following, bound, read_pages + 1, first=asked_for["how"] == "from"),)
        return dataclasses.replace(parsed, requests=more)


def _before(sighting: Sighting, bound: date) -> bool:
    """Say whether a paper was submitted, and last revised, before a day."""
    return sighting.day is not None and sighting.day < bound


def _asked_start(url: str) -> int:
    found = _START.search(url)
    return int(found[1]) if found else 0


def lower_bound(since: date | None, today: date) -> date:
    """Return the day from which on the API is asked for papers."""
    if since is None:
        return today - timedelta(days=FIRST_READ_DAYS)
    earliest = today - timedelta(days=OUTAGE_DAYS)
    return max(min(since, today), earliest) - timedelta(days=ANNOUNCED_WITHIN_DAYS)
