"""Saved pages of every kind, told apart by what is in them."""

from __future__ import annotations

import json
from datetime import date

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reading import NOW, own, read, reasons
from recordings import PAGES, needs_recordings, recorded

from digest.papers import Link
from digest.sources import Parsed
from digest.sources.files import Files
from digest.sources.forms import recognise

SOURCE = Files(path="/saved")
KINDS = [
    ("daily.json", "json", 2),
    ("daily.html", "html", 2),
    ("paper.html", "html", 1),
    ("search.txt", "text", 2),
    ("api.xml", "arxiv-api", 2),
    ("announced.xml", "announcements", 2),
    ("announced.rss", "announcements", 1),
    ("listing.html", "listing", 2),
    ("journal.rdf", "feed", 1),
    ("feed.atom", "feed", 2),
    ("feed.json", "json-feed", 2),
    ("alert.html", "alert", 3),
    ("alerts.mbox", "mail", 5),
    ("semanticscholar.json", "semanticscholar", 3),
    ("works.json", "crossref", 3),
    ("articles.xml", "pubmed", 3),
    ("preprints.json", "biorxiv", 3),
    ("openreview.json", "openreview", 2),
]


def parse(body: str | bytes, content_type: str = "", url: str = "file:///saved/x") -> Parsed:
    return read(SOURCE, body, url, content_type)


# What to ask for


@pytest.mark.parametrize(
    ("path", "url"),
    [
        ("/saved/a b.html", "file:///saved/a%20b.html"),
        ("/saved/*.html", "file:///saved/*.html"),
        ("/saved/[ab]?.json", "file:///saved/[ab]?.json"),
        ("/saved/100%#1/é.txt", "file:///saved/100%25%231/%C3%A9.txt"),
    ],
)
def test_a_path_is_asked_for_as_a_file_address(path: str, url: str) -> None:
    (request,) = Files(path=path).requests(date(2026, 6, 1), NOW)
    assert request.url == url
    assert request.spacing.total_seconds() == 0


@pytest.mark.parametrize(
    ("path", "whole"), [("saved/*.html", "/etc/digest/saved/*.html"), ("/saved", "/saved")]
)
def test_a_relative_path_is_taken_from_the_config_files_folder(path: str, whole: str) -> None:
    source = Files(path=path, name="mine").within("/etc/digest")
    assert (source.path, source.name) == (whole, "mine")


@pytest.mark.parametrize("settings", [{}, {"path": " "}, {"path": "x", "glob": True}])
def test_misuse_is_refused_when_the_config_is_read(settings: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"kind": "files", **settings}, Files)


def test_a_folder_asks_for_its_files() -> None:
    listed = "# saved pages\nfile:///saved/a.json\r\nfile:///saved/b%20c.html\nfile:///saved/sub/\n"
    parsed = parse(listed, "text/uri-list; charset=utf-8")
    assert [r.url for r in parsed.requests] == ["file:///saved/a.json", "file:///saved/b%20c.html"]
    assert not parsed.errors


def test_an_empty_folder_is_no_error() -> None:
    assert parse("", "text/uri-list") == Parsed()


@pytest.mark.parametrize("listed", ["https://example.org/x\n", "file:///saved/sub/\n"])
def test_a_list_of_no_files_is_an_error(listed: str) -> None:
    parsed = parse(listed, "text/uri-list")
    assert not parsed.requests
    assert "lists no file" in reasons(parsed)


# What is in them


@pytest.mark.parametrize(("name", "form", "papers"), KINDS, ids=[kind[0] for kind in KINDS])
def test_each_kind_is_told_by_its_content(name: str, form: str, papers: int) -> None:
    assert recognise(own(name)) == form
    parsed = parse(own(name))
    assert len(parsed.sightings) == papers
    assert not parsed.errors
    assert {s.source for s in parsed.sightings} == {"files"}


