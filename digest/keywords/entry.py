"""One entry of a reader's list: what it looks for, how dear it is, whether it leaves out. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache

from digest.errors import KeywordError
from digest.keywords import grammar
from digest.keywords.lexer import narrow, tokens
from digest.keywords.tree import Node, Phrase, phrases, show

MOST_CHARACTERS = 500
MOST_WEIGHT = 100.0

_WEIGHT = re.compile(r"\^(?P<number>[^\s^\"()]*)$")


@dataclass(frozen=True)
class Keyword:
    """A thing to follow, or with `excluded` to leave out. `text` is as typed."""

    text: str
    tree: Node
    weight: float = 1.0
    excluded: bool = False

    @cached_property
    def wanted(self) -> tuple[Phrase, ...]:
        """The distinct phrases that can hit."""
        return tuple(dict.fromkeys(phrases(self.tree, positive=True)))

    @cached_property
    def unwanted(self) -> tuple[Phrase, ...]:
        """The distinct phrases that must not be there."""
        return tuple(dict.fromkeys(phrases(self.tree, positive=False)))

    @cached_property
    def meaning(self) -> str:
        """What it looks for, however it is typed: the same for keywords that hit the same."""
        return show(self.tree)

    @property
    def phrase(self) -> str:
        """What it looks for, without weight or sign; a single phrase without its field."""
        return self.tree.text if isinstance(self.tree, Phrase) else self.meaning


@lru_cache(maxsize=4096)
def parse(text: str) -> Keyword:
    """Read one entry of a reader's list. Raises KeywordError, with the column of the slip."""
    body, start = narrow(text).strip(), len(text) - len(text.lstrip()) + 1
    _check_size(text, body)
    excluded = body.startswith("-")
    if excluded:
        body, start = body[1:], start + 1
    body, weight = _weight(text, body, start)
    if excluded and weight is not None:
        raise KeywordError(text, start + len(body), "what is left out has no weight; drop the `^`")
    tree = grammar.parse(text, tuple(tokens(text, body, start)))
    return Keyword(text.strip(), tree, 1.0 if weight is None else weight, excluded)


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
    found = _WEIGHT.search(body)
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


def _outside_quotes(body: str) -> str:
    """Blank out what stands in quotes, keeping every column."""
    return re.sub(r'"[^"]*"', lambda quoted: " " * len(quoted[0]), body)
