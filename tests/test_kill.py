"""A run that is killed at any step is finished by the next: nothing is lost, nothing sent twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from databases import a_mail, connected, post
from running import ROOT, Newsroom, newsroom, paper
from stalling import PATIENCE, stalling

from digest.store import open_store

pytestmark = pytest.mark.tier2

pytest_plugins = ["databases"]

FRIDAY = "2026-06-12"
LIST = f"/api/daily_papers?date={FRIDAY}&limit=100"


@pytest.fixture
def rooms(tmp_path: Path, new_server_url: Callable[[], str]) -> Iterator[list[Newsroom]]:
    """The same newsroom on each kind of store."""
    stores = {"file": f"sqlite:///{tmp_path}/digest.db", "server": new_server_url()}
    with ExitStack() as stack:
        made = []
        for name, url in stores.items():
            (tmp_path / name).mkdir()
            made.append(stack.enter_context(newsroom(tmp_path / name, store=url)))
            made[-1].huggingface(FRIDAY, paper(1, "On Looms", votes=12), paper(2, "On Soap"))
        yield made


def killed(process: subprocess.Popen[str]) -> None:
    """Kill a process as a power cut would."""
    process.kill()
    process.communicate(timeout=PATIENCE)


def kill_at(room: Newsroom, stage: bytes) -> str:
    """Kill a run while it waits for a mail server at a stage; return its Message-ID."""
    port, room.mail_port = room.mail_port, 0
    with stalling(stage) as server:
        room.mail_port = server.port
        room.configure()
        process = room.start("once", "--at", FRIDAY)
        try:
            assert server.reached.wait(PATIENCE)
        finally:
            killed(process)
    room.mail_port = port
    room.configure()
    with connected(room.store) as database:
        return str(database.exec_driver_sql("SELECT message_id FROM deliveries").scalar_one())


def test_killed_while_it_reads_pages_nothing_is_lost(rooms: list[Newsroom]) -> None:
    for room in rooms:
        listed = room.web.answers[LIST]
        blocked = room.block(LIST)
        process = room.start("once", "--at", FRIDAY)
        try:
            assert blocked.asked.wait(PATIENCE)
        finally:
            killed(process)
        room.web.answers[LIST] = listed

        done = room.once(FRIDAY)

        assert done.code == 0, done.err
        assert done.json["sources"][0]["new"] == 2
        assert done.json["letters"][0]["here"][0] == "arxiv:2606.00001"
        assert len(room.mails) == 1


STEPS = """
import os, signal, sys
from pathlib import Path
from digest.app import Setting, clock, locked, me, moment, opened, parts
from digest.config import load
from digest.fetch import Fetcher
from digest import pipeline

config = load(Path("digest.toml"))
setting = Setting(config=config, now=moment(sys.argv[1], "Europe/Berlin", clock()))
owner = me()
with opened(setting) as store, Fetcher(config.http, now=setting.now) as fetcher:
    with locked(store, owner):
        made = parts(setting, store, fetcher, owner)
        for step in sys.argv[2:]:
            getattr(pipeline, step)(made)
        os.kill(os.getpid(), signal.SIGKILL)
"""


def kill_after(room: Newsroom, *steps: str) -> None:
    """Take the first steps of a run in a process, and kill it there."""
    done = subprocess.run(  # noqa: S603  This very Python.
        [sys.executable, "-c", STEPS, FRIDAY, *steps],
        cwd=room.folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert done.returncode == -signal.SIGKILL


def test_killed_between_two_steps_the_next_run_takes_the_rest(rooms: list[Newsroom]) -> None:
    for room in rooms:
        kill_after(room, "collect")
        listed = room.run("papers", "--json").json
        assert len(listed) == 2

        kill_after(room, "collect", "publish")
        (letter,) = room.run("letters", "--json").json
        assert letter["states"] == {"ready": 1}

        done = room.once(FRIDAY)
        assert done.code == 0, done.err
        assert done.json["sources"][0]["known"] == 2
        assert done.json["letters"] == []
        assert done.json["deliveries"] == {"sent": 1}
        assert len(room.mails) == 1


def test_killed_before_the_final_dot_the_same_letter_is_sent(rooms: list[Newsroom]) -> None:
    for room in rooms:
        message_id = kill_at(room, b"RCPT")

        done = room.once(FRIDAY)

        assert done.code == 0, done.err
        assert done.json["letters"] == []
        assert done.json["deliveries"] == {"sent": 1}
        assert [mail["Message-ID"] for mail in room.mails] == [message_id]


def test_killed_after_the_final_dot_the_letter_is_in_doubt_and_not_sent_again(
    rooms: list[Newsroom],
) -> None:
    for room in rooms:
        kill_at(room, b".\r\n")

        done = room.once(FRIDAY)
        assert done.code == 1
        assert done.json["deliveries"] == {"in_doubt": 1}
        assert "a run was stopped while the output had the whole message" in done.err

        again = room.once(FRIDAY)
        assert (again.code, again.json["deliveries"]) == (0, {})
        assert room.mails == []
        (letter,) = room.run("letters", "--json").json
        assert letter["states"] == {"in_doubt": 1}


@pytest.fixture
def posting(rooms: list[Newsroom]) -> list[Newsroom]:
    """Newsrooms without readers, in whose outboxes an alarm waits."""
    for room in rooms:
        room.configure(subscribers="")
        with open_store(room.store) as store:
            assert post(store, a_mail(), "alarm/1", "smtp")
    return rooms


def test_killed_before_the_final_dot_the_same_mail_is_sent(posting: list[Newsroom]) -> None:
    for room in posting:
        message_id = kill_at(room, b"RCPT")

        done = room.once(FRIDAY)

        assert (done.code, done.json["deliveries"]) == (0, {"sent": 1})
        assert [mail["Message-ID"] for mail in room.mails] == [message_id]


def test_killed_after_the_final_dot_the_mail_is_in_doubt_and_not_sent_again(
    posting: list[Newsroom],
) -> None:
    for room in posting:
        kill_at(room, b".\r\n")

        done = room.once(FRIDAY)
        again = room.once(FRIDAY)

        assert (done.code, done.json["deliveries"]) == (1, {"in_doubt": 1})
        assert "alarm/1 by smtp: in doubt" in done.err
        assert (again.code, again.json["deliveries"]) == (0, {})
        assert room.mails == []
