"""A year of lists made of the recorded days, and the sites that show them as the hours go by.

The 82 recorded days of Hugging Face and five of arXiv are shuffled by a seed, and cycled over the
weekdays of a year that are no holidays. Each use of a paper is a paper of its own, with a number
and a word in its title that no other has. A third of Hugging Face's papers were announced by arXiv
up to ten days before, and some are listed again weeks later: the same papers, under the same
numbers.

A `Year` answers as the sites do at its `now`: Hugging Face's list fills during its day (UTC) and
two hours longer; arXiv announces at 20:00 US Eastern for the day after. Where it is `down`, nobody
answers.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from random import Random
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

from disorder import DAY, Entry, Item, World

from digest.errors import FetchError
from digest.papers import Page, Validators
from digest.sources import Request

Site = Literal["huggingface", "arxiv"]

EASTERN = ZoneInfo("America/New_York")
ANNOUNCED_AT = time(20)
FILLS_FOR = timedelta(hours=26)
SEEN_BEFORE = 1 / 3
"""How many of Hugging Face's papers arXiv announced before."""

LISTED_AGAIN = 0.04


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """That a site lists a paper on a day, from a moment on."""

    number: str
    site: Site
    day: date
    out: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """That a site is down from one moment to another."""

    site: Site
    start: datetime
    end: datetime


def us_holidays(year: int) -> frozenset[date]:
    """Return when arXiv announces nothing: the holidays of its staff."""
    fixed = {date(year, month, day) for month, day in ((1, 1), (7, 4), (12, 24), (12, 25))}
    last_of_may = max(day for day in _mondays(year, 5))
    thanksgiving = date(year, 11, 1) + ((3 - date(year, 11, 1).weekday()) % 7 + 21) * DAY
    return frozenset(
        {
            *fixed,
            _mondays(year, 1)[2],
            last_of_may,
            date(year, 6, 19),
            _mondays(year, 9)[0],
            thanksgiving,
            thanksgiving + DAY,
        }
    )


def _mondays(year: int, month: int) -> list[date]:
    first = date(year, month, 1)
    days = [first + number * DAY for number in range(31)]
    return [day for day in days if day.month == month and day.weekday() == 0]


def working_days(first: date, last: date) -> list[date]:
    """Return the days with lists: no weekends, no holidays."""
    off = us_holidays(first.year) | us_holidays(last.year)
    days = (first + number * DAY for number in range((last - first).days + 1))
    return [day for day in days if day.weekday() < 5 and day not in off]


