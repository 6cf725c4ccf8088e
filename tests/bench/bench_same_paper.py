"""How well one paper is told from another. Run: python tests/bench/bench_same_paper.py."""

from __future__ import annotations

import csv
import html
import sys
from collections import Counter, defaultdict
from pathlib import Path

from digest.papers import Paper, same, title_key

BENCH = Path(__file__).parents[3] / "shared" / "bench" / "same_paper"

Pairs = set[tuple[str, str]]


def rows(name: str) -> list[dict[str, str]]:
    with (BENCH / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def papers(name: str) -> dict[str, Paper]:
    return {row["id"]: _paper(row) for row in rows(name)}


def _paper(row: dict[str, str]) -> Paper:
    authors = (each.strip() for each in html.unescape(row["authors"]).split(","))
    return Paper(title=html.unescape(row["title"]), authors=tuple(filter(None, authors)))


def variants() -> None:
    """Print how many variants of a title are taken for the same paper, by their kind."""
    merged, all_ = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for row in rows("title_variants/pairs.csv"):
        kind = ("same paper" if row["label"] == "1" else "another paper", row["kind"])
        all_[kind] += 1
        merged[kind] += same(Paper(title=row["left"]), Paper(title=row["right"]))
    for kind in sorted(all_):
        print(f"{kind[0]:14} {kind[1]:18} merged {merged[kind]:5} of {all_[kind]:5}")


def pairs() -> None:
    """Print precision, recall and F1 of finding the pairs of two bibliographies."""
    left, right = papers("dblp_acm/left.csv"), papers("dblp_acm/right.csv")
    gold = {(row["left"], row["right"]) for row in rows("dblp_acm/gold.csv")}
    titled = defaultdict(list)
    for id_, paper in right.items():
        titled[title_key(paper.title)].append(id_)
    exact = {(a, b) for a, paper in left.items() for b in titled[title_key(paper.title)]}
    told = {(a, b) for a, b in exact if same(left[a], right[b])}
    for name, found in (("exact normalised title", exact), ("same()", told)):
        _print(name, found, gold)


def _print(name: str, found: Pairs, gold: Pairs) -> None:
    right = len(found & gold)
    precision, recall = right / len(found), right / len(gold)
    score = 2 * precision * recall / (precision + recall)
    print(f"{name:24} precision {precision:.3f}  recall {recall:.3f}  F1 {100 * score:.1f}")


def main() -> None:
    if not BENCH.is_dir():
        sys.exit(f"no collection at {BENCH}")
    variants()
    pairs()


if __name__ == "__main__":
    main()
