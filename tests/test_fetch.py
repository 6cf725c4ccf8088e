from __future__ import annotations

import gzip
import os
import ssl
import subprocess
import sys
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Barrier, BrokenBarrierError

import msgspec
import pytest
import trustme
from fetching import NOW, Time
from webserver import Handler, Responder, WebServer, answer, in_turn, serving

from digest import __version__
from digest.errors import FetchError, ParseError
from digest.fetch import Fetcher, HttpSettings, SecretOf, no_secrets
from digest.papers import Page, Validators
from digest.sources import Request

ETAG = Validators(etag='"a1"')
MB = 1_000_000


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def server() -> Iterator[WebServer]:
    with serving() as server:
        yield server


@pytest.fixture
def time() -> Time:
    return Time()


Make = Callable[..., Fetcher]


@pytest.fixture
def make(time: Time) -> Iterator[Make]:
    made = []

    def make(secret_of: SecretOf = no_secrets, **settings: object) -> Fetcher:
        http = msgspec.convert(settings, HttpSettings)
        made.append(Fetcher(http, now=NOW, secret_of=secret_of, clock=time.read, sleep=time.sleep))
        return made[-1]

    yield make
    for fetcher in made:
        fetcher.close()


@pytest.fixture
def fetcher(make: Make) -> Fetcher:
    return make()


def got(fetcher: Fetcher, url: str, **asked: object) -> Page:
    page = fetcher.get("lab", Request(url=url, **asked))  # type: ignore[arg-type]  # tests are brief
    assert page is not None
    return page


def failure(fetcher: Fetcher, url: str, validators: Validators | None = None) -> str:
    with pytest.raises(FetchError) as caught:
        fetcher.get("lab", Request(url=url), validators)
    assert caught.value.source == "lab"
    assert caught.value.__cause__ is not None
    return str(caught.value)


# What is asked, and what comes back


def test_a_page_is_its_bytes_type_validators_and_the_time_of_the_run(
    server: WebServer, fetcher: Fetcher
) -> None:
    server.answers["/list"] = answer(
        b"caf\xc3\xa9",
        content_type="text/html",
        etag='W/"7"',
        last_modified="Tue, 30 Jun 2026 08:00:00 GMT",
    )

    page = got(fetcher, server.url("/list"))

    assert page == Page(
        url=server.url("/list"),
        body=b"caf\xc3\xa9",
        content_type="text/html",
        fetched_at=NOW,
        validators=Validators(etag='W/"7"', last_modified="Tue, 30 Jun 2026 08:00:00 GMT"),
    )


def test_a_request_says_who_asks_what_is_read_and_which_codings_are_understood(
    server: WebServer, fetcher: Fetcher
) -> None:
    server.answers["/"] = answer()

    got(fetcher, server.url("/"), accept="application/atom+xml")

    headers = server.received[0].headers
    assert headers["user-agent"] == f"digest-newsletter/{__version__}"
    assert headers["accept"] == "application/atom+xml"
    assert headers["accept-encoding"] == "gzip, deflate"
    assert not headers.keys() & {"if-none-match", "if-modified-since", "cookie"}


@pytest.mark.parametrize(
    ("settings", "agent"),
    [
        ({"contact": "a@b.example"}, f"digest-newsletter/{__version__} (+mailto:a@b.example)"),
        ({"contact": "https://b.example"}, f"digest-newsletter/{__version__} (+https://b.example)"),
        ({"user_agent": "Lab/1", "contact": "a@b.example"}, "Lab/1"),
    ],
    ids=["mail", "address", "own"],
)
def test_the_operator_may_be_named(settings: dict[str, str], agent: str) -> None:
    assert msgspec.convert(settings, HttpSettings).agent == agent


