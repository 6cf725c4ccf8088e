"""Mail by a command: sendmail, or what takes its place (Postfix, Exim, msmtp …).

It never runs a shell, and never lets an address be read as an option.
"""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Callable
from typing import Self

from msgspec import Struct
from msgspec.structs import force_setattr, replace

from digest.errors import PermanentDeliveryError, TemporaryDeliveryError
from digest.mail import split_sender
from digest.messages import Message
from digest.outputs.files import located
from digest.outputs.limits import check_seconds
from digest.subscribers import Subscriber


class Sendmail(
    Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    tag="sendmail",
):
    """An ``[[outputs]]`` of kind ``sendmail``. `timeout` is in seconds."""

    sender: str
    command: str | tuple[str, ...] = "/usr/sbin/sendmail -oi"
    reply_to: str = ""
    timeout: float = 120.0
    name: str = ""

    def __post_init__(self) -> None:
        """Refuse what cannot be run, and addresses that could be read as options."""
        if not self.words:
            raise ValueError("`command` must name a program")
        if any("\0" in word for word in self.words):
            raise ValueError("`command` must not have control codes in it")
        check_seconds("timeout", self.timeout)
        if split_sender(self.sender)[1].startswith("-"):
            raise ValueError("`sender` must not have an address that begins with `-`")
        split_sender(self.reply_to or self.sender)
        force_setattr(self, "name", self.name or "sendmail")

    @property
    def words(self) -> tuple[str, ...]:
        """The command and its arguments."""
        command = self.command
        return tuple(shlex.split(command)) if isinstance(command, str) else command

    def within(self, folder: str) -> Self:
        """Return this output with a program that is named by a path relative to the config's."""
        program, *arguments = self.words
        if os.sep not in program:
            return self
        return replace(self, command=(located(folder, program), *arguments))

    def reaches(self, subscriber: Subscriber | None) -> bool:
        """Say whether the reader has an address; the public edition is not mailed."""
        return subscriber is not None and bool(subscriber.email)

    def deliver(self, message: Message, commit: Callable[[], None]) -> str:
        """Hand one message to the command; return what it said."""
        from digest.outputs.command import run  # noqa: PLC0415  Only what mails pays for it.
        from digest.outputs.envelopes import mailed  # noqa: PLC0415  As above.

        envelope = mailed(message, self.sender, self.reply_to)
        if envelope.recipient.startswith("-"):
            raise PermanentDeliveryError(
                f"`{envelope.recipient}` begins with `-`, as options do", address_fault=True
            )
        words = (*self.words, "-f", envelope.sender, "--", envelope.recipient)
        return run(words, envelope.data.replace(b"\r\n", b"\n"), self.timeout, commit)

    def check(self) -> str:
        """Look whether the command is there and may be run."""
        program = self.words[0]
        if found := shutil.which(program):
            return f"{found}: can be run"
        raise TemporaryDeliveryError(
            f"{program}: not there, or not executable; install a mail server or set `command`"
        )

    def close(self) -> None:
        """Nothing is held open."""
