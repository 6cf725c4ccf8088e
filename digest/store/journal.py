"""The journal: which letters went out, in a file beside the store, a line for each delivery.

It tells what a copy of the store that is put back does not know. It begins with a text for
people; each line of JSON after that is written and synced before the store itself keeps that the
letter was sent. A line that a crash cut short at the end counts as not written. It knows no table.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import BinaryIO

import msgspec
from msgspec import Struct

from digest.errors import StoreError
from digest.store.sqlite import files_translated, part_of

KEPT = timedelta(days=60)
"""How long a line is kept after the newest: no paper stays a candidate for so long."""

_BLOCK = 4096
"""How many bytes are looked at for the end of a line at a time; few lines are longer."""

_TEXT = b"""Letters have been sent from the store beside this file.
If that store is gone, put a copy of it back: an empty one would send everything again.
What went out since that copy was made is below, so that nothing is sent again.
To begin with an empty store all the same, run digest with --start-afresh.
"""


class Line(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """That a letter went out by an output; `papers` are their names and revisions.

    `key` is the delivery's, which tells a letter that was sent again from its first sending.
    """

    key: str
    subscriber: str
    slot: date
    made_at: datetime
    title: str
    output: str
    keywords: tuple[str, ...] = ()
    papers: tuple[tuple[str, int], ...] = ()


_decoder = msgspec.json.Decoder(Line)


class Journal:
    """The lines in a file that need not be there yet."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> tuple[Line, ...]:
        """Return what is written. Raises StoreError where a line cannot be read."""
        with files_translated(str(self._path)):
            written = self._path.read_bytes() if self._path.exists() else b""
        lines = written[: _cut(written)].splitlines()
        first = next((at for at, line in enumerate(lines) if line.startswith(b"{")), len(lines))
        return tuple(self._decoded(at + 1, lines[at]) for at in range(first, len(lines)))

    def append(self, lines: Sequence[Line]) -> None:
        """Write lines at the end, and have them on the disk."""
        with files_translated(str(self._path)):
            if not self._path.exists():
                self._put(_TEXT)
            with self._path.open("r+b") as file:
                end = _end(file)
                file.seek(end)
                file.truncate()
                try:
                    file.write(_encoded(lines))
                    file.flush()
                    os.fsync(file.fileno())
                except OSError:
                    file.truncate(end)
                    raise

    def keep(self, lines: Sequence[Line]) -> None:
        """Write the file anew with the lines that are young enough, whole or not at all."""
        newest = max((each.made_at for each in lines), default=None)
        young = [each for each in lines if newest and each.made_at >= newest - KEPT]
        with files_translated(str(self._path)):
            self._put(_TEXT + _encoded(young))

    def _put(self, text: bytes) -> None:
        part = part_of(self._path)
        try:
            with part.open("wb") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            part.replace(self._path)
        finally:
            part.unlink(missing_ok=True)

    def _decoded(self, number: int, line: bytes) -> Line:
        try:
            return _decoder.decode(line)
        except msgspec.MsgspecError as error:
            raise StoreError(
                f"{self._path}: line {number} cannot be read ({error}). Take that line out: then "
                "the letter it tells of is sent again if the store is an older copy"
            ) from error


def is_old(lines: Sequence[Line]) -> bool:
    """Say whether some lines need not be kept any more."""
    moments = [each.made_at for each in lines]
    return bool(moments) and min(moments) < max(moments) - KEPT


def _encoded(lines: Sequence[Line]) -> bytes:
    return b"".join(msgspec.json.encode(each) + b"\n" for each in lines)


def _end(file: BinaryIO) -> int:
    """Return where the whole lines of a file end; of a long one the end alone is read."""
    at = file.seek(0, os.SEEK_END)
    while at > 0:
        at = max(at - _BLOCK, 0)
        file.seek(at)
        if end := _cut(file.read(_BLOCK)):
            return at + end
    return 0


def _cut(written: bytes) -> int:
    """Return where the whole lines end."""
    return written.rfind(b"\n") + 1
