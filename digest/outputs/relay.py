"""The conversation with a mail server: MAIL, RCPT, DATA by hand, so that each stage is known.

smtplib raises one exception for a connection lost at RCPT, at DATA and after the final dot, when
the server already has the message; here they are three things. It never builds a message and
never lowers security.
"""

from __future__ import annotations

import re
import smtplib
import ssl
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from digest.errors import (
    DeliveryError,
    InDoubtError,
    PermanentDeliveryError,
    TemporaryDeliveryError,
)
from digest.outputs.envelopes import Envelope

_ADDRESS_CODES = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"})
"""RFC 3463, 7505: no such mailbox, no such host, no mail there, moved away, switched off."""

_OUR_CODES = frozenset({"5.1.7", "5.1.8", "5.5.1", "5.7.8", "5.7.9", "5.7.11", "5.7.12"})
_OUR_REPLIES = frozenset({503, 530, 534, 535, 538})
_RELAYING = re.compile(
    r"relay(ing)?\b.*(denied|not permitted|not allowed|prohibited)", re.IGNORECASE
)
_ENHANCED = re.compile(r"([245]\.\d{1,3}\.\d{1,3})\b")
_CLOSING = 421
_FAILURES = range(400, 600)
_DONE = range(200, 300)
_GO_ON = 354
_GOODBYE = 5.0
"""Seconds to wait for the answer to QUIT, which changes nothing."""


class Relay:
    """Connections to one mail server, each used for one message after another.

    `connect` opens one that is ready for MAIL, or raises DeliveryError; `place` names the server
    in errors. Threads may send at the same time: each has a connection while it needs one.
    """

    def __init__(self, connect: Callable[[], smtplib.SMTP], place: str, patience: float) -> None:
        self._connect = connect
        self._place = place
        self._patience = patience
        self._idle: deque[smtplib.SMTP] = deque()

    def send(self, envelope: Envelope, commit: Callable[[], None]) -> str:
        """Send one message and return the server's answer, which has its queue id."""
        smtp, reply = self._begin(envelope)
        try:
            self._expect("MAIL", reply)
            self._expect("RCPT", smtp.docmd("RCPT", f"TO:<{envelope.recipient}>"))
            self._expect("DATA", smtp.docmd("DATA"), _GO_ON)
            smtp.send(stuffed(envelope.data))
            _look(smtp)
        except DeliveryError:
            self._keep(smtp, reset=True)
            raise
        except (smtplib.SMTPException, OSError) as error:
            smtp.close()
            raise self._lost("before the message was handed over", error) from error
        return self._finish(smtp, commit)

    def close(self) -> None:
        """Say goodbye on every connection that no thread is using."""
        while self._idle:
            quit_politely(self._idle.pop())

    def _begin(self, envelope: Envelope) -> tuple[smtplib.SMTP, tuple[int, bytes]]:
        """Return a connection and its answer to MAIL.

        A connection that served before may have been closed by the server since; then, and
        only then, a new one is opened.
        """
        with suppress(IndexError, smtplib.SMTPException, OSError):
            smtp = self._idle.pop()
            reply = self._mail(smtp, envelope)
            if reply[0] != _CLOSING:
                return smtp, reply
            smtp.close()
        smtp = self._connect()
        try:
            return smtp, self._mail(smtp, envelope)
        except (smtplib.SMTPException, OSError) as error:
            smtp.close()
            raise self._lost("at MAIL", error) from error

    def _mail(self, smtp: smtplib.SMTP, envelope: Envelope) -> tuple[int, bytes]:
        options = [f" SIZE={len(envelope.data)}"] if smtp.has_extn("size") else []
        if envelope.smtputf8:
            if not smtp.has_extn("smtputf8"):
                self._keep(smtp, reset=False)
                raise PermanentDeliveryError(
                    f"{self._place}: it cannot send to internationalised addresses (SMTPUTF8)"
                )
            options.append(" SMTPUTF8 BODY=8BITMIME")  # RFC 6531 has no one without the other.
            smtp.command_encoding = "utf-8"
        return smtp.docmd("MAIL", f"FROM:<{envelope.sender}>{''.join(options)}")

    def _expect(self, stage: str, reply: tuple[int, bytes], wanted: int | None = None) -> None:
        code, text = reply
        if code != wanted if wanted else code not in _DONE:
            raise refusal(self._place, stage, code, text)

    def _finish(self, smtp: smtplib.SMTP, commit: Callable[[], None]) -> str:
        """Send the final dot and wait for the answer: the server has the message now, or not."""
        try:
            commit()
        except BaseException:
            smtp.close()
            raise
        try:
            smtp.send(b".\r\n")
        except (smtplib.SMTPException, OSError) as error:
            raise self._lost("before the final dot", error) from error
        code, text = self._answer(smtp)
        self._keep(smtp, reset=code not in _DONE)
        if code in _DONE:
            return f"{code} {readable_answer(text)}"
        raise refusal(self._place, "the message", code, text)

    def _answer(self, smtp: smtplib.SMTP) -> tuple[int, bytes]:
        """Wait for the answer to the final dot, up to ten minutes (RFC 5321, 4.5.3.2.6)."""
        try:
            if smtp.sock:
                smtp.sock.settimeout(self._patience)
            code, text = smtp.getreply()
            if smtp.sock:
                smtp.sock.settimeout(smtp.timeout)
        except (smtplib.SMTPException, OSError) as error:
            smtp.close()
            raise InDoubtError(
                f"{self._place}: lost after the whole message had been handed over: {error}"
            ) from error
        if code not in _DONE and code not in _FAILURES:
            smtp.close()
            raise InDoubtError(f"{self._place}: nobody can say what {code} means here")
        return code, text

    def _keep(self, smtp: smtplib.SMTP, *, reset: bool) -> None:
        """Put a connection back for the next message, if the server still speaks."""
        try:
            if reset and smtp.rset()[0] not in _DONE:
                smtp.close()
        except (smtplib.SMTPException, OSError):
            smtp.close()
        if smtp.sock:
            self._idle.append(smtp)

    def _lost(self, when: str, error: Exception) -> TemporaryDeliveryError:
        return TemporaryDeliveryError(f"{self._place}: connection lost {when}: {error}")


