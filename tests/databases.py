"""The databases that the store's tests run on, and papers and letters to put in them.

PYTEST_DONT_REWRITE: it asserts next to nothing, and tests import it before it is a plugin.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from digest.letters import Letter, Receipt
from digest.papers import Paper, Sighting, fingerprint
from digest.seen import Change, Changes, Listing
from digest.store import Store, open_store

NOW = datetime(2024, 8, 1, 7, 0, tzinfo=UTC)
DAY = date(2024, 8, 1)
HOUR = timedelta(hours=1)


@pytest.fixture(params=["sqlite"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database with nothing in it."""
    return {"sqlite": f"sqlite:///{tmp_path}/digest.db"}[request.param]


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    with open_store(url) as opened:
        yield opened


def a_paper(number: int = 1, **changes: object) -> Paper:
    fields = {
        "title": f"On paper number {number}",
        "abstract": f"We study {number}. " * 40,
        "authors": ("Ann Author", "Bob Builder"),
        "arxiv": f"2408.{number:05}",
        "topics": ("studies",),
    }
    return Paper(**{**fields, **changes})  # type: ignore[arg-type]  # Its fields, by name.


def a_sighting(paper: Paper, **changes: object) -> Sighting:
    fields = {"source": "arxiv", "paper": paper, "day": DAY}
    return Sighting(**{**fields, **changes})  # type: ignore[arg-type]  # Its fields, by name.


def a_listing(sighting: Sighting, *, news: bool = True, again: bool = False) -> Listing:
    return Listing(
        sighting=sighting, fingerprint=fingerprint(sighting.paper), news=news, again=again
    )


def new(*sightings: Sighting) -> Changes:
    return Changes(
        papers=tuple(
            Change(news="new", id=None, paper=s.paper, revision=1, listings=(a_listing(s),))
            for s in sightings
        ),
        counts={},
    )


def new_papers(*numbers: int) -> Changes:
    return new(*(a_sighting(a_paper(number)) for number in numbers))


def about(paper_id: int, paper: Paper, *listings: Listing, revision: int = 1) -> Changes:
    change = Change(news="known", id=paper_id, paper=paper, revision=revision, listings=listings)
    return Changes(papers=(change,), counts={})


def a_letter(subscriber: str = "Ann", slot: date = DAY) -> Letter:
    return Letter(
        slot=slot,
        made_at=NOW,
        subscriber=subscriber,
        title="Papers",
        items=(),
        receipt=Receipt(read=0, sources=("arxiv",)),
    )


def publish(store: Store, letter: Letter, *outputs: str, papers: tuple[int, ...] = ()) -> int:
    with store.writing() as t:
        number = t.publish(
            letter,
            [(paper, 1) for paper in papers],
            [(output, f"<{letter.key}/{output}@test>") for output in outputs or ("mail",)],
            NOW,
        )
    assert number
    return number


def fail_all(store: Store, answer: str = "535 wrong password") -> None:
    with store.writing() as t:
        for delivery in t.claim("failing", NOW, 100, HOUR, impatient=True):
            t.fail(delivery, answer)
