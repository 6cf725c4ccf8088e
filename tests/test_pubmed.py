"""What PubMed is asked for, and what its answers say."""

from __future__ import annotations

import json
from datetime import date
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reading import NOW, own, read, reasons
from recordings import needs_recordings, recorded

from digest.papers import Link
from digest.sources import Parsed
from digest.sources.pubmed import FETCHED_AT_ONCE, MOST, Pubmed

SOURCE = Pubmed(query="amyloidosis[tiab] AND (imaging OR scan)")
SEARCH = "https://eutils.ncbi.nlm.nih.gov/entrez/eutils/esearch.fcgi?term=x&retstart=0"
FETCH = "https://eutils.ncbi.nlm.nih.gov/entrez/eutils/efetch.fcgi?db=pubmed&id=1,2,3"


def found(body: str | bytes | Any, url: str = SEARCH) -> Parsed:
    said = {"esearchresult": body} if isinstance(body, dict) else body
    return read(SOURCE, json.dumps(said) if isinstance(said, dict) else said, url)


def fetched(body: str | bytes, url: str = FETCH) -> Parsed:
    return read(SOURCE, body, url)


# What to ask for


def test_the_query_is_asked_for_what_came_since_the_last_read() -> None:
    (request,) = SOURCE.requests(date(2026, 6, 12), NOW)
    query = parse_qs(urlsplit(request.url).query)
    assert query["term"] == ["amyloidosis[tiab] AND (imaging OR scan)"]
    assert (query["mindate"], query["maxdate"]) == (["2026/06/10"], ["2026/06/15"])
    assert (query["datetype"], query["retmode"], query["retstart"]) == (["edat"], ["json"], ["0"])
    assert request.spacing.total_seconds() >= 1 / 3


def test_an_outage_is_made_good_for_two_weeks() -> None:
    (request,) = SOURCE.requests(date(2026, 1, 1), NOW)
    assert "mindate=2026/06/01" in request.url


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"query": " "},
        {"query": "x", "base_url": "ftp://x.org"},
        {"query": "x", "spacing": 1e9},
        {"query": "x", "api_key": "secret"},
    ],
)
def test_misuse_is_refused_when_the_config_is_read(settings: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"kind": "pubmed", **settings}, Pubmed)


def test_a_person_sees_the_list_there() -> None:
    assert Pubmed(query="a b").home == "https://pubmed.ncbi.nlm.nih.gov/?term=a+b&sort=date"
    assert (Pubmed(query="x").name, Pubmed(query="x", name="hearts").name) == ("pubmed", "hearts")


# Searches


def test_what_a_search_found_is_fetched_by_addresses_that_are_not_too_long() -> None:
    numbers = [str(100_000_000 + each) for each in range(2 * FETCHED_AT_ONCE + 1)]
    requests = found({"count": str(len(numbers)), "idlist": numbers}).requests
    assert [len(request.url.split(",")) for request in requests] == [
        FETCHED_AT_ONCE,
        FETCHED_AT_ONCE,
        1,
    ]
    assert all("efetch" in request.url and len(request.url) < 2000 for request in requests)
    assert "xml" in requests[0].accept


def test_the_rest_of_a_long_list_is_asked_for() -> None:
    parsed = found({"count": "5", "idlist": ["1", "2"]})
    assert parsed.requests[-1].url == SEARCH.replace("retstart=0", "retstart=2")
    last = found({"count": "5", "idlist": ["3", "4", "5"]}, parsed.requests[-1].url)
    assert [request.url.rpartition("=")[2] for request in last.requests] == ["3,4,5"]


def test_a_search_that_finds_too_much_says_so() -> None:
    parsed = found({"count": "42111", "idlist": ["7"]}, SEARCH[:-1] + str(MOST - 1))
    assert len(parsed.requests) == 1
    assert "narrow `query`" in reasons(parsed)


def test_a_search_that_finds_nothing_is_no_error() -> None:
    nothing = {"count": "0", "idlist": [], "warninglist": {"outputmessages": ["No items found."]}}
    assert found(nothing) == Parsed()


@pytest.mark.parametrize("holder", ["errorlist", "warninglist"])
def test_words_that_pubmed_does_not_know_are_told_beside_what_the_rest_finds(holder: str) -> None:
    unknown = {"quotedphrasesnotfound": ['"lethal looms"'], "fieldsnotfound": []}
    parsed = found({"count": "1", "idlist": ["7"], holder: unknown})
    assert len(parsed.requests) == 1
    assert 'does not know “"lethal looms"”' in reasons(parsed)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("", "the page is empty"),
        ("busy", "got “busy”"),
        ('{"error": "API rate limit exceeded"}', "rate limit"),
        ("[]", "a list, not a list of papers"),
        ({"ERROR": "Empty term"}, "“Empty term”"),
        ({"count": "3"}, "no list of numbers"),
        ({"count": "3", "idlist": []}, "found 3 articles and named none"),
        ('{"esearchresult": {"idlist": ["1",', "expected the answer to a search"),
        # A control character within a text, as PubMed has sent.
        ('{"esearchresult":{"ERROR":"Search failed:\n too far"}}', "Search failed: too far"),
    ],
)
def test_what_is_no_answer_to_a_search_is_an_error(body: Any, said: str) -> None:
    parsed = found(body)
    assert not parsed.requests
    assert said in reasons(parsed)


