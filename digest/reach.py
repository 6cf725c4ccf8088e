"""How far a keyword reaches: what it would have hit of the papers that were seen, and why.

Pure: it is given the papers, and neither reads a clock nor prints.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from msgspec import Struct

from digest.gist import Marked, Span, mark, sentences
from digest.keywords import (
    Hit,
    Keyword,
    Node,
    Not,
    Or,
    Phrase,
    holds_of_nothing,
    joined,
    show,
)
from digest.latex import readable
from digest.rank import Ranked, Weights, rank
from digest.rank.keywords import Interests, Words, texts
from digest.rank.suggestions import suggest, suggest_phrase
from digest.subscribers import Candidate, local_day

WIDE = 0.2
"""From which share of all papers on a keyword tells nothing of what its reader wants."""

TELLING = 50
"""From how many papers on a share of them tells anything."""

MOST_EXAMPLES = 5
MOST_DAYS = 366
SNIPPET = 160
"""How many characters around a hit are shown of an abstract."""

_BY_DAY = 31
"""Up to how many days each has a row of its own; beyond, each week has one."""

Finding = Literal["no papers", "nothing", "too wide", "many", "well"]


class Row(Struct, frozen=True, kw_only=True):
    """A day or a week on which papers were first seen; both ends are in it."""

    first: date
    last: date
    papers: int
    hits: int


class Part(Struct, frozen=True, kw_only=True):
    """A part of an expression: what it hits alone, and what the whole would be without it.

    `brings` counts the papers that only it lets in: all, if without it no entry would be left.
    `takes_away` counts those that only it keeps out.
    `depth` is how deep it stands, `by` the operator that joins it to the parts beside it.
    """

    text: str
    by: Literal["AND", "OR"]
    depth: int
    papers: int
    brings: int
    takes_away: int
    instead: str = ""


class Example(Struct, frozen=True, kw_only=True):
    """One of the best papers that a keyword hits; `said` shows a hit outside the title."""

    identifier: str
    score: float
    title: Marked
    where: str
    said: Marked


class Reach(Struct, frozen=True, kw_only=True):
    """How far a keyword reaches over some days. `instead` is what it may have meant."""

    keyword: str
    excluded: bool
    first: date
    last: date
    papers: int
    hits: int
    finding: Finding
    a_day: float
    instead: str
    rows: tuple[Row, ...]
    parts: tuple[Part, ...]
    examples: tuple[Example, ...]

    @property
    def share(self) -> float:
        """The share of all papers that it hits, 0 to 1."""
        return self.hits / self.papers if self.papers else 0.0


@dataclass(frozen=True, slots=True)
class Window:
    """The last days of a zone, today with them. Papers count by when they were first seen."""

    now: datetime
    days: int
    zone: str

    @property
    def last(self) -> date:
        """Today."""
        return local_day(self.now, self.zone)

    @property
    def first(self) -> date:
        """The first of the days."""
        return self.last - timedelta(days=self.days - 1)

    @property
    def since(self) -> datetime:
        """When the first of the days begins."""
        return datetime.combine(self.first, time(), ZoneInfo(self.zone))


def reach(
    keyword: Keyword,
    seen: Sequence[Candidate],
    window: Window,
    *,
    weights: Weights,
    many: int,
) -> Reach:
    """Try a keyword on papers. More than `many` hits a day are more than a letter tells."""
    pool = [each for each in seen if window.since <= each.first_seen <= window.now]
    wanted = Keyword(keyword.text, keyword.tree, keyword.weight)
    interests = Interests(texts(pool), [wanted])
    ranked = rank(pool, [wanted], interests, weights=weights, today=window.last)
    found = [each for each in ranked if each.is_hit]
    rows = tuple(_rows(pool, {each.candidate.id for each in found}, window))
    days = len({local_day(each.first_seen, window.zone) for each in pool})
    a_day = len(found) / days if days else 0.0
    return Reach(
        keyword=keyword.text,
        excluded=keyword.excluded,
        first=window.first,
        last=window.last,
        papers=len(pool),
        hits=len(found),
        finding=_finding(len(found), len(pool), a_day, many),
        a_day=a_day,
        instead="" if found else suggest(wanted, pool, interests.silent(wanted)),
        rows=rows,
        parts=tuple(_parts(wanted, pool, interests)),
        examples=tuple(_example(each, interests) for each in found[:MOST_EXAMPLES]),
    )


def _finding(hits: int, papers: int, a_day: float, many: int) -> Finding:
    if not papers:
        return "no papers"
    if not hits:
        return "nothing"
    if papers >= TELLING and hits > WIDE * papers:
        return "too wide"
    return "many" if a_day > many else "well"


def _rows(pool: Sequence[Candidate], hit: set[int], window: Window) -> Iterator[Row]:
    """Yield the days, or weeks, on which papers were first seen."""
    weekly = window.days > _BY_DAY

    def begins(candidate: Candidate) -> date:
        day = local_day(candidate.first_seen, window.zone)
        return max(window.first, day - timedelta(days=day.weekday())) if weekly else day

    papers = Counter(begins(each) for each in pool)
    hits = Counter(begins(each) for each in pool if each.id in hit)
    for first in sorted(papers):
        sunday = first + timedelta(days=6 - first.weekday())
        last = min(window.last, sunday) if weekly else first
        yield Row(first=first, last=last, papers=papers[first], hits=hits[first])


_NONE: frozenset[int] = frozenset()

Found = Mapping[Phrase, frozenset[int]]


def _parts(keyword: Keyword, pool: Sequence[Candidate], interests: Interests) -> Iterator[Part]:
    """Yield the parts of an expression as they stand in it, outer ones before inner ones."""
    looked = (*keyword.wanted, *keyword.unwanted)
    found = {phrase: interests.papers(phrase) for phrase in looked}
    all_ = frozenset(each.id for each in pool)
    whole = _true(keyword.tree, found, all_)

    def described(node: Node, by: Literal["AND", "OR"], depth: int, rest: Node) -> Part:
        inner = node.part if isinstance(node, Not) else node
        papers = _true(inner, found, all_)
        without = _NONE if holds_of_nothing(rest) else _true(rest, found, all_)
        missed = isinstance(node, Phrase) and not papers and node in keyword.wanted
        return Part(
            text=show(node),
            by=by,
            depth=depth,
            papers=len(papers),
            brings=len(whole - without),
            takes_away=len(without - whole),
            instead=suggest_phrase(node, pool) if missed and isinstance(node, Phrase) else "",
        )

    for node, by, depth, rest in _inner(keyword.tree, lambda new: new, _NOTHING, 0):
        yield described(node, by, depth, rest)


_NOTHING = Or(())
"""What is left of a tree that is taken away as a whole; it hits nothing."""

Rebuild = Callable[[Node], Node]
"""Gives the whole tree with something else in place of one of its parts."""


def _inner(
    node: Node, rebuild: Rebuild, gone: Node | None, depth: int
) -> Iterator[tuple[Node, Literal["AND", "OR"], int, Node]]:
    """Yield each part of a tree: itself, its operator, its depth, the whole tree without it.

    `gone` is the whole tree without `node`. Where only NOTs would be left beside a part, they go
    with it: alone, they would hit nearly everything. Below a NOT it is None: there they may stay.
    """
    if isinstance(node, Phrase):
        return
    if isinstance(node, Not):
        yield from _inner(node.part, lambda new: rebuild(Not(new)), None, depth)
        return
    kind = type(node)
    for at, part in enumerate(node.parts):
        before, after = list(node.parts[:at]), list(node.parts[at + 1 :])

        def put(new: Node, before: list[Node] = before, after: list[Node] = after) -> Node:
            return rebuild(joined(kind, [*before, new, *after]))

        beside = joined(kind, [*before, *after])
        alone = kind is not Or and holds_of_nothing(beside)
        without = gone if alone and gone else rebuild(beside)
        yield part, "OR" if kind is Or else "AND", depth, without
        yield from _inner(part, put, without if gone else None, depth + 1)


def _true(tree: Node, found: Found, all_: frozenset[int]) -> frozenset[int]:
    """Return the papers that a tree is true of."""
    match tree:
        case Phrase():
            return found[tree]
        case Not(part):
            return all_ - _true(part, found, all_)
        case Or(parts):
            return frozenset().union(*(_true(part, found, all_) for part in parts))
        case _:
            return all_.intersection(*(_true(part, found, all_) for part in tree.parts))


def _example(ranked: Ranked, interests: Interests) -> Example:
    words = interests.words(ranked.candidate.id)
    hits = [hit for _, found in ranked.hits for hit in found]
    inside = [(hit.start, hit.end) for hit in hits if hit.where == "title"]
    other = next((hit for hit in hits if hit.where != "title"), None)
    shown = other if other and not inside else None
    return Example(
        identifier=ranked.candidate.paper.identifier,
        score=ranked.score,
        title=mark(words.title.text, inside),
        where=shown.where if shown else "title",
        said=_said(words, shown, hits) if shown else (),
    )


def _said(words: Words, shown: Hit, hits: Sequence[Hit]) -> Marked:
    """Return what a hit outside the title looks like where it stands."""
    paper = words.candidate.paper
    if shown.where != "abstract":
        named = paper.authors if shown.where == "authors" else paper.categories
        return (Span(readable(named[shown.at]), hit=True),)
    text = words.abstract.text
    start, end = next(each for each in sentences(text) if each[0] <= shown.start < each[1])
    first, last = _around(text, shown, start, end)
    marked = mark(text, [(h.start, h.end) for h in hits if h.where == "abstract"], (first, last))
    ahead = (Span("… "),) if first > start else ()
    return (*ahead, *marked, *((Span(" …"),) if last < end else ()))


def _around(text: str, hit: Hit, start: int, end: int) -> tuple[int, int]:
    """Return a stretch of a sentence around a hit, in whole words."""
    room = max(0, SNIPPET - (hit.end - hit.start)) // 2
    first, last = max(start, hit.start - room), min(end, max(hit.end, hit.start + SNIPPET - room))
    if first > start:
        first = min(hit.start, text.find(" ", first) + 1 or hit.start)
    if last < end:
        last = max(hit.end, text.rfind(" ", hit.end, last))
    return first, max(last, hit.end)
