"""Mails that are no letters: as email, by each output, and through the outbox on a server."""

from __future__ import annotations

import email
from collections.abc import Iterator
from email import policy
from email.message import EmailMessage
from pathlib import Path

import pytest
from databases import a_mail, post
from outgoing import SENDER, an_alarm, directory, never
from running import Newsroom, newsroom

from digest.errors import PermanentDeliveryError
from digest.mail import email_message, wire
from digest.outputs.preview import Preview
from digest.store import open_store

pytest_plugins = ["databases"]

FRIDAY = "2026-06-12"


def _parsed(mail: EmailMessage) -> EmailMessage:
    return email.message_from_bytes(wire(mail), policy=policy.default)


def test_an_alarm_is_no_mail_of_a_list() -> None:
    mail = _parsed(email_message(an_alarm(), SENDER))

    assert mail["To"] == "ops@example.org"
    assert mail["Subject"] == "Paper digest: arxiv fails"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Message-ID"] == "<alarm@example.org>"
    assert [name for name in mail if name.startswith("List-") or name == "In-Reply-To"] == []


def test_an_alarm_is_text_alone() -> None:
    mail = _parsed(email_message(an_alarm(text="It is 5 °C.\n"), SENDER))

    assert mail.get_content_type() == "text/plain"
    assert mail.get_content().splitlines() == ["It is 5 °C."]


def test_a_mail_that_follows_another_says_so() -> None:
    mail = _parsed(email_message(an_alarm(in_reply_to="<first@example.org>"), SENDER))

    assert (mail["In-Reply-To"], mail["References"]) == ("<first@example.org>",) * 2


def test_an_alarm_is_shown_as_it_would_be_mailed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = Preview(path=str(tmp_path)).deliver(an_alarm(), never)

    assert Path(place).suffix == ".txt"
    assert Path(place).read_text() == "Look at it.\n"
    assert capsys.readouterr().out == "Look at it.\n"


@pytest.mark.parametrize("audience", ["subscribers", "public"])
def test_a_folder_takes_no_alarm(tmp_path: Path, audience: str) -> None:
    with pytest.raises(PermanentDeliveryError, match="takes letters alone"):
        directory(tmp_path, audience=audience).deliver(an_alarm(), never)

    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def room(tmp_path: Path, url: str) -> Iterator[Newsroom]:
    with newsroom(tmp_path, store=url, subscribers="") as made:
        yield made


def test_a_mail_in_the_outbox_is_sent_once(room: Newsroom) -> None:
    with open_store(room.store) as store:
        post(store, a_mail(), "alarm/1", "smtp")

    first, second = room.once(FRIDAY), room.once(FRIDAY)

    assert (first.code, first.json["deliveries"]) == (0, {"sent": 1})
    assert (second.code, second.json["deliveries"]) == (0, {})
    (mail,) = room.mails
    assert (mail["Subject"], mail["Message-ID"]) == ("Alarm 1", "<alarm/1/smtp@test>")


def test_a_mail_that_was_put_off_is_tried_again_as_the_same(room: Newsroom) -> None:
    with open_store(room.store) as store:
        post(store, a_mail(), "alarm/1", "smtp")
    room.mailbox.answer("RCPT", "450 later")

    first = room.once(FRIDAY)
    second = room.once(FRIDAY)

    assert (first.code, first.json["deliveries"]) == (1, {"ready": 1})
    assert (second.code, second.json["deliveries"]) == (0, {"sent": 1})
    assert [mail["Message-ID"] for mail in room.mails] == ["<alarm/1/smtp@test>"]


def test_a_mail_by_a_folder_fails_and_the_rest_goes_on(room: Newsroom) -> None:
    with open_store(room.store) as store:
        post(store, a_mail(1), "alarm/1", "directory")
        post(store, a_mail(2), "alarm/2", "smtp")
    room.configure(outputs=room.outputs + '[[outputs]]\nkind = "directory"\npath = "letters"\n')

    done = room.once(FRIDAY)

    assert (done.code, done.json["deliveries"]) == (1, {"failed": 1, "sent": 1})
    assert "takes letters alone" in done.err
