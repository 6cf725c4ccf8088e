"""arXiv: categories and queries over its Atom API, and the feeds that announce each night's papers.

The API says when a paper was submitted; it is announced up to five days later, so the API is
asked five days further back. It never fetches. arXiv's rule is one request in three seconds.
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
from digest.sources import OUTAGE_DAYS, Parsed, Request, fields
from digest.sources.arxiv_feeds import number, parse_api
from digest.sources.bodies import decode, no_text
from digest.sources.entries import Document, first, read_document
from digest.sources.forms import Form, read, recognise
from digest.sources.readings import with_error
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
_ANNOUNCING: frozenset[Form] = frozenset({"announcements"})
_ASKED: frozenset[Form] = frozenset({"arxiv-api"})


class Arxiv(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="arxiv"
):
    """Papers of arXiv in `categories`, or that `query` finds, or both at once.

    `query` is in the language of arXiv's API (``ti:"data selection"``). `route` "api" asks that;
    "atom" and "rss" read the feeds, which tell new from cross-listed and know no queries.
    """

    name: str = ""
    categories: tuple[str, ...] = ()
    query: str = ""
    route: Literal["api", "atom", "rss"] = "api"
    base_url: str = "https://export.arxiv.org"
    feed_url: str = "https://rss.arxiv.org"
    spacing: float = 3.0

    def __post_init__(self) -> None:
        check_address("base_url", self.base_url)
        check_address("feed_url", self.feed_url)
        check_spacing(self.spacing)
        for category in self.categories:
            if not _CATEGORY.fullmatch(category):
                raise ValueError(f"`{category}` is no arXiv category such as cs.LG")
        if not self.categories and not self.query.strip():
            raise ValueError("set `categories`, `query`, or both")
        if self.route != "api" and (self.query or not self.categories):
            raise ValueError('feeds know `categories` and no `query`; set route = "api"')
        force_setattr(self, "name", self.name or "arxiv")
        force_setattr(self, "base_url", self.base_url.rstrip("/"))
        force_setattr(self, "feed_url", self.feed_url.rstrip("/"))

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
        """Return what to get; the feeds hold the last announcement, whenever they are asked."""
        if self.route != "api":
            return (
                self._request(
                    f"{self.feed_url}/{self.route}/{quote('+'.join(self.categories), '+')}"
                ),
            )
        bound = lower_bound(since, now.astimezone(UTC).date())
        return (self._ask(0, bound, 1, first=since is None),)

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
        if self.route != "api":
            return read(page, self.name, _ANNOUNCING)
        text, problem = ("", "") if no_text(page.body) else decode(page)
        if not text or recognise(text) != "arxiv-api":
            return read(page, self.name, _ASKED)
        document = read_document(text)
        parsed = parse_api(page, document, self.name)
        return with_error(self._paged(page, document, parsed), page, self.name, problem)

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
