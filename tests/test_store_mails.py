from __future__ import annotations

from pathlib import Path

import pytest
from databases import HOUR, NOW, a_letter, a_mail, post, publish

from digest.errors import StoreError
from digest.store import Store, open_store
from digest.store.files import marker

pytest_plugins = ["databases"]


def test_a_mail_comes_out_as_it_was_put_in(store: Store) -> None:
    mail = a_mail(in_reply_to="<before@test>")

    number = post(store, mail)

    assert number is not None
    with store.reading() as t:
        assert t.mail(number) == mail


def test_a_mail_is_claimed_as_letters_are(store: Store) -> None:
    letter = publish(store, a_letter())
    number = post(store, a_mail())

    with store.writing() as t:
        claimed = t.claim("me", NOW, 9, HOUR)

    assert [(each.key, each.letter, each.mail) for each in claimed] == [
        ("letter/2024-08-01/Ann", letter, None),
        ("alarm/1", None, number),
    ]


def test_mails_alone_can_be_claimed(store: Store) -> None:
    publish(store, a_letter())
    post(store, a_mail())

    with store.writing() as t:
        claimed = t.claim("me", NOW, 9, HOUR, no_letters=True)

    assert [each.key for each in claimed] == ["alarm/1"]


def test_a_letter_claimed_by_its_number_takes_no_mail_along(store: Store) -> None:
    letter = publish(store, a_letter())
    post(store, a_mail())

    with store.writing() as t:
        claimed = t.claim("me", NOW, 9, HOUR, letter=letter)

    assert [each.key for each in claimed] == ["letter/2024-08-01/Ann"]


def test_a_key_is_posted_once(store: Store) -> None:
    first = post(store, a_mail())

    assert post(store, a_mail(2)) is None
    with store.reading() as t:
        assert t.counts() == {"ready": 1}
        assert first is not None
        assert t.mail(first).subject == "Alarm 1"


def test_a_mail_has_a_delivery_for_each_output(store: Store) -> None:
    post(store, a_mail(), "alarm/1", "mail", "other")

    with store.writing() as t:
        claimed = t.claim("me", NOW, 9, HOUR)

    assert [each.message_id for each in claimed] == ["<alarm/1/mail@test>", "<alarm/1/other@test>"]


def test_a_mail_without_an_output_is_refused(store: Store) -> None:
    with pytest.raises(ValueError, match="alarm/1: a mail without an output"):  # noqa: SIM117
        with store.writing() as t:
            t.post(a_mail(), "alarm/1", [], NOW)

    with store.reading() as t:
        assert t.counts() == {}


def test_a_mail_that_is_not_there_is_an_error(store: Store) -> None:
    with store.reading() as t, pytest.raises(StoreError, match="mail 7: there is none"):
        t.mail(7)


def test_the_journal_is_of_letters_alone(tmp_path: Path) -> None:
    path = tmp_path / "digest.db"
    with open_store(f"sqlite:///{path}") as store:
        post(store, a_mail())
        post(store, a_mail(), "alarm/2")
        with store.writing() as t:
            sent, doubtful = t.claim("me", NOW, 9, HOUR)
            t.mark_sent(sent, "250 ok", NOW)
            t.mark_in_doubt(doubtful, "lost after the final dot")
        assert not marker(path).exists()
        publish(store, a_letter())
        with store.writing() as t:
            (letter,) = t.claim("me", NOW, 9, HOUR)
            t.mark_sent(letter, "250 ok", NOW)
    marker(path).unlink()

    with open_store(f"sqlite:///{path}"):  # What is missing in the journal is written again.
        pass

    assert marker(path).read_text(encoding="utf-8").count('"key"') == 1


def test_letters_are_listed_and_forgotten_beside_mails(store: Store) -> None:
    post(store, a_mail())
    publish(store, a_letter())

    with store.writing() as t:
        assert [each.states for each in t.letters(9)] == [{"ready": 1}]
        t.forget_letters("Ann", a_letter().slot)
        assert t.counts() == {"ready": 1}
