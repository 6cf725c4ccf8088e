"""How a store is: whether it is whole, who is at work in it, and what is stuck in the outbox.

It only looks; what is to be done about it is said elsewhere.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import bindparam, func, select

from digest.store.statements import Statements
from digest.store.tables import Text, Utc, deliveries, letters, locks, runs, sources

_c = deliveries.c
_MOST = 20
"""How many faults are named."""

_STUCK = select(_c.answer).where(_c.state == "ready", _c.answer != "").order_by(_c.id)
_FAILED = select(func.count(_c.letter_id.distinct())).where(
    _c.state == "failed", _c.claimed_at >= bindparam("since", type_=Utc)
)


class LockRecord(NamedTuple):
    """Who holds a lock."""

    owner: str
    taken_at: datetime
    expires_at: datetime


class PutOff(NamedTuple):
    """How many deliveries failed and are tried again, and what the last of them was answered."""

    number: int
    answer: str


class Health(Statements):
    """How the store is."""

    def damage(self) -> tuple[str, ...]:
        """Return what is damaged, as the database says it; a server looks after itself."""
        if self._connection.dialect.name != "sqlite":
            return ()
        broken = self._connection.exec_driver_sql(f"PRAGMA integrity_check({_MOST})").scalars()
        lost = self._connection.exec_driver_sql("PRAGMA foreign_key_check").all()[:_MOST]
        return (
            *(each for each in broken if each != "ok"),
            *(f"{row[0]}, row {row[1]}: refers to a row of {row[2]} that is gone" for row in lost),
        )

    def latest(self) -> datetime | None:
        """Return when the latest run began, letter was made or source was read."""
        moments = [
            self._connection.scalar(select(func.max(column)))
            for column in (runs.c.began_at, letters.c.made_at, sources.c.read_at)
        ]
        return max((each for each in moments if each), default=None)

    def lock(self, name: str) -> LockRecord | None:
        """Return who holds a lock."""
        columns = (locks.c.owner, locks.c.taken_at, locks.c.expires_at)
        held = select(*columns).where(locks.c.name == bindparam("its_name", type_=Text))
        found = self._connection.execute(held, {"its_name": name}).first()
        return LockRecord(*found) if found else None

    def put_off(self) -> PutOff:
        """Return what of the outbox has failed and is tried again."""
        stuck = self._connection.execute(_STUCK).all()
        return PutOff(len(stuck), next((each.answer for each in reversed(stuck)), ""))

    def failed_letters(self, since: datetime) -> int:
        """Return how many letters an output would not take since then."""
        return int(self._connection.scalar(_FAILED, {"since": since}) or 0)
