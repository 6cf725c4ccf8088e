"""Alarms that were told, and the signs of life that they are made of.

An alarm is a row from when it begins until it is over, so that it is told once. Two who look at
the same time begin and end it once between them. It decides nothing about what is wrong.
"""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import bindparam, delete, exists, func, not_, or_, select

from digest.alarms import ToldAlarm
from digest.store.statements import Statements
from digest.store.tables import Text, Utc, alarms, deliveries, letters, pages, sightings

_TOLD = select(alarms).order_by(alarms.c.since, alarms.c.name)
_END = delete(alarms).where(alarms.c.name == bindparam("its_name", type_=Text))
_its = exists().where(deliveries.c.letter_id == letters.c.id).correlate(letters)
_WENT_OUT = or_(_its.where(deliveries.c.state.in_(("sent", "in_doubt"))), not_(_its))
"""That a letter may have reached its reader; of one without deliveries the journal told."""

_ISSUED = select(letters.c.slot).where(_WENT_OUT).order_by(letters.c.id.desc()).limit(1)
_ISSUES = (
    select(letters.c.slot)
    .where(_WENT_OUT, letters.c.slot >= bindparam("since"))
    .distinct()
    .order_by(letters.c.slot)
)
_PAGES = (
    select(pages.c.source, func.max(pages.c.read_at))
    .where(pages.c.listed > 0)
    .group_by(pages.c.source)
)
_MOMENTS = (
    select(sightings.c.seen_at)
    .where(sightings.c.source == bindparam("source"))
    .where(sightings.c.seen_at >= bindparam("since", type_=Utc))
    .distinct()
    .order_by(sightings.c.seen_at)
)
_DOUBTFUL = select(func.count(deliveries.c.letter_id.distinct())).where(
    deliveries.c.state == "in_doubt"
)


class Alarms(Statements):
    """What is wrong and was told; what went well, and when."""

    def alarms(self) -> dict[str, ToldAlarm]:
        """Return the alarms that go on, the oldest first, by name."""
        found = self._connection.execute(_TOLD).mappings()
        return {row["name"]: ToldAlarm(**row) for row in found}

    def begin_alarm(self, alarm: ToldAlarm) -> bool:
        """Remember that an alarm begins; False where it goes on already."""
        row = {"name": alarm.name, "since": alarm.since, "said": alarm.said}
        return self._add_one(alarms, row)

    def end_alarm(self, name: str) -> bool:
        """Forget an alarm that is over; False where it was over already."""
        return self._connection.execute(_END, {"its_name": name}).rowcount == 1

    def last_issue(self) -> date | None:
        """Return the day of the last letter that went out, to whomever; None before the first."""
        found: date | None = self._connection.scalar(_ISSUED)
        return found

    def issues(self, since: date) -> tuple[date, ...]:
        """Return the days whose letters went out, the first of them first."""
        return tuple(self._connection.scalars(_ISSUES, {"since": since}))

    def pages_listed(self) -> dict[str, datetime]:
        """Return when each source's pages last listed anything, be it known."""
        return {source: read_at for source, read_at in self._connection.execute(_PAGES)}  # noqa: C416  # Rows, not pairs.

    def listings(self, source: str, since: datetime) -> tuple[datetime, ...]:
        """Return when a source listed what it had not listed before, the first of them first."""
        found = self._connection.scalars(_MOMENTS, {"source": source, "since": since})
        return tuple(found)

    def doubtful_letters(self) -> int:
        """Return how many letters are in doubt."""
        return int(self._connection.scalar(_DOUBTFUL) or 0)
