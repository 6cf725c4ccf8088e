from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trustme
from mailserver import (
    DROP,
    HANG,
    PASSWORD,
    USERNAME,
    MailServer,
    a_message,
    mail_server,
    silent_server,
)

from digest.errors import (
    DeliveryError,
    InDoubtError,
    PermanentDeliveryError,
    TemporaryDeliveryError,
)
from digest.messages import Message
from digest.outputs.relay import refusal, stuffed
from digest.outputs.smtp import Smtp

SENDER = "Paper digest <digest@example.org>"
LETTER = a_message()


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


def smtp(port: int, **settings: Any) -> Smtp:
    usual = {"host": "localhost", "sender": SENDER, "security": "none", "timeout": 5.0}
    return Smtp(**{**usual, "port": port, **settings})


class Commits:
    """Count commits, and look what the server had when each came."""

    def __init__(self, server: MailServer | None = None) -> None:
        self.times = 0
        self.server = server
        self.arrived: list[int] = []

    def __call__(self) -> None:
        self.times += 1
        if self.server:
            self.arrived.append(len(self.server.mailbox.envelopes))


def failed(output: Smtp, commit: Callable[[], None], letter: Message = LETTER) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        output.deliver(letter, commit)
    output.close()
    return caught.value


def test_a_letter_arrives_whole_and_the_answer_has_its_queue_id(plain: MailServer) -> None:
    output, commits = smtp(plain.port), Commits(plain)
    letter = a_message(text="Dear Ann\n.\n..two\n", markdown="")

    answer = output.deliver(letter, commits)
    output.close()

    [envelope] = plain.mailbox.envelopes
    assert answer == "250 2.0.0 Ok: queued as Q1"
    assert envelope.mail_from == "digest@example.org"
    assert envelope.rcpt_tos == ["ann@example.org"]
    assert isinstance(envelope.original_content, bytes)
    assert b"Dear Ann\r\n.\r\n..two\r\n" in envelope.original_content
    assert commits.arrived == [0]


def test_one_connection_serves_many_letters(plain: MailServer) -> None:
    output = smtp(plain.port)

    for _ in range(3):
        output.deliver(LETTER, Commits())
    output.close()

    assert len(plain.mailbox.envelopes) == 3
    assert plain.mailbox.connections == 1


def test_threads_each_have_a_connection_while_they_need_one(plain: MailServer) -> None:
    output = smtp(plain.port)

    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda _: output.deliver(LETTER, Commits()), range(20)))
    output.close()

    assert len(set(answers)) == 20
    assert plain.mailbox.connections <= 4


@pytest.mark.parametrize("goodbye", [DROP, "421 4.4.2 idle too long"], ids=["cut", "421"])
def test_a_connection_that_the_server_closed_is_opened_again(
    plain: MailServer, goodbye: str
) -> None:
    output = smtp(plain.port)
    output.deliver(LETTER, Commits())
    plain.mailbox.answer("MAIL", goodbye)

    output.deliver(LETTER, Commits())
    output.close()

    assert len(plain.mailbox.envelopes) == 2
    assert plain.mailbox.connections == 2


def test_a_connection_is_opened_again_only_once(plain: MailServer) -> None:
    output = smtp(plain.port)
    output.deliver(LETTER, Commits())
    plain.mailbox.answer("MAIL", DROP, DROP)

    assert isinstance(failed(output, Commits()), TemporaryDeliveryError)
    assert plain.mailbox.connections == 2


@pytest.mark.parametrize("stage", ["CONNECT", "EHLO", "MAIL", "RCPT", "DATA", "BODY"])
def test_a_loss_before_the_final_dot_is_temporary(plain: MailServer, stage: str) -> None:
    plain.mailbox.answer(stage, DROP)
    commits = Commits()
    # So long that the server is gone when its end is reached.
    letter = a_message(html=f"{'x' * 70}\n" * 50_000) if stage == "BODY" else LETTER

    error = failed(smtp(plain.port), commits, letter)

    assert isinstance(error, TemporaryDeliveryError)
    assert "localhost" in str(error)
    assert commits.times == 0


@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "DATA", "BODY"])
def test_a_letter_that_was_lost_before_the_dot_can_be_sent_again(
    plain: MailServer, stage: str
) -> None:
    plain.mailbox.answer(stage, DROP)
    letter = a_message(html=f"{'x' * 70}\n" * 50_000)
    output = smtp(plain.port)

    with pytest.raises(TemporaryDeliveryError):
        output.deliver(letter, Commits())
    output.deliver(letter, Commits())
    output.close()

    assert len(plain.mailbox.envelopes) == 1


def test_a_loss_after_the_final_dot_leaves_the_letter_in_doubt(plain: MailServer) -> None:
    plain.mailbox.answer("END", DROP)
    commits = Commits()

    error = failed(smtp(plain.port), commits)

    assert isinstance(error, InDoubtError)
    assert commits.times == 1


def test_a_server_that_is_silent_after_the_final_dot_leaves_the_letter_in_doubt(
    plain: MailServer,
) -> None:
    plain.mailbox.answer("END", HANG)

    assert isinstance(failed(smtp(plain.port, final_timeout=0.1), Commits()), InDoubtError)