@pytest.mark.parametrize(
    "wrong",
    [
        {"user_agent": "Lab\r\nCookie: x"},
        {"user_agent": "Lab\n"},
        {"contact": "ä@b.example"},
        {"timeout": 0},
        {"retries": -1},
        {"max_megabytes": 0},
        {"user-agent": "Lab"},
    ],
    ids=str,
)
def test_a_setting_that_cannot_work_is_refused_when_the_config_is_read(
    wrong: dict[str, object],
) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(wrong, HttpSettings)


def test_a_page_that_has_not_changed_is_none(server: WebServer, fetcher: Fetcher) -> None:
    server.answers["/list"] = answer(status=304)
    day = "Tue, 30 Jun 2026 08:00:00 GMT"

    page = fetcher.get(
        "lab", Request(url=server.url("/list")), Validators(etag='"a1"', last_modified=day)
    )

    assert page is None
    assert server.received[0].headers["if-none-match"] == '"a1"'
    assert server.received[0].headers["if-modified-since"] == day


def test_a_304_that_nobody_asked_for_is_an_error(server: WebServer, fetcher: Fetcher) -> None:
    server.answers["/list"] = answer(status=304)
    assert "304 from the server" in failure(fetcher, server.url("/list"))


def test_validators_that_no_header_can_carry_are_left_out(
    server: WebServer, fetcher: Fetcher
) -> None:
    server.answers["/list"] = answer(b"new")

    page = fetcher.get("lab", Request(url=server.url("/list")), Validators(etag='"é\r\nX: 1"'))

    assert page is not None
    assert "if-none-match" not in server.received[0].headers


def test_the_fragment_stays_on_the_page_and_is_not_sent(
    server: WebServer, fetcher: Fetcher
) -> None:
    server.answers["/list?p=1"] = answer(b"x")

    page = got(fetcher, server.url("/list?p=1#since=2026-06-30"))

    assert page.url == server.url("/list?p=1#since=2026-06-30")
    assert server.received[0].path == "/list?p=1"


def test_the_connection_to_a_host_is_kept(server: WebServer, fetcher: Fetcher) -> None:
    server.answers["/"] = answer(b"x")
    server.answers["/same"] = answer(status=304)

    got(fetcher, server.url("/"))
    fetcher.get("lab", Request(url=server.url("/same")), ETAG)
    got(fetcher, server.url("/"))

    assert server.connections == 1


