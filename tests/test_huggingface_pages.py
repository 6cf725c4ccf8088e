"""What the HTML of Hugging Face says, and what is not of Hugging Face."""

from __future__ import annotations

import html
import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reading import DAILY, own, read, reasons
from recordings import PAGES, needs_recordings, recorded

from digest.sources import Parsed
from digest.sources.huggingface import HuggingFace


def parse(body: str | bytes, url: str = DAILY, content_type: str = "") -> Parsed:
    return read(HuggingFace(), body, url, content_type)


def test_the_page_says_what_the_list_says() -> None:
    parsed = parse(own("daily.html"), "https://huggingface.co/papers/date/2026-06-13")
    assert [s.paper.title for s in parsed.sightings] == [
        "Notes on an Analytical Engine",
        "On Looms",
    ]
    assert {s.day for s in parsed.sightings} == {date(2026, 6, 12)}
    assert [s.votes for s in parsed.sightings] == [12, 0]
    assert not parsed.errors


def test_a_single_paper_has_a_page() -> None:
    parsed = read(HuggingFace(paper="2606.00002"), own("paper.html"))
    assert [s.paper.authors for s in parsed.sightings] == [("Joseph Jacquard",)]
    assert parsed.sightings[0].day == date(2026, 6, 12)


@pytest.mark.parametrize("broken", ["", "{&quot;dailyPapers&quot;:7}", "{nonsense"])
def test_a_page_without_its_json_gives_titles_from_its_links_and_an_error(broken: str) -> None:
    before, _, rest = own("daily.html").partition('data-target="DailyPapers" data-props="')
    parsed = parse(f'{before}data-props="{broken}{rest[rest.index(chr(34)) :]}')
    assert [(s.paper.arxiv, s.paper.title) for s in parsed.sightings] == [
        ("2606.00001", "Notes on an Analytical Engine"),
        ("2606.00002", "On Looms"),
    ]
    assert [s.votes for s in parsed.sightings] == [12, None]
    assert "its JSON is gone" in reasons(parsed)


def test_a_page_nested_without_end_is_refused_at_once() -> None:
    assert "nested too deeply" in reasons(parse("<html>" + "<div>" * 200_000))


def test_a_page_cut_inside_its_json_gives_its_whole_papers() -> None:
    text = own("daily.html")
    parsed = parse(text[: text.index("They weave")])
    assert [s.paper.arxiv for s in parsed.sightings] == ["2606.00001"]
    assert "breaks off" in reasons(parsed)


def test_a_site_that_only_looks_like_it_is_refused() -> None:
    mirror = own("daily.html").replace("https://huggingface.co/papers", "https://hf.example.org")
    parsed = parse(mirror)
    assert not parsed.sightings
    assert "hf.example.org" in reasons(parsed)


def test_papers_of_a_search_have_no_day() -> None:
    source = HuggingFace(query="looms")
    for body in (own("daily.html"), own("daily.json"), own("search.txt")):
        parsed = read(source, body, "https://huggingface.co/papers?q=looms")
        assert len(parsed.sightings) == 2
        assert {s.day for s in parsed.sightings} == {None}


def test_a_saved_search_is_known_by_its_address() -> None:
    url = "https://huggingface.co/papers?q=looms"
    assert {s.day for s in parse(own("daily.json"), url).sightings} == {None}


def test_links_lead_to_the_real_sites_whoever_sent_the_page() -> None:
    source = HuggingFace(base_url="http://127.0.0.1:9")
    links = read(source, own("daily.html")).sightings[0].paper.links
    assert all("127.0.0.1" not in link.url for link in links)


@needs_recordings
def test_every_recorded_day_is_read_whole() -> None:
    for path in recorded("huggingface/daily_api"):
        body = path.read_bytes()
        parsed = parse(body, path.as_uri())
        assert not parsed.errors
        assert len(parsed.sightings) == len(json.loads(body))
        assert {str(s.day) for s in parsed.sightings} == {path.stem}
        assert all(s.paper.authors and s.paper.abstract and s.paper.arxiv for s in parsed.sightings)


@needs_recordings
def test_the_recorded_pages_are_read() -> None:
    folder = PAGES / "huggingface/html"
    daily = parse((folder / "hf_papers_date_2024-08-01.html").read_bytes())
    single = parse((folder / "hf_paper_2509.24002_prettified.html").read_bytes())
    assert len(daily.sightings) == 13
    assert {s.day for s in daily.sightings} == {date(2024, 8, 1)}
    assert [s.paper.arxiv for s in single.sightings] == ["2509.24002"]
    assert not (*daily.errors, *single.errors)


@needs_recordings
def test_the_recorded_page_gives_the_same_papers_from_its_links() -> None:
    body = (PAGES / "huggingface/html/hf_papers_date_2024-08-01.html").read_text(encoding="utf-8")
    whole, links = parse(body), parse(body.replace("dailyPapers", "renamed"))
    assert [s.paper.arxiv for s in links.sightings] == [s.paper.arxiv for s in whole.sightings]
    assert [s.paper.title for s in links.sightings] == [s.paper.title for s in whole.sightings]
    assert [s.votes for s in links.sightings] == [s.votes for s in whole.sightings]
    assert links.errors


@needs_recordings
def test_the_recorded_mirror_is_refused() -> None:
    (path,) = (PAGES / "huggingface/html").glob("thirdparty_mirror*")
    parsed = parse(path.read_bytes())
    assert not parsed.sightings
    assert "huggingface.ac.cn" in reasons(parsed)


@needs_recordings
@pytest.mark.parametrize(
    ("name", "papers"), [("2024-12-11_python_repr", 26), ("2025-01-10_wrapped", 9)]
)
def test_the_mangled_lists_give_all_their_papers(name: str, papers: int) -> None:
    (path,) = (PAGES / "damaged").glob(f"hf_daily_{name}*")
    parsed = parse(path.read_bytes(), path.as_uri())
    assert len(parsed.sightings) == papers
    assert {str(s.day) for s in parsed.sightings} == {name[:10]}
    assert not parsed.errors


# Anything at all

BODIES = [own("daily.json"), own("daily.html"), own("paper.html"), own("search.txt")]
ODD: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)
KEYS = ["id", "title", "authors", "upvotes", "publishedAt", "submittedOnDailyAt", "ai_keywords"]


@given(st.binary(max_size=200), st.sampled_from(["", "text/html; charset=utf-16", "charset=big5"]))
def test_any_bytes_are_only_parsed(body: bytes, content_type: str) -> None:
    assert isinstance(parse(body, content_type=content_type), Parsed)


@given(st.sampled_from(BODIES), st.integers(0, 5000), st.integers(0, 5000), st.binary(max_size=6))
def test_pages_cut_and_spliced_are_only_parsed(text: str, at: int, end: int, put: bytes) -> None:
    body = text.encode()
    assert isinstance(parse(body[:at] + put + body[end:]), Parsed)


@given(st.dictionaries(st.sampled_from(KEYS), ODD), ODD)
def test_odd_values_are_only_parsed(fields: dict[str, Any], other: Any) -> None:
    body = json.dumps([{"paper": {"id": "2606.00001", "title": "T", **fields}}, other])
    parsed = parse(body)
    assert isinstance(parsed, Parsed)
    assert parsed.sightings or parsed.errors
    props = html.escape(json.dumps({"dailyPapers": json.loads(body)}))
    assert isinstance(parse(f'<html><div data-props="{props}"></div></html>'), Parsed)
