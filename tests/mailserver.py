"""A real mail server on loopback, told what to answer at each stage.

Stages are CONNECT, EHLO, MAIL, RCPT, DATA, BODY (the connection ends where the message should
begin) and END (the final dot). An answer is a reply, or `DROP`: the connection is cut, or
(at END) `HANG`: nothing comes.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

DROP = "DROP"
HANG = "HANG"
USERNAME, PASSWORD = "ann", "pässword"


@dataclass
class Mailbox:
    """What arrived, what was asked for, and what is to be answered: once each, in order."""

    envelopes: list[Envelope] = field(default_factory=list)
    connections: int = 0
    commands: list[str] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)
    script: dict[str, deque[str]] = field(default_factory=lambda: defaultdict(deque))

    def answer(self, stage: str, *replies: str) -> None:
        self.script[stage].extend(replies)

    def next_answer(self, stage: str) -> str:
        self.commands.append(stage)
        return self.script[stage].popleft() if self.script[stage] else ""

    async def handle_DATA(  # noqa: N802  aiosmtpd names it.
        self, server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        match self.next_answer("END"):
            case "DROP":
                cut(server)
                return "250 nobody hears this"
            case "HANG":
                await asyncio.Event().wait()
                return "451 never"
            case "":
                self.envelopes.append(envelope)
                return f"250 2.0.0 Ok: queued as Q{len(self.envelopes)}"
            case reply:
                return str(reply)

    def authenticate(
        self, _server: SMTP, _session: Session, _envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        self.logins.append(mechanism)
        known = isinstance(data, LoginPassword) and data.login.decode() == USERNAME
        return AuthResult(success=known and data.password.decode() == PASSWORD, handled=False)


def cut(server: SMTP) -> None:
    """End a connection at once, whatever was still to be sent."""
    assert isinstance(server.transport, asyncio.WriteTransport)
    server.transport.abort()


def hang_up(server: SMTP) -> None:
    """End a connection when what was said has been sent."""
    if server.transport is not None:
        server.transport.close()


class _Scripted(SMTP):
    """The server's side of one connection."""

    greeted = False

    def __init__(self, mailbox: Mailbox, **settings: Any) -> None:
        super().__init__(mailbox, authenticator=mailbox.authenticate, **settings)
        self.mailbox = mailbox

    async def push(self, status: Any) -> None:
        greeting = isinstance(status, str) and status.startswith("220 ") and not self.greeted
        self.greeted = True
        if greeting and await self._scripted("CONNECT"):
            hang_up(self)
            return
        if self.transport is not None and not self.transport.is_closing():
            await super().push(status)

    async def smtp_EHLO(self, arg: str) -> None:  # noqa: N802  aiosmtpd names it.
        if not await self._scripted("EHLO"):
            await super().smtp_EHLO(arg)

    async def smtp_MAIL(self, arg: str) -> None:  # noqa: N802  As above.
        if not await self._scripted("MAIL"):
            await super().smtp_MAIL(arg)

    async def smtp_RCPT(self, arg: str) -> None:  # noqa: N802  As above.
        if not await self._scripted("RCPT"):
            await super().smtp_RCPT(arg)

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802  As above.
        if self.mailbox.script["BODY"]:
            await super().push("354 Go on")
            self.mailbox.script["BODY"].popleft()
            cut(self)
        elif not await self._scripted("DATA"):
            await super().smtp_DATA(arg)

    async def _scripted(self, stage: str) -> bool:
        reply = self.mailbox.next_answer(stage)
        if stage == "CONNECT":
            self.mailbox.connections += 1
        if reply == DROP:
            cut(self)
        elif reply:
            await super().push(reply)
            if reply.startswith("421"):
                hang_up(self)
        return bool(reply)


class _Controller(Controller):
    """A server that binds port 0 and knows its port as soon as it has one."""

    def __init__(self, make: Callable[[], SMTP], ssl_context: ssl.SSLContext | None) -> None:
        super().__init__(object(), hostname="127.0.0.1", port=0, ssl_context=ssl_context)
        self._make = make

    def factory(self) -> SMTP:
        return self._make()

    def _trigger_server(self) -> None:
        assert isinstance(self.server, asyncio.Server)
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]  # aiosmtpd's own.


@dataclass(frozen=True)
class MailServer:
    """A running server: its port, and its mailbox."""

    port: int
    mailbox: Mailbox


@contextmanager
def mail_server(
    *,
    tls: ssl.SSLContext | None = None,
    starttls: ssl.SSLContext | None = None,
    utf8: bool = True,
    login: bool = False,
) -> Iterator[MailServer]:
    """Run a server; `tls` from the first byte, or `starttls` when asked for."""
    mailbox = Mailbox()

    def make() -> SMTP:
        return _Scripted(
            mailbox,
            tls_context=starttls,
            enable_SMTPUTF8=utf8,
            auth_require_tls=False,
            auth_exclude_mechanism=[] if login else ["LOGIN", "PLAIN"],
            hostname="mail.test",
        )

    controller = _Controller(make, tls)
    controller.start()
    mailbox.connections = 0  # The controller's own, to see that it is there.
    try:
        yield MailServer(port=controller.port, mailbox=mailbox)
    finally:
        controller.stop()


@contextmanager
def silent_server() -> Iterator[int]:
    """Listen and never say a word; yield the port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]
