"""bioRxiv and medRxiv: the preprints of each day, in all categories or in some.

Written from the documented form of their API, of which there is no recording: an answer says how
many preprints there are in all and holds as many as the server likes (100 once, 30 now); the next
one begins where this one ends. Each version of a preprint is listed on its own day. It never
fetches.
"""

from __future__ import annotations

import dataclasses
import re
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, ClassVar, Literal
from urllib.parse import quote

from msgspec import Struct
from msgspec.structs import force_setattr

from digest.papers import Announced, Link, Page, Paper, Sighting, identify
from digest.sources import Parsed, Request, fields
from digest.sources.bodies import decode, no_text
from digest.sources.markup import without_markup
from digest.sources.objects import broken, kind, load, no_list
from digest.sources.periods import period
from digest.sources.readings import Unreadable, changed_shape, failure, gather, quoted, with_error
from digest.sources.settings import check_address, check_spacing

MOST = 5000
"""Preprints that one question is read for; two weeks of bioRxiv are about 3000."""

Server = Literal["biorxiv", "medrxiv"]

_PLACE = re.compile(r"/(?P<cursor>\d{1,7})/json(?=$|[?#])")
_BEGUN = re.compile(r"10\.\d{4,9}/(\d{4})\.(\d\d)\.(\d\d)\.\d+")
_NOTHING = re.compile(r"no \w+ found", re.IGNORECASE)
_SPACES = re.compile(r"[\s_-]+")


