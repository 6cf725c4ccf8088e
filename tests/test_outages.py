"""Sources that could not be read for days: what is made good, and what is lost and said."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from disorder import DAY, Entry, Item, World, measure, submitted
from running import SMTP, Newsroom, newsroom, text_of

pytest_plugins = ["databases"]

START = date(2026, 6, 8)  # A Monday.
KEYWORDS = ["looms", "-medical"]
NO_PAPER = {"paper": {"id": "2606.99999", "title": "", "summary": ""}}
ROUTES = {
    "huggingface": 'kind = "huggingface"\nbase_url = "{base}"\nspacing = 0\n',
    "huggingface html": 'kind = "huggingface"\nroute = "html"\nbase_url = "{base}"\nspacing = 0\n',
    **{
        f"arxiv {route}": f'kind = "arxiv"\ncategories = ["cs.LG"]\nroute = "{route}"\n'
        'base_url = "{base}"\nfeed_url = "{base}"\nlist_url = "{base}"\nspacing = 0\n'
        for route in ("api", "atom", "listing")
    },
}
READERS = "".join(
    f'[[subscribers]]\nname = "{name}"\nemail = "{name}@example.org"\n'
    f'keywords = {json.dumps(KEYWORDS)}\ncadence = "{cadence}"\n'
    for name, cadence in (("Ann", "daily"), ("Bob", "weekly"))
)


def the_world(days: int = 40) -> World:
    """Return sites that list two new papers on each weekday; one of them on both."""
    lists, announced = {}, {}
    for ahead in range(days):
        day = START + ahead * DAY
        if day.weekday() < 5:
            lists[day] = [an_item(ahead * 3, day), an_item(ahead * 3 + 1, day)]
            announced[day] = [an_entry(ahead * 3 + each, day) for each in (1, 2)]
    return World(lists, announced)


def an_item(number: int, day: date) -> Item:
    about = {"id": f"2606.{number:05}", "title": f"Looms of Kind {number}", "summary": "We weave."}
    return {"paper": {**about, "submittedOnDailyAt": f"{day}T00:00:00.000Z"}}


def an_entry(number: int, day: date) -> Entry:
    return Entry(
        number=f"2606.{number:05}",
        title=f"Looms of Kind {number}",
        abstract="We weave.",
        authors=("Ada Lovelace",),
        announced=day,
        submitted=submitted(day),
        published=submitted(day),
    )


@pytest.fixture
def room(tmp_path: Path, url: str) -> Iterator[Newsroom]:
    parts = {"outputs": SMTP, "subscribers": READERS, "more": "max_wait = 0\n"}
    with newsroom(tmp_path, store=url, **parts) as made:
        yield made


def run(room: Newsroom, world: World, ahead: int, *troubles: str) -> Any:
    """Run at the end of a day; return the report."""
    world.today, world.troubles = START + ahead * DAY, set(troubles)
    room.web.answers = world
    done = room.once(world.today.isoformat())
    assert done.code == bool(troubles), done.err
    return done.json


@pytest.mark.parametrize("route", ROUTES)
def test_three_days_of_503_lose_nothing_and_repeat_nothing(room: Newsroom, route: str) -> None:
    world = the_world()
    site = route.split(maxsplit=1)[0]
    room.configure(sources=f"[[sources]]\n{ROUTES[route]}")
    reports = [run(room, world, ahead) for ahead in range(2)]
    reports += [run(room, world, ahead, f"{site} down") for ahead in range(2, 5)]
    reports += [run(room, world, ahead) for ahead in range(5, 12)]

    found = measure(world, reports, "Ann", KEYWORDS, sites=(site,))

    assert found.matching == 20
    assert (found.missed, found.repeated, found.unlisted) == ((), (), ())
    assert not any(each["lost"] for report in reports for each in report["sources"])
    assert not any("Missing for good" in text_of(mail) for mail in room.mails)


@pytest.mark.parametrize("route", ["huggingface", "arxiv api", "arxiv listing"])
def test_what_twenty_days_of_503_lose_is_named_once_to_each_reader(
    room: Newsroom, route: str
) -> None:
    world = the_world()
    site = route.split(maxsplit=1)[0]
    other = ROUTES["arxiv api" if site == "huggingface" else "huggingface"]
    room.configure(sources=f'[[sources]]\n{ROUTES[route]}\n[[sources]]\n{other}name = "other"\n')
    for ahead in range(2):
        run(room, world, ahead)
    for ahead in (2, 9, 16, 21):
        run(room, world, ahead, f"{site} down")
    reports = [run(room, world, ahead) for ahead in (22, 23, 30)]

    # Read last on 9 June, and again on 30 June: the lists of 16 June and later are still read.
    assert reports[0]["sources"][0]["lost"] == [f"2026-06-{day}" for day in (10, 11, 12, 15)]
    assert not any(each["lost"] for report in reports[1:] for each in report["sources"])
    said = f"Missing for good: what {site} listed from 10 to 15 June, as it could not"
    for name in ("Ann", "Bob"):
        mails = [each for each in room.mails if each["To"].startswith(name)]
        for kind in ("plain", "html"):
            texts = [" ".join(text_of(each, kind).split()) for each in mails]
            texts = [text.replace("<strong>", "").replace("</strong>", "") for text in texts]
            assert sum(said in text for text in texts) == 1
            assert sum("Missing for good" in text for text in texts) == 1


def test_a_source_that_fails_in_part_every_day_loses_no_day(room: Newsroom) -> None:
    world = the_world()
    for day in world.lists:
        world.lists[day] = [*world.lists[day], NO_PAPER]
    room.configure(sources=f"[[sources]]\n{ROUTES['huggingface']}")
    room.web.answers = world
    reports = []
    for ahead in range(0, 25, 3):
        world.today = START + ahead * DAY
        reports.append(room.once(world.today.isoformat()).json)
    for day in world.lists:
        world.lists[day] = world.lists[day][:-1]
    reports += [run(room, world, ahead) for ahead in range(25, 27)]

    assert not any(each["lost"] for report in reports for each in report["sources"])
    assert not any("Missing for good" in text_of(mail) for mail in room.mails)


# First reads, and pages that have not changed


def test_what_a_first_read_lacks_is_read_by_the_next(room: Newsroom) -> None:
    world = the_world()
    room.configure(sources=f"[[sources]]\n{ROUTES['huggingface']}")
    reports = [run(room, world, 9, "huggingface down")]
    reports += [run(room, world, ahead) for ahead in (10, 11)]

    found = measure(world, reports, "Ann", KEYWORDS, sites=("huggingface",))

    assert found.matching == 4
    assert (found.missed, found.repeated) == ((), ())
    # A first letter draws on three days, also after an outage.
    assert len(reports[1]["letters"][0]["here"]) == 6


def test_a_source_never_read_whole_is_read_from_its_first_day(room: Newsroom) -> None:
    world = the_world()
    for day in world.lists:
        world.lists[day] = [*world.lists[day], NO_PAPER]
    room.configure(sources=f"[[sources]]\n{ROUTES['huggingface']}")
    room.web.answers = world
    reports = []
    for ahead in (0, 1, 10):
        world.today = START + ahead * DAY
        reports.append(room.once(world.today.isoformat()).json)

    found = measure(world, reports, "Ann", KEYWORDS, sites=("huggingface",))

    assert found.matching == 18
    assert (found.missed, found.repeated) == ((), ())


def test_the_second_page_of_a_list_is_read_though_the_first_has_not_changed(
    room: Newsroom,
) -> None:
    world = the_world(1)
    world.lists[START] = [an_item(number, START) for number in range(100)]
    room.configure(sources=f"[[sources]]\n{ROUTES['huggingface']}")
    first = run(room, world, 0)
    world.lists[START] = [an_item(number, START) for number in range(130)]
    second = run(room, world, 1)

    assert first["sources"][0]["new"] == 100
    assert second["sources"][0]["new"] == 30
    assert second["sources"][0]["listed"] == 130
    assert world.asked["304"] > 0


# Feeds that are stale


def test_a_stale_feed_is_told_and_loses_and_repeats_nothing(room: Newsroom) -> None:
    world = the_world()
    room.configure(sources=f"[[sources]]\n{ROUTES['arxiv atom']}")
    reports = [run(room, world, 0), run(room, world, 1)]
    reports += [run(room, world, ahead, "arxiv stale") for ahead in (2, 3)]
    reports += [run(room, world, ahead) for ahead in (4, 5, 6, 7)]

    found = measure(world, reports, "Ann", KEYWORDS, sites=("arxiv",))

    assert found.matching == 12
    assert (found.missed, found.repeated) == ((), ())
    (error,) = reports[2]["sources"][0]["errors"]
    assert "the feed is stale: it is dated 2026-06-10 and lacks 2 of the 2 papers" in error
    hers = [" ".join(text_of(each).split()) for each in room.mails if each["To"].startswith("Ann")]
    assert ["the feed is stale" in text for text in hers[:5]] == [False, False, True, True, False]
