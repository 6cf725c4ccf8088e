"""The schema's version: how a store is made, recognised and brought up to date.

A fresh store is made of the tables as they are, with the version of the newest migration; an
older one is migrated after a copy of it was made. alembic costs 0.3 s to import, so this asks
for the version without it. It never changes a store that is up to date.

To add a migration: ``migrations/versions/0002_what_changes.py``, with `revision = "0002"`, and
the same change in `tables`. A released one is never edited.
"""

from __future__ import annotations

from contextlib import closing
from glob import escape
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    inspect,
    select,
)

from digest.errors import StoreError
from digest.store import sqlite
from digest.store.room import check_room, size_of
from digest.store.tables import metadata

MIGRATIONS = Path(__file__).parent / "migrations"

_version = Table(
    "alembic_version",
    MetaData(),
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)


class Migrated(NamedTuple):
    """What bringing a store up to date did: `before` is None where there was none."""

    place: str
    before: str | None
    after: str
    copy: Path | None = None


def newest() -> str:
    """Return the version of the newest migration, such as ``0001``."""
    return max(file.name[:4] for file in (MIGRATIONS / "versions").glob("[0-9]*_*.py"))


def version(connection: Connection, place: str) -> str:
    """Return a store's version; "" before the first. Raises StoreError where it is no store."""
    there = found(connection)
    if there is None:
        raise StoreError(
            f"{place}: it is empty or another program's. {sqlite.RESTORE}; or move it away to "
            "begin with an empty store"
        )
    check_not_newer(there, place, "put an older copy in its place")
    return there


def found(connection: Connection) -> str | None:
    """Return the version that a database says it has; "" before the first, None without one."""
    if not inspect(connection).has_table(_version.name):
        return None
    return connection.scalar(select(_version.c.version_num)) or ""


def check_not_newer(version: str, place: str, remedy: str) -> None:
    """Raise StoreError for a version that this program does not know yet."""
    if version > newest():
        raise StoreError(
            f"{place}: a newer version of digest has written it (schema {version}; this one knows "
            f"{newest()}). Update digest, or {remedy}"
        )


def is_current(engine: Engine, place: str) -> bool:
    """Say whether a store has the newest version. Raises StoreError where it is no store."""
    with engine.connect() as connection:
        return version(connection, place) == newest()


def create(connection: Connection) -> None:
    """Make all tables, stamped with the newest version."""
    metadata.create_all(connection)
    _version.create(connection)
    connection.execute(_version.insert().values(version_num=newest()))


def create_file(path: Path) -> None:
    """Make an empty store that appears whole or not at all; keep one that another run made."""
    part = sqlite.part_of(path)
    try:
        _fill(part)
        _appear(part, path)
    finally:
        part.unlink(missing_ok=True)


def _fill(part: Path) -> None:
    engine = sqlite.engine(part)
    with engine.connect().execution_options(writing=True) as connection, connection.begin():
        create(connection)
    engine.dispose()
    with closing(sqlite.connect(part, "rw")) as whole:
        whole.execute("PRAGMA journal_mode = WAL")


def _appear(part: Path, path: Path) -> None:
    try:
        path.hardlink_to(part)
    except FileExistsError:
        return
    except OSError:  # Not every file system has links.
        part.rename(path)


def migrate(engine: Engine, path: Path, *, copy: bool) -> None:
    """Bring a store up to date in one transaction, with `copy` after copying it beside itself.

    Another run may have done so meanwhile; then nothing is left to do. One that was interrupted
    left the store as it was. A store that is damaged is not touched. Of the copies that earlier
    updates made, none is kept once this one is done.
    """
    with (
        engine.connect().execution_options(writing=True) as connection,
        sqlite.unchecked(connection),
        connection.begin(),
    ):
        if version(connection, str(path)) == newest():
            return
        if copy:
            _copy(path)
        upgrade(connection)
        sqlite.check_references(connection, str(path))
    if copy:
        _tidy(path)


def copy_of(path: Path) -> Path:
    """Return where a file is copied before it is migrated."""
    return path.with_name(f"{path.name}.before-{newest()}")


def _copy(path: Path) -> None:
    """Copy a store beside itself, where there is room for it and for the migration."""
    check_room(path.parent, 2 * size_of(path))
    sqlite.copy_file(path, copy_of(path))
    sqlite.check_whole(copy_of(path), str(path))


def _tidy(path: Path) -> None:
    """Remove the copies of earlier migrations, which no later one needs."""
    for each in path.parent.glob(f"{escape(path.name)}.before-[0-9][0-9][0-9][0-9]"):
        if each.name < copy_of(path).name:
            each.unlink(missing_ok=True)


def upgrade(connection: Connection, to: str = "head") -> None:
    """Run the migrations that are missing, on this connection and in its transaction."""
    from alembic import command  # noqa: PLC0415  # It costs 0.3 s.
    from alembic.config import Config  # noqa: PLC0415  # As above.

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    command.upgrade(config, to)
