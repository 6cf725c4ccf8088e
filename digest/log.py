"""The log: events, a line each, as people, programs or systemd's journal read them.

    console   aligned and coloured, for a terminal
    json      an object a line, with its `timestamp`
    journal   a priority as sd-daemon(3) has it (``<6>``), then `key=value`; journald adds the time

What libraries say (by `logging` or `warnings`), and faults that nobody met, become events, too.
Each line goes through `scrub` last. It never says what `events` has no field for, and a log that
cannot be written stops nothing. Alone in knowing structlog, which is imported with it: 0.1 s.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import traceback
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, Literal, TextIO, get_args

import msgspec
import structlog
from structlog.contextvars import bound_contextvars, merge_contextvars
from structlog.typing import EventDict, Processor, WrappedLogger

from digest.events import FREE, Crashed, Event, LibrarySaid
from digest.scrub import LEAST_SECRET, Hidden, Scrubber

Kind = Literal["console", "json", "journal"]
KINDS: tuple[Kind, ...] = get_args(Kind)

_PRIORITIES = {"info": 6, "warning": 4, "error": 3}
_FIRST = ("timestamp", "level", "event", "run")
_CALLS = 8
"""How many of the calls that led to a fault are told."""


class Logbook:
    """A log that is written to a stream. May be shared by threads."""

    def __init__(self, stream: TextIO, kind: Kind, hidden: Hidden) -> None:
        self._stream = stream
        self._hidden = hidden
        self._scrubber = Scrubber(hidden)
        self._logger = structlog.wrap_logger(
            structlog.PrintLogger(stream),
            processors=[merge_contextvars, *_before(kind), self._scrubbed, _renderer(kind, stream)],
            wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        )

    def __call__(self, event: Event, /) -> None:
        """Write a line. A log that cannot be written is no reason to send no letters."""
        fields = event.fields
        try:
            getattr(self._logger, event.level)(fields.pop("event"), **fields)
        except BrokenPipeError:
            _lead_nowhere(self._stream)
        except (OSError, ValueError):  # ValueError: the stream is closed.
            return

    def about(self, run: str, /) -> AbstractContextManager[None]:
        """Name a run in each line while the block lasts."""
        return bound_contextvars(run=run)

    def hide(self, hidden: Hidden) -> None:
        """Hide more, such as what another config says; what was hidden before stays so."""
        self._hidden |= hidden
        self._scrubber = Scrubber(self._hidden)

    def _scrubbed(self, _: WrappedLogger, __: str, event: EventDict) -> EventDict:
        first = [name for name in _FIRST if name in event]
        return {name: self._fit(name, event[name]) for name in dict.fromkeys([*first, *event])}

    def _fit(self, name: str, value: Any) -> Any:
        match value:
            case str():
                return self._scrubber.text(value) if name in FREE else self._scrubber.name(value)
            case list() | tuple():
                return " ".join(self._scrubber.name(str(each)) for each in value)
            case _:
                return value


def _lead_nowhere(stream: TextIO) -> None:
    """Let what nobody reads any more be thrown away: at the end, Python would fail to write it."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def _before(kind: Kind) -> tuple[Processor, ...]:
    if kind == "journal":
        return (structlog.processors.add_log_level,)
    return (structlog.processors.add_log_level, structlog.processors.TimeStamper("iso", utc=True))


def _renderer(kind: Kind, stream: TextIO) -> Processor:
    match kind:
        case "json":
            return structlog.processors.JSONRenderer(serializer=_json, sort_keys=False)
        case "journal":
            return _Prioritised()
        case "console":
            return structlog.dev.ConsoleRenderer(colors=stream.isatty(), sort_keys=False)


def _json(value: Any, **_: Any) -> str:
    return msgspec.json.encode(value).decode()


class _Prioritised:
    """Writes a priority, the event, and the rest as logfmt has it."""

    def __init__(self) -> None:
        self._logfmt = structlog.processors.LogfmtRenderer()

    def __call__(self, logger: WrappedLogger, name: str, event: EventDict) -> str:
        level, said = _PRIORITIES[event.pop("level")], event.pop("event")
        rest = self._logfmt(logger, name, event)
        return f"<{level}>{said} {rest}".rstrip()


@contextmanager
def logging_to(stream: TextIO, kind: Kind, hidden: Hidden) -> Iterator[Logbook]:
    """Keep a log while the block lasts, also of what libraries say in it."""
    log = Logbook(stream, kind, hidden)
    with ExitStack() as stack:
        _hear_libraries(log, stack)
        _hear_threads(log, stack)
        yield log


def _hear_libraries(log: Logbook, stack: ExitStack) -> None:
    root, handler = logging.getLogger(), _Libraries(log)
    before = root.handlers[:]
    root.handlers[:] = [handler]
    stack.callback(root.handlers.__setitem__, slice(None), before)
    logging.captureWarnings(capture=True)
    stack.callback(logging.captureWarnings, capture=False)


def _hear_threads(log: Logbook, stack: ExitStack) -> None:
    before = threading.excepthook, sys.unraisablehook

    def forget() -> None:
        threading.excepthook, sys.unraisablehook = before

    stack.callback(forget)
    threading.excepthook = lambda met: log(crashed(met.exc_value or met.exc_type()))
    sys.unraisablehook = lambda met: log(crashed(met.exc_value or met.exc_type()))


def crashed(error: BaseException) -> Crashed:
    """Return a fault of the program as an event: where it was met, without any values."""
    calls = traceback.extract_tb(error.__traceback__)[-_CALLS:]
    at = tuple(f"{Path(each.filename).name}:{each.lineno}:{each.name}" for each in calls)
    return Crashed(kind=type(error).__name__, reason=str(error), at=at)


class _Libraries(logging.Handler):
    """Makes events of what libraries log."""

    def __init__(self, log: Logbook) -> None:
        super().__init__(logging.WARNING)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        """Say what a library said; a fault that it met is one of the program."""
        self._log(LibrarySaid(library=record.name, reason=record.getMessage()))
        if record.exc_info and record.exc_info[1]:
            self._log(crashed(record.exc_info[1]))


def secrets_in_force(environment: Mapping[str, str]) -> Iterator[str]:
    """Yield the values of secrets that this process was given, line by line."""
    for name, value in environment.items():
        if name.startswith("DIGEST_") and name not in NO_SECRETS:
            yield from _lines(value)
    folder = environment.get("CREDENTIALS_DIRECTORY")
    for path in sorted(Path(folder).iterdir()) if folder and Path(folder).is_dir() else ():
        with suppress(OSError):  # Who needs it says that it cannot be read.
            yield from _lines(path.read_text(encoding="utf-8", errors="replace"))


NO_SECRETS = frozenset({"DIGEST_CONFIG", "DIGEST_LOG"})
"""Variables that are not secret; whatever else is called ``DIGEST_…`` is."""


def _lines(text: str) -> Iterator[str]:
    return (line.strip() for line in text.splitlines() if len(line.strip()) >= LEAST_SECRET)
