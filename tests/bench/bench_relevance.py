"""nDCG@10 of the keywords signal on collections with human judgements.

A query's words stand for a reader's keywords. Run: python tests/bench/bench_relevance.py
"""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime
from math import log2
from pathlib import Path
from statistics import mean
from time import perf_counter

from digest.errors import KeywordError
from digest.keywords import Keyword, parse
from digest.papers import Paper
from digest.rank import Weights, rank
from digest.rank.keywords import Interests, texts
from digest.subscribers import Candidate

COLLECTIONS = Path(__file__).parents[3] / "shared" / "bench" / "relevance"
STOP_WORDS = """
a an and are as at be but by for if in into is it no not of on or such that the their then there
these they this to was will with
"""
DAY = date(2026, 6, 12)


def main() -> None:
    """Print a line for each collection."""
    for folder in sorted(COLLECTIONS.iterdir()):
        started = perf_counter()
        gains = list(_gains(folder))
        seconds = perf_counter() - started
        print(f"{folder.name:10} nDCG@10 {mean(gains):.3f}  {len(gains)} queries, {seconds:.0f} s")


def _gains(folder: Path) -> Iterator[float]:
    pool = [_candidate(at, line) for at, line in enumerate(_lines(folder / "docs.jsonl"))]
    numbers = {line["id"]: at for at, line in enumerate(_lines(folder / "docs.jsonl"))}
    judged = _judged(folder / "qrels.tsv", numbers)
    queries = {q["id"]: _keywords(q["text"]) for q in _lines(folder / "queries.jsonl")}
    asked = {name: words for name, words in queries.items() if judged.get(str(name))}
    interests = Interests(texts(pool), {word for words in asked.values() for word in words})
    weights = Weights(votes=0, recency=0)
    for name, profile in asked.items():
        ranked = rank(pool, profile, interests, weights=weights, today=DAY)[:10]
        yield _ndcg([each.candidate.id for each in ranked if each.score], judged[str(name)])


def _candidate(number: int, line: dict[str, str]) -> Candidate:
    paper = Paper(title=line.get("title") or "", abstract=line.get("abstract") or "")
    return Candidate(
        id=number, paper=paper, revision=0, first_seen=datetime(2026, 6, 12, tzinfo=UTC), seen=()
    )


def _keywords(text: str) -> tuple[Keyword, ...]:
    words = dict.fromkeys(
        w for w in text.replace('"', " ").split() if w.lower() not in STOP_WORDS.split()
    )
    found = []
    for word in words:
        try:
            found.append(parse(f'"{word}"'))
        except KeywordError:
            continue
    return tuple(found)


def _judged(path: Path, numbers: dict[str, int]) -> dict[str, dict[int, float]]:
    judged: dict[str, dict[int, float]] = defaultdict(dict)
    with path.open() as file:
        for query, document, grade in csv.reader(file, delimiter="\t"):
            if document in numbers:
                judged[query][numbers[document]] = float(grade)
    return judged


def _ndcg(found: list[int], judged: dict[int, float]) -> float:
    gain = sum(judged.get(number, 0) / log2(at + 2) for at, number in enumerate(found))
    ideal = sorted(judged.values(), reverse=True)[:10]
    best = sum(grade / log2(at + 2) for at, grade in enumerate(ideal))
    return gain / best if best else 0.0


def _lines(path: Path) -> Iterator[dict[str, str]]:
    with path.open() as file:
        yield from (json.loads(line) for line in file)


if __name__ == "__main__":
    main()