def test_preprints_of_medrxiv_are_told_by_their_server() -> None:
    text = own("preprints.json").replace("bioRxiv", "medRxiv").replace("biorxiv", "medrxiv")
    assert '"server": "medRxiv"' in text
    assert recognise(text) == "medrxiv"
    links = [link.url for each in parse(text).sightings for link in each.paper.links]
    assert any("www.medrxiv.org" in url for url in links)


def test_the_numbers_of_a_search_are_no_articles() -> None:
    found = '{"header": {}, "esearchresult": {"count": "1", "retstart": "0", "idlist": ["9"]}}'
    parsed = parse(found)
    assert "save the answer of efetch" in reasons(parsed)
    assert not parsed.requests


def test_what_an_abstract_quotes_makes_no_api_of_a_list() -> None:
    quoted = json.dumps('the "paperId": and "message-type": and "esearchresult": keys')
    text = own("daily.json").replace('"title":', f'"note": {quoted}, "title":')
    assert recognise(text) == "json"


def test_a_listing_tells_new_from_replaced() -> None:
    new, replaced = parse(own("listing.html")).sightings
    assert (new.announced, replaced.announced) == ("new", "replace")
    assert new.day == date(2026, 6, 12)
    assert new.paper.authors == ("Ada Lovelace", "Charles Babbage")
    assert new.paper.categories == ("cs.LG", "math.NT")
    assert (new.paper.abstract, new.paper.comment) == ("We describe an engine.", "12 pages")
    assert (new.paper.version, replaced.paper.version) == (1, 5)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("(showing 1 of 1 entries)", "(showing 1 of 40 entries)", "2 of the 80 entries"),
        ("(showing 1 of 1 entries)", "(showing 3 of 3 entries)", "it was cut"),
        ("listings for Friday, 12 June 2026", "listings for you", "changed shape"),
        ("(showing 1 of 1 entries)", "", "changed shape"),
        ('title="Abstract"', 'hreflang="en"', ""),
        ("list-title", "headline", "none of its 2 papers"),
    ],
)
def test_a_listing_that_lacks_something_says_so(before: str, after: str, said: str) -> None:
    parsed = parse(own("listing.html").replace(before, after))
    assert said in reasons(parsed)


def test_a_listing_that_breaks_off_says_how_much_is_missing() -> None:
    text = own("listing.html").replace("(showing 1 of 1", "(showing 2 of 2", 1)
    parsed = parse(text)
    assert len(parsed.sightings) == 2
    assert "2 of the 3 entries" in reasons(parsed)


def test_any_feed_gives_papers() -> None:
    (sighting,) = parse(own("journal.rdf")).sightings
    paper = sighting.paper
    assert paper.title == "Notes on an Analytical Engine"
    assert paper.authors == ("A. Lovelace", "C. Babbage")
    assert (paper.doi, paper.published) == ("10.1000/abc.1", date(2026, 6, 12))
    assert sighting.day == date(2026, 6, 12)
    assert Link("doi", "https://doi.org/10.1000/abc.1") in paper.links
    assert Link("page", "https://journal.example.org/1") in paper.links


def test_a_feed_that_breaks_off_gives_only_whole_papers_and_an_error() -> None:
    text = own("journal.rdf")
    second = text[text.index("<item") : text.index("<dc:creator>")]
    parsed = parse(text.replace("</rdf:RDF>", second))
    assert len(parsed.sightings) == 1
    assert "not well-formed" in reasons(parsed)


def test_a_day_that_is_none_is_left_out() -> None:
    text = own("journal.rdf").replace("2026-06-12", "some day")
    assert parse(text).sightings[0].day is None


def test_no_feed_makes_a_link_of_a_script() -> None:
    text = own("journal.rdf").replace("<link>https://journal.example.org/1", "<link>javascript:x")
    (sighting,) = parse(text).sightings
    assert all(link.url.startswith("https://") for link in sighting.paper.links)


