"""Readers: who they are, what they follow, and whether they are due a letter now.

Pure: it never stores, sends or reads a clock.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from math import isfinite
from typing import Literal
from zoneinfo import ZoneInfo

from msgspec import Struct

from digest.keywords import Keyword, parse
from digest.papers import Paper
from digest.wall import exists, shown, when

CadenceName = Literal["daily", "weekdays", "weekly", "monthly"]

_HOUR = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")
_FRIDAY = 4
_WEEK = timedelta(days=7)
_MONTH = timedelta(days=31, hours=1)
"""October has an hour more where clocks are put back in it."""

MOST_PAPERS = 20
"""The most papers that a letter can tell in full: mailboxes cut off what is longer."""

FIRST_LETTER = timedelta(days=3)
"""How far back a reader's first letter draws."""


class Subscriber(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A reader, as the config's ``[[subscribers]]`` says.

    Her day begins `at` an hour of her own zone: from then on, that day's letter is due.
    `outputs` names outputs; empty means each that can reach this reader. What is None here
    is as the config says for everybody.
    """

    name: str
    email: str = ""
    keywords: tuple[str, ...] = ()
    cadence: CadenceName = "daily"
    timezone: str = ""
    at: str = "00:00"
    outputs: tuple[str, ...] = ()
    minimum: float | None = None
    cap: int | None = None

    def __post_init__(self) -> None:
        """Refuse a name that nobody could be called by."""
        if not self.name.strip() or not self.name.isprintable():
            raise ValueError("`name` must have at least one visible character and no control codes")
        if self.name == "public":
            raise ValueError("`name` must not be `public`: that is the edition for everyone")
        if self.email and ("@" not in self.email or not _one_word(self.email)):
            raise ValueError(f"`email` is no address: {self.email!r}")
        if not _HOUR.fullmatch(self.at):
            raise ValueError("`at` must be a time such as 07:00")
        if self.minimum is not None and not isfinite(self.minimum):
            raise ValueError("`minimum` must be a number")
        if self.cap is not None and not 1 <= self.cap <= MOST_PAPERS:
            raise ValueError(f"`cap` must be at least 1 and at most {MOST_PAPERS}")

    @property
    def hour(self) -> time:
        """When her day begins."""
        return time.fromisoformat(self.at)

    @property
    def profile(self) -> tuple[Keyword, ...]:
        """What they follow. Raises KeywordError for a slip."""
        return tuple(parse(text) for text in self.keywords)


class Seen(Struct, frozen=True, kw_only=True):
    """That a source listed a paper: on which day, with how many votes, and when we saw it.

    `news` is False for back-catalogue, and for replacements of what was out long before.
    """

    source: str
    day: date | None
    votes: int | None
    at: datetime
    news: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A paper that may still be news to a reader.

    `revision` counts the changes we saw.
    """

    id: int
    paper: Paper
    revision: int
    first_seen: datetime
    seen: tuple[Seen, ...]

    @property
    def votes(self) -> int:
        """The most votes any source gave it."""
        return max((each.votes or 0 for each in self.seen), default=0)

    @property
    def risen(self) -> datetime | None:
        """When it became news last; None for one that is here only because it was revised."""
        return max((each.at for each in self.seen if each.news), default=None)

    @property
    def day(self) -> date | None:
        """The last day on which a source listed it; None if no source says."""
        return max((each.day for each in self.seen if each.day), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """What may be news to one reader: papers she was not sent, and revised ones she was.

    `sent` counts the papers that were listed again though she has them already.
    """

    fresh: tuple[Candidate, ...]
    revised: tuple[Candidate, ...]
    sent: int


def candidates(pool: Sequence[Candidate], sent: Mapping[int, int], since: datetime) -> Candidates:
    """Divide a pool for one reader. `sent` maps a paper to the revision she was sent.

    What was listed last before `since` is no candidate any more, unless it was revised.
    """
    fresh = tuple(
        each for each in pool if each.risen and each.risen >= since and each.id not in sent
    )
    had = [each for each in pool if each.id in sent]
    revised = tuple(each for each in had if each.revision > sent[each.id])
    return Candidates(fresh=fresh, revised=revised, sent=len(had) - len(revised))


def candidates_since(
    subscriber: Subscriber, now: datetime, first: datetime | None, days: int
) -> datetime:
    """Return from when on a paper that was listed is a candidate for a reader.

    Her first letter, made at `first` if it was, draws on three days: what is older is not held
    back for the second. Who gets a letter a month gets the month's papers.
    """
    kept = timedelta(days=days)
    if subscriber.cadence == "monthly":
        kept = max(kept, _MONTH)
    return max(now - kept, (first or now) - FIRST_LETTER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Days:
    """How a reader counts days: in her zone, each from her own hour on."""

    zone: str
    begin: time = time()

    def of(self, now: datetime) -> date:
        """Return the day it is for her: that of her latest hour, at `now` or before.

        A day that is skipped, as where the date line is moved, is never hers.
        """
        zone = ZoneInfo(self.zone)
        today = shown(now, zone).date()
        days = (today + timedelta(days=ahead) for ahead in (1, 0, -1, -2))
        return next(day for day in days if exists(day, zone) and self.beginning(day) <= now)

    def beginning(self, day: date) -> datetime:
        """Return when a day begins for her, in UTC.

        An hour that is repeated has come when it is there first, one that is skipped right after.
        """
        return when(datetime.combine(day, self.begin), ZoneInfo(self.zone))


def days_of(subscriber: Subscriber | None, zone: str) -> Days:
    """Return how a reader in a zone counts days; the public's begin at midnight."""
    return Days(zone=zone, begin=subscriber.hour if subscriber else time())


def local_day(now: datetime, zone: str) -> date:
    """Return the calendar day of `now` in a zone."""
    return now.astimezone(ZoneInfo(zone)).date()


def end_of_day(day: date, zone: str) -> datetime:
    """Return the last moment of a day in a zone."""
    end = datetime.combine(day + timedelta(days=1), time(), ZoneInfo(zone))
    return end.astimezone(UTC) - timedelta(microseconds=1)


def is_due(subscriber: Subscriber, last: date | None, today: date) -> bool:
    """Say whether a reader is due a letter today, in whole days of her own zone.

    `last` is the day of the letter before. Comparing moments would skip a letter whenever
    today's run starts a second earlier than yesterday's.
    """
    if subscriber.cadence == "weekdays" and today.weekday() > _FRIDAY:
        return False
    if last is None:
        return True
    match subscriber.cadence:
        case "weekly":
            return today - last >= _WEEK
        case "monthly":
            return (today.year, today.month) > (last.year, last.month)
        case _:
            return today > last


def next_due(subscriber: Subscriber, last: date | None, today: date) -> date:
    """Return the first day from today on when a reader is due."""
    first = max(today, last or today)
    days = (first + timedelta(days=ahead) for ahead in range(32))
    return next(day for day in days if is_due(subscriber, last, day))


def _one_word(text: str) -> bool:
    return text.isprintable() and len(text.split()) == 1
