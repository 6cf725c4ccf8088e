"""What a service shows to those who watch it."""

from __future__ import annotations

import http.client
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from databases import NOW

from digest.config import Config
from digest.events import Event, MetricsServed, Unlogged
from digest.exposed import Address, ServeSettings
from digest.pulse import STALLED, Pulse
from digest.store import Store, open_store
from digest.window import NOWHERE, window


class Heard(Unlogged):
    """A log that is kept in memory."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def __call__(self, event: Event, /) -> None:
        self.events.append(event)


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Store]:
    with open_store(f"sqlite:///{tmp_path}/digest.db") as store:
        yield store


def ask(place: Address, path: str) -> tuple[int, str, str]:
    with closing(http.client.HTTPConnection(*place, timeout=30)) as connection:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.headers["Content-Type"], answer.read().decode()


def test_a_service_shows_its_figures_and_its_health_and_says_where(opened: Store) -> None:
    seconds, log = [0.0], Heard()
    pulse = Pulse(lambda: seconds[0])
    config = Config(serve=ServeSettings(metrics="127.0.0.1:0"))
    with window(lambda: config, opened, pulse, log, lambda: NOW) as place:
        status, kind, text = ask(place, "/metrics")
        assert (status, kind) == (200, "text/plain; version=0.0.4; charset=utf-8")
        assert "\ndigest_store_readable 1.0\n" in text
        assert ask(place, "/healthz")[0] == 200
        seconds[0] += STALLED
        assert ask(place, "/healthz")[0] == 503
        assert f"digest_loop_age_seconds {STALLED}" in ask(place, "/metrics")[2]
        assert log.events == [MetricsServed(host="127.0.0.1", port=place.port, loopback=True)]


def test_a_service_that_is_to_show_nothing_listens_nowhere(opened: Store) -> None:
    log = Heard()
    config = Config(serve=ServeSettings(metrics=""))
    with window(lambda: config, opened, Pulse(), log, lambda: NOW) as place:
        assert place == NOWHERE
    assert not log.events


def test_who_reaches_more_than_this_machine_is_warned() -> None:
    assert MetricsServed(host="192.0.2.1", port=9464, loopback=False).level == "warning"


def test_a_service_that_nobody_asks_does_not_import_what_writes_metrics() -> None:
    code = "import sys, digest.window; print('prometheus_client' in sys.modules)"
    done = subprocess.run(  # noqa: S603  This very Python.
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "False\n"
