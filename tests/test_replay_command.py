"""`digest replay`: past letters made again, and how they differ from what was sent."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from recordings import needs_recordings, recorded
from running import ANN, FOLDER, SMTP, Newsroom, daily, newsroom, paper
from webserver import answer

from digest.app import LOCK, Setting, clock
from digest.config import load
from digest.kept import opened
from digest.replay import letters
from digest.store import open_store
from digest.subscribers import Days
from digest.turns import Turn, turns

DAYS = ("2026-06-10", "2026-06-11", "2026-06-12")
RANGE = ("--from", DAYS[0], "--to", DAYS[-1])
BOB = """
[[subscribers]]
name = "Bob"
email = "bob@example.org"
keywords = ["soap"]
cadence = "weekly"
timezone = "America/New_York"
"""


PARTS = {"outputs": SMTP + FOLDER, "subscribers": ANN + BOB}


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a newsroom that has run on three days, recorded."""
    folder = tmp_path_factory.mktemp("archive")
    with newsroom(folder, **PARTS) as made:
        made.huggingface(DAYS[0], paper(1, "On Looms", votes=12), paper(2, "On Soap"))
        made.huggingface(DAYS[1], paper(3, "Looms at Night"), paper(4, "Clay at Night"))
        made.huggingface(DAYS[2], paper(5, "Looms of Clay"), paper(6, "On Medical Looms"))
        for day in DAYS:
            assert made.once(day, "--record", "kept").code == 0
    return folder


@pytest.fixture
def room(tmp_path: Path, archive: Path) -> Iterator[Newsroom]:
    """Return that newsroom, whose sources are gone."""
    shutil.copytree(archive, tmp_path, dirs_exist_ok=True)
    with newsroom(tmp_path, **PARTS) as made:
        made.web.answers.clear()
        yield made


def keywords(room: Newsroom, *of_ann: str) -> None:
    """Let Ann follow something else from now on."""
    before = 'keywords = ["looms", "-medical"]'
    room.configure(subscribers=room.subscribers.replace(before, f"keywords = {json.dumps(of_ann)}"))


def replay(room: Newsroom, *words: str) -> list[dict[str, Any]]:
    done = room.run("replay", *RANGE, "--json", *words)
    assert done.code == 0, done.err
    found: list[dict[str, Any]] = done.json
    return found


def titles(told: list[dict[str, Any]]) -> list[str]:
    return [each["title"] for each in told]


def files(folder: Path) -> dict[str, str]:
    return {
        str(path): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and "digest-preview" not in path.parts
    }


# What would be the same


@pytest.mark.parametrize("pages", [(), ("--pages", "kept")], ids=["store", "pages"])
def test_with_the_config_as_it_was_every_letter_is_as_sent(
    room: Newsroom, pages: tuple[str, ...]
) -> None:
    done = room.run("replay", *RANGE, *pages)
    assert done.code == 0, done.err
    assert done.out.splitlines() == [
        "2026-06-10 Ann: 1 here, 0 more, as sent",
        "2026-06-10 Bob: 2 here, 0 more, as sent",
        "2026-06-11 Ann: 1 here, 0 more, as sent",
        "2026-06-12 Ann: 1 here, 0 more, as sent",
        "Ann: 3 letters, all as sent",
        "Bob: 1 letter, all as sent",
    ]


@pytest.mark.parametrize("pages", [(), ("--pages", "kept")], ids=["store", "pages"])
def test_a_replay_that_begins_later_is_told_nothing_twice(
    room: Newsroom, pages: tuple[str, ...]
) -> None:
    done = room.run("replay", "--from", DAYS[1], "--to", DAYS[1], *pages)
    assert done.out.splitlines()[0] == "2026-06-11 Ann: 1 here, 0 more, as sent"


