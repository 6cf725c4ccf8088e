"""One HTTP exchange: a GET or a POST, its answer, and the limits on both.

The only module that knows httpx. It never retries, spaces requests out or follows a redirect:
`fetch` does, and imports this module with the first address it asks, for httpx takes as long to
import as a dozen saved pages to read.
"""

from __future__ import annotations

import logging
import socket
import ssl
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from typing import Any, Self

from digest.answers import NOT_MODIFIED, PAGE, Answer, Body, ExchangeError, origin, too_large
from digest.papers import Validators

# As if httpx had been installed without its own command: that would import rich and pygments,
# which take as long as all the rest of it.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]  # None makes the import fail.

import httpx  # noqa: E402 - see above

CONNECT_SECONDS = 10.0
"""The longest wait for a connection."""

PATIENCE = 4
"""How many times the longest silence one whole exchange may take."""

_WITH_BODY = (*PAGE, NOT_MODIFIED)
_NO_ADDRESS = "no address that can be asked; correct it"
_HEADER = (
    "the request cannot be sent: a header has a sign that none may have, such as a line's end; "
    "check the key or the token that is sent, and [http] user_agent"
)

_NOBODY_THERE = (httpx.ConnectError, httpx.TimeoutException)


class Deadline:
    """Cuts the connection of an exchange that takes too long, however busy it looks.

    Read timeouts start anew with each byte; this does not, headers and all. httpcore's trace
    extension says which socket serves the exchange; one that is kept for the next exchange with
    the same host is found in `sockets`.
    """

    def __init__(
        self, seconds: float, sockets: dict[str, socket.socket], host: str, advice: str
    ) -> None:
        self._seconds = seconds
        self._sockets = sockets
        self._host = host
        self._advice = advice
        self._passed = False
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        self._timer.cancel()
        self._timer.join()
        if self._passed and (error is None or isinstance(error, Exception)):
            raise ExchangeError(f"not done after {self._seconds:g} s; {self._advice}") from error

    def trace(self, event: str, info: Mapping[str, Any]) -> None:
        """Note the socket of a new connection."""
        if event.endswith(("connect_tcp.complete", "start_tls.complete")):
            self._sockets[self._host] = info["return_value"].get_extra_info("socket")
            if self._passed:
                self._cut()

    def _cut(self) -> None:
        self._passed = True
        line = self._sockets.get(self._host)
        if line is not None:
            # An SSLSocket's own shutdown would forget the TLS state under its reader's feet.
            with suppress(OSError):  # It is closed already.
                socket.socket.shutdown(line, socket.SHUT_RDWR)


