"""Compose a letter: which papers are in it, in which order, and how its numbers add up.

Every candidate ends in one place: excluded, here, more or below. Pure: it never ranks, renders,
stores or reads a clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from math import isfinite

from msgspec import Struct

from digest.items import Before, Texts, item, listed_by_since, revised_item, rose
from digest.latex import readable
from digest.letters import (
    Excluded,
    Item,
    Letter,
    Lost,
    Place,
    Receipt,
    Section,
    Suggestion,
    Trouble,
)
from digest.missed import Away, missed_lines, paused
from digest.rank import Ranked, Weights
from digest.reading_time import titles_listed, within_reading_time
from digest.subscribers import MOST_PAPERS, Candidate, Candidates, Subscriber

TRENDING_VOTES = 10
"""From how many votes on a paper outside the keywords is worth a look."""

THIN = 3
"""Below how many papers a letter says why it is thin."""

MOST_REVISED = 5
"""How many revised papers a letter names; the others wait for the next."""

MOST_DAYS = 366
"""Older papers are not news, whatever the setting."""

_SATURDAY = 5


class RankSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[rank]``: what a paper must score, and how many papers are told in full.

    `floor` is how many papers a letter has at least, if need be from below the minimum.
    """

    minimum: float = 1.0
    floor: int = 0
    cap: int = 10
    weights: Weights = Weights()

    def __post_init__(self) -> None:
        """Refuse what no letter could be made of."""
        if not isfinite(self.minimum):
            raise ValueError("`minimum` must be a number")
        if self.cap < 1:
            raise ValueError("`cap` must be at least 1")
        if self.cap > MOST_PAPERS:
            raise ValueError(
                f"`cap` must be at most {MOST_PAPERS}: mailboxes cut off longer letters"
            )
        if not 0 <= self.floor <= self.cap:
            raise ValueError("`floor` must be from 0 to `cap`")


class LetterSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[letters]``: how long a paper stays a candidate, how long the lists are.

    `empty` says whether a letter without papers is sent all the same.
    """

    days: int = 14
    more: int = 25
    trending: int = 2
    empty: bool = False

    def __post_init__(self) -> None:
        """Refuse numbers that mean nothing."""
        for name, least in (("days", 1), ("more", 0), ("trending", 0)):
            if getattr(self, name) < least:
                raise ValueError(f"`{name}` must be at least {least}")
        if self.days > MOST_DAYS:
            raise ValueError(f"`days` must be at most {MOST_DAYS}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """All that a letter depends on beside the papers."""

    title: str
    now: datetime
    today: date
    before: Before | None
    troubles: tuple[Trouble, ...] = ()
    lost: tuple[Lost, ...] = ()
    places: tuple[Place, ...] = ()
    sources: tuple[str, ...] = ()
    suggestions: tuple[Suggestion, ...] = ()
    away: Away | None = None
    sample: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Divided:
    """A reader's candidates, each in one place."""

    passed: tuple[Ranked, ...]
    rising: tuple[Ranked, ...]
    trending: tuple[Ranked, ...]
    more: tuple[Ranked, ...]
    below: tuple[Ranked, ...]
    excluded: tuple[Ranked, ...]

    @property
    def here(self) -> frozenset[int]:
        """The numbers of the papers that are told in full."""
        told = (*self.passed, *self.rising, *self.trending)
        return frozenset(each.candidate.id for each in told)


@dataclass(frozen=True, slots=True, kw_only=True)
class Composed:
    """A letter, and the papers it tells of: (the store's number, revision)."""

    letter: Letter
    papers: tuple[tuple[int, int], ...]


def compose(
    subscriber: Subscriber | None,
    found: Candidates,
    ranked: Sequence[Ranked],
    words: Texts,
    *,
    rank: RankSettings,
    settings: LetterSettings,
    about: Circumstances,
) -> Composed:
    """Compose one reader's letter, or the public's if `subscriber` is None.

    `ranked` are her fresh candidates, best first; `words` gives a candidate's readable texts.
    """
    divided = divide(ranked, subscriber, rank=rank, settings=settings, before=about.before)
    items = _told(divided, about, words)
    revised = tuple(revised_item(each, words) for each in found.revised[:MOST_REVISED])
    more = tuple(item(each, "more", words, about.before) for each in divided.more)
    missed = missed_lines(about.away, about.today, found.fresh, divided.here)
    told = within_reading_time(items, more, len(missed))
    receipt = _receipt(divided, found, len(revised), about)
    letter = Letter(
        slot=about.today,
        made_at=about.now,
        subscriber=subscriber.name if subscriber else "",
        title=about.title,
        items=(*told, *revised, *more),
        receipt=receipt,
        keywords=subscriber.keywords if subscriber else (),
        listed=titles_listed(told, revised, more, settings.more, len(missed)),
        first=about.before is None,
        thin=_thin(receipt, found.fresh, about),
        troubles=about.troubles,
        lost=about.lost,
        places=about.places,
        suggestions=about.suggestions,
        missed=missed,
        pause=paused(about.away, about.today),
        sample=about.sample,
    )
    chosen = [
        each.candidate
        for each in (*divided.passed, *divided.rising, *divided.trending, *divided.more)
    ]
    papers = tuple((each.id, each.revision) for each in (*chosen, *found.revised[:MOST_REVISED]))
    return Composed(letter=letter, papers=papers)


