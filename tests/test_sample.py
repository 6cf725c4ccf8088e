"""The built-in sample: what a first look at the newsletter has to show."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from functools import cache
from itertools import chain
from pathlib import Path

import pytest

import digest
from digest.config import load
from digest.demonstration import sample
from digest.keywords import Text, find, parse
from digest.papers import Page, Paper, same
from digest.sources import Source
from digest.sources.files import Files

FOLDER = Path(digest.__file__).with_name("sample")
DAYS = ("2026-11-16", "2026-11-17", "2026-11-18")
NOW = datetime(2026, 11, 18, 23, tzinfo=UTC)
CROPS = "2611.90102"
RISING = "2611.90127"


@cache
def papers(day: str, name: str) -> tuple[Paper, ...]:
    """Read one page of the sample as the run reads it, without a fault."""
    path = FOLDER / day / name
    source: Source = Files(path=str(path))
    parsed = source.parse(Page(url=path.as_uri(), body=path.read_bytes(), fetched_at=NOW))
    assert not parsed.errors
    return tuple(sighting.paper for sighting in parsed.sightings)


def everything() -> tuple[Paper, ...]:
    pages = chain.from_iterable(
        (papers(day, path.name) for path in sorted((FOLDER / day).iterdir())) for day in DAYS
    )
    return tuple(chain.from_iterable(pages))


def ids(day: str, name: str) -> set[str]:
    return {paper.arxiv for paper in papers(day, name)}


def test_the_sample_has_three_days_of_pages_of_all_three_forms() -> None:
    assert tuple(sorted(path.name for path in FOLDER.iterdir() if path.is_dir())) == DAYS
    assert {path.name for path in FOLDER.rglob("*.*") if path.parent != FOLDER} == {
        "daily.html",
        "arxiv.xml",
        "search.txt",
    }


def test_its_papers_are_whole() -> None:
    for paper in everything():
        assert 90 <= len(paper.abstract.split()) <= 160, paper.title


def test_its_identifiers_are_invented() -> None:
    assert {paper.arxiv[:6] for paper in everything() if paper.arxiv} == {"2611.9"}


def test_some_papers_repeat_from_day_to_day() -> None:
    first, second, third = (ids(day, "arxiv.xml") for day in DAYS)
    assert first & second
    assert second & third


def test_one_paper_is_revised_on_the_last_day() -> None:
    (before,) = (paper for paper in papers(DAYS[0], "arxiv.xml") if paper.arxiv == CROPS)
    (after,) = (paper for paper in papers(DAYS[2], "arxiv.xml") if paper.arxiv == CROPS)
    assert (before.version, after.version) == (1, 2)
    assert before.abstract != after.abstract


def test_one_paper_is_listed_by_two_sources_under_one_identifier() -> None:
    assert "2611.90412" in ids(DAYS[2], "daily.html") & ids(DAYS[2], "arxiv.xml")


def test_one_paper_is_listed_by_two_sources_under_one_title() -> None:
    named = papers(DAYS[2], "daily.html")
    nameless = papers(DAYS[2], "search.txt")
    assert sum(same(one, other) for one in nameless for other in named) == 1


def test_one_paper_has_no_identifier_at_all() -> None:
    named = [paper for paper in everything() if paper.names]
    nameless = [paper for paper in papers(DAYS[2], "search.txt") if not paper.names]
    assert any(not any(same(paper, other) for other in named) for paper in nameless)


def test_one_paper_rises_two_days_later() -> None:
    assert RISING in ids(DAYS[0], "arxiv.xml")
    assert RISING not in ids(DAYS[1], "daily.html")
    assert RISING in ids(DAYS[2], "daily.html")


@pytest.mark.parametrize("feature", ["summary", "topics", "links", "organization", "submitter"])
def test_the_daily_page_has_what_the_real_one_has(feature: str) -> None:
    assert any(getattr(paper, feature) for paper in papers(DAYS[2], "daily.html"))


def test_each_keyword_of_its_reader_hits() -> None:
    (sam,) = load(FOLDER / "digest.toml").subscribers
    for keyword in map(parse, sam.keywords):
        assert any(
            find(keyword, Text(paper.title), Text(paper.abstract), paper) for paper in everything()
        ), keyword.text


def test_it_stays_small() -> None:
    assert sum(path.stat().st_size for path in FOLDER.rglob("*") if path.is_file()) < 120_000


def test_its_last_letter_shows_what_a_letter_can_say(tmp_path: Path) -> None:
    (letter,) = sample("", tmp_path, quiet=True).published.letters

    sections = Counter(item.section for item in letter.items)
    assert sections == {"for_you": 5, "trending": 2, "rising": 1, "revised": 1}
    assert [item.paper.arxiv for item in letter.of("rising")] == [RISING]
    assert [item.paper.arxiv for item in letter.of("revised")] == [CROPS]
    assert [(each.keyword, len(each.titles)) for each in letter.receipt.excluded] == [
        ("-medical", 3)
    ]
    assert letter.receipt.adds_up
    assert letter.sample
