"""The keywords signal: what a reader follows, weighed as BM25F does, title above abstract.

What counts as a hit is the keyword language's to say. Words of a keyword that stand apart, or in
another form, lift a score a little and are never a hit. Pure.

Source: Robertson, Zaragoza and Taylor, "Simple BM25 extension to multiple weighted fields" (2004).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from math import log

from Stemmer import Stemmer

from digest.keywords import Hit, Keyword, Text, find
from digest.latex import readable
from digest.papers import plain
from digest.rank.reason import Reason
from digest.subscribers import Candidate

TITLE_WEIGHT = 4.0
SATURATION = 1.2
LENGTH_SHARE = 0.75

HIT_POINTS = 1.0
"""What a hit is worth by itself: the default minimum score."""

SCALE = 0.25
"""Points per unit of BM25F, so that one keyword's hit in a title is worth about 2 or 3."""

APART_SHARE = 0.3
"""How much the single words of a phrase count beside the phrase."""

MOST_APART = 0.4
"""The most points that words which are no hit can give."""

ALIKE = 2
"""How many letters a word and its stem begin alike with: all but `dying`, `lying` and `tying`."""


@dataclass(frozen=True, slots=True)
class Words:
    """A candidate's readable texts."""

    candidate: Candidate
    title: Text
    abstract: Text


@dataclass(frozen=True, slots=True)
class _Match:
    """One keyword in one paper: where it hits, what that and its single words weigh."""

    hits: tuple[Hit, ...]
    phrase: float
    apart: float


def texts(pool: Iterable[Candidate]) -> tuple[Words, ...]:
    """Make the texts of a pool readable and find their words."""
    return tuple(
        Words(each, Text(readable(each.paper.title)), Text(readable(each.paper.abstract)))
        for each in pool
    )


class Interests:
    """The distinct keywords of all readers, looked for once in all papers of a run."""

    def __init__(self, words: Sequence[Words], keywords: Iterable[Keyword]) -> None:
        """Look for each keyword in each paper."""
        keywords = tuple(keywords)
        self._corpus = _Corpus(words, keywords)
        self._matches: dict[tuple[str, tuple[str, ...]], Mapping[int, _Match]] = {}
        for keyword in keywords:
            if _key(keyword) not in self._matches:
                self._matches[_key(keyword)] = self._corpus.matches(keyword)

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
            if not any(match.hits for match in self._matches[_key(each)].values())
        )

    def _match(self, candidate: int, keyword: Keyword) -> _Match | None:
        return self._matches[_key(keyword)].get(candidate)


def _key(keyword: Keyword) -> tuple[str, tuple[str, ...]]:
    return keyword.field, keyword.words


def _reason(keyword: Keyword, match: _Match) -> Reason:
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


class _Corpus:
    """The papers of a run, as BM25F sees them."""

    def __init__(self, words: Sequence[Words], keywords: Iterable[Keyword]) -> None:
        self.words = {each.candidate.id: each for each in words}
        count = max(1, len(words))
        self._title_length = sum(len(each.title.words) for each in words) / count or 1.0
        self._abstract_length = sum(len(each.abstract.words) for each in words) / count or 1.0
        self._spellings = _spellings_by_stem(words, keywords)

    def matches(self, keyword: Keyword) -> dict[int, _Match]:
        """Return a keyword's matches by candidate; papers without any are not in it."""
        hits = {number: self._find(keyword, each) for number, each in self.words.items()}
        apart = self._apart(keyword)
        phrase = {} if apart and len(keyword.words) == 1 else self._phrase(hits)
        return {
            number: _Match(hits[number], phrase.get(number, 0.0), apart.get(number, 0.0))
            for number in self.words
            if hits[number] or number in apart
        }

    def _phrase(self, hits: Mapping[int, tuple[Hit, ...]]) -> dict[int, float]:
        return self._weigh({number: _by_field(found) for number, found in hits.items() if found})

    def _find(self, keyword: Keyword, words: Words) -> tuple[Hit, ...]:
        return find(keyword, words.title, words.abstract, words.candidate.paper)

    def _apart(self, keyword: Keyword) -> dict[int, float]:
        """Weigh a keyword's single words in any form; `author:` and `category:` have none.

        A keyword of one word is weighed by this alone: its hits are among its forms.
        """
        if keyword.field in ("author", "category"):
            return {}
        total: defaultdict[int, float] = defaultdict(float)
        share = APART_SHARE / len(keyword.words) if len(keyword.words) > 1 else 1.0
        for word in keyword.words:
            for number, weight in self._weigh(self._stems(keyword, word)).items():
                total[number] += share * weight
        return dict(total)

    def _stems(self, keyword: Keyword, word: str) -> dict[int, tuple[float, float]]:
        spellings = self._spellings.get(_stem(plain(word)), ())
        found: dict[int, tuple[float, float]] = {}
        for number, each in self.words.items():
            title = _count(each.title, spellings)
            abstract = 0 if keyword.field else _count(each.abstract, spellings)
            if title or abstract:
                found[number] = (title, abstract)
        return found

    def _weigh(self, counts: Mapping[int, tuple[float, float]]) -> dict[int, float]:
        """Return BM25F of one term, given how often it stands in each title and abstract."""
        frequency, papers = len(counts), len(self.words)
        rarity = log(1 + (papers - frequency + 0.5) / (frequency + 0.5))
        return {
            number: rarity * (SATURATION + 1) * heard / (SATURATION + heard)
            for number, (title, abstract) in counts.items()
            if (heard := self._heard(self.words[number], title, abstract))
        }

    def _heard(self, words: Words, title: float, abstract: float) -> float:
        return TITLE_WEIGHT * title / _stretch(
            words.title, self._title_length
        ) + abstract / _stretch(words.abstract, self._abstract_length)


def _stretch(text: Text, mean: float) -> float:
    return 1 - LENGTH_SHARE + LENGTH_SHARE * len(text.words) / mean


def _by_field(hits: Iterable[Hit]) -> tuple[float, float]:
    """Count hits in titles and abstracts; an author or a category is worth one in a title."""
    counts = Counter(hit.where for hit in hits)
    named = min(1, counts["authors"] + counts["categories"])
    return counts["title"] + named, counts["abstract"]


def _count(text: Text, spellings: Iterable[str]) -> int:
    return sum(len(text.places.get(word, ())) for word in spellings)


def _spellings_by_stem(words: Sequence[Words], keywords: Iterable[Keyword]) -> dict[str, list[str]]:
    """Return the papers' words by their stems, of those that may be a keyword's.

    A word and its stem begin alike, which is seen sooner than a stem is found.
    """
    wanted = {_stem(plain(word)) for keyword in keywords for word in keyword.words}
    beginnings = tuple({stem[:ALIKE] for stem in wanted})
    known: set[str] = set()
    for each in words:
        known.update(each.title.places)
        known.update(each.abstract.places)
    ordered = sorted(word for word in known if word.startswith(beginnings))
    stems: dict[str, list[str]] = {}
    for word, stem in zip(ordered, _stemmer().stemWords(ordered), strict=True):
        if stem in wanted:
            stems.setdefault(stem, []).append(word)
    return stems


def _stem(word: str) -> str:
    return str(_stemmer().stemWord(word))


@cache
def _stemmer() -> Stemmer:
    return Stemmer("english")
