"""What OpenReview is asked for, and what its answers say."""

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

from digest.papers import Link
from digest.sources import Parsed
from digest.sources.openreview import PAGE_SIZE, OpenReview
from digest.sources.openreview import PAGES as MOST_PAGES

SOURCE = OpenReview(venue="Looms.cc/2026/Conference")
NOTES = "https://api2.openreview.net/notes?content.venueid=x&sort=tmdate:desc&limit=1000"
FIRST = f"{NOTES}&offset=0#since=2026-06-01&page=1"
JUNE_12 = 1781222400000


def parse(body: str | bytes, url: str = FIRST) -> Parsed:
    return read(SOURCE, body, url)


def note(id_: str = "Ab12", **fields: Any) -> dict[str, Any]:
    content = {"title": {"value": f"Paper {id_}"}, **fields.pop("content", {})}
    return {"id": id_, "forum": id_, "tmdate": JUNE_12, "content": content, **fields}


def answer(*notes: object) -> str:
    return json.dumps({"notes": notes, "count": len(notes)})


# What to ask for


def test_a_venue_is_asked_for_what_was_changed_last() -> None:
    (request,) = SOURCE.requests(date(2026, 6, 14), NOW)
    parts = urlsplit(request.url)
    query = parse_qs(parts.query)
    assert query["content.venueid"] == ["Looms.cc/2026/Conference"]
    assert (query["sort"], query["limit"], query["offset"]) == (["tmdate:desc"], ["1000"], ["0"])
    assert parts.fragment == "since=2026-06-12&page=1"
    assert (request.header, request.secret) == ("Authorization", "OPENREVIEW_TOKEN")


def test_an_invitation_is_asked_for_by_its_name() -> None:
    source = OpenReview(invitation="Looms.cc/2026/Conference/-/Submission")
    (request,) = source.requests(None, NOW)
    query = parse_qs(urlsplit(request.url).query)
    assert query["invitation"] == ["Looms.cc/2026/Conference/-/Submission"]


@pytest.mark.parametrize(
    ("since", "bound"),
    [
        (None, "start"),
        (date(2026, 6, 15), "2026-06-13"),
        (date(2026, 1, 1), "2026-05-30"),
        (date(2030, 1, 1), "2026-06-13"),
    ],
    ids=["first read", "today", "an outage", "a clock that was ahead"],
)
def test_two_more_days_are_read_and_a_first_read_goes_to_the_end(
    since: date | None, bound: str
) -> None:
    (request,) = SOURCE.requests(since, NOW)
    assert request.url.endswith(f"#since={bound}&page=1")


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {
            "venue": "Looms.cc/2026/Conference",
            "invitation": "Looms.cc/2026/Conference/-/Submission",
        },
        {"venue": "Looms.cc/2026/Conference/-/Submission"},
        {"venue": "Looms 2026"},
        {"invitation": "Looms.cc/2026/Conference"},
        {"venue": "TMLR", "base_url": "openreview.net"},
        {"venue": "TMLR", "spacing": -1.0},
        {"venue": "TMLR", "token": "secret"},
    ],
)
def test_misuse_is_refused_when_the_config_is_read(settings: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"kind": "openreview", **settings}, OpenReview)


@pytest.mark.parametrize(
    "source",
    [SOURCE, OpenReview(invitation="Looms.cc/2026/Conference/-/Submission")],
    ids=["venue", "invitation"],
)
def test_its_home_is_the_groups_page(source: OpenReview) -> None:
    assert source.home == "https://openreview.net/group?id=Looms.cc/2026/Conference"


# What it answers


def test_wrapped_values_and_bare_ones_are_read() -> None:
    parsed = parse(own("openreview.json"))
    engine, looms = (each.paper for each in parsed.sightings)
    assert not parsed.errors
    assert engine.title == "Notes on an Analytical Engine"
    assert engine.names == ("openreview:EngineAb12",)
    assert engine.abstract == "We describe an engine that computes."
    assert engine.authors == ("Ada Lovelace", "Charles Babbage")
    assert engine.comment == "Looms 2026 oral"
    assert engine.links == (
        Link("page", "https://openreview.net/forum?id=EngineAb12"),
        Link("pdf", "https://openreview.net/pdf?id=EngineAb12"),
    )
    assert (looms.title, looms.abstract, looms.authors) == ("On Looms", "Looms weave.", ())
    assert looms.links[1] == Link("pdf", "https://looms.example.org/paper.pdf")


