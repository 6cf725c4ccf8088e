from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from threading import Barrier, Thread

import pytest
from databases import DAY, NOW, a_letter, a_paper, a_sighting, fail_all, new, new_papers, publish
from sqlalchemy.exc import StatementError

from digest.errors import ConfigError, StoreError
from digest.store import Store, open_store, sqlite
from digest.store.files import marker

pytest_plugins = ["databases"]


def test_what_is_written_is_there_after_opening_again(url: str) -> None:
    with open_store(url) as store, store.writing() as t:
        t.save_changes(new_papers(1), NOW)

    with open_store(url) as store, store.reading() as t:
        assert [c.paper for c in t.pool(NOW)] == [a_paper(1)]


def test_a_block_that_raises_leaves_nothing(store: Store) -> None:
    def save_and_break() -> None:
        with store.writing() as t:
            t.save_changes(new_papers(1), NOW)
            raise KeyError

    with pytest.raises(KeyError):
        save_and_break()

    with store.reading() as t:
        assert t.pool(NOW) == ()


def test_a_killed_process_leaves_nothing_half_written(url: str, tmp_path: Path) -> None:
    open_store(url).close()
    script = """
import os, signal, sys
from databases import NOW, new_papers
from digest.store import open_store
store = open_store(sys.argv[1])
with store.writing() as t:
    t.save_changes(new_papers(*range(500)), NOW)
    os.kill(os.getpid(), signal.SIGKILL)
"""

    ended = _python(script, url, tmp_path)

    assert ended.returncode == -signal.SIGKILL
    with open_store(url) as store, store.reading() as t:
        assert t.pool(NOW) == ()


def test_writers_that_begin_by_reading_take_turns(store: Store) -> None:
    together = Barrier(4)

    def add_one() -> None:
        together.wait()
        for _ in range(5):
            with store.writing() as t:
                count = len(t.pool(NOW))
                t.save_changes(new_papers(count), NOW)

    threads = [Thread(target=add_one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with store.reading() as t:
        assert len(t.pool(NOW)) == 20


def test_a_reader_sees_one_state_while_others_write(store: Store) -> None:
    with store.reading() as reading:
        before = reading.pool(NOW)
        with store.writing() as t:
            t.save_changes(new_papers(1), NOW)
        assert reading.pool(NOW) == before == ()


def test_a_time_without_a_zone_is_refused(store: Store) -> None:
    with pytest.raises(StatementError, match="without a zone"), store.writing() as t:
        t.save_changes(new_papers(1), datetime(2024, 8, 1))  # noqa: DTZ001  # That is the point.


def test_times_of_any_zone_come_back_in_utc(store: Store) -> None:
    with store.writing() as t:
        t.save_changes(new_papers(1), NOW.astimezone(timezone(timedelta(hours=9))))
    with store.reading() as t:
        (candidate,) = t.pool(NOW)

    assert candidate.first_seen == NOW
    assert candidate.first_seen.tzinfo is UTC
    assert candidate.seen[0].at.tzinfo is UTC


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"This is a letter, not a database.\n" * 400, id="text"),
        pytest.param(b"SQLite format 3\0", id="cut short"),
    ],
)
@pytest.mark.parametrize("rehearsal", [False, True])
def test_a_file_that_is_no_store_is_refused_and_kept(
    tmp_path: Path, content: bytes, *, rehearsal: bool
) -> None:
    path = tmp_path / "digest.db"
    path.write_bytes(content)

    with pytest.raises(StoreError, match=r"digest\.db: .*Put a copy"):
        open_store(f"sqlite:///{path}", rehearsal=rehearsal)

    assert path.read_bytes() == content


def test_a_store_cut_in_half_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "digest.db"
    with open_store(f"sqlite:///{path}") as store, store.writing() as t:
        t.save_changes(new_papers(*range(500)), NOW)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])

    with pytest.raises(StoreError, match="damaged or cut short"):
        open_store(f"sqlite:///{path}")


def test_another_programs_database_is_refused(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "music.db")) as other:
        other.execute("CREATE TABLE songs (name)")

    with pytest.raises(StoreError, match="another program's"):
        open_store(f"sqlite:///{tmp_path}/music.db")


def test_a_folder_is_no_store(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="this is a folder"):
        open_store(f"sqlite:///{tmp_path}")


def test_a_missing_folder_is_not_made_up(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="its folder is not there"):
        open_store(f"sqlite:///{tmp_path}/unmounted/digest.db")


def test_an_unwritable_folder_is_named() -> None:
    with pytest.raises(StoreError, match=r"/proc/digest\.db: .* may write there"):
        open_store("sqlite:////proc/digest.db")


def test_a_full_disk_is_named(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "digest.db")) as small:
        small.execute("PRAGMA max_page_count = 2")
        small.execute("CREATE TABLE t (x)")
        full = r"digest\.db: the disk is full\. Make room"
        with pytest.raises(StoreError, match=full), sqlite.translated("digest.db"):
            small.execute("INSERT INTO t VALUES (zeroblob(100000))")


def test_a_record_that_cannot_be_read_is_a_store_error(tmp_path: Path) -> None:
    with open_store(f"sqlite:///{tmp_path}/digest.db") as store:
        with store.writing() as t:
            t.save_changes(new_papers(1), NOW)
        with closing(sqlite3.connect(tmp_path / "digest.db")) as raw, raw:
            raw.execute("UPDATE papers SET paper = '{'")

        with pytest.raises(StoreError, match="cannot be read"), store.reading() as t:
            t.pool(NOW)


