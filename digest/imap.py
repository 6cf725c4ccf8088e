"""One look into a folder of a mail server (IMAP4rev1, RFC 3501).

The folder is opened to look at (EXAMINE) and mails are peeked at, so nothing is marked as read.
Certificates are always verified, security is never lowered by itself, and a password stands in no
error. The whole takes four times the longest silence at most, whatever the server does.
"""

from __future__ import annotations

import base64
import imaplib
import re
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date
from functools import reduce
from typing import Any
from urllib.parse import unquote, urlsplit

from digest.errors import FetchError
from digest.passwords import PasswordError, read_password, words
from digest.sources import MailRequest

PATIENCE = 4
"""How many times the longest silence the whole may take."""

AT_ONCE = 50
"""How many mails are asked for in one command."""

_OVERHEAD = 1_000_000
"""Bytes that a server may say besides the mails."""

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_WIDE = re.compile(r"[^\x20-\x7e]+")


class _UnusableError(Exception):
    """The folder cannot be had; says why and what to do."""


class _Line(imaplib.IMAP4):
    """A connection that ends in time, and that takes no more bytes than it may."""

    def __init__(self, host: str, port: int, allowed: int, silence: float, **tls: Any) -> None:
        self._allowed = allowed
        self._timer = threading.Timer(PATIENCE * silence, self._cut)
        self._timer.daemon = True
        self._ended = False
        self.late = False
        super().__init__(host, port, timeout=silence, **tls)

    def open(self, *args: Any, **more: Any) -> None:
        """Connect; from here on time runs."""
        super().open(*args, **more)
        self._timer.start()

    def read(self, size: int) -> bytes:
        """Read what the server announced, if that is not too much."""
        self._take(size)
        return super().read(size)

    def readline(self) -> bytes:
        """Read a line."""
        line = super().readline()
        self._take(len(line))
        return line

    def shutdown(self) -> None:
        """Hang up, once."""
        self._timer.cancel()
        if not self._ended:
            self._ended = True
            with suppress(OSError):  # A handshake that failed has closed it.
                super().shutdown()

    def _take(self, size: int) -> None:
        self._allowed -= size
        if self._allowed < 0:
            reason = "the mails are too large; if that is right, raise [http] max_megabytes"
            raise _UnusableError(reason)

    def _cut(self) -> None:
        self.late = True
        with suppress(OSError):  # It is closed already.
            socket.socket.shutdown(self.sock, socket.SHUT_RDWR)


class _TlsLine(_Line, imaplib.IMAP4_SSL):
    """The same, over TLS from the first byte."""


def read(
    source: str, request: MailRequest, *, most: int, limit: int, silence: float
) -> list[bytes]:
    """Return the mails that a request means, oldest first; FetchError if they cannot be had."""
    try:
        password = read_password(
            words(request.password_command), request.password_file, service="imap"
        )
        with _connected(request, limit + _OVERHEAD, silence) as line:
            _log_in(line, unquote(urlsplit(request.url).username or ""), password)
            return _mails(line, request, most)
    except (PasswordError, _UnusableError) as error:
        raise FetchError(source, request.url, str(error)) from error


@contextmanager
def _connected(request: MailRequest, allowed: int, silence: float) -> Iterator[_Line]:
    """Connect as securely as asked, and translate what goes wrong until the connection ends."""
    line = None
    try:
        line = _open(request, allowed, silence)
        yield line
        with suppress(imaplib.IMAP4.error, OSError):
            line.logout()
    except (imaplib.IMAP4.error, OSError) as error:
        late = line is not None and line.late
        raise _UnusableError(_late(silence) if late else _told(error, silence)) from error
    finally:
        if line is not None:
            line.shutdown()


def _late(silence: float) -> str:
    seconds = f"{PATIENCE * silence:g} s"
    return f"not done after {seconds}; if it is always that slow, raise [http] timeout"


def _told(error: Exception, silence: float) -> str:
    """Say what went wrong with a connection, and what to do."""
    match error:
        case ssl.SSLCertVerificationError():
            reason = f"its certificate is not trusted: {error.verify_message}"
            return f"{reason}; set `ca_file` for an authority of your own"
        case ssl.SSLError():
            reason = f"no TLS: {error.reason or error}"
            return f'{reason}; set security = "starttls" if the server wants that'
        case TimeoutError():
            return f"no answer in {silence:g} s; the next run asks again"
        case OSError():
            return f"no connection: {error.strerror or error}; check `imap` and `port`"
    return f"the server broke off, or is no IMAP server: {_readable(error)}"


