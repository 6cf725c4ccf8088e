"""The pulse of a service: that its loop turns, and when it will do what next.

The loop feels it at each turn; others, in threads of their own, look. It never judges the loop.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import datetime

STALLED = 90.0
"""Seconds after which a loop that did not turn is taken for stuck; it turns each 15 seconds."""


class Pulse:
    """When the loop turned last, and its next ticks. May be shared by threads.

    `clock` is in seconds and never set back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._turned = clock()
        self._ticks: Mapping[str, datetime] = {}

    def turned(self, ticks: Mapping[str, datetime]) -> None:
        """Say that the loop turned, and when each step is taken next."""
        self._ticks = dict(ticks)
        self._turned = self._clock()

    @property
    def age(self) -> float:
        """For how many seconds the loop has not turned."""
        return self._clock() - self._turned

    @property
    def ticks(self) -> Mapping[str, datetime]:
        """When each step is taken next."""
        return self._ticks

    def health(self) -> tuple[int, str]:
        """Return a status of HTTP and a line: 200 while the loop turns, else 503."""
        if self.age < STALLED:
            return 200, "ok\n"
        return 503, f"the loop has not turned for {self.age:.0f} seconds\n"