def test_nothing_is_sent_or_remembered(room: Newsroom) -> None:
    before = files(room.folder)
    for words in ((), ("--pages", "kept"), ("--letters",)):
        assert room.run("replay", *RANGE, *words).code == 0
    assert files(room.folder) == before
    assert room.mailbox.connections == 0


def test_a_replay_works_while_another_run_is_at_work(room: Newsroom) -> None:
    with open_store(f"sqlite:///{room.database}") as store, store.writing() as transaction:
        transaction.take_lock(LOCK, "elsewhere:1:00", clock(), timedelta(hours=1), lambda _: True)
    assert room.once(DAYS[-1]).code == 75
    assert all(each["added"] == each["dropped"] == [] for each in replay(room))


def test_a_letter_that_never_arrived_is_made_and_not_counted_on(tmp_path: Path) -> None:
    with newsroom(tmp_path, outputs=SMTP) as room:
        room.huggingface(DAYS[0], paper(1, "On Looms"))
        room.mailbox.answer("RCPT", "550 5.1.1 unknown")
        assert room.once(DAYS[0]).json["deliveries"] == {"failed": 1}
        room.mailbox.answer("RCPT", "")
        assert room.once(DAYS[1]).json["deliveries"] == {"sent": 1}
        done = room.run("replay", *RANGE)
    assert done.out.splitlines() == [
        "2026-06-10 Ann: 1 here, 0 more, as sent",
        "2026-06-11 Ann: 1 here, 0 more, as sent",
        "Ann: 2 letters, all as sent",
    ]


def test_a_paper_that_was_revised_since_is_revised_on_the_same_day(tmp_path: Path) -> None:
    with newsroom(tmp_path, outputs=SMTP) as room:
        for version, day in ((1, DAYS[0]), (2, DAYS[2])):
            room.arxiv(DAYS[0], paper(1, "On Looms"), version=version)
            assert room.once(day).code == 0
        found = replay(room)
    assert [(each["made"]["revised"], each["day"]) for each in found] == [
        (0, DAYS[0]),
        (1, DAYS[2]),
    ]
    assert all(each["sent"] == each["made"] and not each["moved"] for each in found)


def test_the_edition_for_everyone_is_made_again_too(tmp_path: Path) -> None:
    with newsroom(tmp_path, outputs=SMTP + FOLDER + 'audience = "public"\n') as room:
        room.huggingface(DAYS[0], paper(1, "On Looms"), paper(2, "On Soap"))
        assert room.once(DAYS[0]).code == 0
        done = room.run("replay", *RANGE, "--subscriber", "public")
    assert done.out.splitlines() == [
        "2026-06-10 public: 2 here, 0 more, as sent",
        "public: 1 letter, all as sent",
    ]


# What would differ


@pytest.mark.parametrize("pages", [(), ("--pages", "kept")], ids=["store", "pages"])
def test_another_keyword_brings_just_what_it_hits(room: Newsroom, pages: tuple[str, ...]) -> None:
    keywords(room, "looms", "clay", "-medical")
    done = room.run("replay", *RANGE, *pages)
    assert done.out.splitlines() == [
        "2026-06-10 Ann: 1 here, 0 more, as sent",
        "2026-06-10 Bob: 2 here, 0 more, as sent",
        "2026-06-11 Ann: 2 here, 0 more; 1 here, 0 more were sent",
        "  + Clay at Night",
        "2026-06-12 Ann: 1 here, 0 more, as sent",
        "Ann: 3 letters, 2 as sent; papers: 1 in, 0 out, 0 moved",
        "Bob: 1 letter, all as sent",
    ]


def test_another_exclusion_takes_just_what_it_hits_and_is_named(room: Newsroom) -> None:
    keywords(room, "looms", "-clay")
    done = room.run("replay", *RANGE, "--subscriber", "Ann")
    assert done.out.splitlines() == [
        "2026-06-10 Ann: 1 here, 0 more, as sent",
        "2026-06-11 Ann: 1 here, 0 more, as sent",
        "2026-06-12 Ann: 1 here, 0 more",
        "  + On Medical Looms",
        "  - Looms of Clay (left out by -clay)",
        "Ann: 3 letters, 2 as sent; papers: 1 in, 1 out, 0 moved",
    ]


