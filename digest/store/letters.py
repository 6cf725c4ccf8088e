"""Letters: which were published to whom, with which papers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import (
    ColumnElement,
    and_,
    bindparam,
    delete,
    exists,
    func,
    insert,
    not_,
    select,
    union_all,
    update,
)

from digest.errors import StoreError
from digest.letters import Letter
from digest.store.outbox import said_too, waiting
from digest.store.statements import Statements
from digest.store.tables import Text, deliveries, letter_papers, letters
from digest.store.told import TOLD

_of_letter = deliveries.c.letter_id == letters.c.id
_failed = deliveries.c.state == "failed"


def _any_delivery(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(_of_letter, *conditions).correlate(letters)


STANDS = not_(and_(_any_delivery(), not_(_any_delivery(not_(_failed)))))
"""That a letter counts as hers. One whose every delivery failed never reached her."""

_hers = letters.c.subscriber == bindparam("subscriber")
_had = union_all(
    select(letter_papers.c.paper_id, letter_papers.c.revision)
    .join(letters, letters.c.id == letter_papers.c.letter_id)
    .where(_hers, STANDS),
    *TOLD,
).subquery()
_SENT = select(_had.c.paper_id, func.max(_had.c.revision)).group_by(_had.c.paper_id)
_LAST = (
    select(letters.c.slot, letters.c.made_at, letters.c.letter)
    .where(_hers, STANDS)
    .order_by(letters.c.slot.desc(), letters.c.id.desc())
    .limit(1)
)
_FIRST = select(func.min(letters.c.made_at)).where(_hers, STANDS)
_EDITIONS = (
    select(letters.c.edition, STANDS.label("stands"))
    .where(_hers, letters.c.slot == bindparam("slot"))
    .order_by(letters.c.edition.desc())
    .limit(1)
)
_BETWEEN = (
    select(letters.c.letter, STANDS.label("stands"))
    .where(letters.c.slot.between(bindparam("first"), bindparam("last")))
    .order_by(letters.c.slot, letters.c.id)
)
_SINCE = _hers & (letters.c.slot >= bindparam("since"))
_LETTER = select(letters.c.letter).where(letters.c.id == bindparam("letter_id"))
_EDITION = select(letters.c.letter, letters.c.edition).where(letters.c.id == bindparam("letter_id"))
_DELIVERIES = select(deliveries.c.key, deliveries.c.output, deliveries.c.state).where(
    deliveries.c.letter_id == bindparam("letter_id")
)
_SAY = (
    update(deliveries)
    .where(deliveries.c.letter_id == bindparam("its_letter"))
    .where(deliveries.c.output == bindparam("to"))
    .where(deliveries.c.state.in_(("in_doubt", "failed")))
    .values(answer=said_too(bindparam("said", type_=Text)))
)


class LastLetter(NamedTuple):
    """A reader's letter before: the day it was for, when it was made, and the letter itself."""

    day: date
    made_at: datetime
    letter: Letter


class PastLetter(NamedTuple):
    """A letter that was made, and whether it counts as sent: not every delivery has failed."""

    letter: Letter
    stands: bool


