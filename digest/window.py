"""What a service shows to those who watch it: /metrics for Prometheus, /healthz for containers.

The library that writes metrics is imported when they are first asked for, so that a service that
nobody watches pays nothing for it. It never judges what it shows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

from digest.config import Config
from digest.events import Log, MetricsServed
from digest.exposed import Address, Page, exposed
from digest.pulse import Pulse
from digest.store import Store

if TYPE_CHECKING:
    from digest.metrics import Metrics

NOWHERE = Address("", 0)


@contextmanager
def window(
    config: Callable[[], Config],
    store: Store,
    pulse: Pulse,
    log: Log,
    now: Callable[[], datetime],
) -> Iterator[Address]:
    """Show a service while the block lasts, where its config says; yield where that is.

    `config` is the one in force; where it is shown does not change before the service starts
    anew. Raises ConfigError where the address cannot be had.
    """
    address = config().serve.address
    if address is None:
        yield NOWHERE
        return
    panes = _Panes(config, store, pulse, now)
    pages = {"/metrics": panes.metrics, "/healthz": panes.health}
    with exposed(address, pages) as place:
        log(MetricsServed(host=place.host, port=place.port, loopback=place.loopback))
        yield place


class _Panes:
    """The pages, each made when it is asked for, by the one thread that answers."""

    def __init__(
        self,
        config: Callable[[], Config],
        store: Store,
        pulse: Pulse,
        now: Callable[[], datetime],
    ) -> None:
        self._config = config
        self._store = store
        self._pulse = pulse
        self._now = now
        self._began = now()

    def metrics(self) -> Page:
        """Return the figures."""
        from digest.metrics import CONTENT_TYPE  # noqa: PLC0415 - see above

        return Page(body=self._figures.text(), kind=CONTENT_TYPE)

    def health(self) -> Page:
        """Say whether the loop turns."""
        status, says = self._pulse.health()
        return Page(body=says.encode(), status=status)

    @cached_property
    def _figures(self) -> Metrics:
        from digest.metrics import Metrics  # noqa: PLC0415 - see above

        return Metrics(
            config=self._config,
            store=self._store,
            pulse=self._pulse,
            began=self._began,
            now=self._now,
        )
