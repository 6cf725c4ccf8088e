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
from digest.wall import change, shown, when

if TYPE_CHECKING:
    from apscheduler.triggers.cron import CronTrigger

_MINUTE = timedelta(minutes=1)


@lru_cache(maxsize=64)  # A service asks the same of its lines many times, while it waits.
def next_tick(line: Line, after: datetime) -> datetime:
    """Return the first moment of a line after another, in UTC."""
    zone, after = ZoneInfo(line.zone), after.astimezone(UTC)
    return min((_real if row.real else _fixed)(row, zone, after) for row in line.rows)


def _fixed(row: Row, zone: tzinfo, after: datetime) -> datetime:
    """Go through times on the wall, and say when each is there first."""
    wall, moment = shown(after, zone), after
    while moment <= after:  # In an hour that is repeated, its times have been.
        wall = _next_wall(row, _full_minute(wall))
        moment = when(wall, zone)
    return moment


def _real(row: Row, zone: tzinfo, after: datetime) -> datetime:
    """Go through real time, from one change of the clock to the next."""
    wall = shown(after, zone)
    since = after + (_full_minute(wall) - wall)
    while True:
        wall = shown(since, zone)
        moment = since + (_next_wall(row, wall) - wall)
        changed = change(zone, since, moment)
        if changed is None:
            return moment
        since = changed


def _full_minute(wall: datetime) -> datetime:
    """Return the first full minute after a time on the wall."""
    return wall.replace(second=0, microsecond=0) + _MINUTE


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
