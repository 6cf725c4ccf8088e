"""PubMed: what a search finds among the articles of the last days, by NCBI's E-utilities.

A search answers with numbers, and these are then fetched. An article's day is the one on which it
came to PubMed. It never fetches. Without a key, NCBI allows three requests a second.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from msgspec import Struct
from msgspec.structs import force_setattr

from digest.papers import Page
from digest.sources import Parsed, Request, fields
from digest.sources.bodies import decode, no_text
from digest.sources.objects import load, no_list
from digest.sources.periods import period
from digest.sources.pubmed_items import read_articles
from digest.sources.readings import changed_shape, failure, quoted, with_error
from digest.sources.settings import check_address, check_spacing

FOUND_AT_ONCE = 1000
"""Numbers in one answer of a search."""

FETCHED_AT_ONCE = 150
"""Articles in one answer: their numbers fit into an address of 2000 characters."""

MOST = 5000
"""Articles of one read, at most; NCBI counts no search beyond 9999."""

_SEARCH = "/entrez/eutils/esearch.fcgi"
_FETCH = "/entrez/eutils/efetch.fcgi"
_NUMBER = re.compile(r"[0-9]{1,9}")
_NOTHING_SAID = frozenset({"No items found."})


class Pubmed(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="pubmed"
):
    """New articles that `query` finds, in PubMed's own language.

    `spacing` is in seconds between requests.
    """

    name: str = ""
    query: str
    base_url: str = "https://eutils.ncbi.nlm.nih.gov"
    spacing: float = 0.4

    def __post_init__(self) -> None:
        check_address("base_url", self.base_url)
        check_spacing(self.spacing)
        if not self.query.strip():
            raise ValueError("`query` is a search in PubMed's language, such as amyloidosis[tiab]")
        force_setattr(self, "name", self.name or "pubmed")
        force_setattr(self, "base_url", self.base_url.rstrip("/"))

    @property
    def home(self) -> str:
        """The address where a person sees this list."""
        values = {"term": self.query.strip(), "sort": "date"}
        return f"https://pubmed.ncbi.nlm.nih.gov/?{urlencode(values)}"

    def requests(self, since: date | None, now: datetime) -> tuple[Request, ...]:
        """Return the search for what came since a day, at most 14 days back."""
        first, last = period(since, now)
        values = {
            "db": "pubmed",
            "term": self.query.strip(),
            "datetype": "edat",
            "mindate": f"{first:%Y/%m/%d}",
            "maxdate": f"{last:%Y/%m/%d}",
            "retmode": "json",
            "retmax": str(FOUND_AT_ONCE),
        }
        url = f"{self.base_url}{_SEARCH}?{urlencode(values, safe='/')}"
        return (self._request(f"{url}&retstart=0", "application/json"),)

    def _request(self, url: str, accept: str) -> Request:
        return Request(url=url, accept=accept, spacing=timedelta(seconds=self.spacing))

    def parse(self, page: Page) -> Parsed:
        """Read the numbers that a search found and ask for the articles, or read articles."""
        if nothing := no_text(page.body):
            return failure(page, self.name, f"expected an answer of PubMed, got {nothing}")
        text, odd = decode(page)
        if text.lstrip("\ufeff \t\r\n")[:1] == "<":
            parsed = read_articles(page, text, self.name, _asked(page.url))
        else:
            parsed = self._found(page, text)
        return with_error(parsed, page, self.name, odd)

    def _found(self, page: Page, text: str) -> Parsed:
        """Read the answer to a search."""
        value, problem = load(text, ("idlist",))
        if problem:
            reason = f"expected the answer to a search, got {quoted(text)}; ask again later"
            return failure(page, self.name, reason)
        result = value.get("esearchresult") if isinstance(value, dict) else None
        if not isinstance(result, dict):
            return no_list(page, self.name, value)
        if said := fields.text(result.get("ERROR")):
            return failure(page, self.name, f"PubMed answered with an error: {quoted(said)}")
        listed = result.get("idlist")
        if not isinstance(listed, list):
            return changed_shape(page, self.name, "the answer to a search has no list of numbers")
        numbers = [each for each in fields.texts(listed) if _NUMBER.fullmatch(each)]
        parsed = Parsed(requests=tuple(self._fetches(numbers)))
        parsed = self._continued(page, parsed, len(listed), result)
        return with_error(parsed, page, self.name, _unknown(result))

    def _fetches(self, numbers: list[str]) -> Iterator[Request]:
        for at in range(0, len(numbers), FETCHED_AT_ONCE):
            asked = ",".join(numbers[at : at + FETCHED_AT_ONCE])
            url = f"{self.base_url}{_FETCH}?db=pubmed&retmode=xml&id={asked}"
            yield self._request(url, "application/xml, text/xml")

    def _continued(self, page: Page, parsed: Parsed, count: int, result: dict[str, Any]) -> Parsed:
        """Ask for the numbers that did not fit into an answer, or say why not."""
        head, _, start = page.url.rpartition("&retstart=")
        total = fields.number(fields.text(result.get("count"))) or 0
        following = (fields.number(start) or 0) + count
        if not head or following >= total:
            return parsed
        if not count:
            reason = f"PubMed found {total} articles and named none; ask again later"
            return with_error(parsed, page, self.name, reason)
        if following >= MOST:
            reason = f"it finds {total} articles, of which {following} were read; narrow `query`"
            return with_error(parsed, page, self.name, reason)
        more = self._request(f"{head}&retstart={following}", "application/json")
        return dataclasses.replace(parsed, requests=(*parsed.requests, more))


def _asked(url: str) -> int:
    """Return how many articles an address asks for; 0 if it does not say."""
    listed = parse_qs(urlsplit(url).query).get("id", [""])[0]
    return len(list(filter(None, listed.split(","))))


def _unknown(result: dict[str, Any]) -> str:
    """Say which parts of a query PubMed does not know; it searches for the rest."""
    parts: list[str] = []
    for holder in ("errorlist", "warninglist"):
        said = result.get(holder)
        for key in ("phrasesnotfound", "fieldsnotfound", "quotedphrasesnotfound"):
            parts += fields.texts(said.get(key)) if isinstance(said, dict) else ()
    if not parts:
        return ""
    return f"PubMed does not know {quoted(', '.join(parts))}, a part of `query`; correct it"
