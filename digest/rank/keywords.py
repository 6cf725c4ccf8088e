"""The keywords signal: what a reader follows, weighed as BM25F does, title above abstract.

What counts as a hit is the keyword language's to say. A keyword weighs what its phrases weigh,
but for those that must not be there. Words that stand apart, or in another form, and phrases of
a keyword that is not true as a whole, lift a score a little and are never a hit. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from digest.keywords import Hit, HitsOf, Keyword, Node, Phrase, holds, phrases
from digest.rank.bm25f import APART_SHARE, Corpus, Match, Words, texts
from digest.rank.reason import Reason

__all__ = ["Interests", "Words", "texts"]

HIT_POINTS = 1.0
"""What a hit is worth by itself: the default minimum score."""

SCALE = 0.25
"""Points per unit of BM25F, so that one keyword's hit in a title is worth about 2 or 3."""

MOST_APART = 0.4
"""The most points that words which are no hit can give."""


_NOTHING = Match((), 0.0, 0.0)


class Interests:
    """The distinct keywords of all readers, looked for once in all papers of a run."""

    def __init__(self, words: Sequence[Words], keywords: Iterable[Keyword]) -> None:
        """Look for each keyword in each paper."""
        trees = {keyword.meaning: keyword.tree for keyword in keywords}
        distinct = dict.fromkeys(phrase for tree in trees.values() for phrase in phrases(tree))
        self._corpus = Corpus(words, distinct)
        self._found = {phrase: self._corpus.matches(phrase) for phrase in distinct}
        self._matches = {
            meaning: self._found[tree] if isinstance(tree, Phrase) else _together(tree, self._found)
            for meaning, tree in trees.items()
        }

    def words(self, candidate: int) -> Words:
        """Return a candidate's texts."""
        return self._corpus.words[candidate]

    def hits(
        self, candidate: int, profile: Sequence[Keyword]
    ) -> tuple[tuple[Keyword, tuple[Hit, ...]], ...]:
        """Return what hits a candidate, and where; also what leaves it out."""
        found = ((each, self._match(candidate, each)) for each in profile)
        return tuple((each, match.hits) for each, match in found if match and match.hits)

    def reasons(self, candidate: int, profile: Sequence[Keyword]) -> tuple[Reason, ...]:
        """Return the points of each keyword of a reader for a candidate, the dearest first."""
        found = [
            (each, match)
            for each in profile
            if not each.excluded and (match := self._match(candidate, each))
        ]
        given = [_reason(each, match) for each, match in found]
        given.sort(key=lambda reason: (-reason.hit, -reason.points))
        if given and given[0].hit:
            return (_raised(given[0], HIT_POINTS), *given[1:])
        return _bounded(given)

    def unmatched(self, profile: Sequence[Keyword]) -> tuple[Keyword, ...]:
        """Return what hits no paper at all."""
        return tuple(
            each
            for each in profile
            if not any(match.hits for match in self._matches[each.meaning].values())
        )

    def papers(self, phrase: Phrase) -> frozenset[int]:
        """Return the candidates that one phrase of a keyword hits by itself."""
        return frozenset(number for number, match in self._found[phrase].items() if match.hits)

    def silent(self, keyword: Keyword) -> tuple[Phrase, ...]:
        """Return the phrases of a keyword that hit no paper at all."""
        return tuple(phrase for phrase in keyword.wanted if not self.papers(phrase))

    def _match(self, candidate: int, keyword: Keyword) -> Match | None:
        return self._matches[keyword.meaning].get(candidate)


def _together(tree: Node, found: Mapping[Phrase, Mapping[int, Match]]) -> dict[int, Match]:
    """Return the matches of a tree of phrases, given those of each phrase."""
    wanted = tuple(dict.fromkeys(phrases(tree, positive=True)))
    unwanted = tuple(dict.fromkeys(phrases(tree, positive=False)))
    matches: dict[int, Match] = {}
    for number in sorted({number for phrase in wanted for number in found[phrase]}):
        have = {each: found[each].get(number, _NOTHING) for each in (*wanted, *unwanted)}
        where = holds(tree, _hits_in(have))
        weight = sum(have[each].phrase + have[each].apart for each in wanted)
        if where:
            matches[number] = Match(where, weight, 0.0)
        elif not any(have[each].hits for each in unwanted):
            matches[number] = Match((), 0.0, APART_SHARE * weight)
    return matches


def _hits_in(have: Mapping[Phrase, Match]) -> HitsOf:
    return lambda phrase: have[phrase].hits


def _reason(keyword: Keyword, match: Match) -> Reason:
    where = match.hits[0].where if match.hits else ""
    points = SCALE * keyword.weight * (match.phrase + match.apart)
    return Reason(
        signal="keywords", points=points, detail=keyword.phrase, where=where, hit=bool(match.hits)
    )


def _raised(reason: Reason, points: float) -> Reason:
    return Reason(
        signal=reason.signal,
        points=reason.points + points,
        detail=reason.detail,
        where=reason.where,
    )


def _bounded(given: Sequence[Reason]) -> tuple[Reason, ...]:
    """Scale reasons that are no hits, so that together they stay below `MOST_APART`."""
    total = sum(reason.points for reason in given)
    if total <= 0:
        return ()
    share = MOST_APART / (total + MOST_APART)
    return tuple(
        Reason(signal=each.signal, points=each.points * share, detail=each.detail, hit=False)
        for each in given
        if each.points
    )
