"""When a line's next tick is; alone in knowing APScheduler. Pure: it never reads a clock.

APScheduler's cron trigger finds the next time on a clock that is never changed. What it does in a
zone whose clocks are changed (3.11) is not what crontab(5) means: a line that names an hour runs
twice when that hour is repeated, and an hour late when it is skipped. So it is asked about the
clock on the wall alone, and what that means in real time is decided here, as Debian's cron does:

    at a time    once a day: the first time the clock shows it; if that is skipped, right after
    every hour   by real time: what is skipped is not run, what is repeated is run twice

https://manpages.debian.org/bookworm/cron/cron.8.en.html, "Notes".
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from digest.schedule.lines import Line
from digest.schedule.rows import WEEKDAYS, Row

if TYPE_CHECKING:
    from apscheduler.triggers.cron import CronTrigger

_MINUTE = timedelta(minutes=1)
_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)


def next_tick(line: Line, after: datetime) -> datetime:
    """Return the first moment of a line after another, in UTC."""
    zone, after = ZoneInfo(line.zone), after.astimezone(UTC)
    return min((_real if row.real else _fixed)(row, zone, after) for row in line.rows)


def _fixed(row: Row, zone: tzinfo, after: datetime) -> datetime:
    """Go through times on the wall, and say when each is there first."""
    wall, moment = _wall(after, zone), after
    while moment <= after:  # In an hour that is repeated, its times have been.
        wall = _next_wall(row, _full_minute(wall))
        moment = _when(wall, zone)
    return moment


def _real(row: Row, zone: tzinfo, after: datetime) -> datetime:
    """Go through real time, from one change of the clock to the next."""
    wall = _wall(after, zone)
    since = after + (_full_minute(wall) - wall)
    while True:
        wall = _wall(since, zone)
        moment = since + (_next_wall(row, wall) - wall)
        change = _change(zone, since, moment)
        if change is None:
            return moment
        since = change


def _wall(moment: datetime, zone: tzinfo) -> datetime:
    """Return what a clock on a wall shows: a time without a zone."""
    return moment.astimezone(zone).replace(tzinfo=None)


def _full_minute(wall: datetime) -> datetime:
    """Return the first full minute after a time on the wall."""
    return wall.replace(second=0, microsecond=0) + _MINUTE


def _when(wall: datetime, zone: tzinfo) -> datetime:
    """Return when a clock shows a time first, or goes past it."""
    moment = wall.replace(tzinfo=zone).astimezone(UTC)
    if _wall(moment, zone) == wall:
        return moment
    before = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    return _change(zone, before, moment) or moment


def _change(zone: tzinfo, start: datetime, end: datetime) -> datetime | None:
    """Return when clocks are changed first after `start`, at `end` the latest.

    Two changes within a day that undo each other would go unnoticed; no zone has had such.
    """
    while start < end:
        stop = min(start + _DAY, end)
        if _offset(zone, stop) != _offset(zone, start):
            return _halved(zone, start, stop)
        start = stop
    return None


def _halved(zone: tzinfo, start: datetime, end: datetime) -> datetime:
    """Return the first second after `start` with the offset that `end` has."""
    seconds, offset = int((end - start) / _SECOND), _offset(zone, end)
    same, other = seconds, 0
    while same - other > 1:
        middle = (same + other) // 2
        if _offset(zone, start + middle * _SECOND) == offset:
            same = middle
        else:
            other = middle
    return start + same * _SECOND


def _offset(zone: tzinfo, moment: datetime) -> timedelta | None:
    return moment.astimezone(zone).utcoffset()


def _next_wall(row: Row, wall: datetime) -> datetime:
    """Return the first time of a row at or after a time on the wall."""
    found: datetime = _trigger(row).get_next_fire_time(None, wall.replace(tzinfo=UTC))
    return found.replace(tzinfo=None)


@lru_cache(maxsize=64)
def _trigger(row: Row) -> CronTrigger:
    """Return APScheduler's trigger for a row, of a zone whose clocks are never changed.

    Days of the week have their names: it counts Monday as 0, where crontab(5) counts Sunday.
    """
    from apscheduler.triggers.cron import CronTrigger  # noqa: PLC0415 - 0.06 s; `once` can do without

    return CronTrigger(
        month=_listed(row.months),
        day=_listed(row.days),
        day_of_week=",".join(WEEKDAYS[number] for number in row.weekdays),
        hour=_listed(row.hours),
        minute=_listed(row.minutes),
        timezone=UTC,
    )


def _listed(numbers: tuple[int, ...]) -> str:
    return ",".join(map(str, numbers))
