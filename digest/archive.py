"""The archive that a backup is: files in a tar, a manifest that says what they are, gzipped.

It is written in one order with no times of its own, so that the same files give the same bytes.
It is read by a reader that knows plain files alone: links, devices, folders, long names and names
that lead elsewhere are refused, and so is what the manifest does not name, or is not as it says.
It opens no file by name, and decides nothing about what is in one.
"""

from __future__ import annotations

import gzip
import hashlib
import tarfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from io import BytesIO
from typing import BinaryIO

import msgspec
from msgspec import Struct

from digest.errors import StoreError

FORMAT = 1
MANIFEST = "manifest.json"

MOST_MANIFEST = 2**20
"""Bytes; a manifest has a line for each file."""

MOST_UNPACKED = 64 * 2**20
"""Bytes that any archive may hold, however small it is."""

MOST_RATIO = 200
"""How many times its own size an archive may hold beyond that; stores hold some ten times."""

_BLOCK = tarfile.BLOCKSIZE
_CHUNK = 2**20
_LEVEL = 6
"""Of gzip: a store becomes hardly smaller by more, and takes much longer."""


class Member(Struct, frozen=True, kw_only=True):
    """A file of an archive."""

    name: str
    size: int
    sha256: str


class Manifest(Struct, frozen=True, kw_only=True):
    """What an archive holds: `rows` by table, and in `left_out` what it does not hold."""

    format: int
    digest: str
    schema: str
    made_at: datetime
    members: tuple[Member, ...]
    rows: dict[str, int]
    left_out: tuple[str, ...] = ()


_decoder = msgspec.json.Decoder(Manifest)


def measured(name: str, stream: BinaryIO) -> Member:
    """Return what a manifest says of a file. Raises StoreError for a name no reader takes."""
    _check_name(name, "the backup")
    hasher, size = hashlib.sha256(), 0
    while chunk := stream.read(_CHUNK):
        hasher.update(chunk)
        size += len(chunk)
    return Member(name=name, size=size, sha256=hasher.hexdigest())


