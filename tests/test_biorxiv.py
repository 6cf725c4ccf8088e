"""What bioRxiv and medRxiv are asked for, and what their answers say."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reading import NOW, own, read, reasons

from digest.papers import Link
from digest.sources import Parsed
from digest.sources.biorxiv import MOST, Biorxiv, Medrxiv

URL = "https://api.biorxiv.org/details/biorxiv/2026-06-13/2026-06-15/0/json"
SOURCE = Biorxiv()


def parse(body: str | bytes, url: str = URL, source: Biorxiv | Medrxiv = SOURCE) -> Parsed:
    return read(source, body, url)


def answer(count: int, total: int | str, status: str = "ok") -> str:
    preprints = [
        {"doi": f"10.1101/2026.06.13.{n:06}", "title": f"Number {n}", "version": "1"}
        for n in range(count)
    ]
    return json.dumps({"messages": [{"status": status, "total": total}], "collection": preprints})


# What to ask for


@pytest.mark.parametrize(
    ("since", "first"),
    [
        (None, "2026-06-11"),
        (date(2026, 6, 15), "2026-06-13"),
        (date(2026, 6, 12), "2026-06-10"),
        (date(2026, 1, 1), "2026-06-01"),
        (date(2030, 1, 1), "2026-06-13"),
    ],
    ids=["first read", "the same day", "a weekend", "an outage", "a clock that was ahead"],
)
def test_the_days_since_the_last_read_are_asked_for(since: date | None, first: str) -> None:
    (request,) = SOURCE.requests(since, NOW)
    assert request.url == f"https://api.biorxiv.org/details/biorxiv/{first}/2026-06-15/0/json"
    assert request.spacing.total_seconds() == 1


def test_each_category_is_asked_for_once_as_they_write_it() -> None:
    source = Medrxiv(categories=("Cell_Biology", "cell biology", "Ear, Nose & Throat"))
    urls = [request.url for request in source.requests(date(2026, 6, 15), NOW)]
    start = "https://api.biorxiv.org/details/medrxiv/2026-06-13/2026-06-15/0/json"
    assert urls == [
        f"{start}?category=cell_biology",
        f"{start}?category=ear%2C_nose_%26_throat",
    ]


@pytest.mark.parametrize(
    ("source", "name", "home"),
    [
        (Biorxiv(), "biorxiv", "https://www.biorxiv.org/content/early/recent"),
        (Medrxiv(name="med"), "med", "https://www.medrxiv.org/content/early/recent"),
        (
            Biorxiv(categories=("Cell Biology",)),
            "biorxiv",
            "https://www.biorxiv.org/collection/cell-biology",
        ),
    ],
)
def test_a_person_sees_the_list_there(source: Biorxiv | Medrxiv, name: str, home: str) -> None:
    assert (source.name, source.home) == (name, home)


@pytest.mark.parametrize(
    "settings",
    [{"categories": [" _"]}, {"base_url": "ftp://x.org"}, {"spacing": -1}, {"category": "x"}],
)
@pytest.mark.parametrize(("kind", "type_"), [("biorxiv", Biorxiv), ("medrxiv", Medrxiv)])
def test_misuse_is_refused_when_the_config_is_read(
    settings: dict[str, Any], kind: str, type_: Any
) -> None:
    assert msgspec.convert({"kind": kind}, Biorxiv | Medrxiv) == type_()
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"kind": kind, **settings}, type_)


# What comes


def test_a_preprint_keeps_all_that_the_server_says() -> None:
    parsed = parse(own("preprints.json"))
    sighting = parsed.sightings[0]
    paper = sighting.paper
    assert not parsed.errors
    assert not parsed.requests
    assert (sighting.day, sighting.announced) == (date(2026, 6, 13), "new")
    assert paper.title == "Notes on an Analytical Engine"
    assert paper.abstract == "We grow an engine of H2O & brass."
    assert paper.authors == ("A. Lovelace", "C. Babbage", "The Difference Consortium")
    assert (paper.doi, paper.version) == ("10.1101/2026.06.11.000001", 1)
    assert (paper.categories, paper.published) == (("cell biology",), date(2026, 6, 13))
    assert paper.comment == ""
    assert paper.links == (
        Link("doi", "https://doi.org/10.1101/2026.06.11.000001"),
        Link("page", "https://www.biorxiv.org/content/10.1101/2026.06.11.000001v1"),
        Link("pdf", "https://www.biorxiv.org/content/10.1101/2026.06.11.000001v1.full.pdf"),
    )


def test_a_later_version_is_a_replacement_of_what_came_out_when_its_doi_says() -> None:
    sighting = parse(own("preprints.json")).sightings[1]
    assert (sighting.announced, sighting.day) == ("replace", date(2026, 6, 14))
    assert (sighting.paper.version, sighting.paper.published) == (3, date(2026, 5, 2))
    assert sighting.paper.comment == "published as https://doi.org/10.1000/looms.7"


def test_a_preprint_of_which_little_is_known_is_a_paper() -> None:
    sighting = parse(own("preprints.json")).sightings[2]
    assert (sighting.day, sighting.paper.doi) == (None, "10.1101/123456")
    assert (sighting.paper.authors, sighting.paper.categories) == ((), ())


@pytest.mark.parametrize("category", ["Bioinformatics", "bio-informatics", "zoology"])
def test_other_categories_are_left_out_without_an_error(category: str) -> None:
    parsed = parse(own("preprints.json"), source=Biorxiv(categories=(category,)))
    titles = [each.paper.title for each in parsed.sightings]
    assert titles == (["On Looms"] if category == "Bioinformatics" else [])
    assert not parsed.errors


@pytest.mark.parametrize(("count", "total"), [(30, "75"), (100, 101)])
def test_the_next_answer_is_asked_for_where_this_one_ends(count: int, total: int | str) -> None:
    url = f"{URL}?category=zoology"
    (request,) = parse(answer(count, total), url).requests
    assert request.url == url.replace("/0/json", f"/{count}/json")
    last = parse(answer(int(total) - count, total), request.url)
    assert not last.requests
    assert not last.errors


def test_a_list_without_end_stops_and_says_so() -> None:
    parsed = parse(answer(30, 10**6), URL.replace("/0/", f"/{MOST - 30}/"))
    assert len(parsed.sightings) == 30
    assert not parsed.requests
    assert "set `categories`" in reasons(parsed)


@pytest.mark.parametrize("url", [URL, URL.replace("/0/", "/30/")], ids=["at once", "at the end"])
def test_a_day_without_preprints_is_no_error(url: str) -> None:
    body = '{"messages": [{"status": "no posts found"}], "collection": []}'
    assert parse(body, url) == Parsed()


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("", "the page is empty"),
        ("<html>busy</html>", "cannot be read"),
        ("[]", ""),
        ('{"error": "too busy"}', "too busy"),
        ('{"messages": [{"status": "server error"}], "collection": []}', "“server error”"),
        ('{"messages": "none", "collection": []}', "changed shape"),
        ('{"messages": [{"status": "ok", "total": 9}], "collection": []}', "9 preprints and sent"),
        ('{"messages": [{"status": "ok"}], "collection": [{"doi": "10.1101/1"}]}', "no title"),
        ('{"messages": [{"status": "ok"}], "collection": [{"title": "On Looms"}]}', "no DOI"),
        ('{"messages": [{"status": "ok"}], "collection": ["On Looms"]}', "a text"),
    ],
)
def test_what_is_no_list_is_an_error_that_says_what_came(body: str, said: str) -> None:
    parsed = parse(body)
    assert not parsed.sightings
    assert parsed.errors
    assert said in reasons(parsed)


def test_whole_preprints_before_a_break_are_kept() -> None:
    text = own("preprints.json")
    parsed = parse(text[: text.index("A Sparsely")])
    assert [each.paper.title for each in parsed.sightings][1:] == ["On Looms"]
    assert "2 papers before that are whole" in reasons(parsed)
    assert not parsed.requests


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


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "messages": st.lists(
                st.fixed_dictionaries({}, optional={"status": _JSON, "total": _JSON}), max_size=2
            )
            | _JSON,
            "collection": st.lists(
                st.dictionaries(
                    st.sampled_from(["doi", "title", "authors", "date", "version", "category"]),
                    _JSON | st.sampled_from(["10.1101/1", "2026-06-13", "2"]),
                ),
                max_size=3,
            )
            | _JSON,
        },
    ),
    st.integers(0, 400),
)
def test_any_answer_is_only_parsed(value: Any, end: int) -> None:
    body = json.dumps(value)
    assert isinstance(parse(body), Parsed)
    assert isinstance(parse(body[:end]), Parsed)
