"""Minutes, hours and days: what a line of either form means, before its zone. Pure.

It never says when that is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""By their number in Python, where Monday is 0. In crontab(5) it is 1, and Sunday 0 or 7."""

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

LONGEST = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
"""How many days each month has at most."""

ALL_MINUTES, ALL_HOURS = tuple(range(60)), tuple(range(24))
ALL_DAYS, ALL_MONTHS, ALL_WEEKDAYS = tuple(range(1, 32)), tuple(range(1, 13)), tuple(range(7))


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Every minute of every hour that it names, on days that are in all of the other three.

    Numbers ascend and are there once. `weekdays` count Monday as 0. `real` says that it goes by
    real time (every hour) rather than by what a clock on the wall shows (at seven): what runs in
    an hour that is skipped or repeated.
    """

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: tuple[int, ...] = ALL_DAYS
    months: tuple[int, ...] = ALL_MONTHS
    weekdays: tuple[int, ...] = ALL_WEEKDAYS
    real: bool = False

    @property
    def comes(self) -> bool:
        """Say whether there is any such day: the 30th of February is none."""
        return any(self.days[0] <= LONGEST[month - 1] for month in self.months)


def ascending(numbers: Iterable[int]) -> tuple[int, ...]:
    """Return numbers in their order, each once."""
    return tuple(sorted(set(numbers)))


def whole(text: str) -> int | None:
    """Return a number as calendars and clocks have it, written in digits; None for another text."""
    return int(text) if re.fullmatch("[0-9]{1,4}", text) else None
