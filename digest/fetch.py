"""Pages, from the web or from files, politely.

Follows redirects, asks robots.txt where a request says so, and gives a secret to nobody but the
server it is meant for. Never says what to get, and never reads what came: sources do. Never
remembers validators: a page that did not parse must be had again. `hosts` spaces requests out and
repeats them, `wire` speaks HTTP, `saved` reads files, `mailfolder` mails.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from threading import Lock
from typing import TYPE_CHECKING, Annotated, Self
from urllib.parse import urldefrag

from msgspec import Meta, Struct

from digest import __version__, mailfolder, robots, saved
from digest.answers import NOT_MODIFIED, PAGE, Answer, ExchangeError, origin, redirected
from digest.errors import FetchError
from digest.hosts import Exchange, Hosts
from digest.papers import Page, Validators
from digest.robots import PRODUCT, Rules
from digest.sources import MailRequest, Request

if TYPE_CHECKING:
    from digest.wire import Wire

MAX_REDIRECTS = 5

SecretOf = Callable[[str], str]
"""Returns the secret of a name; "" where there is none."""

_PRODUCT = re.compile(r"[A-Za-z_-]+")
_MEGABYTE = 1_000_000
_SHUT = (401, 403)
"""What a server answers to who has no key, or a wrong one."""

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
        return f"{PRODUCT}/{__version__}" + (f" (+{contact})" if contact else "")

    @property
    def product(self) -> str:
        """The name that a robots.txt knows us by: the first word of the User-Agent header."""
        found = _PRODUCT.match(self.user_agent)
        return found[0] if found else PRODUCT

    @property
    def limit(self) -> int:
        """The largest body in bytes, as sent and after decompressing."""
        return int(self.max_megabytes * _MEGABYTE)


def no_secrets(_: str) -> str:
    """Know none."""
    return ""


class Fetcher:
    """Gets pages. May be shared by threads; closes its connections when left.

    `now` is the run's and is stamped on every page; `clock` and `sleep` only space requests out.
    `secret_of` says what a request's header is sent with.
    """

    def __init__(
        self,
        settings: HttpSettings,
        *,
        now: datetime,
        secret_of: SecretOf = no_secrets,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._settings = settings
        self._now = now
        self._secret_of = secret_of
        self._guard = Lock()
        self._wire: Wire | None = None
        self._rules: dict[str, Rules] = {}
        self._asking: dict[str, Lock] = {}
        self._hosts = Hosts(
            lambda url, headers: self._line().send(url, headers),
            now=now,
            retries=settings.retries,
            max_wait=settings.max_wait,
            clock=clock,
            sleep=sleep,
        )

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
        return self._hosts.exchanges

    def get(
        self, source: str, request: Request, validators: Validators | None = None
    ) -> Page | None:
        """Return the page, or None if the server says that it has not changed; else FetchError.

        The page's address is where redirects ended, with the fragment that was asked for.
        Files and mails are always read.
        """
        if request.url.lower().startswith("file:"):
            return saved.read(source, request.url, now=self._now, limit=self._settings.limit)
        if isinstance(request, MailRequest):
            return mailfolder.read(
                source,
                request,
                now=self._now,
                limit=self._settings.limit,
                silence=self._settings.timeout,
            )
        try:
            url, answer = self._follow(request, self._headers(request, validators or Validators()))
        except ExchangeError as error:
            reason = _told(error) + _unlocked(error, request)
            raise FetchError(source, request.url, reason) from error
        return None if answer.status == NOT_MODIFIED else self._page(url, request, answer)

    def _follow(self, request: Request, headers: Mapping[str, str]) -> tuple[str, Answer]:
        """Ask, and go where redirects lead. Return the last address, and what it answered."""
        url = urldefrag(request.url).url
        home = origin(url)
        for _ in range(MAX_REDIRECTS + 1):
            if origin(url) != home:
                headers = {name: value for name, value in headers.items() if name != request.header}
            answer = self._hosts.ask(self._permitted(replace(request, url=url)), headers)
            if answer.status == NOT_MODIFIED or answer.status in PAGE:
                return url, answer
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
        sendable = {name: value for name, value in headers.items() if _sendable(value)}
        secret = self._secret_of(request.secret) if request.header else ""
        if secret and not _sendable(secret):
            # Not the value itself: errors go into letters.
            raise ExchangeError(f"the secret `{request.secret}` has signs that cannot be sent")
        return {**sendable, request.header: secret} if secret else sendable

    def _page(self, url: str, request: Request, answer: Answer) -> Page:
        fragment = urldefrag(request.url).fragment
        return Page(
            url=f"{url}#{fragment}" if fragment else url,
            body=answer.body,
            content_type=answer.content_type,
            fetched_at=self._now,
            validators=answer.validators,
        )

    def _permitted(self, request: Request) -> Request:
        """Return a request as its site's robots.txt lets us make it; ExchangeError if not at all.

        How many seconds a site wants between two requests is not in RFC 9309, and heeded.
        """
        if not request.robots:
            return request
        rules, product = self._rules_for(request), self._settings.product
        if refusal := rules.refusal(request.url, product):
            raise ExchangeError(refusal)
        delay = rules.delay(product)
        if delay > self._settings.max_wait:
            raise ExchangeError(
                f"robots.txt asks for {delay:g} s between two requests; "
                "raise [http] max_wait to wait that long"
            )
        return replace(request, spacing=max(request.spacing, timedelta(seconds=delay)))

    def _rules_for(self, request: Request) -> Rules:
        """Return what a site's robots.txt says; it is asked for once in a run."""
        place = robots.place(request.url)
        with self._guard:
            asking = self._asking.setdefault(place, Lock())
        with asking:
            if place not in self._rules:
                self._rules[place] = self._read_rules(replace(request, url=place))
            return self._rules[place]

    def _read_rules(self, request: Request) -> Rules:
        asked = replace(request, accept="text/plain, */*;q=0.1", header="", robots=False)
        try:
            _, answer = self._follow(asked, self._headers(asked, Validators()))
        except ExchangeError as error:
            return robots.without(error.status, _told(error))
        return robots.rules(answer.body)

    def _line(self) -> Wire:
        from digest.wire import Wire  # noqa: PLC0415 - a run that reads files needs no httpx

        with self._guard:
            if self._wire is None:
                self._wire = Wire(silence=self._settings.timeout, limit=self._settings.limit)
            return self._wire


def _sendable(value: str) -> bool:
    """Say whether a header can carry `value`. A server's own ETag need not be ASCII."""
    return bool(value) and value.isascii() and value.isprintable()


def _unlocked(error: ExchangeError, request: Request) -> str:
    """Return what may open a door that stayed shut; "" where no secret would."""
    if error.status not in _SHUT or not request.secret:
        return ""
    return f"; DIGEST_{request.secret.upper()} is not set, or no longer good"


def _told(error: ExchangeError) -> str:
    return f"{error} (asked {error.tries} times)" if error.tries > 1 else str(error)
