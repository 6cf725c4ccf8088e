"""Stores in files: made where there is none, or an error that says how to have one again.

A file that is gone although letters went out is never made anew without being told to.
"""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path

from sqlalchemy import Engine

from digest.errors import StoreError
from digest.store import schema, sqlite
from digest.store.journal import Journal
from digest.store.room import check_room, size_of
from digest.store.stores import Rehearsal, Store


def open_file(
    path: Path,
    *,
    start_afresh: bool = False,
    rehearsal: bool = False,
    copied: bool = False,
    handed_over: bool = False,
) -> Store:
    """Open the store in a file; make it, or bring it up to date, where needed.

    One that is gone although letters were sent from it is a StoreError, unless `start_afresh`;
    so is one that was handed over, save to a rehearsal, or with `handed_over`.
    A rehearsal makes and changes no file; with `copied`, it is of a copy in memory.
    """
    with sqlite.translated(str(path)), sqlite.files_translated(str(path)):
        _look_at(path, start_afresh=start_afresh)
        if rehearsal:
            return _rehearse(path, copied=copied)
        return _open(path, start_afresh=start_afresh, handed_over=handed_over)


def migrate(path: Path) -> schema.Migrated:
    """Make the store in a file, or bring it up to date, as opening does; say what was done."""
    before = _version(path)
    open_file(path, handed_over=True).close()
    copy = schema.copy_of(path) if before not in (None, schema.newest()) else None
    return schema.Migrated(place=str(path), before=before, after=schema.newest(), copy=copy)


def copy_file(path: Path, to: Path) -> None:
    """Copy a store as it is, of whichever version, while others write to it."""
    if _version(path) is None:
        raise StoreError(f"{path}: there is no store yet, so there is nothing to copy")
    with sqlite.translated(str(path)), sqlite.files_translated(str(path)):
        check_room(to.parent, size_of(path))
        sqlite.copy_file(path, to)


def empty_rehearsal() -> Rehearsal:
    """Return a store with nothing in it, all of which will be forgotten."""
    return Rehearsal(_fresh_in_memory(), "the store in memory", sqlite.translated)


def marker(path: Path) -> Path:
    """Return the file that remembers which letters were sent from a store."""
    return path.with_name(f"{path.name}.letters-sent")


def _version(path: Path) -> str | None:
    with sqlite.translated(str(path)), sqlite.files_translated(str(path)):
        _look_at(path, start_afresh=False)
        if not path.exists():
            return None
        engine = _as_it_is(path)
        try:
            with engine.connect() as connection:
                return schema.version(connection, str(path))
        finally:
            engine.dispose()


def _look_at(path: Path, *, start_afresh: bool) -> None:
    """Raise StoreError for what cannot be a store, or is gone and should not be."""
    if path.is_dir():
        raise StoreError(f"{path}: this is a folder. Name a file in it, such as {path}/digest.db")
    if not path.parent.is_dir():
        raise StoreError(f"{path}: its folder is not there. Make it, or mount it: {path.parent}")
    if not path.exists():
        _look_around(path, start_afresh=start_afresh)
    elif path.stat().st_size == 0:
        raise StoreError(
            f"{path}: the file is empty. {sqlite.RESTORE}; or remove it to begin with an empty "
            "store"
        )


def _look_around(path: Path, *, start_afresh: bool) -> None:
    if marker(path).exists() and not start_afresh:
        raise StoreError(
            f"{path}: the store is gone, and letters were sent from it. {sqlite.RESTORE}; or run "
            "with --start-afresh, which sends papers again that readers have had"
        )
    if sqlite.has_log(path):
        raise StoreError(
            f"{path}: the store is gone, but its log {path.name}-wal is there. Put the store back "
            "beside it, or remove the log too"
        )


def _open(path: Path, *, start_afresh: bool, handed_over: bool) -> Store:
    if not path.exists():
        schema.create_file(path)
        if start_afresh:
            marker(path).unlink(missing_ok=True)
    with ExitStack() as on_error:
        engine = sqlite.engine(path)
        on_error.callback(engine.dispose)
        if not schema.is_current(engine, str(path)):
            schema.migrate(engine, path, copy=True)
        store = Store(engine, str(path), sqlite.translated, Journal(marker(path)))
        if not handed_over:
            store.check_not_handed_over()
        store.catch_up()
        on_error.pop_all()
    return store


def _rehearse(path: Path, *, copied: bool) -> Store:
    if not path.exists():
        return Rehearsal(_fresh_in_memory(), str(path), sqlite.translated)
    with ExitStack() as on_error:
        engine = _copy(path) if copied else _as_it_is(path)
        on_error.callback(engine.dispose)
        if not schema.is_current(engine, str(path)):
            engine.dispose()
            engine = _copy(path)
            on_error.callback(engine.dispose)
            schema.migrate(engine, path, copy=False)
        on_error.pop_all()
    return Rehearsal(engine, str(path), sqlite.translated, journal=Journal(marker(path)))


def _as_it_is(path: Path) -> Engine:
    """Return an engine on the file, or on a copy where opening the file would change it."""
    if sqlite.has_log(path) or not os.access(path, os.W_OK):
        return _copy(path)
    return sqlite.engine(path, spill=False)


def _copy(path: Path) -> Engine:
    return sqlite.single_engine(sqlite.in_memory(path))


def _fresh_in_memory() -> Engine:
    engine = sqlite.single_engine(sqlite.memory())
    with engine.connect() as connection, connection.begin():
        schema.create(connection)
    return engine
