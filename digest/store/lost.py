"""Days of sources that nobody can read any more, and when that was noticed.

They are kept so that each reader's next letter names them, once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import date, datetime

from sqlalchemy import bindparam, select

from digest.store.statements import Statements
from digest.store.tables import Utc, lost_days

_NOTICED = (
    select(lost_days.c.source, lost_days.c.day)
    .where(lost_days.c.noticed_at > bindparam("since", type_=Utc))
    .where(lost_days.c.noticed_at <= bindparam("now", type_=Utc))
    .order_by(lost_days.c.source, lost_days.c.day)
)


class Lost(Statements):
    """What is remembered of days that are lost."""

    def save_lost_days(self, source: str, days: Collection[date], now: datetime) -> None:
        """Remember that days of a source are lost; those already known stay as they are."""
        self._add(
            lost_days, [{"source": source, "day": day, "noticed_at": now} for day in sorted(days)]
        )

    def lost_since(self, moment: datetime, now: datetime) -> dict[str, tuple[date, ...]]:
        """Return each source's days that were noticed to be lost after a moment, and by now."""
        found: defaultdict[str, list[date]] = defaultdict(list)
        for source, day in self._connection.execute(_NOTICED, {"since": moment, "now": now}):
            found[source].append(day)
        return {source: tuple(days) for source, days in found.items()}
