"""What the command line asks: which papers and letters there are, and who got what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime

from msgspec import Struct
from sqlalchemy import bindparam, func, or_, select

from digest.messages import State
from digest.papers import identify, title_key
from digest.store.papers import Papers
from digest.store.statements import chunks
from digest.store.tables import (
    Utc,
    deliveries,
    letter_papers,
    letters,
    names,
    papers,
    sightings,
    titles,
)
from digest.subscribers import Candidate

_FIND = select(papers.c.id).where(
    or_(
        papers.c.id.in_(select(names.c.paper_id).where(names.c.name == bindparam("name"))),
        papers.c.id.in_(select(titles.c.paper_id).where(titles.c.title_key == bindparam("key"))),
    )
)
_LATEST = select(papers.c.id).order_by(papers.c.first_seen.desc(), papers.c.id.desc())
_SINCE = (
    select(papers.c.paper)
    .where(papers.c.first_seen >= bindparam("since", type_=Utc))
    .order_by(papers.c.id)
)
_RECORDS = (
    select(
        letters.c.id,
        letters.c.slot,
        letters.c.subscriber,
        letters.c.edition,
        letters.c.made_at,
        func.count(letter_papers.c.paper_id).label("papers"),
    )
    .outerjoin(letter_papers, letter_papers.c.letter_id == letters.c.id)
    .group_by(letters.c.id)
    .order_by(letters.c.id.desc())
)
_MOMENTS = (
    select(sightings.c.seen_at)
    .where(
        sightings.c.seen_at.between(bindparam("since", type_=Utc), bindparam("until", type_=Utc))
    )
    .distinct()
    .order_by(sightings.c.seen_at)
)
_STATES = select(deliveries.c.letter_id, deliveries.c.output, deliveries.c.state).order_by(
    deliveries.c.id
)
_HISTORY = (
    select(letters.c.id, letters.c.slot, letters.c.subscriber, letter_papers.c.revision)
    .join(letter_papers, letter_papers.c.letter_id == letters.c.id)
    .where(letter_papers.c.paper_id == bindparam("paper"))
    .order_by(letters.c.id)
)


class LetterRecord(Struct, frozen=True, kw_only=True):
    """A letter as a list shows it: `papers` counts them, `states` its outputs by what became."""

    id: int
    slot: date
    subscriber: str
    edition: int
    made_at: datetime
    papers: int
    states: dict[State, int]


class Appearance(Struct, frozen=True, kw_only=True):
    """That a paper was in a letter, in which revision, and what became of the letter."""

    letter: int
    slot: date
    subscriber: str
    revision: int
    states: dict[State, int]


class History(Papers):
    """What was, for people to look at."""

    def papers(
        self, limit: int, *, since: datetime | None = None, source: str = ""
    ) -> tuple[Candidate, ...]:
        """Return papers, the newest to us first."""
        query = _LATEST.limit(limit)
        if since:
            query = query.where(papers.c.first_seen >= since)
        if source:
            listed = select(sightings.c.paper_id).where(sightings.c.source == source)
            query = query.where(papers.c.id.in_(listed))
        return self.candidates(self._connection.scalars(query).all())

    def find(self, text: str) -> tuple[Candidate, ...]:
        """Return the papers that an identifier, an address or a whole title means."""
        named = {"name": identify(text), "key": title_key(text.removeprefix("title:"))}
        return self.candidates(sorted(self._connection.scalars(_FIND, named)))

    def history(self, paper: int) -> tuple[Appearance, ...]:
        """Return the letters that a paper was in, the first of them first."""
        found = self._connection.execute(_HISTORY, {"paper": paper}).all()
        states = self._states([row.id for row in found])
        return tuple(
            Appearance(
                letter=id_, slot=slot, subscriber=subscriber, revision=revision, states=states[id_]
            )
            for id_, slot, subscriber, revision in found
        )

    def letters(self, limit: int, subscriber: str | None = None) -> tuple[LetterRecord, ...]:
        """Return letters, the latest first; of one reader, or of all ("" is the public)."""
        query = _RECORDS.limit(limit)
        if subscriber is not None:
            query = query.where(letters.c.subscriber == subscriber)
        found = self._connection.execute(query).mappings().all()
        states = self._states([row["id"] for row in found])
        return tuple(LetterRecord(**row, states=states[row["id"]]) for row in found)

    def phrases(self, since: datetime) -> tuple[str, ...]:
        """Return the titles and topics of the papers first seen since then."""
        found = self._connection.scalars(_SINCE, {"since": since})
        return tuple(text for paper in found for text in (paper.title, *paper.topics))

    def moments(self, since: datetime, until: datetime) -> tuple[datetime, ...]:
        """Return when a run saw what it had not seen before, the first of them first."""
        return tuple(self._connection.scalars(_MOMENTS, {"since": since, "until": until}))

    def _states(self, ids: Sequence[int]) -> dict[int, dict[State, int]]:
        """Count the outputs of each letter by state; one that was sent again, by the latest."""
        latest: dict[int, dict[str, State]] = {id_: {} for id_ in ids}
        for chunk in chunks(ids):
            for id_, output, state in self._connection.execute(
                _STATES.where(deliveries.c.letter_id.in_(chunk))
            ):
                latest[id_][output] = state
        return {id_: dict(Counter(states.values())) for id_, states in latest.items()}
