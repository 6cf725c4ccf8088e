"""Hugging Face: daily, weekly, monthly and trending lists, searches, single papers.

Votes, submitter and machine-written summary are kept; the day is the day of the list, not of the
paper. It never fetches. Limits are 500 requests of the API and 100 pages in five minutes.
"""

from __future__ import annotations

import dataclasses
import re
from datetime import UTC, date, datetime, timedelta
from typing import Literal
from urllib.parse import quote, quote_plus

from msgspec import Struct
from msgspec.structs import force_setattr

from digest.papers import Page
from digest.sources import BACK_CATALOGUE_DAYS, OUTAGE_DAYS, Parsed, Request, fields, weekdays
from digest.sources.forms import Form, read
from digest.sources.readings import without_days
from digest.sources.settings import check_address, check_spacing

HOME = "https://huggingface.co"

REREAD_DAYS = 2
"""A list fills during its day, and a little after; so the last two days are read again."""

PAGE_SIZE = 100
"""Papers in one answer; the server gives no more."""

FULL = 90
"""A page with so many whole papers may be a full one, some of whose papers cannot be read."""

PAGES = 10
"""Pages of one list, at most, should a server ignore which page is asked for."""

_FORMS: frozenset[Form] = frozenset({"json", "html", "text"})
_PAGE_NUMBER = re.compile(r"&p=(\d{1,3})$")

List = Literal["daily", "weekly", "monthly", "trending"]


class HuggingFace(
    Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    tag="huggingface",
):
    """A list of papers on Hugging Face: `list`, or what `query` finds, or one `paper`.

    `spacing` is in seconds between requests. With `resolve`, papers without an identifier are
    looked up by title.
    """

    name: str = ""
    list: List | None = None
    query: str = ""
    paper: str = ""
    route: Literal["api", "html"] = "api"
    resolve: bool = False
    base_url: str = HOME
    spacing: float = 1.0

    def __post_init__(self) -> None:
        check_address("base_url", self.base_url)
        check_spacing(self.spacing)
        if sum((self.list is not None, bool(self.query), bool(self.paper))) > 1:
            raise ValueError("set one of `list`, `query` and `paper`, not several")
        if self.paper and not fields.arxiv_name(self.paper)[0]:
            raise ValueError("`paper` is an arXiv identifier such as 2407.21783")
        if not self.query and not self.paper and self.list is None:
            force_setattr(self, "list", "daily")
        force_setattr(self, "name", self.name or "huggingface")
        force_setattr(self, "base_url", self.base_url.rstrip("/"))

    @property
    def home(self) -> str:
        """The address where a person sees this list."""
        if self.query:
            return f"{HOME}/papers?q={quote_plus(self.query)}"
        if self.paper:
            return f"{HOME}/papers/{quote(self.paper)}"
        return f"{HOME}/papers/trending" if self.list == "trending" else f"{HOME}/papers"

    def requests(self, since: date | None, now: datetime) -> tuple[Request, ...]:
        """Return what to get since a day, at most 14 days back."""
        paths = self._paths(days(since, now.astimezone(UTC).date()))
        return tuple(self._request(f"{self.base_url}{path}") for path in paths)

    def lost(self, since: date, today: date) -> tuple[date, ...]:
        """Return the weekdays before the oldest list that is asked for; a search has no days."""
        oldest = today - timedelta(days=OUTAGE_DAYS)
        match self.list:
            case "daily":
                begins = oldest
            case "weekly":
                begins = oldest - timedelta(days=oldest.weekday())
            case "monthly":
                begins = oldest.replace(day=1)
            case _:
                return ()
        return weekdays(since + timedelta(days=1), begins - timedelta(days=1))

    def _paths(self, wanted: tuple[date, ...]) -> tuple[str, ...]:
        if self.query:
            return (f"/papers?q={quote_plus(self.query)}",)
        if self.paper:
            return (f"/papers/{quote(self.paper)}",)
        paths = _API_PATHS if self.route == "api" else _PAGE_PATHS
        return tuple(dict.fromkeys(f"{day:{paths[self.list or 'daily']}}" for day in wanted))

    def _request(self, url: str) -> Request:
        accept = "application/json" if "/api/" in url else "text/html"
        return Request(url=url, accept=accept, spacing=timedelta(seconds=self.spacing))

    def parse(self, page: Page) -> Parsed:
        """Read a page; ask for the next one of a list that fills this one."""
        parsed = read(page, self.name, _FORMS)
        if self.query:
            return without_days(parsed)
        following = self._following(page.url, len(parsed.sightings))
        return dataclasses.replace(parsed, requests=(*parsed.requests, *following))

    def _following(self, url: str, found: int) -> tuple[Request, ...]:
        """Return the request for the page after a full one. Pages are counted from 0."""
        if found < FULL or f"limit={PAGE_SIZE}" not in url or self.list == "trending":
            return ()
        number = _PAGE_NUMBER.search(url)
        following = int(number[1]) + 1 if number else 1
        if following >= PAGES:
            return ()
        return (self._request(f"{_PAGE_NUMBER.sub('', url)}&p={following}"),)


# Formats of a day, as `format()` reads them: the list that day is in.
_API_PATHS: dict[List, str] = {
    "daily": f"/api/daily_papers?date=%Y-%m-%d&limit={PAGE_SIZE}",
    "weekly": f"/api/daily_papers?week=%G-W%V&limit={PAGE_SIZE}",
    "monthly": f"/api/daily_papers?month=%Y-%m&limit={PAGE_SIZE}",
    "trending": f"/api/daily_papers?sort=trending&limit={PAGE_SIZE}",
}
_PAGE_PATHS: dict[List, str] = {
    "daily": "/papers/date/%Y-%m-%d",
    "weekly": "/papers/week/%G-W%V",
    "monthly": "/papers/month/%Y-%m",
    "trending": "/papers/trending",
}


def days(since: date | None, today: date) -> tuple[date, ...]:
    """Return the days whose lists to read, oldest first."""
    if since is None:
        back = BACK_CATALOGUE_DAYS - 1
    else:
        back = min((today - min(since, today)).days + REREAD_DAYS, OUTAGE_DAYS)
    return tuple(today - timedelta(days=ago) for ago in range(back, -1, -1))
