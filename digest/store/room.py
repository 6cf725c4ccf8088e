"""Room on the disk, looked for before it is needed. It writes nothing."""

from __future__ import annotations

import shutil
from pathlib import Path

from digest.errors import StoreError

SLACK = 16 * 2**20
"""Bytes that are left to others."""

MEGABYTE = 10**6


def check_room(folder: Path, needed: int) -> None:
    """Raise StoreError where a folder's disk has less room than a number of bytes."""
    free = shutil.disk_usage(folder).free
    if free < needed + SLACK:
        raise StoreError(
            f"{folder}: {_megabytes(needed)} MB are needed there, and the disk has only "
            f"{_megabytes(free)} MB left. Make room and run again; nothing was changed"
        )


def size_of(path: Path) -> int:
    """Return how many bytes a database takes, with what is in its log."""
    log = Path(f"{path}-wal")
    return path.stat().st_size + (log.stat().st_size if log.exists() else 0)


def _megabytes(count: int) -> str:
    return f"{-(-count // MEGABYTE):,}"
