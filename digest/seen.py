"""What is new, revised or known among the papers that sources list.

Pure: it is given what the store knows of them, and says what the store is to remember.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Literal

from msgspec import Struct

from digest.papers import (
    Paper,
    Sighting,
    agree,
    changed,
    fingerprint,
    merge,
    named_alike,
    title_key,
)

News = Literal["new", "revised", "known"]


class Known(Struct, frozen=True, kw_only=True):
    """A paper that the store has.

    `prints` maps a source to the fingerprint of what it last listed; `listed` holds each
    (source, day) on which it was listed.
    """

    id: int
    paper: Paper
    revision: int
    prints: dict[str, str]
    listed: frozenset[tuple[str, date | None]]


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
    """What one collect says of one paper. `id` is None for a new one; `paper` is merged."""

    news: News
    id: int | None
    paper: Paper
    revision: int
    listings: tuple[Listing, ...]


class Counts(Struct, kw_only=True):
    """How many papers a source listed, and what they were: listed = new + revised + known."""

    listed: int = 0
    new: int = 0
    revised: int = 0
    known: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """New, revised and known papers of one collect, and each source's counts."""

    papers: tuple[Change, ...]
    counts: dict[str, Counts]


NEWS_DAYS = 3
"""How many of a source's last days with papers a first letter draws on."""

MOST_NAMESAKES = 50
"""With how many papers of one title a listing is compared; a page of one title alone is no list."""

REPLACED_DAYS = 14
"""Up to how many days after a paper was out its replacement may still be news."""


def diff(
    sightings: Sequence[Sighting],
    known: Sequence[Known],
    *,
    first_read: frozenset[str],
    today: date,
) -> Changes:
    """Say what is new, revised and known, in the order in which sources listed it.

    A paper that two sources bring in one run is new for the first of them. `first_read` names
    the sources that were never read before: of what they list only their last days are news,
    the rest is back-catalogue. `today` is the day of the run.
    """
    index = _Index(known)
    recent = _recent_days(sightings, first_read)
    listed = frozenset((each.source, fingerprint(each.paper)) for each in sightings)
    counts: dict[str, Counts] = {}
    for sighting in sightings:
        entry = index.of(sighting)
        verdict = _verdict(entry, sighting, listed)
        _count(counts, sighting.source, verdict)
        entry.take(sighting, verdict, is_news=_is_news(sighting, recent, today))
    return Changes(papers=tuple(entry.change() for entry in index.met), counts=counts)


class _Entry:
    """A paper while one collect is read."""

    def __init__(self, known: Known | None, paper: Paper) -> None:
        self.known = known
        self.paper = known.paper if known else paper
        self.prints = dict(known.prints) if known else {}
        self.listed = set(known.listed) if known else set()
        self.revised = False
        self.listings: list[Listing] = []

    def take(self, sighting: Sighting, verdict: News, *, is_news: bool) -> None:
        place = (sighting.source, sighting.day)
        listing = Listing(
            sighting=sighting,
            fingerprint=self._print(sighting, verdict),
            news=is_news,
            again=place in self.listed,
        )
        self.listings.append(listing)
        self.listed.add(place)
        self.prints[sighting.source] = listing.fingerprint
        self.revised |= verdict == "revised"
        self.paper = merge(self.paper, sighting.paper, revised=verdict == "revised")

    def _print(self, sighting: Sighting, verdict: News) -> str:
        """Return what the source's next listing is compared with.

        An old version, or one of two wordings that a source lists side by side, must not make
        the other one look revised in every run. A half that is missing is as it was.
        """
        before, now = self.prints.get(sighting.source, ""), fingerprint(sighting.paper)
        if verdict != "revised" and before and changed(before, now):
            return before
        halves = zip((before[:8], before[8:]), (now[:8], now[8:]), strict=True)
        return "".join(old or new if "-" in new else new for old, new in halves)

    def change(self) -> Change:
        news: News = "revised" if self.revised else "known"
        return Change(
            news=news if self.known else "new",
            id=self.known.id if self.known else None,
            paper=self.paper,
            revision=(self.known.revision if self.known else 0) + bool(self.known and self.revised),
            listings=tuple(self.listings),
        )


class _Index:
    """Finds the paper that a listing is of, among those known and those met in this collect."""

    def __init__(self, known: Sequence[Known]) -> None:
        self.met: list[_Entry] = []
        self._by_name: dict[str, _Entry] = {}
        self._by_title: dict[str, dict[_Entry, None]] = {}
        for each in known:
            self._file(_Entry(each, each.paper), each.paper)

    def of(self, sighting: Sighting) -> _Entry:
        paper = sighting.paper
        entry = self._found(sighting) or _Entry(None, paper)
        if not entry.listings:
            self.met.append(entry)
        self._file(entry, paper)
        return entry

    def _found(self, sighting: Sighting) -> _Entry | None:
        paper = sighting.paper
        for name in paper.names:
            if (entry := self._by_name.get(name)) and named_alike(entry.paper, paper):
                return entry
        key = title_key(paper.title)
        titled = islice(self._by_title.get(key, ()), MOST_NAMESAKES)
        print_ = fingerprint(paper)
        return next(
            (
                entry
                for entry in titled
                if agree(
                    entry.paper, paper, key, repeated=entry.prints.get(sighting.source) == print_
                )
            ),
            None,
        )

    def _file(self, entry: _Entry, paper: Paper) -> None:
        for name in paper.names:
            self._by_name.setdefault(name, entry)
        self._by_title.setdefault(title_key(paper.title), {})[entry] = None


def _verdict(entry: _Entry, sighting: Sighting, listed: frozenset[tuple[str, str]]) -> News:
    """Say what a listing is; `listed` holds each source's fingerprints of this collect.

    While a source still lists the wording it had, another one beside it is no revision.
    """
    if entry.known is None and not entry.listings:
        return "new"
    before = entry.prints.get(sighting.source, "")
    newer = sighting.paper.version > entry.paper.version > 0
    other = before and changed(before, fingerprint(sighting.paper))
    steady = (sighting.source, before) in listed or _older(entry, sighting)
    return "revised" if newer or (other and not steady) else "known"


def _older(entry: _Entry, sighting: Sighting) -> bool:
    return 0 < sighting.paper.version < entry.paper.version


def _is_news(sighting: Sighting, recent: dict[str, date], today: date) -> bool:
    """Say whether a listing makes a paper a candidate.

    Back-catalogue does not, nor does the replacement of a paper that was out long ago.
    """
    if sighting.announced == "replace":
        published = sighting.paper.published
        day = sighting.day or today
        if published is None or (day - published).days > REPLACED_DAYS:
            return False
    oldest = recent.get(sighting.source)
    return oldest is None or sighting.day is None or sighting.day >= oldest


def _recent_days(sightings: Sequence[Sighting], first_read: frozenset[str]) -> dict[str, date]:
    """Return from which day on what a source lists at first is news.

    Replacements don't tell: they come on days on which nothing may be new.
    """
    days: dict[str, set[date]] = {}
    for sighting in sightings:
        if sighting.source in first_read and sighting.day and sighting.announced != "replace":
            days.setdefault(sighting.source, set()).add(sighting.day)
    return {source: sorted(found)[-NEWS_DAYS:][0] for source, found in days.items()}


def _count(counts: dict[str, Counts], source: str, verdict: News) -> None:
    count = counts.setdefault(source, Counts())
    count.listed += 1
    setattr(count, verdict, getattr(count, verdict) + 1)