def test_a_proxy_of_the_environment_is_used(
    server: WebServer, fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", server.url(""))
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    server.answers["http://papers.example/list"] = answer(b"by proxy")

    assert got(fetcher, "http://papers.example/list").body == b"by proxy"


def test_a_proxy_that_cannot_be_used_is_named(
    fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALL_PROXY", "gopher://127.0.0.1:1")
    assert "HTTPS_PROXY" in failure(fetcher, "http://papers.example/list")


# Compressed bodies and limits


def bare(body: bytes) -> bytes:
    deflate = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return deflate.compress(body) + deflate.flush()


@pytest.mark.parametrize(
    ("coding", "sent"),
    [
        ("gzip", gzip.compress(b"papers" * 99)),
        ("x-gzip", gzip.compress(b"papers" * 99)),
        ("GZIP", gzip.compress(b"papers" * 50) + gzip.compress(b"papers" * 49)),
        ("gzip", gzip.compress(b"papers" * 99) + b"\0\0\0"),
        ("deflate", zlib.compress(b"papers" * 99)),
        ("deflate", bare(b"papers" * 99)),
        ("identity", b"papers" * 99),
    ],
    ids=["gzip", "x-gzip", "two members", "padded", "deflate", "bare deflate", "identity"],
)
def test_a_compressed_body_is_expanded(
    server: WebServer, fetcher: Fetcher, coding: str, sent: bytes
) -> None:
    server.answers["/"] = answer(sent, content_encoding=coding)

    assert got(fetcher, server.url("/")).body == b"papers" * 99
    assert fetcher.exchanges[0].size == len(sent)


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_an_empty_body_needs_no_expanding(server: WebServer, fetcher: Fetcher, coding: str) -> None:
    server.answers["/"] = answer(b"", content_encoding=coding)
    assert got(fetcher, server.url("/")).body == b""


@pytest.mark.parametrize(
    ("body", "coding", "words"),
    [
        (b"x" * (MB + 1), "", "more than 1 MB"),
        (gzip.compress(b"\0" * (MB + 1)), "gzip", "expands to more than 1 MB"),
        (zlib.compress(b"\0" * (MB + 1)), "deflate", "expands to more than 1 MB"),
        (gzip.compress(b"x") * 99, "gzip", "more than 64 parts"),
        (b"x", "br", "Content-Encoding `br`"),
    ],
    ids=["sent", "gzip", "deflate", "many members", "unasked"],
)
def test_a_body_beyond_the_limits_is_an_error(
    server: WebServer, make: Make, body: bytes, coding: str, words: str
) -> None:
    server.answers["/"] = answer(body, content_encoding=coding)

    assert words in failure(make(max_megabytes=1), server.url("/"))
    assert len(server.received) == 1


def test_a_body_of_just_the_limit_is_whole(server: WebServer, make: Make) -> None:
    server.answers["/"] = answer(gzip.compress(b"x" * MB), content_encoding="gzip")
    assert len(got(make(max_megabytes=1), server.url("/")).body) == MB


def test_a_gzip_bomb_is_stopped_while_it_expands(server: WebServer, make: Make) -> None:
    fetcher = make(max_megabytes=1)
    server.answers["/"] = answer(gzip.compress(b"\0" * 50 * MB), content_encoding="gzip")
    server.answers["/warm"] = answer()
    got(fetcher, server.url("/warm"))

    tracemalloc.start()
    words = failure(fetcher, server.url("/"))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert "expands to more than 1 MB" in words
    assert peak < 10 * MB


def test_a_body_without_end_is_stopped_at_the_limit(server: WebServer, make: Make) -> None:
    def endless(handler: Handler) -> None:
        handler.raw(b"HTTP/1.1 200 OK\r\n\r\n")
        while not handler.web.released.is_set():
            handler.wfile.write(b"x" * 65536)

    server.answers["/"] = endless
    assert "more than 1 MB" in failure(make(max_megabytes=1), server.url("/"))


# Connections that fail


def cut_by_length(handler: Handler) -> None:
    handler.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nhalf")


def cut_in_a_chunk(handler: Handler) -> None:
    handler.raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhalf")


def cut_gzip(handler: Handler) -> None:
    half = gzip.compress(os.urandom(99))[:60]
    handler.raw(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + half)


def damaged_gzip(handler: Handler) -> None:
    handler.say(b"these are no gzip bytes", 200, {"Content-Encoding": "gzip"})


def not_http(handler: Handler) -> None:
    handler.raw(b"220 mail.example ESMTP\r\n")


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (cut_by_length, "broke off"),
        (cut_in_a_chunk, "broke off"),
        (cut_gzip, "cut short"),
        (damaged_gzip, "damaged"),
        (not_http, "not HTTP"),
        (Handler.reset, "connection was lost"),
    ],
)
def test_a_broken_answer_is_asked_for_again_and_never_a_short_page(
    server: WebServer, fetcher: Fetcher, broken: Callable[[Handler], None], words: str
) -> None:
    server.answers["/once"] = in_turn(broken, answer(b"whole"))
    server.answers["/always"] = broken

    assert got(fetcher, server.url("/once")).body == b"whole"
    assert words in (said := failure(fetcher, server.url("/always")))
    assert "asked 3 times" in said
    assert len(server.received) == 5


def dribbled_head(handler: Handler) -> None:
    handler.raw(b"HTTP/1.1 200 OK\r\nX-Long: ")
    handler.dribble(b"x")


def dribbled_body(handler: Handler) -> None:
    handler.raw(b"HTTP/1.1 200 OK\r\n\r\n")
    handler.dribble(b"x")


def dribbled_interim(handler: Handler) -> None:
    handler.dribble(b"HTTP/1.1 103 Early Hints\r\n\r\n")


