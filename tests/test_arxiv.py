"""What arXiv is asked for, and what its answers and feeds say."""

from __future__ import annotations

from datetime import date
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reading import NOW, own, read, reasons
from recordings import PAGES, needs_recordings

from digest.papers import Link
from digest.sources import Parsed
from digest.sources.arxiv import PAGE_SIZE, Arxiv
from digest.sources.arxiv import PAGES as MOST_PAGES

SOURCE = Arxiv(categories=("cs.LG", "cs.CL"))
FEED = Arxiv(categories=("cs.LG",), route="atom")
API = "https://export.arxiv.org/api/query?search_query=x&start=0&max_results=500"


def parse(body: str | bytes, url: str = API, source: Arxiv = SOURCE) -> Parsed:
    return read(source, body, url)


# What to ask for


def test_categories_and_query_are_asked_for_at_once() -> None:
    source = Arxiv(categories=("cs.LG", "cs.CL"), query='ti:"data selection" OR abs:pruning')
    (request,) = source.requests(date(2026, 6, 14), NOW)
    parts = urlsplit(request.url)
    query = parse_qs(parts.query)
    asked = '(cat:cs.LG OR cat:cs.CL) AND (ti:"data selection" OR abs:pruning)'
    assert query["search_query"] == [asked]
    assert query["sortBy"] == ["lastUpdatedDate"]
    assert query["sortOrder"] == ["descending"]
    assert (query["start"], query["max_results"]) == (["0"], ["500"])
    assert parts.fragment == "since=2026-06-09&page=1"
    assert request.spacing.total_seconds() == 3
    assert "atom" in request.accept


@pytest.mark.parametrize(
    ("since", "bound"),
    [
        (None, "from=2026-06-08"),
        (date(2026, 6, 15), "since=2026-06-10"),
        (date(2026, 1, 1), "since=2026-05-27"),
        (date(2030, 1, 1), "since=2026-06-10"),
    ],
    ids=["first read", "today", "an outage", "a clock that was ahead"],
)
def test_papers_are_asked_for_five_days_further_back(since: date | None, bound: str) -> None:
    (request,) = SOURCE.requests(since, NOW)
    assert f"#{bound}&" in request.url


@pytest.mark.parametrize("route", ["atom", "rss"])
def test_the_feeds_of_categories_are_one_feed(route: str) -> None:
    source = msgspec.convert(
        {"kind": "arxiv", "categories": ["cs.LG", "cs.CL"], "route": route}, Arxiv
    )
    (request,) = source.requests(None, NOW)
    assert request.url == f"https://rss.arxiv.org/{route}/cs.LG+cs.CL"


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"categories": ["machine learning"]},
        {"categories": ["cs.LG"], "query": "x", "route": "rss"},
        {"categories": ["cs.LG"], "query": "x", "route": "listing"},
        {"categories": ["cs.LG"], "route": "listing", "list_url": ""},
        {"categories": ["cs.LG"], "list_url": "arxiv.org"},
        {"query": "x", "route": "atom"},
        {"categories": ["cs.LG"], "base_url": "ftp://x.org"},
        {"categories": ["cs.LG"], "spacing": 1e9},
        {"categories": ["cs.LG"], "feeds": True},
    ],
)
def test_misuse_is_refused_when_the_config_is_read(settings: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"kind": "arxiv", **settings}, Arxiv)


@pytest.mark.parametrize(
    ("source", "home"),
    [
        (Arxiv(categories=("cs.LG",)), "https://arxiv.org/list/cs.LG/new"),
        (Arxiv(categories=("cs.LG", "cs.CL")), "https://arxiv.org/list/cs/new"),
        (Arxiv(categories=("math.NT", "cs.CL")), "https://arxiv.org/list/math.NT/new"),
        (Arxiv(query="a b"), "https://arxiv.org/search/?query=a+b&searchtype=all"),
    ],
)
def test_a_person_sees_the_list_there(source: Arxiv, home: str) -> None:
    assert source.home == home
    assert source.name == "arxiv"


# The API


def test_an_entry_keeps_all_that_arxiv_says() -> None:
    parsed = parse(own("api.xml"))
    sighting = parsed.sightings[0]
    paper = sighting.paper
    assert not parsed.errors
    assert (sighting.day, sighting.announced) == (date(2026, 6, 11), "new")
    assert (paper.arxiv, paper.version, paper.doi) == ("2606.00001", 1, "10.1000/abc.1")
    assert paper.title == "Notes on an Analytical Engine"
    assert paper.abstract == "We describe an engine & compute."
    assert paper.authors == ("Ada Lovelace", "Charles Babbage")
    assert paper.categories == ("cs.LG", "cs.AR")
    assert (paper.comment, paper.published) == ("12 pages", date(2026, 6, 11))
    assert paper.links == (
        Link("arxiv", "https://arxiv.org/abs/2606.00001"),
        Link("pdf", "https://arxiv.org/pdf/2606.00001"),
        Link("doi", "https://doi.org/10.1000/abc.1"),
    )


