"""When papers were looked through, and up to which of her days for each reader.

It never says who missed a letter.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, timedelta

from sqlalchemy import bindparam, delete, func, select, update

from digest.store.statements import Statements
from digest.store.tables import Text, Utc, looked, looks

KEPT = timedelta(days=366)
"""For how long it is remembered when papers were looked through."""

_LOOKED = select(looked.c.day).where(looked.c.subscriber == bindparam("name", type_=Text))
_SINCE = select(looks.c.at).where(looks.c.at >= bindparam("since", type_=Utc)).order_by(looks.c.at)
_LAST = select(func.max(looks.c.at))
_FORGET = delete(looks).where(looks.c.at < bindparam("before", type_=Utc))
_LATER = (
    update(looked)
    .where(looked.c.subscriber == bindparam("name", type_=Text))
    .where(looked.c.at < bindparam("now", type_=Utc))
    .values(day=bindparam("today"), at=bindparam("now", type_=Utc))
)


class Looks(Statements):
    """What is remembered of looks."""

    def look(self, readers: Collection[tuple[str, date]], now: datetime) -> None:
        """Remember that papers were looked through for readers, each on a day of hers.

        Nobody may have been due. What was later stays.
        """
        self._add(looks, [{"at": now}])
        self._connection.execute(_FORGET, {"before": now - KEPT})
        self._add(looked, [{"subscriber": name, "day": day, "at": now} for name, day in readers])
        self._run(_LATER, [{"name": name, "today": day, "now": now} for name, day in readers])

    def looked(self, subscriber: str) -> date | None:
        """Return the day on which papers were looked through last for a reader; None for none."""
        found: date | None = self._connection.scalar(_LOOKED, {"name": subscriber})
        return found

    def last_look(self) -> datetime | None:
        """Return when papers were looked through last; None before it was ever noted."""
        found: datetime | None = self._connection.scalar(_LAST)
        return found

    def looks_since(self, moment: datetime) -> tuple[datetime, ...]:
        """Return when papers were looked through from a moment on, the first time first."""
        return tuple(self._connection.scalars(_SINCE, {"since": moment}))
