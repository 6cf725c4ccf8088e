"""Runs: which steps were taken when, and how that ended.

Only who holds the run's lock begins one, so that whatever has not ended by then never will: its
process was killed, or the machine went down. Times are real ones, whatever a run believed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any, Literal

from msgspec import Struct
from sqlalchemy import bindparam, delete, func, select, update

from digest.store.statements import Statements
from digest.store.tables import Text, Utc, runs

KEPT = timedelta(days=90)
"""For how long it is remembered that a run was."""

KILLED = "it was killed, or the machine went down"

Outcome = Literal["ok", "failed", "stopped"]
"""All went well; something failed, but the steps were taken; it ended before they were."""

_c = runs.c
_FORGET = delete(runs).where(_c.began_at < bindparam("before", type_=Utc))
_END = (
    update(runs)
    .where(_c.outcome == "")
    .values(
        ended_at=bindparam("now", type_=Utc),
        outcome=bindparam("how", type_=Text),
        said=bindparam("why", type_=Text),
    )
)
_END_ONE = _END.where(_c.id == bindparam("run", type_=Text))
_LATEST = select(runs).order_by(_c.began_at.desc(), _c.id.desc()).limit(bindparam("most"))
_ENDED = (
    select(runs)
    .where(_c.outcome != "", _c.steps.contains(bindparam("step", type_=Text)))
    .order_by(_c.began_at.desc(), _c.id.desc())
    .limit(1)
)
_ONE = select(runs).where(_c.id == bindparam("run", type_=Text))
_FIRST = select(func.min(_c.began_at))
_TAKEN = select(func.max(_c.began_at)).where(
    _c.outcome.in_(("ok", "failed")), _c.steps.contains(bindparam("step", type_=Text))
)


class RunRecord(Struct, frozen=True, kw_only=True):
    """A run: `outcome` is "" while it goes on, `said` what went wrong first."""

    id: str
    steps: tuple[str, ...]
    began_at: datetime
    ended_at: datetime | None
    outcome: Literal["", "ok", "failed", "stopped"]
    said: str


class Runs(Statements):
    """What is remembered of runs."""

    def begin_run(self, run: str, steps: Collection[str], now: datetime) -> None:
        """Remember that a run begins; those that never ended were stopped, old ones forgotten."""
        self.end_killed_runs(now)
        self._connection.execute(_FORGET, {"before": now - KEPT})
        row = {"id": run, "steps": " ".join(steps), "began_at": now, "outcome": "", "said": ""}
        self._connection.execute(runs.insert(), row)

    def end_run(self, run: str, outcome: Outcome, said: str, now: datetime) -> None:
        """Remember how a run ended; one that is known to have ended stays as it is."""
        self._connection.execute(_END_ONE, {"run": run, "how": outcome, "why": said, "now": now})

    def end_killed_runs(self, now: datetime) -> None:
        """Remember of all runs that have not ended that they were stopped."""
        self._connection.execute(_END, {"how": "stopped", "why": KILLED, "now": now})

    def last_runs(self, most: int = 100) -> tuple[RunRecord, ...]:
        """Return the latest runs, the last one first."""
        found = self._connection.execute(_LATEST, {"most": most}).mappings()
        return tuple(_record(row) for row in found)

    def last_ended(self, step: str) -> RunRecord | None:
        """Return the last run that was to take a step and has ended, however it did."""
        found = self._connection.execute(_ENDED, {"step": step}).mappings().first()
        return _record(found) if found else None

    def run(self, name: str) -> RunRecord | None:
        """Return a run, if it began."""
        found = self._connection.execute(_ONE, {"run": name}).mappings().first()
        return _record(found) if found else None

    def last_run(self, step: str) -> datetime | None:
        """Return when the last run began that took a step, be it that something of it failed."""
        began: datetime | None = self._connection.execute(_TAKEN, {"step": step}).scalar_one()
        return began

    def first_run(self) -> datetime | None:
        """Return when the first run that is remembered began."""
        began: datetime | None = self._connection.execute(_FIRST).scalar_one()
        return began


def _record(row: Mapping[Any, Any]) -> RunRecord:
    return RunRecord(**{**row, "steps": tuple(row["steps"].split())})
