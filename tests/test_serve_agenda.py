from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.pipeline import Step
from digest.schedule import Timetable, parse
from digest.serve.agenda import LONGEST_REST, Agenda

BERLIN = "Europe/Berlin"
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
SEVEN = datetime(2026, 6, 12, 7, tzinfo=UTC)
TABLE = Timetable(
    collect=(parse("every hour", "UTC"),), publish=(parse("every day at 07:00", "UTC"),)
)
ALL: tuple[Step, ...] = ("collect", "publish", "send")


def agenda(since: datetime = SEVEN - HOUR / 2, **fields: object) -> Agenda:
    taken = {"collect": since, "publish": since}
    return Agenda(**{"timetable": TABLE, "taken": taken, **fields})  # type: ignore[arg-type]  # By name.


def test_a_step_is_due_at_its_tick_and_not_before() -> None:
    assert agenda().due(SEVEN - MINUTE, waiting=False) == ()
    assert agenda().due(SEVEN, waiting=False) == ALL
    assert agenda(SEVEN).due(SEVEN + HOUR, waiting=False) == ("collect",)


def test_what_waits_is_sent_between_ticks() -> None:
    assert agenda().due(SEVEN - MINUTE, waiting=True) == ("send",)
    assert agenda(SEVEN).due(SEVEN + HOUR, waiting=True) == ("collect", "send")


def test_many_missed_ticks_are_made_good_by_one_run() -> None:
    late = agenda(SEVEN - timedelta(days=3))
    assert late.due(SEVEN + MINUTE, waiting=False) == ALL

    done = late.finished(ALL, SEVEN + MINUTE)
    assert done.due(SEVEN + 2 * MINUTE, waiting=False) == ()


def test_a_step_that_was_not_taken_stays_due() -> None:
    done = agenda(SEVEN - timedelta(days=3)).finished(("collect",), SEVEN + MINUTE)
    assert done.due(SEVEN + 2 * MINUTE, waiting=False) == ("publish", "send")


def test_after_a_run_that_did_not_finish_the_next_try_waits_longer_each_time() -> None:
    failed = agenda().unfinished(ALL, SEVEN)
    assert failed.due(SEVEN + MINUTE / 2, waiting=False) == ()
    assert failed.due(SEVEN + MINUTE, waiting=False) == ALL

    again = failed.unfinished(ALL, SEVEN)
    assert again.due(SEVEN + MINUTE, waiting=False) == ()
    assert again.due(SEVEN + 2 * MINUTE, waiting=False) == ALL


def test_the_longest_wait_after_failures_is_an_hour() -> None:
    failed = agenda()
    for _ in range(100):
        failed = failed.unfinished(ALL, SEVEN)
    assert failed.due(SEVEN + LONGEST_REST, waiting=False) == ALL


def test_what_waits_is_sent_though_another_step_fails_again_and_again() -> None:
    failed = agenda()
    for _ in range(10):
        failed = failed.unfinished(ALL, SEVEN)
    soon = SEVEN + MINUTE / 2
    assert failed.due(soon, waiting=True) == ("send",)

    sent = failed.finished(("send",), soon)
    assert sent.due(SEVEN + LONGEST_REST - MINUTE, waiting=False) == ()
    assert sent.due(SEVEN + LONGEST_REST, waiting=False) == ALL


def test_steps_are_taken_though_sending_fails_again_and_again() -> None:
    failed = agenda(SEVEN)
    for _ in range(10):
        failed = failed.unfinished(("send",), SEVEN + HOUR / 2)
    assert failed.due(SEVEN + HOUR, waiting=True) == ("collect",)
    assert failed.due(SEVEN + HOUR / 2 + LONGEST_REST, waiting=True) == ("collect", "send")


def test_a_look_for_alarms_that_fails_keeps_nothing_else_back() -> None:
    assert agenda().unfinished((), SEVEN) == agenda()


def test_a_run_that_another_held_up_is_tried_each_minute() -> None:
    held = agenda()
    for _ in range(10):
        held = held.held(SEVEN)
    assert held.due(SEVEN + MINUTE / 2, waiting=True) == ()
    assert held.due(SEVEN + MINUTE, waiting=False) == ALL


def test_a_run_that_finished_ends_the_waiting() -> None:
    done = agenda().unfinished(ALL, SEVEN).finished(ALL, SEVEN)
    assert done.due(SEVEN + HOUR, waiting=False) == ("collect",)


@pytest.mark.parametrize("back", [HOUR, timedelta(days=400)], ids=["an hour", "a year"])
def test_a_clock_that_was_set_back_makes_no_tick_wait(back: timedelta) -> None:
    now = SEVEN - MINUTE
    ahead = agenda(now + back).by(now)

    assert ahead.due(now, waiting=False) == ()
    assert ahead.by(SEVEN).due(SEVEN, waiting=False) == ALL


def test_a_clock_that_is_set_back_by_seconds_does_nothing_again() -> None:
    done = agenda().finished(ALL, SEVEN).by(SEVEN - MINUTE / 60)
    assert done.due(SEVEN, waiting=False) == ()


def test_the_next_ticks_are_those_to_come() -> None:
    ticks = agenda(SEVEN - timedelta(days=3)).next_ticks(SEVEN + MINUTE)
    assert ticks == {"collect": SEVEN + HOUR, "publish": SEVEN + timedelta(days=1)}


def test_a_step_without_times_is_never_due() -> None:
    never = agenda(SEVEN - timedelta(days=3), timetable=Timetable(collect=TABLE.collect))
    assert never.due(SEVEN, waiting=False) == ("collect",)
    assert list(never.next_ticks(SEVEN)) == ["collect"]


@given(st.lists(st.integers(min_value=-7200, max_value=7200), max_size=60))
def test_however_the_clock_is_set_a_tick_that_comes_is_taken(steps: list[int]) -> None:
    now, plan = SEVEN, agenda(SEVEN)
    for seconds in steps:
        now += timedelta(seconds=seconds)
        plan = plan.by(now)
        if due := plan.due(now, waiting=False):
            plan = plan.finished(due, now)
        assert plan.due(now, waiting=False) == ()

    later = now + timedelta(days=1) + MINUTE
    assert plan.by(later).due(later, waiting=False) == ALL
