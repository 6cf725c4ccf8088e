"""Sending: one file per kind of output.

    preview     Markdown to a stream and HTML to a file, to look at
    directory   Markdown and HTML files by date, an index page and an Atom feed
    smtp        mail to a relay
    sendmail    mail by a command

`shelf` keeps the folders that `directory` writes, `files` writes one file, `relay` speaks SMTP.

An output takes a finished message: a letter, or a mail that is none, which a folder refuses.
It never chooses, renders or retries.

To add one: a file here with a frozen struct that has `kind` as its tag, a `name` that is its
kind unless set, `within()` for its relative paths, and the methods of `Output`; its name in the
union that the config decodes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from digest.messages import Message
from digest.subscribers import Subscriber


class Output(Protocol):
    """Somewhere letters go. Several threads may deliver by one output at a time."""

    @property
    def name(self) -> str:
        """What subscribers and the report call it; its kind unless set."""

    def reaches(self, subscriber: Subscriber | None) -> bool:
        """Say whether it can reach a reader; None means the public."""

    def deliver(self, message: Message, commit: Callable[[], None]) -> str:
        """Deliver one message and return what was answered.

        `commit` is called once, just before the point after which nobody can say whether a
        lost connection lost the message; an output that may repeat itself without harm (a
        folder of files) never calls it. Raises Temporary-, PermanentDeliveryError or
        InDoubtError; the first two stand for a known failure even after `commit`.
        """

    def check(self) -> str:
        """Try everything but sending and return what was found. Raises DeliveryError."""

    def close(self) -> None:
        """Let go of connections."""
