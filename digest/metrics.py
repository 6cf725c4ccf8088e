"""A service in figures, as Prometheus reads them. Alone in knowing prometheus-client.

Runs are processes of their own, so the figures come from the store, counted when they are asked
for, but not for more than a small part of the time; counters begin at 0 with the service. No
label names a reader, an address or a keyword. It never writes to the store.
"""

from __future__ import annotations

import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from itertools import product
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from digest import __version__
from digest.config import Config
from digest.errors import StoreError
from digest.pipeline import STEPS
from digest.pulse import Pulse
from digest.store import Listed, SourceState, Store, StoreFigures, Transaction

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

FRESH = 10.0
"""For how many seconds figures are shown again; what reads them asks each 15 seconds or less."""

SHARE = 1000
"""Of how many seconds one is spent on counting, at most: it grows with what was sent."""

OUTCOMES = ("ok", "failed", "stopped")
CADENCES = ("daily", "weekdays", "weekly", "monthly")
STATES = ("ready", "leased", "in_doubt", "sent", "failed")

Rows = Mapping[Any, float]
"""Values by those of the labels, a tuple for each."""


class Metrics(Collector):
    """The figures of a service that began at a moment. Asked by one thread.

    `config` is the one in force; `now` is the real time, `clock` in seconds and never set back.
    """

    def __init__(
        self,
        *,
        config: Callable[[], Config],
        store: Store,
        pulse: Pulse,
        began: datetime,
        now: Callable[[], datetime],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._config = config
        self._store = store
        self._pulse = pulse
        self._now = now
        self._clock = clock
        self._figures: StoreFigures | None = None
        self._fresh_until = clock()
        self._tally = _Tally(began)
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)
        ProcessCollector(registry=self._registry)

    def text(self) -> bytes:
        """Return all figures in Prometheus' text format."""
        return generate_latest(self._registry)

    def collect(self) -> Iterator[Metric]:
        """Yield each figure, by the name that it keeps."""
        self._look()
        yield from self._of_service()
        yield from _of_readers(self._config())
        if self._figures is not None:
            yield from self._tally.metrics()
            yield from _of_runs(self._figures)
            yield from _of_sources(self._figures, self._config())
            yield from _of_outbox(self._figures, self._config(), self._now())
            yield _gauge("digest_store_size_bytes", "Size of the store.", self._figures.size)
            since = {(name,): at.timestamp() for name, at in self._figures.alarms.items()}
            yield _gauge(
                "digest_alarm_since_timestamp_seconds",
                "Since when an alarm is on; one that is not is absent.",
                since,
                "alarm",
            )

    def _look(self) -> None:
        """Count anew what is not fresh any more, so seldom that it costs little."""
        began = self._clock()
        if began < self._fresh_until:
            return
        try:
            with self._store.reading() as store:
                self._figures = store.figures(self._now())
                self._tally.add(store)
        except StoreError:
            self._figures = None
        self._fresh_until = began + max(FRESH, SHARE * (self._clock() - began))

    def _of_service(self) -> Iterator[Metric]:
        yield _gauge("digest_build_info", "Which version runs.", {(__version__,): 1}, "version")
        yield _gauge(
            "digest_store_readable",
            "Whether the store can be read; what is counted in it is absent while it can't.",
            float(self._figures is not None),
        )
        yield _gauge(
            "digest_loop_age_seconds", "Time since the service's loop turned.", self._pulse.age
        )
        yield _gauge(
            "digest_next_tick_timestamp_seconds",
            "When a step is taken next.",
            {(step,): at.timestamp() for step, at in self._pulse.ticks.items()},
            "step",
        )
        if free := _free(self._config().store.url):
            yield _gauge("digest_disk_free_bytes", "Room that is left beside the store.", free)


class _Tally:
    """What happened since the service began: the store forgets old runs, counters never fall."""

    def __init__(self, began: datetime) -> None:
        self._began = began
        self._after = began
        self._letter: int | None = None
        self._letters = 0
        self._runs: Counter[tuple[str, ...]] = Counter(dict.fromkeys(product(STEPS, OUTCOMES), 0))

    def add(self, store: Transaction) -> None:
        """Count what came to it."""
        for run in store.runs_ended_after(self._after):
            self._runs.update((step, run.outcome) for step in run.steps)
            self._after = max(self._after, run.ended_at or self._after)
        if self._letter is None:
            self._letter = store.last_letter_before(self._began)
        made, self._letter = store.letters_after(self._letter)
        self._letters += made

    def metrics(self) -> Iterator[Metric]:
        """Yield the counters."""
        yield _counter(
            "digest_runs", "Runs that ended since the service began.", self._runs, "step", "outcome"
        )
        yield _counter(
            "digest_letters", "Letters put in the outbox since the service began.", self._letters
        )