def _open(request: MailRequest, allowed: int, silence: float) -> _Line:
    parts = urlsplit(request.url)
    place = (parts.hostname or "", parts.port or 0, allowed, silence)
    try:
        context = ssl.create_default_context(cafile=request.ca_file or None)
    except OSError as error:
        raise _UnusableError(f"`ca_file` {request.ca_file}: {error.strerror}") from error
    if request.security == "tls":
        return _TlsLine(*place, ssl_context=context)
    line = _Line(*place)
    try:
        if request.security == "starttls":
            _start_tls(line, context)
    except BaseException:
        line.shutdown()
        raise
    return line


def _start_tls(line: _Line, context: ssl.SSLContext) -> None:
    if "STARTTLS" not in line.capabilities:
        raise _UnusableError('it offers no STARTTLS; set security = "tls" (port 993)')
    line.starttls(context)


def _log_in(line: _Line, user: str, password: str) -> None:
    """Log in by PLAIN in UTF-8 (RFC 4616) where offered; LOGIN takes ASCII alone."""
    try:
        if "AUTH=PLAIN" in line.capabilities:
            line.authenticate("PLAIN", lambda _: f"\0{user}\0{password}".encode())
        else:
            line.login(_quoted(user), password)
    except imaplib.IMAP4.abort:
        raise
    except imaplib.IMAP4.error as error:
        # The server's answer may repeat the password: it is not chained, nor told whole.
        secret = base64.b64encode(f"\0{user}\0{password}".encode()).decode("ascii")
        answer = _readable(error).replace(password, "…").replace(secret, "…")
        advice = "many providers want a password of its own for each program"
        raise _UnusableError(f"no login as {user}: {answer}; {advice}") from None
    except UnicodeError:
        raise _UnusableError(
            "`username` or the password is not ASCII, and the server takes no AUTH=PLAIN"
        ) from None


def _mails(line: _Line, request: MailRequest, most: int) -> list[bytes]:
    folder = unquote(urlsplit(request.url).path.removeprefix("/"))
    said, answer = line.select(_quoted(encoded(folder)), readonly=True)
    if said != "OK":
        advice = "name `folder` as the server does, such as INBOX.Alerts or INBOX/Alerts"
        raise _UnusableError(f"no folder `{folder}`: {_readable(answer[0])}; {advice}")
    numbers = _search(line, request)
    if len(numbers) > most:
        reason = f"more than {most} mails since {request.since}"
        raise _UnusableError(f"{reason}; file the alerts in a folder of theirs")
    mails: list[bytes] = []
    for at in range(0, len(numbers), AT_ONCE):
        mails.extend(_fetch(line, numbers[at : at + AT_ONCE]))
    return mails


def _search(line: _Line, request: MailRequest) -> list[str]:
    """Return the numbers of the mails that are meant (UIDs)."""
    senders = [f"FROM {_quoted(each)}" for each in request.senders]
    either = reduce(lambda one, other: f"OR {one} {other}", senders)
    said, answer = line.uid("SEARCH", "SINCE", spoken(request.since), either)
    if said != "OK":
        raise _UnusableError(f"the server cannot search: {_readable(answer[0])}")
    found = b" ".join(each for each in answer if isinstance(each, bytes))
    return [number for number in found.decode("ascii", "replace").split() if number.isdecimal()]


def _fetch(line: _Line, numbers: list[str]) -> list[bytes]:
    said, answer = line.uid("FETCH", ",".join(numbers), "(BODY.PEEK[])")
    if said != "OK":
        raise _UnusableError(f"the server gives no mails: {_readable(answer[0])}")
    return [each[1] for each in answer if isinstance(each, tuple)]


def spoken(day: date) -> str:
    """Return a day as SEARCH wants it, in English wherever this runs."""
    return f"{day.day:02}-{_MONTHS[day.month - 1]}-{day.year}"


def encoded(folder: str) -> str:
    """Return a folder's name in modified UTF-7 (RFC 3501, section 5.1.3)."""
    return _WIDE.sub(_shifted, folder.replace("&", "&-"))


def _shifted(found: re.Match[str]) -> str:
    coded = base64.b64encode(found[0].encode("utf-16-be")).decode("ascii")
    return f"&{coded.rstrip('=').replace('/', ',')}-"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _readable(said: object) -> str:
    """Return what a server said as one short line without control codes."""
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    return "".join(c if c.isprintable() else "?" for c in " ".join(text.split()))[:300]
