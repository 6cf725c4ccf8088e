"""Runs: which steps are taken, and what is remembered of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from databases import connected
from running import ANN, Newsroom, newsroom, paper

from digest.app import LOCK, LOCK_LEASE, clock, run_name
from digest.errors import ConfigError
from digest.runs import chosen
from digest.store import RunRecord, open_store

pytest_plugins = ["databases"]

FRIDAY = "2026-06-12"


@pytest.fixture
def room(tmp_path: Path, url: str) -> Iterator[Newsroom]:
    with newsroom(tmp_path, store=url) as made:
        made.huggingface(FRIDAY, paper(1, "On Looms", votes=12), paper(2, "On Soap"))
        yield made


def runs(room: Newsroom) -> tuple[RunRecord, ...]:
    with open_store(room.store) as store, store.reading() as t:
        return t.last_runs()


def states(room: Newsroom) -> list[str]:
    with connected(room.store) as database:
        return list(database.exec_driver_sql("SELECT state FROM deliveries").scalars())


def test_each_step_can_be_taken_by_itself(room: Newsroom) -> None:
    collected = room.once(FRIDAY, "--steps", "collect").json
    assert (collected["sources"][0]["new"], collected["letters"]) == (2, [])

    published = room.once(FRIDAY, "--steps", "publish").json
    assert (published["sources"], len(published["letters"])) == ([], 1)
    assert (states(room), room.mails) == (["ready"], [])

    sent = room.once(FRIDAY, "--steps", "send").json
    assert (sent["letters"], sent["deliveries"]) == ([], {"sent": 1})
    assert len(room.mails) == 1


def test_a_run_is_remembered_with_the_steps_it_took(room: Newsroom) -> None:
    room.once(FRIDAY)
    room.once(FRIDAY, "--steps", "send,collect")

    some, whole = runs(room)
    assert (whole.steps, whole.outcome, whole.said) == (("collect", "publish", "send"), "ok", "")
    assert (some.steps, some.outcome) == (("collect", "send"), "ok")
    assert re.fullmatch(r"\d{8}T\d{6}-[0-9a-f]{8}", some.id)


def test_names_of_runs_sort_by_time() -> None:
    first, second = run_name(), run_name()
    assert first != second
    assert first[:15] <= second[:15]


def test_a_run_of_which_something_failed_is_remembered_with_its_first_error(
    room: Newsroom,
) -> None:
    room.web.answers["/api/query"] = lambda handler: handler.say(b"", 503, {})
    assert room.once(FRIDAY).code == 1

    (failed,) = runs(room)
    assert failed.outcome == "failed"
    assert "503" in failed.said


def test_a_run_that_an_error_ends_was_stopped(room: Newsroom) -> None:
    room.once(FRIDAY, "--steps", "collect,publish")
    with connected(room.store) as database:
        database.exec_driver_sql("UPDATE letters SET letter = '{}'")

    assert room.once(FRIDAY, "--steps", "send").code == 3

    stopped, _ = runs(room)
    assert stopped.outcome == "stopped"
    assert "cannot be read" in stopped.said


def test_a_dry_run_and_one_that_lost_to_another_are_not_remembered(room: Newsroom) -> None:
    room.once(FRIDAY, "--steps", "collect")
    assert room.once(FRIDAY, "--dry-run").code == 0
    with open_store(room.store) as store, store.writing() as t:
        t.take_lock(LOCK, "elsewhere:1:a", clock(), LOCK_LEASE)
    assert room.once(FRIDAY).code == 75

    assert len(runs(room)) == 1


def test_to_publish_for_one_reader_alone_is_not_remembered_as_publishing(room: Newsroom) -> None:
    room.configure(subscribers=ANN + ANN.replace("Ann", "Bob").replace("ann@", "bob@"))
    assert len(room.once(FRIDAY, "-s", "Ann").json["letters"]) == 1

    (some,) = runs(room)
    assert some.steps == ("collect", "send")


def test_who_is_patient_leaves_a_letter_until_it_is_time(room: Newsroom) -> None:
    room.mailbox.answer("RCPT", "451 4.3.0 try again later")
    assert room.once(FRIDAY).json["deliveries"] == {"ready": 1}

    assert room.once(FRIDAY, "--steps", "send", "--patient").json["deliveries"] == {}
    assert room.once(FRIDAY, "--steps", "send").json["deliveries"] == {"sent": 1}


@pytest.mark.parametrize(
    ("text", "told"),
    [("collect,sent", "`sent` is no step; choose of collect,publish,send"), (",", "none is named")],
)
def test_what_is_no_step_is_refused(text: str, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        chosen(text)


def test_steps_are_taken_in_their_order_however_they_are_named() -> None:
    assert chosen("send, collect") == ("collect", "send")
