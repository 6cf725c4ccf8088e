"""The flow: what it holds while it waits, and what it leaves behind when it fails."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from databases import connected, is_free
from running import ANN, SMTP, Newsroom, newsroom, paper
from webserver import Handler

from digest.app import LOCK, alive, moment
from digest.errors import ConfigError
from digest.store import open_store

pytest_plugins = ["databases"]

FRIDAY, SATURDAY = "2026-06-12", "2026-06-13"
LIST = f"/api/daily_papers?date={FRIDAY}&limit=100"
NOW = datetime(2026, 6, 12, 7, tzinfo=UTC)


@pytest.fixture
def room(tmp_path: Path, url: str) -> Iterator[Newsroom]:
    with newsroom(tmp_path, store=url) as made:
        made.huggingface(FRIDAY, paper(1, "On Looms", votes=12), paper(2, "On Soap"))
        yield made


@dataclass
class Asked:
    """A mail server's answer that notes whether the store could be written to meanwhile."""

    store: str
    writable: list[bool] = field(default_factory=list)

    def __call__(self) -> None:
        self.writable.append(is_free(self.store))


# Transactions


def test_no_transaction_is_open_while_pages_are_waited_for(room: Newsroom) -> None:
    asked = Asked(room.store)
    listed = room.web.answers[LIST]

    def note(handler: Handler) -> None:
        asked()
        listed(handler)

    room.web.answers[LIST] = note
    assert room.once(FRIDAY).code == 0
    assert asked.writable == [True]


@pytest.mark.parametrize("stage", ["EHLO", "RCPT", "DATA", "END"])
def test_no_transaction_is_open_while_a_mail_server_is_waited_for(
    room: Newsroom, stage: str
) -> None:
    asked = Asked(room.store)
    answers = room.mailbox.next_answer

    def note(reached: str) -> str:
        if reached == stage:
            asked()
        return answers(reached)

    room.mailbox.next_answer = note  # type: ignore[method-assign, assignment]  # Its side.
    assert room.once(FRIDAY).json["deliveries"] == {"sent": 1}
    assert asked.writable == [True]


# Locks


def test_a_run_that_stops_on_an_error_releases_its_lock_and_loses_no_letter(
    room: Newsroom,
) -> None:
    templates = room.folder / "templates"
    templates.mkdir()
    (templates / "letter.html.j2").write_text("{{ nonsense.of.mine }}")
    config = (room.folder / "digest.toml").read_text()
    broken = config.replace("[newsletter]\n", '[newsletter]\ntemplates = "templates"\n')
    (room.folder / "digest.toml").write_text(broken)

    failed = room.run("once", "--at", FRIDAY)
    assert failed.code == 2
    assert "letter.html.j2" in failed.err
    assert "Traceback" not in failed.err
    assert room.mails == []

    (room.folder / "digest.toml").write_text(config)
    done = room.once(FRIDAY)
    assert done.code == 0
    assert done.json["letters"] == []
    assert done.json["deliveries"] == {"sent": 1}


def test_a_lock_of_a_process_that_is_gone_is_taken_over(room: Newsroom) -> None:
    room.once(FRIDAY)
    hold(room, f"{socket.gethostname()}:{_dead()}:00")
    assert room.once(FRIDAY).code == 0


def test_a_lock_that_was_left_under_our_own_number_is_taken_over(room: Newsroom) -> None:
    room.once(FRIDAY)
    hold(room, f"{socket.gethostname()}:{os.getpid()}:00")
    assert room.once(FRIDAY).code == 0


@pytest.mark.parametrize("owner", ["elsewhere:1:00", f"{socket.gethostname()}:1:00", "strange"])
def test_a_lock_of_one_who_may_live_stops_the_run(room: Newsroom, owner: str) -> None:
    room.once(FRIDAY)
    hold(room, owner)
    done = room.run("once", "--at", FRIDAY)
    assert (done.code, done.out) == (75, "")
    assert owner in done.err


def test_a_dead_process_is_not_alive_and_a_living_one_is() -> None:
    host = socket.gethostname()
    assert not alive(f"{host}:{_dead()}:00")
    assert alive(f"{host}:{os.getppid()}:00")


def test_a_process_that_nobody_buried_is_not_alive() -> None:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    owner = f"{socket.gethostname()}:{process.pid}:abc"
    assert alive(owner)

    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # It has ended, and stays.
    assert not alive(owner)
    process.communicate()