def _of_readers(config: Config) -> Iterator[Metric]:
    found = Counter[str](each.cadence for each in config.subscribers)
    rows = {(cadence,): found[cadence] for cadence in CADENCES}
    yield _gauge("digest_subscribers", "Readers, by how often they read.", rows, "cadence")


def _of_runs(figures: StoreFigures) -> Iterator[Metric]:
    ended = {
        (step, run.outcome): run.ended_at.timestamp()
        for step, run in figures.last.items()
        if run.ended_at
    }
    took = {
        (step,): (run.ended_at - run.began_at).total_seconds()
        for step, run in figures.last.items()
        if run.ended_at
    }
    yield _gauge(
        "digest_last_run_timestamp_seconds",
        "When the last run that took a step ended, and how.",
        ended,
        "step",
        "outcome",
    )
    yield _gauge("digest_last_run_duration_seconds", "How long it took.", took, "step")


def _of_sources(figures: StoreFigures, config: Config) -> Iterator[Metric]:
    names = [each.name for each in config.sources]
    states = {each.name: each for each in figures.sources if each.name in names}
    listed = {name: figures.listed.get(name, Listed(papers=0, new=0)) for name in names}

    def rows(values: Mapping[str, float]) -> Rows:
        return {(name,): value for name, value in values.items()}

    def moments(which: Callable[[SourceState], datetime | None]) -> Rows:
        found = {name: which(state) for name, state in states.items()}
        return rows({name: at.timestamp() for name, at in found.items() if at})

    yield _gauge(
        "digest_source_read_timestamp_seconds",
        "When a source was last read whole.",
        moments(lambda state: state.read_at),
        "source",
    )
    yield _gauge(
        "digest_source_failing_since_timestamp_seconds",
        "Since when a source can't be read whole; one that can is absent.",
        moments(lambda state: state.failing_since),
        "source",
    )
    yield _gauge(
        "digest_source_papers_listed",
        "Papers that a source listed in the last 24 hours.",
        rows({name: each.papers for name, each in listed.items()}),
        "source",
    )
    yield _gauge(
        "digest_source_papers_new",
        "Papers of these that were news.",
        rows({name: each.new for name, each in listed.items()}),
        "source",
    )
    yield _gauge(
        "digest_source_lists_lost",
        "Days whose lists a source can't give any more.",
        rows({name: figures.lost.get(name, 0) for name in names}),
        "source",
    )


def _of_outbox(figures: StoreFigures, config: Config, now: datetime) -> Iterator[Metric]:
    outputs = {each.name for each in config.outputs} | {name for name, _ in figures.deliveries}
    rows = {pair: figures.deliveries.get(pair, 0) for pair in product(sorted(outputs), STATES)}
    yield _gauge(
        "digest_deliveries",
        "Deliveries in the outbox, those that were made among them.",
        rows,
        "output",
        "state",
    )
    age = (now - figures.oldest).total_seconds() if figures.oldest else 0.0
    yield _gauge(
        "digest_outbox_oldest_age_seconds",
        "Age of the oldest letter or mail that waits to be sent; 0 where none does.",
        max(age, 0.0),
    )


def _gauge(name: str, says: str, value: float | Rows, *labels: str) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, says, labels=labels)
    _fill(family, value)
    return family


def _counter(name: str, says: str, value: float | Rows, *labels: str) -> CounterMetricFamily:
    family = CounterMetricFamily(name, says, labels=labels)
    _fill(family, value)
    return family


def _fill(family: GaugeMetricFamily | CounterMetricFamily, value: float | Rows) -> None:
    for of, number in (value if isinstance(value, Mapping) else {(): value}).items():
        family.add_metric(of, number)


def _free(url: str) -> int:
    """Return the bytes that are free beside a store in a file; 0 for another."""
    path = url.removeprefix("sqlite:///")
    if path == url:
        return 0
    try:
        return shutil.disk_usage(Path(path).parent).free
    except OSError:
        return 0
