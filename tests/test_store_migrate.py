"""Bringing a store up to date: what comes of it, and that nothing in it is lost."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Barrier, Thread

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from databases import NOW, a_letter, a_paper, connected, new_papers, publish, rows
from databaseserver import DatabaseServer
from running import newsroom
from sqlalchemy import (
    ColumnClause,
    Connection,
    RowMapping,
    column,
    insert,
    inspect,
    select,
    table,
)

from digest.errors import StoreError
from digest.store import migrate, open_store, postgres, schema
from digest.store.tables import metadata

pytest_plugins = ["databases"]

FIRST = {"papers", "names", "titles", "sightings", "prints", "sources", "pages", "letters"}


def _set_back(url: str, to: str = "0001") -> None:
    """Make a store what it was by an earlier migration, with the rows that it had then."""
    with connected(url) as database:
        kept = _everything(database)
        metadata.drop_all(database)
        database.exec_driver_sql("DROP TABLE alembic_version")
        schema.upgrade(database, to)
        there = inspect(database)
        for name in kept:
            if kept[name] and there.has_table(name):
                columns: list[ColumnClause[object]] = [
                    column(each["name"]) for each in there.get_columns(name)
                ]
                found = [{each.name: row[each.name] for each in columns} for row in kept[name]]
                database.execute(insert(table(name, *columns)), found)


def _everything(database: Connection) -> dict[str, list[RowMapping]]:
    """Return each table's rows; after those that they refer to."""
    return {
        each.name: list(database.execute(select("*").select_from(table(each.name))).mappings())
        for each in metadata.sorted_tables
    }


def _fill(url: str) -> dict[str, list[tuple[object, ...]]]:
    with open_store(url) as store:
        with store.writing() as t:
            t.save_changes(new_papers(1, 2), NOW)
            t.save_reading("arxiv", NOW, {}, whole=True)
        publish(store, a_letter(), papers=(1, 2))
    return rows(url)


def _drawn(connection: Connection) -> object:
    """Return all that a database says of its tables, in one order."""
    look = inspect(connection)
    return {
        name: (
            [
                (c["name"], repr(c["type"]), c["nullable"], c["default"])
                for c in look.get_columns(name)
            ],
            look.get_pk_constraint(name),
            sorted(look.get_foreign_keys(name), key=repr),
            sorted(look.get_unique_constraints(name), key=repr),
            sorted(look.get_indexes(name), key=repr),
        )
        for name in sorted(look.get_table_names())
    }


@pytest.fixture
def empty(server: DatabaseServer) -> Iterator[str]:
    with server.database() as url:
        yield url


@pytest.mark.parametrize("older", ["0001", "0002"])
def test_an_older_store_keeps_its_rows(url: str, older: str) -> None:
    open_store(url).close()
    before = _fill(url)
    _set_back(url, older)

    done = migrate(url)

    assert (done.before, done.after) == (older, schema.newest())
    assert rows(url) == before
    with open_store(url) as store, store.reading() as t:
        assert [each.paper for each in t.pool(NOW)] == [a_paper(1), a_paper(2)]
        assert t.sent("Ann") == {1: 1, 2: 1}


def test_migrating_twice_changes_nothing(url: str) -> None:
    migrate(url)
    before = _fill(url)

    done = migrate(url)

    assert done.before == done.after == schema.newest()
    assert done.copy is None
    assert rows(url) == before


def test_an_empty_database_becomes_a_store(empty: str) -> None:
    done = migrate(empty)

    assert (done.before, done.after) == (None, schema.newest())
    with open_store(empty) as store, store.reading() as t:
        assert t.letters(9) == ()


def test_a_server_migrated_step_by_step_has_what_a_fresh_one_has(
    empty: str, new_server_url: Callable[[], str]
) -> None:
    engine = postgres.engine(postgres.address(empty))
    with engine.connect().execution_options(writing=True) as connection, connection.begin():
        schema.upgrade(connection)
    engine.dispose()

    with connected(empty) as stepped, connected(new_server_url()) as fresh:
        assert _drawn(stepped) == _drawn(fresh)
        assert compare_metadata(MigrationContext.configure(stepped), metadata) == []
        assert compare_metadata(MigrationContext.configure(fresh), metadata) == []


def test_a_migration_on_a_server_that_fails_leaves_all_as_it_was(
    new_server_url: Callable[[], str],
) -> None:
    url = new_server_url()
    _fill(url)
    _set_back(url)
    with connected(url) as database:
        database.exec_driver_sql("CREATE TABLE told (in_the_way text)")
    before = rows(url)

    with pytest.raises(StoreError, match="already exists"):
        migrate(url)

    assert rows(url) == before


