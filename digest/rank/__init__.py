"""How well papers fit readers: one file per signal.

    keywords   what a reader follows: what its phrases weigh by BM25F (`bm25f`)
    votes      what other readers liked
    recency    how new it is

A score is the sum of its reasons' points. A keyword's hit is worth 1 by itself, and all that
is no hit is worth little more than 1 together, so that a hit always passes the default minimum.

To add one: a file here, a line in `_signals`, its weight in `Weights`. Pure: it never chooses,
stores or fetches.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from msgspec import Struct
from msgspec.structs import replace

from digest.keywords import Hit, Keyword
from digest.rank import recency, votes
from digest.rank.keywords import Interests
from digest.rank.reason import Reason
from digest.subscribers import Candidate


class Weights(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much each signal counts; 0 turns it off."""

    keywords: float = 1.0
    votes: float = 1.0
    recency: float = 1.0

    def __post_init__(self) -> None:
        """Refuse a weight below 0, and nan."""
        for name in self.__struct_fields__:
            if not 0 <= getattr(self, name) <= 100:  # noqa: PLR2004 - a bound, said in the message
                raise ValueError(f"`{name}` must be from 0 to 100")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """A candidate with its score, what hits it, and the ``-keyword`` that left it out, if any."""

    candidate: Candidate
    score: float
    reasons: tuple[Reason, ...]
    hits: tuple[tuple[Keyword, tuple[Hit, ...]], ...] = ()
    excluding: tuple[tuple[Keyword, tuple[Hit, ...]], ...] = ()

    @property
    def excluded(self) -> str:
        """The text of the first ``-keyword`` that hits it, or ""."""
        return self.excluding[0][0].text if self.excluding else ""

    @property
    def is_hit(self) -> bool:
        """Say whether a keyword hit, rather than words of it that stand apart."""
        return bool(self.hits)


def rank(
    pool: Sequence[Candidate],
    profile: Sequence[Keyword],
    interests: Interests,
    *,
    weights: Weights,
    today: date,
) -> tuple[Ranked, ...]:
    """Score a reader's candidates, best first; excluded ones are last.

    `interests` holds the keywords of all readers over all papers of the run, so that what
    readers share is looked for once.
    """
    ranked = (_ranked(each, profile, interests, weights, today) for each in pool)
    return tuple(sorted(ranked, key=_order))


def _order(ranked: Ranked) -> tuple[bool, float, int, str]:
    candidate = ranked.candidate
    return bool(ranked.excluded), -ranked.score, -candidate.votes, candidate.paper.identifier


def _ranked(
    candidate: Candidate,
    profile: Sequence[Keyword],
    interests: Interests,
    weights: Weights,
    today: date,
) -> Ranked:
    found = interests.hits(candidate.id, profile)
    signals: Iterable[tuple[float, tuple[Reason, ...]]] = (
        (weights.keywords, interests.reasons(candidate.id, profile)),
        (weights.votes, votes.reasons(candidate)),
        (weights.recency, recency.reasons(candidate, today)),
    )
    reasons = tuple(_weighted(reason, weight) for weight, given in signals for reason in given)
    return Ranked(
        candidate=candidate,
        score=sum(reason.points for reason in reasons),
        reasons=tuple(reason for reason in reasons if reason.points),
        hits=tuple(each for each in found if not each[0].excluded),
        excluding=tuple(each for each in found if each[0].excluded),
    )


def _weighted(reason: Reason, weight: float) -> Reason:
    return reason if weight == 1 else replace(reason, points=reason.points * weight)
