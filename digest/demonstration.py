"""The built-in sample, rehearsed day by day: what `digest once --dry-run` shows without a config.

It reads the pages in ``sample/``, and nothing from outside.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from digest.app import Setting, Tell, check_reader, clock, me, moment, opened, parts, run, silence
from digest.config import decode
from digest.fetch import Fetcher
from digest.letters import Letter
from digest.messages import Message, Rendered
from digest.pipeline import Parts
from digest.report import Run
from digest.store import Store
from digest.subscribers import Subscriber

SAMPLE = Path(__file__).parent / "sample"


@dataclass(frozen=True, slots=True)
class Nowhere:
    """An output that forgets: the sample's days before the last go there."""

    name: str = "nowhere"

    def reaches(self, subscriber: Subscriber | None) -> bool:
        """Say whether a reader has letters here: all but the public."""
        return subscriber is not None

    def deliver(self, message: Message, commit: Callable[[], None]) -> str:
        """Forget a message."""
        del message, commit
        return "forgotten"

    def check(self) -> str:
        """Return that there is nothing to try."""
        return "forgets"

    def close(self) -> None:
        """Nothing is held open."""


def sample_days() -> list[date]:
    """Return the days of the built-in sample."""
    return sorted(
        date.fromisoformat(each.name) for each in SAMPLE.iterdir() if each.name[:1] == "2"
    )


def sample(only: str, folder: Path = Path(), *, quiet: bool = False, tell: Tell = silence) -> Run:
    """Rehearse the sample's days one after the other and preview the last one's letter."""
    text = (SAMPLE / "digest.toml").read_text(encoding="utf-8")
    days = sample_days()
    runs: list[Run] = []
    with ExitStack() as stack:
        store: Store | None = None
        for day in days:
            config = decode(text.replace("{day}", day.isoformat()), SAMPLE / "digest.toml")
            now = moment(day.isoformat(), config.newsletter.timezone, clock())
            setting = Setting(
                config=config,
                now=now,
                dry_run=True,
                only=only,
                sample=True,
                quiet=quiet,
                folder=folder,
                tell=tell,
            )
            check_reader(setting)
            store = store or stack.enter_context(opened(setting))
            with Fetcher(config.http, now=now) as fetcher:
                made = parts(setting, store, fetcher, me())
                runs.append(run(made if day == days[-1] else _quiet(made)))
    return runs[-1]


def _quiet(made: Parts) -> Parts:
    """Let letters be composed and remembered, but neither rendered nor shown."""
    outputs = {"nowhere": Nowhere()}
    return dataclasses.replace(made, outputs=outputs, senders=outputs, render=_unread)


def _unread(letter: Letter) -> Rendered:
    del letter
    return Rendered(subject="", preheader="", html="", text="", markdown="")
