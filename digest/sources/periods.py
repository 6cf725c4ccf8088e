"""From which day on a source that serves past days is asked."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from digest.sources import BACK_CATALOGUE_DAYS, OUTAGE_DAYS

REREAD_DAYS = 2
"""What was listed late, or on a day that had not ended everywhere, is read again so long."""


def period(since: date | None, now: datetime) -> tuple[date, date]:
    """Return the first and the last day to ask for, at most 14 days back."""
    today = now.astimezone(UTC).date()
    if since is None:
        return today - timedelta(days=BACK_CATALOGUE_DAYS - 1), today
    first = min(since, today) - timedelta(days=REREAD_DAYS)
    return max(first, today - timedelta(days=OUTAGE_DAYS)), today
