"""The parser of the keyword language: tokens to a tree. Pure.

It goes down the grammar that the package's docstring gives, a method for each rule.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from digest.keywords.lexer import Token
from digest.keywords.phrases import in_order, near, slip
from digest.keywords.tree import FIELDS, And, Field, Node, Not, Or, Phrase, joined, phrases, show

MOST_DEPTH = 10
"""How many parentheses may stand within each other."""

MOST_PHRASES = 50

_WORDS = ("plain", "quoted", "field")


def parse(entry: str, found: Sequence[Token]) -> Node:
    """Read the tokens of an entry. Raises KeywordError for one that hits what has none of it."""
    parser = _Parser(entry, found)
    tree = parser.whole()
    if holds_of_nothing(tree):
        reason = f"would hit nearly every paper; put it as an entry `-{_without(tree)}`"
        slip(entry, found[0], reason)
    return tree


def holds_of_nothing(tree: Node) -> bool:
    """Say whether a tree is true of a paper in which none of its phrases hits."""
    match tree:
        case Phrase():
            return False
        case Not(part):
            return not holds_of_nothing(part)
        case And(parts):
            return all(holds_of_nothing(part) for part in parts)
        case Or(parts):
            return any(holds_of_nothing(part) for part in parts)


class _Parser:
    """Goes through the tokens of one entry; each method leaves behind what it has read."""

    def __init__(self, entry: str, found: Sequence[Token]) -> None:
        self._entry = entry
        self._tokens = found
        self._at = 0
        self._depth = 0
        self._phrases = 0

    def whole(self) -> Node:
        """Read all tokens."""
        tree = self._any("")
        if self._next.kind == ")":
            slip(self._entry, self._next, "a `)` without its `(`: take it out")
        return tree

    @property
    def _next(self) -> Token:
        return self._tokens[self._at]

    def _take(self) -> Token:
        self._at += 1
        return self._tokens[self._at - 1]

    def _any(self, field: Field) -> Node:
        parts = [self._all(field)]
        while self._next.kind == "OR":
            self._take_operator()
            parts.append(self._all(field))
        return joined(Or, parts)

    def _all(self, field: Field) -> Node:
        parts = [self._one(field)]
        while self._next.kind not in ("OR", ")", "end"):
            if self._next.kind == "AND":
                self._take_operator()
            elif self._next.kind != "NOT":
                slip(self._entry, self._next, "put AND or OR before it")
            parts.append(self._one(field))
        return joined(And, parts)

    def _take_operator(self) -> None:
        """Leave an operator behind, seeing that something follows."""
        operator = self._take()
        follows = self._next
        if follows.kind in ("end", ")", "AND", "OR"):
            slip(self._entry, operator, _lonely(operator, "after"))
        if operator.kind == follows.kind:
            slip(self._entry, follows, "`NOT NOT` says nothing; take both away")
        self._refuse_minus()

    def _refuse_minus(self) -> None:
        if self._next.kind == "plain" and self._next.text.startswith("-"):
            slip(self._entry, self._next, "within an entry, write NOT for `-`")

    def _one(self, field: Field) -> Node:
        if self._next.kind == "NOT":
            self._take_operator()
            return Not(self._part(field))
        return self._part(field)

    def _part(self, field: Field) -> Node:
        token = self._next
        if token.kind in ("AND", "OR"):
            slip(self._entry, token, _lonely(token, "before"))
        if token.kind == ")":
            slip(self._entry, token, "a `)` without its `(`: take it out")
        if token.kind == "field":
            return self._fielded(field)
        return self._group(field) if token.kind == "(" else self._phrase(field)

    def _fielded(self, outer: Field) -> Node:
        token = self._take()
        field = _known_field(self._entry, token)
        if outer or self._next.kind == "field":
            second = token if outer else self._next
            slip(self._entry, second, "a second field; put AND or OR between", len(second.text))
        return self._group(field) if self._next.kind == "(" else self._phrase(field)

    def _group(self, field: Field) -> Node:
        opened = self._take()
        self._depth += 1
        if self._depth > MOST_DEPTH:
            slip(self._entry, opened, f"more than {MOST_DEPTH} parentheses within each other")
        if self._next.kind == ")":
            slip(self._entry, opened, "nothing stands between these parentheses")
        self._refuse_minus()
        tree = self._any(field)
        if self._take().kind != ")":
            slip(self._entry, opened, "a `(` without its `)`: add one")
        self._depth -= 1
        return tree

    def _phrase(self, field: Field) -> Phrase:
        start = self._at
        self._phrases += 1
        if self._phrases > MOST_PHRASES:
            reason = f"more than {MOST_PHRASES} phrases; make it several entries"
            slip(self._entry, self._next, reason)
        if self._next.within is not None:
            return near(self._entry, self._take(), field)
        while self._next.kind in _WORDS:
            self._take_word()
        return in_order(self._entry, self._tokens[start : self._at + 1], field)

    def _take_word(self) -> None:
        token = self._take()
        if token.kind == "field":
            slip(self._entry, token, f"put AND or OR before `{token.text}:`, or quotes around it")
        if token.within is not None:
            slip(self._entry, token, "put AND or OR before what has a `~`")


def _without(tree: Node) -> str:
    """Return what an entry that leaves it out should say."""
    unwanted = joined(Or, list(phrases(tree, positive=False)))
    text = show(unwanted)
    return text if isinstance(unwanted, Phrase) or text.endswith(")") else f"({text})"


def _lonely(operator: Token, side: str) -> str:
    return f"nothing stands {side} `{operator.text}`; put quotes around it if the word is meant"


def _known_field(entry: str, token: Token) -> Field:
    name = token.text.lower()
    if name in FIELDS:
        return cast(Field, name)
    near = _near_field(name)
    hint = f" (did you mean `{near}:`?)" if near else ""
    reason = f"unknown field `{token.text}:`{hint}; put quotes around a colon that is meant"
    return slip(entry, token, reason)


def _near_field(name: str) -> str:
    from rapidfuzz import process  # noqa: PLC0415 - only a slip pays for it

    best = process.extractOne(name, FIELDS, score_cutoff=70)
    return str(best[0]) if best else ""
