"""The outbox: what is to be sent, who is sending it, and what became of it.

A delivery is ready until someone claims it; then it is leased until it is marked, given back,
or its lease ends. A sender marks it in doubt before it hands the message over, so that one who
dies in that moment leaves it in doubt and not ready: it is never sent twice without being told
to. Each claim raises the fence, so that a sender who was too slow cannot mark what is another's.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Any, Literal

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Connection,
    Integer,
    Result,
    bindparam,
    case,
    func,
    not_,
    or_,
    select,
    update,
)

from digest.errors import StoreError
from digest.messages import Delivery, State
from digest.store.statements import Statements, chunks
from digest.store.tables import Text, Utc, deliveries

_c = deliveries.c
_COLUMNS = (
    _c.id,
    _c.key,
    _c.output,
    _c.letter_id.label("letter"),
    _c.mail_id.label("mail"),
    _c.state,
    _c.attempts,
    _c.message_id,
    _c.answer,
    _c.owner,
    _c.fence,
    _c.not_before,
    _c.claimed_at,
    _c.sent_at,
)
_now = bindparam("now", type_=Utc)
_me = bindparam("me", type_=Text)
_letter = bindparam("letter", type_=Integer)
_no_letters = bindparam("no_letters", type_=Boolean)
_EXPIRE = (
    update(deliveries)
    .where(_c.state == "leased", _c.lease_until <= _now)
    .values(state="ready", owner="", lease_until=None)
)
_due = (
    select(_c.id)
    .where(
        _c.state == "ready",
        or_(_c.not_before <= _now, bindparam("impatient", type_=Boolean) & (_c.owner != _me)),
        or_(_letter.is_(None), _c.letter_id == _letter),
        or_(not_(_no_letters), _c.letter_id.is_(None)),
    )
    .order_by(_c.id)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
    .cte("due")  # PostgreSQL may run a subquery of `in` more than once, and claim too many.
)
_CLAIM = (
    update(deliveries)
    .where(_c.id.in_(select(_due.c.id)))
    .values(
        state="leased",
        owner=_me,
        fence=_c.fence + 1,
        attempts=_c.attempts + 1,
        lease_until=bindparam("until", type_=Utc),
        claimed_at=_now,
    )
    .returning(*_COLUMNS)
)
_MARK = update(deliveries).where(
    _c.id == bindparam("delivery"),
    _c.owner == _me,
    _c.fence == bindparam("its_fence"),
    _c.state.in_(("leased", "in_doubt")),
)
_GIVE_BACK = (
    update(deliveries)
    .where(_c.state == "leased", _c.owner == _me)
    .values(state="ready", owner="", lease_until=None, attempts=_c.attempts - 1)
)


def said_too(text: ColumnElement[str]) -> ColumnElement[str]:
    """Return a delivery's answer with what is said of it besides; who died left none."""
    return case((_c.answer == "", text), else_=_c.answer + "; " + text)


