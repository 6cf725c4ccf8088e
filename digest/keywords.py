"""The keyword language: a text to a `Keyword`, and where it matches. Pure."""

from __future__ import annotations

from msgspec import Struct


class Keyword(Struct, frozen=True):
    text: str


def parse(text: str) -> Keyword:
    return Keyword(text)