# Articles


def test_an_article_keeps_all_that_pubmed_says() -> None:
    parsed = fetched(own("articles.xml"))
    sighting = parsed.sightings[0]
    paper = sighting.paper
    assert not parsed.errors
    assert paper.title == "Notes on 99mTc in an Analytical Engine"
    assert paper.abstract == (
        "Background: Engines compute, p < 0.05. Key points: Cards of H2O help. Looms weave."
    )
    assert paper.authors == ("Ada Lovelace", "C Babbage Jr", "Difference Consortium")
    assert (paper.pubmed, paper.doi) == ("90000001", "10.1000/engine.1")
    assert (paper.comment, paper.published) == ("Annals of engines", date(2026, 6, 11))
    assert sighting.day == date(2026, 6, 12)
    assert paper.links == (
        Link("doi", "https://doi.org/10.1000/engine.1"),
        Link("page", "https://pmc.ncbi.nlm.nih.gov/articles/PMC900001/"),
    )


def test_an_article_of_which_little_is_known_is_a_paper() -> None:
    sighting = fetched(own("articles.xml")).sightings[1]
    assert (sighting.paper.title, sighting.paper.doi) == ("[On Looms]", "10.1000/looms.2")
    assert (sighting.day, sighting.paper.published) == (date(2026, 6, 14), None)
    assert sighting.paper.links[1] == Link("page", "https://pubmed.ncbi.nlm.nih.gov/90000002/")


def test_a_chapter_of_a_book_is_a_paper() -> None:
    sighting = fetched(own("articles.xml")).sightings[2]
    assert (sighting.paper.title, sighting.paper.abstract) == ("Cards", "Of cards.")
    assert (sighting.paper.authors, sighting.paper.comment) == (
        ("J M Jacquard",),
        "Handbook of Engines",
    )
    assert (sighting.day, sighting.paper.published) == (date(2026, 6, 14), date(2026, 6, 10))


def test_articles_that_were_asked_for_and_did_not_come_are_told() -> None:
    parsed = fetched(own("articles.xml"), f"{FETCH},4")
    assert len(parsed.sightings) == 3
    assert "asked for 4 articles and sent 3" in reasons(parsed)


def test_whole_articles_before_a_break_are_kept() -> None:
    text = own("articles.xml")
    parsed = fetched(text[: text.index("90000003")])
    assert [each.paper.pubmed for each in parsed.sightings] == ["90000001", "90000002"]
    assert "breaks off after 2 whole articles" in reasons(parsed)


NO_TITLE = """<PubmedArticleSet>
<PubmedArticle><MedlineCitation><PMID>7</PMID></MedlineCitation></PubmedArticle>
</PubmedArticleSet>"""


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("<html><title>Busy</title></html>", "it is <html>, not a set of articles"),
        ("<PubmedArticleSet></PubmedArticleSet>", "asked for 3 articles and sent 0"),
        ("<eFetchResult><ERROR>No such id</ERROR></eFetchResult>", "“No such id”"),
        ('<!DOCTYPE x [<!ENTITY a "b">]><PubmedArticleSet/>', "declares entities"),
        ("<PubmedArticleSet><PubmedArticle/></PubmedArticleSet>", "it has no number"),
        (NO_TITLE, "7 has no title"),
    ],
)
def test_what_are_no_articles_is_an_error_that_says_what_came(body: str, said: str) -> None:
    parsed = fetched(body)
    assert not parsed.sightings
    assert said in reasons(parsed)


@needs_recordings
def test_recorded_answers_are_articles() -> None:
    articles, search = recorded("other/pubmed")
    requests = found(search.read_bytes()).requests
    parsed = fetched(articles.read_bytes(), requests[0].url)
    assert not parsed.errors
    assert len(parsed.sightings) == 5
    for sighting in parsed.sightings:
        assert sighting.day == date(2026, 6, 12)
        assert sighting.paper.doi
        assert sighting.paper.abstract
        assert len(sighting.paper.authors) >= 5


# Anything at all


@given(st.binary(max_size=200))
def test_any_bytes_are_only_parsed(body: bytes) -> None:
    assert isinstance(found(body), Parsed)
    assert isinstance(fetched(b"<" + body), Parsed)


@given(
    st.integers(0, 5000),
    st.integers(0, 5000),
    st.binary(max_size=6) | st.sampled_from([b"<PMID>", b"</PubmedArticle>", b"&#xD800;", b"\x00"]),
)
def test_articles_cut_and_spliced_are_only_parsed(at: int, end: int, put: bytes) -> None:
    body = own("articles.xml").encode()
    parsed = fetched(body[:at] + put + body[end:])
    assert isinstance(parsed, Parsed)
    assert all(each.paper.title and each.paper.pubmed for each in parsed.sightings)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda each: (
        st.lists(each, max_size=3) | st.dictionaries(st.text(max_size=9), each, max_size=3)
    ),
    max_leaves=6,
)


@given(
    st.dictionaries(
        st.sampled_from(["ERROR", "count", "idlist", "errorlist", "warninglist"]),
        _JSON | st.just(["1", "2"]) | st.dictionaries(st.just("fieldsnotfound"), _JSON),
    )
)
def test_any_answer_to_a_search_is_only_parsed(value: dict[str, Any]) -> None:
    assert isinstance(found(value), Parsed)
