"""Which day arXiv announces when, and whether a feed is that day's.

arXiv announces at 20:00 US Eastern time for the day after, and builds its feeds anew at midnight
there; not on Friday and Saturday nights. A feed can be stale under a fresh date: then its list
of the day has new papers above the feed's newest. Nothing here asks for anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from digest.papers import Sighting
from digest.sources import fields, weekdays
from digest.sources.listing import Listing

_EASTERN = ZoneInfo("America/New_York")
_ANNOUNCED_AT = 20
"""The hour from which on the list is the next day's."""

_CHECK = re.compile(r"#newest=(?P<newest>[\d.]{0,12})&built=(?P<built>[\d-]{0,10})$")
_NUMBER = re.compile(r"(\d{4})\.(\d{4,5})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """What a feed had: its highest identifier, "" if it was empty, and the day it speaks of."""

    newest: str = ""
    built: str = ""

    @property
    def fragment(self) -> str:
        """Itself as the end of an address, which is never sent."""
        return f"#newest={self.newest}&built={self.built}"


def feed_of(sightings: Iterable[Sighting]) -> Feed:
    """Return what a feed had, by what was read from it."""
    had = list(sightings)
    newest = max((each.paper.arxiv for each in had), key=_number, default="")
    built = max((each.day.isoformat() for each in had if each.day), default="")
    return Feed(newest=newest if _NUMBER.fullmatch(newest) else "", built=built)


def asked_of(url: str) -> Feed | None:
    """Return the feed that the list at an address is to be compared with; None for none."""
    found = _CHECK.search(url)
    return Feed(newest=found["newest"], built=found["built"]) if found else None


def stale(feed: Feed, listing: Listing, now: datetime) -> str:
    """Say that a feed lacks what the list announces, or ""."""
    today = now.astimezone(_EASTERN).date()
    if listing.day is None or listing.day > today or (not feed.newest and listing.day < today):
        return ""
    new = [each.paper.arxiv for each in listing.parsed.sightings if each.announced == "new"]
    lacking = sum(_number(each) > _number(feed.newest) for each in new)
    if not lacking:
        return ""
    had = f"dated {feed.built}" if fields.day(feed.built) else "empty"
    lacks = f"{lacking} of the {len(new)} papers that the list of {listing.day} has as new"
    return f"the feed is stale: it is {had} and lacks {lacks}; the list was read instead"


def missed(since: date, now: datetime) -> bool:
    """Say whether a day may have been announced since a reading that no feed or list has now.

    The reading on the day `since`, in US Eastern time, had that day's announcement.
    """
    there = now.astimezone(_EASTERN)
    current = there.date() + timedelta(days=there.hour >= _ANNOUNCED_AT)
    return bool(weekdays(since + timedelta(days=1), current - timedelta(days=1)))


def _number(identifier: str) -> tuple[int, int]:
    """Return an identifier as it is counted; those from before 2007 come before all others."""
    found = _NUMBER.fullmatch(identifier)
    return (int(found[1]), int(found[2])) if found else (0, 0)
