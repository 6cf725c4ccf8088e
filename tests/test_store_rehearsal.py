from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from databases import HOUR, NOW, a_letter, a_paper, new_papers, publish, rows

from digest.errors import StoreError
from digest.store import Rehearsal, Store, open_store

pytest_plugins = ["databases"]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A store with one paper in it."""
    with open_store(f"sqlite:///{tmp_path}/digest.db") as store, store.writing() as t:
        t.save_changes(new_papers(1), NOW)
    return tmp_path / "digest.db"


@pytest.fixture
def real(url: str) -> Iterator[Store]:
    """A store of either database with one paper in it."""
    with open_store(url) as opened, opened.writing() as t:
        t.save_changes(new_papers(1), NOW)
    with open_store(url) as opened:
        yield opened


@pytest.fixture
def rehearsal(real: Store, url: str) -> Iterator[Store]:
    del real
    with open_store(url, rehearsal=True) as opened:
        yield opened


def _files(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def _rehearse_a_run(path: Path) -> None:
    _rehearse(f"sqlite:///{path}")


def _rehearse(url: str) -> None:
    with open_store(url, rehearsal=True) as store:
        with store.reading() as t:
            t.source_states()
        with store.writing() as t:
            t.save_changes(new_papers(*range(2, 3000)), NOW)
        publish(store, a_letter())
        with store.writing() as t:
            (delivery,) = t.claim("me", NOW, 1, HOUR)
            t.mark_sent(delivery, "250 ok", NOW)
        with store.reading() as t:
            assert len(t.pool(NOW)) > 2000
            assert t.counts() == {"sent": 1}


def test_a_rehearsal_leaves_every_byte_as_it_was(path: Path) -> None:
    before = _files(path.parent)

    _rehearse_a_run(path)

    assert _files(path.parent) == before


def test_a_rehearsal_does_not_tidy_up_after_a_killed_run(path: Path) -> None:
    script = """
import os, sys
from databases import NOW, new_papers
from digest.store import open_store
store = open_store("sqlite:///" + sys.argv[1])
with store.writing() as t:
    t.save_changes(new_papers(2), NOW)
os._exit(9)
"""
    subprocess.run(  # noqa: S603  # This interpreter, and a script of ours.
        [sys.executable, "-c", script, str(path)],
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    log = path.with_name("digest.db-wal")
    before = (path.read_bytes(), log.read_bytes())
    assert before[1]

    _rehearse_a_run(path)

    assert (path.read_bytes(), log.read_bytes()) == before


def test_a_rehearsal_does_not_convert_a_store_that_keeps_no_log(path: Path) -> None:
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("PRAGMA journal_mode = DELETE")
    before = _files(path.parent)

    _rehearse_a_run(path)

    assert _files(path.parent) == before


def test_a_rehearsal_without_a_store_makes_no_file(tmp_path: Path) -> None:
    _rehearse_a_run(tmp_path / "digest.db")

    assert list(tmp_path.iterdir()) == []


def test_a_rehearsal_of_an_older_store_migrates_a_copy(path: Path) -> None:
    older = path.with_name("older.db")
    with closing(sqlite3.connect(older)) as raw:
        raw.execute("PRAGMA journal_mode = WAL")
        raw.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
    before = _files(path.parent)

    _rehearse_a_run(older)

    assert _files(path.parent) == before


def test_a_file_that_cannot_be_written_can_be_rehearsed(path: Path) -> None:
    path.chmod(0o444)
    before = _files(path.parent)

    _rehearse_a_run(path)

    assert _files(path.parent) == before


def test_a_rehearsal_reads_what_it_wrote(rehearsal: Store) -> None:
    with rehearsal.writing() as t:
        t.save_changes(new_papers(2), NOW)

    with rehearsal.reading() as t:
        assert [c.paper for c in t.pool(NOW)] == [a_paper(1), a_paper(2)]


def test_a_rehearsed_block_that_raises_is_forgotten_alone(rehearsal: Store) -> None:
    def save_and_break() -> None:
        with rehearsal.writing() as t:
            t.save_changes(new_papers(3), NOW)
            raise KeyError

    with rehearsal.writing() as t:
        t.save_changes(new_papers(2), NOW)
    with pytest.raises(KeyError):
        save_and_break()

    with rehearsal.reading() as t:
        assert len(t.pool(NOW)) == 2


def test_a_rehearsal_lets_others_write_until_it_does(real: Store, rehearsal: Store) -> None:
    with rehearsal.reading() as t:
        t.pool(NOW)

    with real.writing() as t:
        t.save_changes(new_papers(2), NOW)

    with rehearsal.reading() as t:
        assert len(t.pool(NOW)) == 2


def test_others_see_nothing_of_a_rehearsal(real: Store, rehearsal: Store) -> None:
    with rehearsal.writing() as t:
        t.save_changes(new_papers(2), NOW)

    with real.reading() as t:
        assert len(t.pool(NOW)) == 1


def test_nothing_of_a_rehearsal_stays(real: Store, url: str) -> None:
    before = rows(url)

    _rehearse(url)

    assert rows(url) == before
    with real.reading() as t:
        assert len(t.pool(NOW)) == 1


def test_a_closed_rehearsal_lets_others_write(real: Store, url: str) -> None:
    with open_store(url, rehearsal=True) as store, store.writing() as t:
        t.save_changes(new_papers(2), NOW)

    with real.writing() as t:
        t.save_changes(new_papers(3), NOW)
        assert len(t.pool(NOW)) == 2


def test_a_rehearsal_is_told_apart_by_its_type(rehearsal: Store) -> None:
    assert isinstance(rehearsal, Rehearsal)


def test_a_rehearsals_stale_claim_is_refused_as_in_a_real_run(rehearsal: Store) -> None:
    publish(rehearsal, a_letter())
    with rehearsal.writing() as t:
        (delivery,) = t.claim("me", NOW, 1, HOUR)
        t.give_back("me")

    with pytest.raises(StoreError, match="its lease ended"), rehearsal.writing() as t:
        t.mark_sent(delivery, "250 ok", NOW)


def test_nobody_waits_for_the_rehearsal_of_a_copy(path: Path) -> None:
    url = f"sqlite:///{path}"
    with open_store(url, rehearsal=True, copied=True) as copied, copied.writing() as theirs:
        theirs.save_changes(new_papers(2), NOW)
        with open_store(url) as real, real.writing() as ours:
            ours.save_changes(new_papers(3), NOW)
            assert {paper.paper.arxiv for paper in ours.papers(9)} == {"2408.00001", "2408.00003"}
        assert {paper.paper.arxiv for paper in theirs.papers(9)} == {"2408.00001", "2408.00002"}
