"""A mail server on loopback that keeps its client waiting."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import Event, Thread

PATIENCE = 60
"""Seconds that a test waits at most."""


@dataclass
class Stalling:
    """A mail server that answers up to a stage and then nothing, or a byte now and then.

    `reached` says it is there.
    """

    stage: bytes
    drips: bool = False
    port: int = 0
    reached: Event = field(default_factory=Event)
    ended: Event = field(default_factory=Event)

    def serve(self, listening: socket.socket) -> None:
        connection, _ = listening.accept()
        with connection, connection.makefile("rb") as lines:
            connection.sendall(b"220 mail.test\r\n")
            for line in lines:
                if line.upper().startswith(self.stage):
                    self.reached.set()
                    self.wait(connection)
                    return
                if line.upper().startswith(b"DATA"):
                    connection.sendall(b"354 go on\r\n")
                elif line.upper().startswith((b"EHLO", b"MAIL", b"RCPT", b"RSET", b"QUIT")):
                    connection.sendall(b"250 fine\r\n")

    def wait(self, connection: socket.socket) -> None:
        """Say nothing, or nothing whole, until the test or the client ends."""
        if not self.drips:
            self.ended.wait(PATIENCE)
            return
        connection.sendall(b"250")
        with suppress(OSError):
            while not self.ended.wait(0.1):
                connection.sendall(b"-")


@contextmanager
def stalling(stage: bytes, *, drips: bool = False) -> Iterator[Stalling]:
    """Serve one connection while the block runs."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = Stalling(stage=stage, drips=drips, port=listening.getsockname()[1])
        thread = Thread(target=server.serve, args=(listening,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.ended.set()
            thread.join(PATIENCE)
