"""Which of two papers each wording is of, where what was taken for one turns out to be two.

Pure: it is given a paper's wordings, and two names that are to be two papers'.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce

from digest.errors import PartingError
from digest.known import Wording
from digest.papers import Paper, merge, title_key


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of the two papers: the name it was given, and how sources have it, the first first."""

    name: str
    wordings: tuple[Wording, ...]

    @property
    def paper(self) -> Paper:
        """The paper, merged anew."""
        return reduce(merge, (each.paper for each in self.wordings))

    @property
    def identifiers(self) -> frozenset[str]:
        """The name that each source has for it."""
        return frozenset(each.paper.identifier for each in self.wordings)

    @property
    def names(self) -> frozenset[str]:
        """All identifiers that its listings bear."""
        return frozenset(name for each in self.wordings for name in each.paper.names)

    @property
    def titles(self) -> frozenset[str]:
        """The normal forms of its titles."""
        return frozenset(title_key(each.paper.title) for each in self.wordings)

    @property
    def sources(self) -> frozenset[str]:
        """Who lists it."""
        return frozenset(each.source for each in self.wordings)


def part(wordings: Sequence[Wording], one: str, other: str) -> tuple[Side, Side]:
    """Divide a paper's wordings between `one` and `other`, names such as ``arxiv:…``, ``title:…``.

    What bears neither name stays with `one`, unless it is nearer to the other. Raises
    PartingError where no listing tells them apart.
    """
    claims = {each: (_claim(each.paper, one), _claim(each.paper, other)) for each in wordings}
    for wording, (first, second) in claims.items():
        if first == second > 0:
            raise _in_one_listing(wording, one, other)
    ones = [wording for wording, (first, second) in claims.items() if first > second]
    others = [wording for wording, (first, second) in claims.items() if second > first]
    for name, bearing in ((one, ones), (other, others)):
        if not bearing:
            raise _not_apart(wordings, name, other if name == one else one)
    theirs = set(others)
    for name, group in _grouped(set(wordings) - {*ones, *others}).items():
        if _nearness(name, group, others) > _nearness(name, group, ones):
            theirs.update(group)
    sides = (
        Side(name=one, wordings=tuple(each for each in wordings if each not in theirs)),
        Side(name=other, wordings=tuple(each for each in wordings if each in theirs)),
    )
    _check(*sides)
    return sides


def _claim(paper: Paper, name: str) -> int:
    """Say how much a name is a wording's: 3 it goes by it, 2 it bears it, 1 it is its title."""
    if name == paper.identifier:
        return 3
    if name in paper.names:
        return 2
    return int(name == f"title:{title_key(paper.title)}")


def _grouped(wordings: Iterable[Wording]) -> dict[str, list[Wording]]:
    """Return wordings by the name that they go by: these are never parted."""
    grouped: dict[str, list[Wording]] = {}
    for each in wordings:
        grouped.setdefault(each.paper.identifier, []).append(each)
    return grouped


def _nearness(name: str, group: Sequence[Wording], side: Sequence[Wording]) -> tuple[bool, ...]:
    """Say how near wordings of neither name are: by name, source and title, in this order."""
    ours, theirs = (Side(name=name, wordings=tuple(each)) for each in (group, side))
    return (
        name in theirs.identifiers,
        bool(ours.names & theirs.names),
        bool(ours.sources & theirs.sources),
        bool(ours.titles & theirs.titles),
    )


def _check(one: Side, other: Side) -> None:
    """Raise PartingError where a name would be both papers'."""
    for name in sorted(one.identifiers & other.identifiers):
        raise PartingError(f"{name}: sources list it under both titles; name another identifier")


def _in_one_listing(wording: Wording, one: str, other: str) -> PartingError:
    return PartingError(
        f"{one} and {other}: {wording.source} lists both as names of one paper, in one listing, "
        "so that they cannot be told apart"
    )


def _not_apart(wordings: Sequence[Wording], name: str, beside: str) -> PartingError:
    """Say why a name has no listing of its own."""
    for each in wordings:
        if _claim(each.paper, name) and _claim(each.paper, beside):
            return _in_one_listing(each, name, beside)
    return PartingError(
        f"{name}: no listing of its own was kept, so it cannot be told from {beside}. "
        "Once a source lists it again, it is kept; split them then"
    )
