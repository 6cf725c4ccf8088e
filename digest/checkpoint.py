"""Checkpoints: a command of the operator's that copies the store elsewhere while letters are sent.

It is run before anything is sent, for each message just before it is handed over, and at the end
of a run. So the last copy knows, whenever this machine is gone, of all that left it but the one
message in flight, and has that one in doubt. It reads no store, and no shell reads the command.
"""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from typing import IO

from msgspec.structs import replace

from digest.errors import CheckpointError, ConfigError
from digest.report import Run

PATIENCE = 120.0
"""Seconds for one: a mail server waits for the final dot, five minutes at least (RFC 5321)."""

_END = 4096
"""How many bytes at the end of what a command said are read."""

Checkpoint = Callable[[], None]


def checkpoint(command: str, patience: float = PATIENCE) -> Checkpoint:
    """Return what runs a command. Raises ConfigError for one that has no words."""
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise ConfigError(f"--checkpoint `{command}`: {error}") from error
    if not words:
        raise ConfigError("--checkpoint: which command?")
    return lambda: _run(words, patience)


def ended(take: Callable[[], Run], last: Checkpoint) -> Run:
    """Take a run, and make the last checkpoint however it ends."""
    try:
        run = take()
    except BaseException:
        last()
        raise
    try:
        last()
    except CheckpointError as error:
        stopped = run.sent.stopped or f"{error}; the last copy is older than this run's end"
        return replace(run, sent=run.sent.but(stopped))
    return run


def _run(words: list[str], patience: float) -> None:
    """Run a command to its end. Raises CheckpointError unless it ends well, and in time."""
    with _output(words[0]) as said:
        try:
            # In a session of its own: what stops this run must not stop a copy half-way.
            process = subprocess.Popen(  # noqa: S603  The operator's own command, no shell.
                words, stdin=subprocess.DEVNULL, stdout=said, stderr=said, start_new_session=True
            )
        except OSError as error:
            raise CheckpointError(f"--checkpoint {words[0]}: {error.strerror}") from error
        code = _wait(process, patience)
        if code is None:
            raise CheckpointError(f"--checkpoint {words[0]}: did not end in {patience:g} seconds")
        if code:
            raise CheckpointError(f"--checkpoint {words[0]}: ended with {code}{_last(said)}")


def _output(name: str) -> IO[bytes]:
    """Return where a command says what it says."""
    try:
        return tempfile.TemporaryFile()
    except OSError as error:
        raise CheckpointError(f"--checkpoint {name}: {error.strerror}") from error


def _wait(process: subprocess.Popen[bytes], patience: float) -> int | None:
    """Return how a command ended, None if not in time; who is told to stop waits for it still."""
    until = time.monotonic() + patience
    stopped: KeyboardInterrupt | None = None
    code: int | None = None
    while code is None:
        try:
            code = process.wait(max(until - time.monotonic(), 0))
        except KeyboardInterrupt as error:
            stopped = error
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            break
    if stopped:
        raise stopped
    return code


def _last(said: IO[bytes]) -> str:
    """Return the last line that a command said."""
    said.seek(max(said.seek(0, os.SEEK_END) - _END, 0))
    lines = said.read().decode("utf-8", "replace").split("\n")
    line = next((each.strip() for each in reversed(lines) if each.strip()), "")
    return f": {line[:300]}" if line else ""
