"""The service in a simulated year: a clock that leaps, a machine that sleeps, a post that counts.

The loop, its timetable, the pipeline and the store are the real ones. The clock leaps to the next
moment at which anything happens; between, the loop would only look and wait. A run is not a
process but takes its steps at once. What is fetched comes from a `Year`; letters are composed and
remembered, and what is sent is noted instead.
"""

from __future__ import annotations

import dataclasses
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from year import Year
from year_oracle import Letters, Missed, Span

from digest.app import Setting, locked, me, parts
from digest.events import UNLOGGED
from digest.letters import Letter
from digest.messages import Message, Rendered
from digest.pipeline import STEPS
from digest.pulse import Pulse
from digest.replay import ReadOnce
from digest.runs import run
from digest.serve.ears import Ears
from digest.serve.ledger import LEASE, LOCK, Ledger
from digest.serve.loop import Loop
from digest.serve.notify import Notifier
from digest.serve.orders import Orders
from digest.store import Store, open_store
from digest.subscribers import Subscriber


@dataclass
class Clock:
    """What time it is. Where it leaps into a time that the machine sleeps, it wakes after it."""

    now: datetime
    asleep: Sequence[Span] = ()

    def __call__(self) -> datetime:
        return self.now

    def leap(self, moment: datetime) -> None:
        """Let time go by."""
        self.now = max(self.now, moment)
        for start, end in sorted(self.asleep):
            if start <= self.now < end:
                self.now = end


@dataclass
class Post:
    """An output that notes what is sent, and when."""

    clock: Clock
    name: str = "post"
    sent: list[tuple[str, datetime]] = field(default_factory=list)

    def reaches(self, subscriber: Subscriber | None) -> bool:
        return subscriber is not None

    def deliver(self, message: Message, commit: Callable[[], None]) -> str:
        commit()
        self.sent.append((message.key, self.clock()))
        return "250 noted"

    def check(self) -> str:
        return "notes"

    def close(self) -> None:
        """Nothing is held open."""


class LeapingEars(Ears):
    """Hears that a run ended, that the config is another, and that the service is to stop."""

    def __init__(
        self, clock: Clock, ticks: Sequence[datetime], changes: Sequence[datetime], stop: datetime
    ) -> None:
        self.stop = False
        self.ended = False
        self.change: Callable[[], None] = lambda: None
        self._clock = clock
        self._moments = sorted({*ticks, *changes, stop})
        self._changes = [each for each in sorted(changes) if each > clock()]
        self._stop_at = stop

    def reload(self) -> bool:
        """Say whether the config was changed."""
        changed = bool(self._changes) and self._changes[0] <= self._clock()
        if changed:
            self._changes = [each for each in self._changes if each > self._clock()]
            self.change()
        return changed

    def wait(self, seconds: float) -> None:
        """Leap to the next moment at which anything happens, or hear that a run ended."""
        if self.ended:
            self.ended = False
            return
        coming = bisect_right(self._moments, self._clock())
        self._clock.leap(self._moments[coming] if seconds else self._clock())
        self.stop = self._clock() >= self._stop_at


class Done:
    """A run that has ended."""

    def __init__(self, code: int) -> None:
        self._code = code

    def ended(self) -> int:
        return self._code

    def stop(self) -> None:
        """It has ended."""

    def kill(self) -> None:
        """It has ended."""


@dataclass
class Service:
    """What runs on the machine, by the digest.toml in a folder."""

    folder: Path
    year: Year
    clock: Clock
    post: Post
    runs: int = 0
    texts: ReadOnce = field(default_factory=ReadOnce)
    ran: Callable[[datetime], None] = lambda _: None

    def serve(self, ears: LeapingEars) -> None:
        """Serve until told to stop."""
        orders, owner = Orders(self.folder / "digest.toml"), me()
        with open_store(orders.config.store.url) as store, locked(store, owner, LOCK, LEASE):

            def start(orders: Orders, steps: Iterable[str], name: str) -> Done:
                self.take(orders, store, steps, name)
                ears.ended = True
                return Done(0)

            Loop(
                orders=orders,
                ledger=Ledger(store, owner),
                start=start,
                ears=ears,
                notifier=Notifier(),
                clock=self.clock,
                log=UNLOGGED,
                pulse=Pulse(),
            ).run()

    def take(self, orders: Orders, store: Store, wanted: Iterable[str], name: str) -> None:
        """Run steps, now."""
        self.year.now = now = self.clock()
        steps = tuple(each for each in STEPS if each in set(wanted))
        self.runs += bool(steps)
        setting = Setting(config=orders.config, now=now, folder=self.folder, scheduled=True)
        fetcher: Any = SimpleNamespace(get=self.year.fetch)
        outputs = {self.post.name: self.post}
        made = dataclasses.replace(
            parts(setting, store, fetcher, me()),
            outputs=outputs,
            senders=outputs,
            render=_blank,
            clock=self.clock,
            patient=True,
            texts=self.texts,
        )
        with store.writing() as transaction:
            transaction.begin_run(name, steps, now)
        done = run(made, steps)
        with store.writing() as transaction:
            transaction.end_run(name, "failed" if done.failed else "ok", "", now)
        self.ran(now)


def written(url: str) -> tuple[Letters, Missed]:
    """Return all letters of a store: the papers that each tells, the missed days that it names."""
    with open_store(url) as store, store.reading() as transaction:
        made = [each.letter for each in transaction.letters_between(date.min, date.max)]
    letters = {
        (each.subscriber, each.slot): frozenset(
            item.identifier.removeprefix("arxiv:") for item in each.items
        )
        for each in made
    }
    missed = {
        (each.subscriber, each.slot): tuple(line.day for line in each.missed)
        for each in made
        if each.missed
    }
    return letters, missed


def _blank(letter: Letter) -> Rendered:
    del letter
    return Rendered(subject="", preheader="", html="", text="", markdown="")
