"""A readable text as the keyword language sees it: its words, and where phrases stand. Pure.

It takes time in proportion to the text, whatever is looked for.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from digest.keywords import words as spelling
from digest.keywords.tree import Phrase, Word

Span = tuple[int, int]
"""From which character to which, the last not included."""

_NOTHING = re.compile(f"[{spelling.UNSEEN}]*")


@dataclass
class Text:
    """A readable text and its words: folded, in order."""

    text: str
    words: list[str] = field(init=False)
    spelt: dict[int, tuple[str, ...]] = field(init=False)

    def __post_init__(self) -> None:
        """Find the words, and the other spellings of those that have any."""
        self._pattern = spelling.pattern(self.text)
        if self.text.isascii():
            self.words = self._pattern.findall(self.text.lower())
        else:
            self.words = [spelling.fold(word) for word in self._pattern.findall(self.text)]
        self.spelt = dict(spelling.other_spellings(self.text, self._pattern))

    @cached_property
    def places(self) -> dict[str, list[int]]:
        """Where each spelling stands, counted in words."""
        found: dict[str, list[int]] = {}
        for place, word in enumerate(self.words):
            found.setdefault(word, []).append(place)
        for place, others in self.spelt.items():
            for other in others:
                found.setdefault(other, []).append(place)
        return found

    @cached_property
    def spans(self) -> list[Span]:
        """Where each word stands, in characters."""
        return [found.span() for found in self._pattern.finditer(self.text)]

    def find(self, phrase: Phrase) -> Iterator[Span]:
        """Yield the spans of a phrase, left to right, none overlapping."""
        if phrase.within is not None:
            return self._near(phrase.words, len(phrase.words) + phrase.within)
        return self._in_order(phrase.words)

    def _in_order(self, words: tuple[Word, ...]) -> Iterator[Span]:
        after = 0
        for place in self._places(words[0]):
            if place >= after and self._goes_on(place, words):
                after = place + len(words)
                yield self.spans[place][0], self.spans[after - 1][1]

    def _near(self, words: tuple[Word, ...], most: int) -> Iterator[Span]:
        """Yield the shortest stretches of at most so many words that have all of these."""
        found = sorted((place, at) for at, word in enumerate(words) for place in self._places(word))
        last: dict[int, int] = {}
        for place, at in found:
            last[at] = place
            if len(last) == len(words) and place - (first := min(last.values())) < most:
                yield self.spans[first][0], self.spans[place][1]
                last.clear()

    def _places(self, word: Word) -> list[int]:
        """Return where a word stands, in order."""
        found = sorted({place for form in self._spellings(word) for place in self.places[form]})
        if word.exact:
            return [place for place in found if self._written_as(place, word)]
        return found

    def _spellings(self, word: Word) -> Iterator[str]:
        """Yield the spellings in this text that are the word."""
        if not word.prefix:
            yield from (form for form in word.forms if form in self.places)
            return
        for beginning in spelling.beginnings(word.text):
            for at in range(bisect_left(self._ordered, beginning), len(self._ordered)):
                if not self._ordered[at].startswith(beginning):
                    break
                yield self._ordered[at]

    @cached_property
    def _ordered(self) -> list[str]:
        return sorted(self.places)

    def _goes_on(self, place: int, words: tuple[Word, ...]) -> bool:
        return place + len(words) <= len(self.words) and all(
            self._is(at, words[at - place]) and self._joined(at, words[at - place])
            for at in range(place + 1, place + len(words))
        )

    def _is(self, place: int, word: Word) -> bool:
        written = (self.words[place], *self.spelt.get(place, ()))
        if word.prefix:
            return any(each.startswith(spelling.beginnings(word.text)) for each in written)
        if word.forms.isdisjoint(written):
            return False
        return not word.exact or self._written_as(place, word)

    def _written_as(self, place: int, word: Word) -> bool:
        start, end = self.spans[place]
        return spelling.written_as_acronym(word.text, self.text[start:end])

    def _joined(self, place: int, word: Word) -> bool:
        gap = self.text[self.spans[place - 1][1] : self.spans[place][0]]
        if word.joined:
            return _NOTHING.fullmatch(gap) is not None
        return gap in (" ", "-") or spelling.signs(gap) in ("", word.sign)
