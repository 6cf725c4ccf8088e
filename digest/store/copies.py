"""Copies of a whole store: made while others write, looked through, put to work somewhere else.

A copy is always a file, whichever database keeps the store, so that it can go to either. It
holds nobody up: SQLite and PostgreSQL both let it read one state while writers go on.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from digest.errors import StoreError
from digest.store import files, postgres, schema, servers, sqlite
from digest.store.opening import path_of
from digest.store.stores import Store

_FOREIGN = "SELECT name FROM sqlite_master WHERE type IN ('trigger', 'view')"
_TABLES = (
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' "
    "AND name <> 'alembic_version' ORDER BY name"
)


class Looked(NamedTuple):
    """What is in a copy: its schema, and how many rows each table has."""

    schema: str
    rows: Mapping[str, int]


def copy_store(url: str, to: Path, tell: Callable[[str], None]) -> Looked:
    """Copy the store at an address into a new file, as it is at one moment, and look it through.

    A store of an older version stays what it is, and so does its copy; a server's must be up to
    date. Raises StoreError where there is none.
    """
    tell("copying the store")
    if postgres.is_address(url):
        _copy_server(url, to, tell)
    else:
        files.copy_file(path_of(url), to)
    tell("looking through the copy")
    return look_through(to, url)


def look_through(path: Path, place: str) -> Looked:
    """Return what a copy holds. Raises StoreError for what is damaged, newer, or no store."""
    with sqlite.translated(place), sqlite.files_translated(place):
        sqlite.check_whole(path, place)
        with closing(sqlite.connect(path, "rw")) as database:
            _check_ours(database, place)
            rows = {name: _count(database, name) for (name,) in database.execute(_TABLES)}
        engine = sqlite.engine(path)
        try:
            with engine.connect() as connection:
                found = schema.found(connection)
        finally:
            engine.dispose()
    if found is None:
        raise StoreError(f"{place}: it is no store of digest")
    schema.check_not_newer(found, place, "take an older backup")
    return Looked(schema=found, rows=rows)


def wake(path: Path, now: datetime) -> None:
    """Bring a copy up to date and let it go on: nobody is at work in it."""
    with _copied(path) as store, store.writing() as transaction:
        transaction.wake(now)


def fill_server(url: str, path: Path, tell: Callable[[str], None]) -> None:
    """Copy a file's store into a server's, which is made or must be empty; all of it or nothing."""
    servers.migrate(url)
    with (
        _copied(path) as ours,
        servers.open_server(url) as theirs,
        ours.reading() as source,
        theirs.writing() as target,
    ):
        if not target.is_empty():
            raise StoreError(f"{url}: there is something in it; restore into an empty database")
        target.copy(source, tell)


def is_empty(url: str) -> bool:
    """Say whether a server's store has nothing in it; it is made where there is none."""
    servers.migrate(url)
    with servers.open_server(url, rehearsal=True) as store, store.reading() as transaction:
        return transaction.is_empty()


def _copy_server(url: str, to: Path, tell: Callable[[str], None]) -> None:
    schema.create_file(to)
    with (
        servers.open_server(url, rehearsal=True) as theirs,
        _copied(to) as ours,
        theirs.reading() as source,
        ours.writing() as target,
    ):
        target.copy(source, tell)


@contextmanager
def _copied(path: Path) -> Iterator[Store]:
    """Open a copy, brought up to date without another copy, and without a journal."""
    engine = sqlite.engine(path)
    with Store(engine, str(path), sqlite.translated) as store:
        with sqlite.translated(str(path)):
            if not schema.is_current(engine, str(path)):
                schema.migrate(engine, path, copy=False)
        yield store


def _check_ours(database: sqlite3.Connection, place: str) -> None:
    """Raise StoreError for a database that does what no store of ours does."""
    database.execute("PRAGMA trusted_schema = OFF")
    if foreign := database.execute(_FOREIGN).fetchone():
        raise StoreError(f"{place}: `{foreign[0]}` in it is not of digest's making")


def _count(database: sqlite3.Connection, name: str) -> int:
    quoted = name.replace('"', '""')
    (count,) = database.execute(f'SELECT count(*) FROM "{quoted}"').fetchone()  # noqa: S608  Quoted.
    return int(count)
