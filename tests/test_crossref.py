"""What Crossref is asked for, and what its answers say."""

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
from digest.sources.crossref import PAGE_SIZE, PAGES, Crossref

JOURNALS = Crossref(issn=("2049-3630", "2049-363x"))
WORDS = Crossref(query="data & selection")
URL = "https://api.crossref.org/works?filter=x&cursor=*#page=1"


def parse(body: str | bytes, url: str = URL, source: Crossref = JOURNALS) -> Parsed:
    return read(source, body, url)


def full(cursor: str = "next/+=") -> str:
    works = [{"DOI": f"10.1000/{n}", "title": [f"Number {n}"]} for n in range(PAGE_SIZE)]
    return json.dumps({"message": {"items": works, "next-cursor": cursor}})


# What to ask for


def test_journals_are_asked_for_what_was_registered_since_the_last_read() -> None:
    (request,) = JOURNALS.requests(date(2026, 6, 12), NOW)
    parts = urlsplit(request.url)
    query = parse_qs(parts.query)
    (said,) = query["filter"]
    journals, types = "issn:2049-3630,issn:2049-363x", "type:journal-article,type:posted-content"
    assert said == f"from-created-date:2026-06-10,{journals},{types},type:proceedings-article"
    assert (query["rows"], query["cursor"], parts.fragment) == (["200"], ["*"], "page=1")
    assert "query.bibliographic" not in query
    assert request.spacing.total_seconds() == 1


SELECTABLE = """
    abstract accepted alternative-id approved archive article-number assertion author chair
    container-title content-created created degree deposited DOI editor event funder group-title
    indexed is-referenced-by-count issn ISSN issn-type issue issued license link member
    original-title page posted prefix published published-online published-print publisher
    publisher-location reference references-count relation resource score short-container-title
    short-title subject subtitle title translator type update-policy URL volume
"""


def test_only_what_can_be_selected_is() -> None:
    (request,) = WORDS.requests(None, NOW)
    query = parse_qs(urlsplit(request.url).query)
    assert set(query["select"][0].split(",")) <= set(SELECTABLE.split())
    assert query["query.bibliographic"] == ["data & selection"]


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"query": "  "},
        {"issn": ["20493630"]},
        {"query": "x", "types": ["journal-article,issn:1"]},
        {"query": "x", "base_url": "ftp://x.org"},
        {"query": "x", "spacing": 1e9},
        {"query": "x", "mailto": "ann@example.org"},
    ],
)
def test_misuse_is_refused_when_the_config_is_read(settings: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"kind": "crossref", **settings}, Crossref)


def test_a_person_sees_the_list_there() -> None:
    assert JOURNALS.home == "https://search.crossref.org/search/works?q=2049-3630"
    assert WORDS.home == "https://search.crossref.org/search/works?q=data+%26+selection"
    assert (JOURNALS.name, Crossref(name="annals", query="x").name) == ("crossref", "annals")


# What comes


def test_a_work_keeps_all_that_its_publisher_says() -> None:
    parsed = parse(own("works.json"))
    sighting = parsed.sightings[0]
    paper = sighting.paper
    assert not parsed.errors
    assert paper.title == "Notes on an Analytical Engine & its CO2"
    assert paper.abstract == "Aims: We describe an engine; p < 0.05."
    assert paper.authors == (
        "Ada Lovelace",
        "The Difference Consortium",
        "Babbage Jr.",
    )
    assert (paper.doi, paper.comment) == ("10.1000/engine.1", "Annals of Engines & Looms")
    assert (sighting.day, paper.published) == (date(2026, 6, 13), date(2026, 6, 12))
    assert paper.links == (Link("doi", "https://doi.org/10.1000/engine.1"),)


def test_a_year_alone_is_no_day_and_a_preprint_names_who_published_it() -> None:
    sighting = parse(own("works.json")).sightings[1]
    assert (sighting.day, sighting.paper.published) == (date(2026, 6, 14), None)
    assert sighting.paper.comment == "Weavers' Server"


def test_a_doi_of_arxiv_is_the_paper_there() -> None:
    sighting = parse(own("works.json")).sightings[2]
    assert (sighting.paper.arxiv, sighting.paper.doi, sighting.day) == ("2606.00009", "", None)
    assert sighting.paper.title == "On Cards"


