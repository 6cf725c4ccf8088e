"""What is counted of a store from outside: nothing in it names a reader or a paper."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal, get_args

from msgspec import Struct
from sqlalchemy import Integer, RowMapping, bindparam, case, func, select, text

from digest.store.runs import RunRecord, Runs
from digest.store.sources import Sources, SourceState
from digest.store.tables import (
    Text,
    Utc,
    alarms,
    deliveries,
    letters,
    lost_days,
    mails,
    runs,
    sightings,
)

Step = Literal["collect", "publish", "send"]
STEPS: tuple[Step, ...] = get_args(Step)

LATELY = timedelta(days=1)
"""Over which time it is counted what sources listed."""

LONGEST_RUN = timedelta(days=2)
"""How long ago a run may have begun that ended a moment ago."""

_WAITING = ("ready", "leased")
_LISTED = (
    select(
        sightings.c.source,
        func.count(),
        func.sum(case((sightings.c.news, 1), else_=0)),
    )
    .where(
        sightings.c.news.in_((True, False)),  # The index begins with it.
        sightings.c.seen_at >= bindparam("since", type_=Utc),
    )
    .group_by(sightings.c.source)
)
_LOST = select(lost_days.c.source, func.count()).group_by(lost_days.c.source)
_DELIVERIES = select(deliveries.c.output, deliveries.c.state, func.count()).group_by(
    deliveries.c.output, deliveries.c.state
)
_OLDEST = (
    select(func.min(func.coalesce(letters.c.made_at, mails.c.made_at, type_=Utc)))
    .select_from(deliveries)
    .outerjoin(letters, letters.c.id == deliveries.c.letter_id)
    .outerjoin(mails, mails.c.id == deliveries.c.mail_id)
    .where(deliveries.c.state.in_(_WAITING))
)
_NEWEST = select(func.coalesce(func.max(letters.c.id), 0)).where(
    letters.c.made_at < bindparam("before", type_=Utc)
)
_LETTERS = select(func.count(), func.max(letters.c.id)).where(
    letters.c.id > bindparam("number", type_=Integer)
)
_ended = select(runs).where(runs.c.ended_at.is_not(None))
_ENDED = _ended.where(
    runs.c.began_at >= bindparam("began", type_=Utc),
    runs.c.ended_at > bindparam("after", type_=Utc),
).order_by(runs.c.ended_at)
_LAST = (
    _ended.where(runs.c.steps.contains(bindparam("step", type_=Text)))
    .order_by(runs.c.began_at.desc(), runs.c.id.desc())
    .limit(1)
)
_ALARMS = select(alarms.c.name, alarms.c.since).order_by(alarms.c.name)
_SIZES = {
    "sqlite": text("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"),
    "postgresql": text("SELECT pg_database_size(current_database())"),
}


class Listed(Struct, frozen=True, kw_only=True):
    """How many papers a source listed lately, and how many of them were news."""

    papers: int
    new: int


class StoreFigures(Struct, frozen=True, kw_only=True):
    """What is counted. `oldest` is when the oldest letter or mail that waits was made.

    `deliveries` are by output and state, `listed` and `lost` by source; `last` are the last runs
    that ended, by step; `size` is in bytes.
    """

    sources: tuple[SourceState, ...]
    listed: dict[str, Listed]
    lost: dict[str, int]
    deliveries: dict[tuple[str, str], int]
    oldest: datetime | None
    alarms: dict[str, datetime]
    last: dict[Step, RunRecord]
    size: int


class Figures(Sources, Runs):
    """What is counted."""

    def figures(self, now: datetime) -> StoreFigures:
        """Count what is seen from outside."""
        connection = self._connection
        listed = connection.execute(_LISTED, {"since": now - LATELY})
        found = connection.execute(_DELIVERIES)
        return StoreFigures(
            sources=tuple(self.source_states().values()),
            listed={source: Listed(papers=papers, new=new) for source, papers, new in listed},
            lost={source: days for source, days in connection.execute(_LOST)},  # noqa: C416  # Rows, not pairs.
            deliveries={(output, state): number for output, state, number in found},
            oldest=connection.scalar(_OLDEST),
            alarms={name: since for name, since in connection.execute(_ALARMS)},  # noqa: C416  # As above.
            last={step: run for step in STEPS if (run := self._last(step))},
            size=connection.execute(_SIZES[connection.dialect.name]).scalar_one(),
        )

    def last_letter_before(self, moment: datetime) -> int:
        """Return the number of the last letter that was made before then; 0 for none."""
        found: int = self._connection.execute(_NEWEST, {"before": moment}).scalar_one()
        return found

    def letters_after(self, number: int) -> tuple[int, int]:
        """Return how many letters were made since the one of that number, and the last's number."""
        count, last = self._connection.execute(_LETTERS, {"number": number}).one()
        return count, last or number

    def runs_ended_after(self, moment: datetime) -> tuple[RunRecord, ...]:
        """Return the runs that ended since then, the first of them first."""
        times = {"began": moment - LONGEST_RUN, "after": moment}
        return tuple(map(_record, self._connection.execute(_ENDED, times).mappings()))

    def _last(self, step: Step) -> RunRecord | None:
        found = self._connection.execute(_LAST, {"step": step}).mappings().first()
        return _record(found) if found else None


def _record(row: RowMapping) -> RunRecord:
    return RunRecord(**{**row, "steps": tuple(row["steps"].split())})
