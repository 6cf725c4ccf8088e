"""A year of the service on the recorded days: exactly the letters that should be, counted.

The year has a leap day, weekends and arXiv's holidays; clocks are changed in five zones; sites are
down for hours and days, the machine sleeps for three days and once for eighteen, the service is
stopped and started, and a reader moves. What must come tells `year_oracle`, paper by paper. pytest
prints the figures at its end.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest
from disorder import DAY, Entry, Item
from recordings import needs_recordings, recorded
from test_disorder import announced_days, listed_in
from year import Outage, Year, working_days
from year_oracle import Expected, Letters, Missed, Reader, Span, Times, by_day, expected
from year_service import Clock, LeapingEars, Post, Service, written

HOUR = timedelta(hours=1)
LONG_AGO = datetime(2027, 1, 1, tzinfo=UTC)

COLLECTS = (Times(zone="Europe/Berlin", times=(time(1, 15), time(8, 15), time(17, 15))),)
PUBLISHES = (
    Times(zone="Europe/Berlin", times=(time(2, 30), time(7, 30), time(18, 30))),
    Times(zone="Australia/Lord_Howe", times=(time(2, 15),)),
)


def reader(name: str, cadence: str, at: str, zone: str, *keywords: str) -> Reader:
    return Reader(
        name=name,
        keywords=keywords,
        cadence=cadence,  # type: ignore[arg-type]  # One of four.
        at=time.fromisoformat(at),
        zones=((LONG_AGO, zone),),
    )


READERS = (
    reader("ann", "daily", "07:00", "Europe/Berlin", "reasoning", "robot", "-medical"),
    reader("ben", "weekdays", "02:30", "Europe/Berlin", "diffusion", "video", "-medical"),
    reader("cat", "daily", "08:00", "America/New_York", "reinforcement learning"),
    reader("dan", "weekly", "09:00", "Asia/Kolkata", "agent", "benchmark", "-survey"),
    reader("eve", "daily", "06:00", "Pacific/Auckland", "language model"),
    reader("fay", "monthly", "07:30", "Europe/Berlin", "robot", "diffusion"),
    reader("guy", "weekdays", "02:15", "Australia/Lord_Howe", "multimodal", "image"),
    reader("ivy", "weekdays", "06:30", "Europe/Berlin"),
)
MOVES = (
    (datetime(2028, 4, 12, 10, tzinfo=UTC), "Pacific/Auckland"),
    (datetime(2028, 9, 20, 20, tzinfo=UTC), "America/New_York"),
)
"""When hal moves, and to where."""

HAL = Reader(
    name="hal",
    keywords=("training", "inference"),
    cadence="daily",
    at=time(8),
    zones=((LONG_AGO, "Europe/Berlin"), *MOVES),
)


def toml(readers: Sequence[Reader], now: datetime) -> str:
    """Return digest.toml as it is at a moment."""
    times = {
        step: json.dumps([_cron(each) for each in lines])
        for step, lines in (("collect", COLLECTS), ("publish", PUBLISHES))
    }
    return "\n".join(
        [
            '[newsletter]\ntimezone = "Europe/Berlin"',
            f"[schedule]\ncollect = {times['collect']}\npublish = {times['publish']}",
            "[letters]\ntrending = 0",
            '[[sources]]\nkind = "huggingface"\nspacing = 0',
            '[[sources]]\nkind = "arxiv"\ncategories = ["cs.LG"]\nroute = "listing"\nspacing = 0',
            '[[outputs]]\nkind = "directory"\npath = "letters"',
            *(_subscriber(each, now) for each in readers),
        ]
    )


def _cron(each: Times) -> str:
    minutes = {at.minute for at in each.times}
    if len(minutes) > 1:
        raise ValueError(each)
    hours = ",".join(str(at.hour) for at in each.times)
    return f"{minutes.pop()} {hours} * * * {each.zone}"


def _subscriber(each: Reader, now: datetime) -> str:
    return (
        f'[[subscribers]]\nname = "{each.name}"\ncadence = "{each.cadence}"\n'
        f'at = "{each.at:%H:%M}"\ntimezone = "{each.zone(now)}"\n'
        f"keywords = {json.dumps(each.keywords)}\n"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Troubles:
    """What goes wrong in a year: the machine sleeps, the service is stopped, sites are down."""

    asleep: Sequence[Span]
    stopped: Sequence[Span]
    outages: Sequence[Outage]


def troubles(chance: Random) -> Troubles:
    """Return the troubles of a year."""
    outages = [
        Outage(site=site, start=start, end=start + chance.uniform(1, 30) * HOUR)
        for site in ("huggingface", "arxiv")
        for start in (_moment(chance, 15, 355) for _ in range(12))
    ]
    outages += [
        Outage(site="huggingface", start=_at(5, 8, 5), end=_at(5, 13, 5)),
        Outage(site="arxiv", start=_at(6, 5, 5), end=_at(6, 15, 5)),
    ]
    stops = sorted(_moment(chance, 20, 355) for _ in range(8))
    return Troubles(
        asleep=[(_at(3, 7, 6), _at(3, 10, 12)), (_at(8, 2, 3), _at(8, 20, 14))],
        stopped=[(start, start + chance.uniform(0, 20) * HOUR) for start in stops],
        outages=outages,
    )


def _at(month: int, day: int, hour: int) -> datetime:
    return datetime(2028, month, day, hour, tzinfo=UTC)


def _moment(chance: Random, first: int, last: int) -> datetime:
    return _at(1, 1, 0) + chance.randint(first * 24, last * 24) * HOUR


@dataclass(frozen=True, slots=True, kw_only=True)
class Lived:
    """What came of a year, and what had to."""

    must: Expected
    letters: Letters
    missed: Missed
    year: Year
    service: Service


def live(
    folder: Path,
    seed: int,
    first: date,
    last: date,
    thinned: float,
    ran: Callable[[datetime], None] = lambda _: None,
) -> Lived:
    """Let the service run from two days before the first to the day after the last."""
    chance = Random(seed)  # noqa: S311  A seed makes the same year again.
    year = the_year(chance, first, last, thinned)
    wrong = troubles(chance)
    year.outages = wrong.outages
    begin, end = (datetime.combine(day, time(12), UTC) for day in (first - 2 * DAY, last + DAY))
    collects, publishes = (_ticks(lines, begin, end) for lines in (COLLECTS, PUBLISHES))
    readers = (*READERS, HAL)
    clock = Clock(begin, wrong.asleep)
    service = Service(folder, year, clock, Post(clock), ran=ran)
    for start, stop in working(begin, end, wrong.stopped):
        clock.leap(start)
        ears = LeapingEars(clock, [*collects, *publishes], [moment for moment, _ in MOVES], stop)
        ears.change = partial(write, folder, readers, clock)
        ears.change()
        service.serve(ears)
    letters, missed = written(f"sqlite:///{folder}/digest.db")
    asleep = [*wrong.asleep, *wrong.stopped]
    must = expected(year, readers, collects, publishes, asleep)
    return Lived(must=must, letters=letters, missed=missed, year=year, service=service)


def write(folder: Path, readers: Sequence[Reader], clock: Clock) -> None:
    """Write digest.toml as it is now."""
    (folder / "digest.toml").write_text(toml(readers, clock()))


def _ticks(lines: Sequence[Times], begin: datetime, end: datetime) -> list[datetime]:
    days = begin.date() - DAY, end.date() + DAY
    return [tick for each in lines for tick in each.between(*days) if begin < tick < end]


def working(begin: datetime, end: datetime, stopped: Sequence[Span]) -> Iterator[Span]:
    """Yield from when to when the service runs."""
    for stop, again in sorted(stopped):
        if begin < stop < end:
            yield begin, stop
            begin = max(begin, again)
    yield begin, end


def the_year(chance: Random, first: date, last: date, thinned: float) -> Year:
    """Return a year of the recorded days, a part of each."""
    daily = [listed_in(path) for path in recorded("huggingface/daily_api")]
    some: list[list[Item]] = [
        chance.sample(items, max(1, round(len(items) * thinned))) for items in daily
    ]
    announced: list[list[Entry]] = list(announced_days().values())
    return Year(
        working_days(first, last), some, announced, chance, arxiv=max(1, round(10 * thinned))
    )


def check(what: str, lived: Lived, seed: int, tell: Callable[[str], None]) -> None:
    """Hold what came to what must come."""
    must, unclear = lived.must.letters, lived.must.unclear
    assert {key: told - unclear for key, told in lived.letters.items()} == {
        key: told - unclear for key, told in must.items()
    }
    assert lived.missed == lived.must.missed
    told = Counter((name, paper) for (name, _), here in lived.letters.items() for paper in here)
    assert max(told.values()) == 1
    keys = [key for key, _ in lived.service.post.sent]
    assert sorted(keys) == sorted(f"letter/{day}/{name}" for name, day in must)
    tell(
        f"{what}, seed {seed}: {len(must)} letters as they should be, of {len(told)} papers to "
        f"{len(by_day(must))} readers, each once; {len(lived.missed)} name missed days; "
        f"{lived.service.runs} runs, {lived.year.answered} pages"
    )


@needs_recordings
def test_a_month_brings_exactly_the_letters_that_should_be(
    tmp_path: Path, tell: Callable[[str], None]
) -> None:
    """It is March: clocks are changed in two zones, and the machine sleeps for three days."""
    lived = live(tmp_path, 3, date(2028, 3, 1), date(2028, 3, 31), 0.15)

    check("a month", lived, 3, tell)
    assert lived.missed["ann", date(2028, 3, 10)] == tuple(date(2028, 3, d) for d in (7, 8, 9))


@pytest.mark.tier2
@needs_recordings
def test_autumn_on_whole_days_brings_exactly_the_letters_that_should_be(
    tmp_path: Path, tell: Callable[[str], None]
) -> None:
    lived = live(tmp_path, 2, date(2028, 9, 25), date(2028, 11, 15), 1.0)

    check("autumn, all of each day", lived, 2, tell)


@pytest.mark.tier2
@needs_recordings
def test_a_year_brings_exactly_the_letters_that_should_be(
    tmp_path: Path, tell: Callable[[str], None]
) -> None:
    lived = live(tmp_path, 1, date(2028, 1, 3), date(2028, 12, 29), 0.25)

    check("a year", lived, 1, tell)
    days = by_day(lived.letters)
    assert date(2028, 2, 29) in days["ann"]
    assert all(day.weekday() < 5 for name in ("ben", "guy", "ivy") for day in days[name])
    assert all(later - day >= 7 * DAY for day, later in pairwise(days["dan"]))
    assert [(day.year, day.month) for day in days["fay"]] == [(2028, m) for m in range(1, 13)]
    assert all(lived.letters.values()), "no mail is empty"
    assert lived.missed["ben", date(2028, 8, 21)][0] == date(2028, 8, 7), "it woke on a Sunday"