def test_no_summary_is_called_a_machines() -> None:
    assert {each.paper.summary for each in parse(own("openreview.json")).sightings} == {""}


def test_a_papers_day_is_when_it_came_out_and_never_one_to_come() -> None:
    engine, looms = parse(own("openreview.json")).sightings
    assert (engine.day, looms.day) == (date(2026, 6, 11), date(2026, 6, 10))
    (accepted,) = parse(answer(note(pdate=JUNE_12, odate=1, tcdate=1))).sightings
    assert accepted.day == date(2026, 6, 12)


@pytest.mark.parametrize(
    "gone",
    [
        {"ddate": JUNE_12},
        {"replyto": "Ab12"},
        {"forum": "Other"},
        {"content": {"venueid": {"value": "X/Desk_Rejected_Submission"}}},
        {"content": {"venue": "Looms 2026 Conference Withdrawn Submission"}},
        {"invitation": "X/-/Withdrawn_Submission"},
        {"tmdate": 1780185600000},
    ],
    ids=["deleted", "a review", "a comment", "refused", "withdrawn", "withdrawn, v1", "older"],
)
def test_what_is_no_paper_any_more_or_was_not_changed_is_left_out(gone: dict[str, Any]) -> None:
    parsed = parse(answer(note(), note("Gone", **gone)))
    assert [each.paper.openreview for each in parsed.sightings] == ["Ab12"]
    assert not parsed.errors


def test_a_page_without_papers_any_more_is_no_error() -> None:
    assert parse(answer(note(ddate=JUNE_12))) == Parsed()
    assert parse(answer()) == Parsed()


def test_a_full_page_leads_to_the_next() -> None:
    parsed = parse(answer(*(note(f"n{number}") for number in range(PAGE_SIZE))))
    (more,) = parsed.requests
    assert parse_qs(urlsplit(more.url).query)["offset"] == ["1000"]
    assert more.url.endswith("#since=2026-06-01&page=2")


def test_a_page_that_reaches_the_day_asked_for_is_the_last() -> None:
    notes = [note(f"n{number}") for number in range(PAGE_SIZE - 1)]
    assert not parse(answer(*notes, note("old", tmdate=1780185600000))).requests
    url = FIRST.replace("2026-06-01", "start")
    assert parse(answer(*notes, note("old", tmdate=1780185600000)), url).requests


def test_a_venue_that_never_ends_stops_and_says_so() -> None:
    url = f"{FIRST[:-1]}{MOST_PAGES}"
    parsed = parse(answer(*(note(f"n{number}") for number in range(PAGE_SIZE))), url)
    assert not parsed.requests
    assert "the rest was not read" in reasons(parsed)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (
            '{"name": "ForbiddenError", "message": "Please log in"}',
            "“Please log in”",
        ),
        ('{"papers": []}', "changed shape"),
        ('{"notes": [{"id": "Ab12"}]}', "none of its notes has `content`"),
        ("<html></html>", "its JSON cannot be read (it is a web page)"),
        ("<html><title>Down</title></html>", "a web page, its title “Down”"),
        ("", "nothing: the page is empty"),
        (answer(note(content={"title": None})), "none of its 1 papers"),
        (answer(note(), note("a b", forum="a b"), 3), "2 of 3 papers"),
    ],
)
def test_what_is_wrong_is_said(body: str, said: str) -> None:
    assert said in reasons(parse(body))


def test_papers_before_a_cut_are_kept() -> None:
    whole = own("openreview.json")
    parsed = parse(whole[: whole.index("GoneEf56")])
    assert [each.paper.title for each in parsed.sightings] == [
        "Notes on an Analytical Engine",
        "On Looms",
    ]
    assert "2 papers before that are whole" in reasons(parsed)


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_no_bytes_crash_it(body: bytes) -> None:
    assert isinstance(parse(body), Parsed)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["title", "authors", "value", "name", "content", "id", "tmdate"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(st.lists(VALUES, max_size=4), VALUES)
def test_odd_values_are_left_out_and_papers_kept(items: list[object], value: object) -> None:
    odd = note("Odd", pdate=value, content={"authors": value, "abstract": value, "pdf": value})
    parsed = parse(answer(*items, odd, note()))
    assert [each.paper.openreview for each in parsed.sightings][-2:] == ["Odd", "Ab12"]
