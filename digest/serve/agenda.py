"""Which steps are due, and when the next are; it reads no clock.

A tick that was missed, since the service was down or the machine asleep, is made good at once,
and several of them by one run. After a run that did not finish, the next try waits, longer each
time; what is to be sent does not wait for steps that fail before it. A clock that is set back
makes nothing wait for a time that was there already.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
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


@dataclass(frozen=True, slots=True)
class Rest:
    """How often in a row a run did not finish, and when it last did not."""

    failures: int = 0
    since: datetime | None = None

    def is_over(self, now: datetime) -> bool:
        """Say whether it may be tried again."""
        if self.since is None:
            return True
        rest = SHORTEST_REST * (1 << min(max(self.failures - 1, 0), 10))
        return abs(now - self.since) >= min(rest, LONGEST_REST)

    def longer(self, now: datetime) -> Rest:
        """Return it after one more that did not finish."""
        return Rest(self.failures + 1, now)


@dataclass(frozen=True, slots=True, kw_only=True)
class Agenda:
    """Since when ticks count, for each step, and how long to rest after runs did not finish."""

    timetable: Timetable
    taken: Mapping[Ticked, datetime]
    rest: Rest = Rest()
    rest_of_sending: Rest = Rest()

    def anew(self, timetable: Timetable) -> Agenda:
        """Return it by another timetable: what failed is tried again at once."""
        return Agenda(timetable=timetable, taken=self.taken)

    def by(self, now: datetime) -> Agenda:
        """Return it as it is after the clock was set, if it was: what is yet to come was not."""
        taken = {step: _past(moment, now) for step, moment in self.taken.items()}
        return replace(self, taken=taken)

    def due(self, now: datetime, *, waiting: bool) -> tuple[Step, ...]:
        """Return the steps to take now, in their order; `waiting` says that something is to send.

        What is published is sent in the same run.
        """
        steps = TICKED if self.rest.is_over(now) else ()
        ticked = [step for step in steps if self.timetable.due(step, self.taken[step], now)]
        sends = "publish" in ticked or (waiting and self.rest_of_sending.is_over(now))
        return tuple(step for step in STEPS if step in ticked or (step == "send" and sends))

    def finished(self, steps: Iterable[Step], began: datetime) -> Agenda:
        """Return it after a run finished that began then."""
        steps = frozenset(steps)
        return replace(
            self,
            taken={step: began if step in steps else self.taken[step] for step in TICKED},
            rest=Rest() if steps.intersection(TICKED) else self.rest,
            rest_of_sending=Rest() if "send" in steps else self.rest_of_sending,
        )

    def unfinished(self, steps: Sequence[Step], now: datetime) -> Agenda:
        """Return it after a run that ended early: if it was to send alone, the others go on."""
        if not steps:
            return self
        if frozenset(steps).intersection(TICKED):
            return replace(self, rest=self.rest.longer(now))
        return replace(self, rest_of_sending=self.rest_of_sending.longer(now))

    def held(self, now: datetime) -> Agenda:
        """Return it after a run that another one held up, as it would any."""
        return replace(self, rest=Rest(0, now), rest_of_sending=Rest(0, now))

    def next_ticks(self, now: datetime) -> dict[Ticked, datetime]:
        """Return when each step is to be taken next; those that have no times are left out."""
        found = {step: self.timetable.next(step, max(self.taken[step], now)) for step in TICKED}
        return {step: tick for step, tick in found.items() if tick}


def _past(moment: datetime, now: datetime) -> datetime:
    return now if moment > now + STEADY else moment