class _Preprints(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind"):
    """Preprints in `categories`, or all of them; `spacing` is in seconds between requests."""

    server: ClassVar[Server]

    name: str = ""
    categories: tuple[str, ...] = ()
    base_url: str = "https://api.biorxiv.org"
    spacing: float = 1.0

    def __post_init__(self) -> None:
        check_address("base_url", self.base_url)
        check_spacing(self.spacing)
        if not all(map(_folded, self.categories)):
            raise ValueError('`categories` are names such as "bioinformatics"')
        force_setattr(self, "name", self.name or self.server)
        force_setattr(self, "base_url", self.base_url.rstrip("/"))

    @property
    def home(self) -> str:
        """The address where a person sees this list."""
        if len(self.categories) == 1:
            path = _folded(self.categories[0]).replace(" ", "-")
            return f"https://www.{self.server}.org/collection/{quote(path)}"
        return f"https://www.{self.server}.org/content/early/recent"

    def requests(self, since: date | None, now: datetime) -> tuple[Request, ...]:
        """Return what to get since a day, at most 14 days back: a question for each category."""
        first, last = period(since, now)
        start = f"{self.base_url}/details/{self.server}/{first}/{last}/0/json"
        asked = dict.fromkeys(_folded(each).replace(" ", "_") for each in self.categories)
        filters = [f"?category={quote(each)}" for each in asked] or [""]
        return tuple(self._request(f"{start}{each}") for each in filters)

    def _request(self, url: str) -> Request:
        return Request(url=url, accept="application/json", spacing=timedelta(seconds=self.spacing))

    def parse(self, page: Page) -> Parsed:
        """Read an answer, and ask for the next one while there are more preprints."""
        if nothing := no_text(page.body):
            return failure(page, self.name, f"expected JSON, got {nothing}")
        text, odd = decode(page)
        value, problem = load(text, ("collection",))
        items = value.get("collection") if isinstance(value, dict) else value
        message = _message(value)
        if not isinstance(items, list):
            return no_list(page, self.name, value)
        if not items and not problem and fields.text(message.get("status")) != "ok":
            return self._none(page, fields.text(message.get("status")))
        read = partial(_read, source=self.name, server=self.server)
        parsed = self._chosen(gather(page, self.name, items, read))
        parsed = with_error(parsed, page, self.name, odd)
        if problem:
            return with_error(parsed, page, self.name, broken(problem, len(items)))
        return self._continued(page, parsed, len(items), _number(message.get("total")))

    def _none(self, page: Page, status: str) -> Parsed:
        """Read an answer without preprints: there are none, or something is wrong."""
        if _NOTHING.fullmatch(status):
            return Parsed()
        if not status:
            return changed_shape(page, self.name, "no preprints, and no status that says why")
        return failure(page, self.name, f"the server answered {quoted(status)}; ask again later")

    def _chosen(self, parsed: Parsed) -> Parsed:
        """Leave out other categories, should the server not know the filter."""
        wanted = {_folded(each) for each in self.categories}
        chosen = tuple(
            each
            for each in parsed.sightings
            if not wanted or wanted.intersection(map(_folded, each.paper.categories))
        )
        return dataclasses.replace(parsed, sightings=chosen)

    def _continued(self, page: Page, parsed: Parsed, count: int, total: int) -> Parsed:
        """Ask for what comes after an answer, or say why not."""
        place = _PLACE.search(page.url)
        if place is None:
            return parsed
        following = int(place["cursor"]) + count
        if following >= total:
            return parsed
        if not count:
            reason = f"the server has {total} preprints and sent none; ask again later"
            return with_error(parsed, page, self.name, reason)
        if following >= MOST:
            reason = f"{total} preprints are too many; the rest was not read; set `categories`"
            return with_error(parsed, page, self.name, reason)
        url = f"{page.url[: place.start()]}/{following}/json{page.url[place.end() :]}"
        return dataclasses.replace(parsed, requests=(self._request(url),))


class Biorxiv(_Preprints, frozen=True, tag="biorxiv"):
    """Preprints of bioRxiv, in `categories` or all of them."""

    server: ClassVar[Server] = "biorxiv"


class Medrxiv(_Preprints, frozen=True, tag="medrxiv"):
    """Preprints of medRxiv, in `categories` or all of them."""

    server: ClassVar[Server] = "medrxiv"


def _folded(category: str) -> str:
    """Return a category as they write it: ``Cell_Biology`` is ``cell biology``."""
    return _SPACES.sub(" ", category).strip().casefold()


def _message(value: Any) -> dict[str, Any]:
    """Return what an answer says of itself."""
    messages = value.get("messages") if isinstance(value, dict) else None
    first = messages[0] if isinstance(messages, list) and messages else None
    return first if isinstance(first, dict) else {}


def _number(said: object) -> int:
    """Return a count, which may be a text; 0 if it is none."""
    return fields.count(said) or fields.number(fields.text(said)) or 0


def _read(item: Any, source: str, server: Server) -> Sighting:
    """Read one version of a preprint."""
    if not isinstance(item, dict):
        raise Unreadable(f"it is {kind(item)}, not an object")
    doi = identify(f"doi:{fields.text(item.get('doi'))}").removeprefix("doi:")
    title = without_markup(item.get("title"))
    if not title or not doi.startswith("10."):
        raise Unreadable(f"{doi or 'it'} has no title" if not title else "it has no DOI")
    version = _number(item.get("version"))
    day = fields.day(item.get("date"))
    paper = Paper(
        title=title,
        abstract=without_markup(item.get("abstract")),
        authors=_authors(fields.text(item.get("authors"))),
        doi=doi,
        version=version,
        published=_begun(doi) if version > 1 else day,
        categories=tuple(filter(None, [without_markup(item.get("category"))])),
        links=_links(doi, version, server),
        comment=_journal(item.get("published")),
    )
    announced: Announced = "replace" if version > 1 else "new" if version else ""
    return Sighting(source=source, paper=paper, day=day, announced=announced)


def _begun(doi: str) -> date | None:
    """Return the day of the first version, which newer DOIs begin with."""
    found = _BEGUN.fullmatch(doi)
    return fields.day("-".join(found.groups())) if found else None


def _authors(said: str) -> tuple[str, ...]:
    """Read ``Doe, J.; Roe, R.`` as ``J. Doe`` and ``R. Roe``."""
    names = (name.partition(",") for name in said.split(";"))
    turned = (f"{given.strip()} {family.strip()}".strip() for family, _, given in names)
    return tuple(filter(None, turned))


def _links(doi: str, version: int, server: Server) -> tuple[Link, ...]:
    page = f"https://www.{server}.org/content/{doi}v{version or 1}"
    return (
        Link("doi", f"https://doi.org/{doi}"),
        Link("page", page),
        Link("pdf", f"{page}.full.pdf"),
    )


def _journal(said: object) -> str:
    """Return where a preprint has appeared since; ``NA`` is nowhere."""
    doi = identify(f"doi:{fields.text(said)}").removeprefix("doi:")
    return f"published as https://doi.org/{doi}" if doi.startswith("10.") else ""
