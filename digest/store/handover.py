"""That another store took over: this one then sends nothing any more, until it is taken back.

A copy that is put back is woken: whoever was at work when it was made is not at work in it.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, insert, select, update

from digest.errors import StoreError
from digest.store.runs import Runs
from digest.store.tables import deliveries, handover, locks

_MARK = select(handover.c.successor, handover.c.at).order_by(handover.c.id.desc()).limit(1)
_GIVE_BACK = (
    update(deliveries)
    .where(deliveries.c.state == "leased")
    .values(state="ready", owner="", lease_until=None, attempts=deliveries.c.attempts - 1)
)


class Handover(Runs):
    """Who goes on with what is remembered here."""

    def hand_over(self, successor: str, at: datetime) -> None:
        """Say who goes on from now on, without secrets; this store then refuses to be written."""
        self._connection.execute(delete(handover))
        self._connection.execute(insert(handover), {"successor": successor, "at": at})

    def undo_hand_over(self) -> str:
        """Go on here again, and return who was to; "" where nobody was."""
        successor: str = self._connection.scalar(_MARK) or ""
        self._connection.execute(delete(handover))
        return successor

    def check_not_handed_over(self, place: str) -> None:
        """Raise StoreError where another store goes on with what is remembered here."""
        if mark := self._connection.execute(_MARK).first():
            raise StoreError(
                f"{place}: handed over to {mark.successor} on {mark.at:%Y-%m-%d %H:%M} UTC; run "
                "digest there. If it is to go on here after all: `digest take-back`"
            )

    def wake(self, now: datetime) -> None:
        """Let a copy go on: no lock is held in it, nothing claimed, nothing handed over.

        What was in doubt stays so.
        """
        self.end_killed_runs(now)
        self._connection.execute(delete(locks))
        self._connection.execute(delete(handover))
        self._connection.execute(_GIVE_BACK)
