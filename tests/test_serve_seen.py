"""A service, seen from outside: its log, whose lines share its runs' names, and its figures."""

from __future__ import annotations

import http.client
import json
import signal
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from subprocess import Popen
from threading import Timer
from typing import Any

import pytest
from running import Newsroom, finished, newsroom, start

from digest.store import open_store

EVERY_HOUR = '[schedule]\ncollect = "every hour"\npublish = "every hour"\n'
ZELDA = """
[[subscribers]]
name = "zelda@private.example.net"
email = "zelda@private.example.net"
keywords = ["clandestine looms"]
"""
NEVER = ("zelda", "private.example.net", "clandestine", "t0k3n", "verboten", "looms")


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Newsroom]:
    with newsroom(tmp_path, more=EVERY_HOUR, subscribers=ZELDA) as made:
        del made.web.answers["/api/query"]
        then = datetime.now(UTC) - timedelta(days=2)
        with open_store(f"sqlite:///{made.database}") as store, store.writing() as t:
            t.begin_run("before", ("collect", "publish", "send"), then)
            t.end_run("before", "ok", "", then)
        yield made


@contextmanager
def served(room: Newsroom) -> Iterator[Popen[str]]:
    """Run a service, and end it with the block; one that says nothing ends by itself."""
    process = start("serve", "--log", "json", folder=room.folder)
    patience = Timer(60, process.kill)
    patience.start()
    try:
        yield process
    finally:
        patience.cancel()
        process.kill()
        process.communicate()


def get(port: int, path: str) -> tuple[int, str]:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()


def test_a_service_tells_all_of_a_run_under_one_name_and_shows_it_in_figures(
    room: Newsroom,
) -> None:
    """The first run is made good at once; afterwards a config that is no good is refused."""
    told: list[dict[str, Any]] = []
    with served(room) as process:

        def until(event: str) -> dict[str, Any]:
            assert process.stderr
            while not told or told[-1]["event"] != event:
                told.append(json.loads(process.stderr.readline()))
            return told[-1]

        port = until("metrics_served")["port"]
        ended = until("run_ended")
        status, figures = get(port, "/metrics")
        assert (status, get(port, "/healthz")) == (200, (200, "ok\n"))
        assert get(port, "/digest.toml")[0] == 404
        room.configure(subscribers=ZELDA.replace("clandestine", "verboten AND ("))
        process.send_signal(signal.SIGHUP)
        refused = until("config_refused")
        process.send_signal(signal.SIGTERM)
        done = finished(process)

    assert done.code == 0
    told += [json.loads(line) for line in done.err.splitlines()]
    assert told[0]["event"] == "service_began"
    assert told[-1]["event"] == "service_ended"
    assert "subscribers[0]" in refused["reason"]
    run = [line["event"] for line in told if line.get("run") == ended["run"]]
    assert run[0] == "run_began"
    assert run.count("source_read") == 2
    assert ended["outcome"] == "failed"
    assert 'digest_source_failing_since_timestamp_seconds{source="arxiv"}' in figures
    assert "digest_loop_age_seconds" in figures
    everything = json.dumps(told, ensure_ascii=False) + figures
    assert not [word for word in NEVER if word in everything.casefold()]


def test_an_address_that_another_has_is_said_and_the_service_does_not_begin(
    room: Newsroom,
) -> None:
    path = room.folder / "digest.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("127.0.0.1:0", f"127.0.0.1:{room.mail_port}"), encoding="utf-8")
    done = finished(start("serve", "--log", "json", folder=room.folder))
    last = json.loads(done.err.splitlines()[-1])
    assert (done.code, last["event"]) == (2, "stopped")
    assert f"port {room.mail_port}: another program listens there" in last["reason"]