@pytest.mark.parametrize("slow", [dribbled_head, dribbled_body, dribbled_interim])
def test_a_server_that_dribbles_is_left_after_the_deadline(
    server: WebServer, make: Make, slow: Callable[[Handler], None]
) -> None:
    fetcher = make(timeout=0.1)
    server.answers["/warm"] = answer()
    server.answers["/"] = slow
    got(fetcher, server.url("/warm"))

    assert "not done after 0.4 s" in failure(fetcher, server.url("/"))
    assert len(server.received) == 2
    assert server.connections == 1


def test_the_deadline_holds_for_tls_too(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    with authority() as (context, bundle), serving(context) as server:
        monkeypatch.setenv("SSL_CERT_FILE", bundle)
        server.answers["/"] = dribbled_body
        with make(timeout=0.1) as fetcher:
            assert "not done after 0.4 s" in failure(fetcher, server.url("/"))


def test_a_silent_server_is_left_after_the_timeout(server: WebServer, make: Make) -> None:
    server.answers["/"] = lambda handler: (handler.web.released.wait(), None)[1]
    assert "silent for 0.05 s" in failure(make(timeout=0.05, retries=1), server.url("/"))
    assert len(server.received) == 2


def test_a_port_that_nobody_listens_on_is_said_so(fetcher: Fetcher) -> None:
    with serving() as gone:
        url = gone.url("/")
    assert "nothing answers at this address" in failure(fetcher, url)


def test_a_name_that_does_not_exist_is_said_so(fetcher: Fetcher) -> None:
    assert "no server of this name" in failure(fetcher, "http://no-such-host.invalid/")


class authority:  # noqa: N801 - used like a function
    """A certificate for 127.0.0.1: the server's context, and the file that trusts it."""

    def __init__(self) -> None:
        self._ca = trustme.CA()
        self._file = self._ca.cert_pem.tempfile()

    def __enter__(self) -> tuple[ssl.SSLContext, str]:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._ca.issue_cert("127.0.0.1").configure_cert(context)
        return context, self._file.__enter__()

    def __exit__(self, *_: object) -> None:
        self._file.__exit__(None, None, None)


def test_a_certificate_that_nobody_vouches_for_is_said_so_and_not_asked_again(
    fetcher: Fetcher,
) -> None:
    with authority() as (context, _), serving(context) as server:
        assert "TLS certificate is not to be trusted" in failure(fetcher, server.url("/"))
        assert server.connections == 1


def test_a_server_without_tls_is_said_so(server: WebServer, make: Make) -> None:
    url = server.url("/").replace("http:", "https:")
    assert "TLS failed" in failure(make(retries=0), url)


# Statuses and retries


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (204, "204 from the server; that is not a page"),
        (202, "202 from the server; that is not a page"),
        (300, "300 from the server; that is not a page"),
        (302, "302 from the server; that is not a page"),
        (401, "401 from the server; it asks for a login"),
        (403, "403 from the server; set [http] user_agent"),
        (404, "404 from the server; there is no such page"),
        (406, "406 from the server; it has nothing in the form asked for, Accept: */*"),
        (410, "410 from the server; the page is gone"),
        (418, "418 from the server; that is not a page"),
        (501, "501 from the server; it is in trouble"),
    ],
)
def test_a_status_says_what_to_do_and_is_not_asked_again(
    server: WebServer, fetcher: Fetcher, status: int, words: str
) -> None:
    server.answers["/"] = answer(b"sorry", status=status)

    assert f"{server.url('/')}: {words}" in failure(fetcher, server.url("/"))
    assert [exchange.status for exchange in fetcher.exchanges] == [status]


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_what_may_pass_is_asked_again_after_growing_pauses(
    server: WebServer, fetcher: Fetcher, time: Time, status: int
) -> None:
    server.answers["/"] = in_turn(answer(status=status), answer(status=status), answer(b"x"))

    assert got(fetcher, server.url("/")).body == b"x"
    first, second = time.waits
    assert 1 <= first <= 2 <= second <= 4


