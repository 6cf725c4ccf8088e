"""robots.txt: what it says, and that nothing is read against it."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from fetching import NOW, Time
from hypothesis import given
from hypothesis import strategies as st
from webserver import Handler, Responder, WebServer, answer, in_turn, serving

from digest.errors import FetchError
from digest.fetch import Fetcher, HttpSettings
from digest.papers import Page
from digest.robots import LARGEST, Rules, rules, without
from digest.sources import Request

SITE = "https://papers.example"


def allowed(said: str, path: str) -> bool:
    return not rules(said.encode()).refusal(SITE + path)


# What it says


@pytest.mark.parametrize(
    ("said", "path", "yes"),
    [
        ("", "/list", True),
        ("User-agent: *\nDisallow:", "/list", True),
        ("User-agent: *\nDisallow: /", "/list", False),
        ("User-agent: *\nDisallow: /\nAllow: /list", "/list/new", True),
        ("User-agent: *\nAllow: /list\nDisallow: /list/old", "/list/old", False),
        ("User-agent: *\nDisallow: /*?sort=", "/list?sort=date", False),
        ("User-agent: *\nDisallow: /*.pdf$", "/a.pdf", False),
        ("User-agent: *\nDisallow: /*.pdf$", "/a.pdf.html", True),
        ("User-agent: *\nDisallow: /a\nAllow: /a", "/a", True),
        ("User-agent: other\nDisallow: /", "/list", True),
        ("User-agent: *\nDisallow: /\n\nUser-agent: Digest-Newsletter\nAllow: /", "/list", True),
        ("User-agent: digest-newsletter\nUser-agent: other\nDisallow: /", "/list", False),
        ("User-agent: *\nDisallow: /caf%C3%A9", "/caf\u00e9", False),
        ("\ufeffUser-agent: *\nDisallow: /", "/list", False),
        ("<!DOCTYPE html><title>No such page</title>", "/list", True),
    ],
)
def test_the_longest_rule_for_us_counts(said: str, path: str, *, yes: bool) -> None:
    assert allowed(said, path) is yes


def test_what_is_beyond_the_limit_is_not_read_and_no_rule_is_cut_in_two() -> None:
    line = b"Disallow: /private/papers\n"
    many = b"User-agent: *\n" + line * (LARGEST // len(line)) + b"Disallow: /list\n"

    read = rules(many)

    assert read.refusal(f"{SITE}/private/papers")
    assert not read.refusal(f"{SITE}/private/p")
    assert not read.refusal(f"{SITE}/list")


@pytest.mark.parametrize("status", [200, 204, 301, 400, 401, 403, 404, 410, 451])
def test_a_site_without_one_allows_all(status: int) -> None:
    assert without(status, "reason") == Rules()


@pytest.mark.parametrize("status", [0, 429, 500, 503])
def test_one_that_cannot_be_had_allows_nothing_for_now(status: int) -> None:
    assert "the reason; the next run tries" in without(status, "the reason").refusal(SITE)


@given(
    st.binary(max_size=300)
    | st.lists(
        st.sampled_from(
            [b"User-agent: *", b"Disallow: /", b"Allow: /*", b"$", b"*", b"Crawl-delay:"]
        )
        | st.binary(max_size=9)
    ).map(b"\n".join),
    st.text(max_size=20),
)
def test_any_bytes_are_only_read(said: bytes, path: str) -> None:
    read = rules(said)
    assert isinstance(read.refusal(f"{SITE}/{path}"), str)
    assert read.delay() >= 0


# What is asked


@pytest.fixture
def server() -> Iterator[WebServer]:
    with serving() as server:
        server.answers["/list"] = answer(b"papers")
        yield server


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def fetcher(time: Time) -> Iterator[Fetcher]:
    with Fetcher(HttpSettings(), now=NOW, clock=time.read, sleep=time.sleep) as fetcher:
        yield fetcher


def got(fetcher: Fetcher, url: str) -> Page:
    page = fetcher.get("lab", Request(url=url, robots=True))
    assert page is not None
    return page


def refused(fetcher: Fetcher, url: str) -> str:
    with pytest.raises(FetchError) as caught:
        fetcher.get("lab", Request(url=url, robots=True))
    return str(caught.value)


def paths(server: WebServer) -> list[str]:
    return [request.path for request in server.received]


def test_robots_txt_is_asked_for_once_in_a_run(server: WebServer, fetcher: Fetcher) -> None:
    server.answers["/robots.txt"] = answer(b"User-agent: *\nDisallow: /admin")

    got(fetcher, server.url("/list"))
    got(fetcher, server.url("/list"))

    assert paths(server) == ["/robots.txt", "/list", "/list"]


def test_threads_share_one_robots_txt(server: WebServer, fetcher: Fetcher) -> None:
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda _: got(fetcher, server.url("/list")), range(4)))
    assert sorted(paths(server)) == ["/list"] * 4 + ["/robots.txt"]


def test_a_page_that_it_forbids_is_not_asked_for(server: WebServer, fetcher: Fetcher) -> None:
    server.answers["/robots.txt"] = answer(b"User-agent: *\nDisallow: /list")

    said = refused(fetcher, server.url("/list"))

    assert "robots.txt does not allow digest-newsletter to read this page; choose" in said
    assert paths(server) == ["/robots.txt"]


def test_a_request_that_does_not_say_so_asks_for_no_robots_txt(
    server: WebServer, fetcher: Fetcher
) -> None:
    fetcher.get("lab", Request(url=server.url("/list")))
    assert paths(server) == ["/list"]


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_a_page_is_read_where_there_is_no_robots_txt(
    server: WebServer, fetcher: Fetcher, status: int
) -> None:
    server.answers["/robots.txt"] = answer(status=status)
    assert got(fetcher, server.url("/list")).body == b"papers"


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        (answer(status=503), "503 from the server"),
        (answer(status=429), "429 from the server"),
        (Handler.reset, "the connection was lost"),
    ],
    ids=["503", "429", "lost"],
)
def test_a_page_is_not_read_while_robots_txt_cannot_be_had(
    server: WebServer, fetcher: Fetcher, trouble: Responder, words: str
) -> None:
    server.answers["/robots.txt"] = trouble

    said = refused(fetcher, server.url("/list"))

    assert f"its robots.txt could not be had, so the page was not asked for: {words}" in said
    assert refused(fetcher, server.url("/list")) == said
    assert paths(server) == ["/robots.txt"] * 3


def test_a_robots_txt_that_comes_at_the_second_try_counts(
    server: WebServer, fetcher: Fetcher
) -> None:
    server.answers["/robots.txt"] = in_turn(
        answer(status=503), answer(b"User-agent: *\nDisallow: /")
    )
    assert "does not allow" in refused(fetcher, server.url("/list"))


def test_a_robots_txt_elsewhere_is_followed_and_speaks_of_the_first_site(
    server: WebServer, fetcher: Fetcher
) -> None:
    with serving() as other:
        server.answers["/robots.txt"] = answer(status=301, location=other.url("/their-robots"))
        other.answers["/their-robots"] = answer(b"User-agent: *\nDisallow: /list")
        other.answers["/list"] = answer(b"other papers")

        assert "does not allow" in refused(fetcher, server.url("/list"))
        assert got(fetcher, other.url("/list")).body == b"other papers"
        fetcher.close()


def test_a_redirect_leads_to_no_page_that_its_site_forbids(
    server: WebServer, fetcher: Fetcher
) -> None:
    with serving() as other:
        server.answers["/list"] = answer(status=302, location=other.url("/list"))
        other.answers["/robots.txt"] = answer(b"User-agent: *\nDisallow: /")

        assert "does not allow" in refused(fetcher, server.url("/list"))
        assert paths(other) == ["/robots.txt"]
        fetcher.close()


def test_a_crawl_delay_is_kept(server: WebServer, fetcher: Fetcher, time: Time) -> None:
    server.answers["/robots.txt"] = answer(b"User-agent: *\nCrawl-delay: 15\nDisallow:")

    got(fetcher, server.url("/list"))
    got(fetcher, server.url("/list"))

    assert time.waits == [15, 15]


def test_a_crawl_delay_beyond_the_setting_says_what_to_raise(
    server: WebServer, fetcher: Fetcher, time: Time
) -> None:
    server.answers["/robots.txt"] = answer(b"User-agent: *\nCrawl-delay: 86400\nDisallow:")

    assert "asks for 86400 s between two requests; raise [http] max_wait" in refused(
        fetcher, server.url("/list")
    )
    assert time.waits == []


def test_an_agent_of_ones_own_goes_by_its_own_name(server: WebServer) -> None:
    server.answers["/robots.txt"] = answer(b"User-agent: labreader\nDisallow: /")
    with Fetcher(HttpSettings(user_agent="LabReader/2 (+https://lab.example)"), now=NOW) as fetcher:
        assert "does not allow LabReader to read" in refused(fetcher, server.url("/list"))


def test_robots_txt_is_given_no_secret(server: WebServer) -> None:
    with Fetcher(HttpSettings(), now=NOW, secret_of=lambda _: "hush") as fetcher:
        url = server.url("/list")
        fetcher.get("lab", Request(url=url, header="x-key", secret="k", robots=True))
    assert [request.headers.get("x-key") for request in server.received] == [None, "hush"]