class Year(World):
    """What the sites list in a year, and what they answer now."""

    def __init__(
        self,
        days: Sequence[date],
        daily: Sequence[Sequence[Item]],
        announced: Sequence[Sequence[Entry]],
        chance: Random,
        *,
        arxiv: int = 8,
    ) -> None:
        super().__init__({}, {})
        self.now = datetime.min.replace(tzinfo=UTC)
        self.outages: Collection[Outage] = ()
        self.texts: dict[str, str] = {}
        self.listed: list[Listed] = []
        self._shown: defaultdict[date, list[tuple[datetime, Item]]] = defaultdict(list)
        self._kept: dict[tuple[date, int], Sequence[Item]] = {}
        self._uses = count(1)
        self.answered = 0
        self._fill(days, _shuffled(daily, chance), _shuffled(announced, chance), chance, arxiv)
        self.listed.sort(key=lambda each: (each.out, each.number))

    def _fill(
        self,
        days: Sequence[date],
        daily: Iterator[Sequence[Item]],
        announced: Iterator[Sequence[Entry]],
        chance: Random,
        arxiv: int,
    ) -> None:
        for at, day in enumerate(days):
            for entry in chance.sample(list(next(announced)), arxiv):
                self._announce(day, entry.title, entry.abstract, entry.authors)
            items = list(next(daily))
            for place, item in enumerate(items):
                out = datetime.combine(day, time(), UTC) + FILLS_FOR * ((place + 1) / len(items))
                number = ""
                if at and chance.random() < SEEN_BEFORE:
                    before = days[max(0, at - chance.randint(1, 7))]
                    about = item["paper"]
                    names = tuple(each["name"] for each in about["authors"])
                    number = self._announce(before, about["title"], about["summary"], names)
                number = self._list(day, out, item, number)
                if chance.random() < LISTED_AGAIN and at + 30 < len(days):
                    again = days[at + chance.randint(2, 30)]
                    noon = datetime.combine(again, time(12), UTC)
                    self._list(again, noon, self._shown[day][-1][1], number)

    def _announce(self, day: date, title: str, abstract: str, authors: tuple[str, ...]) -> str:
        use = next(self._uses)
        number = f"{day:%y%m}.{use:05}"
        entry = Entry(
            number=number,
            title=f"{' '.join(title.split())} u{use}",
            abstract=" ".join(abstract.split()),
            authors=authors,
            announced=day,
            submitted=(submitted := _submitted(day)),
            published=submitted,
        )
        self.announced.setdefault(day, []).append(entry)
        self.texts[number] = f"{entry.title} {entry.abstract}"
        self.listed.append(Listed(number=number, site="arxiv", day=day, out=announced_at(day)))
        return number

    def _list(self, day: date, out: datetime, item: Item, number: str) -> str:
        about: Mapping[str, Any] = item["paper"]
        if not number:
            use = next(self._uses)
            number = f"{day:%y%m}.{use:05}"
            about = {**about, "title": f"{about['title']} u{use}"}
            self.texts[number] = f"{about['title']} {about['summary']}"
        elif about["id"] != number:
            use = int(number.partition(".")[2])
            about = {**about, "title": f"{' '.join(about['title'].split())} u{use}"}
        listed = {
            **about,
            "id": number,
            "upvotes": 0,
            "publishedAt": f"{_submitted(day)}T12:00:00.000Z",
            "submittedOnDailyAt": f"{day}T00:00:00.000Z",
        }
        self._shown[day].append((out, {"paper": listed}))
        self.listed.append(Listed(number=number, site="huggingface", day=day, out=out))
        return number

    # What the sites answer

    def is_down(self, site: Site, moment: datetime) -> bool:
        """Say whether a site is down at a moment."""
        return any(each.site == site and each.start <= moment < each.end for each in self.outages)

    def list_of(self, day: date) -> Sequence[Item]:
        """Return what a day's list holds now."""
        return [item for out, item in self._shown.get(day, ()) if out <= self.now]

    def note(self, each: Entry) -> None:
        """Remember nothing: what must be told is known beforehand."""

    def fetch(
        self, source: str, request: Request, validators: Validators | None = None
    ) -> Page | None:
        """Answer a request as of now; None to who has the page already."""
        parts = urlsplit(request.url)
        site: Site = "huggingface" if parts.path.startswith("/api/daily") else "arxiv"
        if self.is_down(site, self.now):
            raise FetchError(source, request.url, "503 from the server")
        self.today = announced_by(self.now)
        self.answered += 1
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        body, kind = self._page(parts.path, query)
        etag = hashlib.sha256(body).hexdigest()[:16]
        if validators and validators.etag == etag:
            return None
        return Page(
            url=request.url,
            body=body,
            content_type=kind,
            fetched_at=self.now,
            validators=Validators(etag=etag),
        )

    def _page(self, path: str, query: Mapping[str, str]) -> tuple[bytes, str]:
        if path == "/api/daily_papers":
            return self.api_list(query), "application/json"
        if path == "/api/query":
            return self.api(query), "application/atom+xml"
        return self.listing(query), "text/html; charset=utf-8"


def announced_at(day: date) -> datetime:
    """Return when arXiv announces a day's papers: the evening before."""
    return datetime.combine(day - DAY, ANNOUNCED_AT, EASTERN).astimezone(UTC)


def announced_by(now: datetime) -> date:
    """Return the last day whose papers arXiv may have announced."""
    there = now.astimezone(EASTERN)
    return there.date() + (there.time() >= ANNOUNCED_AT) * DAY


def _submitted(day: date) -> date:
    return day - (3 if day.weekday() == 0 else 1) * DAY


def _shuffled(days: Sequence[Any], chance: Random) -> Iterator[Any]:
    """Yield all days in one order, then in another, and so on."""
    while True:
        yield from chance.sample(days, len(days))
