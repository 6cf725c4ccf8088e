from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.papers import Paper
from digest.subscribers import (
    CadenceName,
    Candidate,
    Seen,
    Subscriber,
    candidates,
    candidates_since,
    is_due,
    local_day,
    next_due,
)

NOW = datetime(2026, 6, 15, 6, tzinfo=UTC)
FRIDAY, SATURDAY, MONDAY = date(2026, 6, 12), date(2026, 6, 13), date(2026, 6, 15)

cadences = st.sampled_from(["daily", "weekdays", "weekly", "monthly"])
days = st.dates(date(2020, 1, 1), date(2030, 1, 1))


def reader(cadence: CadenceName = "daily", **fields: Any) -> Subscriber:
    return Subscriber(name="Ann", cadence=cadence, **fields)


def candidate(
    id_: int, revision: int = 0, *, news: bool = True, votes: int | None = None
) -> Candidate:
    seen = (Seen(source="hf", day=None, votes=votes, at=NOW, news=news),)
    paper = Paper(title=f"Paper {id_}")
    return Candidate(id=id_, paper=paper, revision=revision, first_seen=NOW, seen=seen)


@pytest.mark.parametrize(
    ("cadence", "last", "today", "due"),
    [
        ("daily", None, SATURDAY, True),
        ("daily", FRIDAY, FRIDAY, False),
        ("daily", FRIDAY, SATURDAY, True),
        ("daily", SATURDAY, FRIDAY, False),
        ("weekdays", None, SATURDAY, False),
        ("weekdays", FRIDAY, SATURDAY, False),
        ("weekdays", FRIDAY, MONDAY, True),
        ("weekly", FRIDAY, FRIDAY + timedelta(days=6), False),
        ("weekly", FRIDAY, FRIDAY + timedelta(days=7), True),
        ("monthly", date(2026, 1, 31), date(2026, 2, 1), True),
        ("monthly", date(2026, 1, 1), date(2026, 1, 31), False),
        ("monthly", date(2025, 12, 31), date(2026, 1, 1), True),
        ("monthly", date(2026, 2, 1), date(2026, 1, 31), False),
    ],
)
def test_a_reader_is_due_by_whole_days(
    cadence: CadenceName, last: date | None, today: date, *, due: bool
) -> None:
    assert is_due(reader(cadence), last, today) is due


@pytest.mark.parametrize(
    ("zone", "now", "day"),
    [
        ("Europe/Berlin", datetime(2026, 3, 28, 22, 59, tzinfo=UTC), date(2026, 3, 28)),
        ("Europe/Berlin", datetime(2026, 3, 28, 23, 0, tzinfo=UTC), date(2026, 3, 29)),
        ("Europe/Berlin", datetime(2026, 3, 29, 22, 0, tzinfo=UTC), date(2026, 3, 30)),
        ("Europe/Berlin", datetime(2026, 10, 25, 22, 59, tzinfo=UTC), date(2026, 10, 25)),
        ("America/Los_Angeles", datetime(2026, 6, 15, 6, tzinfo=UTC), date(2026, 6, 14)),
        ("Pacific/Kiritimati", datetime(2026, 6, 15, 10, tzinfo=UTC), date(2026, 6, 16)),
    ],
)
def test_a_day_is_the_day_where_the_reader_is(zone: str, now: datetime, day: date) -> None:
    assert local_day(now, zone) == day


def test_a_run_a_second_earlier_than_yesterdays_skips_no_letter() -> None:
    runs = [
        datetime(2026, 3, 28, 6, 0, 1, tzinfo=UTC) + timedelta(days=n, seconds=-n) for n in range(3)
    ]
    found = [local_day(run, "Europe/Berlin") for run in runs]

    assert all(is_due(reader(), last, today) for last, today in pairwise(found))