def test_three_tries_are_enough(server: WebServer, fetcher: Fetcher) -> None:
    server.answers["/"] = answer(status=503)

    assert "503 from the server; it is in trouble; the next run asks again (asked 3 times)" in (
        failure(fetcher, server.url("/"))
    )
    assert len(server.received) == 3


@pytest.mark.parametrize(
    "asked",
    [
        answer(status=429, retry_after="7"),
        answer(status=429, retry_after="Wed, 01 Jul 2026 05:00:07 GMT"),
        answer(
            status=429,
            retry_after="Wed, 01 Jul 2026 06:30:07 GMT",
            date="Wed, 01 Jul 2026 06:30:00 GMT",
        ),
    ],
    ids=["seconds", "date", "server's clock"],
)
def test_a_pause_that_the_server_asks_for_is_kept(
    server: WebServer, fetcher: Fetcher, time: Time, asked: Responder
) -> None:
    server.answers["/"] = in_turn(asked, answer(b"x"))

    assert got(fetcher, server.url("/")).body == b"x"
    assert time.waits == [7.0]


def test_a_pause_shorter_than_the_spacing_waits_for_the_spacing(
    server: WebServer, fetcher: Fetcher, time: Time
) -> None:
    server.answers["/"] = in_turn(answer(status=503, retry_after="0"), answer(b"x"))

    got(fetcher, server.url("/"), spacing=timedelta(seconds=3))

    assert time.waits == [3.0]


def test_a_pause_that_is_too_long_says_when_to_come_back(
    server: WebServer, fetcher: Fetcher, time: Time
) -> None:
    server.answers["/"] = answer(status=429, retry_after="3600")
    server.answers["/other"] = answer(b"x")

    assert "come back after 2026-07-01 06:00:00 UTC" in failure(fetcher, server.url("/"))
    assert "come back after 2026-07-01 06:00:00 UTC" in failure(fetcher, server.url("/other"))
    assert len(server.received) == 1
    assert time.waits == []


def test_a_request_says_how_long_to_wait_where_the_server_does_not(
    server: WebServer, fetcher: Fetcher, time: Time
) -> None:
    server.answers["/"] = in_turn(answer(status=429), answer(status=429), answer(b"x"))

    got(fetcher, server.url("/"), backoff=timedelta(seconds=8))

    first, second = time.waits
    assert 8 <= first <= 16 <= second <= 32


def test_our_own_pauses_are_never_longer_than_the_longest(
    server: WebServer, make: Make, time: Time
) -> None:
    server.answers["/"] = in_turn(*[answer(status=429)] * 9, answer(b"x"))

    got(make(max_wait=10, retries=9), server.url("/"), backoff=timedelta(seconds=8))

    assert time.waits[1:] == [10] * 8


# Servers that are down


def silent(handler: Handler) -> None:
    handler.web.released.wait()


def test_a_server_that_never_answers_is_asked_for_one_page_of_a_run(
    server: WebServer, make: Make
) -> None:
    fetcher = make(timeout=0.05)
    server.answers["/"] = silent
    server.answers["/other"] = answer(b"x")
    failure(fetcher, server.url("/"))

    said = failure(fetcher, server.url("/other"))

    assert "not asked, since the server failed before in this run: silent for 0.05 s" in said
    assert [request.path for request in server.received] == ["/"] * 3


def test_a_server_that_is_gone_is_tried_for_one_page_and_others_are_asked(
    server: WebServer, fetcher: Fetcher
) -> None:
    with serving() as gone:
        url = gone.url("/")
    server.answers["/"] = answer(b"x")
    failure(fetcher, url)

    said = failure(fetcher, url)

    assert "failed before in this run: nothing answers at this address" in said
    assert len(fetcher.exchanges) == 3
    assert got(fetcher, server.url("/")).body == b"x"


