"""Crossref: what publishers register, by journal or by words; the answers of its API.

A paper's day is that of its registration. Words are ranked, not required: what has any of them
is found, the best first, so only the best are read. It never fetches. A `contact` in ``[http]``
brings requests to Crossref's polite pool.
"""

from __future__ import annotations

import dataclasses
import re
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from msgspec import Struct
from msgspec.structs import force_setattr

from digest.papers import Page
from digest.sources import Parsed, Request, fields
from digest.sources.crossref_items import read_works
from digest.sources.periods import period
from digest.sources.readings import with_error
from digest.sources.settings import check_address, check_spacing

TYPES = ("journal-article", "posted-content", "proceedings-article")
"""What is a paper among the thirty types of things that have a DOI."""

PAGE_SIZE = 200
"""Works in one answer; Crossref gives no more than 1000."""

PAGES = 25
"""Answers to one question about journals, at most."""

PAGES_OF_WORDS = 1
"""Answers to a question with words: further down are works that have one of them somewhere."""

SELECTED = (
    "DOI,abstract,author,container-title,created,issued,posted,published,published-online"
    ",publisher,title"
)
"""The fields that are read; whole records are ten times as large. Crossref refuses the question
if it has one that cannot be selected, such as `institution`."""

_ISSN = re.compile(r"\d{4}-\d{3}[\dXx]")
_PAGE = re.compile(r"#page=(\d{1,3})$")
_CURSOR = re.compile(r"(?<=[?&])cursor=[^&#]*")


class Crossref(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="crossref"
):
    """Works in the journals `issn`, or that `query` finds best, or both at once.

    `types` are Crossref's. `spacing` is in seconds between requests.
    """

    name: str = ""
    query: str = ""
    issn: tuple[str, ...] = ()
    types: tuple[str, ...] = TYPES
    base_url: str = "https://api.crossref.org"
    spacing: float = 1.0

    def __post_init__(self) -> None:
        check_address("base_url", self.base_url)
        check_spacing(self.spacing)
        for issn in self.issn:
            if not _ISSN.fullmatch(issn):
                raise ValueError(f"`{issn}` is no ISSN such as 2049-3630")
        for each in self.types:
            if not re.fullmatch(r"[a-z-]{3,40}", each):
                raise ValueError(f"`{each}` is no type such as journal-article")
        if not self.issn and not self.query.strip():
            raise ValueError("set `query`, `issn`, or both")
        force_setattr(self, "name", self.name or "crossref")
        force_setattr(self, "base_url", self.base_url.rstrip("/"))

    @property
    def home(self) -> str:
        """The address where a person sees this list."""
        words = self.query.strip() or self.issn[0]
        return f"https://search.crossref.org/search/works?{urlencode({'q': words})}"

    def requests(self, since: date | None, now: datetime) -> tuple[Request, ...]:
        """Return what to get since a day, at most 14 days back."""
        first, _ = period(since, now)
        filters = [f"from-created-date:{first}"]
        filters += [f"issn:{issn}" for issn in self.issn]
        filters += [f"type:{each}" for each in self.types]
        values = {"filter": ",".join(filters), "select": SELECTED, "rows": str(PAGE_SIZE)}
        if self.query.strip():
            values["query.bibliographic"] = self.query.strip()
        url = f"{self.base_url}/works?{urlencode(values, safe=',:')}&cursor=*"
        return (self._request(f"{url}#page=1"),)

    def _request(self, url: str) -> Request:
        return Request(url=url, accept="application/json", spacing=timedelta(seconds=self.spacing))

    def parse(self, page: Page) -> Parsed:
        """Read an answer, and ask for the next one of journals while it is full."""
        parsed, message = read_works(page, self.name)
        return self._continued(page, parsed, message)

    def _continued(self, page: Page, parsed: Parsed, message: dict[str, Any]) -> Parsed:
        number, cursor = _PAGE.search(page.url), fields.text(message.get("next-cursor"))
        items = message.get("items")
        full = isinstance(items, list) and len(items) >= PAGE_SIZE
        if number is None or not cursor or not full:
            return parsed
        read_pages = int(number[1])
        if self.query.strip() and read_pages >= PAGES_OF_WORDS:
            return parsed
        if read_pages >= PAGES:
            reason = (
                f"more than {PAGES * PAGE_SIZE} works; the rest was not read; name fewer `issn`"
            )
            return with_error(parsed, page, self.name, reason)
        following = urlencode({"cursor": cursor})
        url = _CURSOR.sub(lambda _: following, page.url[: number.start()])
        more = (self._request(f"{url}#page={read_pages + 1}"),)
        return dataclasses.replace(parsed, requests=more)
