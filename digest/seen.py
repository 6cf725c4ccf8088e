"""What is new, revised or known among the papers that sources list.

Pure: it is given what the store knows of them, and says what the store is to remember.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from msgspec import Struct

from digest.known import Change, Decision, Entry, Index, Known, Listing, News, Wording
from digest.papers import Sighting, changed, fingerprint

__all__ = [
    "Change",
    "Changes",
    "Counts",
    "Decision",
    "Known",
    "Listing",
    "News",
    "Wording",
    "diff",
]


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

REPLACED_DAYS = 14
"""Up to how many days after a paper was out its replacement may still be news."""


def diff(
    sightings: Sequence[Sighting],
    known: Sequence[Known],
    *,
    first_read: frozenset[str],
    today: date,
    decisions: Sequence[Decision] = (),
) -> Changes:
    """Say what is new, revised and known, in the order in which sources listed it.

    A paper that two sources bring in one run is new for the first of them. `first_read` names
    the sources that were never read before: of what they list only their last days are news,
    the rest is back-catalogue. `today` is the day of the run. `decisions` stand above titles
    and authors.
    """
    index = Index(known, decisions)
    recent = _recent_days(sightings, first_read, today)
    listed = frozenset((each.source, fingerprint(each.paper)) for each in sightings)
    counts: dict[str, Counts] = {}
    for sighting in sightings:
        entry = index.of(sighting)
        verdict = _verdict(entry, sighting, listed)
        _count(counts, sighting.source, verdict)
        entry.take(sighting, verdict, is_news=_is_news(sighting, recent, today))
    return Changes(papers=tuple(entry.change() for entry in index.met), counts=counts)


def _verdict(entry: Entry, sighting: Sighting, listed: frozenset[tuple[str, str]]) -> News:
    """Say what a listing is; `listed` holds each source's fingerprints of this collect.

    While a source still lists the wording it had, another one beside it is no revision.
    """
    if entry.known is None and not entry.listings:
        return "new"
    before = entry.before(sighting)
    newer = sighting.paper.version > entry.paper.version > 0
    other = before and changed(before, fingerprint(sighting.paper))
    steady = (sighting.source, before) in listed or _older(entry, sighting)
    return "revised" if newer or (other and not steady) else "known"


def _older(entry: Entry, sighting: Sighting) -> bool:
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


def _recent_days(
    sightings: Sequence[Sighting], first_read: frozenset[str], today: date
) -> dict[str, date]:
    """Return from which day on what a source lists at first is news.

    Replacements don't tell: they come on days on which nothing may be new. Nor do days to come,
    such as those of a journal's next issues: what is listed for them is there today.
    """
    days: dict[str, set[date]] = {}
    for sighting in sightings:
        if sighting.source in first_read and sighting.day and sighting.announced != "replace":
            days.setdefault(sighting.source, set()).add(min(sighting.day, today))
    return {source: sorted(found)[-NEWS_DAYS:][0] for source, found in days.items()}


def _count(counts: dict[str, Counts], source: str, verdict: News) -> None:
    count = counts.setdefault(source, Counts())
    count.listed += 1
    setattr(count, verdict, getattr(count, verdict) + 1)