def divide(
    ranked: Sequence[Ranked],
    subscriber: Subscriber | None,
    *,
    rank: RankSettings,
    settings: LetterSettings,
    before: Before | None,
) -> Divided:
    """Put every candidate in one place."""
    minimum, cap = limits(subscriber, rank)
    open_ = [each for each in ranked if not each.excluded]
    enough = [each for each in open_ if each.score >= minimum]
    if len(enough) < min(rank.floor, cap):
        enough = open_[: min(rank.floor, cap)]
    rest = _without(open_, enough)
    rising = _rising(rest, before)[: min(settings.trending, cap - 1)]
    rest = _without(rest, rising)
    trending = _trending(rest, settings.trending, before) if _follows(subscriber) else []
    trending = trending[: cap - 1 - len(rising)]
    room = cap - len(rising) - len(trending)
    return Divided(
        passed=tuple(enough[:room]),
        rising=tuple(rising),
        trending=tuple(trending),
        more=tuple(enough[room:]),
        below=tuple(_without(rest, trending)),
        excluded=tuple(each for each in ranked if each.excluded),
    )


def limits(subscriber: Subscriber | None, rank: RankSettings) -> tuple[float, int]:
    """Return a reader's minimum score and cap. Who follows nothing is shown everything."""
    minimum = rank.minimum
    if subscriber and subscriber.minimum is not None:
        minimum = subscriber.minimum
    elif not _follows(subscriber):
        minimum = 0.0
    cap = subscriber.cap if subscriber and subscriber.cap is not None else rank.cap
    return minimum, cap


def _follows(subscriber: Subscriber | None) -> bool:
    return subscriber is not None and any(not each.excluded for each in subscriber.profile)


def _without(all_: Iterable[Ranked], some: Iterable[Ranked]) -> list[Ranked]:
    taken = {id(each) for each in some}
    return [each for each in all_ if id(each) not in taken]


def _rising(rest: Iterable[Ranked], before: Before | None) -> list[Ranked]:
    """Return what was below the threshold and is listed by another source now, with votes.

    A third of the papers that reach Hugging Face do so days after arXiv.
    """
    return [
        each
        for each in rest
        if rose(each.candidate, before)
        and each.candidate.votes >= TRENDING_VOTES
        and listed_by_since(each.candidate, before)
    ]


def _trending(rest: Iterable[Ranked], most: int, before: Before | None) -> list[Ranked]:
    """Return what many readers liked lately, among papers outside the reader's keywords."""
    liked = [
        each
        for each in rest
        if each.candidate.votes >= TRENDING_VOTES and _listed_since(each.candidate, before)
    ]
    liked.sort(key=lambda each: -each.candidate.votes)
    return liked[:most]


def _listed_since(candidate: Candidate, before: Before | None) -> bool:
    return before is None or any(seen.at > before.made_at for seen in candidate.seen)


def _told(divided: Divided, about: Circumstances, words: Texts) -> tuple[Item, ...]:
    risen = [each for each in divided.passed if rose(each.candidate, about.before)]
    sections: tuple[tuple[Section, Sequence[Ranked]], ...] = (
        ("for_you", _without(divided.passed, risen)),
        ("trending", divided.trending),
        ("rising", (*risen, *divided.rising)),
    )
    return tuple(
        item(each, name, words, about.before) for name, group in sections for each in group
    )


def _receipt(divided: Divided, found: Candidates, revised: int, about: Circumstances) -> Receipt:
    left_out: dict[str, list[str]] = {}
    for each in divided.excluded:
        left_out.setdefault(each.excluded, []).append(readable(each.candidate.paper.title))
    return Receipt(
        read=len(found.fresh),
        sources=about.sources,
        excluded=tuple(Excluded(keyword=k, titles=tuple(t)) for k, t in left_out.items()),
        below=len(divided.below),
        here=len(divided.passed) + len(divided.rising) + len(divided.trending),
        more=len(divided.more),
        sent=found.sent,
        revised=revised,
    )


def _thin(receipt: Receipt, fresh: Iterable[Candidate], about: Circumstances) -> str:
    """Say why there is little or nothing to read, or ""."""
    if receipt.here + receipt.more >= THIN:
        return ""
    if about.troubles:
        return "sources"
    if any(_listed_since(each, about.before) for each in fresh):
        return "matches"
    return "weekend" if about.today.weekday() >= _SATURDAY else "nothing new"
