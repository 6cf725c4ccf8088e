"""A run at work, as the loop sees it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from digest.pipeline import Step
from digest.serve.orders import Orders


class Process(Protocol):
    """A run, seen from outside."""

    def ended(self) -> int | None:
        """Return its exit code; None while it runs."""

    def stop(self) -> None:
        """Tell it to stop."""

    def kill(self) -> None:
        """End it at once."""


Start = Callable[[Orders, Iterable[str], str], Process]
"""Starts a run of steps, with a name, by the orders."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Going:
    """The run at work: `stopped_at` is when it was told to stop, for taking too long."""

    process: Process
    name: str
    steps: tuple[Step, ...]
    began: datetime
    stopped_at: datetime | None = None

    @property
    def what(self) -> str:
        """Return its steps, as the operator reads them."""
        return ", ".join(self.steps) or "watch"
