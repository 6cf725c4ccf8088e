"""Which steps are due, and when the next are; it reads no clock.

A tick that was missed, since the service was down or the machine asleep, is made good at once,
and several of them by one run. After a run that did not finish, the next try waits, longer each
time. A clock that is set back makes nothing wait for a time that was there already.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from digest.pipeline import STEPS, Step
from digest.schedule import Step as Ticked
from digest.schedule import Timetable

TICKED: tuple[Ticked, ...] = ("collect", "publish")
"""The steps that have times of their own; what waits is sent whenever it is due."""

STEADY = timedelta(minutes=1)
"""By how much a clock may be set back without anything being done again."""

SHORTEST_REST = timedelta(minutes=1)
LONGEST_REST = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Agenda:
    """Since when ticks count, for each step, and how often in a row a run did not finish."""

    timetable: Timetable
    taken: Mapping[Ticked, datetime]
    failures: int = 0
    failed_at: datetime | None = None

    def by(self, now: datetime) -> Agenda:
        """Return it as it is after the clock was set, if it was: what is yet to come was not."""
        taken = {step: _past(moment, now) for step, moment in self.taken.items()}
        return replace(self, taken=taken)

    def due(self, now: datetime, *, waiting: bool) -> tuple[Step, ...]:
        """Return the steps to take now, in their order; `waiting` says that something is to send.

        What is published is sent in the same run.
        """
        if self._rests(now):
            return ()
        ticked = [step for step in TICKED if self.timetable.due(step, self.taken[step], now)]
        sends = waiting or "publish" in ticked
        return tuple(step for step in STEPS if step in ticked or (step == "send" and sends))

    def finished(self, steps: Iterable[Step], began: datetime) -> Agenda:
        """Return it after a run finished that began then."""
        taken = {step: began if step in steps else self.taken[step] for step in TICKED}
        return replace(self, taken=taken, failures=0, failed_at=None)

    def unfinished(self, now: datetime, *, held: bool = False) -> Agenda:
        """Return it after a run that ended early, or that another one `held` up."""
        return replace(self, failures=1 if held else self.failures + 1, failed_at=now)

    def next_ticks(self, now: datetime) -> dict[Ticked, datetime]:
        """Return when each step is to be taken next; those that have no times are left out."""
        found = {step: self.timetable.next(step, max(self.taken[step], now)) for step in TICKED}
        return {step: tick for step, tick in found.items() if tick}

    def _rests(self, now: datetime) -> bool:
        if self.failed_at is None:
            return False
        rest = min(SHORTEST_REST * (1 << min(self.failures - 1, 10)), LONGEST_REST)
        return abs(now - self.failed_at) < rest


def _past(moment: datetime, now: datetime) -> datetime:
    return now if moment > now + STEADY else moment