class Letters(Statements):
    """What is remembered of letters."""

    def sent(self, subscriber: str) -> dict[int, int]:
        """Return the papers in a reader's letters, each with the highest revision she got.

        A letter whose every delivery failed does not count; one still on its way does.
        """
        found = self._connection.execute(_SENT, {"subscriber": subscriber})
        return {paper: revision for paper, revision in found}  # noqa: C416  # Rows, not pairs.

    def last_letter(self, subscriber: str) -> LastLetter | None:
        """Return a reader's latest letter that did not fail wholly; None before her first."""
        found = self._connection.execute(_LAST, {"subscriber": subscriber}).first()
        return LastLetter(*found) if found else None

    def first_letter_at(self, subscriber: str) -> datetime | None:
        """Return when a reader's first letter that did not fail wholly was made, or None."""
        found: datetime | None = self._connection.scalar(_FIRST, {"subscriber": subscriber})
        return found

    def letters_between(self, first: date, last: date) -> tuple[PastLetter, ...]:
        """Return all letters for these days and those between, the earliest first."""
        found = self._connection.execute(_BETWEEN, {"first": first, "last": last})
        return tuple(PastLetter(letter, bool(stands)) for letter, stands in found)

    def forget_letters(self, subscriber: str, since: date) -> None:
        """Forget a reader's letters for a day and all later ones, so that they may be made again.

        It is for rehearsals: what was sent can't be called back.
        """
        those = {"subscriber": subscriber, "since": since}
        gone = select(letters.c.id).where(_SINCE)
        for table in (deliveries, letter_papers):
            self._connection.execute(delete(table).where(table.c.letter_id.in_(gone)), those)
        self._connection.execute(delete(letters).where(_SINCE), those)

    def letter(self, letter_id: int) -> Letter:
        """Return a letter. Raises StoreError where there is none of that number."""
        found = self._connection.scalars(_LETTER, {"letter_id": letter_id}).first()
        if found is None:
            raise StoreError(f"letter {letter_id}: there is none of that number")
        return found  # type: ignore[no-any-return]  # The column's decoder made a Letter.

    def publish(
        self,
        letter: Letter,
        papers: Sequence[tuple[int, int]],
        outputs: Sequence[tuple[str, str]],
        now: datetime,
    ) -> int | None:
        """Put a letter in the outbox and return its number; None where it is there already.

        `papers` are (number, revision), `outputs` (name, Message-ID). Where every delivery of
        the letter before for this slot failed, this one is a further edition, with keys of its
        own (``letter/2024-08-01/Ann/2``), so that what was repaired is sent.
        """
        edition = self._next_edition(letter)
        if not edition:
            return None
        letter_id = self._insert_letter(letter, edition)
        self._run(
            insert(letter_papers),
            [
                {"letter_id": letter_id, "paper_id": paper, "revision": revision}
                for paper, revision in dict(papers).items()
            ],
        )
        key = _key(letter, edition)
        self._run(
            insert(deliveries),
            [_row(letter_id, key, output, message, now) for output, message in outputs],
        )
        return letter_id

    def send_again(
        self,
        letter_id: int,
        outputs: Sequence[str],
        message_id: Callable[[str, str], str],
        now: datetime,
    ) -> tuple[str, ...]:
        """Put a letter in the outbox once more, under a key of its own; return what was added.

        An output that the letter still waits for is not added: it is sent once. What failed or
        was in doubt keeps its state, and its answer says that the letter was sent again.
        """
        before = self._connection.execute(_DELIVERIES, {"letter_id": letter_id}).all()
        still = {row.output for row in before if row.state in ("ready", "leased")}
        key = self._key_again(letter_id, [row.key for row in before])
        added = [output for output in outputs if output not in still]
        said = f"sent again on {now:%Y-%m-%d %H:%M} UTC as {key}"
        self._run(
            _SAY,
            [{"its_letter": letter_id, "to": output, "said": said} for output in added],
        )
        self._run(
            insert(deliveries),
            [_row(letter_id, key, each, message_id(key, each), now) for each in added],
        )
        return tuple(f"{key} by {output}" for output in added)

    def _key_again(self, letter_id: int, keys: Sequence[str]) -> str:
        """Return ``letter/<slot>/<subscriber>/again/<n>``, n counting from 1."""
        row = self._connection.execute(_EDITION, {"letter_id": letter_id}).one()
        stem = f"{_key(row.letter, row.edition)}/again/"
        return f"{stem}{1 + len({key for key in keys if key.startswith(stem)})}"

    def _next_edition(self, letter: Letter) -> int:
        """Return 1 for the first, one more after a failed one, 0 where one stands."""
        parameters = {"subscriber": letter.subscriber, "slot": letter.slot}
        before = self._connection.execute(_EDITIONS, parameters).first()
        if before is None:
            return 1
        return 0 if before.stands else before.edition + 1

    def _insert_letter(self, letter: Letter, edition: int) -> int:
        row = {
            "slot": letter.slot,
            "subscriber": letter.subscriber,
            "edition": edition,
            "made_at": letter.made_at,
            "letter": letter,
        }
        made = insert(letters).returning(letters.c.id)
        return int(self._connection.execute(made, row).scalar_one())


def _key(letter: Letter, edition: int) -> str:
    return letter.key if edition == 1 else f"{letter.key}/{edition}"


def _row(letter_id: int, key: str, output: str, message: str, now: datetime) -> dict[str, object]:
    return {**waiting(key, output, message, now), "letter_id": letter_id}
