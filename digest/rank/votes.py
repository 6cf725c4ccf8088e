"""The votes signal: what other readers liked, on a scale that flattens. Pure."""

from __future__ import annotations

from math import log1p

from digest.rank.reason import Reason
from digest.subscribers import Candidate

MOST_POINTS = 0.5
MANY_VOTES = 200
"""From how many votes on a paper has all the points; one in a hundred daily papers has more."""


def reasons(candidate: Candidate) -> tuple[Reason, ...]:
    """Return the points of a candidate's votes, if it has any."""
    votes = candidate.votes
    if votes < 1:
        return ()
    points = MOST_POINTS * min(1.0, log1p(votes) / log1p(MANY_VOTES))
    return (Reason(signal="votes", points=points, detail=str(votes)),)
