"""Two sites as they are on bad days, and the measure that no disorder may change.

A `World` has what Hugging Face lists and arXiv announces by day, and answers as they do: lists
that fill, Friday's announcements all weekend, papers that Hugging Face lists days after arXiv,
second versions, 304 to who has a page already. Its troubles are a site that is down or sends half
a page, and a feed that is stale under a fresh date.

`measure` compares what matched with what letters told. Its matcher is written anew here. What
must be told is what a site listed from the day on which it was first read: what it listed before
is back-catalogue, of which a first letter has the last days alone. Where the wordings of two sites
or versions differ in what they match, either outcome is right. An old paper that is cross-listed
must be told only where that day's feed or listing page was read: arXiv's API, which makes good the
days of an outage, does not know when a paper was cross-listed.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from html import escape
from typing import Any
from urllib.parse import parse_qs, urlsplit

from webserver import Handler, Responder

Item = Mapping[str, Any]
"""A paper as Hugging Face's API lists it."""

DAY = timedelta(days=1)
SUBMITTED_WITHIN = timedelta(days=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A paper as arXiv has it: `announced` on a day, after it was `submitted`."""

    number: str
    title: str
    abstract: str
    authors: tuple[str, ...]
    announced: date
    submitted: date
    published: date
    version: int = 1

    @property
    def how(self) -> str:
        """How it is announced: an old paper is cross-listed."""
        if self.version > 1:
            return "replace"
        return "new" if self.announced - self.submitted <= SUBMITTED_WITHIN else "cross"

    def second(self, announced: date) -> Entry:
        """Return its second version, which has one more sentence."""
        return replace(
            self,
            abstract=f"{self.abstract} An appendix is new.",
            announced=announced,
            submitted=announced - DAY,
            version=2,
        )


def submitted(announced: date) -> date:
    """Return when what is announced on a day was submitted: on Fridays for Mondays."""
    return announced - (3 if announced.weekday() == 0 else 1) * DAY


@dataclass(frozen=True, slots=True)
class Wording:
    """What a site says of a paper on a day."""

    site: str
    day: date
    text: str


class World(dict[str, Responder]):
    """What the sites have, and how they answer today."""

    def __init__(
        self, lists: Mapping[date, Sequence[Item]], announced: Mapping[date, Sequence[Entry]]
    ) -> None:
        super().__init__()
        self.lists = dict(lists)
        self.early: dict[date, Sequence[Item]] = {}
        self.announced = {day: list(entries) for day, entries in announced.items()}
        self.today = date.min
        self.troubles: set[str] = set()
        self.begun: dict[str, date] = {}
        self.read: set[date] = set()
        self.asked: Counter[str] = Counter()
        self.wordings: defaultdict[str, set[Wording]] = defaultdict(set)

    def get(self, path: str, default: Any = None) -> Any:
        """Return how a path is answered."""
        parts = urlsplit(path)
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        for pattern, site, kind, page in _PAGES:
            if found := re.fullmatch(pattern, parts.path):
                body = page(self, query, *found.groups())
                return self._responder(site, kind, body, latest=page in (World.feed, World.listing))
        return default

    def _responder(self, site: str, kind: str, body: bytes, *, latest: bool) -> Responder:
        etag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'

        def respond(handler: Handler) -> None:
            self.asked[kind] += 1
            if f"{site} down" in self.troubles:
                handler.say(b"", 503, {})
            elif handler.headers.get("If-None-Match") == etag:
                self.asked["304"] += 1
                handler.say(b"", 304, {"ETag": etag})
            elif f"{site} cut" in self.troubles:
                head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n".encode()
                handler.raw(head + body[: len(body) // 2])
            else:
                self.begun.setdefault(site, self.today)
                if latest:
                    self.read.add(self._latest()[0])
                handler.say(body, 200, {"ETag": etag, "Content-Type": kind})

        return respond

    # Hugging Face

    def list_of(self, day: date) -> Sequence[Item]:
        """Return what a day's list holds today; it fills during its day."""
        if day > self.today:
            return ()
        held = self.early.get(day) if day == self.today else None
        items = self.lists.get(day, ()) if held is None else held
        for each in items:
            about = each["paper"]
            self._note("huggingface", day, about["id"], about["title"], about["summary"])
        return items

    def api_list(self, query: Mapping[str, str]) -> bytes:
        page = int(query.get("p", 0)) * 100
        items = self.list_of(date.fromisoformat(query["date"]))
        return json.dumps(items[page : page + 100]).encode()

    def html_list(self, _: Mapping[str, str], day: str) -> bytes:
        data = {"dailyPapers": list(self.list_of(date.fromisoformat(day)))}
        return (
            "<!DOCTYPE html><html><head><title>Daily Papers - Hugging Face</title></head><body>"
            '<div data-target="DailyPapers" data-props="'
            f'{escape(json.dumps(data))}"></div></body></html>'
        ).encode()

    # arXiv

    def _out(self) -> list[Entry]:
        """Return each paper that is out, in its last version."""
        days = sorted(day for day in self.announced if day <= self.today)
        last = {each.number: each for day in days for each in self.announced[day]}
        return list(last.values())

    def _latest(self) -> tuple[date, list[Entry]]:
        """Return the last announcement; a weekend has Friday's."""
        day = max((day for day in self.announced if day <= self.today), default=self.today)
        return day, self.announced.get(day, [])

    def api(self, query: Mapping[str, str]) -> bytes:
        out = sorted(self._out(), key=lambda each: (each.submitted, each.number), reverse=True)
        start = int(query["start"])
        page = out[start : start + int(query["max_results"])]
        for each in page:
            self.note(each)
        return (
            '<feed xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/" '
            'xmlns="http://www.w3.org/2005/Atom"><id>https://arxiv.org/api/x</id>'
            f"<opensearch:totalResults>{len(out)}</opensearch:totalResults>"
            f"<opensearch:startIndex>{start}</opensearch:startIndex>"
            f"{''.join(map(_api_entry, page))}</feed>"
        ).encode()

    def feed(self, _: Mapping[str, str]) -> bytes:
        """Return the feed of today: empty at weekends, of the day before where it is stale."""
        day, entries = self._latest()
        if "arxiv stale" in self.troubles:
            before = [each for each in self.announced if each < day]
            entries = self.announced[max(before)] if before else []
        elif day != self.today:
            entries = []
        for each in entries:
            self.note(each)
        return (
            '<feed xmlns:arxiv="http://arxiv.org/schemas/atom" '
            'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns="http://www.w3.org/2005/Atom">'
            "<id>http://rss.arxiv.org/atom/cs.LG</id><title>cs.LG updates on arXiv.org</title>"
            f"<updated>{self.today}T04:00:04+00:00</updated>"
            f"{''.join(_feed_entry(each, self.today) for each in entries)}</feed>"
        ).encode()

    def listing(self, _: Mapping[str, str]) -> bytes:
        day, entries = self._latest()
        sections = (("New", "new"), ("Cross", "cross"), ("Replacement", "replace"))
        parts = [(title, [e for e in entries if e.how == how]) for title, how in sections]
        for each in entries:
            self.note(each)
        return (
            f"<html><body><h3>Showing new listings for {day:%A, %-d %B %Y}</h3><dl>"
            f"{''.join(_section(title, listed) for title, listed in parts)}"
            "</dl>arXiv, no updates otherwise</body></html>"
        ).encode()

    # What must be told

    def note(self, each: Entry) -> None:
        """Remember what arXiv says of a paper."""
        self._note("arxiv", each.announced, each.number, each.title, each.abstract)

    def _note(self, site: str, day: date, number: str, title: str, abstract: str) -> None:
        self.wordings[number].add(Wording(site, day, f"{title} {abstract}"))

    def due(self, sites: Collection[str]) -> set[str]:
        """Return the papers that were listed for good from the day on that a site was read."""
        found = set()
        for day, items in self.lists.items():
            if "huggingface" in sites and self.begun["huggingface"] <= day <= self.today:
                found |= {str(each["paper"]["id"]) for each in items}
        for day, entries in self.announced.items():
            if "arxiv" in sites and self.begun["arxiv"] <= day <= self.today:
                told = ("new", "cross") if day in self.read else ("new",)
                found |= {each.number for each in entries if each.how in told}
        return found


_Page = Callable[..., bytes]
_PAGES: tuple[tuple[str, str, str, _Page], ...] = (
    (r"/api/daily_papers", "huggingface", "application/json", World.api_list),
    (r"/papers/date/([\d-]+)", "huggingface", "text/html", World.html_list),
    (r"/api/query", "arxiv", "application/atom+xml", World.api),
    (r"/(?:atom|rss)/[\w.+-]+", "arxiv", "application/xml", World.feed),
    (r"/list/[\w.-]+/new", "arxiv", "text/html; charset=utf-8", World.listing),
)


def _api_entry(each: Entry) -> str:
    authors = "".join(f"<author><name>{escape(name)}</name></author>" for name in each.authors)
    return (
        f"<entry><id>http://arxiv.org/abs/{each.number}v{each.version}</id>"
        f"<title>{escape(each.title)}</title><summary>{escape(each.abstract)}</summary>"
        f"<updated>{each.submitted}T12:00:00Z</updated>"
        f"<published>{each.published}T12:00:00Z</published>{authors}"
        '<category term="cs.LG"/></entry>'
    )


def _feed_entry(each: Entry, today: date) -> str:
    return (
        f"<entry><id>oai:arXiv.org:{each.number}v{each.version}</id>"
        f"<title>{escape(each.title)}</title>"
        f'<link href="https://arxiv.org/abs/{each.number}"/><summary>arXiv:{each.number}'
        f"v{each.version} Announce Type: {each.how}\nAbstract: {escape(each.abstract)}</summary>"
        f"<published>{today}T00:00:00-04:00</published>"
        f"<arxiv:announce_type>{each.how}</arxiv:announce_type>"
        f"<dc:creator>{escape(', '.join(each.authors))}</dc:creator></entry>"
    )


def _section(title: str, entries: Sequence[Entry]) -> str:
    number = len(entries)
    heading = f"<h3>{title} submissions (showing {number} of {number} entries)</h3>"
    return heading + "".join(map(_listed, entries)) if entries else ""


def _listed(each: Entry) -> str:
    authors = ", ".join(f'<a href="/a">{escape(name)}</a>' for name in each.authors)
    return (
        f'<dt><a href="/abs/{each.number}" title="Abstract">arXiv:{each.number}</a> '
        f'[<a href="https://arxiv.org/html/{each.number}v{each.version}">html</a>]</dt>'
        f'<dd><div class="list-title">Title: {escape(each.title)}</div>'
        f'<div class="list-authors">{authors}</div>'
        f'<p class="mathjax">{escape(each.abstract)}</p></dd>'
    )


# The measure


@dataclass(frozen=True, kw_only=True)
class Measure:
    """What a reader's letters told of what matched; the identifiers of what went wrong."""

    matching: int
    missed: tuple[str, ...]
    repeated: tuple[str, ...]
    unlisted: tuple[str, ...]
    either: int
    revised: int
    letters: int = field(default=0)

    def __str__(self) -> str:
        return (
            f"{self.matching} match ({self.either} more in one wording of several), "
            f"{self.letters} letters, {self.revised} revised: "
            f"missed {len(self.missed)}, repeated {len(self.repeated)}"
        )


def measure(
    world: World,
    reports: Iterable[Mapping[str, Any]],
    reader: str,
    keywords: Sequence[str],
    *,
    sites: Collection[str] = ("huggingface", "arxiv"),
) -> Measure:
    """Compare what matched a reader's keywords with what her letters told."""
    hers = [each for report in reports for each in report["letters"]]
    hers = [each for each in hers if each["subscriber"] == reader]
    told = Counter(_number(name) for each in hers for name in (*each["here"], *each["more"]))
    due = world.due(sites)
    verdicts = {
        number: {matches(each.text, keywords) for each in world.wordings[number]} for number in due
    }
    certain = {number for number, found in verdicts.items() if found == {True}}
    return Measure(
        matching=len(certain),
        missed=tuple(sorted(certain - set(told))),
        repeated=tuple(sorted(number for number, times in told.items() if times > 1)),
        unlisted=tuple(sorted(set(told) - set(world.wordings))),
        either=sum(len(found) > 1 for found in verdicts.values()),
        revised=sum(len(each["revised"]) for each in hers),
        letters=len(hers),
    )


def matches(text: str, keywords: Sequence[str]) -> bool:
    """Say whether any phrase is in a text as whole words, and no ``-phrase`` is."""
    words = f" {' '.join(re.findall(r'[a-z0-9]+', text.lower()))} "
    hit = {each: any(f" {each.lstrip('-')}{s} " in words for s in ("", "s")) for each in keywords}
    return any(found for each, found in hit.items() if not each.startswith("-")) and not any(
        found for each, found in hit.items() if each.startswith("-")
    )


def _number(identifier: str) -> str:
    return identifier.removeprefix("arxiv:")
