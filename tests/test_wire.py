"""One exchange: what `send` puts on the wire."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from webserver import WebServer, answer, serving

from digest.answers import ExchangeError
from digest.wire import Wire


@pytest.fixture
def server() -> Iterator[WebServer]:
    with serving() as server:
        yield server


@pytest.fixture
def wire() -> Iterator[Wire]:
    wire = Wire(silence=5, limit=1000)
    yield wire
    wire.close()


def test_a_body_is_posted_as_it_is(server: WebServer, wire: Wire) -> None:
    server.answers["/v1/chat"] = answer(b'{"said": "hello"}', content_type="application/json")

    got = wire.send(
        server.url("/v1/chat"), {"Content-Type": "application/json"}, body=b'{"say": "caf\xc3\xa9"}'
    )

    assert (got.status, got.body) == (200, b'{"said": "hello"}')
    (asked,) = server.received
    assert (asked.method, asked.body) == ("POST", b'{"say": "caf\xc3\xa9"}')
    assert asked.headers["content-type"] == "application/json"


def test_an_empty_body_is_a_post_and_none_is_a_get(server: WebServer, wire: Wire) -> None:
    server.answers["/"] = answer()

    wire.send(server.url("/"), {}, body=b"")
    wire.send(server.url("/"), {})

    assert [(asked.method, asked.body) for asked in server.received] == [
        ("POST", b""),
        ("GET", b""),
    ]
    assert server.connections == 1


def test_the_answer_to_a_post_has_the_same_limits(server: WebServer, wire: Wire) -> None:
    server.answers["/"] = answer(b"x" * 1001)
    with pytest.raises(ExchangeError, match="answer is more than"):
        wire.send(server.url("/"), {}, body=b"{}")


@pytest.mark.parametrize("secret", ["s3cret\nX: y", "s3cret ", "schl\u00fcssel-s3cret"])
def test_a_header_that_cannot_be_sent_is_told_without_its_value(
    server: WebServer, wire: Wire, secret: str
) -> None:
    with pytest.raises(ExchangeError, match="a header has a sign that none may have") as error:
        wire.send(server.url("/"), {"Authorization": f"Bearer {secret}"})

    assert "s3cret" not in str(error.value)
    assert server.received == []