def test_a_letter_that_would_not_be_is_said(room: Newsroom) -> None:
    keywords(room, "clay", "-looms")
    first, second, _ = replay(room, "--subscriber", "Ann")
    assert (first["day"], first["made"], titles(first["dropped"])) == (DAYS[0], None, ["On Looms"])
    assert titles(second["added"]) == ["Clay at Night"]
    out = room.run("replay", *RANGE, "--subscriber", "Ann").out
    assert "2026-06-10 Ann: no letter; one with 1 here, 0 more was sent\n  - On Looms\n" in out


def test_what_comes_on_another_day_says_on_which(room: Newsroom) -> None:
    room.configure(subscribers=room.subscribers.replace('"soap"]', '"soap"]\nminimum = 0.0'))
    room.configure(subscribers=room.subscribers.replace("weekly", "daily"))
    found = replay(room, "--subscriber", "Bob")
    assert [(each["day"], each["sent"] is None) for each in found] == [
        (DAYS[0], False),
        (DAYS[1], True),
        (DAYS[2], True),
    ]
    assert "2026-06-11 Bob: 2 here, 0 more; none was sent" in room.run("replay", *RANGE).out


def test_a_lower_cap_moves_papers_to_the_titles(room: Newsroom) -> None:
    room.configure(subscribers=room.subscribers.replace('"soap"]', '"soap", "looms"]\ncap = 1'))
    (found,) = replay(room, "--subscriber", "Bob")
    assert (found["sent"]["here"], found["made"]["here"], found["made"]["more"]) == (2, 1, 1)
    (moved,) = found["moved"]
    assert (moved["was"], moved["where"]) == ("here", "more")
    assert f"  > {moved['title']} (here, now by title)" in room.run("replay", *RANGE).out


def test_another_template_is_tried_on_past_letters(room: Newsroom) -> None:
    templates = room.folder / "templates"
    templates.mkdir()
    (templates / "letter.md.j2").write_text("All about {{ letter.items[0].paper.title }}\n")
    config = room.folder / "digest.toml"
    text = config.read_text().replace("[newsletter]", '[newsletter]\ntemplates = "templates"')
    config.write_text(text)
    done = room.run("replay", *RANGE, "--letters", "-s", "Ann")
    assert done.code == 0, done.err
    assert "as sent\nAll about On Looms\n2026-06-11" in done.out
    pages = sorted(path.name for path in (room.folder / "digest-preview").iterdir())
    assert pages == [f"{day}-ann.html" for day in DAYS]


def test_a_folder_of_saved_pages_is_compared_with_what_was_sent(room: Newsroom) -> None:
    saved = room.folder / "saved"
    saved.mkdir()
    (saved / f"{DAYS[0]}.json").write_bytes(daily(DAYS[0], paper(1, "On Looms", votes=12)))
    (saved / f"{DAYS[1]}.json").write_bytes(daily(DAYS[1], paper(9, "Looms by Day")))
    found = replay(room, "--pages", "saved", "-s", "Ann")
    assert [(titles(each["added"]), titles(each["dropped"])) for each in found] == [
        ([], []),
        (["Looms by Day"], ["Looms at Night"]),
        ([], ["Looms of Clay"]),
    ]


def test_pages_need_no_store(room: Newsroom) -> None:
    for path in room.folder.glob("digest.db*"):
        path.unlink()
    found = replay(room, "--pages", "kept", "-s", "Ann")
    assert [(each["day"], each["sent"], titles(each["added"])) for each in found] == [
        (DAYS[0], None, ["On Looms"]),
        (DAYS[1], None, ["Looms at Night"]),
        (DAYS[2], None, ["Looms of Clay"]),
    ]
    assert not room.database.exists()


