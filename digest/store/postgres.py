"""All that is PostgreSQL's alone: addresses, connections, how transactions begin, its errors.

Readers see one state (REPEATABLE READ, read only). Writers take turns by an advisory lock from
their first moment on, as SQLite's do, so that what a writer read stays true until it is done.

It knows no table. Its driver, psycopg, is an extra, and neither it nor SQLAlchemy's part for it
is imported before the first address of a server.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError

from digest.errors import ConfigError, StoreError

PATIENCE = timedelta(seconds=30)
"""How long a writer waits for another to finish, and anybody for a lock."""

FORGOTTEN = timedelta(minutes=10)
"""When the server ends a transaction whose program says nothing more, and frees its locks."""

TURN = int.from_bytes(b"digest")
"""The advisory lock that writers take turns by; each database has its own."""

SECRETS = "~/.pgpass (mode 0600), PGPASSFILE or PGPASSWORD"
"""Where the driver looks for a password."""

_ADDRESS = re.compile(r"postgres(ql)?(\+psycopg)?:")
_DEFAULTS = {"application_name": "digest", "client_encoding": "utf8", "connect_timeout": "10"}
_READ = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"
_WRITE = (
    f"SET LOCAL lock_timeout = '{PATIENCE.seconds}s';"
    f"SET LOCAL idle_in_transaction_session_timeout = '{FORGOTTEN.seconds}s';"
    f"SELECT pg_advisory_xact_lock({TURN})"
)
_WAITED_FOR = text(
    "SELECT EXISTS (SELECT FROM pg_locks JOIN pg_database ON pg_database.oid = database "
    "WHERE datname = current_database() AND locktype = 'advisory' AND NOT granted "
    "AND classid = :high AND objid = :low)"
).bindparams(high=TURN >> 32, low=TURN & 0xFFFFFFFF)

# By SQLSTATE, or how it begins (PostgreSQL's manual, appendix A).
_ADVICE = {
    "08": "the connection was lost. Nothing was half-written; run again",
    "25006": "this server can only be read: a copy of another? Name the one that is written to",
    "25P03": "this program did nothing for 10 minutes in the middle of a change. Nothing was "
    "half-written; run again",
    "28": f"the server refuses this user. See its pg_hba.conf, and {SECRETS}",
    "3D000": "there is no database of that name. Make one: `createdb`",
    "40": "another program wrote to it at the same moment. Run again",
    "42501": "this user may not do that. Let the database be this user's own: `createdb --owner`",
    "42P01": "a table is missing. `digest migrate` makes them where there is none; else restore a "
    "backup",
    "53100": "the server's disk is full. Make room and run again; nothing was half-written",
    "53300": "the server has as many connections as it takes. Run again later",
    "55P03": f"another program is writing to it, and did not finish in {PATIENCE.seconds} s. "
    "Run again later",
    "57014": "the server stopped what took longer than its statement_timeout",
    "57": "the server ended the connection. Nothing was half-written; run again",
    "XX": "the database is damaged. Restore a backup",
    "": f"no connection to the server. See that it runs, the address, and {SECRETS}",
}


def is_address(url: str) -> bool:
    """Say whether this is a PostgreSQL server's address."""
    return bool(_ADDRESS.match(url))


def address(url: str) -> URL:
    """Read an address. Raises ConfigError for what is none, or holds a secret."""
    try:
        read = make_url(url)
    except ArgumentError as error:
        raise ConfigError(
            "[store] url: this is no address of a server; write postgresql://user@host/database"
        ) from error
    if read.password is not None or {"password", "sslpassword"} & set(read.query):
        raise ConfigError(
            f"[store] url: a password stands in it. Take it out, and put it into {SECRETS}"
        )
    return read.set(drivername="postgresql+psycopg")


def place(url: URL) -> str:
    """Return what errors call the database at an address."""
    return url.set(drivername="postgresql", query={}).render_as_string()


def engine(url: URL) -> Engine:
    """Return an engine on a server. Each thread that asks gets a connection of its own."""
    settings = {**_DEFAULTS, **url.query}
    try:
        made = create_engine(
            url.set(query=settings), pool_pre_ping=True, max_overflow=-1, hide_parameters=True
        )
    except ImportError as error:
        raise ConfigError(
            "[store] url: PostgreSQL needs its driver: pip install 'digest-newsletter[postgres]'"
        ) from error
    event.listen(made, "connect", _prepare)
    event.listen(made, "begin", _begin)
    return made


def is_waited_for(connection: Connection) -> bool:
    """Say whether another writer waits for its turn, which this connection has."""
    return bool(connection.scalar(_WAITED_FOR))


@contextmanager
def translated(place: str) -> Iterator[None]:
    """Turn what the database says into a StoreError that names `place` and what to do."""
    from psycopg import Error  # noqa: PLC0415  # Not for SQLite's users.

    try:
        yield
    except DBAPIError as error:
        raise StoreError(f"{place}: {_advice(error.orig or error)}") from error
    except Error as error:
        raise StoreError(f"{place}: {_advice(error)}") from error


def _advice(error: BaseException) -> str:
    state = getattr(error, "sqlstate", None) or ""
    said = " ".join(str(error).split())
    known = [code for code in _ADVICE if code == state or (code and state.startswith(code))]
    found = _ADVICE[known[0]] if known else ""
    return f"{found} ({said})" if found else f"the database says: {said}"


def _prepare(driver: Any, _: object) -> None:
    """Let times come back in UTC, wherever the server is."""
    driver.autocommit = True
    driver.execute("SET TIME ZONE 'UTC'")
    driver.autocommit = False


def _begin(connection: Connection) -> None:
    """Begin as the driver does not: a writer waits for its turn before it reads."""
    writing = connection.get_execution_options().get("writing")
    connection.exec_driver_sql(_WRITE if writing else _READ)
