"""Pages, from the web or from files, politely.

One request at a time per host, spaced out; hosts side by side, since callers use threads.
Retries what may pass, waits as long as a server asks, follows redirects, stops at limits.
Never says what to get, and never reads what came: sources do. Never remembers validators: a page
that did not parse must be had again. `wire` speaks HTTP, `saved` reads files.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from math import inf
from threading import Lock
from typing import TYPE_CHECKING, Annotated, Self
from urllib.parse import urldefrag

from msgspec import Meta, Struct

from digest import __version__, saved
from digest.answers import (
    NOT_MODIFIED,
    PAGE,
    Answer,
    ExchangeError,
    in_utc,
    judge,
    origin,
    redirected,
    shown,
)
from digest.errors import FetchError
from digest.papers import Page, Validators
from digest.sources import Request

if TYPE_CHECKING:
    from digest.wire import Wire

MAX_REDIRECTS = 5
BACKOFF_SECONDS = 1.0
"""The wait before the second try; it doubles with each, and up to as much again is random."""

_MEGABYTE = 1_000_000

HeaderText = Annotated[str, Meta(pattern=r"^[ -~]*\Z", max_length=200)]
"""Printable ASCII: what a header can carry."""


class HttpSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[http]``: how to ask, and when to stop.

    `timeout` and `max_wait` are in seconds: the longest silence of a server (a whole exchange may
    take four times that), and the longest pause it may ask for. `retries` come after the first try.
    """

    user_agent: HeaderText = ""
    contact: HeaderText = ""
    timeout: Annotated[float, Meta(gt=0, le=3600)] = 30.0
    max_wait: Annotated[float, Meta(ge=0, le=3600)] = 60.0
    retries: Annotated[int, Meta(ge=0, le=10)] = 2
    max_megabytes: Annotated[float, Meta(gt=0, le=1000)] = 20.0

    @property
    def agent(self) -> str:
        """The User-Agent header (RFC 9110, section 10.1.5): who asks, and how to reach them."""
        if self.user_agent:
            return self.user_agent
        contact = f"mailto:{self.contact}" if "@" in self.contact else self.contact
        return f"digest-newsletter/{__version__}" + (f" (+{contact})" if contact else "")

    @property
    def limit(self) -> int:
        """The largest body in bytes, as sent and after decompressing."""
        return int(self.max_megabytes * _MEGABYTE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One request as it went, for the run's account and for benchmarks.

    Times are in seconds: `started` since the Fetcher was made, `waited` for politeness before,
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
    """When a server was last asked and may be asked again; `lock` is held while it is."""

    name: str
    lock: Lock = field(default_factory=Lock)
    ended: float = -inf
    spacing: float = 0.0
    rests_until: float = -inf

    def due(self, spacing: float) -> float:
        """Return when the next request may start."""
        return max(self.ended + max(self.spacing, spacing), self.rests_until)


class Fetcher:
    """Gets pages. May be shared by threads; closes its connections when left.

    `now` is the run's and is stamped on every page; `clock` and `sleep` only space requests out.
    """

    def __init__(
        self,
        settings: HttpSettings,
        *,
        now: datetime,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._settings = settings
        self._now = now
        self._clock = clock
        self._sleep = sleep
        self._began = clock()
        self._guard = Lock()
        self._hosts: dict[str, _Host] = {}
        self._wire: Wire | None = None
        self._exchanges: list[Exchange] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        with self._guard:
            if self._wire is not None:
                self._wire.close()
                self._wire = None

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        """All requests so far, in the order of their answers. Files are none."""
        return tuple(self._exchanges)

    def get(
        self, source: str, request: Request, validators: Validators | None = None
    ) -> Page | None:
        """Return the page, or None if the server says that it has not changed; else FetchError.

        The page's address is where redirects ended, with the fragment that was asked for.
        Files are always read.
        """
        if request.url.lower().startswith("file:"):
            return saved.read(source, request.url, now=self._now, limit=self._settings.limit)
        try:
            return self._follow(request, validators or Validators())
        except ExchangeError as error:
            reason = f"{error} (asked {error.tries} times)" if error.tries > 1 else str(error)
            raise FetchError(source, shown(request.url), reason) from error

    def _follow(self, request: Request, validators: Validators) -> Page | None:
        url, fragment = urldefrag(request.url)
        headers = self._headers(request, validators)
        for _ in range(MAX_REDIRECTS + 1):
            answer = self._ask(replace(request, url=url), headers)
            if answer.status == NOT_MODIFIED:
                return None
            if answer.status in PAGE:
                return self._page(f"{url}#{fragment}" if fragment else url, answer)
            url = redirected(url, answer.location)
        raise ExchangeError(
            f"redirected more than {MAX_REDIRECTS} times; give the address where it should end"
        )

    def _headers(self, request: Request, validators: Validators) -> dict[str, str]:
        headers = {
            "User-Agent": self._settings.agent,
            "Accept": request.accept,
            "Accept-Encoding": "gzip, deflate",
            "If-None-Match": validators.etag,
            "If-Modified-Since": validators.last_modified,
        }
        return {name: value for name, value in headers.items() if _sendable(value)}

    def _page(self, url: str, answer: Answer) -> Page:
        return Page(
            url=url,
            body=answer.body,
            content_type=answer.content_type,
            fetched_at=self._now,
            validators=answer.validators,
        )

    def _ask(self, request: Request, headers: dict[str, str]) -> Answer:
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
                if not error.again or tries > self._settings.retries or self._too_long(pause):
                    raise
            tries += 1

    def _turn(self, host: _Host, request: Request, headers: dict[str, str], tries: int) -> Answer:
        """Wait for the host to be due and ask it once; its lock is held."""
        spacing = request.spacing.total_seconds()
        waited = self._wait(host, spacing)
        started = self._clock()
        answer = None
        try:
            answer = self._line().send(request.url, headers)
            judge(answer, headers, self._moment(self._clock()))
        except ExchangeError as error:
            if error.again and error.pause is None:
                error.pause = _backoff(tries)
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
        return pause > self._settings.max_wait

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

    def _line(self) -> Wire:
        from digest.wire import Wire  # noqa: PLC0415 - a run that reads files needs no httpx

        with self._guard:
            if self._wire is None:
                self._wire = Wire(silence=self._settings.timeout, limit=self._settings.limit)
            return self._wire


def _sendable(value: str) -> bool:
    """Say whether a header can carry `value`. A server's own ETag need not be ASCII."""
    return bool(value) and value.isascii() and value.isprintable()


def _backoff(tries: int) -> float:
    wait = BACKOFF_SECONDS * 2.0 ** (tries - 1)
    return wait + random.uniform(0, wait)  # noqa: S311 - jitter is no secret