@pytest.mark.parametrize("trouble", [answer(status=503), Handler.reset, cut_gzip])
def test_a_server_that_answers_badly_is_asked_for_the_next_page(
    server: WebServer, fetcher: Fetcher, trouble: Responder
) -> None:
    server.answers["/"] = trouble
    server.answers["/other"] = answer(b"x")
    failure(fetcher, server.url("/"))

    assert got(fetcher, server.url("/other")).body == b"x"


def test_a_server_that_falls_silent_in_a_page_is_asked_for_the_next(
    server: WebServer, make: Make
) -> None:
    def half(handler: Handler) -> None:
        handler.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")
        silent(handler)

    fetcher = make(timeout=0.05, retries=0)
    server.answers["/"] = half
    server.answers["/other"] = answer(b"x")
    failure(fetcher, server.url("/"))

    assert got(fetcher, server.url("/other")).body == b"x"


# Secrets of sources


def keyring(name: str) -> str:
    return {"lab_key": "hush-42", "odd": "hüsh\n"}.get(name, "")


def test_a_secret_is_sent_in_the_header_that_the_source_names(
    server: WebServer, make: Make
) -> None:
    server.answers["/"] = answer(b"x")
    fetcher = make(keyring)

    got(fetcher, server.url("/"), header="x-api-key", secret="lab_key")
    got(fetcher, server.url("/"), header="x-api-key", secret="none")
    got(fetcher, server.url("/"))

    sent = [request.headers.get("x-api-key") for request in server.received]
    assert sent == ["hush-42", None, None]


@pytest.mark.parametrize("status", [401, 403])
def test_a_door_that_stays_shut_says_which_secret_opens_it(
    server: WebServer, make: Make, status: int
) -> None:
    server.answers["/"] = answer(status=status)
    said = "DIGEST_LAB_KEY is not set, or no longer good"

    with pytest.raises(FetchError, match=said):
        got(make(), server.url("/"), header="x-api-key", secret="lab_key")
    with pytest.raises(FetchError) as caught:
        got(make(), server.url("/"))

    assert said not in str(caught.value)


def test_a_secret_stays_with_its_server_through_redirects(server: WebServer, make: Make) -> None:
    with serving() as other:
        server.answers["/"] = answer(status=302, location="/here")
        server.answers["/here"] = answer(status=302, location=other.url("/there"))
        other.answers["/there"] = answer(status=302, location=server.url("/back"))
        server.answers["/back"] = answer(b"x")
        fetcher = make(keyring)

        got(fetcher, server.url("/"), header="x-api-key", secret="lab_key")

        ours = [request.headers.get("x-api-key") for request in server.received]
        assert ours == ["hush-42", "hush-42", None]
        assert "x-api-key" not in other.received[0].headers
        fetcher.close()


