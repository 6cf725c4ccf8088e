"""What a keyword that never hits may have meant. Nothing fuzzy ever hits. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from digest.keywords import Keyword, Phrase, Text, literal, replaced, show
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


def suggest(
    keyword: Keyword, pool: Sequence[Candidate], silent: Collection[Phrase] | None = None
) -> str:
    """Return what a keyword without hits may have meant, after the pool's papers, or "".

    Each word must be close to the keyword's, or only a space be more or less. Of several phrases
    those that are `silent`, which hit nothing, are put right; all unless it is said.
    """
    if isinstance(keyword.tree, Phrase):
        return suggest_phrase(keyword.tree, pool)
    looked = keyword.wanted if silent is None else [p for p in keyword.wanted if p in silent]
    nearer = {each: near for each in looked if (near := suggest_phrase(each, pool))}
    if not nearer:
        return ""
    return show(replaced(keyword.tree, {p: literal(t, p.field) for p, t in nearer.items()}))


def suggest_phrase(phrase: Phrase, pool: Sequence[Candidate]) -> str:
    """Return the phrase of the pool's papers that a phrase may have meant, or ""."""
    from rapidfuzz import fuzz, process  # noqa: PLC0415 - only a keyword without hits pays for it

    if phrase.within is not None or any(word.is_open for word in phrase.words):
        return ""  # What stands for many words is close to none.
    wanted = plain(phrase.text)
    found = {plain(each): each for each in sorted(_phrases(phrase, pool))}
    if wanted in found and any(word.exact for word in phrase.words):
        return wanted  # It is there, and not in capitals.
    close = process.extract(wanted, list(found), scorer=fuzz.ratio, score_cutoff=CLOSE, limit=None)
    return next((found[near] for near, _, _ in close if _means(wanted, near)), "")


def _means(wanted: str, near: str) -> bool:
    from rapidfuzz import fuzz  # noqa: PLC0415 - as in suggest()

    if wanted == near:
        return False
    ours, theirs = wanted.split(), near.split()
    if len(ours) == len(theirs):
        return all(fuzz.ratio(a, b) >= CLOSE for a, b in zip(ours, theirs, strict=True))
    return fuzz.ratio("".join(ours), "".join(theirs)) >= JOINED


def _phrases(phrase: Phrase, pool: Iterable[Candidate]) -> set[str]:
    match phrase.field:
        case "author":
            return {author for each in pool for author in each.paper.authors}
        case "category":
            return {category for each in pool for category in each.paper.categories}
        case _:
            lengths = {max(1, len(phrase.words) + by) for by in (-1, 0, 1)}
            return {run for each in pool for run in _runs(each.paper.title, lengths)}


def _runs(title: str, lengths: Iterable[int]) -> Iterator[str]:
    """Yield the phrases of a title that someone could follow."""
    words = Text(readable(title)).words
    for length in lengths:
        for at in range(len(words) - length + 1):
            if _BESIDE.isdisjoint((words[at], words[at + length - 1])):
                yield " ".join(words[at : at + length])
