"""Days without a letter since nobody looked: which they are, and what the next letter says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from letter_factory import letter
from running import ANN, Newsroom, newsroom, paper, text_of

from digest.letters import Missed, Pause
from digest.missed import Away, missed_days, missed_lines, paused
from digest.papers import Paper
from digest.render import Renderer
from digest.schedule import Timetable, parse
from digest.store import Store
from digest.subscribers import CadenceName, Candidate, Days, Seen, Subscriber

pytest_plugins = ["databases"]

DAY = timedelta(days=1)
BERLIN = "Europe/Berlin"


def june(day: int, hour: int = 7) -> datetime:
    return datetime(2026, 6, day, hour - 2, tzinfo=UTC)


def missed(
    looked: int,
    today: int,
    *,
    publish: str = "daily at 07:00",
    last: int | None = None,
    looks: Iterable[datetime] = (),
    cadence: CadenceName = "daily",
    hour: str = "00:00",
) -> list[int]:
    """Return the days of June that Ann missed; she got her last letter when she was looked for."""
    table = Timetable(publish=(parse(publish, BERLIN),))
    found = missed_days(
        Subscriber(name="Ann", cadence=cadence, at=hour),
        Days(zone=BERLIN, begin=time.fromisoformat(hour)),
        lambda after, until: table.due("publish", after, until),
        last=date(2026, 6, last or looked),
        looked=date(2026, 6, looked),
        looks=(june(looked), *looks),
        today=date(2026, 6, today),
    )
    return [day.day for day in found]


def test_days_on_which_a_tick_was_slept_through_are_missed() -> None:
    assert missed(8, 12) == [9, 10, 11]


def test_nothing_is_missed_from_one_tick_to_the_next() -> None:
    assert missed(11, 12) == []
    assert missed(12, 12) == []


def test_days_without_a_tick_are_not_missed() -> None:
    assert missed(5, 8, publish="weekdays at 07:00") == []
    assert missed(5, 10, publish="weekdays at 07:00") == [8, 9]


def test_days_on_which_she_is_not_due_are_not_missed() -> None:
    assert missed(5, 9, cadence="weekdays") == [8]
    assert missed(2, 12, cadence="weekly") == [9]
    assert missed(2, 30, cadence="weekly") == [9, 16, 23]
    assert missed(2, 30, cadence="monthly") == []


def test_days_on_which_a_run_looked_are_not_missed_be_it_for_others() -> None:
    assert missed(8, 12, looks=(june(9), june(10), june(11))) == []
    assert missed(8, 12, looks=[june(10)]) == [9, 11]
    assert missed(4, 8, looks=[june(7)], cadence="weekdays") == [5]


def test_a_silent_day_is_not_missed() -> None:
    assert missed(10, 12, last=4) == [11]
    assert missed(11, 12, last=4) == []


def test_a_day_is_missed_by_a_tick_after_her_hour() -> None:
    assert missed(8, 11, hour="12:00") == [9, 10]
    assert missed(8, 11, hour="12:00", publish="0 7 10 6 *") == [9]


@given(st.dates(date(2000, 1, 1), date(2030, 1, 1)), st.integers(0, 60))
def test_every_day_between_is_missed_where_there_is_a_tick_on_each(last: date, days: int) -> None:
    found = missed_days(
        Subscriber(name="Ann"),
        Days(zone=BERLIN),
        lambda _, __: True,
        last=last,
        looked=last,
        looks=(),
        today=last + days * DAY,
    )
    assert list(found) == [last + ahead * DAY for ahead in range(1, days)]


# What a letter says of them


def listed(number: int, *days: int) -> Candidate:
    seen = tuple(Seen(source="hf", day=date(2026, 6, d), votes=None, at=june(12)) for d in days)
    title = Paper(title=f"Paper {number}")
    return Candidate(id=number, paper=title, revision=0, first_seen=june(12), seen=seen)


def away(looked: int, *days: int) -> Away:
    on = tuple(date(2026, 6, day) for day in days)
    return Away(days=on, looked=date(2026, 6, looked), since=date(2026, 6, looked))


def test_each_paper_counts_on_the_first_day_it_was_listed_since() -> None:
    fresh = [listed(1, 9), listed(2, 9, 11), listed(3, 7, 11), listed(4), listed(5, 12)]
    assert missed_lines(away(8, 9, 11), date(2026, 6, 12), fresh, {1, 3}) == (
        Missed(day=date(2026, 6, 9), listed=2, here=1),
        Missed(day=date(2026, 6, 11), listed=1, here=1),
    )


def test_what_was_listed_at_a_weekend_counts_on_its_monday() -> None:
    lines = missed_lines(away(5, 8), date(2026, 6, 9), [listed(1, 6), listed(2, 7)], set())
    assert [line.listed for line in lines] == [2]


def test_after_more_than_two_weeks_the_last_two_are_told() -> None:
    long_ago = Away(
        days=tuple(date(2026, 5, 4) + ahead * DAY for ahead in range(39)),
        looked=date(2026, 5, 3),
        since=date(2026, 5, 29),
    )
    today = date(2026, 6, 12)
    lines = missed_lines(long_ago, today, [listed(1, 1)], {1})
    assert [line.day for line in lines] == [today - back * DAY for back in range(14, 0, -1)]
    assert sum(line.listed for line in lines) == 1
    assert paused(long_ago, today) == Pause(since=date(2026, 5, 4), back_to=date(2026, 5, 29))


def test_who_missed_nothing_is_told_nothing() -> None:
    assert missed_lines(None, date(2026, 6, 12), [listed(1, 9)], {1}) == ()
    assert paused(None, date(2026, 6, 12)) is None
    assert paused(away(8, 9), date(2026, 6, 12)) is None


def test_each_form_of_a_letter_has_a_line_for_each_day() -> None:
    made = Renderer().letter(
        letter(
            missed=(
                Missed(day=date(2026, 6, 9), listed=1041, here=3),
                Missed(day=date(2026, 6, 10), listed=1, here=0),
                Missed(day=date(2026, 6, 11), listed=0, here=0),
            ),
            pause=Pause(since=date(2025, 12, 30), back_to=date(2026, 5, 29)),
        )
    )
    for form in (" ".join(each.split()) for each in (made.html, made.text, made.markdown)):
        assert "There was no letter from 30 December 2025 on. This one goes back to 29 May." in form
        assert "No letter on Tuesday, 9 June: 1,041 papers listed, 3 of them here." in form
        assert "No letter on Wednesday, 10 June: 1 paper listed, none of them here." in form
        assert "No letter on Thursday, 11 June: no papers listed." in form


# What is remembered


def test_the_last_look_stays_whatever_order_looks_come_in(store: Store) -> None:
    with store.writing() as transaction:
        assert (transaction.looked("Ann"), transaction.last_look()) == (None, None)
        transaction.look([("Ann", date(2026, 6, 10)), ("", date(2026, 6, 10))], june(10))
        transaction.look([("Ann", date(2026, 6, 12))], june(12))
        transaction.look([("Ann", date(2026, 6, 11))], june(11))
    with store.reading() as transaction:
        assert transaction.looked("Ann") == date(2026, 6, 12)
        assert transaction.looked("") == date(2026, 6, 10)
        assert transaction.last_look() == june(12)


def test_looks_are_remembered_for_a_year_be_it_that_nobody_was_due(store: Store) -> None:
    with store.writing() as transaction:
        for moment in (june(8), june(9), june(8) + 366 * DAY):
            transaction.look([], moment)
            transaction.look([], moment)
    with store.reading() as transaction:
        assert transaction.looks_since(june(9)) == (june(9), june(8) + 366 * DAY)
        assert transaction.looks_since(june(1))[0] == june(8)


# Whole runs

PUBLISH = '[schedule]\npublish = "daily at 07:00"\n'


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Newsroom]:
    with newsroom(tmp_path, more=PUBLISH) as made:
        for day in range(1, 13):
            made.huggingface(f"2026-06-{day:02}", paper(day, f"On Looms, Part {day}", votes=3))
        yield made


def run(room: Newsroom, day: int, *words: str) -> None:
    assert room.run("once", "--at", f"2026-06-{day:02}T07:05+02:00", *words).code == 0


def lines(room: Newsroom) -> list[str]:
    return [line for line in text_of(room.mails[-1]).splitlines() if line.startswith("No letter")]


def test_a_machine_that_slept_three_days_sends_one_letter_with_a_line_for_each(
    room: Newsroom,
) -> None:
    run(room, 8)
    run(room, 12)
    assert len(room.mails) == 2
    assert lines(room) == [
        "No letter on Tuesday, 9 June: 1 paper listed, 1 of them here.",
        "No letter on Wednesday, 10 June: 1 paper listed, 1 of them here.",
        "No letter on Thursday, 11 June: 1 paper listed, 1 of them here.",
    ]


def test_days_on_which_a_run_found_nothing_are_not_told(room: Newsroom) -> None:
    run(room, 8)
    for day in (9, 10):
        room.huggingface(f"2026-06-{day:02}")
        run(room, day)
    run(room, 12)
    assert len(room.mails) == 2
    assert lines(room) == ["No letter on Thursday, 11 June: 1 paper listed, 1 of them here."]


def test_a_letter_by_hand_hides_no_day_that_others_missed(room: Newsroom) -> None:
    bob = ANN.replace("Ann", "Bob").replace("ann@", "bob@")
    room.configure(subscribers=ANN + bob)
    run(room, 10)
    run(room, 11, "--subscriber", "Bob")
    run(room, 12)
    mails = {mail["To"]: text_of(mail) for mail in room.mails[-2:]}
    assert "No letter on Thursday, 11 June" in mails["Ann <ann@example.org>"]
    assert "No letter" not in mails["Bob <bob@example.org>"]


def test_a_cron_of_ones_own_misses_no_days_that_only_our_defaults_name(room: Newsroom) -> None:
    room.configure(more="")
    run(room, 8)
    run(room, 12)
    assert len(room.mails) == 2
    assert lines(room) == []


def test_who_runs_at_our_defaults_is_told_of_days_missed(room: Newsroom) -> None:
    room.configure(more="")
    run(room, 8)
    run(room, 11, "--scheduled")
    assert [line[:26] for line in lines(room)] == [
        "No letter on Tuesday, 9 Ju",
        "No letter on Wednesday, 10",
    ]


def test_a_reader_who_comes_back_missed_nothing(room: Newsroom) -> None:
    run(room, 8)
    room.configure(subscribers=ANN.replace("Ann", "Bob"))
    run(room, 9)
    run(room, 10)
    run(room, 11)
    room.configure(subscribers=ANN)
    run(room, 12)
    assert lines(room) == []


def test_a_reader_gets_her_letter_at_the_first_run_after_her_hour(room: Newsroom) -> None:
    room.configure(subscribers=ANN + 'at = "09:00"\ntimezone = "America/New_York"\n')
    room.run("once", "--at", "2026-06-10T14:59+02:00")  # Of the ninth, for her.
    room.run("once", "--at", "2026-06-10T15:00+02:00")
    room.run("once", "--at", "2026-06-11T14:59+02:00")
    assert [mail["Subject"][:7] for mail in room.mails] == ["9 June:", "10 June"]