def test_a_secret_is_in_no_error_and_no_account(
    server: WebServer, make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    server.answers["/"] = answer(status=403)
    fetcher = make(keyring)

    with pytest.raises(FetchError) as caught:
        fetcher.get("lab", Request(url=server.url("/"), header="x-api-key", secret="lab_key"))

    errors = f"{caught.value!r} {caught.value.__cause__!r}"
    assert "hush" not in errors + caplog.text + repr(fetcher.exchanges)


def test_a_secret_that_no_header_can_carry_is_an_error_that_does_not_tell_it(
    server: WebServer, make: Make
) -> None:
    with pytest.raises(FetchError, match="the secret `odd` has signs that cannot be") as caught:
        make(keyring).get("lab", Request(url=server.url("/"), header="x-api-key", secret="odd"))

    assert "sh\n" not in str(caught.value)
    assert server.received == []


# Redirects


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_page_has_the_address_where_redirects_end(
    server: WebServer, fetcher: Fetcher, status: int
) -> None:
    server.answers["/old"] = answer(status=status, location="new?x=1#theirs")
    server.answers["/new?x=1"] = answer(b"x")

    assert got(fetcher, server.url("/old")).url == server.url("/new?x=1")
    assert got(fetcher, server.url("/old#ours")).url == server.url("/new?x=1#ours")


def test_five_redirects_are_followed_and_six_are_not(server: WebServer, fetcher: Fetcher) -> None:
    for n in range(6):
        server.answers[f"/{n}"] = answer(status=302, location=f"/{n + 1}")
    server.answers["/6"] = answer(b"x")

    assert got(fetcher, server.url("/1")).body == b"x"
    assert "redirected more than 5 times" in failure(fetcher, server.url("/0"))


@pytest.mark.parametrize(
    "target", ["file:///etc/passwd", "ftp://127.0.0.1/x", "javascript:1", "http://[::1", "data:,x"]
)
def test_a_redirect_leads_to_no_other_kind_of_address(
    server: WebServer, fetcher: Fetcher, target: str
) -> None:
    server.answers["/"] = answer(status=302, location=target)
    assert "redirected to" in failure(fetcher, server.url("/"))


def test_a_redirect_never_leaves_tls(
    server: WebServer, fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.answers["/"] = answer(b"x")
    with authority() as (context, bundle), serving(context) as safe:
        monkeypatch.setenv("SSL_CERT_FILE", bundle)
        safe.answers["/"] = answer(b"safe")
        safe.answers["/down"] = answer(status=302, location=server.url("/"))
        server.answers["/up"] = answer(status=302, location=safe.url("/"))

        assert got(fetcher, server.url("/up")).body == b"safe"
        assert "which is not followed" in failure(fetcher, safe.url("/down"))
        fetcher.close()
    assert [request.path for request in server.received] == ["/up"]


def test_a_redirect_to_another_host_waits_for_that_host(
    server: WebServer, fetcher: Fetcher, time: Time
) -> None:
    with serving() as other:
        server.answers["/"] = answer(status=302, location=other.url("/"))
        other.answers["/"] = answer(b"x")
        got(fetcher, other.url("/"))

        got(fetcher, server.url("/"), spacing=timedelta(seconds=3))

        assert time.waits == [3.0]
        fetcher.close()


def test_two_hosts_that_redirect_to_each_other_do_not_lock_up(
    server: WebServer, fetcher: Fetcher
) -> None:
    with serving() as other, ThreadPoolExecutor() as pool:
        server.answers["/"] = answer(status=302, location=other.url("/end"))
        other.answers["/"] = answer(status=302, location=server.url("/end"))
        server.answers["/end"] = other.answers["/end"] = answer(b"x")

        urls = [server.url("/"), other.url("/")] * 3
        pages = list(pool.map(lambda url: got(fetcher, url), urls, timeout=5))

        assert {page.body for page in pages} == {b"x"}
        fetcher.close()


# One host at a time, and hosts side by side


def test_requests_to_a_host_are_spaced_from_the_end_of_the_last_answer(
    server: WebServer, fetcher: Fetcher, time: Time
) -> None:
    def slow(handler: Handler) -> None:
        time.pass_by(5)
        handler.say(b"x", 200, {})

    server.answers["/"] = slow

    got(fetcher, server.url("/"), spacing=timedelta(seconds=3))
    got(fetcher, server.url("/"), spacing=timedelta(seconds=3))
    time.pass_by(2)
    got(fetcher, server.url("/"), spacing=timedelta(seconds=3))
    time.pass_by(99)
    got(fetcher, server.url("/"), spacing=timedelta(seconds=3))

    assert time.waits == [3.0, 1.0]
    assert [(e.started, e.waited, e.took) for e in fetcher.exchanges] == [
        (0, 0, 5),
        (8, 3, 5),
        (16, 1, 5),
        (120, 0, 5),
    ]


def test_of_two_spacings_the_longer_holds(server: WebServer, fetcher: Fetcher, time: Time) -> None:
    server.answers["/"] = answer(b"x")

    for seconds in (3, 1, 2):
        got(fetcher, server.url("/"), spacing=timedelta(seconds=seconds))

    assert time.waits == [3.0, 2.0]


def test_a_host_is_asked_by_one_thread_at_a_time(server: WebServer, fetcher: Fetcher) -> None:
    together = Barrier(2, timeout=0.05)
    alone = []

    def watch(handler: Handler) -> None:
        try:
            together.wait()
        except BrokenBarrierError:
            alone.append(handler.path)
            together.reset()
        handler.say(b"x", 200, {})

    server.answers["/"] = watch
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda _: got(fetcher, server.url("/")), range(4)))

    assert len(alone) == 4
    assert server.connections == 1


