"""Days without a letter since nobody looked: the machine slept, or the service was down.

A day is missed where the schedule had a tick at which a reader was due, and on which no run looked
through the papers, be it for others. One letter makes up for all of them, and says so in a line
for each; after more than two weeks, for those of the last two. A day on which a run looked and
found nothing for her is silent, not missed. Pure: it never reads the schedule or the store.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from digest.letters import Missed, Pause
from digest.subscribers import Candidate, Days, Subscriber, is_due

TOLD = timedelta(days=14)
"""How far back each missed day has its line."""

_DAY = timedelta(days=1)
_INSTANT = timedelta(microseconds=1)

Scheduled = Callable[[datetime, datetime], bool]
"""Says whether publishing was to run after a moment, and until another one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Away:
    """The days that a reader's letter makes up for.

    `looked` is the last day on which papers were looked through for her, `since` the day from
    which on papers are in the letter.
    """

    days: tuple[date, ...]
    looked: date
    since: date


def missed_days(
    reader: Subscriber,
    days: Days,
    scheduled: Scheduled,
    *,
    last: date | None,
    looked: date,
    looks: Collection[datetime],
    today: date,
) -> tuple[date, ...]:
    """Return the days after `looked` and before today on which her letter was due to be written.

    `last` is the day of her last letter, `looks` are when papers were looked through since.
    """
    found: list[date] = []
    for day in _between(looked, today):
        if is_due(reader, last, day) and _slept(days, day, scheduled, looks):
            found.append(day)
            last = day
    return tuple(found)


def _between(first: date, last: date) -> Iterator[date]:
    return (first + _DAY * ahead for ahead in range(1, (last - first).days))


def _slept(days: Days, day: date, scheduled: Scheduled, looks: Collection[datetime]) -> bool:
    """Say whether a day had a tick, and no look."""
    begin, end = days.beginning(day), days.beginning(day + _DAY)
    if days.of(begin) != day or any(begin <= look < end for look in looks):
        return False
    return scheduled(begin - _INSTANT, end - _INSTANT)


def missed_lines(
    away: Away | None, today: date, fresh: Iterable[Candidate], here: Collection[int]
) -> tuple[Missed, ...]:
    """Return what a letter says of each missed day: the papers listed since the day before it.

    `fresh` are her candidates, `here` the numbers of those that the letter tells in full.
    """
    if away is None:
        return ()
    listed = [(day, each.id in here) for each in fresh if (day := _listed(each, away.looked))]
    found = []
    for before, day in zip((away.looked, *away.days), away.days, strict=False):
        those = [shown for on, shown in listed if before < on <= day]
        if day >= today - TOLD:
            found.append(Missed(day=day, listed=len(those), here=sum(those)))
    return tuple(found)


def paused(away: Away | None, today: date) -> Pause | None:
    """Return since when there was no letter, where that is longer ago than is told by days."""
    if away is None or not away.days or away.days[0] >= today - TOLD:
        return None
    return Pause(since=away.days[0], back_to=away.since)


def _listed(candidate: Candidate, after: date) -> date | None:
    """Return the first day after another on which a source listed a paper."""
    days = (seen.day for seen in candidate.seen if seen.day and seen.day > after)
    return min(days, default=None)
