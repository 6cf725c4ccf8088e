"""Connecting to a mail server: greeting, TLS, login.

Certificates are always verified. Whatever goes wrong here is a matter of settings or of the
network, not of a letter, so every failure is temporary. A password never stands in an error.
"""

from __future__ import annotations

import base64
import smtplib
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

from digest.errors import TemporaryDeliveryError
from digest.outputs.relay import quit_politely, readable_answer

_LOGGED_IN = 235


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Where to connect, how securely, and as whom. `timeout` is in seconds."""

    host: str
    port: int
    security: Literal["starttls", "tls", "none"]
    ca_file: str
    username: str
    password: Callable[[], str] = field(repr=False)
    timeout: float

    @property
    def place(self) -> str:
        """The server, as errors name it."""
        return f"{self.host}:{self.port}"


def connect(server: Server) -> smtplib.SMTP:
    """Return a connection that is ready for MAIL. Raises TemporaryDeliveryError."""
    try:
        smtp = _secured(server)
    except ssl.SSLCertVerificationError as error:
        raise TemporaryDeliveryError(
            f"{server.place}: its certificate is not trusted: {error.verify_message}; "
            "set `ca_file` for an authority of your own"
        ) from error
    except smtplib.SMTPResponseException as error:
        raise _refused(server, "no connection", error) from error
    except (smtplib.SMTPException, OSError, UnicodeError) as error:
        raise TemporaryDeliveryError(f"{server.place}: no connection: {error}") from error
    if server.username:
        _log_in(smtp, server)
    return smtp


def probe(server: Server) -> str:
    """Connect, log in and hang up; return what was found, as for ``digest check``."""
    smtp = connect(server)
    try:
        smtp.noop()
        version = smtp.sock.version() if isinstance(smtp.sock, ssl.SSLSocket) else None
    except (smtplib.SMTPException, OSError) as error:
        raise TemporaryDeliveryError(f"{server.place}: {error}") from error
    finally:
        quit_politely(smtp)
    security = version.replace("v", " ") if version else "no TLS"
    login = f"logged in as {server.username}" if server.username else "no login"
    return f"{server.place}, {security}, {login}"


def _secured(server: Server) -> smtplib.SMTP:
    """Return a connection that is as secure as asked, or fail."""
    if server.security == "tls":
        return _greeted(
            smtplib.SMTP_SSL(
                server.host, server.port, timeout=server.timeout, context=_context(server)
            )
        )
    smtp = _greeted(smtplib.SMTP(server.host, server.port, timeout=server.timeout))
    if server.security == "none":
        return smtp
    if not smtp.has_extn("starttls"):
        quit_politely(smtp)
        raise TemporaryDeliveryError(
            f'{server.place}: it offers no STARTTLS; set security = "tls" (port 465), or '
            '"none" if plain text is meant'
        )
    with _closed_on_failure(smtp):
        code, text = smtp.starttls(context=_context(server))
        if code not in range(200, 300):
            raise smtplib.SMTPResponseException(code, text)
    return _greeted(smtp)


def _context(server: Server) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=server.ca_file or None)
    except OSError as error:
        raise TemporaryDeliveryError(f"`ca_file` {server.ca_file}: {error.strerror}") from error


def _greeted(smtp: smtplib.SMTP) -> smtplib.SMTP:
    with _closed_on_failure(smtp):
        smtp.ehlo_or_helo_if_needed()
    return smtp


@contextmanager
def _closed_on_failure(smtp: smtplib.SMTP) -> Iterator[None]:
    try:
        yield
    except BaseException:
        smtp.close()
        raise


def _log_in(smtp: smtplib.SMTP, server: Server) -> None:
    with _closed_on_failure(smtp):
        password = server.password()
        try:
            _authenticate(smtp, server.username, password)
        except smtplib.SMTPResponseException as error:
            # The server's answer may repeat the password: it is not chained, nor told whole.
            answer = readable_answer(_bytes(error.smtp_error)).replace(password, "…")
            raise TemporaryDeliveryError(
                f"{server.place}: no login as {server.username}: {error.smtp_code} {answer}"
            ) from None
        except UnicodeError:
            raise TemporaryDeliveryError(
                f"{server.place}: `username` or the password is not ASCII, and the server takes "
                "no AUTH PLAIN"
            ) from None
        except (smtplib.SMTPException, OSError) as error:
            raise TemporaryDeliveryError(
                f"{server.place}: no login as {server.username}: {error}"
            ) from error


def _authenticate(smtp: smtplib.SMTP, username: str, password: str) -> None:
    """Log in by PLAIN in UTF-8 (RFC 4616) where offered; smtplib's own takes ASCII alone."""
    if "PLAIN" not in smtp.esmtp_features.get("auth", "").upper().split():
        smtp.login(username, password)
        return
    secret = base64.b64encode(f"\0{username}\0{password}".encode()).decode("ascii")
    code, text = smtp.docmd("AUTH", f"PLAIN {secret}")
    if code != _LOGGED_IN:
        raise smtplib.SMTPResponseException(code, text.replace(secret.encode(), b""))


def _refused(
    server: Server, stage: str, error: smtplib.SMTPResponseException
) -> TemporaryDeliveryError:
    answer = readable_answer(_bytes(error.smtp_error))
    return TemporaryDeliveryError(f"{server.place}: {stage}: {error.smtp_code} {answer}")


def _bytes(answer: bytes | str) -> bytes:
    return answer if isinstance(answer, bytes) else answer.encode("utf-8", "replace")
