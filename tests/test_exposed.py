"""The small web server for those who watch a service, by real connections on loopback."""

from __future__ import annotations

import gc
import http.client
import socket
import tracemalloc
from collections.abc import Iterator
from contextlib import closing

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.errors import ConfigError
from digest.exposed import Address, Page, ServeSettings, exposed, respond
from digest.pulse import STALLED, Pulse

STATUSES = {b"HTTP/1.1 " + each for each in (b"200", b"400", b"404", b"405")}
ANY = Address("127.0.0.1", 0)
PAGES = {"/metrics": lambda: Page(body=b"figures\n"), "/healthz": lambda: Page(body=b"ok\n")}


@pytest.fixture
def place() -> Iterator[Address]:
    with exposed(ANY, PAGES) as found:
        yield found


def ask(place: Address, path: str, method: str = "GET") -> http.client.HTTPResponse:
    with closing(http.client.HTTPConnection(*place, timeout=30)) as connection:
        connection.request(method, path)
        answer = connection.getresponse()
        answer.text = answer.read()  # type: ignore[attr-defined]  # Kept with it.
        return answer


def said(place: Address, data: bytes) -> bytes:
    """Return all that is answered to these bytes."""
    with socket.create_connection(place, timeout=30) as client:
        client.sendall(data)
        client.shutdown(socket.SHUT_WR)
        answer = b""
        while read := client.recv(65536):
            answer += read
        return answer


@pytest.mark.parametrize("path", ["/metrics", "/healthz", "/metrics?name[]=up"])
def test_a_page_is_shown(place: Address, path: str) -> None:
    answer = ask(place, path)
    assert answer.status == 200
    assert answer.headers["Content-Length"] == str(len(answer.text))  # type: ignore[attr-defined]


def test_who_asks_for_the_head_gets_the_head(place: Address) -> None:
    answer = ask(place, "/metrics", "HEAD")
    assert (answer.status, answer.text) == (200, b"")  # type: ignore[attr-defined]
    assert answer.headers["Content-Length"] == "8"


@pytest.mark.parametrize(
    "path",
    [
        *("/", "//metrics", "/metrics/", "/metrics/..", "/../etc/passwd", "/%6detrics", "*"),
        *("/..%2f..%2fetc/passwd", "http://a.example.org/metrics", "/metrics;x", "/healthz#a"),
    ],
)
def test_no_other_path_leads_anywhere(place: Address, path: str) -> None:
    assert said(place, f"GET {path} HTTP/1.1\r\n\r\n".encode()).startswith(b"HTTP/1.1 404 ")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "CONNECT", "TRACE"])
def test_nothing_can_be_changed(place: Address, method: str) -> None:
    answer = said(place, f"{method} /metrics HTTP/1.1\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 405 ")
    assert b"\r\nAllow: GET, HEAD\r\n" in answer


@pytest.mark.parametrize(
    "data", [b"nonsense\r\n\r\n", b"GET /metrics\r\n\r\n", b"x" * 9000, b"x" * 500_000]
)
def test_what_is_no_request_is_refused(place: Address, data: bytes) -> None:
    assert said(place, data).startswith(b"HTTP/1.1 400 ")


@given(st.binary(max_size=200))
def test_whatever_is_asked_is_answered_by_one_of_a_few_statuses(data: bytes) -> None:
    assert respond(data, PAGES)[:12] in {
        b"HTTP/1.1 " + each for each in (b"200", b"400", b"404", b"405")
    }


def test_a_slow_client_holds_nobody_up_for_long(
    place: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("digest.exposed.PATIENCE", 0.2)
    with socket.create_connection(place) as slow, socket.create_connection(place) as silent:
        slow.sendall(b"GET /met")
        assert ask(place, "/healthz").status == 200
        slow.settimeout(30)
        silent.settimeout(30)
        assert slow.recv(100) == b""
        assert silent.recv(100) == b""


def test_a_client_that_hangs_up_is_forgotten(place: Address) -> None:
    for data in (b"", b"GET", b"GET /metrics HTTP/1.1\r\n\r\n"):
        with socket.create_connection(place) as client:
            client.sendall(data)
    assert ask(place, "/metrics").status == 200


def test_it_listens_no_more_when_the_block_has_ended() -> None:
    with exposed(ANY, PAGES) as place:
        assert ask(place, "/healthz").status == 200
    with pytest.raises(ConnectionRefusedError):
        ask(place, "/healthz")


def test_a_port_that_another_has_is_an_error_that_says_so(place: Address) -> None:
    with (
        pytest.raises(ConfigError, match=r"\[serve\] metrics: .*another program listens there"),
        exposed(place, PAGES),
    ):
        pass


def test_an_address_that_cannot_be_had_is_an_error_that_says_so() -> None:
    with (
        pytest.raises(ConfigError, match="choose an address of this machine"),
        exposed(Address("nowhere.invalid", 0), PAGES),
    ):
        pass


def test_ipv6_is_as_good() -> None:
    with exposed(Address("::1", 0), PAGES) as place:
        assert place.port
        assert ask(place, "/healthz").status == 200


def test_thousands_of_requests_leave_nothing_behind(place: Address) -> None:
    def scrape(times: int) -> None:
        for _ in range(times):
            assert said(place, b"GET /metrics HTTP/1.1\r\n\r\n").startswith(b"HTTP/1.1 200")

    scrape(50)
    gc.collect()
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    scrape(2000)
    gc.collect()
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert after - before < 20_000


# Where


@pytest.mark.parametrize(
    ("text", "address", "loopback"),
    [
        ("127.0.0.1:9464", Address("127.0.0.1", 9464), True),
        ("127.1.2.3:0", Address("127.1.2.3", 0), True),
        ("[::1]:9464", Address("::1", 9464), True),
        ("localhost:1", Address("localhost", 1), True),
        ("0.0.0.0:9464", Address("0.0.0.0", 9464), False),  # noqa: S104 - it is not bound
        ("[2001:db8::1]:9464", Address("2001:db8::1", 9464), False),
        ("digest.example.org:80", Address("digest.example.org", 80), False),
    ],
)
def test_an_address_is_a_host_and_a_port(text: str, address: Address, loopback: bool) -> None:  # noqa: FBT001 - a parameter
    found = ServeSettings(metrics=text).address
    assert found == address
    assert found.loopback is loopback


def test_no_address_shows_nothing() -> None:
    assert ServeSettings(metrics="").address is None


@pytest.mark.parametrize(
    "text", ["9464", ":9464", "localhost", "::1:9464", "a:99999", "a:1/x", "a: 1"]
)
def test_what_is_no_address_is_refused_when_the_config_is_read(text: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=r"is no address such as 127\.0\.0\.1:9464"):
        msgspec.convert({"metrics": text}, ServeSettings)


# Health


def test_a_loop_is_well_while_it_turns() -> None:
    seconds = [100.0]
    pulse = Pulse(clock=lambda: seconds[0])
    seconds[0] += STALLED - 1
    assert pulse.health() == (200, "ok\n")
    seconds[0] += 2
    assert pulse.health() == (503, "the loop has not turned for 91 seconds\n")
    pulse.turned({})
    assert pulse.health() == (200, "ok\n")
