"""Feeds: whatever a journal, a preprint server or a laboratory offers."""

from __future__ import annotations

import json
from datetime import date, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reading import NOW, TITLES, own, read, reasons
from recordings import PAGES, needs_recordings, recorded
from running import conditional, newsroom

from digest.papers import Link, Paper, Sighting
from digest.sources import Parsed
from digest.sources.feed import Feed, lost

URL = "https://lab.example.org/reports/feed.xml"
SOURCE = Feed(url=URL)
TODAY = NOW.date()


def parse(body: str | bytes, url: str = URL) -> Parsed:
    return read(SOURCE, body, url)


def ago(days: int) -> date:
    return TODAY - timedelta(days=days)


# What to ask for


def test_its_one_address_is_asked_for() -> None:
    (request,) = SOURCE.requests(None, NOW)
    assert request.url == URL
    assert "application/feed+json" in request.accept
    assert not request.robots


def test_what_was_read_is_told_in_the_fragment_which_is_never_sent() -> None:
    (request,) = Feed(url=f"{URL}#top").requests(date(2026, 6, 12), NOW)
    assert request.url == f"{URL}#since=2026-06-12"


@pytest.mark.parametrize(
    ("said", "home"),
    [
        ("", "https://lab.example.org/"),
        ("https://lab.example.org/reports", "https://lab.example.org/reports"),
    ],
    ids=["site", "set"],
)
def test_its_home_is_its_site_unless_set(said: str, home: str) -> None:
    assert Feed(url=URL, home=said).home == home


@pytest.mark.parametrize(
    "settings",
    [{}, {"url": "lab.example.org"}, {"url": URL, "home": "x"}, {"url": URL, "spacing": -1}],
    ids=str,
)
def test_misuse_is_refused_when_the_config_is_read(settings: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"kind": "feed", **settings}, Feed)


# What is in it


def test_an_atom_feed_gives_papers() -> None:
    engine, looms = parse(own("feed.atom")).sightings
    assert engine == Sighting(
        source="feed",
        day=date(2026, 6, 12),
        paper=Paper(
            title=TITLES[0],
            abstract="It computes.",
            authors=("Ada Lovelace", "Charles Babbage"),
            arxiv="2606.00002",
            version=3,
            published=date(2026, 6, 12),
            categories=("Engines", "history of science"),
            links=(
                Link("arxiv", "https://arxiv.org/abs/2606.00002"),
                Link("pdf", "https://arxiv.org/pdf/2606.00002"),
                Link("page", "https://arxiv.org/abs/2606.00002v3"),
            ),
        ),
    )
    assert (looms.paper.pubmed, looms.paper.categories) == ("12345678", ())


def test_a_json_feed_gives_papers() -> None:
    parsed = parse(own("feed.json"))
    engine, looms = parsed.sightings
    assert engine == Sighting(
        source="feed",
        day=date(2026, 6, 12),
        paper=Paper(
            title=TITLES[0],
            abstract="It computes.",
            authors=("Ada Lovelace", "Charles Babbage"),
            doi="10.1000/abc.2",
            published=date(2026, 6, 12),
            categories=("Engines", "history of science"),
            links=(Link("page", "https://doi.org/10.1000/abc.2"),),
        ),
    )
    assert looms.paper.abstract == "Cards weave patterns."
    assert looms.paper.authors == ("Joseph Jacquard",)
    assert looms.day == date(2026, 6, 11)
    assert not parsed.errors


def test_a_json_feed_of_version_1_0_has_one_author_an_item() -> None:
    old = {"title": "On Looms", "author": {"name": "J. Jacquard and A. Lovelace"}}
    body = json.dumps({"version": "https://jsonfeed.org/version/1", "items": [old]})
    (sighting,) = parse(body).sightings
    assert sighting.paper.authors == ("J. Jacquard", "A. Lovelace")


@pytest.mark.parametrize(
    ("before", "after"),
    [("https://jsonfeed.org", "https:\\/\\/jsonfeed.org"), ('"version": ', '"version" : ')],
    ids=["escaped", "spaced"],
)
def test_a_json_feed_is_known_by_its_version_however_that_is_written(
    before: str, after: str
) -> None:
    assert len(parse(own("feed.json").replace(before, after)).sightings) == 2


def test_a_text_that_quotes_a_json_feed_is_none() -> None:
    body = json.dumps([{"title": 'They say "version": "https://jsonfeed.org/version/1"'}])
    assert "expected a feed, got JSON" in reasons(parse(body))