def test_an_outage_among_kept_pages_is_told_and_is_1(tmp_path: Path) -> None:
    with newsroom(tmp_path) as room:
        room.huggingface(DAYS[0], paper(1, "On Looms"))
        room.web.answers["/api/query"] = answer(b"no", status=403)
        assert room.once(DAYS[0], "--record", "kept").code == 1
        done = room.run("replay", *RANGE, "--pages", "kept")
    assert done.code == 1
    assert "2026-06-10 21:59: arxiv: " in done.err
    assert "403 from the server" in done.err
    assert "1 here, 0 more, as sent" in done.out


# Misuse


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--from", DAYS[2], "--to", DAYS[0]], "--from 2026-06-12 is after --to 2026-06-10; turn"),
        (["--from", "0001-01-01"], "--from 0001-01-01: is not between 1900 and 8999"),
        (
            ["--from", DAYS[0], "--to", "9999-12-31"],
            "--to 9999-12-31: is not between 1900 and 8999",
        ),
        (["--from", "June"], "--from: `June` is no day such as 2026-06-12"),
        (["--to", "2026-06-31"], "--to: `2026-06-31` is no day such as 2026-06-12"),
        (["--from", "2031-01-01", "--to", "2031-02-01"], "no letter was made and no paper seen"),
        (["--from", "2031-01-01", "--to", "2031-02-01", "--pages", "kept"], "no page is kept from"),
        ([*RANGE, "--pages", "nowhere"], "nowhere: no such folder"),
        ([*RANGE, "--subscriber", "Nobody"], "no subscriber is called `Nobody`"),
    ],
    ids=[
        "turned round",
        "early",
        "late",
        "no day",
        "no such day",
        "future",
        "no pages",
        "no folder",
        "nobody",
    ],
)
def test_misuse_says_what_to_do(room: Newsroom, words: list[str], said: str) -> None:
    done = room.run("replay", *words)
    assert (done.code, done.out) == (2, "")
    assert said in done.err


def test_where_the_store_is_new_nothing_was_sent(tmp_path: Path) -> None:
    with newsroom(tmp_path) as room:
        done = room.run("replay", *RANGE)
        assert done.code == 2
        assert "no letter was made and no paper seen from 2026-06-10 to 2026-06-12" in done.err
        assert not room.database.exists()


# When each letter is made again


def at(day: int, hour: int) -> datetime:
    return datetime(2026, 6, day, hour, tzinfo=UTC)


def planned(
    sent: dict[tuple[date, str], datetime],
    *moments: datetime,
    zones: dict[str, str] | None = None,
) -> list[Turn]:
    days = (date(2026, 6, 10), date(2026, 6, 12))
    named = zones or {"Ann": "UTC", "Bob": "UTC"}
    return turns(days, {name: Days(zone=zone) for name, zone in named.items()}, sent, moments)


def turn(moment: datetime, *readers: str) -> Turn:
    return Turn(moment=moment, readers=frozenset(readers))


def test_a_letter_is_made_when_it_was_made() -> None:
    sent = {(date(2026, 6, 10), "Ann"): at(10, 5), (date(2026, 6, 10), "Bob"): at(10, 9)}
    assert planned(sent, at(10, 4), at(10, 20)) == [turn(at(10, 5), "Ann"), turn(at(10, 9), "Bob")]


def test_who_had_none_is_tried_when_the_others_letters_were_made() -> None:
    sent = {(date(2026, 6, 10), "Ann"): at(10, 5)}
    assert planned(sent, at(10, 20)) == [turn(at(10, 5), "Ann", "Bob")]


def test_a_day_without_letters_is_tried_when_papers_were_seen_last() -> None:
    assert planned({}, at(11, 4), at(11, 20)) == [turn(at(11, 20), "Ann", "Bob")]


