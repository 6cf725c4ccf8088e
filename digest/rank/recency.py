"""The recency signal: how long ago a source listed a paper. Pure."""

from __future__ import annotations

from datetime import date

from digest.rank.reason import Reason
from digest.subscribers import Candidate

MOST_POINTS = 0.25
HALF_LIFE = 4.0
"""After how many days a paper has half the points."""


def reasons(candidate: Candidate, today: date) -> tuple[Reason, ...]:
    """Return the points of a candidate's age in days; none where no source says its day."""
    if candidate.day is None:
        return ()
    age = max(0, (today - candidate.day).days)
    points = MOST_POINTS * 0.5 ** (age / HALF_LIFE)
    return (Reason(signal="recency", points=points, detail=str(age)),)
