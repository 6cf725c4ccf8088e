"""From the tokens of a phrase to its words. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NoReturn

from msgspec.structs import replace

from digest.errors import KeywordError
from digest.keywords import words as spelling
from digest.keywords.lexer import Token
from digest.keywords.tree import Field, Phrase, Word
from digest.papers import plain

MOST_WITHIN = 50
"""How many other words may stand between those of ``"…"~``; an abstract has some 200."""

SHORTEST_PREFIX = 3
"""How many letters a `prefix*` has at least; what is shorter begins too many words."""

_STARRED = re.compile(r"\*(?![^\W_])")
_CATEGORY = re.compile(r"[A-Za-z][\w-]*(\.[A-Za-z][\w-]*)?", re.ASCII)
_INSTEAD = {
    "|": "write OR",
    "&": "write AND",
    "~": 'it stands after quotes: `"data selection"~5`',
    "*": "it stands at the end of a word: `simulat*`",
    ":": "put quotes around a colon that is meant",
}


def slip(entry: str, token: Token, reason: str, at: int = 0) -> NoReturn:
    """Raise KeywordError for a token, or for the character `at` of its text."""
    raise KeywordError(entry, token.column + at, reason)


def in_order(entry: str, found: Sequence[Token], field: Field) -> Phrase:
    """Read words and quotes that follow each other; the last token is what follows them."""
    *taken, _ = found
    if field == "category":
        return Phrase((_category(entry, found),), field)
    read: list[Word] = []
    gap = ""
    for token in taken:
        words, tail = _words(entry, token, field, gap)
        read += words
        gap = tail if words else gap + tail
    return Phrase(_checked(entry, found[0], read, field), field)


def near(entry: str, token: Token, field: Field) -> Phrase:
    """Read ``"…"~number``."""
    within = token.within or ""
    if not re.fullmatch(r"\d{1,2}", within, re.ASCII) or int(within) > MOST_WITHIN:
        slip(entry, token, f'`~` takes a number up to {MOST_WITHIN}: `"data selection"~5`')
    if field in ("author", "category"):
        slip(entry, token, f"`~` is for words of a text; drop it after `{field}:`")
    words, _ = _words(entry, token, field)
    read = tuple(replace(word, sign="") for word in _checked(entry, token, words, field))
    if len(read) == 1:
        slip(entry, token, "`~` is for two words or more")
    if _overlap(read):
        slip(entry, token, "the same word twice; `~` is for different ones")
    return Phrase(read, field, int(within))


def literal(text: str, field: Field = "") -> Phrase:
    """Return the phrase of a text in which no sign means anything."""
    if field == "category":
        return Phrase((Word(text),), field)
    token = Token("quoted", text, 0)
    return in_order(text, (token, token), field)


def _words(entry: str, token: Token, field: Field, gap: str = "") -> tuple[list[Word], str]:
    """Read the words of a token, and what stands after the last; `gap` stands before the token.

    Within quotes, signs are part of no word.
    """
    text = token.text
    find = spelling.SPACED if field == "author" else spelling.pattern(text)
    read: list[Word] = []
    stars: set[int] = set()
    before = 0
    for found in find.finditer(text):
        gap += text[before : found.start()]
        before = found.end()
        starred = not _is_literal(token) and bool(_STARRED.match(text, before))
        if starred:
            _check_prefix(entry, token, found)
            stars.add(before)
            before += 1
        read.append(_word(found[0], read, gap, field, starred=starred))
        gap = ""
    _check_signs(entry, token, stars)
    return read, gap + text[before:]


def _word(text: str, read: Sequence[Word], gap: str, field: Field, *, starred: bool) -> Word:
    """Return a word as it follows those that are `read`; `gap` stands between."""
    if field == "author":
        return Word(text, prefix=starred)
    unspaced = spelling.is_unspaced(text)
    joined = bool(read) and not gap and unspaced and spelling.is_unspaced(read[-1].text)
    return Word(text, prefix=starred and not unspaced, joined=joined, sign=spelling.signs(gap))


def _is_literal(token: Token) -> bool:
    """Say whether a token is in quotes, where signs mean nothing."""
    return token.kind == "quoted" and token.within is None


def _check_prefix(entry: str, token: Token, found: re.Match[str]) -> None:
    if not spelling.is_unspaced(found[0]) and len(plain(found[0])) < SHORTEST_PREFIX:
        reason = f"`{found[0]}*` is too wide: at least {SHORTEST_PREFIX} letters before a `*`"
        slip(entry, token, reason, found.start() + (token.kind == "quoted"))


def _check_signs(entry: str, token: Token, stars: set[int]) -> None:
    signs = _INSTEAD if token.kind == "plain" else () if _is_literal(token) else ("*",)
    for at, char in enumerate(token.text):
        if char in signs and at not in stars:
            reason = f"`{char}` has no meaning here; {_INSTEAD[char]}"
            slip(entry, token, reason, at + (token.kind == "quoted"))


def _checked(entry: str, first: Token, read: list[Word], field: Field) -> tuple[Word, ...]:
    """Return the words of a phrase, those typed as acronyms as such. Refuses none."""
    if not read:
        slip(entry, first, "has no word to look for")
    read = [replace(read[0], sign=""), *read[1:]]
    if field == "author" or spelling.is_loud(word.text for word in read):
        return tuple(read)
    return tuple(replace(word, exact=True) if _is_acronym(word) else word for word in read)


def _is_acronym(word: Word) -> bool:
    return not word.prefix and spelling.is_acronym(word.text)


def _category(entry: str, found: Sequence[Token]) -> Word:
    name = found[0].text.strip() if found[0].kind in ("plain", "quoted") else ""
    if len(found) > 2 or not _CATEGORY.fullmatch(name):  # noqa: PLR2004 - itself and what follows
        slip(entry, found[0], "a category is one such as `cs.LG`, or `cs` for all of them")
    return Word(name)


def _overlap(read: Sequence[Word]) -> bool:
    """Say whether two of some words can be the same word of a text."""
    return any(_both(one, other) for at, one in enumerate(read) for other in read[at + 1 :])


def _both(one: Word, other: Word) -> bool:
    if one.prefix and other.prefix:
        ours, theirs = spelling.beginnings(one.text), spelling.beginnings(other.text)
        return any(a.startswith(theirs) for a in ours) or any(b.startswith(ours) for b in theirs)
    if one.prefix or other.prefix:
        short, long = (one, other) if one.prefix else (other, one)
        return any(form.startswith(spelling.beginnings(short.text)) for form in long.forms)
    return not one.forms.isdisjoint(other.forms)