def test_what_has_no_title_is_no_paper_and_no_error() -> None:
    parsed = parse(own("works.json"))
    assert len(parsed.sightings) == 3
    assert not parsed.errors


def test_journals_are_read_until_an_answer_is_not_full() -> None:
    (request,) = parse(full()).requests
    assert request.url == ("https://api.crossref.org/works?filter=x&cursor=next%2F%2B%3D#page=2")
    assert not parse(own("works.json")).requests
    assert not parse(full(cursor="")).requests


def test_of_words_only_the_best_matches_are_read() -> None:
    parsed = parse(full(), source=WORDS)
    assert len(parsed.sightings) == PAGE_SIZE
    assert not parsed.requests
    assert not parsed.errors


def test_a_list_without_end_stops_and_says_so() -> None:
    parsed = parse(full(), URL.replace("page=1", f"page={PAGES}"))
    assert not parsed.requests
    assert "the rest was not read" in reasons(parsed)


REFUSED = {
    "status": "failed",
    "message-type": "validation-failure",
    "message": [{"type": "x", "value": "y", "message": "There is no such filter"}],
}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("", "the page is empty"),
        ("Resource not found.", "got “Resource not found.”"),
        ("<html>busy</html>", "expected JSON"),
        (json.dumps(REFUSED), "There is no such filter"),
        ('{"message": {"total-results": 3}}', "which has `total-results`"),
        ('{"message": 5}', "no list of papers in its JSON, which has `message`"),
        ("[]", "a list, not a list of papers"),
        ('{"message": {"items": [{"title": ["On Looms"]}]}}', "none of its 1 papers"),
        ('{"message": {"items": [{"DOI": "10.1000/1", "title": [""]}]}}', "has no title"),
        ('{"message": {"items": ["10.1000/1"]}}', "it is a text"),
    ],
)
def test_what_is_no_list_is_an_error_that_says_what_came(body: str, said: str) -> None:
    parsed = parse(body)
    assert not parsed.sightings
    assert said in reasons(parsed)


def test_no_new_works_are_no_error() -> None:
    assert parse('{"message": {"items": [], "next-cursor": "x"}}') == Parsed()


def test_whole_works_before_a_break_are_kept() -> None:
    text = own("works.json")
    parsed = parse(text[: text.index("10.1000/cover")])
    assert [each.paper.doi for each in parsed.sightings] == ["10.1000/engine.1", "10.1000/looms.2"]
    assert "2 papers before that are whole" in reasons(parsed)


@needs_recordings
def test_recorded_works_are_papers() -> None:
    for path in recorded("other/crossref"):
        parsed = parse(path.read_bytes())
        readable = path.suffix == ".json"
        assert len(parsed.sightings) == int(readable)
        assert bool(parsed.errors) != readable
        for sighting in parsed.sightings:
            assert sighting.day
            assert sighting.paper.doi.startswith("10.")
            assert "jats:" not in sighting.paper.abstract


# Anything at all


@given(st.binary(max_size=200))
def test_any_bytes_are_only_parsed(body: bytes) -> None:
    assert isinstance(parse(body), Parsed)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda each: (
        st.lists(each, max_size=3) | st.dictionaries(st.text(max_size=9), each, max_size=3)
    ),
    max_leaves=6,
)
_FIELDS = st.sampled_from(["DOI", "title", "abstract", "author", "issued", "created", "publisher"])
_DATE = st.fixed_dictionaries({"date-parts": st.lists(st.lists(_JSON, max_size=4), max_size=2)})


@given(
    st.dictionaries(
        st.sampled_from(["message", "status", "items"]),
        _JSON
        | st.lists(st.dictionaries(st.sampled_from(["message", "x"]), _JSON), max_size=2)
        | st.fixed_dictionaries(
            {
                "items": st.lists(
                    st.dictionaries(_FIELDS, _JSON | _DATE | st.sampled_from(["10.1000/1", "T"])),
                    max_size=3,
                )
            }
        ),
    ),
    st.integers(0, 400),
)
def test_any_answer_is_only_parsed(value: Any, end: int) -> None:
    body = json.dumps(value)
    assert isinstance(parse(body), Parsed)
    assert isinstance(parse(body[:end]), Parsed)
