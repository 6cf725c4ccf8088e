"""The keyword language: a text to a `Keyword`, and where it hits a paper.

    data selection          the words in this order, a hyphen as good as a space, plural or not
    "data selection"        the same; quotes keep signs that would mean something
    title: data selection   in the title alone; also author: and category:
    data selection^2        twice as dear
    -medical                leaves out what it hits

Words are whole (`ocr` is not in `democratize`), case and accents don't count, and an umlaut is
as good as its two-letter spelling. Nothing fuzzy ever hits. Pure: it never ranks or stores.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Literal, cast

from digest.errors import KeywordError
from digest.papers import GERMAN, Paper, plain

Field = Literal["", "title", "author", "category"]
Where = Literal["title", "abstract", "authors", "categories"]

FIELDS = ("title", "author", "category")
MOST_CHARACTERS = 200
MOST_WEIGHT = 100.0

_WORD = re.compile(r"[^\W_]+(?:[+#]+(?![^\W_])|['’]s(?![^\W_]))?")  # noqa: RUF001 - both apostrophes
_BETWEEN = re.compile(r"[\s\-\u00ad‐-―−/_]*")  # noqa: RUF001 - these dashes are what papers use
_UMLAUT_SPELT = re.compile(r"([aou])e(?=[b-df-hj-km-np-tv-xz]|l.)")
_MAYBE_A_NAME = re.compile(r"[A-Z][a-z]*[aou]e[a-z]")
_SURE_SINGULAR = frozenset(
    ["news", "does", "this", "thus", "plus", "hers", "ours", "lens", "chaos", "atlas", "bias"]
)
_IRREGULAR = {
    "matrix": "matrices",
    "index": "indices",
    "vertex": "vertices",
    "corpus": "corpora",
    "analysis": "analyses",
    "hypothesis": "hypotheses",
    "criterion": "criteria",
    "phenomenon": "phenomena",
}
_REGULAR = {plural: singular for singular, plural in _IRREGULAR.items()}
_SIBILANT = ("s", "x", "z", "ch", "sh")
_TAIL = re.compile(r"\^(?P<number>[^\s^\"]*)$")
_HEAD = re.compile(r"(?P<field>[^\W\d]\w*):(?P<gap>\s*)")
_SIGNS = "()*|&"


@dataclass(frozen=True, slots=True)
class Hit:
    """Where a keyword hits: the field, and the span of characters in its readable text.

    For authors and categories the span counts in the one that is hit, `at` says which.
    """

    where: Where
    start: int
    end: int
    at: int = 0


@dataclass(frozen=True)
class Keyword:
    """A thing to follow, or with `excluded` to leave out. `words` are as typed."""

    text: str
    words: tuple[str, ...]
    field: Field = ""
    weight: float = 1.0
    excluded: bool = False

    @cached_property
    def forms(self) -> tuple[frozenset[str], ...]:
        """Each word's spellings that count as the word."""
        return tuple(_forms(word, name=self.field == "author") for word in self.words)

    @property
    def phrase(self) -> str:
        """What it looks for, without weight or sign."""
        return " ".join(self.words)


@dataclass
class Text:
    """A readable text and its words: folded, in order."""

    text: str
    words: list[str] = field(init=False)
    spelt: dict[int, tuple[str, ...]] = field(init=False)

    def __post_init__(self) -> None:
        """Find the words, and the other spellings of those that have any."""
        if self.text.isascii():
            self.words = _WORD.findall(self.text.lower())
        else:
            self.words = [plain(word) for word in _WORD.findall(self.text)]
        self.spelt = dict(_other_spellings(self.text))

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
    def spans(self) -> list[tuple[int, int]]:
        """Where each word stands, in characters."""
        return [found.span() for found in _WORD.finditer(self.text)]

    def find(self, forms: tuple[frozenset[str], ...]) -> Iterator[tuple[int, int]]:
        """Yield the spans of a phrase, left to right, none overlapping."""
        after = 0
        for place in self._places(forms[0]):
            if place >= after and self._goes_on(place, forms):
                after = place + len(forms)
                yield self.spans[place][0], self.spans[after - 1][1]

    def _places(self, wanted: frozenset[str]) -> list[int]:
        return sorted({place for form in wanted for place in self.places.get(form, ())})

    def _goes_on(self, place: int, forms: tuple[frozenset[str], ...]) -> bool:
        return place + len(forms) <= len(self.words) and all(
            self._is(next_, forms[next_ - place]) and self._joined(next_)
            for next_ in range(place + 1, place + len(forms))
        )

    def _is(self, place: int, wanted: frozenset[str]) -> bool:
        return self.words[place] in wanted or not wanted.isdisjoint(self.spelt.get(place, ()))

    def _joined(self, place: int) -> bool:
        gap = self.text[self.spans[place - 1][1] : self.spans[place][0]]
        return _BETWEEN.fullmatch(gap) is not None


