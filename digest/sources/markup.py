"""Text out of markup: what publishers write into titles and abstracts as JATS, HTML or MathML.

Only elements that are known are taken for markup: ``a < b`` and ``<eos>`` are what they say.
"""

from __future__ import annotations

import html
import re

from digest.sources import fields

_INLINE = (
    "a|alternatives|b|bold|code|em|ext-link|font|i|inline-formula|italic|monospace|named-content"
    "|overline|roman|sans-serif|sc|scp|small|span|strike|strong|styled-content|sub|sup|tex-math|tt"
    "|u|underline|uri|xref"
)
_BLOCK = (
    "abstract|br|break|caption|def|def-item|def-list|disp-formula|disp-quote|div|fig|h[1-6]|hr"
    "|label|li|list|list-item|ol|p|sec|section|supplementary-material|table|td|term|th|tr|ul"
)
_TAG = re.compile(
    rf"</?(?:jats:)?(?:(?P<inline>{_INLINE}|mml:[a-z]{{1,20}})|title|{_BLOCK})(?:\s[^<>]{{0,500}})?/?>",
    re.IGNORECASE,
)
_HEADING = re.compile(
    r"<(?:jats:)?title(?:\s[^<>]{0,200})?>([^<>]{0,200})</(?:jats:)?title>", re.IGNORECASE
)
_BETWEEN = re.compile(r"(</?mml:[^<>]{1,500}>)\s+(?=</?mml:)", re.IGNORECASE)
_SOURCE = re.compile(
    r"<(?:jats:)?tex-math[^<>]{0,200}>[^<>]{0,5000}</(?:jats:)?tex-math>", re.IGNORECASE
)
_NO_CHARACTER = re.compile(r"&#(?:x[0-9a-f]{9,}|[0-9]{9,});?", re.IGNORECASE)
"""No character has such a number, and Python refuses to read some that are longer."""

_ABSTRACT = frozenset({"abstract", "summary"})
_TWICE = 2
"""How often markup is read: some publishers escape it once more."""


def without_markup(value: object) -> str:
    """Return a text on one line without its markup; a section's heading ends in a colon."""
    if not isinstance(value, str):
        return ""
    text = value
    for _ in range(_TWICE):
        if "<" not in text and "&" not in text:
            break
        text = html.unescape(_NO_CHARACTER.sub("\ufffd", _stripped(text)))
    return fields.text(text)


def _stripped(text: str) -> str:
    if "math" in text:
        text = _BETWEEN.sub(r"\1", _SOURCE.sub(_tex, text))
    return _TAG.sub(lambda tag: "" if tag["inline"] else " ", _HEADING.sub(_heading, text))


def _tex(found: re.Match[str]) -> str:
    """Leave out TeX that brings its preamble along: the same formula stands beside it."""
    return "" if "\\documentclass" in found[0] else found[0]


def _heading(found: re.Match[str]) -> str:
    said = found[1].strip().rstrip(":.")
    return " " if said.lower() in _ABSTRACT else f" {said}: "
