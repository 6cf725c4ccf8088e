"""All that is SQLite's alone: connections, how transactions begin, copies, and its errors.

A file is opened by name and never made by opening it: a store appears whole or not at all
(`schema.create`). It knows no table.
"""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Literal

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool, StaticPool

from digest.errors import StoreError

PATIENCE = timedelta(seconds=30)
"""How long a writer waits for another to finish."""

RESTORE = "Put a copy in its place, and remove what is named …-wal and …-shm beside it"
"""SQLite would play an old log into the copy."""

Mode = Literal["ro", "rw"]

_ADVICE = {
    "SQLITE_NOTADB": f"this is not an SQLite database, or a damaged one. {RESTORE}",
    "SQLITE_CORRUPT": f"the file is damaged or cut short. {RESTORE}",
    "SQLITE_FULL": "the disk is full. Make room and run again; nothing was half-written",
    "SQLITE_READONLY": "the file or its folder cannot be written. Give this user the right to",
    "SQLITE_CANTOPEN": "the file cannot be opened. See that its folder is there and writable",
    "SQLITE_BUSY": "another program is writing to it, and did not finish in 30 s. Run again later",
    "SQLITE_IOERR": "the disk does not read or write. Look at its health and its space",
    "SQLITE_AUTH": "reading or writing is not allowed",
    "SQLITE_PERM": "reading or writing is not allowed",
}


def connect(path: Path, mode: Mode) -> sqlite3.Connection:
    """Open a file that is there; transactions begin when told to."""
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}",
        uri=True,
        timeout=PATIENCE.total_seconds(),
        isolation_level=None,
        check_same_thread=False,
    )
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA synchronous = FULL")
    return connection


def engine(path: Path, *, spill: bool = True) -> Engine:
    """Return an engine on a file. Each thread that asks gets a connection of its own.

    Without `spill`, nothing is written to disk before a transaction is kept.
    """

    def creator() -> sqlite3.Connection:
        connection = connect(path, "rw")
        connection.execute(f"PRAGMA cache_spill = {'ON' if spill else 'OFF'}")
        return connection

    made = create_engine("sqlite://", creator=creator, poolclass=QueuePool, max_overflow=-1)
    event.listen(made, "begin", _begin)
    _follow(made, path)
    return made


def _follow(made: Engine, path: Path) -> None:
    """Let an engine go on with the file that has the name now, as after a backup was put back.

    Else who has it open for long would go on with one that nobody else sees.
    """

    def connected(_: object, record: ConnectionPoolEntry) -> None:
        record.info["file"] = _identity(path)

    def lent(_: object, record: ConnectionPoolEntry, __: object) -> None:
        if record.info["file"] != _identity(path):
            raise DisconnectionError

    event.listen(made, "connect", connected)
    event.listen(made, "checkout", lent)


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino


def single_engine(connection: sqlite3.Connection) -> Engine:
    """Return an engine on this one connection, which disposing it closes."""
    connection.execute("PRAGMA foreign_keys = ON")
    made = create_engine("sqlite://", creator=lambda: connection, poolclass=StaticPool)
    event.listen(made, "begin", _begin)
    return made


def memory() -> sqlite3.Connection:
    """Return an empty database that is nowhere but in memory."""
    return sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)


def in_memory(path: Path) -> sqlite3.Connection:
    """Return a copy in memory, and leave the file and what lies beside it as they are."""
    copy = memory()
    # Closing a writer would fold what a killed run left in the log into the file; closing a
    # reader would leave an empty log behind where there was none.
    with closing(connect(path, "ro" if has_log(path) else "rw")) as source:
        source.backup(copy)
    return copy


def copy_file(path: Path, to: Path) -> None:
    """Copy a database, with what is still in its log; `to` is replaced whole or not at all."""
    part = part_of(to)
    try:
        with closing(connect(path, "rw")) as source, closing(connect(part, "rw")) as target:
            source.backup(target)
        part.replace(to)
    finally:
        part.unlink(missing_ok=True)


def check_whole(path: Path, place: str) -> None:
    """Raise StoreError where a database is damaged, or a row in it refers to none."""
    with closing(connect(path, "rw")) as database:
        (said,) = database.execute("PRAGMA integrity_check(1)").fetchone()
        if said != "ok":
            raise StoreError(f"{place}: it is damaged ({said}). {RESTORE}")
        if broken := database.execute("PRAGMA foreign_key_check").fetchone():
            raise StoreError(f"{place}: a row of {broken[0]} refers to one that is gone. {RESTORE}")


def part_of(path: Path) -> Path:
    """Make an empty file beside `path`, to become it when it is whole; only its owner reads it."""
    handle, name = tempfile.mkstemp(prefix=f"{path.name}.", suffix=".part", dir=path.parent)
    os.close(handle)
    return Path(name)


def has_log(path: Path) -> bool:
    """Say whether something was written that is not in the file itself yet."""
    log = Path(f"{path}-wal")
    return log.exists() and log.stat().st_size > 0


@contextmanager
def translated(place: str) -> Iterator[None]:
    """Turn what the database says into a StoreError that names `place` and what to do."""
    try:
        yield
    except DBAPIError as error:
        raise StoreError(f"{place}: {_advice(error.orig or error)}") from error
    except sqlite3.Error as error:
        raise StoreError(f"{place}: {_advice(error)}") from error


@contextmanager
def files_translated(place: str) -> Iterator[None]:
    """Turn what the file system says into a StoreError, likewise."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or error
        raise StoreError(
            f"{place}: {reason}. See that this user may write there, and that the disk has room"
        ) from error


@contextmanager
def unchecked(connection: Connection) -> Iterator[None]:
    """Let a migration replace tables that others refer to; `check_references` when it is done.

    Call it before the transaction begins: inside one, SQLite ignores the setting.
    """
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)  # noqa: S101  # For the type checker.
    driver.execute("PRAGMA foreign_keys = OFF")
    try:
        yield
    finally:
        driver.execute("PRAGMA foreign_keys = ON")


def check_references(connection: Connection, place: str) -> None:
    """Raise StoreError where a row refers to one that is not there."""
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
    if broken:
        raise StoreError(f"{place}: {len(broken)} rows refer to rows that are gone. {RESTORE}")


def _advice(error: BaseException) -> str:
    name = getattr(error, "sqlite_errorname", "")
    found = next((text for code, text in _ADVICE.items() if name.startswith(code)), "")
    return f"{found} ({error})" if found else f"the database says: {error}"


def _begin(connection: Connection) -> None:
    """Begin as the driver does not: a writer takes its turn before it reads."""
    writing = connection.get_execution_options().get("writing")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")