def test_a_later_version_is_a_replacement_on_the_day_of_its_update() -> None:
    sighting = parse(own("api.xml")).sightings[1]
    assert (sighting.announced, sighting.day) == ("replace", date(2026, 6, 10))
    assert (sighting.paper.arxiv, sighting.paper.version) == ("cs/0601001", 2)
    assert sighting.paper.published == date(2006, 1, 1)


def answer(start: int, total: int, days: list[int], asked: int | None = None) -> tuple[str, str]:
    """Return an answer of the API whose entries are of `days` in June, and its address."""
    entries = "".join(
        f"<entry><id>http://arxiv.org/abs/2606.{start + n:05}v1</id><title>T</title>"
        f"<updated>2026-06-{day:02}T00:00:00Z</updated>"
        f"<published>2026-06-{day:02}T00:00:00Z</published></entry>"
        for n, day in enumerate(days, 1)
    )
    body = (
        '<feed xmlns="http://www.w3.org/2005/Atom" xmlns:o="http://a9.com/-/spec/opensearch/1.1/">'
        f"<id>http://arxiv.org/api/x</id><o:totalResults>{total}</o:totalResults>"
        f"<o:startIndex>{start}</o:startIndex>{entries}</feed>"
    )
    asked = start if asked is None else asked
    number = asked // PAGE_SIZE + 1
    url = f"https://export.arxiv.org/api/query?search_query=x&start={asked}&max_results=500"
    return body, f"{url}#since=2026-06-10&page={number}"


def test_the_next_page_is_asked_for_while_papers_are_young_enough() -> None:
    (request,) = parse(*answer(0, 5000, [14, 13, 12])).requests
    query = parse_qs(urlsplit(request.url).query)
    assert query["start"] == ["3"]
    assert query["search_query"] == ["(cat:cs.LG OR cat:cs.CL)"]
    assert urlsplit(request.url).fragment == "since=2026-06-10&page=2"


def test_paging_stops_at_the_bound_and_older_papers_are_left_out() -> None:
    parsed = parse(*answer(0, 5000, [14, 12, 10, 9, 8]))
    assert not parsed.requests
    assert [s.day.day for s in parsed.sightings if s.day] == [14, 12, 10]
    assert not parsed.errors


def test_a_first_read_keeps_what_is_old_as_back_catalogue() -> None:
    body, url = answer(0, 3, [11, 9, 8])
    assert len(parse(body, url).sightings) == 1
    assert len(parse(body, url.replace("#since", "#from")).sightings) == 3


def test_paging_stops_at_the_end() -> None:
    assert parse(*answer(0, 2, [14, 13])).requests == ()


def test_a_server_that_ignores_the_start_is_not_asked_for_ever() -> None:
    parsed = parse(*answer(0, 5000, [14, 13], asked=500))
    assert not parsed.requests
    assert "number 0 on, not from 500 on" in reasons(parsed)


def test_paging_stops_after_the_last_page_allowed_and_says_so() -> None:
    body, url = answer(0, 50_000, [14, 13])
    parsed = parse(body, url.replace("page=1", f"page={MOST_PAGES}"))
    assert not parsed.requests
    assert "older were not read" in reasons(parsed)


def test_an_empty_page_where_papers_were_found_ends_paging_with_an_error() -> None:
    parsed = parse(*answer(500, 5000, []))
    assert not parsed.requests
    assert "found 5000 papers and sent none" in reasons(parsed)


def test_a_saved_answer_asks_for_nothing() -> None:
    body, _ = answer(0, 5000, [14])
    assert parse(body, "file:///saved.xml").requests == ()


def test_an_answer_without_papers_is_no_error() -> None:
    body, url = answer(0, 0, [])
    assert parse(body, url) == Parsed()


def test_an_error_entry_with_status_200_is_an_error() -> None:
    body = (
        '<feed xmlns="http://www.w3.org/2005/Atom"><id>http://arxiv.org/api/q</id><entry>'
        "<id>http://arxiv.org/api/errors#incorrect_id_format</id><title>Error</title>"
        "<summary>incorrect id format for x</summary></entry></feed>"
    )
    parsed = parse(body)
    assert not parsed.sightings
    assert "incorrect id format for x" in reasons(parsed)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("", "the page is empty"),
        ("<html><title>Down for maintenance</title></html>", "Down for maintenance"),
        ("Rate exceeded.", "got a text"),
        ("[]", "got JSON"),
        ("<OAI-PMH/>", "XML that is no feed"),
        ("<feed><id>http://arxiv.org/api/x</id><entry><id>?</id></entry></feed>", "changed shape"),
    ],
)
def test_what_is_no_answer_is_an_error_that_says_what_came(body: str, said: str) -> None:
    parsed = parse(body)
    assert not parsed.sightings
    assert said in reasons(parsed)