def parse(text: str) -> Keyword:
    """Read one entry of a reader's list. Raises KeywordError, with the column of the slip."""
    body, start = text.strip(), len(text) - len(text.lstrip()) + 1
    _check_size(text, body)
    excluded = body.startswith("-")
    if excluded:
        body, start = body[1:], start + 1
    body, weight = _weight(text, body, start)
    if excluded and weight is not None:
        raise KeywordError(text, start + len(body), "what is left out has no weight; drop the `^`")
    body, start, named = _field(text, body, start)
    words = _words(text, body, start, named)
    return Keyword(text.strip(), words, named, 1.0 if weight is None else weight, excluded)


def find(keyword: Keyword, title: Text, abstract: Text, paper: Paper) -> tuple[Hit, ...]:
    """Return every place where a keyword hits a paper."""
    match keyword.field:
        case "author":
            return tuple(_authors(keyword, paper))
        case "category":
            return tuple(_categories(keyword, paper))
        case _:
            return tuple(_text(keyword, title, abstract))


def _text(keyword: Keyword, title: Text, abstract: Text) -> Iterator[Hit]:
    yield from (Hit("title", *span) for span in title.find(keyword.forms))
    if not keyword.field:
        yield from (Hit("abstract", *span) for span in abstract.find(keyword.forms))


def _authors(keyword: Keyword, paper: Paper) -> Iterator[Hit]:
    for at, author in enumerate(paper.authors):
        spellings = [_forms(word, name=True) for word in _WORD.findall(author)]
        if _named(sorted(keyword.forms, key=_is_initial), spellings):
            yield Hit("authors", 0, len(author), at)


def _named(wanted: list[frozenset[str]], spellings: list[frozenset[str]]) -> bool:
    """Say whether each word is another one of a name's; initials must come last."""
    for forms in wanted:
        found = next((each for each in spellings if _means(forms, each)), None)
        if found is None:
            return False
        spellings.remove(found)
    return True


def _means(wanted: frozenset[str], forms: frozenset[str]) -> bool:
    """Say whether a word is meant; an initial stands for what begins with it."""
    if _is_initial(wanted):
        return any(form.startswith(tuple(wanted)) for form in forms)
    return not wanted.isdisjoint(forms)


def _is_initial(wanted: frozenset[str]) -> bool:
    return len(initial := min(wanted, key=len)) == 1 and initial.isalpha()


def _categories(keyword: Keyword, paper: Paper) -> Iterator[Hit]:
    wanted = keyword.words[0].casefold()
    for at, category in enumerate(paper.categories):
        folded = category.casefold()
        if folded == wanted or folded.startswith(wanted + "."):
            yield Hit("categories", 0, len(category), at)


def _check_size(text: str, body: str) -> None:
    if not body:
        raise KeywordError(text, 1, "is empty")
    for column, char in enumerate(text[:MOST_CHARACTERS], 1):
        if not (char.isprintable() or char.isspace()):
            raise KeywordError(ascii(text[:40])[1:-1], column, "a control character; take it out")
    if len(text) > MOST_CHARACTERS:
        reason = f"is longer than {MOST_CHARACTERS} characters"
        raise KeywordError(text[:40] + "…", MOST_CHARACTERS + 1, reason)


def _weight(text: str, body: str, start: int) -> tuple[str, float | None]:
    found = _TAIL.search(body)
    before = _outside_quotes(body[: found.start()] if found else body)
    if "^" in before:
        column = start + before.index("^")
        raise KeywordError(text, column, "one weight stands at the end: `data selection^2`")
    if not found:
        return body, None
    column, number = start + found.start(), found["number"]
    if not re.fullmatch(r"\d{1,4}(\.\d{1,4})?", number, re.ASCII):
        raise KeywordError(text, column + 1, "a weight is a number: `^2` or `^0.5`")
    weight = float(number)
    if not 0 < weight <= MOST_WEIGHT:
        raise KeywordError(text, column + 1, f"a weight is above 0 and at most {MOST_WEIGHT:g}")
    return body[: found.start()], weight


