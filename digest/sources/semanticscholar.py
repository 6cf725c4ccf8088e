"""Semantic Scholar: what a query finds, or what it recommends to who liked some papers.

A query is asked by the day of publication; Semantic Scholar learns of many papers days after
that, so it is asked a week further back. Those days are the papers', not the list's: a sighting
has none. Recommendations are drawn from the last 60 days and know no days at all.

It never fetches. Without a key all users share one limit, and 429 comes often, with no word on
when to come back. The key, if there is one, is the secret ``SEMANTIC_SCHOLAR_KEY``; with it one
request a second is allowed. The API's searches and recommendations refuse to send their
machine-written summaries (``tldr``), so those are read only where a saved answer has them.
"""

from __future__ import annotations

import dataclasses
import re
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import quote, quote_plus, urlencode

from msgspec import Struct
from msgspec.structs import force_setattr

from digest.papers import Link, Page, Paper, Sighting, identify
from digest.sources import Parsed, Request, fields
from digest.sources.bodies import decode, no_text
from digest.sources.objects import broken, kind, load, no_list
from digest.sources.periods import earliest
from digest.sources.readings import Unreadable, failure, gather, with_error
from digest.sources.settings import check_address, check_spacing

HOME = "https://www.semanticscholar.org"

INDEXED_WITHIN_DAYS = 7
"""A paper is found up to so many days after it was published; later ones are missed."""

FIRST_READ_DAYS = 14
"""How far back a first read goes, so that late ones are there too."""

RECOMMENDED = 100
"""How many papers are recommended for each."""

PAGES = 10
"""Pages of one query, at most; the server gives up to 1000 papers in each."""

MOST_PAPERS = 50
"""How many papers may be liked; each is a request."""

FIELDS = "title,abstract,authors,externalIds,publicationDate,url,venue,year,openAccessPdf"
"""What to ask for. One name that is not known, and the whole answer is 400."""

_BACKOFF = timedelta(seconds=5)
_HOLDERS = ("data", "recommendedPapers")
_OWN_NAME = re.compile(r"[0-9a-f]{40}|(?:CorpusId|MAG|ACL|PMCID):[\w./-]+", re.IGNORECASE)
_PREFIXES = {"arxiv": "ARXIV", "doi": "DOI", "pubmed": "PMID"}
_ASKED = re.compile(r"#from=(?P<first>[\d-]{10})&to=(?P<last>[\d-]{10})&page=(?P<page>\d{1,2})")


class SemanticScholar(
    Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    tag="semanticscholar",
):
    """What `query` finds, or what is recommended to who liked `papers`.

    `query` is in the language of the bulk search (``"data selection" +pretraining -vision``).
    Each of `papers` is an arXiv identifier, a DOI, a PubMed number or an identifier of theirs.
    With `resolve`, papers without an identifier are looked up by title.
    """

    name: str = ""
    query: str = ""
    papers: tuple[str, ...] = ()
    resolve: bool = False
    base_url: str = "https://api.semanticscholar.org"
    spacing: float = 1.0

    def __post_init__(self) -> None:
        check_address("base_url", self.base_url)
        check_spacing(self.spacing)
        if bool(self.query.strip()) == bool(self.papers):
            raise ValueError("set either `query` or `papers`")
        if len(self.papers) > MOST_PAPERS:
            raise ValueError(f"`papers` names more than {MOST_PAPERS}; name those you like best")
        for each in self.papers:
            _name(each)
        force_setattr(self, "name", self.name or "semanticscholar")
        force_setattr(self, "base_url", self.base_url.rstrip("/"))

    @property
    def home(self) -> str:
        """The address where a person sees this list; recommendations have none."""
        if not self.query:
            return HOME
        return f"{HOME}/search?q={quote_plus(self.query)}&sort=pub-date"

    def requests(self, since: date | None, now: datetime) -> tuple[Request, ...]:
        """Return what to get: a query's papers since a day, or what is recommended now."""
        if self.query:
            today = now.astimezone(UTC).date()
            first = earliest(since, today, at_first=FIRST_READ_DAYS, further=INDEXED_WITHIN_DAYS)
            return (self._search(first, today),)
        values = urlencode({"from": "recent", "limit": RECOMMENDED, "fields": FIELDS}, safe=",")
        path = f"{self.base_url}/recommendations/v1/papers/forpaper"
        names = dict.fromkeys(map(_name, self.papers))
        return tuple(self._request(f"{path}/{quote(name, safe=':/')}?{values}") for name in names)

    def _search(
        self, first: date | str, last: date | str, page: int = 1, token: str = ""
    ) -> Request:
        """Ask for a page of what is found; the fragment tells `parse` how it was asked for."""
        values = {
            "query": self.query,
            "publicationDateOrYear": f"{first}:{last}",
            "sort": "publicationDate:desc",
            "fields": FIELDS,
        }
        if token:
            values["token"] = token
        query = urlencode(values, safe=",:")
        path = f"{self.base_url}/graph/v1/paper/search/bulk"
        return self._request(f"{path}?{query}#from={first}&to={last}&page={page}")

    def _request(self, url: str) -> Request:
        return Request(
            url=url,
            accept="application/json",
            spacing=timedelta(seconds=self.spacing),
            backoff=_BACKOFF,
            header="x-api-key",
            secret="SEMANTIC_SCHOLAR_KEY",  # noqa: S106 - its name, not the secret.
        )

    def parse(self, page: Page) -> Parsed:
        """Read an answer; ask for the next one while there is a token for it."""
        if nothing := no_text(page.body):
            return failure(page, self.name, f"expected JSON, got {nothing}")
        text, problem = decode(page)
        value, cut = load(text, _HOLDERS)
        if cut and not value:
            return failure(page, self.name, f"its JSON {cut}; ask again later")
        parsed = with_error(self._read(page, value), page, self.name, problem)
        if not cut:
            return self._continued(page, value, parsed)
        return with_error(parsed, page, self.name, broken(cut, len(value)))

    def _read(self, page: Page, value: Any) -> Parsed:
        items = _papers(value)
        if items is None:
            return no_list(page, self.name, value)
        return gather(page, self.name, items, partial(read_item, source=self.name))

    def _continued(self, page: Page, value: Any, parsed: Parsed) -> Parsed:
        asked = _ASKED.search(page.url)
        token = fields.text(value.get("token")) if isinstance(value, dict) else ""
        if not asked or not token or not parsed.sightings:
            return parsed
        if int(asked["page"]) >= PAGES:
            reason = f"more than {PAGES} pages are found; the older papers were not read"
            return with_error(parsed, page, self.name, f"{reason}; make `query` narrower")
        more = self._search(asked["first"], asked["last"], int(asked["page"]) + 1, token)
        return dataclasses.replace(parsed, requests=(more,))


