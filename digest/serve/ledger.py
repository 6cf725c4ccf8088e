"""What a service asks of the store, and the lock that it holds there for its life.

Each is a short transaction. It never sees a paper or a letter.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from digest.app import LOCK as RUN
from digest.app import LOCK_LEASE, SERVICE_LOCK, alive
from digest.errors import LockHeldError
from digest.schedule import Step
from digest.store import Store, Waiting

LOCK = SERVICE_LOCK
LEASE = timedelta(minutes=3)
"""Renewed each minute: on another host, a service whose machine died is replaced after it."""


class Ledger:
    """The store, as a service with this name sees it."""

    def __init__(self, store: Store, owner: str) -> None:
        self._store = store
        self._owner = owner

    def taken(self, steps: Iterable[Step]) -> dict[Step, datetime]:
        """Return when each step was last taken, or for one that never was, the first run of all.

        Else a machine that is off at each tick would never take it. Without runs, it is empty.
        """
        with self._store.reading() as store:
            first = store.first_run()
            found = {step: store.last_run(step) or first for step in steps}
        return {step: moment for step, moment in found.items() if moment}

    def look(self, now: datetime) -> Waiting:
        """Hold the lock for longer, and return what waits. Raises LockLostError."""
        with self._store.writing() as store:
            store.renew_lock(LOCK, self._owner, now, LEASE)
            return store.waiting(now)

    def finished(self, run: str) -> bool:
        """Say whether a run came to its end, be it that something of it failed."""
        with self._store.reading() as store:
            found = store.run(run)
        return found is not None and found.outcome in ("ok", "failed")

    def held_since(self) -> datetime | None:
        """Return when the run at work last held its lock for longer; None if none is."""
        with self._store.reading() as store:
            until = store.held_until(RUN)
        return until - LOCK_LEASE if until else None

    def clear_up(self, now: datetime) -> None:
        """Give back what a run had that was killed, unless another has done so."""
        with self._store.writing() as store:
            try:
                store.take_lock(RUN, self._owner, now, LOCK_LEASE, alive)
            except LockHeldError:
                return
            store.end_killed_runs(now)
            store.release_lock(RUN, self._owner)