def refusal(place: str, stage: str, code: int, text: bytes) -> DeliveryError:
    """Return what a refusal means: for later, for this message, or for this address.

    What our own settings are to blame for (a login, the sender, leave to relay) is temporary, so
    that no letter is thrown away for it. An address is to blame only where the server says so
    by a code of RFC 3463 that is about addresses, after RCPT or the message.
    """
    answer = readable_answer(text)
    reason = f"{place}: {stage}: {code} {answer}"
    if code not in range(500, 600):
        return TemporaryDeliveryError(reason)
    found = _ENHANCED.match(answer)
    enhanced = found[1] if found else ""
    if code in _OUR_REPLIES or enhanced in _OUR_CODES or _RELAYING.search(answer):
        return TemporaryDeliveryError(f"{reason} (see `username`, the password and `sender`)")
    at_fault = stage != "MAIL" and enhanced in _ADDRESS_CODES
    return PermanentDeliveryError(reason, address_fault=at_fault)


def _look(smtp: smtplib.SMTP) -> None:
    """Raise OSError if the server hung up, or spoke out of turn, before the final dot.

    A lost connection takes a whole short message without a murmur: to look here keeps most
    such letters out of doubt.
    """
    if not smtp.sock:
        raise ConnectionError("hung up")
    smtp.sock.settimeout(0)
    # Nothing to read yet is as it should be; TLS has a name of its own for that.
    with suppress(BlockingIOError, ssl.SSLWantReadError):
        said = smtp.sock.recv(1)
        raise ConnectionError("the server hung up" if not said else "the server broke in")
    smtp.sock.settimeout(smtp.timeout)


def readable_answer(text: bytes) -> str:
    """Return what a server said as one short line without control codes."""
    line = " ".join(text.decode("utf-8", "replace").split())
    return "".join(c if c.isprintable() else "?" for c in line)[:300]


def stuffed(data: bytes) -> bytes:
    """Return a message for DATA: CRLF line ends, also the last, and leading dots doubled.

    A lone CR or LF is a line end, too: left alone, some servers read it as one (SMTP smuggling).
    """
    data = re.sub(rb"\r\n|\r|\n", b"\r\n", data)
    if not data.endswith(b"\r\n"):
        data += b"\r\n"
    return re.sub(rb"(?m)^\.", b"..", data)


def quit_politely(smtp: smtplib.SMTP) -> None:
    """Say goodbye and hang up, whatever the server thinks of it."""
    with suppress(smtplib.SMTPException, OSError):
        if smtp.sock:
            smtp.sock.settimeout(_GOODBYE)
        smtp.quit()
    smtp.close()
