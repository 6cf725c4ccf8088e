"""What a keyword that never hits may have meant. Nothing fuzzy ever hits. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from digest.keywords import Keyword, Text
from digest.latex import readable
from digest.papers import plain
from digest.subscribers import Candidate

CLOSE = 75.0
"""From which ratio of equal characters on (0 to 100) two words are close."""

JOINED = 90.0
"""As `CLOSE`, for phrases that are told apart by a space more or less, and for names."""

_BESIDE = frozenset(
    ["a", "an", "and", "are", "as", "at", "be", "by", "can", "do", "does", "for", "from", "how",
     "in", "into", "is", "it", "its", "of", "on", "or", "our", "than", "that", "the", "their",
     "this", "to", "towards", "via", "we", "what", "when", "where", "which", "why", "with",
     "without"]
)  # fmt: skip
"""What no phrase to follow begins or ends with."""


def suggest(keyword: Keyword, pool: Sequence[Candidate]) -> str:
    """Return the phrase of the pool's papers that a keyword may have meant, or "".

    Each of its words must be close to the keyword's, or only a space be more or less.
    """
    from rapidfuzz import fuzz, process  # noqa: PLC0415 - only a keyword without hits pays for it

    wanted = plain(keyword.phrase)
    phrases = {plain(each): each for each in sorted(_phrases(keyword, pool))}
    found = process.extract(
        wanted, list(phrases), scorer=fuzz.ratio, score_cutoff=CLOSE, limit=None
    )
    return next((phrases[near] for near, _, _ in found if _means(wanted, near)), "")


def _means(wanted: str, near: str) -> bool:
    from rapidfuzz import fuzz  # noqa: PLC0415 - as in suggest()

    if wanted == near:
        return False
    ours, theirs = wanted.split(), near.split()
    if len(ours) == len(theirs):
        return all(fuzz.ratio(a, b) >= CLOSE for a, b in zip(ours, theirs, strict=True))
    return fuzz.ratio("".join(ours), "".join(theirs)) >= JOINED


def _phrases(keyword: Keyword, pool: Iterable[Candidate]) -> set[str]:
    match keyword.field:
        case "author":
            return {author for each in pool for author in each.paper.authors}
        case "category":
            return {category for each in pool for category in each.paper.categories}
        case _:
            lengths = {max(1, len(keyword.words) + by) for by in (-1, 0, 1)}
            return {phrase for each in pool for phrase in _runs(each.paper.title, lengths)}


def _runs(title: str, lengths: Iterable[int]) -> Iterator[str]:
    """Yield the phrases of a title that someone could follow."""
    words = Text(readable(title)).words
    for length in lengths:
        for at in range(len(words) - length + 1):
            if _BESIDE.isdisjoint((words[at], words[at + length - 1])):
                yield " ".join(words[at : at + length])
