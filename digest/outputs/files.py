"""Files on disk: names that every system takes, and writes that are whole or not at all.

It never follows a link that it would write to, and never decides what is written.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import tempfile
import unicodedata
from pathlib import Path

from digest.papers import plain

_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d|conin|conout)")
_LONGEST_NAME = 120
"""Bytes. File systems take 255; a hash and an ending must fit, too."""


def located(folder: str, path: str) -> str:
    """Return a path that the config in `folder` names: relative to it, ``~`` expanded."""
    return os.path.normpath(Path(folder) / Path(path).expanduser())


def slug(name: str) -> str:
    """Return a name for a file or folder: letters, digits and hyphens, never empty.

    A name that does not survive this whole (it is too long, all emoji, or a device of Windows)
    has a hash of itself at the end.
    """
    words = re.findall(r"[^\W_]+", plain(name))
    found = unicodedata.normalize("NFC", "-".join(words))
    short = found.encode()[:_LONGEST_NAME].decode("utf-8", "ignore").strip("-")
    if not short or short != found or _DEVICES.fullmatch(short):
        return marked(short or "reader", name)
    return short


def marked(base: str, name: str) -> str:
    """Return `base` with a short hash of `name`, to tell it from another of the same slug."""
    mark = hashlib.blake2b(name.encode("utf-8", "replace"), digest_size=3).hexdigest()
    return f"{base}-{mark}"


def digest_of(data: bytes) -> str:
    """Return the SHA-256 of a file's content, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def write(path: Path, data: bytes) -> None:
    """Write a file so that a reader sees the old one or the new one, never half of one.

    A link of that name is replaced, not followed. Raises OSError.
    """
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".digest-", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    _sync(path.parent)


def try_writing(folder: Path) -> None:
    """Write a file to a folder, or to what exists above it, and remove it. Raises OSError."""
    there = next(place for place in (folder, *folder.resolve().parents) if place.exists())
    if not there.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, "Not a folder", str(there))
    with tempfile.NamedTemporaryFile(dir=there, prefix=".digest-", suffix=".tmp") as file:
        file.write(b"digest check")
        file.flush()


def _sync(folder: Path) -> None:
    """Make a rename last through a power cut, where folders can be opened at all."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
