from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from mailserver import (
    DROP,
    HANG,
    MailServer,
    mail_server,
)
from outgoing import LETTER, Commits, a_message, failed, smtp

from digest.errors import (
    DeliveryError,
    InDoubtError,
    PermanentDeliveryError,
    TemporaryDeliveryError,
)
from digest.outputs.relay import refusal, stuffed


@pytest.fixture
def plain() -> Iterator[MailServer]:
    with mail_server() as server:
        yield server


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


def test_every_line_end_and_dot_is_as_smtp_wants_it() -> None:
    assert stuffed(b".a\n.\r\n..b\rc\r\n\r\n.") == b"..a\r\n..\r\n...b\r\nc\r\n\r\n..\r\n"