class Wire:
    """One pool of connections. Each host may be asked by one thread at a time.

    `setting` is what to raise for a server that is always too slow.
    """

    def __init__(self, *, silence: float, limit: int, setting: str = "[http] timeout") -> None:
        self._silence = silence
        self._limit = limit
        self._advice = f"if the server is always that slow, raise {setting}"
        self._sockets: dict[str, socket.socket] = {}
        # At INFO httpx writes whole addresses, passwords and tokens with them.
        logging.getLogger("httpx").setLevel(logging.WARNING)
        timeout = httpx.Timeout(silence, connect=min(silence, CONNECT_SECONDS))
        try:
            self._client = httpx.Client(timeout=timeout)
        except (ImportError, OSError, ValueError, httpx.InvalidURL) as error:
            raise ExchangeError(
                f"this machine's proxy or certificate settings are of no use ({error}); "
                "see HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, SSL_CERT_FILE"
            ) from error

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    def send(
        self,
        url: str,
        headers: Mapping[str, str],
        *,
        body: bytes | None = None,
        within: float | None = None,
    ) -> Answer:
        """Ask once and return the answer, whatever its status; ExchangeError if none came.

        With a `body` it is a POST, whose Content-Type is among the headers. `within` is how many
        seconds it may take in all, if not `PATIENCE` times the longest silence.
        """
        seconds = within or self._silence * PATIENCE
        with Deadline(seconds, self._sockets, origin(url), self._advice) as deadline:
            request = self._request(url, headers, body, deadline)
            begun = False
            try:
                with closing(self._client.send(request, stream=True)) as response:
                    begun = True
                    return self._read(response)
            except UnicodeError as error:  # A part of the server's name is empty, or too long.
                raise ExchangeError(_NO_ADDRESS) from error
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                explained = _explained(error, self._silence, self._advice)
                explained.unanswered = not begun and isinstance(error, _NOBODY_THERE)
                raise explained from error

    def _request(
        self, url: str, headers: Mapping[str, str], body: bytes | None, deadline: Deadline
    ) -> httpx.Request:
        method = "GET" if body is None else "POST"
        extensions = {"trace": deadline.trace}
        try:
            encoded = httpx.Headers(headers)
        except UnicodeError as error:
            raise ExchangeError(_HEADER) from error
        try:
            return self._client.build_request(
                method, url, headers=encoded, content=body, extensions=extensions
            )
        except (httpx.InvalidURL, UnicodeError) as error:
            raise ExchangeError(_NO_ADDRESS) from error

    def _read(self, response: httpx.Response) -> Answer:
        head = response.headers
        body = self._body(response) if response.status_code in _WITH_BODY else Body("", 0)
        return Answer(
            status=response.status_code,
            body=body.finish(),
            size=body.size,
            content_type=head.get("content-type", ""),
            location=head.get("location", ""),
            validators=Validators(
                etag=head.get("etag", ""), last_modified=head.get("last-modified", "")
            ),
            date=head.get("date", ""),
            retry_after=head.get("retry-after", "").strip(),
        )

    def _body(self, response: httpx.Response) -> Body:
        body = Body(response.headers.get("content-encoding", ""), self._limit)
        announced = response.headers.get("content-length", "0")
        if announced.isdecimal() and float(announced) > self._limit:
            raise too_large(self._limit, "is")
        for chunk in response.iter_raw():
            body.feed(chunk)
        return body


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _explained(error: Exception, silence: float, advice: str) -> ExchangeError:
    """Say what went wrong, and whether it may pass."""
    for cause in _causes(error):
        match cause:
            case ssl.SSLCertVerificationError():
                return ExchangeError(
                    f"the server's TLS certificate is not to be trusted ({cause.verify_message}); "
                    "check the address, and this machine's clock and certificates"
                )
            case ssl.SSLError():
                return ExchangeError(f"no secure connection: TLS failed ({cause})", again=True)
            case socket.gaierror():
                return ExchangeError(
                    "no server of this name was found; check the address and the network",
                    again=True,
                )
            case httpx.InvalidURL():  # httpx reads Location, followed or not.
                return ExchangeError("redirected to an address that cannot be asked")
            case ConnectionRefusedError():
                return ExchangeError(
                    "nothing answers at this address; check it, or wait for the server",
                    again=True,
                )
    return _explained_by_kind(error, silence, advice)


def _explained_by_kind(error: Exception, silence: float, advice: str) -> ExchangeError:
    match error:
        case httpx.ConnectTimeout():
            seconds = min(silence, CONNECT_SECONDS)
            return ExchangeError(f"no connection within {seconds:g} s", again=True)
        case httpx.TimeoutException():
            return ExchangeError(f"silent for {silence:g} s; {advice}", again=True)
        case httpx.LocalProtocolError():
            return ExchangeError(_HEADER)  # The error's own text has the header's value.
        case httpx.ProxyError():
            return ExchangeError(f"the proxy refused ({error}); see HTTPS_PROXY", again=True)
        case httpx.RemoteProtocolError():
            return ExchangeError(f"the answer broke off, or was not HTTP ({error})", again=True)
        case _:
            return ExchangeError(f"the connection was lost ({error})", again=True)
