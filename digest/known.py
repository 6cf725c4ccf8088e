"""Papers that are known, and which of them a listing is of.

Pure: it is given what the store knows of papers, and what the operator decided about them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from digest.papers import (
    IDENTIFIERS,
    Paper,
    Sighting,
    agree,
    changed,
    fingerprint,
    merge,
    own,
    strangers,
    title_key,
)

News = Literal["new", "revised", "known"]

MOST_NAMESAKES = 50
"""With how many papers of one title a listing is compared; a page of one title alone is no list."""


class Decision(Struct, frozen=True, kw_only=True):
    """What the operator said of two names: that they are one paper's (`same`), or two papers'.

    A name is an identifier, or ``title:…`` where a listing has none; `one` sorts before `other`.
    """

    one: str
    other: str
    same: bool
    decided_at: datetime


class Wording(Struct, frozen=True, kw_only=True):
    """A paper as one source has it, under one name."""

    source: str
    paper: Paper

    @property
    def key(self) -> tuple[str, str]:
        """Which wording it is: a later one of the same source and name takes its place."""
        return self.source, self.paper.identifier


class Known(Struct, frozen=True, kw_only=True):
    """A paper that the store has.

    `prints` maps a source to the fingerprint of what it last listed; `listed` holds each
    (source, day) on which it was listed; `names` and `titles` are all that it was ever listed
    under, titles in their normal form; `wordings` are kept where there are several.
    """

    id: int
    paper: Paper
    revision: int
    prints: dict[str, str]
    listed: frozenset[tuple[str, date | None]]
    names: frozenset[str] = frozenset()
    titles: frozenset[str] = frozenset()
    wordings: tuple[Wording, ...] = ()

    def as_listed(self) -> tuple[Wording, ...]:
        """Return it as each source has it; where one alone listed it, that is the paper."""
        if len(self.prints) == 1 and not self.wordings:
            return tuple(Wording(source=each, paper=self.paper) for each in self.prints)
        return self.wordings


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A sighting to remember.

    `news` says that it makes the paper a candidate from now on; `again` that this source listed
    it on this day before, so that only its votes are new.
    """

    sighting: Sighting
    fingerprint: str
    news: bool
    again: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What one collect says of one paper. `id` is None for a new one; `paper` is merged.

    `names` are those that lead to it; `wordings` are those to keep, so that what was merged can
    be taken apart.
    """

    news: News
    id: int | None
    paper: Paper
    revision: int
    listings: tuple[Listing, ...]
    names: frozenset[str]
    wordings: tuple[Wording, ...] = ()


class Entry:
    """A paper while one collect is read: what was known of it, and its listings."""

    def __init__(self, known: Known | None, paper: Paper) -> None:
        self.known = known
        self.paper = known.paper if known else paper
        self.prints = dict(known.prints) if known else {}
        self.listed = set(known.listed) if known else set()
        self.wordings = {each.key: each.paper for each in known.as_listed()} if known else {}
        self.names: set[str] = set()
        self.titles: set[str] = set()
        self.revised = False
        self.listings: list[Listing] = []

    def take(self, sighting: Sighting, verdict: News, *, is_news: bool) -> None:
        """Add a listing, and what it says; identifiers that are another paper's stay with it."""
        place = (sighting.source, sighting.day)
        listing = Listing(
            sighting=sighting,
            fingerprint=self._print(sighting, verdict),
            news=is_news,
            again=place in self.listed,
        )
        self._keep_wording(listing)
        self.listings.append(listing)
        self.listed.add(place)
        self.prints[sighting.source] = listing.fingerprint
        self.revised |= verdict == "revised"
        self.paper = merge(
            own(self.paper, self.names),
            own(sighting.paper, self.names),
            revised=verdict == "revised",
        )

    def before(self, sighting: Sighting) -> str:
        """Return the print of what a source listed last; if under several names, under this."""
        source = sighting.source
        several = sum(by == source for by, _ in self.wordings) > 1
        wording = self.wordings.get((source, sighting.paper.identifier))
        return fingerprint(wording) if several and wording else self.prints.get(source, "")

    def repeats(self, source: str, print_: str) -> bool:
        """Say whether this source has listed it in just these words."""
        return self.prints.get(source) == print_ or any(
            by == source and fingerprint(wording) == print_
            for (by, _), wording in self.wordings.items()
        )

    def is_called(self, name: str) -> bool:
        """Say whether it goes by an identifier, or by ``title:…``."""
        return name in self.names or name.removeprefix("title:") in self.titles

    def may_be(self, paper: Paper, name: str) -> bool:
        """Say that nothing speaks against a name: two papers on arXiv are two, so are strangers.

        Who is none to one source's wording is none: what is merged of all may be told otherwise.
        """
        forms = (self.paper, *self.wordings.values())
        if name.startswith("doi:") and all(strangers(each, paper) for each in forms):
            return False
        numbers = [name for name in self.names if name.startswith("arxiv:")]
        return not (paper.arxiv and numbers) or f"arxiv:{paper.arxiv}" in numbers

    def agrees(self, sighting: Sighting, key: str) -> bool:
        """Say whether a listing under one of its titles is of this paper, as any source has it."""
        repeated = self.repeats(sighting.source, fingerprint(sighting.paper))
        forms = [self.paper]
        if len(self.wordings) > 1:
            forms += [_identified(each, self.paper) for each in self.wordings.values()]
        return any(agree(form, sighting.paper, key, repeated=repeated) for form in forms)

    def change(self) -> Change:
        """Return what this collect says of it."""
        news: News = "revised" if self.revised else "known"
        return Change(
            news=news if self.known else "new",
            id=self.known.id if self.known else None,
            paper=self.paper,
            revision=(self.known.revision if self.known else 0) + bool(self.known and self.revised),
            listings=tuple(self.listings),
            names=frozenset(self.names),
            wordings=tuple(self._new_wordings()),
        )

    def _print(self, sighting: Sighting, verdict: News) -> str:
        """Return what the source's next listing is compared with.

        An old version, or one of two wordings that a source lists side by side, must not make
        the other one look revised in every run. A half that is missing is as it was.
        """
        before, now = self.before(sighting), fingerprint(sighting.paper)
        if verdict != "revised" and before and changed(before, now):
            return before
        halves = zip((before[:8], before[8:]), (now[:8], now[8:]), strict=True)
        return "".join(old or new if "-" in new else new for old, new in halves)

    def _keep_wording(self, listing: Listing) -> None:
        """Take a listing for its source's wording, unless the one before still stands."""
        wording = Wording(source=listing.sighting.source, paper=listing.sighting.paper)
        if wording.key not in self.wordings or listing.fingerprint == fingerprint(wording.paper):
            self.wordings[wording.key] = wording.paper

    def _new_wordings(self) -> Iterator[Wording]:
        """Yield what is to be kept: nothing while one source alone lists it, under its own name."""
        foreign = {name for each in self.wordings.values() for name in each.names} - self.names
        if foreign or max(len(self.wordings), len(self.prints)) > 1:
            kept = {each.key: each.paper for each in self.known.wordings} if self.known else {}
            for (source, name), paper in self.wordings.items():
                if kept.get((source, name)) != paper:
                    yield Wording(source=source, paper=paper)


