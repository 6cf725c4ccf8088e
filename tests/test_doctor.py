"""What `digest doctor` says of an installation: every part, what is wrong, what to do."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from databases import HOUR, a_mail, connected, post
from running import Newsroom, newsroom, paper
from webserver import Handler, answer

from digest.app import LOCK, clock
from digest.cli import main
from digest.config import load
from digest.errors import DigestError
from digest.machine import clock as compared
from digest.store import open_store

pytest_plugins = ["databases"]

DAY = "2026-06-12"
PARTS = [
    "install",
    "python",
    "key",
    "files",
    "templates",
    "clock",
    "store",
    "times",
    "disk",
    "source huggingface",
    "source arxiv",
    "letters",
    "last collect",
    "last publish",
    "last send",
    "lock",
    "outbox",
    "alarms",
    "output smtp",
    "dns example.org",
    "switch",
]


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Newsroom]:
    with newsroom(tmp_path, more="[watch]\nsilent = 0\nstale = 0\ndisk = 1\n") as made:
        made.huggingface(DAY, paper(1, "On Looms", votes=12))
        (tmp_path / "digest.toml").chmod(0o600)
        yield made


def found(room: Newsroom) -> dict[str, dict[str, Any]]:
    done = room.run("doctor", "--offline", "--json")
    lines = {each["what"]: each for each in json.loads(done.out)}
    assert done.code == int(any(each["wrong"] for each in lines.values()))
    return lines


def wrong(room: Newsroom) -> dict[str, str]:
    return {what: each["text"] for what, each in found(room).items() if each["wrong"]}


def test_all_is_well_after_a_run_that_went_well(room: Newsroom) -> None:
    room.once(DAY)

    done = room.run("doctor", "--offline")

    assert done.code == 0, done.out
    assert list(found(room)) == PARTS
    assert all(line.startswith(("ok    ", "      ")) for line in done.out.splitlines())
    assert "output smtp: not looked at: --offline" in done.out
    assert "dns example.org: not looked at: --offline" in done.out


def test_it_writes_nothing(room: Newsroom) -> None:
    room.once(DAY)
    before = {path: path.read_bytes() for path in room.folder.iterdir()}

    room.run("doctor", "--offline")

    assert {path: path.read_bytes() for path in room.folder.iterdir()} == before


def test_before_the_first_run_nothing_is_wrong_with_the_store(room: Newsroom) -> None:
    lines = found(room)
    assert lines["store"]["text"].endswith("not there yet; the first run makes it")
    assert not (room.folder / "digest.db").exists()


def test_a_source_that_fails_is_named_with_its_error_and_so_are_the_runs(room: Newsroom) -> None:
    def failing(handler: Handler) -> None:
        handler.say(b"", 503, {})

    room.web.answers[f"/api/daily_papers?date={DAY}&limit=100"] = failing
    room.once(DAY)

    said = wrong(room)
    assert list(said) == ["source huggingface", "last collect", "last publish", "last send"]
    assert "fails since 2026-06-12" in said["source huggingface"]
    assert "503" in said["source huggingface"]
    assert "digest check" in said["source huggingface"]


def test_what_an_alarm_says_stands_at_its_part(room: Newsroom) -> None:
    room.configure(more="[watch]\ndisk = 1_000_000_000\nsilent = 0\nstale = 0\n")
    room.once(DAY)

    said = wrong(room)
    assert list(said) == ["disk", "alarms"]
    assert said["disk"].startswith("the disk fills: ")
    assert said["alarms"].startswith("nobody is mailed: set [watch] operator")


def test_letters_in_doubt_are_to_be_settled(room: Newsroom) -> None:
    room.once(DAY)
    with connected(f"sqlite:///{room.database}") as database:
        database.exec_driver_sql("UPDATE deliveries SET state = 'in_doubt'")

    assert "digest letters settle ID sent" in wrong(room)["outbox"]


def test_what_is_put_off_is_told_with_its_answer(room: Newsroom) -> None:
    room.mailbox.answer("RCPT", "450 the box is full")
    room.once(DAY)

    assert "1 failed and are tried again" in wrong(room)["outbox"]
    assert "450 the box is full" in wrong(room)["outbox"]


def test_a_letter_that_failed_is_told(room: Newsroom) -> None:
    room.mailbox.answer("RCPT", "550 5.1.1 no such user")
    room.once(DAY)

    assert "1 letters failed in the last 14 days" in wrong(room)["outbox"]


def test_a_damaged_store_is_named(room: Newsroom) -> None:
    room.once(DAY)
    with closing(sqlite3.connect(room.database)) as database:
        database.execute("PRAGMA journal_mode = DELETE")
        database.execute("PRAGMA foreign_keys = OFF")
        database.execute("DELETE FROM papers")
        database.commit()

    said = wrong(room)["store"]
    assert said.startswith("damaged; put a copy back: `digest restore`")
    assert "refers to a row of papers that is gone" in said


def test_a_store_that_is_none_is_named_and_the_rest_is_said_not_to_be_looked_at(
    room: Newsroom,
) -> None:
    room.database.write_bytes(b"not a database, not at all" * 100)
    room.database.chmod(0o600)

    said = wrong(room)["store"]
    assert "not an SQLite database" in said
    assert "nothing that is remembered could be looked at" in said


def test_a_moment_that_is_none_is_named(room: Newsroom) -> None:
    room.once(DAY)
    with closing(sqlite3.connect(room.database)) as database, database:
        database.execute("UPDATE sources SET read_at = 'some time'")

    said = wrong(room)["store"]
    assert "some time" in said
    assert "nothing that is remembered could be looked at" in said


def test_a_store_that_is_older_than_what_was_sent_is_named(room: Newsroom) -> None:
    room.once("2026-06-11")
    copy = room.database.read_bytes()
    room.once(DAY)
    room.database.write_bytes(copy)

    assert "older than what was sent: 1 letters" in wrong(room)["store"]


def test_a_store_that_was_handed_over_is_named(room: Newsroom) -> None:
    room.once(DAY)
    with open_store(f"sqlite:///{room.database}") as store, store.writing() as t:
        t.hand_over("another machine", clock())

    assert "handed over to another machine" in wrong(room)["store"]


@pytest.mark.parametrize(
    ("file", "mode", "said"),
    [
        ("digest.db", 0o644, "others can read it (-rw-r--r--); run `chmod 600"),
        ("digest.db.letters-sent", 0o640, "run `chmod 600"),
        ("digest.toml", 0o666, "others can write to it (-rw-rw-rw-); run `chmod go-w"),
    ],
)
def test_who_else_may_read_or_write_is_told(
    room: Newsroom, file: str, mode: int, said: str
) -> None:
    room.once(DAY)
    (room.folder / file).chmod(mode)

    text = wrong(room)["files"]
    assert str(room.folder / file) in text
    assert said in text


def test_what_was_done_in_the_future_is_told(room: Newsroom) -> None:
    room.once("2199-06-12")
    assert "2199-06-12" in wrong(room)["times"]


@pytest.mark.parametrize(
    ("owner", "said"),
    [("elsewhere:1:00", "elsewhere:1:00 is at work"), ("", "nobody is at work")],
)
def test_who_is_at_work_is_told(room: Newsroom, owner: str, said: str) -> None:
    room.once(DAY)
    if owner:
        with open_store(f"sqlite:///{room.database}") as store, store.writing() as t:
            t.take_lock(LOCK, owner, clock(), HOUR)

    assert said in found(room)["lock"]["text"]


def test_a_run_that_was_stopped_is_told(room: Newsroom) -> None:
    room.once(DAY)
    with open_store(f"sqlite:///{room.database}") as store, store.writing() as t:
        t.begin_run("later", ("publish",), clock() + timedelta(seconds=1))
        t.end_run("later", "stopped", "it was told to stop", clock())

    said = wrong(room)
    assert list(said) == ["last publish"]
    assert "was stopped: it was told to stop" in said["last publish"]


def test_what_waits_is_no_fault(room: Newsroom) -> None:
    room.once(DAY)
    with open_store(f"sqlite:///{room.database}") as store:
        post(store, a_mail(), "alarm/1", "smtp")

    assert found(room)["outbox"] == {"what": "outbox", "wrong": False, "text": "1 wait to be sent"}


@pytest.mark.parametrize(
    ("date", "said"),
    [
        ("Thu, 01 Jan 2026 00:00:00 GMT", "set this machine's clock"),
        (format_datetime(clock()), "agrees with 127.0.0.1's"),
        ("", "did not say what time it is"),
        ("nonsense", "did not say what time it is"),
    ],
    ids=["wrong", "right", "none", "nonsense"],
)
def test_the_clock_is_compared_with_a_source_s_server(room: Newsroom, date: str, said: str) -> None:
    room.web.answers["/robots.txt"] = answer(Date=date) if date else answer()
    config = load(room.folder / "digest.toml")
    try:
        text = compared(config, clock(), offline=False)
    except DigestError as error:
        text = str(error)
    assert said in text


def test_a_postgresql_store_is_looked_at_too(room: Newsroom, new_server_url: Any) -> None:
    room.store = new_server_url()
    room.configure()
    (room.folder / "digest.toml").chmod(0o600)
    room.once(DAY)

    lines = found(room)
    assert [what for what, each in lines.items() if each["wrong"]] == []
    assert lines["store"]["text"] == "the database answers, and its schema is this version's"


def test_it_is_a_command_with_help(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["doctor", "--help"])
    assert ended.value.code == 0
    assert "what is wrong with the installation" in capsys.readouterr().out
