"""Locks: that only one run does a thing at a time, also after one was killed.

An owner is ``host:pid:random``; whether it is alive is asked of the caller. A lock whose owner
is dead, or whose time is over, is taken over at once, with what that owner had claimed.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, bindparam, delete, select, update

from digest.errors import LockHeldError, LockLostError
from digest.store.handover import Handover
from digest.store.outbox import Outbox
from digest.store.tables import Utc, locks

_HOLDER = select(locks).where(locks.c.name == bindparam("lock")).with_for_update()
_UNTIL = select(locks.c.expires_at).where(locks.c.name == bindparam("lock"))
_mine = (locks.c.name == bindparam("lock")) & (locks.c.owner == bindparam("me"))
_RENEW = update(locks).where(_mine).values(expires_at=bindparam("until", type_=Utc))
_RELEASE = delete(locks).where(_mine)


def presumed_alive(owner: str) -> bool:
    """Say that any owner lives: nothing but its time ends its lock."""
    return bool(owner)


class Locks(Outbox, Handover):
    """Who is at work."""

    def take_lock(
        self,
        name: str,
        owner: str,
        now: datetime,
        lease: timedelta,
        alive: Callable[[str], bool] = presumed_alive,
    ) -> str:
        """Take a lock and return who held it before and did not release it, or "".

        What a dead owner claimed is made ready again; what it left in doubt stays so.
        Raises LockHeldError while another owner lives and its time is not over, and StoreError
        where the store was handed over since it was opened.
        """
        self.check_not_handed_over(f"lock `{name}`")
        holder = self._connection.execute(_HOLDER, {"lock": name}).first()
        if holder is None:
            self._hold(name, owner, now, lease)
            return ""
        if holder.owner == owner:
            self.renew_lock(name, owner, now, lease)
            return ""
        if holder.expires_at > now and alive(holder.owner):
            raise _held(holder)
        self.release_lock(name, holder.owner)
        self.give_back(holder.owner)
        self._hold(name, owner, now, lease)
        return str(holder.owner)

    def renew_lock(self, name: str, owner: str, now: datetime, lease: timedelta) -> None:
        """Hold a lock for longer. Raises LockLostError where it was taken over."""
        renewed = self._connection.execute(
            _RENEW, {"lock": name, "me": owner, "until": now + lease}
        )
        if renewed.rowcount != 1:
            raise LockLostError(
                f"lock `{name}`: it was not renewed in time and another run took it over; "
                "this run stops, and that one finishes its work"
            )

    def release_lock(self, name: str, owner: str) -> None:
        """Release a lock; one that this owner does not hold stays as it is."""
        self._connection.execute(_RELEASE, {"lock": name, "me": owner})

    def held_until(self, name: str) -> datetime | None:
        """Return until when a lock is held, if it is."""
        until: datetime | None = self._connection.execute(_UNTIL, {"lock": name}).scalar()
        return until

    def _hold(self, name: str, owner: str, now: datetime, lease: timedelta) -> None:
        row = {"name": name, "owner": owner, "taken_at": now, "expires_at": now + lease}
        self._connection.execute(locks.insert(), row)


def _held(holder: Row[Any]) -> LockHeldError:
    return LockHeldError(
        f"lock `{holder.name}`: {holder.owner} has held it since {holder.taken_at:%Y-%m-%d %H:%M} "
        "UTC. Wait until that run is done, or stop it; the next run then takes over"
    )
