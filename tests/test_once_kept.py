"""`digest once` with --record and --replay: what was fetched, kept and read again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from running import ANN, SMTP, Newsroom, conditional, daily, newsroom, paper
from webserver import answer

pytest_plugins = ["databases"]

FRIDAY, SATURDAY, MONDAY = "2026-06-12", "2026-06-13", "2026-06-15"
LIST = "/api/daily_papers?date={}&limit=100"


@pytest.fixture
def room(tmp_path: Path, url: str) -> Iterator[Newsroom]:
    with newsroom(tmp_path, outputs=SMTP, store=url) as made:
        made.huggingface(FRIDAY, paper(1, "On Looms", votes=12), paper(2, "On Soap"))
        made.arxiv(FRIDAY, paper(1, "On Looms"), paper(3, "Looms at Night"))
        yield made


def offline(room: Newsroom) -> None:
    """Let nobody answer any more."""
    room.web.answers.clear()
    room.web.received.clear()


# Recording


def test_a_recorded_run_is_a_run_like_any_other(room: Newsroom) -> None:
    done = room.once(FRIDAY, "--record", "kept")
    assert done.json["deliveries"] == {"sent": 1}
    asked = len(room.web.received)
    (index,) = (room.folder / "kept").glob("*/pages.jsonl")
    assert len(index.read_text().splitlines()) == asked > 1


def test_a_dry_run_is_recorded_too(room: Newsroom) -> None:
    assert room.run("once", "--at", FRIDAY, "--dry-run", "--record", "kept").code == 0
    assert room.mails == []
    assert list((room.folder / "kept").glob("*/pages.jsonl"))


def test_what_has_not_changed_is_recorded_whole(room: Newsroom) -> None:
    listed = daily(FRIDAY, paper(1, "On Looms"))
    room.web.answers[LIST.format(FRIDAY)] = conditional(listed, '"1"')
    room.once(FRIDAY)
    room.web.received.clear()

    assert room.once(SATURDAY, "--record", "kept").code == 0
    assert not [each for each in room.web.received if "if-none-match" in each.headers]
    bodies = [path.read_bytes() for path in (room.folder / "kept").glob("*/*.json")]
    assert listed in bodies


def test_a_record_is_not_begun_where_nothing_can_be_written(room: Newsroom) -> None:
    (room.folder / "kept").write_text("a file")
    done = room.run("once", "--at", FRIDAY, "--record", "kept")
    assert (done.code, room.mails) == (2, [])
    assert "--record: kept" in done.err


# Replaying


def test_a_replay_shows_the_letter_that_was_sent_without_the_network(room: Newsroom) -> None:
    sent = room.once(FRIDAY, "--record", "kept").json
    offline(room)

    done = room.run("once", "--replay", "kept", "--json")

    assert done.code == 0, done.err
    assert done.json["letters"] == sent["letters"]
    assert room.web.received == []
    assert "dry run: nothing was sent, nothing is remembered" in done.err
    assert len(room.mails) == 1


def test_a_replay_without_a_store_makes_the_same_first_letter(room: Newsroom) -> None:
    sent = room.once(FRIDAY, "--record", "kept").json
    room.configure(store="sqlite:///another.db")
    assert room.run("once", "--replay", "kept", "--json").json == {
        **sent,
        "deliveries": {"sent": 1},
    }
    assert not (room.folder / "another.db").exists()


def test_a_replay_is_of_the_last_run_until_then(room: Newsroom) -> None:
    friday = room.once(FRIDAY, "--record", "kept").json
    room.huggingface(MONDAY, paper(5, "Looms on Monday"))
    monday = room.once(MONDAY, "--record", "kept").json
    offline(room)

    def letters(*words: str) -> object:
        return room.run("once", "--replay", "kept", "--json", *words).json["letters"]

    assert letters("--at", FRIDAY) == friday["letters"]
    assert letters("--at", SATURDAY) == []  # She had them on Friday.
    assert letters() == monday["letters"]


def test_a_replay_shows_what_another_keyword_would_have_done(room: Newsroom) -> None:
    room.once(FRIDAY, "--record", "kept")
    room.configure(subscribers=ANN.replace('"looms"', '"soap"'))
    (letter,) = room.run("once", "--replay", "kept", "--json").json["letters"]
    assert letter["here"][0] == "arxiv:2606.00002"


def test_an_outage_is_replayed(room: Newsroom) -> None:
    room.web.answers["/api/query"] = answer(b"no", status=403)
    sent = room.once(FRIDAY, "--record", "kept")
    room.arxiv(FRIDAY, paper(3, "Looms at Night"))

    done = room.run("once", "--replay", "kept", "--json")

    assert (sent.code, done.code) == (1, 1)
    assert done.json["letters"] == sent.json["letters"]
    (error,) = done.json["sources"][1]["errors"]
    assert "403 from the server" in error


def test_a_source_that_was_not_recorded_is_named(room: Newsroom) -> None:
    room.once(FRIDAY, "--record", "kept")
    room.configure(sources=room.sources.replace('kind = "arxiv"', 'kind = "arxiv"\nname = "new"'))
    done = room.run("once", "--replay", "kept")
    assert done.code == 1
    assert "no page of new was recorded until 2026-06-12 21:59 UTC, only of arxiv" in done.err


def test_a_folder_of_saved_pages_stands_in_for_all_sources(room: Newsroom) -> None:
    offline(room)
    (room.folder / "saved").mkdir()
    for number, day in enumerate((FRIDAY, SATURDAY), start=1):
        page = daily(day, paper(number, f"Looms, Part {number}"))
        (room.folder / "saved" / f"{day}.json").write_bytes(page)

    first = room.run("once", "--replay", "saved", "--at", FRIDAY, "--json")
    both = room.run("once", "--replay", "saved", "--json")

    assert (first.code, both.code) == (0, 0)
    assert [each["name"] for each in first.json["sources"]] == ["files"]
    assert [each["here"] for each in first.json["letters"]] == [["arxiv:2606.00001"]]
    assert len(both.json["letters"][0]["here"]) == 2
    assert room.web.received == []
    assert not room.database.exists()


def test_a_replay_sees_nothing_that_was_seen_later(room: Newsroom) -> None:
    room.once(FRIDAY, "--record", "kept")
    before = room.run("once", "--replay", "kept", "--at", FRIDAY, "--json").json
    room.huggingface(MONDAY, paper(2, "On Soap", votes=90), paper(5, "Looms on Monday"))
    room.arxiv(MONDAY, paper(6, "Looms of Monday"))
    room.once(MONDAY)
    assert room.run("once", "--replay", "kept", "--at", FRIDAY, "--json").json == before


def test_what_another_run_saw_later_is_news_when_it_was_recorded(room: Newsroom) -> None:
    room.run("once", "--at", FRIDAY, "--dry-run", "--record", "kept")
    room.once(MONDAY)
    (letter,) = room.run("once", "--replay", "kept", "--json").json["letters"]
    assert "arxiv:2606.00001" in letter["here"]


# Misuse


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--record", "a", "--replay", "b"], "choose one"),
        (["--replay", "nowhere"], "nowhere: no such folder"),
        (["--replay", "."], "no page of"),
    ],
    ids=["both", "no folder", "not a page"],
)
def test_misuse_is_said(room: Newsroom, words: list[str], said: str) -> None:
    (room.folder / "pages.jsonl").write_text(json.dumps({"at": "yesterday"}) + "\n")
    done = room.run("once", *words)
    assert done.code == 2
    assert said in done.err


def test_without_a_config_there_is_nothing_to_record(
    tmp_path: Path, room: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    (room.folder / "digest.toml").unlink()
    for option in ("--record", "--replay"):
        assert room.run("once", "--dry-run", option, "kept").code == 2