def test_a_callers_own_errors_pass_as_they_are(store: Store) -> None:
    with pytest.raises(FileNotFoundError), store.reading():
        Path("/nowhere/at/all").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "address", ["postgresql+asyncpg://db/digest", "mysql://db/digest", "digest.db"]
)
def test_an_address_of_another_kind_is_refused(address: str) -> None:
    with pytest.raises(ConfigError, match=r"use sqlite:///digest\.db"):
        open_store(address)


def test_a_name_with_odd_characters_is_one_file(tmp_path: Path) -> None:
    open_store(f"sqlite:///{tmp_path}/50% of #1 ä.db").close()

    assert [file.name for file in tmp_path.iterdir()] == ["50% of #1 ä.db"]


def test_a_store_is_its_owners_alone(tmp_path: Path) -> None:
    open_store(f"sqlite:///{tmp_path}/digest.db").close()

    assert (tmp_path / "digest.db").stat().st_mode & 0o077 == 0


def test_two_first_runs_make_one_store(url: str) -> None:
    together = Barrier(4)
    failed: list[Exception] = []

    def begin(number: int) -> None:
        together.wait()
        try:
            with open_store(url) as store, store.writing() as t:
                t.save_changes(new_papers(number), NOW)
        except StoreError as error:
            failed.append(error)

    threads = [Thread(target=begin, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failed == []
    with open_store(url) as store, store.reading() as t:
        assert len(t.pool(NOW)) == 4


def _send_one(path: Path) -> None:
    with open_store(f"sqlite:///{path}") as store:
        publish(store, a_letter())
        with store.writing() as t:
            (delivery,) = t.claim("me", NOW, 1, timedelta(hours=1))
        with store.writing() as t:
            t.mark_sent(delivery, "250 ok", NOW)


@pytest.mark.parametrize("rehearsal", [False, True])
def test_a_store_that_is_gone_after_letters_were_sent_is_an_error(
    tmp_path: Path, *, rehearsal: bool
) -> None:
    path = tmp_path / "digest.db"
    _send_one(path)
    path.unlink()

    with pytest.raises(StoreError, match=r"is gone.*Put a copy.*--start-afresh"):
        open_store(f"sqlite:///{path}", rehearsal=rehearsal)


def test_starting_afresh_forgets_that_letters_were_sent(tmp_path: Path) -> None:
    path = tmp_path / "digest.db"
    _send_one(path)
    path.unlink()

    open_store(f"sqlite:///{path}", start_afresh=True).close()

    assert path.exists()
    assert not marker(path).exists()


def test_starting_afresh_keeps_a_store_that_is_there(tmp_path: Path) -> None:
    path = tmp_path / "digest.db"
    _send_one(path)

    with open_store(f"sqlite:///{path}", start_afresh=True) as store, store.reading() as t:
        assert len(t.letters(10)) == 1
    assert marker(path).exists()


def test_a_store_from_which_nothing_was_sent_may_go(tmp_path: Path) -> None:
    path = tmp_path / "digest.db"
    with open_store(f"sqlite:///{path}") as store:
        publish(store, a_letter())
        fail_all(store)
    path.unlink()

    with open_store(f"sqlite:///{path}") as store, store.reading() as t:
        assert t.letters(10) == ()


def test_a_store_that_is_put_in_place_of_an_open_one_is_gone_on_with(tmp_path: Path) -> None:
    place, copy = tmp_path / "digest.db", tmp_path / "copy.db"
    sent = f"sqlite:///{place}"
    with open_store(sent) as store:
        with store.writing() as t:
            t.save_changes(new_papers(1), NOW)
        with store.reading() as old, closing(sqlite3.connect(copy)) as other:
            assert old.last_run("collect") is None
            with closing(sqlite3.connect(place)) as source:
                source.backup(other)
        for name in ("digest.db-wal", "digest.db-shm"):
            (tmp_path / name).unlink(missing_ok=True)
        copy.replace(place)
        with open_store(sent) as another, another.writing() as t:
            t.take_lock("serve", "me", NOW, timedelta(hours=1))

        with store.reading() as t:
            assert t.held_until("serve") == NOW + timedelta(hours=1)

        place.unlink()
        with pytest.raises(StoreError, match="cannot be opened"), store.reading() as t:
            t.last_run("collect")


def test_an_old_log_is_not_played_into_a_fresh_store(tmp_path: Path) -> None:
    (tmp_path / "digest.db-wal").write_bytes(b"what was written last")

    with pytest.raises(StoreError, match=r"its log digest\.db-wal is there"):
        open_store(f"sqlite:///{tmp_path}/digest.db")


def test_a_paper_of_any_characters_survives(store: Store) -> None:
    paper = a_paper(title="∇·Ü = ½ ε₀ \\emph{'\"; DROP TABLE papers} \x00 — 论文")

    with store.writing() as t:
        t.save_changes(new(a_sighting(paper, day=DAY)), NOW)
    with store.reading() as t:
        (candidate,) = t.pool(NOW)

    assert candidate.paper == paper


def _python(script: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603  # This interpreter, and a script of ours.
        [sys.executable, "-c", script, *map(str, arguments)],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