@pytest.mark.parametrize(
    ("body", "papers", "said"),
    [
        ('"items": []}', 0, ""),
        ('"items": [{"title": "On Looms"}, {"title": "Cut', 1, "1 papers before that are whole"),
        ('"items": [{"title": "On Looms"}, {"content_text": "A note"}]}', 1, "it has no title"),
        ('"items": [7]}', 0, "changed shape"),
        ('"items": 7}', 0, "no list of papers"),
        ('"message": "no such feed"}', 0, "no such feed"),
    ],
    ids=["empty", "cut", "untitled", "number", "no list", "error"],
)
def test_a_json_feed_that_lacks_something_says_so(body: str, papers: int, said: str) -> None:
    parsed = parse('{"version": "https://jsonfeed.org/version/1.1", ' + body)
    assert len(parsed.sightings) == papers
    assert said in reasons(parsed)
    assert bool(parsed.errors) == bool(said)


@pytest.mark.parametrize("name", ["announced.xml", "announced.rss", "api.xml", "journal.rdf"])
def test_feeds_of_arxiv_and_of_journals_will_do(name: str) -> None:
    parsed = parse(own(name))
    assert parsed.sightings
    assert not parsed.errors


RSS = """<?xml version="1.0"?><rss version="{}"><channel><title>Reports</title>
<link>https://lab.example.org</link><description>d</description>
<item><title>On Looms</title><link>https://lab.example.org/1</link><description>Cards.</description>
<category>Looms</category></item></channel></rss>"""


@pytest.mark.parametrize("version", ["0.91", "0.92", "2.0"])
def test_old_forms_of_rss_are_read(version: str) -> None:
    (sighting,) = parse(RSS.format(version)).sightings
    assert (sighting.paper.title, sighting.paper.abstract) == ("On Looms", "Cards.")
    assert sighting.paper.categories == ("Looms",)


# What is no feed


ADVERTISING = """<!DOCTYPE html><html><head><title>Reports</title>
<link rel="stylesheet" type="text/css" href="x.css">
<link rel="alternate" type="text/html" hreflang="de" href="/de">
<link rel="alternate" type="application/rss+xml" href="/rss">
<link rel="Alternate feed" type="APPLICATION/ATOM+XML" href="atom.xml">
<link rel="alternate" type="application/rss+xml" href="/rss">
<link rel="alternate" type="application/rss+xml" href="http://[x">
<link rel="alternate" type="application/rss+xml">
</head><body><p>Hello</p></body></html>"""


def test_a_page_in_place_of_a_feed_is_an_error_that_names_its_feeds() -> None:
    parsed = parse(ADVERTISING, f"{URL}#since=2026-06-12")
    assert reasons(parsed) == (
        f"feed: {URL}: it is an HTML page, not a feed; make its feed the `url`: "
        "https://lab.example.org/rss, https://lab.example.org/reports/atom.xml"
    )


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("<html><title>Log in</title></html>", "expected a feed, got an HTML page; its title is"),
        ("<html>" + "<b>" * 30_000, "expected a feed, got an HTML page"),
        ("hello", "expected a feed, got a text"),
        ("", "expected a feed, got nothing: the page is empty"),
        ("%PDF-1.7", "expected a feed, got a PDF"),
        ("[]", "expected a feed, got JSON"),
    ],
)
def test_what_is_no_feed_is_an_error_that_says_what_came(body: str, said: str) -> None:
    assert said in reasons(parse(body))


# Days that are lost


def dated(*days: date | None, **more: Any) -> Parsed:
    paper = Paper(title="On Looms")
    return Parsed(
        sightings=tuple(Sighting(source="feed", paper=paper, day=day, **more) for day in days)
    )


def test_days_between_the_last_read_and_a_full_feeds_oldest_entry_are_lost() -> None:
    assert lost(dated(*[ago(2)] * 5, *[ago(1)] * 5), ago(6), TODAY) == (ago(5), ago(4), ago(3))


@pytest.mark.parametrize(
    ("parsed", "since"),
    [
        (dated(*[ago(2)] * 10), None),
        (dated(*[ago(2)] * 9), ago(6)),
        (dated(*[ago(2)] * 10, ago(6)), ago(6)),
        (dated(*[ago(2)] * 10, ago(40)), ago(6)),
        (dated(*[ago(2)] * 10, None), ago(6)),
        (dated(*[ago(2)] * 10), ago(3)),
        (dated(*[ago(2)] * 10), ago(0)),
        (dated(*[ago(-30)] * 10), ago(6)),
        (dated(), ago(6)),
    ],
    ids=[
        *("first read", "short", "reaches back", "reaches far back", "undated", "next day"),
        *("today", "of days to come", "empty"),
    ],
)
def test_no_day_is_lost_where_nothing_says_so(parsed: Parsed, since: date | None) -> None:
    assert lost(parsed, since, TODAY) == ()


def test_no_day_before_the_last_fourteen_is_called_lost() -> None:
    found = lost(dated(*[TODAY] * 10), ago(90), TODAY)
    assert found == tuple(ago(days) for days in range(14, 0, -1))


