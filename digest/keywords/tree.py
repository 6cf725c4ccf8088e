"""What an entry means, as a tree: phrases, joined by AND, OR and NOT. Pure.

`show` writes a tree as an entry that reads back as the same tree. The nodes are structs that keep
their hash, since phrases are keys.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Literal

from msgspec import Struct

from digest.keywords import words as spelling

Field = Literal["", "title", "author", "category"]

FIELDS = ("title", "author", "category")
OPERATORS = ("AND", "OR", "NOT")


class Word(Struct, frozen=True, cache_hash=True):
    """A word of a phrase, as typed.

    With `prefix` it stands for all that begins so; with `exact` it is an acronym. `joined` says
    that nothing parts it from the character before it, in a script without spaces. `sign` is
    what may stand between it and the word before it: the ``&`` of ``"Q&A"``.
    """

    text: str
    prefix: bool = False
    exact: bool = False
    joined: bool = False
    sign: str = ""

    @property
    def forms(self) -> frozenset[str]:
        """Its spellings that count as the word, where it is no prefix."""
        return spelling.acronym_forms(self.text) if self.exact else spelling.forms(self.text)

    @property
    def is_open(self) -> bool:
        """Say whether it stands for more than a word, or for a part of one."""
        return self.prefix or spelling.is_unspaced(self.text)

    @property
    def has_stem(self) -> bool:
        """Say whether other forms of it are worth a little."""
        return not (self.prefix or self.exact) and spelling.is_inflected(self.text)


class Phrase(Struct, frozen=True, cache_hash=True):
    """Words to look for: in this order, or `within` so many others in any order."""

    words: tuple[Word, ...]
    field: Field = ""
    within: int | None = None

    @property
    def text(self) -> str:
        """What it looks for, without the field."""
        if self.within is None:
            return _spaced(self.words, _quoted)
        return f'"{_spaced(self.words, _typed)}"~{self.within}'

    @property
    def written(self) -> str:
        """The same, with the signs between its words, so that it reads back."""
        if not any(word.sign for word in self.words):
            return self.text
        return _spaced(self.words, lambda word: _signed_by(word) + _quoted(word))


class Not(Struct, frozen=True, cache_hash=True):
    """What must not be."""

    part: Node


class And(Struct, frozen=True, cache_hash=True):
    """What must be together; no part is an `And` itself."""

    parts: tuple[Node, ...]


class Or(Struct, frozen=True, cache_hash=True):
    """What one of must be; no part is an `Or` itself."""

    parts: tuple[Node, ...]


Node = Phrase | Not | And | Or


def joined(kind: type[And | Or], parts: list[Node]) -> Node:
    """Return parts joined by one operator, flat; a single part stands for itself."""
    flat: list[Node] = []
    for part in parts:
        flat.extend(part.parts if isinstance(part, kind) else (part,))
    return flat[0] if len(flat) == 1 else kind(tuple(flat))


def phrases(node: Node, *, positive: bool | None = None) -> Iterator[Phrase]:
    """Yield the phrases of a tree, left to right; all, or those that are wanted, or unwanted."""
    yield from (each for each, wanted in _signed(node, wanted=True) if positive in (None, wanted))


def replaced(node: Node, by: Mapping[Phrase, Node]) -> Node:
    """Return a tree with other phrases, or trees, in place of some."""
    match node:
        case Phrase():
            return by.get(node, node)
        case Not(part):
            return Not(replaced(part, by))
        case And(parts) | Or(parts):
            return joined(type(node), [replaced(part, by) for part in parts])


def show(node: Node) -> str:
    """Write a tree as an entry."""
    own = _shared_field(node)
    if own and not isinstance(node, Phrase):
        return f"{own}:({_shown(node, own)})"
    return _shown(node, "")


def _shown(node: Node, field: Field) -> str:
    """Write a tree; `field` is the one that stands before it already."""
    match node:
        case Phrase():
            return node.written if node.field == field else f"{node.field}:{node.written}"
        case Not(part):
            return f"NOT {_operand(part, field)}"
        case And(parts):
            return " AND ".join(_operand(each, field, Not) for each in parts)
        case Or(parts):
            return " OR ".join(_operand(each, field, Not, And) for each in parts)


def _operand(node: Node, field: Field, *loose: type[Not | And]) -> str:
    """Write a part of a tree, in parentheses unless it is one of `loose` or a phrase."""
    if isinstance(node, (Phrase, *loose)):
        return _shown(node, field)
    own = _shared_field(node)
    if own and own != field:
        return f"{own}:({_shown(node, own)})"
    return f"({_shown(node, field)})"


def _shared_field(node: Node) -> Field:
    """Return the field that all phrases of a tree have, or ""."""
    shared = {each.field for each in phrases(node)}
    return shared.pop() if len(shared) == 1 else ""


def _signed(node: Node, *, wanted: bool) -> Iterator[tuple[Phrase, bool]]:
    match node:
        case Phrase():
            yield node, wanted
        case Not(part):
            yield from _signed(part, wanted=not wanted)
        case And(parts) | Or(parts):
            for part in parts:
                yield from _signed(part, wanted=wanted)


def _spaced(words: tuple[Word, ...], write: Callable[[Word], str]) -> str:
    """Write words with spaces between, but for those that are joined."""
    return "".join(
        write(word) if word.joined or not at else f" {write(word)}" for at, word in enumerate(words)
    )


def _typed(word: Word) -> str:
    return f"{word.text}*" if word.prefix else word.text


def _signed_by(word: Word) -> str:
    return f'"{word.sign}" ' if word.sign else ""


def _quoted(word: Word) -> str:
    """Write a word so that it is none of the operators."""
    return f'"{word.text}"' if _typed(word) in OPERATORS else _typed(word)
