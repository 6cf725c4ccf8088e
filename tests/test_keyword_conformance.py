"""Phrases hit what a plain pattern finds, on all recorded days; and how often that is meant."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from keyword_pairs import expressions, measured, pairs, papers
from recordings import needs_recordings, recorded

from digest.keywords import Text, find, parse
from digest.latex import readable
from digest.papers import Paper

PHRASES = [
    "world model",
    "diffusion model",
    "open vocabulary",
    "vision language model",
    "training-free",
]
DASH = r"[\s\u00ad\u2010-\u2015\u2212_/-]+"


def arxiv(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def huggingface(path: Path) -> list[dict[str, Any]]:
    return [each["paper"] for each in json.loads(path.read_text(encoding="utf-8"))]


@cache
def days() -> dict[str, dict[str, tuple[Text, Text]]]:
    """Return title and abstract of each paper by recorded day."""
    forms = [("arxiv/days", arxiv), ("huggingface/daily_api", huggingface)]
    return {
        f"{folder}/{path.name}": {
            each["id"]: (Text(readable(each["title"])), Text(readable(each["summary"])))
            for each in read(path)
        }
        for folder, read in forms
        for path in recorded(folder)
    }


def pattern(phrase: str) -> re.Pattern[str]:
    """Return the phrase between the ends of words: a hyphen is a space, a plural is welcome."""
    words = DASH.join(re.split("[ -]", phrase))
    return re.compile(rf"(?<![^\W_]){words}(?:s|es|['\u2019]s)?(?![^\W_])", re.IGNORECASE)


@needs_recordings
@pytest.mark.parametrize("phrase", PHRASES)
def test_hits_are_those_of_a_word_bounded_pattern_on_every_day(
    phrase: str, tell: Callable[[str], None]
) -> None:
    keyword, wanted = parse(phrase), pattern(phrase)
    hits = 0

    for day, listed in days().items():
        expected = {
            id_ for id_, texts in listed.items() if any(wanted.search(text.text) for text in texts)
        }
        found = {
            id_
            for id_, (title, abstract) in listed.items()
            if find(keyword, title, abstract, Paper(title=""))
        }
        assert found == expected, day
        hits += len(found)
    tell(f"keyword `{phrase}`: {hits} hits on {len(days())} days: precision 1, recall 1")


@needs_recordings
def test_the_recordings_are_whole_and_have_each_phrase() -> None:
    in_arxiv = {id_ for day, listed in days().items() if "arxiv" in day for id_ in listed}

    assert (len(in_arxiv), len(days())) == (1390, 7 + 82)
    for phrase in PHRASES:
        titles = (title.text for listed in days().values() for title, _ in listed.values())
        assert any(map(pattern(phrase).search, titles))


def test_there_are_200_labelled_pairs() -> None:
    chosen = pairs()

    assert len({(each.phrase, each.paper) for each in chosen}) == 200
    assert {each.phrase for each in chosen} == set(expressions())
    assert Counter(each.wanted for each in chosen) == {True: 108, False: 92}
    assert {"acronym", "plural", "negation", "other meaning", "hyphen"} <= {e.why for e in chosen}


@needs_recordings
def test_labelled_pairs_are_told_no_worse_than_they_were(tell: Callable[[str], None]) -> None:
    texts = papers()

    alone = measured(pairs(), texts, {})
    with_operators = measured(pairs(), texts, expressions())

    for entries, found in (("phrases alone", alone), ("with operators", with_operators)):
        figures = f"precision {found.precision:.3f}, recall {found.recall:.3f}"
        tell(f"200 labelled pairs, {entries}: {figures}")
    assert alone.precision >= 0.484
    assert alone.recall >= 0.592
    assert with_operators.precision >= 0.696
    assert with_operators.recall >= 0.98
