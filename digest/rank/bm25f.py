"""What phrases weigh in papers, as BM25F counts: title above abstract, rare above common.

Words of a phrase that stand apart, or in another form, weigh a little. Pure.

Source: Robertson, Zaragoza and Taylor, "Simple BM25 extension to multiple weighted fields" (2004).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from math import log

from Stemmer import Stemmer

from digest.keywords import Hit, Phrase, Text, Word, fold, hits
from digest.latex import readable
from digest.subscribers import Candidate

TITLE_WEIGHT = 4.0
SATURATION = 1.2
LENGTH_SHARE = 0.75

APART_SHARE = 0.3
"""How much the single words of a phrase count beside the phrase."""

ALIKE = 2
"""How many letters a word and its stem begin alike with: all but `dying`, `lying` and `tying`."""


@dataclass(frozen=True, slots=True)
class Words:
    """A candidate's readable texts.

    `found` is where phrases hit it, for who looks for the same ones in it again; else None.
    """

    candidate: Candidate
    title: Text
    abstract: Text
    found: dict[Phrase, tuple[Hit, ...]] | None = None

    def hits(self, phrase: Phrase) -> tuple[Hit, ...]:
        """Return where a phrase hits the paper."""
        found = None if self.found is None else self.found.get(phrase)
        if found is None:
            found = hits(phrase, self.title, self.abstract, self.candidate.paper)
            if self.found is not None:
                self.found[phrase] = found
        return found


@dataclass(frozen=True, slots=True)
class Match:
    """One keyword or phrase in one paper: where it hits, what that and its single words weigh."""

    hits: tuple[Hit, ...]
    phrase: float
    apart: float


def texts(
    pool: Iterable[Candidate], before: Mapping[int, Words] | None = None
) -> tuple[Words, ...]:
    """Make the texts of a pool readable and find their words.

    `before` are those of another day's pool, by candidate: papers that are the same need not be
    read again, nor looked through for the same phrases.
    """
    if before is None:
        return tuple(_read(each) for each in pool)
    return tuple(_read_again(each, before.get(each.id)) for each in pool)


def _read(candidate: Candidate) -> Words:
    paper = candidate.paper
    return Words(candidate, Text(readable(paper.title)), Text(readable(paper.abstract)))


def _read_again(candidate: Candidate, before: Words | None) -> Words:
    if before is None or before.candidate.paper != candidate.paper:
        return replace(_read(candidate), found={})
    return replace(before, candidate=candidate)


class Corpus:
    """The papers of a run, as BM25F sees them."""

    def __init__(self, words: Sequence[Words], distinct: Iterable[Phrase]) -> None:
        self.words = {each.candidate.id: each for each in words}
        count = max(1, len(words))
        self._title_length = sum(len(each.title.words) for each in words) / count or 1.0
        self._abstract_length = sum(len(each.abstract.words) for each in words) / count or 1.0
        self._spellings = _spellings_by_stem(words, distinct)

    def matches(self, phrase: Phrase) -> dict[int, Match]:
        """Return a phrase's matches by candidate; papers without any are not in it."""
        found = {number: each.hits(phrase) for number, each in self.words.items()}
        apart = self._apart(phrase)
        whole = {} if apart and len(phrase.words) == 1 else self._whole(found)
        return {
            number: Match(found[number], whole.get(number, 0.0), apart.get(number, 0.0))
            for number in self.words
            if found[number] or number in apart
        }

    def _whole(self, found: Mapping[int, tuple[Hit, ...]]) -> dict[int, float]:
        return self._weigh({number: _by_field(each) for number, each in found.items() if each})

    def _apart(self, phrase: Phrase) -> dict[int, float]:
        """Weigh a phrase's single words in any form; some words have but one.

        A phrase of one word is weighed by this alone: its hits are among its forms.
        """
        total: defaultdict[int, float] = defaultdict(float)
        share = APART_SHARE / len(phrase.words) if len(phrase.words) > 1 else 1.0
        for word in _stemmed(phrase):
            for number, weight in self._weigh(self._stems(phrase, word)).items():
                total[number] += share * weight
        return dict(total)

    def _stems(self, phrase: Phrase, word: Word) -> dict[int, tuple[float, float]]:
        spellings = self._spellings.get(_stem(fold(word.text)), ())
        found: dict[int, tuple[float, float]] = {}
        for number, each in self.words.items():
            title = _count(each.title, spellings)
            abstract = 0 if phrase.field else _count(each.abstract, spellings)
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
    places = text.places
    return sum(len(places[word]) for word in spellings if word in places)


def _stemmed(phrase: Phrase) -> list[Word]:
    """Return the words of a phrase whose other forms are worth a little."""
    if phrase.field in ("author", "category"):
        return []
    return [word for word in phrase.words if word.has_stem]


def _spellings_by_stem(words: Sequence[Words], distinct: Iterable[Phrase]) -> dict[str, list[str]]:
    """Return the papers' words by their stems, of those that may be a keyword's.

    A word and its stem begin alike, which is seen sooner than a stem is found.
    """
    wanted = {_stem(fold(word.text)) for phrase in distinct for word in _stemmed(phrase)}
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
