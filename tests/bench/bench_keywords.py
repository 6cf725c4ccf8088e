"""Precision and recall of keywords on pairs of phrases and papers labelled by hand.

The pairs were chosen to be hard: other meanings, acronyms, negation, mere mentions. So the figures
are no share of a day's papers. Run: python tests/bench/bench_keywords.py
"""

from __future__ import annotations

import sys
from collections import defaultdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from keyword_pairs import Figures, Pair, expressions, measured, pairs, papers


def main() -> None:
    """Print a line for the whole, and one for each class of difficulty."""
    texts = papers()
    chosen = pairs()
    print(f"{len(chosen)} pairs, {sum(each.wanted for each in chosen)} of them wanted")
    print(_line("the phrases alone", measured(chosen, texts, {})))
    print(_line("entries with operators", measured(chosen, texts, expressions())))
    print("\nby what is hard; the phrases alone, then entries with operators")
    classes: dict[tuple[bool, str], list[Pair]] = defaultdict(list)
    for each in chosen:
        classes[not each.wanted, each.why].append(each)
    for (unwanted, why), some in sorted(classes.items()):
        right = [_right(some, measured(some, texts, by)) for by in ({}, expressions())]
        kind = "not wanted" if unwanted else "wanted"
        print(f"  {kind:10} {why:16} right {right[0]:3} and {right[1]:3} of {len(some):3}")


def _right(some: list[Pair], figures: Figures) -> int:
    return figures.hit if some[0].wanted else len(some) - figures.false


def _line(what: str, figures: Figures) -> str:
    return (
        f"{what:24} precision {figures.precision:.3f}  recall {figures.recall:.3f}  "
        f"(hit {figures.hit}, false {figures.false}, missed {figures.missed})"
    )


if __name__ == "__main__":
    main()
