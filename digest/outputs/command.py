"""Running a sendmail command: the message on its input, and what its exit code means.

The end of the input is to a command what the final dot is to a server: before it nothing was
taken; after it an exit code is an answer, and a command that was killed or that does not end
leaves the message in doubt.

Exit codes are those of sysexits.h, as Sendmail's and Postfix's own tables of them have it:

    65 EX_DATAERR   5.6.0, the message or its address was refused    permanent
    67 EX_NOUSER    5.1.1, no such user                              permanent, the address's fault
    69 to 76        the service, the system, input and output, "try again"      temporary
    64, 66, 68, 77, 78, 126, 127 and all others                                 temporary

Those tables call 64 EX_USAGE, 77 EX_NOPERM and 78 EX_CONFIG permanent, too. Here they are
faults of our settings, which throw no letter away; so is 68 EX_NOHOST, which msmtp gives when
the relay's own name is not found.
"""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Timer
from typing import IO

from digest.errors import InDoubtError, PermanentDeliveryError, TemporaryDeliveryError

_DATA_ERROR = 65
_NO_USER = 67


def run(words: tuple[str, ...], data: bytes, timeout: float, commit: Callable[[], None]) -> str:
    """Give a command a message and return what it said.

    `timeout` is in seconds, for the input and again for the answer. `commit` is called just
    before the input ends.
    """
    with tempfile.TemporaryFile() as said, _started(words, said) as process:
        whole = _write(process, data, timeout)
        if whole:
            commit()
            _end_input(process)
        try:
            code = process.wait(timeout)
        except subprocess.TimeoutExpired as error:
            raise _unknown(whole, f"{words[0]}: did not end in {timeout:g} seconds") from error
        if code < 0 or (code == 0 and not whole):
            raise _unknown(whole, f"{words[0]}: ended with {code}")
        return _meaning(words[0], code, _read(said))


@contextmanager
def _started(words: tuple[str, ...], said: IO[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command as the head of a process group; kill what is left of it at the end."""
    try:
        process = subprocess.Popen(  # noqa: S603  The operator's own command, no shell.
            words, stdin=subprocess.PIPE, stdout=said, stderr=said, start_new_session=True
        )
    except OSError as error:
        raise TemporaryDeliveryError(
            f"{words[0]}: {error.strerror}; install a mail server or set `command`"
        ) from error
    try:
        yield process
    finally:
        # Killed before its input is closed: it must not take half a message for a whole one.
        _kill(process)
        process.wait()
        _end_input(process)


def _write(process: subprocess.Popen[bytes], data: bytes, timeout: float) -> bool:
    """Write the message and say whether all of it was read; a command that stalls is killed."""
    timer = Timer(timeout, _kill, [process])
    timer.start()
    try:
        if process.stdin:
            process.stdin.write(data)
            process.stdin.flush()
    except BrokenPipeError:
        return False  # It ended early; its exit code says why.
    finally:
        timer.cancel()
        timer.join()
    return process.poll() != -signal.SIGKILL


def _end_input(process: subprocess.Popen[bytes]) -> None:
    with suppress(BrokenPipeError):
        if process.stdin:
            process.stdin.close()


def _kill(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)


def _read(said: IO[bytes]) -> str:
    said.seek(0)
    line = " ".join(said.read(4000).decode("utf-8", "replace").split())
    return "".join(c if c.isprintable() else "?" for c in line)[:300]


def _unknown(whole: bool, reason: str) -> TemporaryDeliveryError | InDoubtError:  # noqa: FBT001  It is what differs.
    """Return what an end without an answer means: with half a message, nothing was taken."""
    if whole:
        return InDoubtError(f"{reason}, when it had the whole message")
    return TemporaryDeliveryError(f"{reason}, before it had read the message")


def _meaning(program: str, code: int, said: str) -> str:
    reason = f"{program}: ended with {code}{': ' if said else ''}{said}"
    if code == 0:
        return said or f"taken by {program}"
    if code in (_DATA_ERROR, _NO_USER):
        raise PermanentDeliveryError(reason, address_fault=code == _NO_USER)
    raise TemporaryDeliveryError(reason)
