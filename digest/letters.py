"""Letters: what one reader gets of an issue, frozen as data.

The chosen papers with their scores and reasons, and the receipt; `compose` chooses them. The
words a reader sees around them are the templates'. Pure: it never ranks, renders or stores.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Literal

from msgspec import Struct

from digest.gist import Marked, Span
from digest.papers import Paper
from digest.rank.reason import Reason
from digest.sources import weekdays

__all__ = [
    "Badge",
    "Excluded",
    "Item",
    "Letter",
    "Lost",
    "Marked",
    "Missed",
    "Pause",
    "Place",
    "Reason",
    "Receipt",
    "Section",
    "Span",
    "Suggestion",
    "Trouble",
    "spells",
]

Section = Literal["for_you", "trending", "rising", "revised", "more"]


Change = Literal["", "listed", "votes", "keyword", "version", "text"]


class Badge(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where a paper was seen: a source's name, the day it listed it, its votes then."""

    source: str
    day: date | None = None
    votes: int | None = None


class Item(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A paper in a letter.

    `title`, `gist` and `excerpt` are readable and have their hits marked. `gist` is one sentence;
    `machine` says that an AI wrote it, the source's or ours. `excerpt` is the abstract, cut, for
    the first few. `change` says why a rising paper rose or how a revised one changed, `detail` by
    what: the source that lists it now, the votes, the keyword that is new, the version.
    """

    identifier: str
    section: Section
    paper: Paper
    title: Marked
    score: float = 0.0
    reasons: tuple[Reason, ...] = ()
    gist: Marked = ()
    machine: bool = False
    excerpt: Marked = ()
    badges: tuple[Badge, ...] = ()
    change: Change = ""
    detail: str = ""
    revision: int = 0


class Excluded(Struct, frozen=True, kw_only=True):
    """What one ``-keyword`` left out: the titles, all of them."""

    keyword: str
    titles: tuple[str, ...]


class Receipt(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How a letter's numbers add up: read = excluded + below + here + more.

    `read` counts her candidates. `sent` (papers in her earlier letters that were listed again)
    and `revised` are named apart.
    """

    read: int
    sources: tuple[str, ...]
    excluded: tuple[Excluded, ...] = ()
    below: int = 0
    here: int = 0
    more: int = 0
    sent: int = 0
    revised: int = 0

    @property
    def left_out(self) -> int:
        """How many papers any ``-keyword`` left out."""
        return sum(len(each.titles) for each in self.excluded)

    @property
    def adds_up(self) -> bool:
        """Say whether every paper is accounted for once."""
        return self.read == self.left_out + self.below + self.here + self.more


class Trouble(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What failed or was stale: a source's name and what is wrong; `since` if not only today."""

    source: str
    reason: str
    since: date | None = None


class Lost(Struct, frozen=True, kw_only=True):
    """Days of a source that nobody can read any more, from `first` to `last`."""

    source: str
    first: date
    last: date


class Missed(Struct, frozen=True, kw_only=True):
    """A day without a letter: how many papers were listed, how many of them are told in full."""

    day: date
    listed: int
    here: int


class Pause(Struct, frozen=True, kw_only=True):
    """That there was no letter `since` a day, for so long that this one goes `back_to` a later."""

    since: date
    back_to: date


class Place(Struct, frozen=True, kw_only=True):
    """Where a person sees a source's whole list."""

    source: str
    url: str


class Suggestion(Struct, frozen=True, kw_only=True):
    """A keyword that hit nothing in the last weeks, and what it may have meant, or ""."""

    keyword: str
    instead: str


class Letter(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one subscriber (or the public, if `subscriber` is "") gets of an issue.

    `items` are in reading order, those of the `more` section last; of these, `listed` are shown
    by title, the others counted. `thin` says why there is little or nothing: "weekend",
    "sources", "matches", "nothing new" or "". `sample` and `test` mark letters that are not real.
    """

    slot: date
    made_at: datetime
    subscriber: str
    title: str
    items: tuple[Item, ...]
    receipt: Receipt
    keywords: tuple[str, ...] = ()
    listed: int = 0
    first: bool = False
    thin: str = ""
    troubles: tuple[Trouble, ...] = ()
    lost: tuple[Lost, ...] = ()
    places: tuple[Place, ...] = ()
    suggestions: tuple[Suggestion, ...] = ()
    missed: tuple[Missed, ...] = ()
    pause: Pause | None = None
    sample: bool = False
    test: bool = False

    def of(self, section: Section) -> tuple[Item, ...]:
        """Return the items of one section, in reading order."""
        return tuple(item for item in self.items if item.section == section)

    @property
    def here(self) -> tuple[Item, ...]:
        """The papers that are told in full: for you, trending and rising."""
        return tuple(i for i in self.items if i.section in ("for_you", "trending", "rising"))

    @property
    def key(self) -> str:
        """What makes it one thing to send: ``letter/<slot>/<subscriber>``, or ``…/public``."""
        return f"letter/{self.slot.isoformat()}/{self.subscriber or 'public'}"


def spells(source: str, days: Iterable[date]) -> tuple[Lost, ...]:
    """Return the days of a source that are lost, those in a row together, weekend or not."""
    found: list[Lost] = []
    for day in sorted(days):
        if found and not weekdays(found[-1].last + timedelta(days=1), day - timedelta(days=1)):
            found[-1] = Lost(source=source, first=found[-1].first, last=day)
        else:
            found.append(Lost(source=source, first=day, last=day))
    return tuple(found)
