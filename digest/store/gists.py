"""What models wrote of papers, so that none is asked twice about one wording."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import select

from digest.store.statements import Statements, chunks
from digest.store.tables import gists


class Gists(Statements):
    """What is remembered of gists."""

    def gists(self, fingerprints: Collection[str], model: str) -> dict[str, str]:
        """Return what a model wrote of papers in these wordings, where it was asked."""
        wrote = select(gists.c.fingerprint, gists.c.gist).where(gists.c.model == model)
        return {
            fingerprint: gist
            for chunk in chunks(sorted(fingerprints))
            for fingerprint, gist in self._connection.execute(
                wrote.where(gists.c.fingerprint.in_(chunk))
            )
        }

    def save_gists(self, written: Mapping[str, str], model: str, now: datetime) -> None:
        """Remember what a model wrote."""
        rows = [
            {"fingerprint": fingerprint, "model": model, "gist": gist, "made_at": now}
            for fingerprint, gist in written.items()
        ]
        self._put(gists, rows, "gist", "made_at")
