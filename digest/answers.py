"""What an answer means: its body, its headers, and whether asking again may help.

Nothing here opens a connection or reads the clock; `wire` does the one, `fetch` is given the other.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import urldefrag, urljoin, urlsplit

from digest.addresses import shown
from digest.papers import Validators

MAX_MEMBERS = 64
"""How many gzip members (RFC 1952, section 2.2) a body may have; each costs a copy of the rest."""

LONGEST_PAUSE = 366 * 86_400.0
"""Seconds; what a server asks for beyond this is taken to be this."""

PAGE = (200, 203)
NOT_MODIFIED = 304
_REDIRECT = (301, 302, 303, 307, 308)
_MAY_PASS = (429, 500, 502, 503, 504)
_ADVICE = {
    401: "it asks for a login; choose an address that is open to all",
    403: "set [http] user_agent or contact to say who asks, or choose an open address",
    404: "there is no such page; check the address in the source",
    406: "it has nothing in the form asked for, Accept: {accept}; check the source's address",
    410: "the page is gone for good; remove it from the source",
    429: "too many requests; ask for less, or less often",
}


class ExchangeError(Exception):
    """An exchange failed. `again` says that asking once more may help, after `pause` seconds.

    `status` is the answer's, 0 where none came. `unanswered` says that the server did not even
    begin to answer.
    """

    def __init__(
        self,
        reason: str,
        *,
        again: bool = False,
        pause: float | None = None,
        status: int = 0,
    ) -> None:
        self.again = again
        self.pause = pause
        self.status = status
        self.unanswered = False
        self.tries = 1
        super().__init__(reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back. `size` is in bytes as sent; `body` is after Content-Encoding."""

    status: int
    body: bytes
    size: int
    content_type: str
    location: str
    validators: Validators
    date: str
    retry_after: str


def origin(url: str) -> str:
    """Return the ``host:port`` of an http or https address; ExchangeError if it has none."""
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}[parts.scheme]
    except KeyError as error:
        raise ExchangeError("no http, https or file address; correct it in the source") from error
    except ValueError as error:
        # The error's own text may hold a piece of a password.
        raise ExchangeError("no address that can be asked; correct it in the source") from error
    if not parts.hostname:
        raise ExchangeError("the address names no server; correct it in the source")
    return f"{parts.hostname}:{port}"


def judge(answer: Answer, headers: Mapping[str, str], now: datetime) -> None:
    """Raise ExchangeError for an answer that is neither a page nor leads to one.

    `headers` are those of the request.
    """
    status = answer.status
    if status in PAGE or (status in _REDIRECT and answer.location):
        return
    if status == NOT_MODIFIED:
        if headers.keys() & {"If-None-Match", "If-Modified-Since"}:
            return
        raise ExchangeError(
            "304 from the server, which was not asked whether it has changed", status=status
        )
    again = status in _MAY_PASS
    pause = seconds_asked(answer.retry_after, answer.date, now) if again else None
    until = f"come back after {in_utc(now + timedelta(seconds=pause))}" if pause else ""
    advice = until or _advice(status, headers)
    reason = f"{status} from the server; {advice}"
    raise ExchangeError(reason, again=again, pause=pause, status=status)