def test_a_run_that_lost_its_lock_sends_nothing_more(room: Newsroom) -> None:
    listed = room.web.answers[LIST]

    def usurp(handler: Handler) -> None:
        hold(room, "elsewhere:1:00", replace=True)
        listed(handler)

    room.web.answers[LIST] = usurp
    done = room.run("once", "--at", FRIDAY)
    assert done.code == 3
    assert "another run took it over" in done.err
    assert room.mails == []


def hold(room: Newsroom, owner: str, *, replace: bool = False) -> None:
    with open_store(room.store) as store, store.writing() as transaction:
        now = datetime.now(UTC)
        held: Callable[[str], bool] = lambda _: not replace  # noqa: E731  A test of one word.
        transaction.take_lock(LOCK, owner, now, timedelta(hours=1), held)


def _dead() -> int:
    """Return the number of a process that is no more."""
    child = os.posix_spawn("/bin/true", ["true"], {})
    os.waitpid(child, 0)
    return child


# The store


def test_a_letter_that_the_store_cannot_read_is_an_error_of_the_store(room: Newsroom) -> None:
    room.mailbox.answer("RCPT", "451 later")
    room.once(FRIDAY)
    with connected(room.store) as database:
        database.exec_driver_sql("UPDATE letters SET letter = '{'")
    done = room.run("once", "--at", FRIDAY)
    assert done.code == 3
    assert "Traceback" not in done.err


def test_a_damaged_file_is_an_error_of_the_store(room: Newsroom) -> None:
    room.configure(store="")
    room.once(FRIDAY)
    data = bytearray(room.database.read_bytes())
    data[4096 * 3 :] = os.urandom(len(data) - 4096 * 3)
    room.database.write_bytes(data)
    done = room.run("once", "--at", SATURDAY)
    assert done.code == 3
    assert "Put a copy in its place" in done.err


# Many deliveries


def test_every_letter_is_sent_however_many_there_are(room: Newsroom) -> None:
    many = [ANN.replace("Ann", f"R{n}").replace("ann@", f"r{n}@") for n in range(45)]
    room.configure(outputs=SMTP, subscribers="".join(many))
    done = room.once(FRIDAY)
    assert done.json["deliveries"] == {"sent": 45}
    assert len({mail["To"] for mail in room.mails}) == 45
    assert room.mailbox.connections == 1


def test_a_letter_that_fails_stops_no_other(room: Newsroom) -> None:
    many = [ANN.replace("Ann", f"R{n}").replace("ann@", f"r{n}@") for n in range(5)]
    room.configure(outputs=SMTP, subscribers="".join(many))
    room.mailbox.answer("RCPT", "", "550 5.1.1 unknown", "451 later")
    done = room.once(FRIDAY)
    assert done.code == 1
    assert done.json["deliveries"] == {"sent": 3, "failed": 1, "ready": 1}


# When


@pytest.mark.parametrize(
    ("at", "zone", "meant"),
    [
        ("2026-06-12", "UTC", "2026-06-12T23:59:59.999999+00:00"),
        ("2026-06-12", "Europe/Berlin", "2026-06-12T21:59:59.999999+00:00"),
        ("2026-03-29", "Europe/Berlin", "2026-03-29T21:59:59.999999+00:00"),
        ("2026-10-25", "Europe/Berlin", "2026-10-25T22:59:59.999999+00:00"),
        ("2026-06-12", "Pacific/Kiritimati", "2026-06-12T09:59:59.999999+00:00"),
        ("2026-06-12", "Etc/GMT+12", "2026-06-13T11:59:59.999999+00:00"),
        ("2026-06-12T07:00", "Europe/Berlin", "2026-06-12T05:00:00+00:00"),
        ("2026-06-12 07:00", "Europe/Berlin", "2026-06-12T05:00:00+00:00"),
        ("2026-06-12T07:00Z", "Europe/Berlin", "2026-06-12T07:00:00+00:00"),
        ("2026-06-12T07:00+02:00", "UTC", "2026-06-12T05:00:00+00:00"),
        ("", "Europe/Berlin", "2026-06-12T07:00:00+00:00"),
    ],
)
def test_when_a_run_believes_it_is(at: str, zone: str, meant: str) -> None:
    assert moment(at, zone, NOW).astimezone(UTC).isoformat() == meant


@pytest.mark.parametrize(
    "at", ["tomorrow", "12.6.2026", "2026-13-01", "2026-06-12T25:00", "9999-12-31", "0001-01-01"]
)
def test_what_is_no_moment_is_refused(at: str) -> None:
    with pytest.raises(ConfigError, match="--at"):
        moment(at, "Europe/Berlin", NOW)
