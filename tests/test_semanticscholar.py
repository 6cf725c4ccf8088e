"""What Semantic Scholar is asked for, and what its answers say."""

from __future__ import annotations

import json
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
from digest.sources.semanticscholar import PAGES as MOST_PAGES
from digest.sources.semanticscholar import SemanticScholar

SOURCE = SemanticScholar(query='"data selection" -vision')
LIKED = SemanticScholar(papers=("2407.21783",))
ASKED = "https://api.semanticscholar.org/graph/v1/paper/search/bulk?query=x"
FIRST = f"{ASKED}#from=2026-06-01&to=2026-06-15&page=1"


def parse(body: str | bytes, url: str = FIRST, source: SemanticScholar = SOURCE) -> Parsed:
    return read(source, body, url)


# What to ask for


def test_a_query_asks_for_the_papers_of_some_days() -> None:
    (request,) = SOURCE.requests(date(2026, 6, 14), NOW)
    parts = urlsplit(request.url)
    query = parse_qs(parts.query)
    assert parts.path == "/graph/v1/paper/search/bulk"
    assert query["query"] == ['"data selection" -vision']
    assert query["publicationDateOrYear"] == ["2026-06-07:2026-06-15"]
    assert query["sort"] == ["publicationDate:desc"]
    assert "abstract" in query["fields"][0].split(",")
    assert parts.fragment == "from=2026-06-07&to=2026-06-15&page=1"


@pytest.mark.parametrize(
    ("since", "first"),
    [
        (None, "2026-06-01"),
        (date(2026, 6, 15), "2026-06-08"),
        (date(2026, 1, 1), "2026-05-25"),
        (date(2030, 1, 1), "2026-06-08"),
    ],
    ids=["first read", "today", "an outage", "a clock that was ahead"],
)
def test_papers_are_asked_for_a_week_further_back(since: date | None, first: str) -> None:
    (request,) = SOURCE.requests(since, NOW)
    assert f"#from={first}&" in request.url


def test_neither_search_nor_recommendations_are_asked_for_what_they_refuse() -> None:
    for source in (SOURCE, LIKED):
        (request,) = source.requests(None, NOW)
        assert "tldr" not in request.url


def test_a_request_has_the_key_and_waits_long_after_a_429() -> None:
    (request,) = SOURCE.requests(None, NOW)
    assert (request.header, request.secret) == ("x-api-key", "SEMANTIC_SCHOLAR_KEY")
    assert request.backoff.total_seconds() == 5
    assert request.spacing.total_seconds() == 1


@pytest.mark.parametrize(
    ("paper", "name"),
    [
        ("2407.21783v2", "ARXIV:2407.21783"),
        ("arXiv:2407.21783", "ARXIV:2407.21783"),
        ("https://arxiv.org/abs/hep-th/9901001", "ARXIV:hep-th/9901001"),
        ("10.18653/v1/N18-3011", "DOI:10.18653/v1/n18-3011"),
        ("PMID:12345", "PMID:12345"),
        ("a" * 40, "a" * 40),
        ("CorpusId:215416146", "CorpusId:215416146"),
    ],
)
def test_a_paper_that_is_liked_is_named_as_the_server_names_it(paper: str, name: str) -> None:
    (request,) = SemanticScholar(papers=(paper, paper)).requests(None, NOW)
    parts = urlsplit(request.url)
    assert parts.path == f"/recommendations/v1/papers/forpaper/{name}"
    assert parse_qs(parts.query)["from"] == ["recent"]


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"query": " "},
        {"query": "x", "papers": ["2407.21783"]},
        {"papers": ["Attention Is All You Need"]},
        {"papers": ["openreview:abc"]},
        {"papers": ["2407.21783"] * 51},
        {"query": "x", "base_url": "api.semanticscholar.org"},
        {"query": "x", "spacing": -1.0},
        {"query": "x", "key": "secret"},
    ],
)
def test_misuse_is_refused_when_the_config_is_read(settings: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"kind": "semanticscholar", **settings}, SemanticScholar)


def test_its_home_is_the_search() -> None:
    assert SOURCE.home.startswith("https://www.semanticscholar.org/search?q=%22data+selection%22")
    assert LIKED.home == "https://www.semanticscholar.org"


# What it answers


def test_an_answer_gives_papers() -> None:
    parsed = parse(own("semanticscholar.json"))
    engine, looms, cards = (each.paper for each in parsed.sightings)
    assert not parsed.errors
    assert engine.title == "Notes on an Analytical Engine"
    assert engine.names == ("arxiv:2606.00001", "doi:10.1234/engine.1", "pubmed:12345")
    assert engine.abstract == "We describe an engine that computes."
    assert engine.authors == ("Ada Lovelace", "Charles Babbage")
    assert (engine.published, engine.comment) == (date(2026, 6, 12), "Annals of Looms")
    assert engine.summary == "An engine computes."
    assert engine.links[0] == Link("arxiv", "https://arxiv.org/abs/2606.00001")
    assert (looms.names, looms.abstract, looms.authors) == (("arxiv:2606.00002",), "", ())
    assert (cards.names, cards.links) == ((), ())


def test_the_day_of_publication_is_not_a_day_of_listing() -> None:
    assert {each.day for each in parse(own("semanticscholar.json")).sightings} == {None}


