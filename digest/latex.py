"""LaTeX accents and simple maths, made readable."""

from __future__ import annotations


def readable(text: str) -> str:
    return text
