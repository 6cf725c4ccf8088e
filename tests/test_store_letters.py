from __future__ import annotations

from datetime import timedelta

import pytest
from databases import DAY, HOUR, NOW, a_letter, fail_all, new_papers, publish

from digest.errors import StoreError
from digest.store import Appearance, LetterRecord, Store

pytest_plugins = ["databases"]

NEXT = DAY + timedelta(days=1)


@pytest.fixture(autouse=True)
def _three_papers(store: Store) -> None:
    with store.writing() as t:
        t.save_changes(new_papers(1, 2, 3), NOW)


def test_a_published_letter_is_kept_whole(store: Store) -> None:
    number = publish(store, a_letter(), papers=(1,))

    with store.reading() as t:
        assert t.letter(number) == a_letter()
        assert t.last_letter("Ann") == (DAY, NOW, a_letter())


def test_publishing_a_letter_twice_publishes_it_once(store: Store) -> None:
    publish(store, a_letter(), "mail", "folder")
    with store.writing() as t:
        again = t.publish(a_letter(), [(1, 1)], [("mail", "<other@test>")], NOW)

    assert again is None
    with store.reading() as t:
        assert t.counts() == {"ready": 2}
        assert t.sent("Ann") == {}


def test_a_letter_without_papers_and_outputs_is_published_once(store: Store) -> None:
    with store.writing() as t:
        assert t.publish(a_letter(), [], [], NOW)
        assert t.publish(a_letter(), [], [], NOW) is None


def test_a_reader_was_sent_the_highest_revision_of_each_paper(store: Store) -> None:
    with store.writing() as t:
        t.publish(a_letter(slot=DAY), [(1, 1), (2, 1)], [("mail", "<1@x>")], NOW)
        t.publish(a_letter(slot=NEXT), [(1, 3)], [("mail", "<2@x>")], NOW)
        t.publish(a_letter("Bob"), [(3, 1)], [("mail", "<3@x>")], NOW)

        assert t.sent("Ann") == {1: 3, 2: 1}
        assert t.sent("Cleo") == {}


def test_the_public_edition_is_not_any_readers(store: Store) -> None:
    publish(store, a_letter(""), papers=(1,))

    with store.reading() as t:
        assert t.sent("") == {1: 1}
        assert t.sent("Ann") == {}
        assert t.last_letter("Ann") is None
        assert [d.key for d in t.deliveries(1)] == ["letter/2024-08-01/public"]


def test_the_last_letter_is_that_of_the_last_day(store: Store) -> None:
    publish(store, a_letter(slot=NEXT))
    publish(store, a_letter(slot=DAY))

    with store.reading() as t:
        last = t.last_letter("Ann")

    assert last is not None
    assert last.day == NEXT


def test_a_letter_that_failed_wholly_was_never_hers(store: Store) -> None:
    publish(store, a_letter(), "mail", "other", papers=(1,))

    fail_all(store)

    with store.reading() as t:
        assert t.sent("Ann") == {}
        assert t.last_letter("Ann") is None


def test_a_letter_that_failed_in_part_is_hers(store: Store) -> None:
    publish(store, a_letter(), "mail", "folder", papers=(1,))
    with store.writing() as t:
        mail, folder = t.claim("me", NOW, 9, HOUR)
        t.fail(mail, "535 wrong password")
        t.mark_sent(folder, "written", NOW)

    with store.reading() as t:
        assert t.sent("Ann") == {1: 1}
        assert t.last_letter("Ann") is not None


def test_a_letter_in_doubt_is_hers(store: Store) -> None:
    publish(store, a_letter(), papers=(1,))
    with store.writing() as t:
        (delivery,) = t.claim("me", NOW, 9, HOUR)
        t.mark_in_doubt(delivery)

        assert t.sent("Ann") == {1: 1}


def test_what_failed_wholly_is_published_afresh_on_the_same_day(store: Store) -> None:
    first = publish(store, a_letter(), papers=(1,))
    fail_all(store)

    second = publish(store, a_letter(), papers=(1, 2))

    with store.reading() as t:
        assert [d.state for d in t.deliveries(first)] == ["failed"]
        assert [(d.key, d.state) for d in t.deliveries(second)] == [
            ("letter/2024-08-01/Ann/2", "ready")
        ]
        assert t.sent("Ann") == {1: 1, 2: 1}


def test_a_fresh_edition_stands_like_a_first_one(store: Store) -> None:
    publish(store, a_letter())
    fail_all(store)
    publish(store, a_letter())

    with store.writing() as t:
        assert t.publish(a_letter(), [], [("mail", "<3@x>")], NOW) is None


def test_editions_are_counted_as_often_as_they_fail(store: Store) -> None:
    for _ in range(3):
        publish(store, a_letter())
        fail_all(store)

    with store.reading() as t:
        assert [letter.edition for letter in t.letters(9)] == [3, 2, 1]


def test_a_letter_of_no_such_number_is_an_error(store: Store) -> None:
    with pytest.raises(StoreError, match="letter 7: there is none"), store.reading() as t:
        t.letter(7)


def test_letters_are_listed_latest_first_with_what_became_of_them(store: Store) -> None:
    publish(store, a_letter("Ann"), "mail", "folder", papers=(1, 2))
    publish(store, a_letter("Bob"))

    with store.reading() as t:
        assert [letter.subscriber for letter in t.letters(9)] == ["Bob", "Ann"]
        assert [letter.subscriber for letter in t.letters(1)] == ["Bob"]
        assert t.letters(9, "Ann") == (
            LetterRecord(
                id=1,
                slot=DAY,
                subscriber="Ann",
                edition=1,
                made_at=NOW,
                papers=2,
                states={"ready": 2},
            ),
        )


def test_a_papers_history_says_who_had_it_when(store: Store) -> None:
    publish(store, a_letter("Ann"), papers=(1,))
    fail_all(store)
    publish(store, a_letter("Bob"), papers=(1, 2))

    with store.reading() as t:
        assert t.history(1) == (
            Appearance(letter=1, slot=DAY, subscriber="Ann", revision=1, states={"failed": 1}),
            Appearance(letter=2, slot=DAY, subscriber="Bob", revision=1, states={"ready": 1}),
        )
        assert t.history(3) == ()


# What a replay asks


def test_letters_between_two_days_come_with_whether_they_count(store: Store) -> None:
    for slot in (DAY - timedelta(days=1), DAY, NEXT):
        publish(store, a_letter(slot=slot))
    fail_all(store)
    publish(store, a_letter(slot=NEXT))
    publish(store, a_letter("Bob", slot=NEXT + timedelta(days=1)))

    with store.reading() as t:
        found = t.letters_between(DAY, NEXT)
    assert [(each.letter.slot, each.stands) for each in found] == [
        (DAY, False),
        (NEXT, False),
        (NEXT, True),
    ]


def test_letters_that_are_forgotten_are_as_if_they_had_not_been(store: Store) -> None:
    publish(store, a_letter(slot=DAY), papers=(1,))
    publish(store, a_letter("Bob", slot=NEXT), papers=(1,))
    with store.reading() as t:
        before = t.last_letter("Ann"), t.sent("Ann"), t.counts()
    publish(store, a_letter(slot=NEXT), "mail", "folder", papers=(2, 3))

    with store.writing() as t:
        t.forget_letters("Ann", NEXT)

    with store.reading() as t:
        assert (t.last_letter("Ann"), t.sent("Ann"), t.counts()) == before
        assert t.sent("Bob") == {1: 1}
        assert t.history(2) == ()
    assert publish(store, a_letter(slot=NEXT), papers=(2,))