def test_a_token_leads_to_the_next_page() -> None:
    (more,) = parse(own("semanticscholar.json")).requests
    query = parse_qs(urlsplit(more.url).query)
    assert query["token"] == ["NEXT+/="]
    assert query["publicationDateOrYear"] == ["2026-06-01:2026-06-15"]
    assert more.url.endswith("#from=2026-06-01&to=2026-06-15&page=2")


@pytest.mark.parametrize(
    ("body", "url"),
    [
        ('{"total": 3, "token": null, "data": [{"title": "On Looms"}]}', FIRST),
        ('{"total": 0, "token": "NEXT", "data": []}', FIRST),
        ('{"total": 3, "token": "NEXT", "data": [{"title": "On Looms"}]}', "file:///saved/a.json"),
    ],
    ids=["no token", "no papers", "a saved page"],
)
def test_where_nothing_follows_nothing_is_asked(body: str, url: str) -> None:
    assert parse(body, url) == Parsed(sightings=parse(body, url).sightings)


def test_a_query_that_never_ends_stops_and_says_so() -> None:
    parsed = parse(own("semanticscholar.json"), f"{FIRST[:-1]}{MOST_PAGES}")
    assert not parsed.requests
    assert len(parsed.sightings) == 3
    assert "make `query` narrower" in reasons(parsed)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ('{"error": "Paper with id 0 not found"}', "“Paper with id 0 not found”"),
        ('{"message": "Too Many Requests", "code": "429"}', "“Too Many Requests”"),
        ('{"papers": []}', "changed shape"),
        ('{"total": 5, "offset": 0}', "changed shape"),
        ('"text"', "its JSON is a text"),
        ("<html></html>", "its JSON cannot be read (it is a web page)"),
        ("<html><title>Down</title></html>", "a web page, its title “Down”"),
        ("", "nothing: the page is empty"),
        ("%PDF-1.7", "a PDF"),
        ('{"data": [{"title": ""}]}', "none of its 1 papers"),
        ('{"data": [{"title": "On Looms"}, 3, {"title": null}]}', "2 of 3 papers"),
    ],
)
def test_what_is_wrong_is_said(body: str, said: str) -> None:
    assert said in reasons(parse(body))


def test_finding_nothing_is_no_error() -> None:
    assert parse('{"total": 0, "offset": 0}') == Parsed()
    assert parse('{"total": 0, "token": null, "data": []}') == Parsed()
    assert parse('{"recommendedPapers": []}', source=LIKED) == Parsed()


def test_papers_before_a_cut_are_kept() -> None:
    whole = own("semanticscholar.json")
    parsed = parse(whole[: whole.index("Cards")])
    assert [each.paper.title for each in parsed.sightings] == [
        "Notes on an Analytical Engine",
        "On Looms",
    ]
    assert "2 papers before that are whole" in reasons(parsed)
    assert not parsed.requests


@needs_recordings
@pytest.mark.parametrize(
    ("name", "papers", "said"),
    [
        ("badquery_0_400", 0, "Unrecognized or unsupported fields"),
        ("empty_0_200", 0, ""),
        ("notfound_0_404", 0, "not found"),
        ("paper_search_transformer_2026-06", 5, ""),
        ("recommended_0_200", 100, ""),
        ("search_bulk_0_200", 1000, ""),
        ("search_nextpage_0_200", 100, ""),
        ("search_nextpage_1_200", 100, ""),
        ("search_turing_2024-01-01_200", 77, ""),
        ("search_turing_year2024_200", 100, ""),
    ],
)
def test_recorded_answers_are_read(name: str, papers: int, said: str) -> None:
    parsed = parse((PAGES / "other/s2" / f"{name}.json").read_bytes())
    assert len(parsed.sightings) == papers
    assert said in reasons(parsed)
    assert bool(said) == bool(parsed.errors)
    assert bool(parsed.requests) == (name == "search_bulk_0_200")


@needs_recordings
def test_a_recorded_search_has_identifiers_abstracts_and_days() -> None:
    name = "other/s2/paper_search_transformer_2026-06.json"
    papers = [each.paper for each in parse((PAGES / name).read_bytes()).sightings]
    assert [bool(each.published) for each in papers] == [False, True, True, True, True]
    assert all(each.arxiv and each.abstract and each.authors for each in papers)
    assert [bool(each.doi) for each in papers] == [True, True, False, True, True]


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_no_bytes_crash_it(body: bytes) -> None:
    assert isinstance(parse(body), Parsed)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9) | st.just("2606.00001"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["title", "authors", "externalIds", "ArXiv", "DOI", "tldr", "name", "url"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(st.lists(VALUES, max_size=4))
def test_odd_values_are_left_out_and_papers_kept(items: list[object]) -> None:
    parsed = parse(json.dumps({"total": 1, "data": [*items, {"title": "On Looms"}]}))
    assert parsed.sightings[-1].paper.title == "On Looms"


@given(st.integers(min_value=0))
def test_wherever_it_is_cut_whole_papers_stay_and_it_is_said(at: int) -> None:
    whole = own("semanticscholar.json").rstrip()
    at %= len(whole)
    parsed = parse(whole[:at])
    assert parsed.errors
    ends = [whole.index(f'{mark}"') for mark in ("On Looms", "Cards, Punched")]
    assert len(parsed.sightings) >= sum(at > end for end in ends)