@given(cadences, st.none() | days, days)
def test_the_next_day_is_the_first_on_which_a_reader_is_due(
    cadence: CadenceName, last: date | None, today: date
) -> None:
    found = next_due(reader(cadence), last, today)

    assert found >= today
    assert is_due(reader(cadence), last, found)
    ahead = min((found - today).days, 40)
    assert not any(is_due(reader(cadence), last, today + timedelta(days=n)) for n in range(ahead))


@given(cadences, days)
def test_nobody_gets_two_letters_a_day(cadence: CadenceName, today: date) -> None:
    assert not is_due(reader(cadence), today, today)


def test_what_she_was_sent_is_news_no_more() -> None:
    pool = [candidate(1), candidate(2), candidate(3, 2), candidate(4, 1, news=False)]

    found = candidates(pool, {2: 0, 3: 1}, NOW)

    assert [each.id for each in found.fresh] == [1]
    assert [each.id for each in found.revised] == [3]
    assert found.sent == 1


@given(
    st.lists(st.integers(0, 9), unique=True), st.dictionaries(st.integers(0, 9), st.integers(0, 1))
)
def test_each_paper_of_a_pool_is_in_one_place(ids: list[int], sent: dict[int, int]) -> None:
    found = candidates([candidate(id_, 1) for id_ in ids], sent, NOW)

    assert len(found.fresh) + len(found.revised) + found.sent == len(ids)


def test_what_was_listed_last_before_is_no_candidate_unless_revised() -> None:
    pool, later = [candidate(1), candidate(2, 1)], NOW + timedelta(seconds=1)

    found = candidates(pool, {2: 0}, later)

    assert (found.fresh, found.revised) == ((), (pool[1],))


@pytest.mark.parametrize(
    ("cadence", "first", "back"),
    [
        ("daily", None, timedelta(days=3)),
        ("daily", NOW - timedelta(days=5), timedelta(days=8)),
        ("daily", NOW - timedelta(days=40), timedelta(days=14)),
        ("monthly", None, timedelta(days=3)),
        ("monthly", NOW - timedelta(days=40), timedelta(days=31, hours=1)),
    ],
)
def test_a_first_letter_draws_on_three_days_and_a_monthly_one_on_its_month(
    cadence: CadenceName, first: datetime | None, back: timedelta
) -> None:
    assert candidates_since(reader(cadence), NOW, first, 14) == NOW - back


def test_a_monthly_letter_leaves_nothing_of_a_month_with_an_hour_more() -> None:
    october = datetime(2028, 10, 1, 7, tzinfo=ZoneInfo("Europe/Berlin")).astimezone(UTC)
    november = datetime(2028, 11, 1, 7, tzinfo=ZoneInfo("Europe/Berlin")).astimezone(UTC)
    first = october - timedelta(days=90)

    assert candidates_since(reader("monthly"), november, first, 14) <= october


def test_a_candidate_has_the_most_votes_and_the_last_day() -> None:
    seen = (
        Seen(source="a", day=FRIDAY, votes=None, at=NOW),
        Seen(source="b", day=None, votes=7, at=NOW),
        Seen(source="c", day=MONDAY, votes=3, at=NOW),
    )
    found = Candidate(id=1, paper=Paper(title="A"), revision=0, first_seen=NOW, seen=seen)
    nowhere = Candidate(id=1, paper=Paper(title="A"), revision=0, first_seen=NOW, seen=())

    assert (found.votes, found.day) == (7, MONDAY)
    assert (nowhere.votes, nowhere.day) == (0, None)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"name": " "}, "visible character"),
        ({"name": "a\nb"}, "control codes"),
        ({"name": "public"}, "edition for everyone"),
        ({"email": "ann"}, "no address"),
        ({"email": "a@b c"}, "no address"),
        ({"email": "a@b\r\nBcc: c@d"}, "no address"),
        ({"cap": 0}, "at least 1"),
        ({"minimum": float("nan")}, "must be a number"),
        ({"minimum": float("inf")}, "must be a number"),
    ],
)
def test_a_reader_who_cannot_be_is_refused(fields: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        Subscriber(**{"name": "Ann", **fields})
