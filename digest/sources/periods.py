"""From which day on a source that serves past days is asked."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from digest.sources import BACK_CATALOGUE_DAYS, OUTAGE_DAYS

REREAD_DAYS = 2
"""What was listed late, or on a day that had not ended everywhere, is read again so long."""


def earliest(since: date | None, today: date, *, at_first: int, further: int) -> date:
    """Return the day from which on to ask where a list learns late: `further` days back.

    A first read asks for `at_first` days; after an outage 14 days are asked for, and `further`.
    """
    if since is None:
        return today - timedelta(days=at_first)
    outage = today - timedelta(days=OUTAGE_DAYS)
    return max(min(since, today), outage) - timedelta(days=further)


def period(since: date | None, now: datetime) -> tuple[date, date]:
    """Return the first and the last day to ask for, at most 14 days back."""
    today = now.astimezone(UTC).date()
    if since is None:
        return today - timedelta(days=BACK_CATALOGUE_DAYS - 1), today
    first = min(since, today) - timedelta(days=REREAD_DAYS)
    return max(first, today - timedelta(days=OUTAGE_DAYS)), today
