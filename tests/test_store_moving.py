"""Moving a store: all of it arrives, or nothing does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from databases import (
    DAY,
    HOUR,
    NOW,
    a_letter,
    a_listing,
    a_paper,
    a_sighting,
    about,
    connected,
    fail_all,
    new_papers,
    publish,
    rows,
)
from databaseserver import DatabaseServer
from running import newsroom, paper
from sqlalchemy import Boolean, Date, Integer, func, insert, select

from digest.app import LOCK, Setting, move
from digest.config import Config, StoreSettings
from digest.errors import LockHeldError, StoreError
from digest.store import Store, moving, open_store
from digest.store.tables import Day, LetterJson, PaperJson, Text, Utc

pytest_plugins = ["databases"]

FRIDAY, SATURDAY = "2026-06-12", "2026-06-13"


@pytest.fixture
def old(tmp_path: Path) -> str:
    """A store in a file with rows in each table."""
    url = f"sqlite:///{tmp_path}/old.db"
    odd = a_paper(3, title="∇·Ü — 论文 \0", abstract="")
    with open_store(url) as store:
        with store.writing() as t:
            t.save_changes(new_papers(*range(1, 600)), NOW + timedelta(microseconds=7))
            undated = a_listing(a_sighting(odd, day=None, source="Ü", votes=7))
            t.save_changes(about(3, odd, undated, revision=2), NOW + HOUR)
            t.save_reading("arxiv", NOW, {}, whole=False, reason="503")
        publish(store, a_letter(), "mail", "folder", papers=(1, 2))
        fail_all(store)
        publish(store, a_letter("Bob"), papers=(3,))
    _fill_the_rest(url)
    return url


def _fill_the_rest(url: str) -> None:
    """Put a row into each table that nothing else has filled."""
    examples = {
        Integer: 1,
        Boolean: True,
        Date: DAY,
        Text: "zebra",
        Utc: NOW,
        Day: DAY,
        PaperJson: a_paper(9),
        LetterJson: a_letter("Cleo"),
    }
    with connected(url) as database:
        for table in moving.MOVED:
            if database.scalar(select(func.count()).select_from(table)) == 0:
                row = {each.name: examples[type(each.type)] for each in table.columns}
                database.execute(insert(table), row)


def _moved(old: str, new: str) -> dict[str, int]:
    setting = Setting(config=Config(store=StoreSettings(url=old)), now=NOW)
    return dict(move(setting, new))


def _but_for_the_mark(url: str) -> dict[str, list[tuple[object, ...]]]:
    """Return all that is in a store, but that it was handed over."""
    return {name: found for name, found in rows(url).items() if name != "handover"}


def _kept(url: str) -> dict[str, list[tuple[object, ...]]]:
    """Return all that is in a store, decoded, whichever database keeps it."""
    with connected(url) as database:
        return {
            table.name: sorted(map(tuple, database.execute(select(table))), key=repr)
            for table in moving.MOVED
        }


def test_each_row_arrives_as_it_was(old: str, new_url: Callable[[], str]) -> None:
    new = new_url()
    before = _but_for_the_mark(old)

    counts = _moved(old, new)

    assert _kept(new) == _kept(old)
    assert counts == {name: len(found) for name, found in _kept(old).items()}
    assert all(counts.values())
    assert _but_for_the_mark(old) == before


def test_a_store_moves_back_as_it_was(
    old: str, new_server_url: Callable[[], str], tmp_path: Path
) -> None:
    server = new_server_url()
    _moved(old, server)

    _moved(server, f"sqlite:///{tmp_path}/back.db")

    assert _but_for_the_mark(f"sqlite:///{tmp_path}/back.db") == _but_for_the_mark(old)


def test_what_is_new_after_a_move_gets_numbers_of_its_own(
    old: str, new_url: Callable[[], str]
) -> None:
    new = new_url()
    _moved(old, new)

    with open_store(new) as store:
        with store.writing() as t:
            t.save_changes(new_papers(5000), NOW)
            assert [each.id for each in t.find("2408.05000")] == [600]
        assert publish(store, a_letter("Dora")) == 3


def test_an_empty_database_on_a_server_becomes_the_store(old: str, server: DatabaseServer) -> None:
    with server.database() as new:
        assert _moved(old, new)["papers"] == 599


def test_a_store_with_something_in_it_is_not_moved_to(old: str, new_url: Callable[[], str]) -> None:
    new = new_url()
    with open_store(new) as store, store.writing() as t:
        t.save_reading("arxiv", NOW, {}, whole=True)
    before = rows(new)

    with pytest.raises(StoreError, match="there is something in it"):
        _moved(old, new)

    assert rows(new) == before


def test_a_store_is_not_moved_to_itself(old: str) -> None:
    with pytest.raises(StoreError, match="there is something in it"):
        _moved(old, old)


def test_nothing_is_not_moved(tmp_path: Path, url: str) -> None:
    with pytest.raises(StoreError, match="nothing to move"):
        _moved(f"sqlite:///{tmp_path}/nowhere.db", url)
    assert not (tmp_path / "nowhere.db").exists()


def test_a_store_that_a_run_uses_is_not_moved(old: str, url: str) -> None:
    with open_store(old) as store, store.writing() as t:
        t.take_lock(LOCK, "elsewhere:1:00", datetime.now(UTC), HOUR)

    with pytest.raises(LockHeldError, match="elsewhere"):
        _moved(old, url)

    assert not any(_kept(url).values())


@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("deliveries", "UPDATE deliveries SET answer = answer || '!' WHERE id = 3"),
        ("letter_papers", "DELETE FROM letter_papers WHERE paper_id = 3"),
        ("papers", "UPDATE papers SET revised_at = first_seen WHERE id = 501"),
        ("titles", "INSERT INTO titles VALUES ('one more', 7)"),
    ],
)
def test_a_copy_that_is_not_the_same_is_not_kept(
    old: str, url: str, table: str, change: str
) -> None:
    def move_and_slip(ours: Store, theirs: Store) -> None:
        with ours.writing() as source, theirs.writing() as target:

            def slip(what: str) -> None:
                if what == f"comparing {moving.MOVED[0].name}":
                    target._connection.exec_driver_sql(change)  # noqa: SLF001  # As a fault would.

            target.copy(source, slip)

    slipped = rf"{table}, .*: the copy is not the same"
    with (
        open_store(old) as ours,
        open_store(url) as theirs,
        pytest.raises(StoreError, match=slipped),
    ):
        move_and_slip(ours, theirs)

    assert not any(_kept(url).values())


def test_a_record_that_cannot_be_read_stops_the_move(old: str, url: str) -> None:
    with connected(old) as database:
        database.exec_driver_sql("UPDATE papers SET paper = '{' WHERE id = 550")

    with pytest.raises(StoreError, match="cannot be read"):
        _moved(old, url)

    assert not any(_kept(url).values())


def test_killed_before_the_end_nothing_arrived_and_it_can_be_moved_again(
    old: str, url: str
) -> None:
    script = """
