"""What systemd hears, on a real socket as $NOTIFY_SOCKET names it."""

from __future__ import annotations

import os
import re
import secrets
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from digest.serve.notify import Notifier


@pytest.fixture(params=["a path", "an abstract name"])
def listening(
    request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[tuple[str, socket.socket]]:
    address = str(tmp_path / "n") if request.param == "a path" else f"@{secrets.token_hex(8)}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind(address.replace("@", "\0"))
        server.settimeout(10)
        yield address, server


def test_systemd_hears_that_it_is_ready_what_it_does_and_that_it_stops(
    listening: tuple[str, socket.socket],
) -> None:
    address, server = listening
    notifier = Notifier(address)
    notifier.ready("next: collect 14:00")
    notifier.status("at work:\ncollect")
    notifier.stopping("stopping")

    assert server.recv(1000) == b"READY=1\nSTATUS=next: collect 14:00"
    assert server.recv(1000) == b"STATUS=at work: collect"
    assert server.recv(1000) == b"STOPPING=1\nSTATUS=stopping"


def test_systemd_hears_when_the_config_is_read_again(
    listening: tuple[str, socket.socket],
) -> None:
    address, server = listening
    Notifier(address).reloading()
    assert re.fullmatch(rb"RELOADING=1\nMONOTONIC_USEC=\d+", server.recv(1000))


@pytest.mark.parametrize(
    ("pid", "seconds"),
    [(str(os.getpid()), "20000000"), ("", "20000000")],
    ids=["this process", "any process"],
)
def test_a_sign_of_life_is_given_where_one_is_waited_for(
    listening: tuple[str, socket.socket], pid: str, seconds: str
) -> None:
    address, server = listening
    environment = {"NOTIFY_SOCKET": address, "WATCHDOG_USEC": seconds, "WATCHDOG_PID": pid}
    notifier = Notifier.from_environment(environment)
    notifier.alive()
    assert notifier.watchdog == 20
    assert server.recv(1000) == b"WATCHDOG=1"


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"WATCHDOG_USEC": "20000000", "WATCHDOG_PID": "1"},
        {"WATCHDOG_USEC": "0"},
        {"WATCHDOG_USEC": "soon"},
    ],
    ids=["none", "another process", "never", "no number"],
)
def test_no_sign_of_life_is_given_where_none_is_waited_for(environment: dict[str, str]) -> None:
    assert Notifier.from_environment(environment).watchdog is None


def test_what_is_too_long_for_a_socket_or_no_text_is_told_as_far_as_it_can_be(
    listening: tuple[str, socket.socket],
) -> None:
    address, server = listening
    Notifier(address).ready("of digest\udcff.toml: " + "x" * 1_000_000)
    assert server.recv(9000).startswith(b"READY=1\nSTATUS=of digest?.toml: xxx")


@pytest.mark.parametrize("address", ["", "/nowhere/at/all", "@nobody-listens-here"])
def test_a_service_goes_on_where_nobody_listens(address: str) -> None:
    notifier = Notifier(address, watchdog=1.0)
    notifier.ready("ready")
    notifier.alive()
    assert notifier.watchdog == 1.0