def test_migrations_at_the_same_time_make_one_store(empty: str) -> None:
    together = Barrier(3)
    found: list[str | None] = []

    def begin() -> None:
        together.wait()
        found.append(migrate(empty).before)

    threads = [Thread(target=begin) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(found, key=str) == [schema.newest(), schema.newest(), None]


@pytest.mark.parametrize("rehearsal", [False, True])
def test_a_server_of_an_older_version_is_not_changed_by_opening(
    new_server_url: Callable[[], str], *, rehearsal: bool
) -> None:
    url = new_server_url()
    _set_back(url)
    before = rows(url)

    with pytest.raises(StoreError, match=r"older version.*schema 0001.*pg_dump.*digest migrate"):
        open_store(url, rehearsal=rehearsal)

    assert rows(url) == before


def test_a_server_of_a_newer_version_is_refused(new_server_url: Callable[[], str]) -> None:
    url = new_server_url()
    with connected(url) as database:
        database.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")

    for refused in (open_store, migrate):
        with pytest.raises(StoreError, match=r"newer version.*schema 9999.*Update digest"):
            refused(url)


# By the command


def test_the_command_says_what_it_did(empty: str, tmp_path: Path) -> None:
    with newsroom(tmp_path, store=empty) as room:
        refused = room.run("once", "--at", "2026-06-12")
        assert (refused.code, refused.out) == (3, "")
        assert "digest migrate" in refused.err
        assert "digest migrate" in room.run("check").out

        assert f"made, schema {schema.newest()}" in room.run("migrate").out
        assert "up to date" in room.run("migrate").out
        assert room.run("once", "--at", "2026-06-12").code == 0
        assert f"{empty}, 2 sources were read so far" in room.run("check").out


def test_the_command_names_the_copy_of_a_file(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/digest.db"
    with newsroom(tmp_path, store=url) as room:
        assert "digest.db: made, schema" in room.run("migrate").out
        _fill(url)
        _set_back(url)
        done = room.run("migrate")

    first, second = done.out.splitlines()
    assert first.endswith(f"schema 0001 is now {schema.newest()}")
    copy = Path(second.removesuffix(": what it was before"))
    assert set(rows(f"sqlite:///{copy}")) >= FIRST
    assert "told" not in rows(f"sqlite:///{copy}")


# A store in a file


@pytest.fixture
def older(tmp_path: Path) -> Path:
    """A store in a file, of the first version."""
    path = tmp_path / "digest.db"
    _fill(f"sqlite:///{path}")
    _set_back(f"sqlite:///{path}")
    return path


def _refused(path: Path, match: str) -> None:
    before = path.read_bytes()
    with pytest.raises(StoreError, match=match):
        open_store(f"sqlite:///{path}")
    assert path.read_bytes() == before


def test_a_damaged_store_is_not_migrated(older: Path) -> None:
    with connected(f"sqlite:///{older}") as database:
        database.exec_driver_sql("DROP INDEX ix_names_paper_id")
        database.exec_driver_sql("CREATE INDEX ix_names_paper_id ON names (name)")
        database.exec_driver_sql("PRAGMA writable_schema = ON")
        database.exec_driver_sql(
            "UPDATE sqlite_master SET sql = replace(sql, '(name)', '(paper_id)') "
            "WHERE name = 'ix_names_paper_id'"
        )
    _refused(older, "damaged")


def test_a_store_whose_rows_refer_to_none_is_not_migrated(older: Path) -> None:
    with connected(f"sqlite:///{older}") as database:
        database.exec_driver_sql("INSERT INTO names VALUES ('arxiv:1', 77)")
    _refused(older, "a row of names refers to one that is gone")


def test_a_store_is_not_migrated_without_room_for_a_copy(older: Path) -> None:
    os.truncate(older, shutil.disk_usage(older.parent).free + 10**9)
    with pytest.raises(StoreError, match="MB are needed there, and the disk has only"):
        open_store(f"sqlite:///{older}")
    assert list(older.parent.glob("*.before-*")) == []


def test_a_migration_that_is_killed_is_made_by_the_next(older: Path) -> None:
    before = rows(f"sqlite:///{older}")
    script = """
import os, signal, sys
from digest.store import open_store, schema, sqlite

sqlite.check_references = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
open_store(sys.argv[1])
"""
    killed = subprocess.run(  # noqa: S603  This interpreter, and a script of ours.
        [sys.executable, "-c", script, f"sqlite:///{older}"],
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert killed.returncode == -signal.SIGKILL
    assert rows(f"sqlite:///{older}") == before

    done = migrate(f"sqlite:///{older}")

    assert (done.before, done.after) == ("0001", schema.newest())
    assert done.copy
    assert rows(f"sqlite:///{done.copy}") == before
    assert list(older.parent.glob("*.part")) == []


def test_copies_of_earlier_migrations_go_and_others_stay(older: Path) -> None:
    gone, stays = "digest.db.before-0001", ("digest.db.before-mine", "other.db.before-0001")
    for name in (gone, *stays):
        older.with_name(name).touch()

    done = migrate(f"sqlite:///{older}")

    assert done.copy
    found = {each.name for each in older.parent.glob("*.before-*")}
    assert found == {done.copy.name, *stays}


def test_a_copy_can_be_put_back_in_its_place(older: Path) -> None:
    done = migrate(f"sqlite:///{older}")
    assert done.copy
    after = rows(f"sqlite:///{older}")

    done.copy.replace(older)

    open_store(f"sqlite:///{older}").close()
    assert rows(f"sqlite:///{older}") == after
