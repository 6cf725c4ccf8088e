from __future__ import annotations

from datetime import timedelta

import pytest
from databases import HOUR, NOW, a_letter, publish

from digest.store import Outcome, Store
from digest.store.runs import KEPT, KILLED

pytest_plugins = ["databases"]


def _taken(store: Store, run: str, outcome: Outcome = "ok", at: int = 0, *steps: str) -> None:
    with store.writing() as t:
        t.begin_run(run, steps or ("collect", "publish", "send"), NOW + at * HOUR)
        t.end_run(run, outcome, "", NOW + at * HOUR + HOUR / 2)


def test_a_run_is_remembered_with_its_steps_and_how_it_ended(store: Store) -> None:
    with store.writing() as t:
        t.begin_run("one", ("collect", "send"), NOW)
        (going,) = t.last_runs()
        t.end_run("one", "failed", "arxiv: 503 from the server", NOW + HOUR)
        (ended,) = t.last_runs()

    assert (going.steps, going.began_at) == (("collect", "send"), NOW)
    assert (going.ended_at, going.outcome, going.said) == (None, "", "")
    assert (ended.ended_at, ended.outcome) == (NOW + HOUR, "failed")
    assert ended.said == "arxiv: 503 from the server"


def test_the_last_runs_come_first_and_no_more_than_asked_for(store: Store) -> None:
    for at, name in enumerate(("one", "two", "three")):
        _taken(store, name, "ok", at)

    with store.reading() as t:
        assert [each.id for each in t.last_runs(2)] == ["three", "two"]


def test_a_run_that_never_ended_was_stopped(store: Store) -> None:
    with store.writing() as t:
        t.begin_run("killed", ("send",), NOW)
        t.begin_run("next", ("send",), NOW + HOUR)
        following, killed = t.last_runs()

    assert following.outcome == ""
    assert (killed.outcome, killed.said, killed.ended_at) == ("stopped", KILLED, NOW + HOUR)


def test_how_a_run_ended_is_said_once(store: Store) -> None:
    with store.writing() as t:
        t.begin_run("slow", ("send",), NOW)
        t.begin_run("next", ("send",), NOW + HOUR)
        t.end_run("slow", "ok", "", NOW + 2 * HOUR)
        assert t.last_runs()[1].outcome == "stopped"


@pytest.mark.parametrize(
    ("outcome", "counts"), [("ok", True), ("failed", True), ("stopped", False)]
)
def test_a_step_was_taken_by_a_run_that_finished(
    store: Store, outcome: Outcome, *, counts: bool
) -> None:
    _taken(store, "one", outcome)

    with store.reading() as t:
        assert t.last_run("collect") == (NOW if counts else None)


def test_each_step_was_last_taken_by_a_run_of_its_own(store: Store) -> None:
    _taken(store, "all")
    _taken(store, "some", "ok", 1, "collect", "send")
    _taken(store, "minute", "ok", 2, "send")

    with store.reading() as t:
        taken = [t.last_run(step) for step in ("publish", "collect", "send")]
    assert taken == [NOW, NOW + HOUR, NOW + 2 * HOUR]


def test_runs_are_forgotten_after_a_season(store: Store) -> None:
    _taken(store, "old")
    with store.writing() as t:
        t.begin_run("new", ("send",), NOW + KEPT + timedelta(seconds=1))
        assert [each.id for each in t.last_runs()] == ["new"]


def test_nothing_waits_in_an_empty_outbox(store: Store) -> None:
    with store.reading() as t:
        waiting = t.waiting(NOW)
    assert (waiting.due, waiting.all, waiting.next_at) == (0, 0, None)


def test_what_waits_is_counted_with_when_the_first_is_due(store: Store) -> None:
    publish(store, a_letter(), "mail", "folder", "other")
    with store.writing() as t:
        mail, folder, _ = t.claim("me", NOW, 9, 2 * HOUR)
        t.retry(mail, "later", NOW + HOUR)
        t.mark_sent(folder, "taken", NOW)
        now, later = t.waiting(NOW), t.waiting(NOW + HOUR)

    assert (now.due, now.all, now.next_at) == (0, 1, NOW + HOUR)
    assert (later.due, later.all) == (1, 1)


def test_a_lease_that_ends_is_waited_for(store: Store) -> None:
    publish(store, a_letter(), "mail")
    with store.writing() as t:
        t.claim("gone", NOW, 9, HOUR)
        waiting = t.waiting(NOW)
    assert (waiting.all, waiting.next_at) == (0, NOW + HOUR)
