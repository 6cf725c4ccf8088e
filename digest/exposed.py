"""A small web server for those who watch a service: a few pages, to be read, for few readers.

One thread answers one request after the other, each within `PATIENCE`, reads no more of it than
its head, and keeps nothing of it. It never looks at a file, and knows no page but those it was
given: no path leads anywhere else.
"""

from __future__ import annotations

import errno
import re
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from threading import Thread
from typing import NamedTuple

from msgspec import Struct

from digest.errors import ConfigError

PATIENCE = 3.0
"""Seconds that a client has for its request, and as many for taking the answer."""

LONGEST_HEAD = 8192
"""Bytes of a request that are read; no client that means well sends more."""

MOST_TOO_MUCH = 2**20
"""Bytes after that which are read, and forgotten."""

WAITING = 16
"""How many clients may wait for their turn."""

_ADDRESS = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^\s:\[\]/]+):(?P<port>\d{1,5})")
_REQUEST = re.compile(rb"(?P<method>[A-Z]+) (?P<target>[!-~]+) HTTP/1\.[01]")
_REASONS = {
    200: "OK",
    400: "Bad Request",
    404: "Not Found",
    405: "Method Not Allowed",
    500: "Internal Server Error",
    503: "Service Unavailable",
}


class Address(NamedTuple):
    """Where it listens."""

    host: str
    port: int

    @property
    def loopback(self) -> bool:
        """Say whether only this machine reaches it."""
        import ipaddress  # noqa: PLC0415 - only a service pays for it

        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


class ServeSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[serve]``: `metrics` is where a service shows /metrics and /healthz; "" for nowhere."""

    metrics: str = "127.0.0.1:9464"

    def __post_init__(self) -> None:
        """Refuse what is no address."""
        _ = self.address

    @property
    def address(self) -> Address | None:
        """Return where metrics are shown; None for nowhere."""
        if not self.metrics:
            return None
        found = _ADDRESS.fullmatch(self.metrics)
        if not found or int(found["port"]) > 65535:  # noqa: PLR2004 - TCP's last port
            raise ValueError(
                f"`metrics`: `{self.metrics}` is no address such as 127.0.0.1:9464 or [::1]:9464"
            )
        return Address(found["host"].strip("[]"), int(found["port"]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What is answered."""

    body: bytes
    status: int = 200
    kind: str = "text/plain; charset=utf-8"
    more: str = ""


Pages = Mapping[str, Callable[[], Page]]
"""What makes each page, by its path."""


@contextmanager
def exposed(address: Address, pages: Pages) -> Iterator[Address]:
    """Answer while the block lasts, in a thread that nobody waits for; yield where.

    Raises ConfigError where the address cannot be had.
    """
    listening = _listen(address)
    with listening:
        Thread(target=_serve, args=(listening, pages), name="exposed", daemon=True).start()
        try:
            yield Address(address.host, listening.getsockname()[1])
        finally:
            with suppress(
                OSError
            ):  # It wakes the thread; some systems say that it was not connected.
                listening.shutdown(socket.SHUT_RDWR)


def _listen(address: Address) -> socket.socket:
    """Return a socket that listens. Raises ConfigError that says what to do."""
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(
            *address, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        made = socket.socket(family, kind, protocol)
    except OSError as error:
        raise _unusable(address, error) from error
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(place)
        made.listen(WAITING)
    except OSError as error:
        made.close()
        raise _unusable(address, error) from error
    return made


def _unusable(address: Address, error: OSError) -> ConfigError:
    place = f"[serve] metrics: {address.host}, port {address.port}"
    if error.errno == errno.EADDRINUSE:
        return ConfigError(f'{place}: another program listens there; choose another port, or ""')
    return ConfigError(f'{place}: {error.strerror}; choose an address of this machine, or ""')


def _serve(listening: socket.socket, pages: Pages) -> None:
    while True:
        try:
            client, _ = listening.accept()
        except ConnectionError:  # The client was gone before its turn.
            continue
        except OSError:  # The block has ended.
            return
        with client, suppress(OSError):  # What a client does is its own affair.
            _answer(client, pages)


def _answer(client: socket.socket, pages: Pages) -> None:
    head = _head(client)
    if head is None:
        return
    client.settimeout(PATIENCE)  # For all of the answer.
    client.sendall(respond(head, pages))
    client.shutdown(socket.SHUT_WR)
    _drain(client)


def _drain(client: socket.socket) -> None:
    """Read what a client sends too much: unread, it would reset the connection under its answer."""
    until, most = time.monotonic() + PATIENCE, MOST_TOO_MUCH
    while most > 0 and (left := until - time.monotonic()) > 0:
        client.settimeout(left)
        read = client.recv(min(most, LONGEST_HEAD))
        if not read:
            return
        most -= len(read)


def _head(client: socket.socket) -> bytes | None:
    """Read a request up to its empty line; None where it does not come in time."""
    until = time.monotonic() + PATIENCE
    head = b""
    while b"\r\n\r\n" not in head and len(head) < LONGEST_HEAD:
        left = until - time.monotonic()
        if left <= 0:
            return None
        client.settimeout(left)
        read = client.recv(LONGEST_HEAD - len(head))
        if not read:
            return None
        head += read
    return head


def respond(head: bytes, pages: Pages) -> bytes:
    """Return the answer to a request, as HTTP has it (RFC 9112)."""
    found = _REQUEST.match(head)
    if not found or b"\r\n\r\n" not in head:
        return _written(Page(body=b"no request that could be read\n", status=400))
    if found["method"] not in (b"GET", b"HEAD"):
        refused = Page(body=b"GET or HEAD\n", status=405, more="Allow: GET, HEAD\r\n")
        return _written(refused)
    path = found["target"].partition(b"?")[0].decode("ascii")
    page = pages[path]() if path in pages else Page(body=b"no such page\n", status=404)
    return _written(page, bodiless=found["method"] == b"HEAD")


def _written(page: Page, *, bodiless: bool = False) -> bytes:
    head = (
        f"HTTP/1.1 {page.status} {_REASONS[page.status]}\r\n"
        f"Content-Type: {page.kind}\r\n"
        f"Content-Length: {len(page.body)}\r\n"
        f"{page.more}Cache-Control: no-store\r\n"
        "X-Content-Type-Options: nosniff\r\n"
        "Connection: close\r\n\r\n"
    )
    return head.encode("ascii") + (b"" if bodiless else page.body)
