"""Papers merged and split by the command line."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from running import ANN, Newsroom, Result, newsroom, paper

from digest.store import open_store

pytest_plugins = ["databases"]

FRIDAY, SATURDAY = "2026-06-12", "2026-06-13"
ONE, OTHER = "arxiv:2606.00001", "arxiv:2606.00002"


@pytest.fixture
def room(tmp_path: Path, url: str) -> Iterator[Newsroom]:
    with newsroom(tmp_path, store=url) as made:
        made.huggingface(FRIDAY, paper(1, "On Looms", votes=12))
        yield made


def with_another(room: Newsroom) -> None:
    """Let a second paper on looms be listed on Saturday."""
    room.huggingface(SATURDAY, paper(1, "On Looms"), paper(2, "On Looms and Their Threads"))


def here(done: Result) -> list[str]:
    return [name for each in done.json["letters"] for name in (*each["here"], *each["more"])]


def listed(room: Newsroom) -> list[str]:
    return sorted(each["identifier"] for each in room.run("papers", "--json").json)


def decided(room: Newsroom) -> list[tuple[str, str, str]]:
    found = room.run("papers", "decisions", "--json").json
    return [(each["one"], each["other"], each["decided"]) for each in found]


def test_what_was_merged_with_a_paper_she_had_is_not_sent(room: Newsroom) -> None:
    room.once(FRIDAY)
    with_another(room)
    room.configure(subscribers="")
    room.once(SATURDAY)

    done = room.run("papers", "merge", "2606.00001", "https://arxiv.org/abs/2606.00002v3")
    room.configure(subscribers=ANN)
    later = room.once("2026-06-14")

    assert done.code == 0
    assert done.out.splitlines() == [
        "before: On Looms (arxiv:2606.00001; in 1 letter)",
        "before: On Looms and Their Threads (arxiv:2606.00002; in 0 letters)",
        "now:    On Looms (arxiv:2606.00001, arxiv:2606.00002; in 1 letter)",
    ]
    assert done.err == f"to undo: digest papers split {ONE} {OTHER}\n"
    assert listed(room) == [ONE]
    assert here(later) == []
    assert decided(room) == [(ONE, OTHER, "one paper")]


def test_a_split_takes_a_merge_back_and_the_paper_she_had_not_comes(room: Newsroom) -> None:
    room.once(FRIDAY)
    with_another(room)
    room.configure(subscribers="")
    room.once(SATURDAY)
    room.run("papers", "merge", "2606.00001", "2606.00002")

    done = room.run("papers", "split", "2606.00001", "2606.00002")
    room.configure(subscribers=ANN)

    assert done.code == 0
    assert done.err == f"to undo: digest papers merge {ONE} {OTHER}\n"
    assert listed(room) == [ONE, OTHER]
    assert decided(room) == [(ONE, OTHER, "two papers")]
    assert here(room.once("2026-06-14")) == [OTHER]


def test_a_dry_run_says_what_would_be_one_and_changes_nothing(room: Newsroom) -> None:
    with_another(room)
    room.once(SATURDAY)

    done = room.run("papers", "merge", ONE, OTHER, "--dry-run")

    assert "now:    On Looms" in done.out
    assert done.err == "dry run: nothing was changed\n"
    assert listed(room) == [ONE, OTHER]
    assert room.run("papers", "decisions").err == "none\n"


def test_one_title_merges_all_that_have_it(room: Newsroom) -> None:
    room.huggingface(FRIDAY, paper(1, "On Looms"), paper(2, "On Looms"))
    room.once(FRIDAY)

    assert room.run("papers", "merge", "on looms").code == 0
    assert listed(room) == [ONE]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["merge", "2606.99999", "2606.00001"], "2606.99999: never seen by any source"),
        (["merge", "2606.00001", "On Looms"], "this is one paper already"),
        (["merge", "On Soap", "2606.00001"], "On Soap: several papers have this title; name one"),
        (["split", "2606.00001", "2606.00002"], "these are two papers already"),
        (["split", "2606.00001", "arXiv:2606.00001v2"], "these are one name"),
        (["split", "2606.00001", "On Looms"], "lists both as names of one paper, in one listing"),
    ],
    ids=["never seen", "one already", "several", "two already", "one name", "one listing"],
)
def test_what_cannot_be_is_told_and_changes_nothing(
    room: Newsroom, words: list[str], told: str
) -> None:
    soap = [paper(number, "On Soap") for number in (2, 3)]
    room.huggingface(FRIDAY, paper(1, "On Looms"), *soap)
    room.once(FRIDAY)

    done = room.run("papers", *words)

    assert (done.code, done.out) == (2, "")
    assert told in done.err
    assert len(listed(room)) == 3


@pytest.mark.parametrize(
    "words",
    [
        ["papers", "merge", ONE, OTHER],
        ["papers", "split", ONE, OTHER],
    ],
    ids=lambda words: " ".join(words[:2]),
)
def test_75_while_a_run_is_at_work(room: Newsroom, words: list[str]) -> None:
    room.once(FRIDAY)
    with open_store(room.store) as store, store.writing() as t:
        t.take_lock("run", "elsewhere:1:abc", datetime.now(UTC), timedelta(hours=1))

    done = room.run(*words)

    assert (done.code, done.out) == (75, "")
    assert "elsewhere:1:abc" in done.err


def test_explain_tells_of_a_merged_paper_by_either_name(room: Newsroom) -> None:
    room.once(FRIDAY)
    with_another(room)
    room.once(SATURDAY)
    before = room.run("explain", OTHER).out
    room.run("papers", "merge", ONE, OTHER)

    told = [room.run("explain", name).out for name in (ONE, OTHER)]

    assert "Ann: sent on 13 June 2026" in before
    assert told[0] == told[1]
    assert "Ann: sent on 12 June 2026; sent on 13 June 2026" in told[0]
