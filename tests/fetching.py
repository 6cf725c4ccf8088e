"""Fetching in tests: the time of a run, and a clock that nobody has to wait for."""

from __future__ import annotations

from datetime import UTC, datetime
from threading import Lock

NOW = datetime(2026, 7, 1, 5, 0, tzinfo=UTC)


class Time:
    """A clock that moves only when someone waits, and notes how long."""

    def __init__(self) -> None:
        self.clock = 100.0
        self.waits: list[float] = []
        self._lock = Lock()

    def read(self) -> float:
        return self.clock

    def pass_by(self, seconds: float) -> None:
        with self._lock:
            self.clock += seconds

    def sleep(self, seconds: float) -> None:
        self.waits.append(round(seconds, 6))
        self.pass_by(seconds)