def _field(text: str, body: str, start: int) -> tuple[str, int, Field]:
    found = _HEAD.match(body)
    if not found:
        return body, start, ""
    name = found["field"].lower()
    if name not in FIELDS:
        near = _near(name)
        hint = f" (did you mean `{near}:`?)" if near else ""
        reason = f"unknown field `{found['field']}:`{hint}; put quotes around a colon that is meant"
        raise KeywordError(text, start, reason)
    return body[found.end() :], start + found.end(), cast(Field, name)


def _near(name: str) -> str:
    from rapidfuzz import process  # noqa: PLC0415 - only a slip pays for it

    best = process.extractOne(name, FIELDS, score_cutoff=70)
    return str(best[0]) if best else ""


def _words(text: str, body: str, start: int, named: Field) -> tuple[str, ...]:
    outside = _outside_quotes(body)
    if body.count('"') % 2:
        raise KeywordError(
            text, start + body.rindex('"'), 'a quote is opened and not closed: add `"`'
        )
    for column, char in enumerate(outside, start):
        if char in _SIGNS:
            reason = f"`{char}` has no meaning here; put quotes around the words if it is meant"
            raise KeywordError(text, column, reason)
        if char == ":":
            raise KeywordError(text, column, "a second field; make it an entry of its own")
    if named == "category":
        return _category(text, body, start)
    words = tuple(_WORD.findall(body))
    if not words:
        raise KeywordError(text, start, "has no word to look for")
    return words


def _category(text: str, body: str, start: int) -> tuple[str, ...]:
    name = body.strip().strip('"').strip()
    if not re.fullmatch(r"[A-Za-z][\w-]*(\.[A-Za-z][\w-]*)?", name, re.ASCII):
        raise KeywordError(
            text, start, "a category is one such as `cs.LG`, or `cs` for all of them"
        )
    return (name,)


def _outside_quotes(body: str) -> str:
    """Blank out what stands in quotes, keeping every column."""
    return re.sub(r'"[^"]*"', lambda quoted: " " * len(quoted[0]), body)


@lru_cache(maxsize=4096)
def _forms(word: str, *, name: bool = False) -> frozenset[str]:
    folded = {plain(word), plain(word.casefold().translate(GERMAN))}
    if name or word[:1].isupper():
        folded |= {_UMLAUT_SPELT.sub(r"\1", form) for form in folded}
    if name:
        return frozenset(folded)
    return frozenset(number for form in folded for number in _numbers(form))


def _numbers(word: str) -> Iterator[str]:
    """Yield the singular and plural spellings of a folded word."""
    yield word
    if word.endswith(("'s", "’s")):  # noqa: RUF001 - papers use both apostrophes
        word = word[:-2]
        yield word
    if not word[-1:].isalpha() or word.isdigit():
        return
    singulars = () if word in _SURE_SINGULAR else tuple(_singulars(word))
    yield from singulars
    for owner in (word, *singulars):
        yield from (f"{owner}'s", f"{owner}’s")  # noqa: RUF001 - as above
    if word not in _REGULAR:
        yield from (plural for plural in _plurals(word) if plural not in _SURE_SINGULAR)


def _singulars(word: str) -> Iterator[str]:
    if word in _REGULAR:
        yield _REGULAR[word]
    if len(word) < 4 or not word.endswith("s") or word.endswith(("ss", "us", "is")):  # noqa: PLR2004 - shorter words are no plurals
        return
    yield word[:-1]
    if word.endswith("ies"):
        yield word[:-3] + "y"
    elif word.endswith("es") and word[:-2].endswith(_SIBILANT):
        yield word[:-2]


def _plurals(word: str) -> Iterator[str]:
    if word in _IRREGULAR:
        yield _IRREGULAR[word]
    if word.endswith(_SIBILANT):
        yield word + "es"
        return
    if word.endswith("y") and word[-2:-1] not in "aeiou":
        yield word[:-1] + "ies"
    yield word + "s"


def _other_spellings(text: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Yield the place and further spellings of words that have an umlaut, spelt either way."""
    if text.isascii() and not _MAYBE_A_NAME.search(text):
        return
    for place, word in enumerate(_WORD.findall(text)):
        other = set()
        if not word.isascii():
            other.add(plain(word.casefold().translate(GERMAN)))
        if word[0].isupper() and "e" in word:
            other.add(_UMLAUT_SPELT.sub(r"\1", plain(word)))
        other.discard(plain(word))
        if other:
            yield place, tuple(sorted(other))