def in_utc(moment: datetime) -> str:
    """Return a moment for a message."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _advice(status: int, headers: Mapping[str, str]) -> str:
    if status in _ADVICE:
        return _ADVICE[status].format(accept=headers.get("Accept", ""))
    if status >= 500:  # noqa: PLR2004 - RFC 9110, section 15.6
        return "it is in trouble; the next run asks again"
    return "that is not a page; check the address in the source"


def redirected(url: str, location: str) -> str:
    """Return where a redirect leads; ExchangeError if it must not be followed."""
    try:
        target = urldefrag(urljoin(url, location)).url
        scheme = urlsplit(target).scheme
    except ValueError as error:
        raise ExchangeError("redirected to an address that cannot be asked") from error
    if scheme not in ("http", "https") or (urlsplit(url).scheme == "https" and scheme == "http"):
        raise ExchangeError(
            f"redirected to {shown(target)}, which is not followed; "
            "if it is to be trusted, make it the source's address"
        )
    return target


def seconds_asked(retry_after: str, date: str, now: datetime) -> float | None:
    """Return the pause that a Retry-After header asks for; None if it can't be read.

    A date is taken against the server's own `date`, else against `now` (RFC 9110, 10.2.3).
    """
    if re.fullmatch(r"[0-9]+", retry_after):
        return min(float(retry_after), LONGEST_PAUSE)
    until = _moment(retry_after)
    if until is None:
        return None
    pause = (until - (_moment(date) or now)).total_seconds()
    return min(max(pause, 0.0), LONGEST_PAUSE)


def _moment(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


class Body:
    """Collects a body and undoes its Content-Encoding, never beyond `limit` bytes.

    Decompressing stops at the limit, so that a gzip bomb takes no more memory than a page.
    """

    def __init__(self, coding: str, limit: int) -> None:
        self._coding = coding.strip().lower().removeprefix("x-")
        if self._coding not in ("", "identity", "gzip", "deflate"):
            raise ExchangeError(f"sent Content-Encoding `{coding}`, which was not asked for")
        self._limit = limit
        self._whole = bytearray()
        self._head = b""
        self._members = 0
        self._inflate: zlib._Decompress | None = None
        self.size = 0

    def feed(self, raw: bytes) -> None:
        """Take the next bytes as sent."""
        self.size += len(raw)
        if self.size > self._limit:
            raise too_large(self._limit, "is")
        if self._coding in ("", "identity"):
            self._whole += raw
            return
        try:
            self._expand(raw)
        except zlib.error as error:
            raise ExchangeError(f"the compressed body is damaged ({error})", again=True) from error

    def finish(self) -> bytes:
        """Return the whole body; ExchangeError if it was cut short."""
        if self._head or (self._inflate and not self._inflate.eof):
            raise ExchangeError("the compressed body is cut short", again=True)
        return bytes(self._whole)

    def _expand(self, raw: bytes) -> None:
        raw = self._head + raw
        while raw:
            if (self._inflate is None or self._inflate.eof) and not self._begin(raw):
                return
            raw = self._step(raw)

    def _begin(self, raw: bytes) -> bool:
        """Start a member; False where more bytes are needed or only padding follows."""
        if self._inflate and (self._coding == "deflate" or raw[:1] != b"\x1f"):
            return False
        self._head = raw if len(raw) < 2 else b""  # noqa: PLR2004 - both headers tell by two bytes
        if self._head:
            return False
        self._members += 1
        if self._members > MAX_MEMBERS:
            raise ExchangeError(f"the compressed body has more than {MAX_MEMBERS} parts")
        self._inflate = zlib.decompressobj(_window(self._coding, raw))
        return True

    def _step(self, raw: bytes) -> bytes:
        """Decompress what fits and return what is left over for another member."""
        inflate = self._inflate
        assert inflate is not None  # noqa: S101 - _begin made it; this tells mypy
        self._whole += inflate.decompress(raw, self._limit - len(self._whole) + 1)
        if len(self._whole) > self._limit:
            raise too_large(self._limit, "expands to")
        return inflate.unused_data


def _window(coding: str, head: bytes) -> int:
    """Return zlib's wbits: "deflate" comes with the header of RFC 1950, or bare (RFC 1951)."""
    if coding == "gzip":
        return 16 + zlib.MAX_WBITS
    zlib_header = head[0] & 0x0F == zlib.DEFLATED and int.from_bytes(head[:2], "big") % 31 == 0
    return zlib.MAX_WBITS if zlib_header else -zlib.MAX_WBITS


def too_large(limit: int, verb: str) -> ExchangeError:
    """Return the error of a body beyond `limit` bytes; `verb` says how it got there."""
    return ExchangeError(
        f"the answer {verb} more than {limit / 1e6:g} MB; "
        "if that is right, raise [http] max_megabytes"
    )
