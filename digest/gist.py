"""One telling sentence of a paper, and the beginning of its abstract, with hits marked. Pure.

The rule is plain and extractive: a sentence that says what the authors do or find, that holds
what the reader follows, and that is neither a fragment nor a paragraph, is the one to show.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from msgspec import Struct

GIST_WORDS = 25
EXCERPT_WORDS = 60
TITLE_CHARACTERS = 300

_END = re.compile(r"(?:(?<=[.!?])|(?<=[.!?][\"”)]))\s+(?=[\"“(\[]?[A-Z0-9\u00c0-\u024f])")
_ABBREVIATED = re.compile(
    r"(?:\b(?:e\.g|i\.e|et al|cf|vs|resp|approx|figs?|eqs?|sec|no|dr|prof|st|w\.r\.t)|\b[A-Z])\.$",
    re.IGNORECASE,
)
_SAYS = re.compile(
    r"\b(we|this (?:paper|work|article|study)|our)\b.{0,40}?"
    r"\b(introduc|propos|present|show|find|found|"
    r"demonstrat|develop|releas|stud|investigat|prove|deriv|analy[sz]|achiev|reveal|address)",
    re.IGNORECASE,
)
_FINDS = re.compile(
    r"\b(outperform|improv|state[- ]of[- ]the[- ]art|results? (?:show|suggest))", re.IGNORECASE
)
_SHORT, _LONG = 7, 45


class Span(Struct, frozen=True):
    """A piece of a text; `hit` where a keyword matched."""

    text: str
    hit: bool = False


Marked = tuple[Span, ...]
"""A text for readers, in pieces; joined, they are the whole text."""

Stretch = tuple[int, int]
"""From which character to which, the last not included."""


def mark(text: str, hits: Iterable[Stretch], within: Stretch | None = None) -> Marked:
    """Return a text, or the stretch of it that is asked for, in pieces; hits may overlap."""
    start, end = within or (0, len(text))
    spans: list[Span] = []
    at = start
    for first, last in sorted(hits):
        first, last = max(first, at), min(last, end)  # noqa: PLW2901 - clipped to what is left
        if first >= last:
            continue
        if first > at:
            spans.append(Span(text[at:first]))
        spans.append(Span(text[first:last], hit=True))
        at = last
    if at < end:
        spans.append(Span(text[at:end]))
    return tuple(spans)


def excerpt(text: str, hits: Sequence[Stretch]) -> Marked:
    """Return the beginning of an abstract, at most `EXCERPT_WORDS` words."""
    return _ended(text, hits, _cut(text, (0, len(text)), EXCERPT_WORDS), len(text))


def gist(abstract: str, hits: Sequence[Stretch]) -> Marked:
    """Return the most telling sentence of an abstract, at most `GIST_WORDS` words."""
    found = sentences(abstract)
    if not found:
        return ()
    best = max(enumerate(found), key=lambda each: (_tells(abstract, each[1], hits), -each[0]))[1]
    return _ended(abstract, hits, _cut(abstract, best, GIST_WORDS), best[1])


def summary(text: str, hits: Sequence[Stretch]) -> Marked:
    """Return a source's own summary, at most `GIST_WORDS` words."""
    return _ended(text, hits, _cut(text, (0, len(text)), GIST_WORDS), len(text))


def shortened(text: str, hits: Sequence[Stretch]) -> Marked:
    """Return a title, cut where nobody would read on."""
    end = min(len(text), TITLE_CHARACTERS)
    return _ended(text, hits, (0, end), len(text))


def sentences(text: str) -> list[Stretch]:
    """Return where the sentences of a text stand."""
    found, start = [], 0
    for end in _END.finditer(text):
        if not _ABBREVIATED.search(text[max(0, end.start() - 12) : end.start()]):
            found.append((start, end.start()))
            start = end.end()
    if text[start:].strip():
        found.append((start, len(text)))
    return found


def _tells(text: str, where: Stretch, hits: Sequence[Stretch]) -> float:
    sentence = text[where[0] : where[1]]
    words = sentence.count(" ") + 1
    points = 2.0 if any(where[0] <= first < where[1] for first, _ in hits) else 0.0
    points += 2.5 if _SAYS.search(sentence) else 0.0
    points += 1.0 if _FINDS.search(sentence) else 0.0
    return points if _SHORT <= words <= _LONG else points - 3


def _cut(text: str, where: Stretch, most: int) -> Stretch:
    words = list(re.finditer(r"\S+", text[where[0] : where[1]]))
    if len(words) <= most:
        return where
    return where[0], where[0] + words[most - 1].end()


def _ended(text: str, hits: Sequence[Stretch], where: Stretch, whole: int) -> Marked:
    """Mark a stretch, with an ellipsis where it was cut before `whole`."""
    marked = mark(text, hits, where)
    return (*marked, Span("…")) if where[1] < whole else marked
