"""Runs whose letters are composed and remembered, but neither rendered nor shown."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

from digest.letters import Letter
from digest.messages import Message, Rendered
from digest.outputs import Output
from digest.pipeline import Parts
from digest.subscribers import Subscriber


@dataclass(frozen=True, slots=True)
class Muted:
    """An output whose letters are remembered, and go nowhere."""

    output: Output

    @property
    def name(self) -> str:
        """What it is called."""
        return self.output.name

    def reaches(self, subscriber: Subscriber | None) -> bool:
        """Say whether it would reach a reader."""
        return self.output.reaches(subscriber)

    def deliver(self, message: Message, commit: Callable[[], None]) -> str:
        """Forget a message."""
        del message, commit
        return "forgotten"

    def check(self) -> str:
        """Return that there is nothing to try."""
        return "forgets"

    def close(self) -> None:
        """Nothing is held open."""


def muted(made: Parts) -> Parts:
    """Let letters be composed and remembered, but neither rendered nor shown."""
    outputs: dict[str, Output] = {name: Muted(each) for name, each in made.outputs.items()}
    return dataclasses.replace(made, outputs=outputs, senders=outputs, render=_unread)


def _unread(letter: Letter) -> Rendered:
    del letter
    return Rendered(subject="", preheader="", html="", text="", markdown="")