import os, signal, sys
from digest.app import Setting, clock, move
from digest.config import Config, StoreSettings

def tell(what):
    if what == "comparing papers":
        os.kill(os.getpid(), signal.SIGKILL)

config = Config(store=StoreSettings(url=sys.argv[1]))
move(Setting(config=config, now=clock(), tell=tell), sys.argv[2])
"""
    killed = subprocess.run(  # noqa: S603  # This interpreter, and a script of ours.
        [sys.executable, "-c", script, old, url],
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )

    assert killed.returncode == -signal.SIGKILL
    assert not any(_kept(url).values())
    assert _moved(old, url)["papers"] == 599


def test_the_next_run_goes_on_where_the_old_store_ended(
    tmp_path: Path, new_server_url: Callable[[], str]
) -> None:
    new = new_server_url()
    with newsroom(tmp_path) as room:
        room.huggingface(FRIDAY, paper(1, "On Looms", votes=12), paper(2, "On Soap"))
        room.once(FRIDAY)
        done = room.run("move", "--to", new)
        assert done.code == 0, done.err
        assert "papers: 2 rows, each the same" in done.out
        assert f'url = "{new}"' in done.out

        room.configure(store=new)
        again = room.once(FRIDAY)
        assert (again.code, again.json["letters"]) == (0, [])
        room.huggingface(SATURDAY, paper(1, "On Looms", votes=12), paper(3, "Looms at Night"))
        assert room.once(SATURDAY).json["letters"][0]["here"] == ["arxiv:2606.00003"]
        assert len(room.mails) == 2
