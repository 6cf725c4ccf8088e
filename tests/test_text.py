"""The plain text of a search page."""

from __future__ import annotations

from datetime import date

import pytest
from reading import DAILY, own, read, reasons
from recordings import PAGES, needs_recordings, recorded

from digest.sources import Parsed
from digest.sources.huggingface import HuggingFace
from digest.sources.text import latest_day


def parse(body: str | bytes, url: str = DAILY, content_type: str = "") -> Parsed:
    return read(HuggingFace(), body, url, content_type)


def test_the_text_form_is_title_and_abstract_in_turn() -> None:
    parsed = parse(own("search.txt"))
    assert [s.paper.title for s in parsed.sightings] == [
        "Notes on an Analytical Engine",
        "On Looms",
    ]
    assert parsed.sightings[1].paper.abstract.startswith("They weave. A card")
    assert not parsed.errors


def test_a_text_that_ends_after_a_title_is_an_error() -> None:
    parsed = parse(own("search.txt") + "\nA Third Title\n")
    assert len(parsed.sightings) == 2
    assert "A Third Title" in reasons(parsed)


def test_an_abstract_of_two_paragraphs_is_one_abstract() -> None:
    text = own("search.txt").replace("\nOn Looms", f"\n{'More of it. ' * 50}\n\nOn Looms")
    parsed = parse(text)
    assert len(parsed.sightings) == 2
    assert "More of it." in parsed.sightings[0].paper.abstract


def test_a_title_without_abstract_does_not_shift_the_rest() -> None:
    text = own("search.txt").replace("\nOn Looms", "\nA Bare Title\n\nOn Looms")
    parsed = parse(text)
    assert [s.paper.title for s in parsed.sightings][1:] == ["A Bare Title", "On Looms"]
    assert parsed.sightings[1].paper.abstract == ""


@pytest.mark.parametrize("without", ["byAK and the research community", "Mar 18"])
def test_a_text_without_its_landmarks_is_refused(without: str) -> None:
    parsed = parse(own("search.txt").replace(without, "…"))
    assert not parsed.sightings
    assert "changed shape" in reasons(parsed)


@pytest.mark.parametrize(
    ("text", "today", "day"),
    [
        ("Mar 18", date(2026, 3, 18), date(2026, 3, 18)),
        ("Mar 18", date(2026, 3, 17), date(2025, 3, 18)),
        ("Dec 31", date(2026, 1, 1), date(2025, 12, 31)),
        ("Feb 29", date(2026, 1, 1), date(2024, 2, 29)),
        ("Feb 29", date(2024, 2, 28), date(2020, 2, 29)),
        ("Feb 29", date(1904, 2, 28), date(1896, 2, 29)),
        ("Feb 30", date(2026, 1, 1), None),
        ("Mar 018", date(2026, 1, 1), None),
        ("18 Mar", date(2026, 1, 1), None),
        ("Mar 18", date(1, 1, 1), None),
    ],
)
def test_a_day_without_a_year_is_the_latest_that_has_been(
    text: str, today: date, day: date | None
) -> None:
    assert latest_day(text, today) == day


@needs_recordings
@pytest.mark.parametrize(
    ("name", "papers"), [("001", 67), ("002", 82), ("004", 163), ("003", 31), ("000", 77)]
)
def test_the_saved_texts_list_what_they_list(name: str, papers: int) -> None:
    (path,) = (PAGES / "text").glob(f"{name}_*.txt")
    parsed = read(HuggingFace(query="x"), path.read_bytes(), path.as_uri())
    assert len(parsed.sightings) == papers
    assert not parsed.errors
    assert all(s.paper.abstract and s.day is None for s in parsed.sightings)


@needs_recordings
def test_other_captures_of_the_text_are_refused() -> None:
    for path in recorded("text/excerpts"):
        parsed = parse(path.read_bytes(), path.as_uri())
        assert not parsed.sightings
        assert "changed shape" in reasons(parsed)
