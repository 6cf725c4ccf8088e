"""200 pairs of a phrase and a recorded paper, labelled by hand, and how well keywords tell them.

`keyword_pairs.tsv` has the pairs: 1 where someone who follows the phrase would say that the paper
is about it or uses it, by title and abstract; and why the pair is hard. `keyword_phrases.tsv` says
what is meant by each phrase, and an entry that makes more use of the language. Of the papers there
are but identifiers; their texts are read from the recordings.

PYTEST_DONT_REWRITE: it asserts nothing, and a benchmark imports it, too.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recordings import recorded

from digest.keywords import Text, find, parse
from digest.latex import readable
from digest.papers import Paper

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Pair:
    """A phrase, a paper, whether it is what the phrase's reader wants, and what is hard in it."""

    phrase: str
    paper: str
    wanted: bool
    why: str


@dataclass(frozen=True, slots=True)
class Figures:
    """How many pairs were told right and wrong."""

    hit: int
    false: int
    missed: int

    @property
    def precision(self) -> float:
        return self.hit / (self.hit + self.false) if self.hit + self.false else 1.0

    @property
    def recall(self) -> float:
        return self.hit / (self.hit + self.missed) if self.hit + self.missed else 1.0


def pairs() -> list[Pair]:
    return [
        Pair(row["phrase"], row["paper"], row["label"] == "1", row["why"])
        for row in _rows("keyword_pairs.tsv")
    ]


def expressions() -> dict[str, str]:
    """Return an entry for each phrase that makes more use of the language."""
    return {row["phrase"]: row["expression"] for row in _rows("keyword_phrases.tsv")}


def papers() -> dict[str, tuple[Text, Text]]:
    """Return title and abstract of each recorded paper that is in a pair."""
    found = [paper for path in recorded("arxiv/days") for paper in _lines(path)]
    for path in recorded("huggingface/daily_api"):
        found += [each["paper"] for each in json.loads(path.read_text(encoding="utf-8"))]
    wanted = {each.paper for each in pairs()}
    texts = {each["id"]: (each["title"], each["summary"]) for each in reversed(found)}
    return {id_: (Text(readable(texts[id_][0])), Text(readable(texts[id_][1]))) for id_ in wanted}


def measured(
    chosen: Iterable[Pair], texts: Mapping[str, tuple[Text, Text]], entries: Mapping[str, str]
) -> Figures:
    """Return how well entries tell some pairs; a phrase without an entry is its own."""
    told = [
        (each.wanted, _hits(entries.get(each.phrase, each.phrase), texts[each.paper]))
        for each in chosen
    ]
    return Figures(
        hit=told.count((True, True)),
        false=told.count((False, True)),
        missed=told.count((True, False)),
    )


def _hits(entry: str, texts: tuple[Text, Text]) -> bool:
    return bool(find(parse(entry), *texts, Paper(title="")))


def _lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _rows(name: str) -> list[dict[str, str]]:
    with (HERE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
