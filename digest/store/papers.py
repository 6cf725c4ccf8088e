"""Papers, the names they go by, and who listed them when."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Column, bindparam, case, delete, insert, or_, select, union, update

from digest.papers import Paper, Sighting, title_key
from digest.seen import Change, Changes, Known, Wording
from digest.store.statements import Statements, chunks
from digest.store.tables import (
    PaperJson,
    Utc,
    names,
    papers,
    prints,
    sightings,
    titles,
    wordings,
)
from digest.subscribers import Candidate, Seen

EVER = datetime.max.replace(tzinfo=UTC)
"""Until when all that was seen is looked at."""

_INSERT = insert(papers).returning(papers.c.id, sort_by_parameter_order=True)
_risen = papers.c.revision < bindparam("new_revision")
_UPDATE = (
    update(papers)
    .where(papers.c.id == bindparam("paper_id"))
    .where(or_(_risen, papers.c.paper != bindparam("new_paper", type_=PaperJson)))
    .values(
        paper=bindparam("new_paper", type_=PaperJson),
        revision=bindparam("new_revision"),
        revised_at=case((_risen, bindparam("now", type_=Utc)), else_=papers.c.revised_at),
    )
)
_since, _until = bindparam("since", type_=Utc), bindparam("until", type_=Utc)
_NEWS = union(
    select(sightings.c.paper_id)
    .where(sightings.c.news.is_(True))
    .where(sightings.c.seen_at.between(_since, _until)),
    select(papers.c.id).where(papers.c.revised_at.between(_since, _until)),
)
_PAPERS = select(papers.c.id, papers.c.paper, papers.c.revision, papers.c.first_seen)
_SIGHTINGS = select(
    sightings.c.paper_id,
    sightings.c.source,
    sightings.c.day,
    sightings.c.votes,
    sightings.c.seen_at,
    sightings.c.news,
)
_before = case((papers.c.revised_at > _until, papers.c.revision - 1), else_=papers.c.revision)
_POOL = (
    select(papers.c.id, papers.c.paper, _before, papers.c.first_seen)
    .where(papers.c.id.in_(_NEWS))
    .order_by(papers.c.id)
)
_POOL_SIGHTINGS = _SIGHTINGS.where(sightings.c.paper_id.in_(_NEWS)).where(
    sightings.c.seen_at <= _until
)


class Papers(Statements):
    """What is remembered of papers."""

    def known(self, listed: Sequence[Sighting]) -> tuple[Known, ...]:
        """Return each paper that shares an identifier or a title with any of `listed`."""
        wanted = [sighting.paper for sighting in listed]
        ids = self._named(names, {name for paper in wanted for name in paper.names})
        ids |= self._named(titles, {title_key(paper.title) for paper in wanted} - {""})
        return tuple(known for chunk in chunks(sorted(ids)) for known in self._known_by_id(chunk))

    def save_changes(self, changes: Changes, now: datetime) -> None:
        """Remember new papers, what is new of known ones, and each listing.

        A source's listing of a paper on a day that it listed before changes its votes alone.
        """
        ids = self._insert_new([c for c in changes.papers if c.id is None], now)
        saved = [(next(ids) if c.id is None else c.id, c) for c in changes.papers]
        self._run(_UPDATE, [_update_row(c, now) for c in changes.papers if c.id is not None])
        self._save_names(saved)
        self._save_listings(saved, now)
        self._save_wordings([(id_, each) for id_, c in saved for each in c.wordings])

    def forget_sightings(self, after: datetime) -> None:
        """Forget what was seen after a moment, so that it may be seen again. For rehearsals."""
        self._connection.execute(delete(sightings).where(sightings.c.seen_at > after))

    def pool(self, since: datetime, until: datetime = EVER) -> tuple[Candidate, ...]:
        """Return the papers that became news, or were revised, since then, oldest first.

        What was seen after `until` is as if it had not been; a paper that was revised since has
        the text of now, and the revision before its last.
        """
        period = {"since": since, "until": until}
        found = self._connection.execute(_POOL, period)
        seen = self._connection.execute(_POOL_SIGHTINGS, period)
        return _candidates(found, seen)

    def candidates(self, ids: Sequence[int]) -> tuple[Candidate, ...]:
        """Return these papers, in the order asked for."""
        found = {c.id: c for chunk in chunks(ids) for c in self._candidates_by_id(chunk)}
        return tuple(found[id_] for id_ in ids if id_ in found)

    def _named(self, table: Any, wanted: set[str]) -> set[int]:
        key = next(iter(table.primary_key))
        query = select(table.c.paper_id)
        return {
            id_
            for chunk in chunks(sorted(wanted))
            for id_ in self._connection.scalars(query.where(key.in_(chunk)))
        }

    def _known_by_id(self, ids: Sequence[int]) -> Iterable[Known]:
        last = self._by_paper(ids, prints.c.paper_id, prints.c.source, prints.c.fingerprint)
        listed = self._by_paper(ids, sightings.c.paper_id, sightings.c.source, sightings.c.day)
        called = self._by_paper(ids, names.c.paper_id, names.c.name)
        titled = self._by_paper(ids, titles.c.paper_id, titles.c.title_key)
        worded = self._by_paper(ids, wordings.c.paper_id, wordings.c.source, wordings.c.paper)
        found = self._connection.execute(_PAPERS.where(papers.c.id.in_(ids)).order_by(papers.c.id))
        for id_, paper, revision, _ in found:
            yield Known(
                id=id_,
                paper=paper,
                revision=revision,
                prints=dict(last[id_]),
                listed=frozenset(listed[id_]),
                names=frozenset(name for (name,) in called[id_]),
                titles=frozenset(key for (key,) in titled[id_]),
                wordings=tuple(
                    Wording(source=source, paper=worded_) for source, worded_ in worded[id_]
                ),
            )

    def _by_paper(
        self, ids: Sequence[int], paper_id: Column[int], *columns: Column[Any]
    ) -> defaultdict[int, list[Any]]:
        """Return what a table has of each paper."""
        found: defaultdict[int, list[Any]] = defaultdict(list)
        query = select(paper_id, *columns).where(paper_id.in_(ids))
        for id_, *values in self._connection.execute(query):
            found[id_].append(tuple(values))
        return found

    def _candidates_by_id(self, ids: Sequence[int]) -> tuple[Candidate, ...]:
        found = self._connection.execute(_PAPERS.where(papers.c.id.in_(ids)))
        seen = self._connection.execute(_SIGHTINGS.where(sightings.c.paper_id.in_(ids)))
        return _candidates(found, seen)

    def _insert_new(self, new: list[Change], now: datetime) -> Iterator[int]:
        rows = [{"paper": c.paper, "revision": c.revision, "first_seen": now} for c in new]
        return iter(self._connection.scalars(_INSERT, rows).all() if rows else ())

    def _save_names(self, saved: list[tuple[int, Change]]) -> None:
        known_as = {(name, id_) for id_, c in saved for name in c.names}
        titled = {(title_key(paper.title), id_) for id_, c in saved for paper in _forms(c)}
        self._add(names, [{"name": name, "paper_id": id_} for name, id_ in sorted(known_as)])
        self._add(
            titles, [{"title_key": key, "paper_id": id_} for key, id_ in sorted(titled) if key]
        )

    def _save_listings(self, saved: list[tuple[int, Change]], now: datetime) -> None:
        listings = [(id_, listing) for id_, c in saved for listing in c.listings]
        rows = [
            {
                "paper_id": id_,
                "source": each.sighting.source,
                "day": each.sighting.day,
                "announced": each.sighting.announced,
                "votes": each.sighting.votes,
                "seen_at": now,
                "news": each.news,
            }
            for id_, each in listings
        ]
        self._put(sightings, rows, "votes")
        last = {(id_, each.sighting.source): each.fingerprint for id_, each in listings}
        self._put(
            prints,
            [
                {"paper_id": id_, "source": source, "fingerprint": fingerprint}
                for (id_, source), fingerprint in last.items()
            ],
            "fingerprint",
        )

    def _save_wordings(self, kept: list[tuple[int, Wording]]) -> None:
        self._put(wordings, [_wording_row(id_, each) for id_, each in kept], "paper")


def _wording_row(paper_id: int, wording: Wording) -> dict[str, Any]:
    source, name = wording.key
    return {"paper_id": paper_id, "source": source, "name": name, "paper": wording.paper}


def _forms(change: Change) -> list[Paper]:
    """Return a paper as each source has it, since it is to be found by any of these names."""
    return [change.paper, *(listing.sighting.paper for listing in change.listings)]


def _update_row(change: Change, now: datetime) -> dict[str, Any]:
    return {
        "paper_id": change.id,
        "new_paper": change.paper,
        "new_revision": change.revision,
        "now": now,
    }


def _candidates(found: Iterable[Any], seen: Iterable[Any]) -> tuple[Candidate, ...]:
    """Put papers and their sightings together; here, since databases sort texts by their locale."""
    by_paper: defaultdict[int, list[Seen]] = defaultdict(list)
    for id_, source, day, votes, at, news in seen:
        by_paper[id_].append(Seen(source=source, day=day, votes=votes, at=at, news=news))
    return tuple(
        Candidate(
            id=id_,
            paper=paper,
            revision=revision,
            first_seen=first_seen,
            seen=tuple(sorted(by_paper[id_], key=_when)),
        )
        for id_, paper, revision, first_seen in found
    )


def _when(seen: Seen) -> tuple[datetime, str, date]:
    return seen.at, seen.source, seen.day or date.min
