"""Papers that the operator says are one, or two: moved together or apart, and remembered.

All that a paper has moves with it: names, titles, sightings, prints, wordings, and the letters
it was in. It decides nothing: which wording is whose is told by `parting`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from datetime import datetime
from operator import itemgetter
from typing import Any

from sqlalchemy import Table, bindparam, delete, insert, select, update

from digest.known import Decision, Wording
from digest.papers import fingerprint, merge, own
from digest.parting import Side
from digest.pruning import is_pruned
from digest.store.papers import Papers
from digest.store.tables import (
    decisions,
    letter_papers,
    letters,
    names,
    papers,
    prints,
    sightings,
    titles,
    told,
    wordings,
)

Row = dict[str, Any]

OF_A_PAPER = (names, titles, sightings, prints, wordings, letter_papers)
"""The tables that say what a paper has, by ``paper_id``."""

_PAPER = select(papers).where(papers.c.id == bindparam("paper"))
_DECISIONS = select(decisions).order_by(decisions.c.decided_at, decisions.c.one, decisions.c.other)
_FORGET = delete(decisions).where(
    decisions.c.one == bindparam("this"), decisions.c.other == bindparam("that")
)
_LETTER = select(letters.c.letter).where(letters.c.id == bindparam("letter"))


class Corrections(Papers):
    """What the operator puts right about papers."""

    def decisions(self) -> tuple[Decision, ...]:
        """Return what was decided, the latest last."""
        found = self._connection.execute(_DECISIONS).mappings()
        return tuple(Decision(**row) for row in found)

    def wordings(self, paper: int) -> tuple[Wording, ...]:
        """Return a paper as each source has it, who listed it first before the others."""
        since: dict[str, datetime] = {}
        for row in sorted(self._rows_of(sightings, paper), key=itemgetter("seen_at")):
            since.setdefault(row["source"], row["seen_at"])
        (known,) = self._known_by_id([paper])
        return tuple(sorted(known.as_listed(), key=lambda each: (since[each.source], each.key)))

    def names(self, paper: int) -> tuple[str, ...]:
        """Return the identifiers that a paper goes by."""
        return tuple(sorted(row["name"] for row in self._rows_of(names, paper)))

    def merge_papers(self, one: int, other: int, now: datetime) -> int:
        """Make one paper of two, remember it, and return its number: that of the first seen.

        Who had either has had it: what she was behind of hers, she is behind of the one.
        """
        keep, gone = sorted((self._paper(one), self._paper(other)), key=_age)
        ours, theirs = self._called(keep["id"]), self._called(gone["id"])
        revision = max(keep["revision"], gone["revision"])
        for each in (keep, gone):
            self._word(each)
            self._raise_revision(each, revision - each["revision"])
        for table in OF_A_PAPER:
            self._join(table, keep["id"], gone["id"])
        self._change_paper(
            keep["id"],
            paper=merge(keep["paper"], gone["paper"]),
            revision=revision,
            revised_at=max(filter(None, (keep["revised_at"], gone["revised_at"])), default=None),
        )
        self._connection.execute(delete(papers).where(papers.c.id == gone["id"]))
        pair = (keep["paper"].identifier, gone["paper"].identifier)
        self._decide(pair, ours, theirs, same=True, now=now)
        return int(keep["id"])

    def split_paper(self, paper: int, sides: tuple[Side, Side], now: datetime) -> int:
        """Make two papers of one, remember it, and return the new one's number.

        The second side's paper is new: it takes what its listings brought. A letter is whose
        name it tells, so that what a wrong merge hid was not sent yet.
        """
        one, other = sides
        whole = self._paper(paper)
        divided = {table: list(self._divided(table, paper, one, other)) for table in OF_A_PAPER}
        new = self._insert_like(whole, other)
        for table in OF_A_PAPER:
            self._forget(table, paper)
            self._run(insert(table), [ours for ours, _ in divided[table] if ours])
            rows = [theirs | {"paper_id": new} for _, theirs in divided[table] if theirs]
            self._run(insert(table), rows)
        for id_, side in ((paper, one), (new, other)):
            self._change_paper(id_, paper=own(side.paper, self.names(id_)))
            seen = [row["seen_at"] for row in self._rows_of(sightings, id_)]
            self._change_paper(id_, first_seen=min(seen, default=whole["first_seen"]))
        ours, theirs = self._called(paper) | one.identifiers, self._called(new) | other.identifiers
        self._decide(
            (one.name, other.name),
            ours - other.identifiers,
            theirs - one.identifiers,
            same=False,
            now=now,
        )
        return new

    def _decide(
        self,
        pair: tuple[str, str],
        ours: Collection[str],
        theirs: Collection[str],
        *,
        same: bool,
        now: datetime,
    ) -> None:
        """Remember a decision; what was decided before between the names of both is void."""
        for each in self.decisions():
            if (each.one in ours and each.other in theirs) or (
                each.one in theirs and each.other in ours
            ):
                self._connection.execute(_FORGET, {"this": each.one, "that": each.other})
        one, other = sorted(pair)
        row = {"one": one, "other": other, "same": same, "decided_at": now}
        self._put(decisions, [row], "same", "decided_at")

    # What a paper has

    def _paper(self, id_: int) -> Row:
        return dict(self._connection.execute(_PAPER, {"paper": id_}).mappings().one())

    def _change_paper(self, id_: int, **values: Any) -> None:
        self._connection.execute(update(papers).where(papers.c.id == id_).values(**values))

    def _insert_like(self, whole: Row, side: Side) -> int:
        row = {**whole, "paper": side.paper}
        row.pop("id")
        made = insert(papers).returning(papers.c.id)
        return int(self._connection.execute(made, row).scalar_one())

    def _rows_of(self, table: Table, id_: int) -> list[Row]:
        query = select(table).where(table.c.paper_id == id_)
        return [dict(row) for row in self._connection.execute(query).mappings()]

    def _forget(self, table: Table, *ids: int) -> None:
        self._connection.execute(delete(table).where(table.c.paper_id.in_(ids)))

    def _called(self, id_: int) -> frozenset[str]:
        """Return all that a paper goes by: identifiers, and ``title:…`` for each title."""
        called = {row["name"] for row in self._rows_of(names, id_)}
        return frozenset(
            called | {f"title:{row['title_key']}" for row in self._rows_of(titles, id_)}
        )

    # Two become one

    def _word(self, paper: Row) -> None:
        """Keep the paper as the wording of each source that has none, so that it can be split."""
        id_ = paper["id"]
        has = {row["source"] for row in self._rows_of(wordings, id_)}
        name = paper["paper"].identifier
        rows = [
            {"paper_id": id_, "source": row["source"], "name": name, "paper": paper["paper"]}
            for row in self._rows_of(prints, id_)
            if row["source"] not in has
        ]
        self._add(wordings, rows)

    def _raise_revision(self, paper: Row, by: int) -> None:
        """Raise what readers had of a paper, also by letters that only the journal knows."""
        hers = letter_papers.c.paper_id == paper["id"]
        raised = letter_papers.c.revision + by
        self._connection.execute(update(letter_papers).where(hers).values(revision=raised))
        hers = told.c.name.in_(sorted(self._called(paper["id"])))
        self._connection.execute(update(told).where(hers).values(revision=told.c.revision + by))

    def _join(self, table: Table, keep: int, gone: int) -> None:
        joined: dict[tuple[Any, ...], Row] = {}
        for row in (*self._rows_of(table, keep), *self._rows_of(table, gone)):
            ours = row | {"paper_id": keep}
            key = tuple(ours[column.name] for column in table.primary_key)
            joined[key] = _both(joined[key], ours) if key in joined else ours
        self._forget(table, keep, gone)
        self._run(insert(table), list(joined.values()))

    # One becomes two

    def _divided(
        self, table: Table, paper: int, one: Side, other: Side
    ) -> Iterator[tuple[Row | None, Row | None]]:
        """Yield each row of a paper for the first, the second, or both of the two."""
        for row in self._rows_of(table, paper):
            if table is letter_papers:
                ours, theirs = self._told(row["letter_id"], one, other)
            else:
                ours, theirs = _WHOSE[table](row, one, other)
            if table is prints and ours and theirs:
                yield _printed(row, one), _printed(row, other)
            else:
                yield row if ours else None, row if theirs else None

    def _told(self, letter_id: int, one: Side, other: Side) -> tuple[bool, bool]:
        """Say which of two papers a letter told, by the name that it told it under."""
        letter = self._connection.scalars(_LETTER, {"letter": letter_id}).one()
        if is_pruned(letter):  # Nobody knows any more: she is sent neither again.
            return True, True
        called = {*one.identifiers, *one.names, *other.identifiers, *other.names}
        told = called & {item.identifier for item in letter.items}
        whose = [_name({"name": name}, one, other) for name in told]
        theirs = any(theirs for _, theirs in whose)
        return not theirs or any(ours for ours, _ in whose), theirs


def _age(paper: Row) -> tuple[datetime, int]:
    return paper["first_seen"], paper["id"]


def _both(one: Row, other: Row) -> Row:
    """Return one row of two that say of one thing what it is to each of the two papers."""
    if "seen_at" in one:
        votes = [row["votes"] for row in (one, other) if row["votes"] is not None]
        news = one["news"] or other["news"]
        seen_at = min(one["seen_at"], other["seen_at"])
        return one | {"votes": max(votes, default=None), "news": news, "seen_at": seen_at}
    if "revision" in one:
        return one | {"revision": max(one["revision"], other["revision"])}
    return one


def _name(row: Row, one: Side, other: Side) -> tuple[bool, bool]:
    """Say whose a name is: who was given it, whose listing goes by it, or who alone bears it."""
    name = row["name"]
    if name in (one.name, other.name):
        theirs = name == other.name
    elif name in one.identifiers or name in other.identifiers:
        theirs = name not in one.identifiers
    else:
        theirs = name in other.names and name not in one.names
    return not theirs, theirs


def _title(row: Row, one: Side, other: Side) -> tuple[bool, bool]:
    return _shared(row["title_key"], one.titles, other.titles)


def _source(row: Row, one: Side, other: Side) -> tuple[bool, bool]:
    return _shared(row["source"], one.sources, other.sources)


def _wording(row: Row, _one: Side, other: Side) -> tuple[bool, bool]:
    theirs = Wording(source=row["source"], paper=row["paper"]) in other.wordings
    return not theirs, theirs


def _shared(value: str, ones: Collection[str], others: Collection[str]) -> tuple[bool, bool]:
    """Say whose a value is: what neither has stays with the first."""
    return value in ones or value not in others, value in others


_WHOSE: dict[Table, Callable[[Row, Side, Side], tuple[bool, bool]]] = {
    names: _name,
    titles: _title,
    sightings: _source,
    prints: _source,
    wordings: _wording,
}


def _printed(row: Row, side: Side) -> Row:
    """Return a source's print of one side, where it lists both."""
    *_, last = (each.paper for each in side.wordings if each.source == row["source"])
    return row | {"fingerprint": fingerprint(last)}
