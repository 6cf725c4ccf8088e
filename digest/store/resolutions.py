"""What was looked up by title, so that no server is asked twice."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import select

from digest.papers import Paper
from digest.resolve import Resolution
from digest.store.statements import Statements, chunks
from digest.store.tables import resolutions

_FOUND = select(resolutions.c.title_key, resolutions.c.paper, resolutions.c.asked_at)


class Resolutions(Statements):
    """What is remembered of titles that were looked up."""

    def resolutions(self, keys: Collection[str]) -> dict[str, Resolution]:
        """Return what was found for these normal forms of titles, where they were asked for."""
        return {
            key: Resolution(paper=paper, asked_at=asked_at)
            for chunk in chunks(sorted(keys))
            for key, paper, asked_at in self._connection.execute(
                _FOUND.where(resolutions.c.title_key.in_(chunk))
            )
        }

    def save_resolutions(self, found: Mapping[str, Paper | None], now: datetime) -> None:
        """Remember what was found; None for what nobody knew."""
        rows = [{"title_key": key, "paper": paper, "asked_at": now} for key, paper in found.items()]
        self._put(resolutions, rows, "paper", "asked_at")
