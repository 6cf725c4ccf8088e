"""What a log may say: each event is a record of its own, so that nothing else can be said.

    event            level    fields
    run_began        info     steps, dry_run
    run_ended        info *   steps, seconds, outcome (ok, failed, stopped)
    source_read      info *   source, listed, new, revised, known, lost (days), errors, reason
    published        info     letters, silent (readers who get none)
    adopted          warning  letters (that went out after the store was copied)
    delivery         info *   delivery (its number), output, state, attempts, code, enhanced
    sending_stopped  error    reason
    alarm_on         warning  alarm
    alarm_over       info     alarm
    lock_held        warning  reason
    service_began    info     version
    service_ready    info
    service_ended    info
    waiting          info     until, steps
    trouble          warning  about (store, program, run), reason
    run_stuck        warning
    config_reloaded  info
    config_refused   error    reason
    metrics_served   info *   host, port, loopback
    stopped          error    kind (of error), reason, exit_code
    crashed          error    kind, reason, at (where in the program)
    library          warning  library, reason

Names and fields stay as they are. `*`: a warning where something went wrong, an error where it is
settled that it did. Every line of a run has its `run`.

A field is a number, a time, a state, a code, or what the operator calls a source, an output or
an alarm. Only `reason` is free text, which `scrub` goes through. There is no field for a reader:
her name may be an address, so a delivery is known by its number, as `digest letters` shows it;
and none for what a mail server answered beyond its codes, since it may quote her address.

Pure: it never writes, and knows no clock.
"""

from __future__ import annotations

import re
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from typing import Any, ClassVar, Literal, NamedTuple, Protocol

import msgspec
from msgspec import Struct

Level = Literal["info", "warning", "error"]

FREE = frozenset({"reason"})
"""The fields that hold free text."""

_CODE = re.compile(r"(?:^|: )(?P<code>[2-5]\d\d)(?:[ -](?P<enhanced>[245]\.\d{1,3}\.\d{1,3})\b|\b)")


class Event(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="event"):
    """Something that happened."""

    usual: ClassVar[Level] = "info"

    @property
    def level(self) -> Level:
        """How bad it is."""
        return self.usual

    @property
    def fields(self) -> dict[str, Any]:
        """Its name under ``event``, and its fields but for those that say nothing."""
        found: dict[str, Any] = msgspec.to_builtins(self)
        return found


class RunBegan(Event, frozen=True, tag="run_began"):
    """A run began."""

    steps: tuple[str, ...]
    dry_run: bool = False


class RunEnded(Event, frozen=True, tag="run_ended"):
    """A run ended, well or not."""

    steps: tuple[str, ...]
    seconds: float
    outcome: str

    @property
    def level(self) -> Level:
        """What failed has a line of its own, and is tried again."""
        return "info" if self.outcome == "ok" else "warning"


class SourceRead(Event, frozen=True, tag="source_read"):
    """A source was read, whole or not: listed = new + revised + known. `reason` is the first."""

    source: str
    listed: int
    new: int
    revised: int
    known: int
    lost: int = 0
    errors: int = 0
    reason: str = ""

    @property
    def level(self) -> Level:
        """What can't be read now may be later; a lost day can't."""
        if self.lost:
            return "error"
        return "warning" if self.errors else "info"


class LettersPublished(Event, frozen=True, tag="published"):
    """Letters were put in the outbox."""

    letters: int
    silent: int


class LettersAdopted(Event, frozen=True, tag="adopted"):
    """The store is older than what was sent; the journal beside it knew the rest."""

    usual: ClassVar[Level] = "warning"
    letters: int


class DeliveryTried(Event, frozen=True, tag="delivery"):
    """A delivery was tried. The codes are a mail server's; 0 and "" where there are none."""

    delivery: int
    output: str
    state: str
    attempts: int
    code: int = 0
    enhanced: str = ""

    @property
    def level(self) -> Level:
        """What is to be tried again is no more than a warning."""
        if self.state == "sent":
            return "info"
        return "warning" if self.state == "ready" else "error"


class SendingStopped(Event, frozen=True, tag="sending_stopped"):
    """Nothing more was sent, though more waits."""

    usual: ClassVar[Level] = "error"
    reason: str


class AlarmOn(Event, frozen=True, tag="alarm_on"):
    """Something is wrong that the operator is told of."""

    usual: ClassVar[Level] = "warning"
    alarm: str


class AlarmOver(Event, frozen=True, tag="alarm_over"):
    """It is over."""

    alarm: str


class LockHeld(Event, frozen=True, tag="lock_held"):
    """Another run is at work."""

    usual: ClassVar[Level] = "warning"
    reason: str


class ServiceBegan(Event, frozen=True, tag="service_began"):
    """The service was started."""

    version: str


class ServiceReady(Event, frozen=True, tag="service_ready"):
    """The service is at work."""


class ServiceEnded(Event, frozen=True, tag="service_ended"):
    """The service stops, and lets the run at work end."""


class Waiting(Event, frozen=True, tag="waiting"):
    """Nothing is to be done before then."""

    until: datetime
    steps: tuple[str, ...]


class Trouble(Event, frozen=True, tag="trouble"):
    """Something is in the service's way; said once, until it is over or another."""

    usual: ClassVar[Level] = "warning"
    about: str
    reason: str


class RunStuck(Event, frozen=True, tag="run_stuck"):
    """A run does nothing any more, and is told to stop."""

    usual: ClassVar[Level] = "warning"


class ConfigReloaded(Event, frozen=True, tag="config_reloaded"):
    """A changed config is in force."""


class ConfigRefused(Event, frozen=True, tag="config_refused"):
    """A changed config can't be used; the one before stays in force."""

    usual: ClassVar[Level] = "error"
    reason: str


class MetricsServed(Event, frozen=True, tag="metrics_served"):
    """Who may reach this host and port can read the metrics."""

    host: str
    port: int
    loopback: bool

    @property
    def level(self) -> Level:
        """Whoever reaches this machine may read what they say."""
        return "info" if self.loopback else "warning"


class Stopped(Event, frozen=True, tag="stopped"):
    """A command ended by an error that it knows."""

    usual: ClassVar[Level] = "error"
    kind: str
    reason: str
    exit_code: int


class Crashed(Event, frozen=True, tag="crashed"):
    """A fault of the program. `at` are the last calls, the innermost last."""

    usual: ClassVar[Level] = "error"
    kind: str
    reason: str
    at: tuple[str, ...]


class LibrarySaid(Event, frozen=True, tag="library"):
    """What a library warns of."""

    usual: ClassVar[Level] = "warning"
    library: str
    reason: str


class Log(Protocol):
    """Where events go. May be shared by threads."""

    def __call__(self, event: Event, /) -> None:
        """Say that something happened."""

    def about(self, run: str, /) -> AbstractContextManager[None]:
        """Name a run in each line while the block lasts, in this thread and those it starts.

        Threads of a pool need `contextvars.copy_context` for that.
        """


class Unlogged:
    """A log that nobody reads."""

    def __call__(self, event: Event, /) -> None:
        """Say nothing."""

    def about(self, run: str, /) -> AbstractContextManager[None]:
        """Name nothing."""
        del run
        return nullcontext()


UNLOGGED: Log = Unlogged()


class Codes(NamedTuple):
    """A mail server's codes: of its reply (RFC 5321), and of its meaning (RFC 3463)."""

    code: int = 0
    enhanced: str = ""


def codes(answer: str) -> Codes:
    """Return the codes in an output's answer, or in why it refused; nothing else of it."""
    found = _CODE.search(answer)
    return Codes(int(found["code"]), found["enhanced"] or "") if found else Codes()
