"""A store that was handed over: it can be looked at, and nothing is written or sent from it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from databases import HOUR, NOW, a_letter, new_papers, publish
from running import Newsroom, newsroom, paper

from digest.errors import StoreError
from digest.store import Store, open_store

pytest_plugins = ["databases"]

FRIDAY, SATURDAY = "2026-06-12", "2026-06-13"


@pytest.fixture
def room(tmp_path: Path, url: str) -> Iterator[Newsroom]:
    with newsroom(tmp_path, store=url) as made:
        made.huggingface(FRIDAY, paper(1, "On Looms", votes=12), paper(2, "On Soap"))
        assert made.once(FRIDAY).code == 0
        yield made


def hand_over(url: str) -> None:
    with open_store(url) as store, store.writing() as t:
        t.hand_over("the other machine", NOW)


@pytest.mark.parametrize(
    "words",
    [
        ["once", "--at", SATURDAY],
        ["serve"],
        ["letters", "resend", "1"],
        ["letters", "settle", "1", "sent"],
        ["papers", "merge", "arxiv:2606.00001", "arxiv:2606.00002"],
        ["move", "--to", "sqlite:///elsewhere.db"],
        ["backup", "again.backup", "--hand-over"],
    ],
    ids=" ".join,
)
def test_nothing_writes_or_sends(room: Newsroom, url: str, words: list[str]) -> None:
    hand_over(url)

    refused = room.run(*words)

    assert refused.code == 3
    assert "handed over to the other machine on 2024-08-01 07:00 UTC" in refused.err
    assert "digest take-back" in refused.err
    assert len(room.mails) == 1


@pytest.mark.parametrize(
    "words",
    [
        ["once", "--dry-run", "--at", SATURDAY],
        ["letters"],
        ["letters", "show", "1"],
        ["papers"],
        ["explain", "arxiv:2606.00001"],
        ["check"],
        ["migrate"],
        ["backup", "a.backup"],
    ],
    ids=" ".join,
)
def test_looking_and_saving_go_on(room: Newsroom, url: str, words: list[str]) -> None:
    hand_over(url)
    done = room.run(*words)
    assert done.code == 0, done.err


def test_it_goes_on_when_it_is_taken_back(room: Newsroom, url: str) -> None:
    hand_over(url)

    back = room.run("take-back", "--yes")

    assert (back.code, back.err) == (0, "taken back from the other machine\n")
    assert room.once(SATURDAY).code == 0
    assert "it was not handed over" in room.run("take-back", "--yes").err


def test_it_is_taken_back_only_by_who_says_so(room: Newsroom, url: str) -> None:
    hand_over(url)

    asked = room.run("take-back")

    assert asked.code == 130
    assert "would be sent again" in asked.err
    assert room.once(SATURDAY).code == 3


def test_one_that_had_it_open_before_gets_no_lock(url: str) -> None:
    with open_store(url) as opened:
        hand_over(url)
        with pytest.raises(StoreError, match="handed over"), opened.writing() as t:
            t.take_lock("run", "me", NOW, HOUR)


def test_a_copy_that_is_woken_has_nobody_at_work(store: Store, url: str) -> None:
    with store.writing() as t:
        t.save_changes(new_papers(1), NOW)
    letter = publish(store, a_letter(), "mail", "folder", "third", papers=(1,))
    with store.writing() as t:
        t.take_lock("run", "elsewhere:1:00", NOW, HOUR)
        first, second, _ = t.claim("elsewhere:1:00", NOW, 100, HOUR)
        t.mark_in_doubt(first)
        t.mark_sent(second, "250 OK", NOW)
        t.hand_over("the other machine", NOW)

    with store.writing() as t:
        t.wake(NOW)

    with open_store(url) as woken, woken.writing() as t:
        t.take_lock("run", "me", NOW, HOUR)
        states = {each.output: (each.state, each.attempts) for each in t.deliveries(letter)}
    assert states == {"mail": ("in_doubt", 1), "folder": ("sent", 1), "third": ("ready", 0)}


def test_a_store_that_was_moved_was_handed_over(room: Newsroom, new_url: Callable[[], str]) -> None:
    new = new_url()

    moved = room.run("move", "--to", new)

    assert moved.code == 0, moved.err
    refused = room.once(SATURDAY)
    assert refused.code == 3
    assert "handed over to" in refused.err
    room.configure(store=new)
    assert room.once(SATURDAY).code == 0


def test_moving_back_needs_no_taking_back(
    room: Newsroom, new_url: Callable[[], str], tmp_path: Path
) -> None:
    new, back = new_url(), f"sqlite:///{tmp_path}/back.db"
    assert room.run("move", "--to", new).code == 0
    room.configure(store=new)
    assert room.run("move", "--to", back).code == 0
    room.configure(store=back)

    again = room.once(FRIDAY)

    assert (again.code, again.json["letters"]) == (0, [])
    assert len(room.mails) == 1