def test_no_weekend_is_lost_where_papers_are_announced_on_weekdays() -> None:
    friday, monday = date(2026, 6, 12), date(2026, 6, 15)
    assert lost(dated(*[monday] * 10, announced="new"), friday, monday) == ()
    assert len(lost(dated(*[monday] * 10), friday, monday)) == 2


def rss(*days: date) -> str:
    items = "".join(
        f"<item><title>Report {n}</title><link>https://lab.example.org/{n}</link>"
        f"<pubDate>{format_datetime(NOW.replace(month=day.month, day=day.day))}</pubDate></item>"
        for n, day in enumerate(days)
    )
    head = "<title>Reports</title><link>https://lab.example.org</link><description>d</description>"
    return f'<?xml version="1.0"?><rss version="2.0"><channel>{head}{items}</channel></rss>'


def test_a_feed_tells_its_lost_days_by_the_address_it_was_asked_at() -> None:
    parsed = parse(rss(*[ago(1)] * 12), f"{URL}#since={ago(4)}")
    assert len(parsed.sightings) == 12
    assert parsed.lost == (ago(3), ago(2))
    assert parse(rss(*[ago(1)] * 12)).lost == ()


def test_a_feed_that_breaks_off_has_lost_no_day_it_may_still_have() -> None:
    cut = rss(*[ago(1)] * 12)[:-40]
    parsed = parse(cut, f"{URL}#since={ago(4)}")
    assert parsed.errors
    assert parsed.lost == ()


# Whole runs


CONFIGURED = """
[[sources]]
kind = "feed"
url = "{base}/feed.xml"
spacing = 0
"""


def test_a_feed_that_has_not_changed_since_another_day_is_not_sent_again(tmp_path: Path) -> None:
    with newsroom(tmp_path, sources=CONFIGURED) as room:
        room.web.answers["/feed.xml"] = conditional(own("feed.atom").encode(), '"a1"')
        runs = [room.once(day).json["sources"][0] for day in ("2026-06-13", "2026-06-15")]

        assert [(run["listed"], run["new"], run["errors"]) for run in runs] == [
            (2, 2, []),
            (2, 0, []),
        ]
        asked = [request.headers.get("if-none-match") for request in room.web.received]
        assert asked == [None, '"a1"']


# The recordings


@needs_recordings
def test_a_preprint_servers_rdf_has_its_identifier() -> None:
    (path,) = (PAGES / "damaged").glob("biorxiv_rss1.0*")
    (sighting,) = parse(path.read_bytes()).sightings
    assert sighting.paper.doi.startswith("10.1101/")
    assert sighting.day is not None


@needs_recordings
@pytest.mark.parametrize("folder", ["other/acl", "other/crossref", "other/s2", "huggingface/html"])
def test_recorded_pages_that_are_no_feeds_are_errors(folder: str) -> None:
    for path in recorded(folder):
        parsed = parse(path.read_bytes())
        assert not parsed.sightings
        assert "a feed" in reasons(parsed)


# Anything at all

SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=20)
JSON_VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)
ITEM_KEYS = (
    *("id", "url", "external_url", "title", "content_html", "content_text", "summary", "authors"),
    *("author", "tags", "date_published", "date_modified"),
)
ITEMS = st.dictionaries(st.sampled_from(ITEM_KEYS), JSON_VALUES | st.just("https://doi.org/10.1/x"))


@given(st.lists(ITEMS | JSON_VALUES, max_size=5), JSON_VALUES)
def test_any_json_feed_is_only_parsed(items: list[Any], authors: Any) -> None:
    feed = {"version": "https://jsonfeed.org/version/1.1", "authors": authors, "items": items}
    parsed = parse(json.dumps(feed))
    titled = [item for item in items if isinstance(item, dict) and item.get("title")]
    assert len(parsed.sightings) <= len(titled)
    assert len(parsed.sightings) == len(items) or parsed.errors


@given(
    st.sampled_from([own("feed.json"), own("feed.atom"), ADVERTISING]),
    st.integers(0, 2000),
    st.integers(0, 2000),
    st.binary(max_size=6),
)
def test_feeds_cut_and_spliced_are_only_parsed(text: str, at: int, end: int, put: bytes) -> None:
    body = text.encode()
    assert isinstance(parse(body[:at] + put + body[end:], f"{URL}#since=2026-06-01"), Parsed)


@given(st.lists(st.none() | st.dates(), max_size=15), st.dates(), st.dates())
def test_lost_days_are_after_the_last_read_and_before_all_entries(
    days: list[date | None], since: date, today: date
) -> None:
    if today.year == 1:
        return
    found = lost(dated(*days), since, today)
    assert list(found) == sorted(set(found))
    assert all(since < day < min(filter(None, days)) for day in found)
    assert all(today - timedelta(days=14) <= day < today for day in found)
