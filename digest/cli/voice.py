"""How a command says what it does: an account for people, or a log of events for who runs it.

    auto      for `once`, the journal if that is where standard error goes (systemd), else the
              account, which cron mails; for a service the journal, a console or JSON lines
    account   progress on a terminal, quiet lines elsewhere; it names readers
    console, json, journal   events, a line each, of which `log` and `scrub` tell

In a log, an error that ends a command is an event, too.
"""

from __future__ import annotations

import os
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TextIO, TypeVar

import click

from digest.cli.account import telling
from digest.errors import DigestError, LockHeldError
from digest.events import UNLOGGED, LockHeld, Log, Stopped

if TYPE_CHECKING:
    from digest.log import Kind, Logbook
    from digest.scrub import Hidden

F = TypeVar("F", bound=Callable[..., Any])

KINDS = ("auto", "account", "console", "json", "journal")
VARIABLE = "DIGEST_LOG"


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """Who hears how far a run is, and what happened. Without an `account`, there is a log.

    `hide` is told the text of the config, usable or not, before anything is said of it.
    """

    tell: Callable[[str], None] = lambda _: None
    log: Log = UNLOGGED
    account: bool = False
    hide: Callable[[str], None] = lambda _: None


def log_option(*kinds: str) -> Callable[[F], F]:
    """Return the option that says how to tell what happens."""
    return click.option(
        "--log",
        type=click.Choice(kinds),
        default="auto",
        envvar=VARIABLE,
        help=f"How to tell what happens; also ${VARIABLE}.",
    )


@contextmanager
def speaking(wanted: str) -> Iterator[Voice]:
    """Give a run its voice while the block lasts: an account unless a log is better."""
    kind = wanted if wanted != "auto" else "journal" if is_journal(sys.stderr) else "account"
    if kind == "account":
        with telling() as tell:
            yield Voice(tell=tell, account=True)
    else:
        with logging(kind) as log:
            yield Voice(log=log, hide=partial(hide, log))


def service_kind(wanted: str) -> Kind:
    """Return what kind of log a service keeps."""
    if wanted != "auto":
        return wanted  # type: ignore[return-value]  # The option knows the kinds.
    if is_journal(sys.stderr):
        return "journal"
    return "console" if sys.stderr.isatty() else "json"


@contextmanager
def logging(kind: str) -> Iterator[Logbook]:
    """Keep a log on standard error while the block lasts. An error that ends it is an event."""
    from digest.log import logging_to  # noqa: PLC0415 - only a log pays for it

    with ExitStack() as stack:
        log = stack.enter_context(logging_to(sys.stderr, kind, hidden("")))  # type: ignore[arg-type]  # The option knows the kinds.
        stack.push(partial(_ended, log))
        yield log


def hide(log: Logbook, text: str) -> None:
    """Keep a log free of what the text of a config, usable or not, says of readers."""
    log.hide(hidden(text))


def hidden(text: str) -> Hidden:
    """Return the secrets that are in force, and what the text of a config says of readers."""
    from digest.log import secrets_in_force  # noqa: PLC0415 - as above
    from digest.scrub import hidden_in  # noqa: PLC0415 - as above

    return hidden_in(_tables(text), secrets_in_force(os.environ))


def _tables(text: str) -> dict[str, Any]:
    """Return the tables of a config. Who decodes it says what is wrong with it."""
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError):
        return {}


def _ended(log: Log, _: object, error: BaseException | None, __: object) -> None:
    """Say by which error a command ended, and exit with its code."""
    match error:
        case LockHeldError():
            log(LockHeld(reason=str(error)))
        case DigestError():
            log(_stopped(error, error.exit_code))
        case OSError():
            log(_stopped(error, 1))
        case Exception() if not isinstance(error, click.exceptions.Exit | click.ClickException):
            from digest.log import crashed  # noqa: PLC0415 - as above

            log(crashed(error))
        case _:
            return
    sys.exit(getattr(error, "exit_code", 1))


def _stopped(error: Exception, code: int) -> Stopped:
    return Stopped(kind=type(error).__name__, reason=str(error), exit_code=code)


def is_journal(stream: TextIO, environment: Mapping[str, str] = os.environ) -> bool:
    """Say whether a stream goes to systemd's journal (systemd.exec(5) on $JOURNAL_STREAM)."""
    named = environment.get("JOURNAL_STREAM")
    if not named:
        return False
    try:
        status = os.fstat(stream.fileno())
    except (OSError, ValueError):  # It is no file, or is closed.
        return False
    return named == f"{status.st_dev}:{status.st_ino}"
