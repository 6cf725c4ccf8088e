"""The lines of each step: when to collect, when to publish. Pure: it never runs them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice, takewhile
from typing import Literal

from digest.schedule.lines import Line
from digest.schedule.ticks import next_tick

Step = Literal["collect", "publish"]

MOST_TICKS = 1000
"""How many ticks are told at once."""

_BACK = tuple(timedelta(days=days) for days in (0.05, 1, 8, 32, 367, 8 * 366))
"""How far back a line's last tick is looked for: the 29th of February is eight years away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timetable:
    """When each step is to run. A step without lines has no ticks."""

    collect: tuple[Line, ...] = ()
    publish: tuple[Line, ...] = ()

    def lines(self, step: Step) -> tuple[Line, ...]:
        """Return a step's lines."""
        return self.collect if step == "collect" else self.publish

    def next(self, step: Step, after: datetime) -> datetime | None:
        """Return the first tick after a moment, in UTC; None if there is no line."""
        return min((next_tick(line, after) for line in self.lines(step)), default=None)

    def due(self, step: Step, since: datetime, now: datetime) -> bool:
        """Say whether there was a tick after `since`, at `now` the latest: one run serves all."""
        tick = self.next(step, since)
        return tick is not None and tick <= now

    def between(self, step: Step, after: datetime, until: datetime) -> tuple[datetime, ...]:
        """Return the ticks after a moment, those at `until` included, and of many the first."""
        ticks = takewhile(lambda tick: tick <= until, self._ticks(step, after))
        return tuple(islice(ticks, MOST_TICKS))

    def last(self, step: Step, until: datetime) -> datetime | None:
        """Return the last tick that was, at `until` included; None if there is no line."""
        found = (self._last(line, until) for line in self.lines(step))
        return max((tick for tick in found if tick), default=None)

    def _ticks(self, step: Step, after: datetime) -> Iterator[datetime]:
        tick = self.next(step, after)
        while tick is not None:
            yield tick
            tick = self.next(step, tick)

    @staticmethod
    def _last(line: Line, until: datetime) -> datetime | None:
        for back in _BACK:
            last, tick = None, next_tick(line, until - back)
            while tick <= until:
                last, tick = tick, next_tick(line, tick)
            if last:
                return last
        return None