def test_a_day_on_which_nothing_was_done_has_no_turn() -> None:
    assert planned({}, at(9, 23), at(13, 0)) == []


def test_days_are_those_of_each_readers_zone() -> None:
    zones = {"Ann": "Pacific/Auckland", "Bob": "America/New_York"}
    assert planned({}, at(10, 2), at(12, 23), zones=zones) == [
        turn(at(10, 2), "Ann"),
        turn(at(12, 23), "Bob"),
    ]


# The recorded days


@pytest.fixture(scope="module")
def june(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Newsroom]:
    """Return a newsroom that has run on each recorded day of June 2026."""
    ann = ANN.replace('"looms"', '"world model", "reinforcement learning", "data selection^2"')
    bob = BOB.replace('"soap"', '"model", "learning", "language"').replace("weekly", "daily")
    with newsroom(tmp_path_factory.mktemp("june"), subscribers=ann + bob) as room:
        lists = [path for path in recorded("huggingface/daily_api") if path.stem[:7] == "2026-06"]
        for path in lists:
            body = answer(path.read_bytes(), content_type="application/json")
            room.web.answers[f"/api/daily_papers?date={path.stem}&limit=100"] = body
        for path in lists:
            assert room.once(path.stem, "--record", "kept").code == 0
        yield room


@needs_recordings
@pytest.mark.parametrize("pages", [False, True], ids=["store", "pages"])
def test_each_letter_of_june_is_made_again_to_the_last_point(
    june: Newsroom, *, pages: bool
) -> None:
    config = load(june.folder / "digest.toml")
    first, last = date(2026, 6, 8), date(2026, 6, 30)
    kept = opened(june.folder / "kept", "UTC", 1_000_000) if pages else None
    setting = Setting(config=config, now=clock(), folder=june.folder)

    done = letters(setting, first, last, kept)

    with open_store(config.store.url) as store, store.reading() as transaction:
        sent = [each.letter for each in transaction.letters_between(first, last)]
    assert len(sent) > 30
    assert all(each.difference.same for each in done.remade)
    key = lambda letter: (letter.slot, letter.subscriber)  # noqa: E731  A test of one word.
    assert [each.letter for each in done.remade] == sorted(sent, key=key)
    assert done.errors == ()


@needs_recordings
def test_another_keyword_in_june_brings_all_that_it_hits_and_nothing_else(june: Newsroom) -> None:
    before = june.subscribers
    june.configure(subscribers=before.replace('"world model"', '"world model", "robot"'))
    done = june.run("replay", "--from", "2026-06-08", "--to", "2026-06-30", "--json", "-s", "Ann")
    june.configure(subscribers=before)
    robots, sent = _june(june, re.compile(r"\brobots?\b", re.IGNORECASE))
    added = {it["identifier"] for each in done.json for it in each["added"]}

    assert len(robots - sent) > 5
    assert added & robots == robots - sent
    assert {it["identifier"] for each in done.json for it in each["dropped"]} <= added
    # The two much-liked papers outside her keywords are others, where those were of robots.
    assert len(added - robots) <= len(robots & sent)


def _june(june: Newsroom, pattern: re.Pattern[str]) -> tuple[set[str], set[str]]:
    """Return the papers that a pattern is in, and those that Ann was sent."""
    with open_store(f"sqlite:///{june.database}") as store, store.reading() as transaction:
        papers = [each.paper for each in transaction.papers(10_000)]
        past = transaction.letters_between(date(2026, 6, 8), date(2026, 6, 30))
    texts = {each.identifier: f"{each.title} {each.abstract}" for each in papers}
    found = {
        name
        for name, text in texts.items()
        if pattern.search(text) and not re.search(r"\bmedical\b", text, re.IGNORECASE)
    }
    hers = [each.letter for each in past if each.letter.subscriber == "Ann"]
    return found, {item.identifier for letter in hers for item in letter.items}