def _identified(wording: Paper, paper: Paper) -> Paper:
    """Return a wording with all identifiers of the paper, so that they can contradict."""
    every = {kind: getattr(paper, kind) or getattr(wording, kind) for kind in IDENTIFIERS}
    return replace(wording, **every)


class Index:
    """Finds the paper that a listing is of, among those known and those met in this collect.

    `met` holds those that were listed, in that order.
    """

    def __init__(self, known: Sequence[Known], decisions: Sequence[Decision]) -> None:
        self.met: list[Entry] = []
        self._by_name: dict[str, Entry] = {}
        self._by_title: dict[str, dict[Entry, None]] = {}
        self._decided: dict[str, dict[str, bool]] = {}
        for said in decisions:
            self._decided.setdefault(said.one, {})[said.other] = said.same
            self._decided.setdefault(said.other, {})[said.one] = said.same
        for each in known:
            titles = each.titles | {title_key(each.paper.title)}
            self._file(Entry(each, each.paper), each.names or each.paper.names, titles)

    def of(self, sighting: Sighting) -> Entry:
        """Return the paper that a listing is of: a known one, one met before, or a new one."""
        paper = sighting.paper
        entry = self._found(sighting) or Entry(None, paper)
        if not entry.listings:
            self.met.append(entry)
        self._file(entry, paper.names, (title_key(paper.title),))
        return entry

    def _found(self, sighting: Sighting) -> Entry | None:
        paper = sighting.paper
        for name in paper.names:
            if (entry := self._by_name.get(name)) and entry.may_be(paper, name):
                return entry
        key, print_ = title_key(paper.title), fingerprint(paper)
        titled = islice(self._by_title.get(key, ()), MOST_NAMESAKES)
        # What a source repeats in the same words belongs where it was.
        nearest = sorted(titled, key=lambda entry: not entry.repeats(sighting.source, print_))
        return next((entry for entry in nearest if self._is_of(sighting, entry, key)), None)

    def _is_of(self, sighting: Sighting, entry: Entry, key: str) -> bool:
        """Say whether a listing is of a paper of its title: as was decided, or as they agree.

        Where a source goes on under the name it had for the paper, though the name is another's,
        nothing is to be decided.
        """
        name = sighting.paper.identifier
        if sighting.paper.names and any(name == had for _, had in entry.wordings):
            return True
        decided = self._decided.get(name, {})
        said = [same for other, same in decided.items() if entry.is_called(other)]
        return any(said) if said else entry.agrees(sighting, key)

    def _file(self, entry: Entry, names: Iterable[str], titles: Iterable[str]) -> None:
        for name in names:
            if self._by_name.setdefault(name, entry) is entry:
                entry.names.add(name)
        for key in titles:
            self._by_title.setdefault(key, {})[entry] = None
            entry.titles.add(key)
