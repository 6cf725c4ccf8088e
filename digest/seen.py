"""What is new, revised or known among the papers that sources list.

Pure: it is given what the store knows of them, and says what the store is to remember.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from msgspec import Struct

from digest.papers import Paper, Sighting

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
