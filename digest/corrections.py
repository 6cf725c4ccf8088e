"""What an operator puts right about papers: that two are one, or that one is two.

The run's lock is held, so that no run is at work on what changes, unless it is rehearsed.
It decides nothing about papers; what cannot be done is an error, and then nothing was changed.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from msgspec import Struct

from digest.app import Setting, locked, me, opened
from digest.errors import PartingError
from digest.latex import readable
from digest.papers import identify, title_key
from digest.parting import part
from digest.store import Store, Transaction
from digest.subscribers import Candidate

PAIR = 2
"""How many papers a merge has that one split takes back."""


class Corrected(Struct, frozen=True, kw_only=True):
    """A paper that was merged or split: its names, its title, how many letters told it."""

    names: tuple[str, ...]
    title: str
    letters: int


class Correction(Struct, frozen=True, kw_only=True):
    """What was done to papers; `undo` is the command that takes it back."""

    before: tuple[Corrected, ...]
    after: tuple[Corrected, ...]
    undo: str


def merge(setting: Setting, texts: Sequence[str]) -> Correction:
    """Make one paper of those that `texts` mean: identifiers, addresses, whole titles.

    One title alone means all papers that have it.
    """
    with changing(setting) as (store, _), store.writing() as transaction:
        found = _meant(transaction, texts)
        before = [_corrected(transaction, each) for each in found]
        first, *others = (each.id for each in found)
        for other in others:
            first = transaction.merge_papers(first, other, setting.now)
        named = [each.paper.identifier for each in found]
        return Correction(
            before=tuple(before),
            after=_all_corrected(transaction, first),
            undo=_command("split", *named) if len(set(named)) == len(named) == PAIR else "",
        )


def split(setting: Setting, one: str, other: str) -> Correction:
    """Make two papers of the one that bears both names."""
    with changing(setting) as (store, _), store.writing() as transaction:
        paper = _common(transaction, one, other)
        before = _all_corrected(transaction, paper)
        names = (_name(one), _name(other))
        sides = part(transaction.wordings(paper), *names)
        new = transaction.split_paper(paper, sides, setting.now)
        return Correction(
            before=before,
            after=_all_corrected(transaction, paper, new),
            undo=_command("merge", *names),
        )


@contextmanager
def changing(setting: Setting) -> Iterator[tuple[Store, str]]:
    """Open the store for a change, and hold the run's lock; a rehearsal needs none."""
    owner = me()
    with ExitStack() as stack:
        store = stack.enter_context(opened(setting))
        if not setting.dry_run:
            stack.enter_context(locked(store, owner))
        yield store, owner


def _name(text: str) -> str:
    """Return the name that a text is, as decisions have it."""
    return identify(text) or f"title:{title_key(text.removeprefix('title:'))}"


def _meant(store: Transaction, texts: Sequence[str]) -> list[Candidate]:
    """Return the papers that texts mean, the first seen first. Raises PartingError."""
    found = {text: _found(store, text) for text in texts}
    every = {each.id: each for papers in found.values() for each in papers}
    if len(every) < PAIR:
        raise PartingError(f"{', '.join(texts)}: this is one paper already")
    if len(every) > len(texts) > 1:
        text, papers = next(each for each in found.items() if len(each[1]) > 1)
        named = ", ".join(each.paper.identifier for each in papers)
        raise PartingError(f"{text}: several papers have this title; name one of them: {named}")
    return sorted(every.values(), key=lambda each: (each.first_seen, each.id))


def _common(store: Transaction, one: str, other: str) -> int:
    """Return the paper that bears both names. Raises PartingError."""
    ones, others = ({each.id for each in _found(store, text)} for text in (one, other))
    if _name(one) == _name(other):
        raise PartingError(f"{one} and {other}: these are one name; give one of each paper")
    if not ones & others:
        raise PartingError(f"{one} and {other}: these are two papers already")
    if len(ones & others) > 1:
        raise PartingError(f"{one} and {other}: several papers have both; name an identifier")
    return (ones & others).pop()


def _found(store: Transaction, text: str) -> tuple[Candidate, ...]:
    found = store.find(text)
    if not found:
        raise PartingError(f"{text}: never seen by any source")
    return found


def _all_corrected(store: Transaction, *papers: int) -> tuple[Corrected, ...]:
    return tuple(_corrected(store, each) for each in store.candidates(papers))


def _corrected(store: Transaction, found: Candidate) -> Corrected:
    names = store.names(found.id) or (found.paper.identifier,)
    return Corrected(
        names=names, title=readable(found.paper.title), letters=len(store.history(found.id))
    )


def _command(verb: str, *names: str) -> str:
    return shlex.join(["digest", "papers", verb, *names])
