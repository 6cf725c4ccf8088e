"""A letter is read in three minutes, whatever the day: at most 900 words, on each recorded one."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time
from pathlib import Path

import pytest
from recordings import PAGES, needs_recordings

from digest.compose import Circumstances, LetterSettings, RankSettings, compose
from digest.letters import Letter
from digest.papers import Page, Paper
from digest.rank import Weights, rank
from digest.rank.keywords import Interests, texts
from digest.reading_time import RESERVED
from digest.render import Renderer
from digest.sources.huggingface import HuggingFace
from digest.subscribers import Candidate, Candidates, Seen, Subscriber

BROAD = ("model", "learning", "language", "agent", "-medical")
NARROW = ("data selection^2", "world model", "diffusion model")
HF_DAYS = sorted((PAGES / "huggingface" / "daily_api").glob("*.json"))
ARXIV_DAYS = sorted((PAGES / "arxiv" / "days").glob("*.jsonl"))
RENDERER = Renderer()


def listed(path: Path) -> list[tuple[Paper, int | None]]:
    """Return a recorded day's papers and their votes."""
    if path.suffix == ".jsonl":
        lines = {line["id"]: line for line in map(json.loads, path.read_text().splitlines())}
        return [(_paper(line), None) for line in lines.values()]
    at = datetime.combine(date.fromisoformat(path.stem), time(7), UTC)
    page = Page(url=path.as_uri(), body=path.read_bytes(), fetched_at=at)
    return [(each.paper, each.votes) for each in HuggingFace().parse(page).sightings]


def _paper(line: dict[str, object]) -> Paper:
    return Paper(
        title=" ".join(str(line["title"]).split()),
        abstract=" ".join(str(line["summary"]).split()),
        authors=tuple(map(str, line["authors"])),  # type: ignore[call-overload]  # JSON.
        arxiv=str(line["id"]),
    )


def letter(path: Path, keywords: tuple[str, ...]) -> Letter:
    """Return the letter that a reader of these keywords gets of one recorded day."""
    day = date.fromisoformat(path.stem)
    now = datetime.combine(day, time(7), UTC)
    pool = tuple(
        Candidate(
            id=number,
            paper=paper,
            revision=0,
            first_seen=now,
            seen=(Seen(source="Hugging Face", day=day, votes=votes, at=now),),
        )
        for number, (paper, votes) in enumerate(listed(path))
    )
    reader = Subscriber(name="Ann", keywords=keywords)
    interests = Interests(texts(pool), reader.profile)
    return compose(
        reader,
        Candidates(fresh=pool, revised=(), sent=0),
        rank(pool, reader.profile, interests, weights=Weights(), today=day),
        interests.words,
        rank=RankSettings(),
        settings=LetterSettings(),
        about=Circumstances(
            title="Paper digest", now=now, today=day, before=None, sources=("Hugging Face",)
        ),
    ).letter


def words(written: Letter) -> int:
    rendered = RENDERER.letter(written, leave="mailto:digest@example.org?subject=unsubscribe")
    return len(rendered.text.split())


@needs_recordings
@pytest.mark.parametrize("keywords", [BROAD, NARROW], ids=["broad", "narrow"])
def test_a_letter_has_at_most_900_words_on_each_recorded_day(keywords: tuple[str, ...]) -> None:
    letters = [letter(path, keywords) for path in HF_DAYS + ARXIV_DAYS]
    assert len(letters) == 89
    assert max(words(each) for each in letters) <= 900
    assert all(each.receipt.adds_up for each in letters)


@needs_recordings
def test_some_titles_of_the_rest_are_always_told() -> None:
    letters = [letter(path, BROAD) for path in HF_DAYS + ARXIV_DAYS]
    assert all(each.listed >= min(RESERVED, each.receipt.more) for each in letters)