@pytest.mark.parametrize("reference", ["&#xD800;", "&#0;", "&#9999999;", f"&#{'9' * 5000};"])
def test_a_reference_to_no_character_does_not_lose_the_feed(reference: str) -> None:
    for before in ("<title><![CDATA[ Notes", "<item "):
        text = own("journal.rdf").replace(before, f"{reference}{before}")
        assert len(parse(text).sightings) == 1


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("", "the page is empty"),
        ("<root/>", "XML that is no feed"),
        ("<feed/>", "no feed that is known"),
        ("<rdf:RDF>", "no feed that is known"),
        ('<!DOCTYPE x [<!ENTITY a "b">]><rss><channel/></rss>', "declares entities"),
        ("<?xml version='1.0'?><!-- a --><html><title>X</title></html>", "changed shape"),
        ("hello", "changed shape"),
        (b"PK\x03\x04", "unpack"),
    ],
)
def test_what_is_no_list_is_an_error_that_says_what_came(body: str | bytes, said: str) -> None:
    parsed = parse(body)
    assert not parsed.sightings
    assert said in reasons(parsed)


@pytest.mark.parametrize("start", ["<!--" + "-" * 9000, "<" * 9000, "<?" * 9000, "<!DOCTYPE" * 999])
def test_a_prologue_without_end_is_recognised_at_once(start: str) -> None:
    assert recognise(start) in {"xml", "html"}


# The recordings


@needs_recordings
@pytest.mark.parametrize(
    ("name", "papers", "said"),
    [
        ("arxiv_atom_cs.AI", 86, "breaks off after 86"),
        ("arxiv_list_cs.AI", 6, ""),
        ("arxiv_rss2.0_cs.AI", 0, "breaks off after 0"),
        ("biorxiv_rss1.0", 1, ""),
        ("hf_daily_2024-12-11", 26, ""),
        ("hf_daily_2025-01-10", 9, ""),
    ],
)
def test_damaged_pages_give_what_is_whole(name: str, papers: int, said: str) -> None:
    (path,) = (PAGES / "damaged").glob(f"{name}*")
    parsed = parse(path.read_bytes(), url=path.as_uri())
    assert len(parsed.sightings) == papers
    assert bool(parsed.errors) == bool(said)
    assert said in reasons(parsed)


@needs_recordings
def test_pages_of_other_sites_are_errors_and_never_garbage() -> None:
    for path in recorded("other/acl"):
        parsed = parse(path.read_bytes(), url=path.as_uri())
        assert not parsed.sightings
        assert parsed.errors


@needs_recordings
@pytest.mark.parametrize(
    ("folder", "without"),
    [
        ("crossref", {"paperqa_doi_11_404.txt", "paperqa_doi_8_200.wire.json.gz"}),
        ("pubmed", {"esearch_2026-06.json"}),
        ("s2", {"badquery_0_400.json", "notfound_0_404.json"}),
    ],
)
def test_recorded_answers_of_apis_give_papers_or_an_error(folder: str, without: set[str]) -> None:
    for path in recorded(f"other/{folder}"):
        parsed = parse(path.read_bytes(), url=path.as_uri())
        assert bool(parsed.errors) == (path.name in without)
        assert bool(parsed.sightings) == (path.name not in {*without, "empty_0_200.json"})
        assert not parsed.requests


@needs_recordings
@pytest.mark.parametrize("folder", ["huggingface/daily_api", "huggingface/api_raw"])
def test_recorded_lists_of_hugging_face_are_nobody_elses(folder: str) -> None:
    for path in recorded(folder):
        assert recognise(path.read_text(encoding="utf-8")) == "json"


# Anything at all


@given(st.binary(max_size=200))
def test_any_bytes_are_only_parsed(body: bytes) -> None:
    assert isinstance(parse(body), Parsed)
    assert isinstance(parse(body, "text/uri-list"), Parsed)


@given(
    st.sampled_from([own(name) for name, _, _ in KINDS]),
    st.integers(0, 3000),
    st.integers(0, 3000),
    st.binary(max_size=6) | st.sampled_from([b"<entry>", b"</item>", b"&#xD800;", b"\x00", b'"']),
)
def test_pages_cut_and_spliced_are_only_parsed(text: str, at: int, end: int, put: bytes) -> None:
    body = text.encode()
    assert isinstance(parse(body[:at] + put + body[end:]), Parsed)
