"""Messages: a letter or another mail on its way, what a failure means, when to try again.

Pure: it never connects, stores or reads a clock.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal, Protocol

from msgspec import Struct

from digest.errors import DeliveryError, InDoubtError, PermanentDeliveryError
from digest.letters import Letter
from digest.subscribers import Subscriber

State = Literal["ready", "leased", "in_doubt", "sent", "failed"]

_FIRST_WAIT = timedelta(minutes=30)
_LONGEST_WAIT = timedelta(days=1)
_GIVE_UP = timedelta(days=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """A letter in all its forms. `subject` is one line; `html` a whole document."""

    subject: str
    preheader: str
    html: str
    text: str
    markdown: str


class Entry(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A letter as an archive lists it.

    `id` is a ``urn:uuid:`` that stays the same; `html` and `markdown` are names of files beside
    the list, "" for one that is gone; `content` is the HTML itself, for the newest few only.
    """

    id: str
    slot: date
    subject: str
    summary: str
    updated: datetime
    html: str = ""
    markdown: str = ""
    content: str = ""


class Pages(Protocol):
    """What makes an archive's own pages (its index, its feed) of its entries."""

    def __call__(self, entries: Sequence[Entry], base_url: str, /) -> Mapping[str, str]:
        """Return file names and texts. Entries come newest first; `base_url` may be ""."""


def no_pages(_entries: Sequence[Entry], _base_url: str) -> Mapping[str, str]:
    """Return no pages: an archive of letters alone."""
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """What is mailed and is no letter, such as an alarm: to an address, as text alone.

    `in_reply_to` is the Message-ID of a mail that this one goes with, or "".
    """

    recipient: str
    subject: str
    text: str
    made_at: datetime
    in_reply_to: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A letter or a mail, ready for an output. `message_id` stays the same over retries.

    `subscriber` is None for the public edition, and for a mail, which says by itself who gets it.
    `pages` makes an archive's index and feed.
    """

    key: str
    message_id: str
    content: Letter | Mail
    rendered: Rendered
    subscriber: Subscriber | None
    title: str
    reply_to: str = ""
    date: datetime
    pages: Pages = no_pages

    @property
    def recipient(self) -> tuple[str, str]:
        """Name and address of who gets it. Raises ValueError for the public edition."""
        if isinstance(self.content, Mail):
            return "", self.content.recipient
        if self.subscriber is None:
            raise ValueError("the public edition is not mailed")
        return self.subscriber.name, self.subscriber.email


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One letter or one mail to one output, as the outbox has it; the other of the two is None."""

    id: int
    key: str
    output: str
    letter: int | None = None
    mail: int | None = None
    state: State
    attempts: int
    message_id: str
    answer: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What becomes of a delivery that failed.

    `retry_at` is set where `state` is ``ready``. `suppress` says that nothing more should go to
    the address.
    """

    state: State
    answer: str
    retry_at: datetime | None = None
    suppress: bool = False


def as_rendered(mail: Mail) -> Rendered:
    """Return a mail in its forms: a subject and a text."""
    return Rendered(subject=mail.subject, preheader="", html="", text=mail.text, markdown=mail.text)


def outcome(error: DeliveryError, attempts: int, now: datetime) -> Outcome:
    """Return what becomes of a delivery after its `attempts`-th attempt failed."""
    answer = str(error)
    match error:
        case InDoubtError():
            return Outcome(state="in_doubt", answer=answer)
        case PermanentDeliveryError():
            return Outcome(state="failed", answer=answer, suppress=error.address_fault)
    again = retry_at(attempts, now)
    if again is None:
        tries = f"given up after {attempts} attempts; the last: {answer}"
        return Outcome(state="failed", answer=tries)
    return Outcome(state="ready", answer=answer, retry_at=again)


def retry_at(attempts: int, now: datetime) -> datetime | None:
    """Return when to try again after `attempts` attempts (1 or more); None means give up.

    The first wait is 30 minutes; each is twice the one before, a day at most; the last attempt
    comes four to five days after the first (RFC 5321, section 4.5.4.1).
    """
    waited = sum((_wait(attempt) for attempt in range(1, attempts)), timedelta())
    wait = _wait(attempts)
    return now + wait if waited + wait <= _GIVE_UP else None


def _wait(attempt: int) -> timedelta:
    doublings = min(max(attempt, 1) - 1, 10)
    return min(_FIRST_WAIT * (1 << doublings), _LONGEST_WAIT)
