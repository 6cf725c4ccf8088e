from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from threading import Barrier, Thread

import pytest
from databases import NOW, new_papers

from digest.errors import StoreError
from digest.store import open_store, schema


def _schema(path: Path) -> list[tuple[str, ...]]:
    """Return all that is in a file, each part of a table by itself: their order means nothing."""
    with closing(sqlite3.connect(path)) as raw:
        found = raw.execute("SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY name")
        return [(*row[:3], *sorted(_parts(str(row[3])))) for row in found]


def _parts(sql: str) -> list[str]:
    return "".join(sql.replace('"', "").split()).removesuffix(")").split(",")


@pytest.fixture
def before_the_first(tmp_path: Path) -> Path:
    """A store of the time before the first migration."""
    with closing(sqlite3.connect(tmp_path / "digest.db")) as raw:
        raw.execute("PRAGMA journal_mode = WAL")
        raw.execute(
            "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, "
            "CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
        )
    return tmp_path / "digest.db"


def test_migrating_from_nothing_makes_what_a_fresh_store_has(
    before_the_first: Path, tmp_path: Path
) -> None:
    open_store(f"sqlite:///{tmp_path}/fresh.db").close()

    open_store(f"sqlite:///{before_the_first}").close()

    assert _schema(before_the_first) == _schema(tmp_path / "fresh.db")


def test_a_store_is_copied_before_it_is_migrated(before_the_first: Path) -> None:
    before = _schema(before_the_first)

    open_store(f"sqlite:///{before_the_first}").close()

    copy = before_the_first.with_name(f"digest.db.before-{schema.newest()}")
    assert _schema(copy) == before
    assert copy.stat().st_mode & 0o077 == 0
    assert sorted(file.name for file in before_the_first.parent.iterdir()) == [
        "digest.db",
        copy.name,
    ]


def test_a_migrated_store_can_be_used(before_the_first: Path) -> None:
    with open_store(f"sqlite:///{before_the_first}") as store, store.writing() as t:
        t.save_changes(new_papers(1), NOW)
        assert len(t.pool(NOW)) == 1


def test_a_migration_that_fails_leaves_the_store_as_it_was(before_the_first: Path) -> None:
    with closing(sqlite3.connect(before_the_first)) as raw:
        raw.execute("CREATE TABLE names (in_the_way)")
    before = _schema(before_the_first)

    with pytest.raises(StoreError, match="already exists"):
        open_store(f"sqlite:///{before_the_first}")

    assert _schema(before_the_first) == before


def test_two_runs_migrate_a_store_once(before_the_first: Path) -> None:
    together = Barrier(2)
    failed: list[Exception] = []

    def begin() -> None:
        together.wait()
        try:
            open_store(f"sqlite:///{before_the_first}").close()
        except StoreError as error:
            failed.append(error)

    threads = [Thread(target=begin) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failed == []


def test_a_store_of_a_newer_program_is_refused_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "digest.db"
    open_store(f"sqlite:///{path}").close()
    with closing(sqlite3.connect(path)) as raw, raw:
        raw.execute("UPDATE alembic_version SET version_num = '9999'")
    before = path.read_bytes()

    with pytest.raises(StoreError, match=r"newer version of digest .*schema 9999.*Update digest"):
        open_store(f"sqlite:///{path}")

    assert path.read_bytes() == before


def test_opening_an_up_to_date_store_does_not_import_what_migrates(tmp_path: Path) -> None:
    script = """
import sys
from digest.store import open_store
open_store("sqlite:///" + sys.argv[1]).close()
open_store("sqlite:///" + sys.argv[1]).close()
slow = {"alembic", "psycopg", "sqlalchemy.orm", "sqlalchemy.dialects.postgresql"} & set(sys.modules)
assert not slow, slow
"""
    subprocess.run(  # noqa: S603  # This interpreter, and a script of ours.
        [sys.executable, "-c", script, str(tmp_path / "digest.db")],
        check=True,
        cwd=Path(schema.__file__).parents[2],
    )


def test_every_migration_has_its_number_as_its_revision() -> None:
    for file in (schema.MIGRATIONS / "versions").glob("[0-9]*.py"):
        assert f'revision = "{file.name[:4]}"' in file.read_text(encoding="utf-8")
