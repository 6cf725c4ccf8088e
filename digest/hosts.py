"""Web servers, each asked by one thread at a time, spaced out, and again where that may help.

Waits as long as a server asks, within limits; a server that did not answer at all is left alone
for the rest of the run. Never follows a redirect and never reads what came: `fetch` does the one,
sources do the other.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import inf
from threading import Lock

from digest.addresses import shown
from digest.answers import Answer, ExchangeError, in_utc, judge, origin
from digest.sources import Request

Send = Callable[[str, Mapping[str, str]], Answer]
"""Asks once: an address and headers. Raises ExchangeError if no answer came."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One request as it went, for the run's account and for benchmarks.

    Times are in seconds: `started` since the Hosts were made, `waited` for politeness before,
    `took` until the end of the answer. `status` is 0 where no whole answer came; `size` is in
    bytes as sent. `url` has no secrets in it.
    """

    url: str
    host: str
    started: float
    waited: float
    took: float
    status: int = 0
    size: int = 0


@dataclass(slots=True)
class _Host:
    """When a server was last asked and may be asked again; `lock` is held while it is.

    `down` says why it is not asked any more.
    """

    name: str
    lock: Lock = field(default_factory=Lock)
    ended: float = -inf
    spacing: float = 0.0
    rests_until: float = -inf
    down: str = ""

    def due(self, spacing: float) -> float:
        """Return when the next request may start."""
        return max(self.ended + max(self.spacing, spacing), self.rests_until)


class Hosts:
    """All servers of a run. May be shared by threads.

    `now` is the run's; `clock` and `sleep` only space requests out. `max_wait` is in seconds,
    `retries` come after the first try.
    """

    def __init__(
        self,
        send: Send,
        *,
        now: datetime,
        retries: int,
        max_wait: float,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._send = send
        self._now = now
        self._retries = retries
        self._max_wait = max_wait
        self._clock = clock
        self._sleep = sleep
        self._began = clock()
        self._guard = Lock()
        self._hosts: dict[str, _Host] = {}
        self._exchanges: list[Exchange] = []

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        """All requests so far, in the order of their answers."""
        return tuple(self._exchanges)

    def ask(self, request: Request, headers: Mapping[str, str]) -> Answer:
        """Ask until an answer can be used, or asking again would not help."""
        host = self._host(request.url)
        tries = 1
        while True:
            try:
                with host.lock:
                    return self._turn(host, request, headers, tries)
            except ExchangeError as error:
                error.tries = tries
                pause = error.pause or 0.0
                if not error.again or tries > self._retries or self._too_long(pause):
                    _give_up(host, error)
                    raise
            tries += 1

    def _turn(
        self, host: _Host, request: Request, headers: Mapping[str, str], tries: int
    ) -> Answer:
        """Wait for the host to be due and ask it once; its lock is held."""
        if host.down:
            raise ExchangeError(
                f"not asked, since the server failed before in this run: {host.down}"
            )
        spacing = request.spacing.total_seconds()
        waited = self._wait(host, spacing)
        started = self._clock()
        answer = None
        try:
            answer = self._send(request.url, headers)
            judge(answer, headers, self._moment(self._clock()))
        except ExchangeError as error:
            if error.again and error.pause is None:
                error.pause = min(_backoff(request.backoff, tries), self._max_wait)
            host.rests_until = self._clock() + (error.pause or 0.0)
            raise
        finally:
            host.ended, host.spacing = self._clock(), spacing
            self._note(host, request.url, started, waited, answer)
        return answer

    def _wait(self, host: _Host, spacing: float) -> float:
        now = self._clock()
        if self._too_long(host.rests_until - now):
            until = in_utc(self._moment(host.rests_until))
            raise ExchangeError(f"the server asked for a pause; come back after {until}")
        delay = max(0.0, host.due(spacing) - now)
        if delay:
            self._sleep(delay)
        return delay

    def _too_long(self, pause: float) -> bool:
        # To the millisecond: a sum of times is off by a little, and the longest pause is allowed.
        return round(pause, 3) > self._max_wait

    def _moment(self, clock: float) -> datetime:
        return self._now + timedelta(seconds=clock - self._began)

    def _note(
        self, host: _Host, url: str, started: float, waited: float, answer: Answer | None
    ) -> None:
        self._exchanges.append(
            Exchange(
                url=shown(url),
                host=host.name,
                started=started - self._began,
                waited=waited,
                took=host.ended - started,
                status=answer.status if answer else 0,
                size=answer.size if answer else 0,
            )
        )

    def _host(self, url: str) -> _Host:
        name = origin(url)
        with self._guard:
            return self._hosts.setdefault(name, _Host(name))


def _give_up(host: _Host, error: ExchangeError) -> None:
    """Remember a server that never answered, so that the next page need not wait for it too."""
    if error.unanswered:
        host.down = str(error)


def _backoff(base: timedelta, tries: int) -> float:
    wait = base.total_seconds() * 2.0 ** (tries - 1)
    return wait + random.uniform(0, wait)  # noqa: S311 - jitter is no secret
