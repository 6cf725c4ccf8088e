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
    url: str, *, start_afresh: bool = False, rehearsal: bool = False, copied: bool = False
) -> Store:
    """Open the store at an address.

    A server's must be there and up to date (`migrate`). A file's (``sqlite:///path``) is made,
    or brought up to date, where needed; a relative path is relative to the working directory;
    the config makes it absolute before. A rehearsal makes and changes nothing; with `copied`, a
    file's is of a copy in memory, so that nobody waits for it however long it takes. A server's
    gives way to those who wait.
    """
    if postgres.is_address(url):
        return servers.open_server(url, rehearsal=rehearsal)
    path = _path(url)
    return files.open_file(path, start_afresh=start_afresh, rehearsal=rehearsal, copied=copied)


def migrate(url: str) -> Migrated:
    """Make the store at an address, or bring it up to date, and say what was done."""
    return servers.migrate(url) if postgres.is_address(url) else files.migrate(_path(url))


def _path(url: str) -> Path:
    if found := _SQLITE.fullmatch(url):
        return Path(found["path"])
    raise ConfigError(
        f"[store] url: `{url}` is no address of a store; use sqlite:///digest.db or "
        "postgresql://user@host/database"
    )