@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "DATA", "END"])
@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        ("451 4.7.1 greylisted", TemporaryDeliveryError),
        ("421 4.3.2 closing", TemporaryDeliveryError),
        ("554 5.7.1 spam", PermanentDeliveryError),
        ("552 5.3.4 too big", PermanentDeliveryError),
        ("530 5.7.0 authentication required", TemporaryDeliveryError),
    ],
    ids=["451", "421", "554", "552", "530"],
)
def test_a_refusal_means_the_same_at_each_stage(
    plain: MailServer, stage: str, reply: str, kind: type[DeliveryError]
) -> None:
    plain.mailbox.answer(stage, reply)

    error = failed(smtp(plain.port), Commits())

    assert type(error) is kind
    assert reply in str(error)
    assert not getattr(error, "address_fault", False)


@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "DATA", "END"])
def test_a_refused_letter_does_not_harm_the_next(plain: MailServer, stage: str) -> None:
    plain.mailbox.answer(stage, "550 5.7.1 no")
    output = smtp(plain.port)

    with pytest.raises(PermanentDeliveryError):
        output.deliver(LETTER, Commits())
    output.deliver(LETTER, Commits())
    output.close()

    assert plain.mailbox.connections == 1
    assert len(plain.mailbox.envelopes) == 1


def test_a_letter_whose_commit_fails_is_not_sent(plain: MailServer) -> None:
    def commit() -> None:
        raise RuntimeError("the store is gone")

    output = smtp(plain.port)

    with pytest.raises(RuntimeError):
        output.deliver(LETTER, commit)
    output.deliver(LETTER, Commits())
    output.close()

    assert len(plain.mailbox.envelopes) == 1


@pytest.mark.parametrize(
    ("stage", "code", "text", "fault"),
    [
        ("RCPT", 550, "5.1.1 no such user", True),
        ("RCPT", 550, "5.2.1 mailbox disabled", True),
        ("RCPT", 556, "5.1.10 null MX", True),
        ("the message", 550, "5.1.1 no such user", True),
        ("MAIL", 550, "5.1.1 no such user", False),
        ("RCPT", 550, "5.7.515 access denied, sending domain", False),
        ("RCPT", 552, "5.2.2 mailbox full", False),
        ("RCPT", 550, "user unknown", False),
        ("RCPT", 550, "5.1.11 something new", False),
    ],
)
def test_only_codes_about_addresses_blame_the_address(
    stage: str, code: int, text: str, *, fault: bool
) -> None:
    error = refusal("mail.test:25", stage, code, text.encode())

    assert isinstance(error, PermanentDeliveryError)
    assert error.address_fault is fault


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (535, "5.7.8 bad login"),
        (554, "5.7.1 <ann@example.org>: Relay access denied"),
        (550, "5.7.1 relaying denied"),
        (553, "5.1.8 sender's domain does not exist"),
        (503, "5.5.1 authenticate first"),
        (250, "OK?"),
    ],
)
def test_a_fault_of_our_settings_throws_no_letter_away(code: int, text: str) -> None:
    assert isinstance(refusal("mail.test:25", "RCPT", code, text.encode()), TemporaryDeliveryError)


def test_a_server_s_answer_cannot_write_to_the_terminal() -> None:
    error = refusal("mail.test:25", "RCPT", 550, b"\x1b[2J\r\nevil\xff" + b"x" * 9000)

    assert str(error).isprintable()
    assert len(str(error)) < 400


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


def test_an_international_address_is_written_as_it_is(plain: MailServer) -> None:
    output = smtp(plain.port)

    output.deliver(a_message(email="käthe@straße.de"), Commits())
    output.close()

    [envelope] = plain.mailbox.envelopes
    assert envelope.rcpt_tos == ["käthe@xn--strae-oqa.de"]
    assert envelope.smtp_utf8


def test_a_server_without_smtputf8_is_told_apart_from_a_bad_address() -> None:
    with mail_server(utf8=False) as server:
        output = smtp(server.port)
        with pytest.raises(PermanentDeliveryError, match="SMTPUTF8") as caught:
            output.deliver(a_message(email="käthe@example.org"), Commits())
        output.deliver(LETTER, Commits())
        output.close()

    assert not caught.value.address_fault
    assert server.mailbox.connections == 1


def test_an_address_that_cannot_be_is_the_address_s_fault() -> None:
    with pytest.raises(PermanentDeliveryError) as caught:
        smtp(1).deliver(a_message(email="a>b@example.org"), Commits())

    assert caught.value.address_fault


def test_the_public_edition_is_not_mailed() -> None:
    output = smtp(25)

    assert not output.reaches(None)
    assert not output.reaches(a_message(email="").subscriber)
    assert output.reaches(LETTER.subscriber)


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


def test_every_line_end_and_dot_is_as_smtp_wants_it() -> None:
    assert stuffed(b".a\n.\r\n..b\rc\r\n\r\n.") == b"..a\r\n..\r\n...b\r\nc\r\n\r\n..\r\n"


def test_a_ca_file_that_is_missing_is_named(plain: MailServer, tmp_path: Path) -> None:
    missing = str(tmp_path / "none.pem")
    with silent_server() as port:
        error = failed(smtp(port, security="tls", ca_file=missing, timeout=0.1), Commits())

    assert missing in str(error)
    assert plain.mailbox.connections == 0
