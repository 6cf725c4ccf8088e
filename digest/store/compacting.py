"""A store's file made as small as what is in it. SQLite reuses the room, but never gives it back.

It takes a turn as writers do, for seconds: others wait, who only read do not.
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from digest.store import sqlite
from digest.store.room import check_room, size_of


def compact(path: Path) -> None:
    """Write the file anew without what is free. Raises StoreError where there is no room to."""
    check_room(path.parent, 2 * size_of(path))
    with sqlite.translated(str(path)), closing(sqlite.connect(path, "rw")) as database:
        database.execute("VACUUM")
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