def write(target: BinaryIO, manifest: Manifest, opened: Callable[[Member], BinaryIO]) -> None:
    """Write an archive of the files that a manifest names; `opened` gives each.

    Raises StoreError for one that does not fit.
    """
    encoded = msgspec.json.format(msgspec.json.encode(manifest), indent=1)
    with (
        gzip.GzipFile("", "wb", _LEVEL, target, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as tar,
    ):
        tar.addfile(_header(MANIFEST, len(encoded)), BytesIO(encoded))
        for member in manifest.members:
            with opened(member) as file, _fitting(member):
                tar.addfile(_header(member.name, member.size), file)


@contextmanager
def _fitting(member: Member) -> Iterator[None]:
    """Raise StoreError that names a file whose name, or size, no tar can hold."""
    try:
        yield
    except ValueError as error:
        raise StoreError(f"the backup: `{member.name}` does not fit in it ({error})") from error


class Reader:
    """An archive while it is read: its manifest first, then each file, once, in order.

    `size` is the archive's own, which bounds what it may hold. Raises StoreError, which begins
    with `place`, for whatever is not as `write` leaves it.
    """

    def __init__(self, source: BinaryIO, size: int, place: str) -> None:
        self._place = place
        self._packed = gzip.GzipFile(fileobj=source, mode="rb")
        with self._translated():
            self.manifest = self._read_manifest()
        self._check_manifest(size)

    def read(self, take: Callable[[Member], BinaryIO]) -> None:
        """Write each file to what `take` gives for it, and see that nothing else is there."""
        for member in self.manifest.members:
            with self._translated():
                found = self._next()
            if found != (member.name, member.size):
                raise self._wrong(f"`{member.name}` is not where its manifest says")
            with take(member) as target:
                self._copy(member, target)
        self._check_end()

    def _copy(self, member: Member, target: BinaryIO) -> None:
        hasher, left = hashlib.sha256(), member.size
        while left:
            with self._translated():
                chunk = self._exactly(min(left, _CHUNK))
            hasher.update(chunk)
            target.write(chunk)
            left -= len(chunk)
        with self._translated():
            self._skip_padding(member.size)
        if hasher.hexdigest() != member.sha256:
            raise self._wrong(f"`{member.name}` is not what was backed up")

    def _check_end(self) -> None:
        """See that zeros follow, as tar writes them, and that gzip's own sum is right."""
        with self._translated():
            rest = self._packed.read(2 * tarfile.RECORDSIZE)
        if len(rest) > tarfile.RECORDSIZE or len(rest) < 2 * _BLOCK or any(rest):
            raise self._wrong("there is something after its end")

    def _read_manifest(self) -> Manifest:
        name, size = self._next()
        if name != MANIFEST or size > MOST_MANIFEST:
            raise self._wrong("it is no backup that `digest backup` made")
        written = self._exactly(size)
        self._skip_padding(size)
        try:
            return _decoder.decode(written)
        except msgspec.MsgspecError as error:
            raise self._wrong(f"its manifest cannot be read ({error}). Update digest") from error

    def _check_manifest(self, size: int) -> None:
        manifest = self.manifest
        if manifest.format != FORMAT:
            raise self._wrong(
                f"digest {manifest.digest} made it, in a form that this one does not know. "
                "Update digest"
            )
        names = [each.name for each in manifest.members]
        for name in names:
            _check_name(name, self._place)
        if len(set(names)) < len(names):
            raise self._wrong("a file is in it twice")
        held = sum(each.size for each in manifest.members)
        if any(each.size < 0 for each in manifest.members) or held > most_unpacked(size):
            raise self._wrong(f"it says to hold {held:,} bytes, far more than its size can")

    def _next(self) -> tuple[str, int]:
        """Return the name and size of the file that follows."""
        header = tarfile.TarInfo.frombuf(self._exactly(_BLOCK), "utf-8", "strict")
        if header.type != tarfile.REGTYPE:
            raise self._wrong(f"`{header.name}` in it is no plain file")
        return header.name, header.size

    def _exactly(self, count: int) -> bytes:
        found = self._packed.read(count)
        if len(found) < count:
            raise EOFError
        return found

    def _skip_padding(self, size: int) -> None:
        self._exactly(-size % _BLOCK)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except EOFError as error:
            raise self._wrong("it is cut short") from error
        except (gzip.BadGzipFile, zlib.error, tarfile.TarError, UnicodeDecodeError) as error:
            raise self._wrong(f"it is damaged, or no backup ({error})") from error

    def _wrong(self, reason: str) -> StoreError:
        return StoreError(f"{self._place}: {reason}. Nothing was changed")


def most_unpacked(size: int) -> int:
    """Return how many bytes an archive of a size may hold."""
    return MOST_UNPACKED + MOST_RATIO * size


def manifest_of(
    members: Sequence[Member],
    *,
    digest: str,
    schema: str,
    made_at: datetime,
    rows: Mapping[str, int],
    left_out: Sequence[str],
) -> Manifest:
    """Return the manifest of files."""
    return Manifest(
        format=FORMAT,
        digest=digest,
        schema=schema,
        made_at=made_at,
        members=tuple(members),
        rows=dict(rows),
        left_out=tuple(left_out),
    )


def _header(name: str, size: int) -> tarfile.TarInfo:
    header = tarfile.TarInfo(name)
    header.size = size
    header.mode = 0o600
    return header


def _check_name(name: str, place: str) -> None:
    """Raise StoreError for a name that could lead anywhere but down."""
    parts = name.split("/")
    plain = name.isprintable() and "\\" not in name and ":" not in name
    if not plain or any(part in ("", ".", "..") for part in parts):
        raise StoreError(f"{place}: `{name!r}` is no name for a file in a backup")