def test_two_hosts_are_asked_side_by_side(server: WebServer, fetcher: Fetcher) -> None:
    both = Barrier(2, timeout=5)

    def meet(handler: Handler) -> None:
        both.wait()
        handler.say(b"x", 200, {})

    with serving() as other, ThreadPoolExecutor() as pool:
        server.answers["/"] = other.answers["/"] = meet
        pages = list(pool.map(lambda url: got(fetcher, url), [server.url("/"), other.url("/")]))

        assert len(pages) == 2
        fetcher.close()


def test_the_account_says_what_was_asked(server: WebServer, fetcher: Fetcher, time: Time) -> None:
    server.answers["/"] = in_turn(Handler.reset, answer(status=503), answer(b"four"))

    got(fetcher, server.url("/"))

    assert [(e.host, e.status, e.size) for e in fetcher.exchanges] == [
        (server.host, 0, 0),
        (server.host, 503, 0),
        (server.host, 200, 4),
    ]
    assert [round(e.waited, 6) for e in fetcher.exchanges] == [0, *time.waits]


# Addresses


@pytest.mark.parametrize(
    "url",
    ["", "papers", "ftp://a.example/", "http://", "http:///x", "http://[::1", "http://a:pw/", "x:"],
)
def test_an_address_that_cannot_be_asked_is_an_error(fetcher: Fetcher, url: str) -> None:
    assert "address" in failure(fetcher, url)
    assert "pw" not in failure(fetcher, url).removeprefix(f"lab: {url}")


def test_secrets_reach_the_server_but_no_message(
    server: WebServer, fetcher: Fetcher, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    url = server.url("/x?token=hush").replace("127", "ann:hush@127")

    said = failure(fetcher, url)

    assert "hush" not in said + caplog.text + repr(fetcher.exchanges)
    assert server.received[0].path == "/x?token=hush"
    assert server.received[0].headers["authorization"].startswith("Basic ")


def test_a_file_is_always_read_and_no_exchange(tmp_path: Path, fetcher: Fetcher) -> None:
    (tmp_path / "a.html").write_text("x")

    page = fetcher.get("lab", Request(url=(tmp_path / "a.html").as_uri()), ETAG)

    assert page is not None
    assert page.body == b"x"
    assert fetcher.exchanges == ()


def test_a_file_beyond_the_setting_is_an_error(tmp_path: Path, make: Make) -> None:
    (tmp_path / "a.html").write_bytes(b"x" * 1001)
    assert "larger than 0.001 MB" in failure(make(max_megabytes=0.001), f"file:{tmp_path}/a.html")


def test_a_run_of_files_alone_imports_no_http_library(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text("x")
    code = (
        "import sys; from datetime import datetime, UTC; from digest.sources import Request;"
        "from digest.fetch import Fetcher, HttpSettings;"
        "f = Fetcher(HttpSettings(), now=datetime.now(UTC));"
        f"f.get('lab', Request(url={(tmp_path / 'a.html').as_uri()!r})); f.close();"
        "print({'httpx', 'ssl', 'structlog', 'urllib.request'} & set(sys.modules))"
    )
    ran = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[1],
    )
    assert ran.stdout.strip() == "set()"


def test_no_error_of_a_source_shows_a_token() -> None:
    error = ParseError("blog", "https://ann:pw@example.org/feed?token=abc&page=2#since=x", "cut")

    assert str(error) == "blog: https://***@example.org/feed?token=***&page=2: cut"
