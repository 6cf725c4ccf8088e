"""Why a paper is in a reader's letter, or is not. Pure: it is given all it speaks of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from msgspec import Struct

from digest.compose import RankSettings, limits
from digest.gist import sentences
from digest.keywords import Hit
from digest.letters import Badge
from digest.rank import Ranked
from digest.rank.keywords import Words
from digest.rank.reason import Reason
from digest.subscribers import Subscriber


class HitAt(Struct, frozen=True, kw_only=True):
    """That a keyword hits, and in which sentence, title, name or category."""

    keyword: str
    where: str
    sentence: str


class Verdict(Struct, frozen=True, kw_only=True):
    """What a paper is to one reader; the reasons' points add up to the score."""

    subscriber: str
    outcome: str
    score: float
    minimum: float
    reasons: tuple[Reason, ...]
    hits: tuple[HitAt, ...]


class Explanation(Struct, frozen=True, kw_only=True):
    """What is known of a paper, and what it is to each reader."""

    identifier: str
    title: str
    first_seen: datetime
    badges: tuple[Badge, ...]
    verdicts: tuple[Verdict, ...]


def verdict(
    subscriber: Subscriber,
    ranked: Ranked,
    words: Words,
    *,
    rank: RankSettings,
    sent: Sequence[str],
    candidate: str,
) -> Verdict:
    """Explain a score. `sent` says in which letters it was, `candidate` why it is none, or ""."""
    minimum, _ = limits(subscriber, rank)
    return Verdict(
        subscriber=subscriber.name,
        outcome="; ".join(sent) or candidate or _chances(ranked, minimum),
        score=ranked.score,
        minimum=minimum,
        reasons=ranked.reasons,
        hits=tuple(dict.fromkeys(_hits(ranked, words))),
    )


def _hits(ranked: Ranked, words: Words) -> Iterator[HitAt]:
    for keyword, hits in (*ranked.hits, *ranked.excluding):
        for hit in hits:
            yield HitAt(keyword=keyword.text, where=hit.where, sentence=_sentence(words, hit))


def _chances(ranked: Ranked, minimum: float) -> str:
    if ranked.excluded:
        return f"excluded by {ranked.excluded}"
    if ranked.score < minimum:
        return "below the threshold"
    return "above the threshold: it is in the next letter"


def _sentence(words: Words, hit: Hit) -> str:
    match hit.where:
        case "title":
            return words.title.text
        case "abstract":
            text = words.abstract.text
            found = [at for at in sentences(text) if at[0] <= hit.start < at[1]]
            return text[found[0][0] : found[0][1]] if found else text
        case "authors":
            return words.candidate.paper.authors[hit.at]
        case _:
            return words.candidate.paper.categories[hit.at]
