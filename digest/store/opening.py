"""From an address to a store: SQLite's are in files, PostgreSQL's on a server.

The address alone tells which; whatever follows from that is in `files` or `servers`.
"""

from __future__ import annotations

import re
from pathlib import Path

from digest.errors import ConfigError
from digest.store import files, postgres, servers
from digest.store.schema import Migrated
from digest.store.stores import Store

_SQLITE = re.compile(r"sqlite:///(?P<path>[^?]+)")


def open_store(
    url: str,
    *,
    start_afresh: bool = False,
    rehearsal: bool = False,
    copied: bool = False,
    handed_over: bool = False,
) -> Store:
    """Open the store at an address.

    A server's must be there and up to date (`migrate`). A file's (``sqlite:///path``) is made,
    or brought up to date, where needed; a relative path is relative to the working directory;
    the config makes it absolute before. A rehearsal makes and changes nothing; with `copied`, a
    file's is of a copy in memory, so that nobody waits for it however long it takes. A server's
    gives way to those who wait. One that was handed over is a StoreError, save to a rehearsal,
    or with `handed_over`.
    """
    if postgres.is_address(url):
        return servers.open_server(url, rehearsal=rehearsal, handed_over=handed_over)
    return files.open_file(
        path_of(url),
        start_afresh=start_afresh,
        rehearsal=rehearsal,
        copied=copied,
        handed_over=handed_over,
    )


def migrate(url: str) -> Migrated:
    """Make the store at an address, or bring it up to date, and say what was done."""
    return servers.migrate(url) if postgres.is_address(url) else files.migrate(path_of(url))


def path_of(url: str) -> Path:
    """Return the file that an address names. Raises ConfigError for what is no address."""
    if found := _SQLITE.fullmatch(url):
        return Path(found["path"])
    raise ConfigError(
        f"[store] url: `{url}` is no address of a store; use sqlite:///digest.db or "
        "postgresql://user@host/database"
    )
