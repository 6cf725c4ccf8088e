"""What a clock on a wall shows, and when: zones whose clocks are put forward and back. Pure.

A *time on the wall* has no zone: it may be there once, twice (in autumn) or not at all (in
spring). It never says what happens then.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, tzinfo

_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)
_NOON = time(12)


def shown(moment: datetime, zone: tzinfo) -> datetime:
    """Return the time on the wall at a moment."""
    return moment.astimezone(zone).replace(tzinfo=None)


def when(wall: datetime, zone: tzinfo) -> datetime:
    """Return when a time is on the wall first, in UTC; if it is skipped, right after."""
    first, second = (_as_if(wall, zone, fold) for fold in (0, 1))
    return first if first <= second else change(zone, second, first) or first


def exists(day: date, zone: tzinfo) -> bool:
    """Say whether there was such a day: where the date line is moved, one is skipped."""
    noon = datetime.combine(day, _NOON)
    return shown(_as_if(noon, zone, 0), zone).date() == day


def change(zone: tzinfo, start: datetime, end: datetime) -> datetime | None:
    """Return when clocks are changed first after `start`, at `end` the latest.

    Two changes within a day that undo each other would go unnoticed; no zone has had such.
    """
    while start < end:
        stop = min(start + _DAY, end)
        if _offset(zone, stop) != _offset(zone, start):
            return _halved(zone, start, stop)
        start = stop
    return None


def _as_if(wall: datetime, zone: tzinfo, fold: int) -> datetime:
    """Return when a time is on the wall the first or the second time.

    If it is skipped, the first reckons as before the change, the second as after it: it is the
    sooner one.
    """
    return wall.replace(tzinfo=zone, fold=fold).astimezone(UTC)


def _halved(zone: tzinfo, start: datetime, end: datetime) -> datetime:
    """Return the first second after `start` with the offset that `end` has."""
    before, after = 0, int((end - start) / _SECOND)
    offset = _offset(zone, end)
    while after - before > 1:
        middle = (after + before) // 2
        if _offset(zone, start + middle * _SECOND) == offset:
            after = middle
        else:
            before = middle
    return start + after * _SECOND


def _offset(zone: tzinfo, moment: datetime) -> timedelta | None:
    return moment.astimezone(zone).utcoffset()
