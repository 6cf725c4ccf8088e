from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trustme
from mailserver import (
    PASSWORD,
    USERNAME,
    MailServer,
    mail_server,
    silent_server,
)
from outgoing import LETTER, SENDER, Commits, failed, smtp

from digest.errors import (
    TemporaryDeliveryError,
)
from digest.outputs.smtp import Smtp


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def ca_file(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(path)
    return str(path)


@pytest.fixture
def plain() -> Iterator[MailServer]:
    with mail_server() as server:
        yield server


def certified(authority: trustme.CA, name: str = "localhost") -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


def encrypted(
    security: str, context: ssl.SSLContext, *, login: bool = False
) -> AbstractContextManager[MailServer]:
    if security == "tls":
        return mail_server(tls=context, login=login)
    return mail_server(starttls=context, login=login)


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_letter_goes_over_tls_with_a_login(
    authority: trustme.CA, ca_file: str, security: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIGEST_SMTP_PASSWORD", PASSWORD)
    with encrypted(security, certified(authority), login=True) as server:
        output = smtp(server.port, security=security, ca_file=ca_file, username=USERNAME)

        found = output.check()
        output.deliver(LETTER, Commits())
        output.close()

    assert found == f"localhost:{server.port}, TLS 1.3, logged in as ann"
    assert len(server.mailbox.envelopes) == 1
    assert server.mailbox.logins == ["PLAIN", "PLAIN"]


@pytest.mark.parametrize("security", ["starttls", "tls"])
@pytest.mark.parametrize("fault", ["unknown authority", "wrong name"])
def test_a_certificate_that_cannot_be_trusted_stops_the_letter(
    authority: trustme.CA, ca_file: str, security: str, fault: str
) -> None:
    name = "localhost" if fault == "unknown authority" else "elsewhere.test"
    trusted = "" if fault == "unknown authority" else ca_file
    with encrypted(security, certified(authority, name)) as server:
        error = failed(smtp(server.port, security=security, ca_file=trusted), Commits())

    assert isinstance(error, TemporaryDeliveryError)
    assert "certificate is not trusted" in str(error)
    assert "MAIL" not in server.mailbox.commands


def test_security_is_never_lowered_silently(plain: MailServer) -> None:
    error = failed(smtp(plain.port, security="starttls"), Commits())

    assert isinstance(error, TemporaryDeliveryError)
    assert "offers no STARTTLS" in str(error)
    assert "MAIL" not in plain.mailbox.commands


def test_a_refused_login_is_temporary_and_keeps_the_password_to_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DIGEST_SMTP_PASSWORD", "not-the-one")
    with mail_server(login=True) as server:
        output = smtp(server.port, username=USERNAME)
        error = failed(output, Commits())

    assert isinstance(error, TemporaryDeliveryError)
    assert "no login as ann: 535" in str(error)
    assert "not-the-one" not in f"{error!r}{error.__cause__!r}{output!r}"


def test_a_login_that_the_server_does_not_offer_is_temporary(
    plain: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIGEST_SMTP_PASSWORD", "secret")

    assert isinstance(
        failed(smtp(plain.port, username=USERNAME), Commits()), TemporaryDeliveryError
    )


@pytest.mark.parametrize("security", ["starttls", "tls", "none"])
def test_a_slow_greeting_is_temporary(security: str) -> None:
    with silent_server() as port:
        error = failed(smtp(port, security=security, timeout=0.1), Commits())

    assert isinstance(error, TemporaryDeliveryError)


def test_a_server_that_is_not_there_is_temporary() -> None:
    with silent_server() as port:
        pass

    assert isinstance(failed(smtp(port), Commits()), TemporaryDeliveryError)


def test_a_refused_greeting_is_temporary(plain: MailServer) -> None:
    plain.mailbox.answer("CONNECT", "554 5.7.1 go away")

    error = failed(smtp(plain.port), Commits())

    assert isinstance(error, TemporaryDeliveryError)
    assert "554 5.7.1 go away" in str(error)


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        ({"password": "x"}, "DIGEST_SMTP_PASSWORD"),
        ({"password": 1}, "does not belong in the config"),
        ({"host": ""}, "`host` must name"),
        ({"host": "a b"}, "`host` must name"),
        ({"port": 70000}, "`port` must be"),
        ({"timeout": 0}, "`timeout`"),
        ({"security": "plain"}, "Invalid enum value"),
        ({"security": "none", "username": "ann"}, "plain text"),
        ({"sender": "nobody"}, "no address"),
        ({"reply_to": "nobody"}, "no address"),
        ({"password_command": 'pass "show'}, "No closing quotation"),
        ({"colour": "red"}, "unknown field"),
    ],
)
def test_a_table_that_cannot_work_is_refused(table: dict[str, Any], problem: str) -> None:
    usual = {"kind": "smtp", "host": "mail.example.org", "sender": SENDER}

    with pytest.raises(msgspec.ValidationError, match=problem):
        msgspec.convert({**usual, **table}, Smtp)


@pytest.mark.parametrize(("security", "port"), [("starttls", 587), ("tls", 465), ("none", 25)])
def test_the_port_is_usual_for_the_security(security: str, port: int) -> None:
    output = msgspec.convert(
        {"kind": "smtp", "host": "h", "sender": SENDER, "security": security}, Smtp
    )

    assert (output.port, output.name) == (port, "smtp")


def test_paths_are_relative_to_the_config() -> None:
    output = smtp(25, ca_file="ca.pem", password_file="secret").within("/etc/digest")

    assert (output.ca_file, output.password_file) == ("/etc/digest/ca.pem", "/etc/digest/secret")


def test_a_ca_file_that_is_missing_is_named(plain: MailServer, tmp_path: Path) -> None:
    missing = str(tmp_path / "none.pem")
    with silent_server() as port:
        error = failed(smtp(port, security="tls", ca_file=missing, timeout=0.1), Commits())

    assert missing in str(error)
    assert plain.mailbox.connections == 0
