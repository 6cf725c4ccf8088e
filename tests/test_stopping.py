"""A run that is told to stop ends in time, whatever it waits for, and gives back what it had."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from threading import Barrier, Event

import pytest
from databases import connected
from running import ROOT, Newsroom, newsroom, paper
from stalling import PATIENCE, stalling
from webserver import Handler

from digest.pipeline import crew
from digest.stopping import SIGNALS, STOPPED, listen, unhurried

pytest_plugins = ["databases"]

FRIDAY = "2026-06-12"
LIST = f"/api/daily_papers?date={FRIDAY}&limit=100"
IN_TIME = 10.0


@pytest.fixture
def rooms(tmp_path: Path, new_server_url: Callable[[], str]) -> Iterator[list[Newsroom]]:
    """The same newsroom on each kind of store."""
    stores = {"file": f"sqlite:///{tmp_path}/digest.db", "server": new_server_url()}
    with ExitStack() as stack:
        made = []
        for name, url in stores.items():
            (tmp_path / name).mkdir()
            made.append(stack.enter_context(newsroom(tmp_path / name, store=url)))
            made[-1].huggingface(FRIDAY, paper(1, "On Looms", votes=12))
        yield made


def stopped(room: Newsroom, waits: Callable[[], bool]) -> float:
    """Tell a run to stop where it waits; return how many seconds that took."""
    process = room.start("once", "--at", FRIDAY)
    assert waits()
    told = time.monotonic()
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=PATIENCE)
    took = time.monotonic() - told
    assert (process.returncode, err.strip()) == (STOPPED, "digest: stopped")
    return took


def is_clear(room: Newsroom) -> bool:
    """Say whether no lock is held, nothing is leased, and the last run is known as stopped."""
    with connected(room.store) as database:
        held = database.exec_driver_sql("SELECT count(*) FROM locks").scalar_one()
        leased = "SELECT count(*) FROM deliveries WHERE state = 'leased'"
        last = "SELECT outcome FROM runs ORDER BY began_at DESC LIMIT 1"
        states = database.exec_driver_sql(leased).scalar_one()
        return (held, states, database.exec_driver_sql(last).scalar_one()) == (0, 0, "stopped")


def at_a_slow_page(room: Newsroom) -> float:
    listed = room.web.answers[LIST]
    asked = Event()

    def dribble(handler: Handler) -> None:
        asked.set()
        handler.dribble(b"HTTP/1.1 200 OK\r\n", every=0.1)

    room.web.answers[LIST] = dribble
    took = stopped(room, lambda: asked.wait(PATIENCE))
    room.web.answers[LIST] = listed
    return took


def between_two_requests(room: Newsroom) -> float:
    before, sources = len(room.web.received), room.sources
    room.configure(sources=sources.replace("spacing = 0", "spacing = 3600"))

    def one_asked() -> bool:
        until = time.monotonic() + PATIENCE
        while len(room.web.received) == before and time.monotonic() < until:
            Event().wait(0.01)
        return len(room.web.received) == before + 1

    took = stopped(room, one_asked)
    room.configure(sources=sources)
    return took


def at_a_mail_server(room: Newsroom, stage: bytes) -> float:
    port = room.mail_port
    with stalling(stage, drips=True) as server:
        room.mail_port = server.port
        room.configure()
        took = stopped(room, lambda: server.reached.wait(PATIENCE))
    room.mail_port = port
    room.configure()
    return took


STUCK = """
import sqlite3, sys, time
from digest import stopping
stopping.listen()
busy, waiting = (sqlite3.connect(sys.argv[1], timeout=60, isolation_level=None) for _ in "12")
busy.execute("BEGIN EXCLUSIVE")
with stopping.in_time():
    print("waits", flush=True)
    waiting.execute("BEGIN EXCLUSIVE")
"""


def at_a_library(folder: Path) -> float:
    """Tell a process to stop whose main thread waits in C, which hears of no signal."""
    process = subprocess.Popen(  # noqa: S603  This very Python.
        [sys.executable, "-c", STUCK, str(folder / "stuck.db")],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    with process.stdout:
        assert process.stdout.readline() == "waits\n"
        told = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == STOPPED
    return time.monotonic() - told


@pytest.mark.tier2
def test_a_run_that_is_told_to_stop_ends_within_ten_seconds_wherever_it_waits(
    rooms: list[Newsroom], tmp_path: Path, tell: Callable[[str], None]
) -> None:
    for room in rooms:
        slow, spaced, recipient = (
            at_a_slow_page(room),
            between_two_requests(room),
            at_a_mail_server(room, b"RCPT"),
        )
        assert is_clear(room)
        dot = at_a_mail_server(room, b".\r\n")
        assert is_clear(room)
        assert room.once(FRIDAY).json["deliveries"] == {"in_doubt": 1}
        tell(
            f"told to stop: {slow:.1f} s at a page, {spaced:.1f} s spaced out, "
            f"{recipient:.1f} s at RCPT, {dot:.1f} s at the final dot"
        )
        assert max(slow, spaced, recipient) < IN_TIME / 2
        assert dot < IN_TIME
    assert at_a_library(tmp_path) < IN_TIME


def test_several_are_worked_on_at_a_time_and_come_back_in_order() -> None:
    together = Barrier(3)

    def work(number: int) -> int:
        together.wait(PATIENCE)
        return number * number

    assert crew.each(work, range(6), most=3) == [0, 1, 4, 9, 16, 25]


def test_what_goes_wrong_in_a_crew_is_met_by_who_waits_for_it() -> None:
    def work(number: int) -> None:
        raise ValueError(str(number))

    with pytest.raises(ValueError, match="0"):
        crew.each(work, range(1000), most=3)


def test_a_crew_without_work_has_none_done() -> None:
    assert crew.each(str, (), most=8) == []


def test_a_message_that_is_handed_over_is_so_before_the_run_stops() -> None:
    before = {each: signal.getsignal(each) for each in (*SIGNALS, signal.SIGALRM)}
    done = []
    try:
        listen()
        with pytest.raises(KeyboardInterrupt), unhurried():  # noqa: PT012 - it raises as it ends
            os.kill(os.getpid(), signal.SIGTERM)
            done.append("message")
        os.kill(os.getpid(), signal.SIGTERM)  # It is stopping already.
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

    assert done == ["message"]
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
