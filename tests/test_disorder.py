"""The recorded days in disorder: each paper that matches is in exactly one letter of a reader.

pytest prints the measure at its end; with --tier2, over all of June and more seeds.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from disorder import DAY, Entry, Item, World, matches, measure, submitted
from recordings import PAGES, needs_recordings, recorded
from running import SMTP, Newsroom, newsroom

READERS: Mapping[str, list[str]] = {
    "broad": ["model", "learning", "language", "agent", "-medical"],
    "narrow": ["data selection", "world model", "reinforcement learning", "robot", "-medical"],
}
SUBSCRIBERS = "".join(
    f'[[subscribers]]\nname = "{name}"\nemail = "{name}@example.org"\n'
    f"keywords = {json.dumps(keywords)}\n"
    for name, keywords in READERS.items()
)
WEEK = timedelta(days=7)
REVISED = 0.06
"""How many of arXiv's papers get a second version within days."""


def sources(huggingface: str, arxiv: str) -> str:
    return (
        f'[[sources]]\nkind = "huggingface"\nroute = "{huggingface}"\nbase_url = "{{base}}"\n'
        f'spacing = 0\n[[sources]]\nkind = "arxiv"\ncategories = ["cs.LG"]\nroute = "{arxiv}"\n'
        'base_url = "{base}"\nfeed_url = "{base}"\nlist_url = "{base}"\nspacing = 0\n'
    )


def the_world(chance: Random) -> World:
    """Return June 2026 as it was recorded, with lists that fill, and second versions."""
    lists = {date.fromisoformat(each.stem): listed_in(each) for each in _june()}
    world = World(lists, announced_days())
    for day, items in lists.items():
        world.early[day] = chance.sample(items, len(items) // 2)
    real = date(2026, 6, 12)
    world.early[real] = lists[real]
    world.lists[real] = listed_in(PAGES / f"huggingface/api_raw/daily_papers_{real}_raw.json")
    for day in sorted(world.announced):
        for each in list(world.announced[day]):
            if each.how == "new" and chance.random() < REVISED:
                later = _weekday(day + chance.randint(1, 4) * DAY)
                world.announced.setdefault(later, []).append(each.second(later))
    return world


def _june() -> list[Path]:
    return [path for path in recorded("huggingface/daily_api") if path.stem[:7] == "2026-06"]


def listed_in(path: Path) -> list[Item]:
    return list(json.loads(path.read_text(encoding="utf-8")))


def announced_days() -> dict[date, list[Entry]]:
    """Return what arXiv announced on the recorded days; weekends repeat Friday's."""
    found: dict[date, list[Entry]] = {}
    for path in recorded("arxiv/days"):
        day = date.fromisoformat(path.stem)
        if day.weekday() < 5:
            lines = map(json.loads, path.read_text(encoding="utf-8").splitlines())
            found[day] = list({line["id"]: _entry(line, day) for line in lines}.values())
    return found


def _entry(line: Mapping[str, Any], day: date) -> Entry:
    """Return a recorded line; one with an old number is cross-listed."""
    number = line["id"]
    first = date(2000 + int(number[:2]), int(number[2:4]), 15)
    out = submitted(day) if (day - first).days < 45 else first
    return Entry(
        number=number,
        title=line["title"],
        abstract=line["summary"],
        authors=tuple(line["authors"]),
        announced=day,
        submitted=out,
        published=out,
    )


def _weekday(day: date) -> date:
    return day if day.weekday() < 5 else day + (7 - day.weekday()) * DAY


def troubles(chance: Random) -> set[str]:
    """Return what is wrong on one day: mostly nothing."""
    return {
        trouble
        for trouble, odds in (
            ("huggingface down", 0.25),
            ("huggingface cut", 0.1),
            ("arxiv down", 0.2),
            ("arxiv cut", 0.1),
            ("arxiv stale", 0.2),
        )
        if chance.random() < odds
    }


def replay(room: Newsroom, world: World, first: date, last: date, chance: Random) -> list[Any]:
    """Run every day; in the middle put last week's copy of the store back, or an earlier one."""
    reports: list[Any] = []
    copied = first + DAY
    restored = min(copied + WEEK, last - 3 * DAY)
    copy = room.folder / "copy.db"
    room.web.answers = world
    day = first
    while day <= last:
        calm = day == first or day > last - 3 * DAY
        world.today, world.troubles = day, set() if calm else troubles(chance)
        if day == restored:
            shutil.copy(copy, room.database)
        done = room.once(day.isoformat())
        assert done.code in (0, 1), done.err
        assert ("the store is older" in done.err) == (day == restored), done.err
        reports.append(done.json)
        if day == copied:
            shutil.copy(room.database, copy)
        day += DAY
    return reports


def check(folder: Path, seed: int, first: date, last: date, tell: Callable[[str], None]) -> None:
    """Replay the days in one disorder, tell the measure, and hold it to what it must be."""
    chance = Random(seed)  # noqa: S311  A seed makes the same disorder again.
    huggingface = chance.choice(["api", "html"])
    arxiv = ["api", "atom", "listing"][seed % 3]
    world = the_world(chance)
    parts = {"outputs": SMTP, "subscribers": SUBSCRIBERS, "more": "max_wait = 0\n"}
    with newsroom(folder, sources=sources(huggingface, arxiv), **parts) as room:
        reports = replay(room, world, first, last, chance)
    for reader, keywords in READERS.items():
        found = measure(world, reports, reader, keywords)
        tell(f"disorder, seed {seed}, {huggingface} and {arxiv}, {reader}: {found}")
        assert found.matching > 20
        assert (found.missed, found.repeated, found.unlisted) == ((), (), ())
    assert world.asked["304"] > 0


@needs_recordings
@pytest.mark.parametrize("seed", [0, 1])
def test_in_disorder_each_paper_that_matches_is_in_exactly_one_letter(
    tmp_path: Path, tell: Callable[[str], None], seed: int
) -> None:
    check(tmp_path, seed, date(2026, 6, 10), date(2026, 6, 18), tell)


@pytest.mark.tier2
@needs_recordings
def test_in_a_month_of_any_disorder_nothing_is_missed_or_repeated(
    tmp_path: Path, tell: Callable[[str], None]
) -> None:
    for seed in range(2, 8):
        folder = tmp_path / str(seed)
        folder.mkdir()
        check(folder, seed, date(2026, 6, 8), date(2026, 6, 30), tell)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Robots at work", True),
        ("World-model agents", True),
        ("robotics", False),
        ("A robot for medical use", False),
    ],
)
def test_the_measure_finds_phrases_as_whole_words(text: str, *, expected: bool) -> None:
    assert matches(text, READERS["narrow"]) == expected
