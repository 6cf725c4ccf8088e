"""A run made again from pages that were kept. It is a rehearsal: nothing is sent or remembered."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from digest.app import Setting, check_reader, me, opened, parts, run
from digest.fetch import Fetcher
from digest.kept import Kept
from digest.letters import Letter
from digest.messages import Message, Rendered
from digest.outputs import Output
from digest.pipeline import Parts
from digest.report import Run
from digest.subscribers import Subscriber, local_day


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


def again(setting: Setting, kept: Kept) -> Run:
    """Rehearse a run on kept pages, as if no letter had been made from that day on."""
    check_reader(setting)
    rehearsed = dataclasses.replace(setting, dry_run=True)
    with opened(rehearsed) as store, Fetcher(setting.config.http, now=setting.now) as fetcher:
        made = parts(rehearsed, store, fetcher, me())
        forget(made, {name: local_day(made.now, zone) for name, zone in zones(made).items()})
        with store.writing() as transaction:
            transaction.forget_sightings(made.now)
        return run(on_pages(made, kept))


def on_pages(made: Parts, kept: Kept, after: datetime | None = None) -> Parts:
    """Let a run read what was kept since a moment, and nothing else."""
    sources = kept.sources(made.sources, made.now, after)
    return dataclasses.replace(made, sources=sources, fetch=kept.fetch(made.now))


def zones(made: Parts) -> dict[str, str]:
    """Return the zone of each reader who may get letters; "" is the public."""
    readers: list[Subscriber | None] = [*made.subscribers, *([None] if made.public else [])]
    return {each.name if each else "": made.zone_of(each) for each in readers}


def forget(made: Parts, since: Mapping[str, date]) -> None:
    """Forget each reader's letters since a day."""
    with made.store.writing() as transaction:
        for name, day in since.items():
            transaction.forget_letters(name, day)
