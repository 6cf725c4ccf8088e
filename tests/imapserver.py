"""A real mail server on loopback that lets folders be looked at (IMAP4rev1, RFC 3501).

It knows CAPABILITY, STARTTLS, LOGIN, AUTHENTICATE PLAIN, EXAMINE, UID SEARCH, UID FETCH and LOGOUT.
What would change anything (SELECT, STORE, a FETCH that marks as read) it refuses.
"""

from __future__ import annotations

import base64
import re
import socketserver
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date
from email import message_from_bytes
from email.utils import parsedate_to_datetime
from threading import Event, Thread

USERNAME, PASSWORD = "ann", "pässword"

_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_WORD = re.compile(rb'"((?:[^"\\]|\\.)*)"|(\([^)]*\))|(\S+)')


@dataclass
class Mails:
    """What the server has and how it behaves; what it was told.

    `announced` is the size that it says each mail has, `hangs_at` the command that it never
    answers, `drips` says that it sends a byte now and then without end instead.
    """

    folders: dict[str, list[bytes]] = field(default_factory=lambda: {"INBOX": []})
    capabilities: str = "IMAP4rev1 AUTH=PLAIN"
    greeting: bytes = b"* OK ready\r\n"
    announced: int = 0
    hangs_at: str = ""
    drips: bool = False
    echoes: bool = False
    commands: list[str] = field(default_factory=list)
    tls: ssl.SSLContext | None = None
    released: Event = field(default_factory=Event)


class _Connection(socketserver.StreamRequestHandler):
    """One connection; each command has a method of its name."""

    server: _Server
    folder: list[bytes] | None = None
    known = False
    tag = b""

    def setup(self) -> None:
        if self.server.implicit:
            self.request = self.server.implicit.wrap_socket(self.request, server_side=True)
        super().setup()
        self.mails = self.server.mails

    def finish(self) -> None:
        super().finish()
        self.connection.close()

    def handle(self) -> None:
        with suppress(OSError):
            self.connection.sendall(self.mails.greeting)
            while line := self.rfile.readline():
                if not self.answer(line.rstrip(b"\r\n")):
                    return

    def answer(self, line: bytes) -> bool:
        self.tag, command, rest = [*line.split(b" ", 2), b"", b""][:3]
        name = command.upper().decode("ascii")
        if name == "UID":
            second, _, rest = rest.partition(b" ")
            name += f"_{second.upper().decode('ascii')}"
        self.mails.commands.append(name)
        if name == self.mails.hangs_at:
            self.hang()
            return False
        method = getattr(self, f"do_{name}", None)
        words = [b"".join(found).replace(b"\\", b"") for found in _WORD.findall(rest)]
        if method is None:
            self.say("BAD I do not do that")
        else:
            method(*words)
        return name != "LOGOUT"

    def hang(self) -> None:
        while self.mails.drips and not self.mails.released.wait(0.02):
            self.connection.sendall(b"* OK still there\r\n")
        self.mails.released.wait(60)

    def say(self, text: str) -> None:
        self.connection.sendall(self.tag + b" " + text.encode() + b"\r\n")

    def do_CAPABILITY(self) -> None:  # noqa: N802 - the protocol names it.
        offers = self.mails.capabilities + (" STARTTLS" if self.mails.tls else "")
        self.connection.sendall(f"* CAPABILITY {offers}\r\n".encode())
        self.say("OK done")

    def do_STARTTLS(self) -> None:  # noqa: N802 - as above.
        context, self.mails.tls = self.mails.tls, None
        assert context is not None
        self.say("OK begin")
        self.connection = context.wrap_socket(self.connection, server_side=True)
        self.request = self.connection  # So that it is the one that is closed.
        self.rfile = self.connection.makefile("rb")

    def do_LOGIN(self, user: bytes, password: bytes) -> None:  # noqa: N802 - as above.
        self.log_in(user.decode(), password.decode())

    def do_AUTHENTICATE(self, _mechanism: bytes) -> None:  # noqa: N802 - as above.
        self.connection.sendall(b"+ \r\n")
        sent = self.rfile.readline().strip()
        _, user, password = base64.b64decode(sent).decode().split("\0")
        self.log_in(user, password, sent.decode())

    def log_in(self, user: str, password: str, sent: str = "") -> None:
        self.known = (user, password) == (USERNAME, PASSWORD)
        told = f" for {password} {sent}" if self.mails.echoes else ""
        self.say("OK welcome" if self.known else f"NO [AUTHENTICATIONFAILED] Invalid login{told}")

    def do_EXAMINE(self, folder: bytes) -> None:  # noqa: N802 - as above.
        self.folder = self.mails.folders.get(folder.decode("ascii")) if self.known else None
        if self.folder is None:
            self.say("NO [NONEXISTENT] Unknown folder")
            return
        self.connection.sendall(f"* {len(self.folder)} EXISTS\r\n".encode())
        self.say("OK [READ-ONLY] done")

    def do_UID_SEARCH(self, *words: bytes) -> None:  # noqa: N802 - as above.
        keyword, since, *senders = (word.decode("ascii") for word in words)
        assert keyword == "SINCE"
        day, month, year = since.split("-")
        first = date(int(year), _MONTHS.index(month) + 1, int(day))
        wanted = [word for word in senders if word not in {"OR", "FROM"}]
        found = [str(n) for n, mail in enumerate(self.opened, 101) if _meant(mail, first, wanted)]
        self.connection.sendall(f"* SEARCH {' '.join(found)}\r\n".encode())
        self.say("OK done")

    def do_UID_FETCH(self, numbers: bytes, what: bytes) -> None:  # noqa: N802 - as above.
        assert what == b"(BODY.PEEK[])", "anything else would mark a mail as read"
        for number in map(int, numbers.split(b",")):
            mail = self.opened[number - 101]
            size = self.mails.announced or len(mail)
            head = f"* {number - 100} FETCH (UID {number} BODY[] {{{size}}}\r\n"
            self.connection.sendall(head.encode() + mail + b")\r\n")
        self.say("OK done")

    def do_LOGOUT(self) -> None:  # noqa: N802 - as above.
        self.connection.sendall(b"* BYE\r\n")
        self.say("OK done")

    @property
    def opened(self) -> list[bytes]:
        assert self.folder is not None
        return self.folder


def _meant(mail: bytes, first: date, senders: list[str]) -> bool:
    message = message_from_bytes(mail)
    young = parsedate_to_datetime(message["Date"]).date() >= first
    return young and any(each in message["From"] for each in senders)


class _Server(socketserver.ThreadingTCPServer):
    """Listens on loopback, where it may."""

    daemon_threads = False
    block_on_close = True

    def __init__(self, mails: Mails, implicit: ssl.SSLContext | None) -> None:
        self.mails = mails
        self.implicit = implicit
        super().__init__(("127.0.0.1", 0), _Connection)

    def handle_error(self, *_: object) -> None:
        """Say nothing of a client that hung up, or refused the certificate."""


@contextmanager
def imap_server(mails: Mails, *, tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """Serve while the block runs, with `tls` from the first byte; yield the port."""
    with _Server(mails, tls) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield int(server.server_address[1])
        finally:
            mails.released.set()
            server.shutdown()
            thread.join()