_SETTLE = (
    update(deliveries)
    .where(_c.letter_id == bindparam("its_letter"), _c.state == "in_doubt")
    .values(answer=said_too(bindparam("said", type_=Text)))
    .returning(_c.id)
)
_ABANDONED = select(*_COLUMNS).where(_c.state == "in_doubt", _c.answer == "").order_by(_c.id)
_WAITING = select(
    func.count(case((_c.not_before <= _now, 1))).label("due"),
    func.count().label("all"),
    func.min(_c.not_before).label("next_at"),
).where(_c.state == "ready")
_LEASED_UNTIL = select(func.min(_c.lease_until)).where(_c.state == "leased")
_COUNTS = select(_c.state, func.count()).group_by(_c.state)
_OF_LETTER = select(*_COLUMNS).where(_c.letter_id == bindparam("its_letter")).order_by(_c.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackedDelivery(Delivery):
    """A delivery with what the outbox alone knows: whose it is, and its times.

    `attempts` counts the one under way. `owner` and `fence` prove a claim.
    """

    owner: str
    fence: int
    not_before: datetime
    claimed_at: datetime | None
    sent_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """How many deliveries wait: those that are due now, and all with those that wait to retry.

    `next_at` is when the first of them is due, or the first lease ends; None where there is none.
    """

    due: int
    all: int
    next_at: datetime | None


class Outbox(Statements):
    """What is to be sent."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self.went_out: list[int] = []
        """The deliveries of letters that it marked as sent, or as in doubt for good."""

    def claim(
        self,
        owner: str,
        now: datetime,
        limit: int,
        lease: timedelta,
        *,
        impatient: bool = False,
        letter: int | None = None,
        no_letters: bool = False,
    ) -> tuple[TrackedDelivery, ...]:
        """Take up to `limit` deliveries that are due, for as long as the lease.

        They are all, or one letter's, or with `no_letters` those of mails that are none.

        With `impatient`, those that are to wait are due as well, save those that this owner
        made wait: else it would try them for ever.
        """
        self._connection.execute(_EXPIRE, {"now": now})
        parameters = {"me": owner, "now": now, "until": now + lease, "most": limit}
        whose = {"impatient": impatient, "letter": letter, "no_letters": no_letters}
        found = self._connection.execute(_CLAIM, {**parameters, **whose})
        return _tracked(found)

    def mark_in_doubt(self, delivery: TrackedDelivery, answer: str = "") -> None:
        """Say that it may have been sent, which only `mark_sent`, `retry` or `fail` take back.

        Raises StoreError, as they do, where it is not this claim's any more.
        """
        self._mark(delivery, "in_doubt", answer=answer, lease_until=None)
        if answer:
            self._note(delivery)

    def mark_sent(self, delivery: TrackedDelivery, answer: str, now: datetime) -> None:
        """Say that the output took it."""
        self._mark(delivery, "sent", answer=answer, sent_at=now, lease_until=None)
        self._note(delivery)

    def take_back(self, delivery: TrackedDelivery) -> None:
        """Say that it did not leave, and was not even tried."""
        self._mark(delivery, "ready", owner="", attempts=_c.attempts - 1, lease_until=None)

    def retry(self, delivery: TrackedDelivery, answer: str, not_before: datetime) -> None:
        """Say that the output may take it later."""
        self._mark(delivery, "ready", answer=answer, not_before=not_before, lease_until=None)

    def fail(self, delivery: TrackedDelivery, answer: str) -> None:
        """Say that the output will never take it."""
        self._mark(delivery, "failed", answer=answer, lease_until=None)

    def abandoned(self) -> tuple[TrackedDelivery, ...]:
        """Return what is in doubt though nobody said why: whoever sent it died meanwhile.

        Ask it as the only sender there is; give each an answer by `mark_in_doubt`.
        """
        return _tracked(self._connection.execute(_ABANDONED))

    def settle(self, letter_id: int, state: Literal["sent", "failed"], now: datetime) -> int:
        """Say what became of a letter's deliveries that were in doubt; return how many were."""
        said = f"said to be {state} on {now:%Y-%m-%d %H:%M} UTC"
        done = self._connection.scalars(
            _SETTLE.values(state=state, sent_at=now if state == "sent" else None),
            {"its_letter": letter_id, "said": said},
        ).all()
        if state == "sent":
            self.went_out += done
        return len(done)

    def give_back(self, owner: str) -> int:
        """Make what an owner claimed and did not try ready again; return how many."""
        return self._connection.execute(_GIVE_BACK, {"me": owner}).rowcount

    def waiting(self, now: datetime) -> Waiting:
        """Return how much waits to be sent; it is cheap to ask."""
        ready = self._connection.execute(_WAITING, {"now": now}).one()
        leased = self._connection.execute(_LEASED_UNTIL).scalar_one()
        moments = [each for each in (ready.next_at, leased) if each]
        return Waiting(due=ready.due, all=ready.all, next_at=min(moments, default=None))

    def counts(self, ids: Collection[int] | None = None) -> dict[State, int]:
        """Return how many deliveries are in each state, of these or of all."""
        if ids is None:
            return {state: number for state, number in self._connection.execute(_COUNTS)}  # noqa: C416  # Rows, not pairs.
        total: dict[State, int] = {}
        for chunk in chunks(sorted(set(ids))):
            for state, number in self._connection.execute(_COUNTS.where(_c.id.in_(chunk))):
                total[state] = total.get(state, 0) + number
        return total

    def deliveries(self, letter_id: int) -> tuple[TrackedDelivery, ...]:
        """Return a letter's deliveries."""
        return _tracked(self._connection.execute(_OF_LETTER, {"its_letter": letter_id}))

    def _note(self, delivery: TrackedDelivery) -> None:
        """Note that a letter went out; the journal is of no other mails."""
        if delivery.letter is not None:
            self.went_out.append(delivery.id)

    def _mark(self, delivery: TrackedDelivery, state: State, **values: Any) -> None:
        claim = {"delivery": delivery.id, "me": delivery.owner, "its_fence": delivery.fence}
        done = self._connection.execute(_MARK.values(state=state, **values), claim)
        if done.rowcount != 1:
            raise StoreError(
                f"{delivery.key} to {delivery.output}: its lease ended or it was settled before "
                f"it could be marked {state}; see what the outbox says of it now"
            )


def waiting(key: str, output: str, message_id: str, now: datetime) -> dict[str, object]:
    """Return a row of the outbox that is ready from now on; what it is of is to be added."""
    return {
        "key": key,
        "output": output,
        "state": "ready",
        "attempts": 0,
        "not_before": now,
        "owner": "",
        "fence": 0,
        "message_id": message_id,
        "answer": "",
    }


def _tracked(found: Result[Any]) -> tuple[TrackedDelivery, ...]:
    rows = sorted(found.mappings(), key=itemgetter("id"))
    return tuple(TrackedDelivery(**row) for row in rows)
