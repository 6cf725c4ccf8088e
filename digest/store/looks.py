"""Up to when papers were looked through for each reader, be it that nothing was news.

It never says who missed a letter.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime

from sqlalchemy import bindparam, func, select, update

from digest.store.statements import Statements
from digest.store.tables import Text, Utc, looked

_LOOKED = select(looked.c.day).where(looked.c.subscriber == bindparam("name", type_=Text))
_LAST = select(func.max(looked.c.at))
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

        What was later stays.
        """
        self._add(looked, [{"subscriber": name, "day": day, "at": now} for name, day in readers])
        self._run(_LATER, [{"name": name, "today": day, "now": now} for name, day in readers])

    def looked(self, subscriber: str) -> date | None:
        """Return the day on which papers were looked through last for a reader; None for none."""
        found: date | None = self._connection.scalar(_LOOKED, {"name": subscriber})
        return found

    def last_look(self) -> datetime | None:
        """Return when papers were looked through last, for anybody."""
        found: datetime | None = self._connection.scalar(_LAST)
        return found
