"""When each source was read, whether it fails, and what its pages were last time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from msgspec import Struct
from sqlalchemy import bindparam, delete, func, literal, select, update

from digest.papers import Validators
from digest.store.statements import Statements
from digest.store.tables import Utc, pages, sightings, sources

FORGET_PAGES = timedelta(days=60)
"""When a page that is read no more is forgotten. A source reads at most 14 days back."""

_STATES = select(
    sources.c.name,
    sources.c.first_read_at,
    sources.c.read_at,
    sources.c.failing_since,
    sources.c.reason,
)
_LISTED = select(func.max(sightings.c.seen_at)).where(sightings.c.source == bindparam("source"))
_PAGES = select(pages.c.url, pages.c.etag, pages.c.last_modified, pages.c.listed)


class SourceState(Struct, frozen=True, kw_only=True):
    """How reading a source went.

    When it was first read, whole or in part, when last whole, and since when it fails.
    """

    name: str
    first_read_at: datetime | None = None
    read_at: datetime | None = None
    failing_since: datetime | None = None
    reason: str = ""


class SavedPage(NamedTuple):
    """What a server said of a page, and how many papers the page listed then."""

    validators: Validators
    listed: int


class Sources(Statements):
    """What is remembered of sources."""

    def source_states(self) -> dict[str, SourceState]:
        """Return each source that was ever read, by name."""
        found = self._connection.execute(_STATES).mappings()
        return {row["name"]: SourceState(**row) for row in found}

    def last_listed(self, source: str) -> datetime | None:
        """Return when a source listed something last; what it lists again on a day is no more."""
        found: datetime | None = self._connection.scalar(_LISTED, {"source": source})
        return found

    def pages(self, source: str) -> dict[str, SavedPage]:
        """Return a source's pages by address."""
        found = self._connection.execute(_PAGES.where(pages.c.source == source))
        return {
            url: SavedPage(Validators(etag=etag, last_modified=last_modified), listed)
            for url, etag, last_modified, listed in found
        }

    def save_reading(
        self,
        source: str,
        now: datetime,
        pages: Mapping[str, tuple[Validators, int]],
        *,
        whole: bool,
        begun: bool = False,
        reason: str = "",
    ) -> None:
        """Remember that a source was read, whole or in part, and the pages that parsed.

        `begun` says that something of it was there, if not all.
        """
        self._save_state(source, now, whole=whole, begun=begun, reason=reason)
        self._save_pages(source, now, pages)

    def _save_state(
        self, source: str, now: datetime, *, whole: bool, begun: bool, reason: str
    ) -> None:
        self._add(sources, [{"name": source, "reason": ""}])
        state = update(sources).where(sources.c.name == source)
        if whole or begun:
            first = func.coalesce(sources.c.first_read_at, literal(now, Utc))
            state = state.values(first_read_at=first)
        if whole:
            state = state.values(read_at=now, failing_since=None, reason="")
        else:
            since = func.coalesce(sources.c.failing_since, literal(now, Utc))
            state = state.values(failing_since=since, reason=reason)
        self._connection.execute(state)

    def _save_pages(
        self, source: str, now: datetime, read: Mapping[str, tuple[Validators, int]]
    ) -> None:
        rows = [
            {
                "source": source,
                "url": url,
                "etag": validators.etag,
                "last_modified": validators.last_modified,
                "listed": listed,
                "read_at": now,
            }
            for url, (validators, listed) in read.items()
        ]
        self._put(pages, rows, "etag", "last_modified", "listed", "read_at")
        stale = (pages.c.source == source) & (pages.c.read_at < now - FORGET_PAGES)
        self._connection.execute(delete(pages).where(stale))
