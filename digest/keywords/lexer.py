"""From an entry to its tokens, each with its column. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from msgspec import Struct

from digest.errors import KeywordError

Kind = Literal["(", ")", "AND", "OR", "NOT", "field", "plain", "quoted", "end"]

_KINDS: dict[str, Kind] = {"(": "(", ")": ")", "AND": "AND", "OR": "OR", "NOT": "NOT"}
_WIDE = str.maketrans("（）：＊＾～＂“”„", '():*^~""""')  # noqa: RUF001 - as they are typed
"""What keyboards of other scripts give in place of our signs, one character for one."""

_PIECE = re.compile(
    r"""\s*(?:(?P<quoted>"(?P<inner>[^"]*)"(?:~(?P<within>[^\s()]*))?)|(?P<sign>[()])"""
    r"""|(?P<field>[^\W\d]\w*:)|(?P<plain>[^\s"()]+))"""
)


class Token(Struct, frozen=True):
    """A piece of an entry; `column` counts from 1, `within` is what stands after ``"…"~``."""

    kind: Kind
    text: str
    column: int
    within: str | None = None


def narrow(text: str) -> str:
    """Return an entry with the signs that we know, every column kept."""
    return text.translate(_WIDE)


def tokens(entry: str, body: str, start: int) -> Iterator[Token]:
    """Yield the pieces of `body`, which begins at column `start` of `entry`, and an end.

    Raises KeywordError for a quote that is not closed.
    """
    at = 0
    end = len(body.rstrip())
    while at < end:
        found = _PIECE.match(body, at)
        if not found:
            column = start + body.index('"', at)
            raise KeywordError(entry, column, 'a quote is opened and not closed: add `"`')
        yield _token(found, start)
        at = found.end()
    yield Token("end", "", start + end)


def _token(found: re.Match[str], start: int) -> Token:
    kind = found.lastgroup if found.lastgroup in ("sign", "field", "plain") else "quoted"
    column = start + found.start(kind)
    if kind == "quoted":
        return Token("quoted", found["inner"], column, found["within"])
    text = found[kind]
    if kind == "field":
        return Token("field", text[:-1], column)
    return Token(_KINDS.get(text, "plain"), text, column)
