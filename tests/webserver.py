"""A real web server on loopback, for tests.

    with serving() as server:
        server.answers["/list"] = answer(b"<p>papers</p>", etag='"1"')
        httpx.get(server.url("/list"))
        assert server.received[0].headers["accept"] == "*/*"

An answer is a function that is given the handler, so that it can also send half a body, wait for
`server.released`, or reset the connection. Never sleeps; binds port 0.
"""

from __future__ import annotations

import socket
import ssl
import struct
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any, cast


@dataclass(frozen=True, slots=True)
class Received:
    """A request as it came; the names of `headers` are in lower case."""

    path: str
    headers: Mapping[str, str]
    method: str = "GET"
    body: bytes = b""


class Handler(BaseHTTPRequestHandler):
    """Answers GET and POST by what `server.answers` has for the path; else 404."""

    protocol_version = "HTTP/1.1"
    timeout = 10  # seconds that a client may idle
    disable_nagle_algorithm = True  # Else a body waits 40 ms for its headers to be acknowledged.

    @property
    def web(self) -> WebServer:
        return cast("WebServer", self.server)

    def do_GET(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(int(headers.get("content-length", 0)))
        self.web.received.append(Received(self.path, headers, self.command, body))
        self.web.answers.get(self.path, answer(b"no such page", status=404))(self)

    do_POST = do_GET  # noqa: N815 - the base class calls it so.

    def say(self, body: bytes, status: int, headers: Mapping[str, str]) -> None:
        """Send a whole answer with just these headers and a length."""
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 304:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def raw(self, data: bytes) -> None:
        """Send these bytes as they are, and close the connection when the answer ends."""
        self.close_connection = True
        self.wfile.write(data)
        self.wfile.flush()

    def dribble(self, data: bytes, every: float = 0.02) -> None:
        """Send bytes one by one, over and over, until the client leaves or the test ends."""
        self.close_connection = True
        while not self.web.released.wait(every):
            for byte in data:
                self.wfile.write(bytes([byte]))

    def reset(self) -> None:
        """Drop the connection with a TCP reset."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""


Responder = Callable[[Handler], None]


class WebServer(ThreadingHTTPServer):
    """Listens on 127.0.0.1; with a context, speaks TLS. `connections` counts what was accepted."""

    daemon_threads = True

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.answers: dict[str, Responder] = {}
        self.received: list[Received] = []
        self.errors: list[BaseException] = []
        self.released = Event()
        self.connections = 0
        self._scheme = "https" if context else "http"
        super().__init__(("127.0.0.1", 0), Handler)
        if context:
            self.socket = context.wrap_socket(self.socket, server_side=True)

    def server_bind(self) -> None:
        """Bind without asking the name service who 127.0.0.1 is."""
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = "127.0.0.1", self.server_address[1]

    def get_request(self) -> Any:
        self.connections += 1
        return super().get_request()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 - the base's
        """Note what went wrong, unless it is only that the client has left."""
        error = sys.exception()
        if error and not isinstance(error, ConnectionError | TimeoutError):
            self.errors.append(error)

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.server_port}"

    def url(self, path: str) -> str:
        return f"{self._scheme}://{self.host}{path}"


@contextmanager
def serving(context: ssl.SSLContext | None = None) -> Iterator[WebServer]:
    """Serve while the block runs; an error in an answer fails the test."""
    with WebServer(context) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.released.set()
            server.shutdown()
            thread.join()
    assert server.errors == []


def answer(body: bytes = b"", *, status: int = 200, **headers: str) -> Responder:
    """Answer so; ``retry_after="3"`` is the header Retry-After."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda handler: handler.say(body, status, named)


def in_turn(*responders: Responder) -> Responder:
    """Answer by each in turn, and by the last from then on."""
    rest = list(responders)

    def respond(handler: Handler) -> None:
        (rest.pop(0) if len(rest) > 1 else rest[0])(handler)

    return respond
