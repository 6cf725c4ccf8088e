"""What the journal tells: letters that went out and that this copy of the store does not have.

They count as sent, without their papers' texts. The papers are remembered by name, since the
store may meet them only later.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from itertools import groupby
from typing import Any

from sqlalchemy import bindparam, func, insert, literal, not_, or_, select, union_all, update

from digest.letters import Letter, Receipt
from digest.store.journal import Line
from digest.store.statements import Statements
from digest.store.tables import Text, deliveries, letter_papers, letters, names, titles, told

_TITLE = "title:"

BEFORE = "sent before this copy of the store was put back"

_OF_LETTER = letter_papers.c.letter_id == bindparam("letter_id")
_unnamed = not_(select(names.c.name).where(names.c.paper_id == letter_papers.c.paper_id).exists())
_PAPERS = union_all(
    select(names.c.name.label("name"), letter_papers.c.revision)
    .join(letter_papers, letter_papers.c.paper_id == names.c.paper_id)
    .where(_OF_LETTER),
    select((literal(_TITLE) + titles.c.title_key).label("name"), letter_papers.c.revision)
    .join(letter_papers, letter_papers.c.paper_id == titles.c.paper_id)
    .where(_OF_LETTER, _unnamed),
).order_by("name")
_LETTERS = select(letters.c.id, letters.c.subscriber, letters.c.slot, letters.c.made_at).where(
    letters.c.slot >= bindparam("since")
)
_EDITION = select(func.max(letters.c.edition)).where(
    letters.c.subscriber == bindparam("subscriber"), letters.c.slot == bindparam("slot")
)
_WENT_OUT = (
    select(deliveries.c.id)
    .where(
        deliveries.c.letter_id.is_not(None),
        or_(
            deliveries.c.state == "sent",
            (deliveries.c.state == "in_doubt") & (deliveries.c.answer != ""),
        ),
    )
    .order_by(deliveries.c.letter_id, deliveries.c.id)
)
_DELIVERY = (
    select(letters.c.id, letters.c.letter, deliveries.c.key, deliveries.c.output)
    .join(letters, letters.c.id == deliveries.c.letter_id)
    .where(deliveries.c.id == bindparam("delivery"))
)
_key_length = func.length(deliveries.c.key)
_its_key_length = func.length(bindparam("its_key", type_=Text))
_not_later = or_(
    _key_length < _its_key_length,
    (_key_length == _its_key_length) & (deliveries.c.key <= bindparam("its_key", type_=Text)),
)
_waits = or_(deliveries.c.state == "ready", deliveries.c.state == "leased")
_WAITING = select(deliveries.c.letter_id).where(_waits)
_SETTLE = (
    update(deliveries)
    .where(
        deliveries.c.letter_id == bindparam("its_letter"),
        deliveries.c.output == bindparam("its_output"),
        _waits,
        _not_later,  # What was sent again since counts for itself: its key is a later one.
    )
    .values(state="sent", answer=BEFORE)
)
_hers = told.c.subscriber == bindparam("subscriber")
TOLD = (
    select(names.c.paper_id, told.c.revision).join(names, names.c.name == told.c.name).where(_hers),
    select(titles.c.paper_id, told.c.revision)
    .join(titles, titles.c.title_key == func.substr(told.c.name, len(_TITLE) + 1))
    .where(_hers, told.c.name.startswith(_TITLE, autoescape=True)),
)
"""The papers that a reader was told by letters that only the journal knows."""


class Told(Statements):
    """What is remembered of letters that only the journal knows."""

    def lines(self, went_out: Iterable[int]) -> tuple[Line, ...]:
        """Return what the journal is to say of letters' deliveries."""
        return tuple(self._line(delivery) for delivery in went_out)

    def all_lines(self) -> tuple[Line, ...]:
        """Return what the journal is to say of all that went out, oldest first."""
        return self.lines(self._connection.scalars(_WENT_OUT).all())

    def adopt(self, lines: Sequence[Line]) -> int:
        """Take over the letters that this store does not have, and return how many they are.

        What it has, but would send again, counts as sent from now on.
        """
        had = self._had(min((each.slot for each in lines), default=None))
        waiting = set(self._connection.scalars(_WAITING))
        taken = 0
        for key, group in groupby(sorted(lines, key=_key), key=_key):
            several = list(group)
            if (letter := had.get(key)) is None:
                self._take(several[0])
                taken += 1
            elif letter in waiting:
                self._settle(letter, several)
        return taken

    def unknown(self, lines: Sequence[Line]) -> int:
        """Return how many letters lines tell of that this store does not have."""
        had = self._had(min((each.slot for each in lines), default=None))
        return len({_key(each) for each in lines} - had.keys())

    def _had(self, since: date | None) -> dict[tuple[datetime, str, date], int]:
        if since is None:
            return {}
        found = self._connection.execute(_LETTERS, {"since": since})
        return {(made_at, subscriber, slot): id_ for id_, subscriber, slot, made_at in found}

    def _take(self, line: Line) -> None:
        hers = {"subscriber": line.subscriber, "slot": line.slot}
        edition = (self._connection.scalar(_EDITION, hers) or 0) + 1
        row = {**hers, "edition": edition, "made_at": line.made_at, "letter": _letter(line)}
        self._run(insert(letters), [row])
        rows: list[dict[str, Any]] = [
            {"subscriber": line.subscriber, "name": name, "revision": revision}
            for name, revision in line.papers
        ]
        self._put(told, rows, "revision")

    def _settle(self, letter: int, lines: Sequence[Line]) -> None:
        rows = [
            {"its_letter": letter, "its_output": each.output, "its_key": each.key} for each in lines
        ]
        self._run(_SETTLE, rows)

    def _line(self, delivery: int) -> Line:
        its = self._connection.execute(_DELIVERY, {"delivery": delivery}).one()
        letter: Letter = its.letter
        found = self._connection.execute(_PAPERS, {"letter_id": its.id})
        return Line(
            key=its.key,
            subscriber=letter.subscriber,
            slot=letter.slot,
            made_at=letter.made_at,
            title=letter.title,
            output=its.output,
            keywords=letter.keywords,
            papers=tuple((name, revision) for name, revision in found),
        )


def _key(line: Line) -> tuple[datetime, str, date]:
    return line.made_at, line.subscriber, line.slot


def _letter(line: Line) -> Letter:
    return Letter(
        slot=line.slot,
        made_at=line.made_at,
        subscriber=line.subscriber,
        title=line.title,
        items=(),
        receipt=Receipt(read=0, sources=()),
        keywords=line.keywords,
    )
