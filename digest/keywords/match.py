"""Where a keyword hits a paper. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from digest.keywords import words as spelling
from digest.keywords.entry import Keyword
from digest.keywords.text import Span, Text
from digest.keywords.tree import And, Node, Not, Phrase, Word
from digest.papers import Paper

Where = Literal["title", "abstract", "authors", "categories"]

_ORDER: tuple[Where, ...] = ("title", "abstract", "authors", "categories")


@dataclass(frozen=True, slots=True)
class Hit:
    """Where a keyword hits: the field, and the span of characters in its readable text.

    For authors and categories the span counts in the one that is hit, `at` says which.
    """

    where: Where
    start: int
    end: int
    at: int = 0


HitsOf = Callable[[Phrase], tuple[Hit, ...]]
"""Gives the places where a phrase hits one paper."""


def find(keyword: Keyword, title: Text, abstract: Text, paper: Paper) -> tuple[Hit, ...]:
    """Return every place where a keyword hits a paper; none where it is not true of it."""
    return holds(keyword.tree, lambda phrase: hits(phrase, title, abstract, paper)) or ()


def holds(tree: Node, hits_of: HitsOf, *, wanted: bool = True) -> tuple[Hit, ...] | None:
    """Return the places that make a tree true, or untrue if not `wanted`; None if it is not so.

    What must not be has no places.
    """
    match tree:
        case Phrase():
            found = hits_of(tree)
            if wanted:
                return found or None
            return None if found else ()
        case Not(part):
            return holds(part, hits_of, wanted=not wanted)
        case _:
            each = [holds(part, hits_of, wanted=wanted) for part in tree.parts]
            true = [found for found in each if found is not None]
            needed = len(each) if isinstance(tree, And) == wanted else 1
            return _ordered(true) if len(true) >= needed else None


def hits(phrase: Phrase, title: Text, abstract: Text, paper: Paper) -> tuple[Hit, ...]:
    """Return every place where a single phrase hits a paper."""
    match phrase.field:
        case "author":
            return tuple(_authors(phrase, paper))
        case "category":
            return tuple(_categories(phrase, paper))
        case _:
            return tuple(_text(phrase, title, abstract))


def stretches(keyword: Keyword, text: Text) -> list[Span]:
    """Return where the words of a keyword stand in another text about a paper that it hits."""
    return sorted(at for phrase in keyword.wanted if not phrase.field for at in text.find(phrase))


def _ordered(found: list[tuple[Hit, ...]]) -> tuple[Hit, ...]:
    if len(found) == 1:
        return found[0]
    distinct = {hit for each in found for hit in each}
    return tuple(sorted(distinct, key=lambda h: (_ORDER.index(h.where), h.at, h.start, h.end)))


def _text(phrase: Phrase, title: Text, abstract: Text) -> Iterator[Hit]:
    yield from (Hit("title", *span) for span in title.find(phrase))
    if not phrase.field:
        yield from (Hit("abstract", *span) for span in abstract.find(phrase))


def _authors(phrase: Phrase, paper: Paper) -> Iterator[Hit]:
    wanted = sorted(phrase.words, key=_is_initial)
    for at, author in enumerate(paper.authors):
        spellings = [spelling.name_forms(word) for word in spelling.SPACED.findall(author)]
        if _named(wanted, spellings):
            yield Hit("authors", 0, len(author), at)


def _named(wanted: list[Word], spellings: list[frozenset[str]]) -> bool:
    """Say whether each word is another one of a name's; initials must come last."""
    for word in wanted:
        found = next((each for each in spellings if _means(word, each)), None)
        if found is None:
            return False
        spellings.remove(found)
    return True


def _means(word: Word, forms: frozenset[str]) -> bool:
    """Say whether a word is meant; an initial stands for what begins with it."""
    wanted = spelling.name_forms(word.text)
    if word.prefix or _is_initial(word):
        return any(form.startswith(tuple(wanted)) for form in forms)
    return not wanted.isdisjoint(forms)


def _is_initial(word: Word) -> bool:
    return len(initial := min(spelling.name_forms(word.text), key=len)) == 1 and initial.isalpha()


def _categories(phrase: Phrase, paper: Paper) -> Iterator[Hit]:
    wanted = phrase.words[0].text.casefold()
    for at, category in enumerate(paper.categories):
        folded = category.casefold()
        if folded == wanted or folded.startswith(wanted + "."):
            yield Hit("categories", 0, len(category), at)
