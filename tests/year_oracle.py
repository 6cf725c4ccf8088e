"""Which letters a year must bring, told plainly from what was asked for.

It calls nothing that it judges. What it goes by:

- A paper is seen at the first collect after a site lists it at which that site answers, be it up
  to two weeks late.
- A day of a reader's lasts from her own hour to that of the day after, in her zone. She is due once
  on each that her cadence has. At the first tick of publishing in it at which there is news, she
  gets a letter: any paper that matches, was seen in the last two weeks (a month, if she reads once
  a month), and was not sent to her. It tells all of them.
- While the machine sleeps, or the service is stopped, nothing happens; what should have is done
  once when it wakes: first collect, then publish.
- A day of hers is missed if she was due, all ticks in it were slept through, and nobody looked for
  her since. Her next letter has a line for each of the last two weeks' missed days, if it is
  written at the first look after them.

A site makes good more than two weeks in part: what it listed longer ago than that, when it was
first asked again, may be told or not. Such papers are `unclear`.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from disorder import DAY, matches
from year import Listed, Site, Year

Cadence = Literal["daily", "weekdays", "weekly", "monthly"]
Span = tuple[datetime, datetime]

TWO_WEEKS = timedelta(days=14)
MONTH = timedelta(days=31, hours=1)
"""On most clocks, a month of 31 days has an hour more once a year."""

FIRST_LETTER = timedelta(days=3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """Times of day in a zone, on every day."""

    zone: str
    times: tuple[time, ...]

    def between(self, first: date, last: date) -> Iterator[datetime]:
        """Yield when a clock there shows them."""
        for number in range((last - first).days + 1):
            for each in self.times:
                yield shows(first + number * DAY, each, self.zone)


def shows(day: date, wall: time, zone: str) -> datetime:
    """Return when a clock shows a time of a day first, or a later one if it skips that."""
    moment = datetime.combine(day, wall, ZoneInfo(zone)).astimezone(UTC)
    earlier = datetime.combine(day, wall, ZoneInfo(zone)).replace(fold=1).astimezone(UTC)
    moment = min(moment, earlier)
    while moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None) < datetime.combine(day, wall):
        moment += timedelta(minutes=1)
    return moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """A reader: from which hour on, how often, and since when in which zone."""

    name: str
    keywords: tuple[str, ...]
    cadence: Cadence
    at: time
    zones: tuple[tuple[datetime, str], ...]

    def zone(self, moment: datetime) -> str:
        """Return her zone at a moment."""
        return [zone for since, zone in self.zones if since <= moment][-1]

    def wants(self, text: str) -> bool:
        """Say whether a paper matches; who follows nothing is shown everything."""
        return not self.keywords or matches(text, self.keywords)

    def day(self, moment: datetime, zone: str) -> date:
        """Return which of her days it is in a zone: the last one whose hour has come."""
        today = moment.astimezone(ZoneInfo(zone)).date()
        return today if shows(today, self.at, zone) <= moment else today - DAY

    def is_due(self, last: date | None, today: date) -> bool:
        """Say whether her cadence has a letter today, if the last one was on a day."""
        if self.cadence == "weekdays" and today.weekday() >= 5:
            return False
        if last is None:
            return True
        if self.cadence == "weekly":
            return today >= last + 7 * DAY
        if self.cadence == "monthly":
            return (today.year, today.month) > (last.year, last.month)
        return today > last


@dataclass(kw_only=True)
class _Had:
    """What a reader had so far."""

    sent: set[str] = field(default_factory=set)
    last: date | None = None
    looked: date = date.min
    first: datetime | None = None
    slept: list[datetime] = field(default_factory=list)


Letters = dict[tuple[str, date], frozenset[str]]
"""The papers that a letter tells, by its reader and its day."""

Missed = dict[tuple[str, date], tuple[date, ...]]
"""The days without a letter that a letter names, where there are any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What must come: the letters, and the papers of which nothing is certain."""

    letters: Letters
    missed: Missed
    unclear: frozenset[str]


def expected(
    year: Year,
    readers: Sequence[Reader],
    collects: Sequence[datetime],
    publishes: Sequence[datetime],
    asleep: Sequence[Span],
) -> Expected:
    """Return which letters must come of ticks."""
    collected = {_woken(tick, asleep) for tick in collects}
    published: defaultdict[datetime, list[datetime]] = defaultdict(list)
    for tick in publishes:
        published[_woken(tick, asleep)].append(tick)
    lists = Lists(year)
    desks = [Desk(reader, lists) for reader in readers]
    for moment in sorted(collected | set(published)):
        if moment in collected:
            lists.collect(moment)
        if moment in published:
            for each in desks:
                each.publish(moment, [tick for tick in published[moment] if tick < moment])
    return Expected(
        letters={key: told for each in desks for key, told in each.letters.items()},
        missed={key: days for each in desks for key, days in each.missed.items()},
        unclear=frozenset(lists.unclear),
    )


def _woken(moment: datetime, asleep: Sequence[Span]) -> datetime:
    """Return when what is to be done at a moment is done: when the machine is awake."""
    for start, end in sorted(asleep):
        if start <= moment < end:
            moment = end
    return moment


class Lists:
    """What was seen of what the sites list, and when."""

    def __init__(self, year: Year) -> None:
        self.year = year
        self.seen: dict[str, datetime] = {}
        self.unclear: set[str] = set()
        self._waiting: dict[Site, list[Listed]] = {"huggingface": [], "arxiv": []}
        self._coming = deque(year.listed)

    def collect(self, moment: datetime) -> None:
        """See what the sites list that answer."""
        while self._coming and self._coming[0].out <= moment:
            each = self._coming.popleft()
            self._waiting[each.site].append(each)
        for site, listed in self._waiting.items():
            if not self.year.is_down(site, moment):
                for each in listed:
                    self._see(each, moment)
                listed.clear()

    def _see(self, each: Listed, moment: datetime) -> None:
        if each.day < moment.date() - TWO_WEEKS:
            self.unclear.add(each.number)
        else:
            self.seen[each.number] = moment


class Desk:
    """Where a reader's letters are written."""

    def __init__(self, reader: Reader, lists: Lists) -> None:
        self.reader = reader
        self.letters: Letters = {}
        self.missed: Missed = {}
        self._seen = lists.seen
        self._wanted = {n for n, text in lists.year.texts.items() if reader.wants(text)}
        self._had = _Had()

    def publish(self, moment: datetime, slept: Sequence[datetime]) -> None:
        """Write a letter, if she is due one; `slept` are the ticks that were slept through."""
        reader, had = self.reader, self._had
        zone = reader.zone(moment)
        today = reader.day(moment, zone)
        had.slept += slept
        if not reader.is_due(had.last, today):
            return
        missed = self._missed({reader.day(tick, zone) for tick in had.slept}, today)
        had.slept, had.looked = [], today
        kept = MONTH if reader.cadence == "monthly" else TWO_WEEKS
        since = max(moment - kept, (had.first or moment) - FIRST_LETTER)
        news = {n for n in self._wanted - had.sent if n in self._seen and self._seen[n] >= since}
        if news:
            self.letters[reader.name, today] = frozenset(news)
            had.sent |= news
            had.last = today
            had.first = had.first or moment
            if told := tuple(day for day in missed if day >= today - TWO_WEEKS):
                self.missed[reader.name, today] = told

    def _missed(self, days: Collection[date], today: date) -> list[date]:
        found, last = [], self._had.last
        for day in sorted(days):
            if self._had.looked < day < today and self.reader.is_due(last, day):
                found.append(day)
                last = day
        return found


def by_day(letters: Letters) -> Mapping[str, list[date]]:
    """Return the days of each reader's letters."""
    days: defaultdict[str, list[date]] = defaultdict(list)
    for name, day in sorted(letters):
        days[name].append(day)
    return days
