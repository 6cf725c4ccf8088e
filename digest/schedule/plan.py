"""Who gets a letter at which tick, and where the ticks are too few. Pure: it never reads a clock.

What is warned of: a reader whom no tick ever serves; days of hers without a tick; a tick long
after her hour; letters written of lists that were read long before.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from digest.schedule.timetable import Timetable
from digest.subscribers import Days, Subscriber, is_due, next_due

AHEAD = timedelta(days=28)
"""How far ahead ticks are looked at: each day of the week comes up four times."""

LATE = timedelta(hours=12)
"""How long after her hour a reader's letter is late."""

STALE = timedelta(hours=12)
"""How long after its sources were read a letter is stale."""

_INSTANT = timedelta(microseconds=1)
_TRIES = 60


def next_letter(
    reader: Subscriber, days: Days, table: Timetable, last: date | None, now: datetime
) -> datetime | None:
    """Return the first tick after `now` at which a reader is due; None where there is none.

    `last` is the day of her last letter.
    """
    tick = table.next("publish", now)
    for _ in range(_TRIES):
        if tick is None or is_due(reader, last, days.of(tick)):
            return tick
        begins = days.beginning(next_due(reader, last, days.of(tick)))
        tick = table.next("publish", max(tick, begins - _INSTANT))
    return None


def warnings(
    readers: dict[str, tuple[Subscriber, Days]], table: Timetable, now: datetime
) -> Iterator[str]:
    """Yield what is wrong with the schedule, whoever is due."""
    yield from _stale(table, table.between("publish", now, now + AHEAD))
    for name, (reader, days) in readers.items():
        yield from _of_reader(name, reader, days, table, now)


def _stale(table: Timetable, ticks: tuple[datetime, ...]) -> Iterator[str]:
    for tick in ticks:
        read = table.last("collect", tick)
        if read is None or tick - read > STALE:
            hours = f"{(tick - read) // timedelta(hours=1)} hours" if read else "for ever"
            zone = ZoneInfo(table.publish[0].zone)
            when = f"{tick.astimezone(zone):%A %H:%M}"
            yield f"publish on {when}: sources are read {hours} before; add a line to `collect`"
            return


def _of_reader(
    name: str, reader: Subscriber, days: Days, table: Timetable, now: datetime
) -> Iterator[str]:
    # The day that it is has had some of its ticks, the last one has some to come.
    begin, end = days.of(now) + timedelta(days=1), days.of(now + AHEAD)
    hers = [begin + timedelta(days=ahead) for ahead in range((end - begin).days)]
    first = {day: tick for day in hers if (tick := _first(day, days, table))}
    wanted = [day for day in hers if is_due(reader, None, day)]
    without = sorted({day.weekday() for day in wanted if day not in first})
    if reader.cadence in ("daily", "weekdays") and without:
        monday = date(2024, 1, 1)
        names = ", ".join(f"{monday + timedelta(days=each):%A}" for each in without)
        yield f"{name}: {reader.cadence}, but there is not always a tick of `publish` on {names}"
    late = [tick for day, tick in first.items() if day in wanted and _late(day, tick, days)]
    if late:
        shown = late[0].astimezone(ZoneInfo(days.zone))
        yield (
            f"{name}: her day begins at {days.begin:%H:%M}, and the first tick after that is at "
            f"{shown:%H:%M}; add one to `publish`, or change her `at`"
        )


def _first(day: date, days: Days, table: Timetable) -> datetime | None:
    """Return the first tick of a reader's day; None where it has none."""
    tick = table.next("publish", days.beginning(day) - _INSTANT)
    return tick if tick and days.of(tick) == day else None


def _late(day: date, tick: datetime, days: Days) -> bool:
    return days.begin.hour > 0 and tick - days.beginning(day) > LATE
