from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

from databases import DAY, HOUR, NOW, a_letter, a_paper, a_sighting, fail_all, new, publish

from digest.alarms import ToldAlarm
from digest.papers import Validators
from digest.store import Store

pytest_plugins = ["databases"]

DISK = ToldAlarm(name="disk", since=NOW, said="the disk fills")


def test_an_alarm_begins_once_and_ends_once(store: Store) -> None:
    with store.writing() as t:
        assert t.begin_alarm(DISK)
        assert not t.begin_alarm(ToldAlarm(name="disk", since=NOW + HOUR, said="again"))
        assert t.alarms() == {"disk": DISK}
        assert t.end_alarm("disk")
        assert not t.end_alarm("disk")
        assert t.alarms() == {}


def test_two_who_look_at_once_begin_an_alarm_once(store: Store) -> None:
    def begin(_: int) -> bool:
        with store.writing() as t:
            return t.begin_alarm(DISK)

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(begin, range(8))) == [False] * 7 + [True]


def test_an_issue_counts_when_a_letter_of_it_went_out(store: Store) -> None:
    publish(store, a_letter("Ann", DAY - timedelta(days=2)))
    with store.writing() as t:
        (sent,) = t.claim("me", NOW, 1, HOUR)
        t.mark_sent(sent, "250 ok", NOW)
    publish(store, a_letter("Ann", DAY - timedelta(days=1)))
    fail_all(store)
    publish(store, a_letter("Ann", DAY))

    with store.reading() as t:
        assert t.last_issue() == DAY - timedelta(days=2)
        assert t.issues(DAY - timedelta(days=9)) == (DAY - timedelta(days=2),)
        assert t.issues(DAY) == ()


def test_without_letters_there_is_no_last_issue(store: Store) -> None:
    with store.reading() as t:
        assert t.last_issue() is None
        assert t.doubtful_letters() == 0


def test_a_letter_in_doubt_is_counted_once_and_may_have_gone_out(store: Store) -> None:
    publish(store, a_letter(), "mail", "other")
    with store.writing() as t:
        for delivery in t.claim("me", NOW, 9, HOUR):
            t.mark_in_doubt(delivery, "lost")
        assert t.doubtful_letters() == 1
        assert t.last_issue() == DAY


def test_what_a_source_s_pages_listed_and_when(store: Store) -> None:
    nothing = Validators()
    with store.writing() as t:
        t.save_reading("arxiv", NOW, {"https://a": (nothing, 3)}, whole=True)
        t.save_reading("arxiv", NOW + HOUR, {"https://b": (nothing, 0)}, whole=True)
        t.save_changes(new(a_sighting(a_paper(1))), NOW)

    with store.reading() as t:
        assert t.pages_listed() == {"arxiv": NOW}
        assert t.listings("arxiv", NOW - HOUR) == (NOW,)
        assert t.listings("arxiv", NOW + HOUR) == ()
        assert t.listings("huggingface", NOW - HOUR) == ()


def test_days_of_issues_are_days(store: Store) -> None:
    publish(store, a_letter())
    with store.writing() as t:
        (sent,) = t.claim("me", NOW, 1, HOUR)
        t.mark_sent(sent, "250 ok", NOW)

    with store.reading() as t:
        assert t.last_issue() == date(2024, 8, 1)
