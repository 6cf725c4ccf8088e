"""Messages: a rendered letter on its way, what a failure means, and when to try again.

Pure: it never connects, stores or reads a clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from digest.letters import Letter
from digest.subscribers import Subscriber

State = Literal["ready", "leased", "in_doubt", "sent", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """A letter in all its forms. `subject` is one line; `html` a whole document."""

    subject: str
    preheader: str
    html: str
    text: str
    markdown: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A letter, ready for an output. `message_id` stays the same over retries.

    `subscriber` is None for the public edition.
    """

    key: str
    message_id: str
    letter: Letter
    rendered: Rendered
    subscriber: Subscriber | None
    title: str
    reply_to: str = ""
    date: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One letter to one output, as the outbox has it."""

    id: int
    key: str
    output: str
    letter: int
    state: State
    attempts: int
    message_id: str
    answer: str = ""