def test_an_answer_that_breaks_off_gives_its_whole_papers_and_an_error() -> None:
    text = own("api.xml")
    parsed = parse(text[: text.index("They weave")])
    assert [s.paper.arxiv for s in parsed.sightings] == ["2606.00001"]
    assert "breaks off after 1 whole papers" in reasons(parsed)


def test_an_answer_cut_right_after_an_entry_keeps_that_entry() -> None:
    text = own("api.xml")
    parsed = parse(text[: text.index("</entry>") + len("</entry>")])
    assert len(parsed.sightings) == 1
    assert parsed.errors


def test_a_control_character_does_not_end_the_reading() -> None:
    assert len(parse(own("api.xml").replace("engine", "eng\x0cine")).sightings) == 2


def test_a_document_that_declares_entities_is_refused() -> None:
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    body = own("api.xml").replace("<feed", f'<!DOCTYPE x [<!ENTITY l0 "ha">{laughs}]><feed', 1)
    parsed = parse(body.replace("They weave.", "&l9;"))
    assert not parsed.sightings
    assert "declares entities" in reasons(parsed)


# The feeds


@pytest.mark.parametrize("name", ["announced.xml", "announced.rss"])
def test_a_feed_says_how_a_paper_was_announced(name: str) -> None:
    parsed = parse(own(name), "https://rss.arxiv.org/atom/cs.LG", FEED)
    sighting = parsed.sightings[0]
    paper = sighting.paper
    assert not parsed.errors
    assert sighting.announced == ("new" if name.endswith("xml") else "cross")
    assert sighting.day == date(2026, 6, 12)
    assert paper.abstract == "We describe an engine."
    assert (paper.arxiv, paper.version, paper.published) == ("2606.00001", 1, None)
    assert paper.authors == ("Ada Lovelace", "Charles Babbage")
    assert paper.categories[0] == "cs.LG"


def test_a_replaced_cross_listing_is_a_replacement() -> None:
    sighting = parse(own("announced.xml"), source=FEED).sightings[1]
    assert (sighting.announced, sighting.paper.version) == ("replace", 2)
    assert sighting.day == date(2026, 6, 12)


def test_an_empty_sunday_is_no_error() -> None:
    text = own("announced.xml")
    empty = text[: text.index("<entry>")] + "</feed>"
    parsed = parse(empty, source=FEED)
    assert (parsed.sightings, parsed.errors) == ((), ())


def test_a_feed_where_the_api_was_asked_is_said() -> None:
    assert "got a feed of arXiv" in reasons(parse(own("announced.xml")))


# The recordings


@needs_recordings
@pytest.mark.parametrize(
    ("name", "papers"),
    [
        ("api_query_cs_submitted_2025-12-17_405", 405),
        ("api_query_transformer_cs.LG_2026-06-14", 5),
        ("api_query_cs.CL_2026-05-11", 2),
        ("api_query_idlist_2312.00752", 1),
    ],
)
def test_the_recorded_answers_are_read_whole(name: str, papers: int) -> None:
    parsed = parse((PAGES / f"arxiv/{name}.xml").read_bytes(), "file:///x.xml")
    assert len(parsed.sightings) == papers
    assert not parsed.errors
    assert all(s.paper.authors and s.paper.abstract and s.day for s in parsed.sightings)


@needs_recordings
def test_the_recorded_sunday_is_empty() -> None:
    body = (PAGES / "arxiv/atom_rss_cs_EMPTY_sunday_2025-11-23.xml").read_bytes()
    parsed = parse(body, source=FEED)
    assert (parsed.sightings, parsed.errors) == ((), ())


@needs_recordings
@pytest.mark.parametrize(("name", "papers"), [("arxiv_atom_cs.AI", 86), ("arxiv_rss2.0_cs.AI", 0)])
def test_the_cut_feeds_give_their_whole_papers_and_an_error(name: str, papers: int) -> None:
    (path,) = (PAGES / "damaged").glob(f"{name}*")
    parsed = parse(path.read_bytes(), source=FEED)
    assert len(parsed.sightings) == papers
    assert f"breaks off after {papers} whole papers" in reasons(parsed)


# Anything at all

TEXTS = [own("api.xml"), own("announced.xml"), own("announced.rss")]


@given(st.binary(max_size=200), st.sampled_from([SOURCE, FEED]))
def test_any_bytes_are_only_parsed(body: bytes, source: Arxiv) -> None:
    assert isinstance(parse(body, source=source), Parsed)


@given(
    st.sampled_from(TEXTS),
    st.integers(0, 3000),
    st.integers(0, 3000),
    st.binary(max_size=6),
    st.sampled_from([SOURCE, FEED]),
)
def test_pages_cut_and_spliced_are_only_parsed(
    text: str, at: int, end: int, put: bytes, source: Arxiv
) -> None:
    body = text.encode()
    url = "https://[bad/query?start=0#since=2026-06-10&page=1"
    assert isinstance(parse(body[:at] + put + body[end:], url, source), Parsed)
