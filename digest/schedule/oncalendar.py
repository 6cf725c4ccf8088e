"""A line as systemd's timers say it: `OnCalendar=`, see systemd.time(7). Pure.

One expression for each row, with all numbers listed and the zone at the end. It never says when
that is. On the two days a year on which clocks are changed, systemd goes its own way: what is in
the hour that is skipped is skipped.
"""

from __future__ import annotations

from collections.abc import Sequence

from digest.schedule.lines import Line
from digest.schedule.rows import (
    ALL_DAYS,
    ALL_HOURS,
    ALL_MINUTES,
    ALL_MONTHS,
    ALL_WEEKDAYS,
    WEEKDAYS,
    Row,
)


def on_calendar(line: Line) -> tuple[str, ...]:
    """Return a line's expressions; a timer that has them all has the line's ticks."""
    return tuple(f"{_row(row)} {line.zone}" for row in line.rows)


def _row(row: Row) -> str:
    weekdays = ",".join(WEEKDAYS[number].title() for number in row.weekdays)
    on = "" if row.weekdays == ALL_WEEKDAYS else f"{weekdays} "
    day = f"*-{_listed(row.months, ALL_MONTHS)}-{_listed(row.days, ALL_DAYS)}"
    time = f"{_listed(row.hours, ALL_HOURS)}:{_listed(row.minutes, ALL_MINUTES)}:00"
    return f"{on}{day} {time}"


def _listed(numbers: Sequence[int], every: Sequence[int]) -> str:
    return "*" if numbers == every else ",".join(f"{number:02}" for number in numbers)