def _name(said: str) -> str:
    """Return what the API calls a paper. Raises ValueError if `said` names none."""
    said = said.strip()
    if _OWN_NAME.fullmatch(said):
        return said
    known, _, name = identify(said).partition(":")
    if known not in _PREFIXES:
        example = "2407.21783, 10.1234/abc, PMID:12345"
        raise ValueError(f"`papers`: `{said}` names no paper; write {example} or their own name")
    return f"{_PREFIXES[known]}:{name}"


def _papers(value: Any) -> list[Any] | None:
    """Find the papers in what JSON came to; a search that finds none has no list at all."""
    if isinstance(value, list):
        return value
    if not isinstance(value, dict):
        return None
    for holder in _HOLDERS:
        if isinstance(value.get(holder), list):
            return list(value[holder])
    return [] if value.get("total") == 0 else None


def read_item(item: Any, source: str) -> Sighting:
    """Read one paper. Raises Unreadable if it has no title."""
    if not isinstance(item, dict):
        raise Unreadable(f"it is {kind(item)}, not an object")
    title = fields.text(item.get("title"))
    if not title:
        raise Unreadable("it has no title")
    names = _names(item.get("externalIds"))
    tldr = item.get("tldr")
    paper = Paper(
        title=title,
        abstract=fields.text(item.get("abstract")),
        authors=_authors(item.get("authors")),
        arxiv=names.get("arxiv", ""),
        doi=names.get("doi", ""),
        pubmed=names.get("pubmed", ""),
        published=fields.day(item.get("publicationDate")),
        links=_links(item, names),
        summary=fields.text(tldr.get("text")) if isinstance(tldr, dict) else "",
        comment=fields.text(item.get("venue")),
    )
    return Sighting(source=source, paper=paper)


def _names(listed: Any) -> dict[str, str]:
    """Return a paper's identifiers by kind; arXiv's own DOIs are names of arXiv."""
    found: dict[str, str] = {}
    for theirs in ("ArXiv", "DOI", "PubMed") if isinstance(listed, dict) else ():
        said = fields.text(listed.get(theirs))
        kind_, _, name = identify(f"{theirs}:{said}" if said else "").partition(":")
        if kind_:
            found.setdefault(kind_, name)
    return found


def _authors(authors: Any) -> tuple[str, ...]:
    listed = authors if isinstance(authors, list) else []
    names = (each.get("name") for each in listed if isinstance(each, dict))
    return tuple(found for name in names if (found := fields.text(name)))


def _links(item: dict[str, Any], names: dict[str, str]) -> tuple[Link, ...]:
    own = fields.arxiv_links(names["arxiv"]) if "arxiv" in names else ()
    doi = f"https://doi.org/{names['doi']}" if "doi" in names else ""
    pdf = item.get("openAccessPdf")
    return fields.distinct(
        (
            *own,
            Link("doi", fields.address(doi)),
            Link("pdf", fields.address(pdf.get("url")) if isinstance(pdf, dict) else ""),
            Link("page", fields.address(item.get("url"))),
        )
    )
