"""A service as a process: what it says to systemd, to a second one, and after it was killed."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from secrets import token_hex
from threading import Event

import pytest
from databases import connected
from running import FOLDER, Newsroom, finished, newsroom, paper, start
from stalling import PATIENCE, stalling

from digest.app import alive
from digest.serve.children import Child, Children
from digest.serve.orders import Orders
from digest.stopping import in_time
from digest.store import RunRecord, open_store

pytest_plugins = ["databases"]

Rooms = Iterator[Newsroom]

NEVER = '[schedule]\ncollect = "0 0 29 2 *"\npublish = "0 0 29 2 *"\n'
DAILY = '[schedule]\ncollect = "every hour"\npublish = "every hour"\n'
QUICK = 1.5
"""Seconds from the start to READY, with some more for a machine that is busy with other tests."""


@dataclass
class Service:
    """A running service, and the socket on which systemd would hear it."""

    process: subprocess.Popen[str]
    heard: socket.socket

    def hears(self, text: str) -> str:
        """Return the first message that has a text in it."""
        while text not in (said := self.heard.recv(4000).decode()):
            pass
        return said

    def kill(self) -> None:
        """Kill it, and not its run, which holds on to the pipes."""
        self.process.kill()
        self.process.wait(PATIENCE)
        for pipe in (self.process.stdout, self.process.stderr):
            if pipe:
                pipe.close()


@contextmanager
def serving(room: Newsroom, **more: str) -> Iterator[Service]:
    """Run a service while the block runs, which begins when it is ready."""
    address = str(room.folder / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        Path(address).unlink(missing_ok=True)
        heard.bind(address)
        heard.settimeout(PATIENCE)
        process = start("serve", folder=room.folder, environment={"NOTIFY_SOCKET": address, **more})
        service = Service(process, heard)
        try:
            service.hears("READY=1")
            yield service
        finally:
            if process.poll() is None:
                service.kill()


@pytest.fixture
def room(tmp_path: Path, url: str) -> Iterator[Newsroom]:
    with newsroom(tmp_path, store=url, more=NEVER) as made:
        yield made


def test_systemd_hears_of_its_life_and_it_ends_when_it_is_told_to(
    room: Newsroom, tell: Callable[[str], None]
) -> None:
    began = time.monotonic()
    with serving(room, WATCHDOG_USEC="400000") as service:
        tell(f"a service is ready after {time.monotonic() - began:.2f} s (at most {QUICK} s)")
        service.hears("WATCHDOG=1")
        room.configure(more="[nonsense]\n")
        service.process.send_signal(signal.SIGHUP)
        service.hears("RELOADING=1")
        assert "the new config is refused, the old one stays: " in service.hears("READY=1")
        service.process.send_signal(signal.SIGTERM)
        service.hears("STOPPING=1")
        done = finished(service.process)

    assert done.code == 0
    assert "unknown key `nonsense`" in done.err
    with connected(room.store) as database:
        assert database.exec_driver_sql("SELECT count(*) FROM locks").scalar_one() == 0


@pytest.mark.parametrize("stage", ["fetch", "mail"])
def test_a_service_that_is_told_to_stop_while_a_run_is_at_work_ends_in_time(
    room: Newsroom, tell: Callable[[str], None], stage: str
) -> None:
    due(room)
    with ExitStack() as stack:
        if stage == "fetch":
            waits = room.block("/api/daily_papers").asked
        else:
            server = stack.enter_context(stalling(b"RCPT"))
            waits, room.mail_port = server.reached, server.port
        room.configure(more=DAILY)
        service = stack.enter_context(serving(room))
        assert waits.wait(PATIENCE)
        began = time.monotonic()
        service.process.send_signal(signal.SIGTERM)
        done = finished(service.process)
        seconds = time.monotonic() - began

    tell(f"a service with a run at work stops after {seconds:.2f} s (at most 10 s)")
    assert (done.code, seconds < 10) == (0, True)
    assert last(room).outcome == "stopped"
    with connected(room.store) as database:
        assert database.exec_driver_sql("SELECT count(*) FROM locks").scalar_one() == 0
        states = set(database.exec_driver_sql("SELECT state FROM deliveries").scalars())
    assert states == (set() if stage == "fetch" else {"ready"})


def test_a_second_service_is_refused_and_a_run_beside_the_first_is_not(room: Newsroom) -> None:
    with serving(room) as service:
        second = room.run("serve")
        beside = room.run("once", "--steps", "collect")

    assert (second.code, beside.code) == (75, 0)
    owner = f"{socket.gethostname()}:{service.process.pid}:"
    assert f"lock `serve`: {owner}" in second.err
    assert "has held it since" in second.err


def test_a_service_that_cannot_begin_says_why(tmp_path: Path) -> None:
    with newsroom(tmp_path, more='[schedule]\npublish = "at dawn"\n') as room:
        done = room.run("serve")
        assert done.code == 2
        assert "schedule.publish" in done.err
        assert room.run("--config", "-", "serve").code == 2


# Killed


@pytest.fixture
def rooms(tmp_path: Path, new_server_url: Callable[[], str]) -> Iterator[Callable[[], Rooms]]:
    """Make the same new newsroom on each kind of store; a run of all steps is due."""
    with ExitStack() as stack:

        def made() -> Rooms:
            for place in (f"sqlite:///{tmp_path}/{token_hex(4)}.db", new_server_url()):
                folder = tmp_path / token_hex(4)
                folder.mkdir()
                yield due(stack.enter_context(newsroom(folder, store=place, more=DAILY)))

        yield made


def due(room: Newsroom) -> Newsroom:
    """Have a paper listed, and all ticks of the last two days missed."""
    today = datetime.now(UTC)
    room.arxiv(f"{today:%Y-%m-%d}", paper(1, "On Looms"))
    then = today - timedelta(days=2)
    with open_store(room.store) as store, store.writing() as t:
        t.begin_run("before", ("collect", "publish", "send"), then)
        t.end_run("before", "ok", "", then)
    return room


def last(room: Newsroom) -> RunRecord:
    with open_store(room.store) as store, store.reading() as t:
        return t.last_runs(1)[0]


def went_well(room: Newsroom) -> bool:
    """Say whether the last run did."""
    return last(room).outcome == "ok"


def until(true: Callable[[], bool]) -> None:
    """Wait until something is so."""
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end
        Event().wait(0.05)


def kill_all(service: Service) -> None:
    """Kill a service and its run, as a power cut would."""
    children = Path(f"/proc/{service.process.pid}/task/{service.process.pid}/children")
    run = int(children.read_text().split()[0])
    service.kill()
    os.kill(run, signal.SIGKILL)
    until(lambda: not alive(f"{socket.gethostname()}:{run}:"))


def kill_at(room: Newsroom, stage: bytes) -> None:
    """Kill a service and its run while that waits for a mail server at a stage."""
    port = room.mail_port
    with stalling(stage) as server:
        room.mail_port = server.port
        room.configure()
        with serving(room) as service:
            assert server.reached.wait(PATIENCE)
            kill_all(service)
    room.mail_port = port
    room.configure()


def served_on(room: Newsroom) -> RunRecord:
    """Start the service again, and return the run that it makes first."""
    killed = last(room)
    with serving(room) as service:
        until(lambda: last(room).id != killed.id and bool(last(room).outcome))
        service.process.send_signal(signal.SIGTERM)
        assert finished(service.process).code == 0
    return last(room)


@pytest.mark.tier2
def test_a_service_that_is_killed_in_any_step_is_finished_by_the_next(
    rooms: Callable[[], Rooms],
) -> None:
    for room in rooms():
        listed = room.web.answers["/api/daily_papers"]
        blocked = room.block("/api/daily_papers")
        with serving(room) as service:
            assert blocked.asked.wait(PATIENCE)
            kill_all(service)
        room.web.answers["/api/daily_papers"] = listed
        assert served_on(room).outcome == "ok"
        assert len(room.mails) == 1

    for room in rooms():
        kill_at(room, b"RCPT")
        assert served_on(room).outcome == "ok"
        assert len(room.mails) == 1

    for room in rooms():
        kill_at(room, b".\r\n")
        assert served_on(room).outcome == "failed"
        assert room.mails == []


@pytest.mark.tier2
def test_a_run_outlives_its_killed_service_and_the_next_one_does_nothing_twice(
    rooms: Callable[[], Rooms],
) -> None:
    for room in rooms():
        listed = room.web.answers["/api/daily_papers"]
        blocked = room.block("/api/daily_papers")
        with serving(room) as service:
            assert blocked.asked.wait(PATIENCE)
            service.kill()
        room.web.answers["/api/daily_papers"] = listed
        with serving(room) as service:
            service.hears("another run is at work")
            room.web.released.set()
            until(partial(went_well, room))
            service.process.send_signal(signal.SIGTERM)
            assert finished(service.process).code == 0


# In its way


def test_a_service_whose_lines_nobody_can_read_goes_on(tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path}/digest.db"
    with newsroom(tmp_path, store=store, more=DAILY) as room:
        due(room)
        with serving(room) as service:
            for pipe in (service.process.stdout, service.process.stderr):
                assert pipe
                pipe.close()
            until(lambda: last(room).id != "before" and went_well(room))
            service.process.send_signal(signal.SIGTERM)
            assert service.process.wait(PATIENCE) == 0
        assert len(room.mails) == 1


class Told(Child):
    """A run that notes that it was told to stop."""

    def __init__(self) -> None:
        self.stopped = Event()

    def stop(self) -> None:
        self.stopped.set()


def test_a_run_is_told_to_stop_though_the_service_is_stuck_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "digest.toml").write_text(FOLDER)
    run = Told()
    children = Children(lambda *_: run)
    children.stop()
    children.start(Orders(tmp_path / "digest.toml"), ("collect",), "a run")
    before = signal.signal(signal.SIGUSR1, lambda *_: None)  # The loop hears of it, and is busy.
    try:
        with in_time((signal.SIGUSR1,), children.stop):
            signal.raise_signal(signal.SIGUSR1)
            assert run.stopped.wait(PATIENCE)
    finally:
        signal.signal(signal.SIGUSR1, before)
