"""When past letters are made again, and whose: at the moments at which they were made.

Pure: it is given what was sent, and when papers were seen.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from digest.subscribers import Days

Key = tuple[date, str]
"""A day and a reader."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A moment of the past, and the readers whose letters are made then; "" is the public."""

    moment: datetime
    readers: frozenset[str]


def turns(
    days: tuple[date, date],
    days_of: Mapping[str, Days],
    sent: Mapping[Key, datetime],
    moments: Sequence[datetime],
) -> list[Turn]:
    """Say when which reader's letters are made again, from one day to another of hers.

    A letter is made when it was made then. Who had none on a day is tried when the last letter
    of that day was made, else at the last of `moments`: when runs saw papers, or pages were kept.
    """
    readers: defaultdict[datetime, set[str]] = defaultdict(set)
    for name, hers in days_of.items():
        at = _last_by_day(moments, hers) | _last_by_day(sent.values(), hers)
        at |= {day: moment for (day, reader), moment in sent.items() if reader == name}
        for day, moment in at.items():
            if days[0] <= day <= days[1]:
                readers[moment].add(name)
    return [Turn(moment=each, readers=frozenset(readers[each])) for each in sorted(readers)]


def _last_by_day(moments: Iterable[datetime], days: Days) -> dict[date, datetime]:
    return {days.of(each): each for each in sorted(moments)}
