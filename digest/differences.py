"""How a letter differs from another one for the same reader and day: what it gained and lost.

Pure: it never makes letters, and never reads the store.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from digest.latex import readable
from digest.letters import Item, Letter
from digest.papers import title_key

Where = Literal["here", "more", "revised"]


class Counts(Struct, frozen=True, kw_only=True):
    """How many papers a letter tells in full, by title, and as revised."""

    here: int
    more: int
    revised: int


class Told(Struct, frozen=True, kw_only=True):
    """A paper that only one of two letters has, and where in it.

    `instead` is the day of the other letters that has it, `left_out` the ``-keyword`` that
    keeps it out.
    """

    identifier: str
    title: str
    where: Where
    instead: date | None = None
    left_out: str = ""


class Moved(Struct, frozen=True, kw_only=True):
    """A paper that both letters have, in different places."""

    identifier: str
    title: str
    was: Where
    where: Where


class Difference(Struct, frozen=True, kw_only=True):
    """How the letter that would be made differs from the one that was sent.

    `sent` and `made` are None where there is no such letter. `reordered` says that the
    same papers come in the same places in another order.
    """

    day: date
    subscriber: str
    sent: Counts | None
    made: Counts | None
    added: tuple[Told, ...] = ()
    dropped: tuple[Told, ...] = ()
    moved: tuple[Moved, ...] = ()
    reordered: bool = False

    @property
    def same(self) -> bool:
        """Say whether a reader would see no difference in what she is told of."""
        counts = (self.sent is None) == (self.made is None)
        return counts and not (self.added or self.dropped or self.moved or self.reordered)


def difference(day: date, subscriber: str, sent: Letter | None, made: Letter | None) -> Difference:
    """Compare the letter that would be made with the one that was sent, paper by paper."""
    had, has = _items(sent), _items(made)
    pairs = _pairs(had, has)
    matched = {id(each) for pair in pairs for each in pair}
    added = tuple(_told(each) for each in has if id(each) not in matched)
    dropped = tuple(_told(each) for each in had if id(each) not in matched)
    moved = tuple(
        Moved(identifier=now.identifier, title=_title(now), was=_where(was), where=_where(now))
        for was, now in pairs
        if _where(was) != _where(now)
    )
    return Difference(
        day=day,
        subscriber=subscriber,
        sent=_counts(sent),
        made=_counts(made),
        added=added,
        dropped=_explained(dropped, made),
        moved=moved,
        reordered=not (added or dropped or moved) and not _in_order(had, pairs),
    )


def related(differences: Sequence[Difference]) -> tuple[Difference, ...]:
    """Say of what a letter gained or lost in which other letter it was, or would be, instead."""
    dropped = {
        (each.subscriber, it.identifier): each.day for each in differences for it in each.dropped
    }
    added = {
        (each.subscriber, it.identifier): each.day for each in differences for it in each.added
    }
    return tuple(
        replace(
            each,
            added=_with_days(each.subscriber, each.added, dropped),
            dropped=_with_days(each.subscriber, each.dropped, added),
        )
        for each in differences
    )


def _with_days(
    subscriber: str, papers: Iterable[Told], days: Mapping[tuple[str, str], date]
) -> tuple[Told, ...]:
    return tuple(replace(each, instead=days.get((subscriber, each.identifier))) for each in papers)


def _items(letter: Letter | None) -> tuple[Item, ...]:
    return letter.items if letter else ()


def _pairs(had: Sequence[Item], has: Sequence[Item]) -> list[tuple[Item, Item]]:
    """Return what both letters tell, in the order of the second.

    Any of a paper's names will do: what went by its title then may have an identifier by now.
    """
    by_name = {
        name: each for each in reversed(had) for name in (each.identifier, *each.paper.names)
    }
    pairs: list[tuple[Item, Item]] = []
    taken: set[int] = set()
    for now in has:
        was = next((by_name[name] for name in _names(now) if name in by_name), None)
        if was is not None and id(was) not in taken:
            taken.add(id(was))
            pairs.append((was, now))
    return pairs


def _names(item: Item) -> tuple[str, ...]:
    return (item.identifier, *item.paper.names, f"title:{title_key(item.paper.title)}")


def _in_order(had: Sequence[Item], pairs: Sequence[tuple[Item, Item]]) -> bool:
    return all(was is before for before, (was, _) in zip(had, pairs, strict=True))


def _where(item: Item) -> Where:
    match item.section:
        case "more" | "revised" as where:
            return where
        case _:
            return "here"


def _title(item: Item) -> str:
    return readable(item.paper.title)


def _told(item: Item) -> Told:
    return Told(identifier=item.identifier, title=_title(item), where=_where(item))


def _explained(dropped: Iterable[Told], made: Letter | None) -> tuple[Told, ...]:
    """Say which ``-keyword`` keeps out what was sent."""
    excluded = made.receipt.excluded if made else ()
    by = {title: each.keyword for each in excluded for title in each.titles}
    return tuple(replace(each, left_out=by.get(each.title, "")) for each in dropped)


def _counts(letter: Letter | None) -> Counts | None:
    if letter is None:
        return None
    places = [_where(item) for item in letter.items]
    return Counts(
        here=places.count("here"), more=places.count("more"), revised=places.count("revised")
    )
