"""Stores on a server: opened where their tables are there and up to date, made by `migrate`.

Opening never changes one: an empty database where letters have gone out before is a loss to
mend, not a place to begin, and only its operator can tell which it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, inspect

from digest.errors import StoreError
from digest.store import postgres, schema
from digest.store.stores import Rehearsal, Store
from digest.store.tables import metadata


def open_server(url: str, *, rehearsal: bool = False, handed_over: bool = False) -> Store:
    """Open the store at an address. Raises StoreError where `digest migrate` was not run.

    One that was handed over is refused, too, save to a rehearsal, or with `handed_over`.
    """
    with _engine(url) as (engine, place):
        with engine.connect() as connection, connection.begin():
            _look_at(connection, place)
        if rehearsal:
            return Rehearsal(engine, place, postgres.translated, postgres.is_waited_for)
        store = Store(engine, place, postgres.translated)
        if not handed_over:
            store.check_not_handed_over()
        return store


def migrate(url: str) -> schema.Migrated:
    """Make the tables, or bring them up to date, in one transaction; say what was done.

    Another may do so meanwhile; then nothing is left to do.
    """
    with _engine(url) as (engine, place):
        with engine.connect().execution_options(writing=True) as connection, connection.begin():
            found = _version(connection, place)
            if found is None:
                schema.create(connection)
            elif found != schema.newest():
                schema.upgrade(connection)
        engine.dispose()
    return schema.Migrated(place=place, before=found, after=schema.newest())


@contextmanager
def _engine(url: str) -> Iterator[tuple[Engine, str]]:
    """Yield an engine, and what errors call its database; disposed of where the block raises."""
    address = postgres.address(url)
    place = postgres.place(address)
    engine = postgres.engine(address)
    try:
        with postgres.translated(place):
            yield engine, place
    except BaseException:
        engine.dispose()
        raise


def _look_at(connection: Connection, place: str) -> None:
    """Raise StoreError for a database that is no store of this version."""
    found = _version(connection, place)
    if found is None:
        raise StoreError(
            f"{place}: the database is empty. If letters were sent from it before, restore its "
            "backup; if it is new, run `digest migrate`"
        )
    if found != schema.newest():
        raise StoreError(
            f"{place}: an older version of digest has written it (schema {found or 'none'}; this "
            f"one needs {schema.newest()}). Make a backup first, by pg_dump or by that version's "
            "`digest backup`; then run `digest migrate`"
        )


def _version(connection: Connection, place: str) -> str | None:
    """Return a store's version; None in an empty database. Raises StoreError for another's."""
    _check_encoding(connection, place)
    found = schema.found(connection)
    ours = sorted(set(metadata.tables) & set(inspect(connection).get_table_names()))
    if (found is None) == bool(ours):
        raise StoreError(
            f"{place}: another program's tables are in it, such as "
            f"{next(iter(ours), 'alembic_version')}. Give digest a database of its own: `createdb`"
        )
    if found is not None:
        schema.check_not_newer(found, place, "restore an older backup")
    return found


def _check_encoding(connection: Connection, place: str) -> None:
    encoding = connection.exec_driver_sql("SHOW server_encoding").scalar_one()
    if encoding != "UTF8":
        raise StoreError(
            f"{place}: it keeps texts as {encoding}, which has no sign for many a name. Make one "
            "that keeps them as UTF8: `createdb --encoding=UTF8 --template=template0`"
        )
