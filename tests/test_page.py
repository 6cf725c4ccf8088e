"""Pages of any kind, read by the selectors of who wants them."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reading import NOW, own, read, reasons
from recordings import PAGES, needs_recordings
from running import newsroom
from webserver import answer

from digest.papers import Link, Page, Paper, Sighting
from digest.sources import Describing, Parsed
from digest.sources.page import MOST_ITEMS, WebPage

URL = "https://lab.example.org/reports"
SETTINGS: dict[str, Any] = {
    "kind": "page",
    "url": URL,
    "item": "li.report",
    "title": "h3",
    "abstract": ".abstract",
    "authors": ".authors",
    "date": "time, .date",
}


def source(**settings: object) -> WebPage:
    return msgspec.convert({**SETTINGS, **settings}, WebPage)


def parse(body: str | bytes, **settings: object) -> Parsed:
    return read(source(**settings), body, URL)


def only(body: str, **settings: object) -> Paper:
    parsed = parse(body, **settings)
    assert not parsed.errors
    (sighting,) = parsed.sightings
    return sighting.paper


def item(inside: str) -> str:
    return f'<!DOCTYPE html><ul><li class="report">{inside}</li></ul>'


# What to ask for


def test_its_one_address_is_asked_for_if_robots_txt_allows() -> None:
    (request,) = source(url=f"{URL}#june", spacing=2).requests(date(2026, 6, 1), NOW)
    assert (request.url, request.robots) == (URL, True)
    assert request.spacing.total_seconds() == 2


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"item": "li["}, "`item` is `li[`, which is no CSS selector"),
        ({"title": "h3::text"}, "`title` is `h3::text`, which is no CSS selector"),
        ({"abstract": "> p"}, "`abstract` is `> p`, which"),
        ({"link": "a@@href"}, "`link` is `a@`, which"),
        ({"authors": "a" * 501}, "`authors` is longer than 500 characters"),
        ({"date": ","}, "`date` is `,`, which"),
        ({"identifier": "{}"}, "`identifier` is `{}`, which"),
        ({"item": ""}, "`item` is a CSS selector of the elements"),
        ({"item": "li@id"}, "`item` is a CSS selector of the elements"),
        ({"url": "lab"}, "`url` is an address"),
        ({"spacing": -1}, "`spacing` is a number"),
        ({"empty": True}, "unknown field `empty`"),
    ],
    ids=str,
)
def test_a_slip_is_refused_when_the_config_is_read(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(msgspec.ValidationError) as caught:
        source(**settings)
    assert said in str(caught.value)


@pytest.mark.parametrize("missing", ["url", "item", "title"])
def test_where_it_is_and_what_are_papers_must_be_said(missing: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=missing):
        msgspec.convert({k: v for k, v in SETTINGS.items() if k != missing}, WebPage)


# What is on it


def test_a_page_gives_papers() -> None:
    parsed = parse(own("reports.html"))
    engine, looms = parsed.sightings
    assert not parsed.errors
    assert engine == Sighting(
        source="page",
        day=date(2026, 6, 12),
        paper=Paper(
            title="Notes on an Analytical Engine",
            abstract="It computes. It follows on arXiv:1801.00001.",
            authors=("Ada Lovelace", "Charles Babbage", "Luigi Menabrea"),
            doi="10.1000/abc.2",
            published=date(2026, 6, 12),
            links=(
                Link("page", "https://lab.example.org/2026/engine.html"),
                Link("doi", "https://doi.org/10.1000/abc.2"),
            ),
        ),
    )
    assert (looms.paper.arxiv, looms.paper.version) == ("2606.00001", 2)
    assert looms.day == date(2026, 6, 11)


def test_several_elements_are_several_authors() -> None:
    _, looms = parse(own("reports.html"), authors=".authors span").sightings
    assert looms.paper.authors == ("Joseph Jacquard", "Basile Bouchon")


def test_what_no_selector_is_given_for_a_paper_has_not() -> None:
    paper = only(item("<h3>On Looms</h3><p>Cards.</p>"), abstract="", authors="", date="")
    assert paper == Paper(title="On Looms")


@pytest.mark.parametrize(
    ("inside", "title", "link"),
    [
        ('<h3><a href="/a">On Looms</a></h3>', "h3", "https://lab.example.org/a"),
        ('<a href="/a">On Looms</a>', "a", "https://lab.example.org/a"),
        ('<a href="/a"><h3>On Looms</h3></a>', "h3", "https://lab.example.org/a"),
        ('<a href="/a">On Looms</a>', "", "https://lab.example.org/a"),
        ('<h3>On Looms</h3><a href="/a">more</a>', "h3", ""),
        ('<h3><a href="javascript:x">On Looms</a></h3>', "h3", ""),
        ('<h3><a href="http://[x">On Looms</a></h3>', "h3", ""),
        ('<h3><a href="">On Looms</a></h3>', "h3", ""),
        ('<h3><a href="a b.html">On Looms</a></h3>', "h3", "https://lab.example.org/a%20b.html"),
    ],
)
def test_the_link_is_the_titles_own_unless_set(inside: str, title: str, link: str) -> None:
    paper = only(item(inside), title=title)
    assert paper.title == "On Looms"
    assert [each.url for each in paper.links] == ([link] if link else [])


@pytest.mark.parametrize(
    ("link", "path"),
    [
        ("a.more", "/b"),
        ("p", "/b"),
        ("a.more@data-there", "/c"),
        ("@id", "/reports/r1"),
        ("em", ""),
    ],
)
def test_a_link_that_is_set_is_the_one(link: str, path: str) -> None:
    body = (
        '<ul><li class="report" id="reports/r1"><h3><a href="/a">On Looms</a></h3>'
        '<p><a class="more" href="/b" data-there="/c">more</a></p></li></ul>'
    )
    (sighting,) = parse(body, link=link).sightings
    assert [each.url for each in sighting.paper.links] == (
        [f"https://lab.example.org{path}"] if path else []
    )


def test_a_title_may_be_an_attribute() -> None:
    assert only(item('<a title="On Looms">L.</a>'), title="a@title").title == "On Looms"


def test_words_of_neighbouring_blocks_are_parted_and_those_of_a_line_are_not() -> None:
    paper = only(item("<h3><b>O</b>n <div>Loo<i>ms</i></div>and<br/>more</h3>"))
    assert paper.title == "On Looms and more"


@pytest.mark.parametrize(
    ("said", "abstract"),
    [
        ("Abstract: We weave.", "We weave."),
        ("ABSTRACT\N{EM DASH}We weave.", "We weave."),
        ("Abstract - We weave.", "We weave."),
        ("Abstract-level weaving.", "Abstract-level weaving."),
        ("Abstract interpretation.", "Abstract interpretation."),
        ("By weaving.", "By weaving."),
    ],
)
def test_an_abstract_begins_after_its_label(said: str, abstract: str) -> None:
    assert only(item(f'<h3>On Looms</h3><p class="abstract">{said}')).abstract == abstract


@pytest.mark.parametrize(
    ("inside", "names"),
    [
        ('<a href="https://doi.org/10.1000/a.1">x</a>', ("doi:10.1000/a.1",)),
        ("doi: 10.1000/a.1", ("doi:10.1000/a.1",)),
        ("arXiv:2606.00001 [cs.LG]", ("arxiv:2606.00001",)),
        ('<a href="https://openreview.net/forum?id=ab12">x</a>', ("openreview:ab12",)),
        ("PMID: 12345678", ("pubmed:12345678",)),
        ('<a href="/doi/abs/10.1000/a.1">x</a>', ("doi:10.1000/a.1",)),
        ('<a href="/doi/10.1000/a.1/full#top">x</a>', ("doi:10.1000/a.1",)),
        ("doi:10.1000/a.1 and doi:10.1000/a.2", ()),
        ('arXiv:2606.00001 <a href="https://arxiv.org/abs/2606.00002">see</a>', ()),
        ('<p class="abstract">As in arXiv:2606.00001.</p>', ()),
        ('<p class="abstract">As <a href="https://doi.org/10.1000/a.1">there</a>.</p>', ()),
        ("Looms in 2606.00001 words", ()),
    ],
)
def test_identifiers_are_looked_for_in_an_item_and_taken_if_it_names_one(
    inside: str, names: tuple[str, ...]
) -> None:
    assert only(item(f"<h3>On Looms</h3>{inside}")).names == names


def test_an_identifier_that_is_pointed_at_counts_before_others() -> None:
    body = item('<h3>On Looms</h3><b data-id="2606.00009">x</b> arXiv:2606.00001 arXiv:2606.00002')
    assert only(body, identifier="b@data-id").names == ("arxiv:2606.00009",)


def test_an_element_that_two_selectors_find_is_one_paper() -> None:
    assert len(parse(own("reports.html"), item="li, li.report").sightings) == 2


def test_selectors_that_find_everything_are_read_to_an_end() -> None:
    body = item(f"<div>{'<p>Looms <b>weave</b></p>' * 300}</div>")
    parsed = parse(body, item="*", title="", abstract="*", authors="*", date="*", identifier="*")
    assert len(parsed.sightings) > 600
    assert max(len(sighting.paper.abstract) for sighting in parsed.sightings) < 100_000


# What has changed shape


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("<html><title>Moved</title></html>", "changed shape: nothing on it is an `item` (`li.rep"),
        (item("<h4>On Looms</h4>"), "none of its 1 papers can be read, number 1: `title` (`h3`)"),
        ("", "expected an HTML page, got nothing: the page is empty"),
        ("%PDF-1.7", "expected an HTML page, got a PDF"),
        ("{}", "expected an HTML page, got JSON; check the address"),
        ("hello", "expected an HTML page, got a text; check the address"),
        (own("journal.rdf"), 'expected an HTML page, got a feed, which the kind "feed" reads'),
        ("<div>" * 30_000, "nested too deeply"),
        (item("<h3>x</h3></li><li class=report>") * MOST_ITEMS, "make it narrower"),
    ],
    ids=["no items", "no titles", "empty", "PDF", "JSON", "text", "feed", "deep", "many"],
)
def test_what_lists_no_papers_is_an_error_that_says_why(body: str, said: str) -> None:
    parsed = parse(body)
    assert not parsed.sightings
    assert said in reasons(parsed)


def test_who_wrote_the_selectors_is_told_to_correct_them() -> None:
    for body in ("<html></html>", item("")):
        assert "correct the source's selectors: `digest check` shows" in reasons(parse(body))


def test_an_item_without_a_title_is_an_error_beside_whole_papers() -> None:
    parsed = parse(item('<h3>On Looms</h3></li><li class="report">More'))
    assert len(parsed.sightings) == 1
    assert "1 of 2 papers cannot be read; the first is number 2: `title` (`h3`)" in reasons(parsed)


# What an operator is shown


def told(body: str, **settings: object) -> str:
    shown = source(**settings)
    assert isinstance(shown, Describing)
    return shown.describe(Page(url=URL, body=body.encode(), fetched_at=NOW))


def test_it_tells_what_each_selector_finds_and_the_first_papers() -> None:
    assert told(own("reports.html"), identifier=".doi").splitlines() == [
        "item        li.report: 2 found",
        "title       h3: in 2 of 2",
        "link        (the title's own): in 2 of 2",
        "abstract    .abstract: in 2 of 2",
        "authors     .authors: in 2 of 2",
        "date        time, .date: in 2 of 2",
        "identifier  .doi: finds no arXiv number, DOI or the like",
        "",
        "1. Notes on an Analytical Engine",
        "   link        https://lab.example.org/2026/engine.html",
        "   abstract    It computes. It follows on arXiv:1801.00001.",
        "   authors     Ada Lovelace, Charles Babbage, Luigi Menabrea",
        "   date        2026-06-12",
        "   identifier  doi:10.1000/abc.2",
        "",
        "2. On Looms",
        "   link        https://arxiv.org/abs/2606.00001v2",
        "   abstract    Cards weave patterns.",
        "   authors     Joseph Jacquard, Basile Bouchon",
        "   date        2026-06-11",
        "   identifier  arxiv:2606.00001",
    ]


def test_a_selector_that_finds_nothing_is_pointed_out() -> None:
    said = told(own("reports.html"), abstract=".summary", date="h3", link=".more")
    assert "abstract    .summary: finds nothing" in said
    assert "date        h3: finds no day such as 2026-06-12 or 12 June 2026" in said
    assert "link        .more: finds no address" in said
    assert told("<p>x", item="li") == "item        li: finds nothing"
    assert told("{}") == ""


def test_a_paper_is_shown_with_what_it_has_and_what_it_should_have() -> None:
    body = item("<h3>On Looms</h3>")
    assert told(body, abstract=".summary", authors="", date="").splitlines()[-3:] == [
        "1. On Looms",
        "   link        —",
        "   abstract    —",
    ]


def test_no_line_is_longer_than_a_terminal_is_wide() -> None:
    body = item(f"<h3>{'Looms ' * 60}</h3><p class=abstract>{'weave ' * 60}</p>")
    assert max(map(len, told(body, item="li" + ".report" * 40).splitlines())) <= 72


CONFIGURED = """
[[sources]]
kind = "page"
url = "{base}/reports"
item = "li.report"
title = "h3"
spacing = 0
"""


def test_check_shows_it_in_a_terminals_width(tmp_path: Path) -> None:
    with newsroom(tmp_path, sources=CONFIGURED) as room:
        room.web.answers["/reports"] = answer(
            own("reports.html").encode(), content_type="text/html"
        )
        result = room.run("check")
    assert "source page: 2 papers at http://127.0.0.1:" in result.out
    assert "\n      title       h3: in 2 of 2\n" in result.out
    assert "\n\n      2. On Looms\n" in result.out


def test_check_shows_it_where_the_page_has_changed_shape(tmp_path: Path) -> None:
    with newsroom(tmp_path, sources=CONFIGURED) as room:
        room.web.answers["/reports"] = answer(b"<h1>Moved</h1>", content_type="text/html")
        result = room.run("check")
    assert result.code == 1
    assert "WRONG source page: page: http://127.0.0.1" in result.out
    assert "\n      item        li.report: finds nothing\n" in result.out


def test_a_run_reads_a_page_and_heeds_its_robots_txt(tmp_path: Path) -> None:
    with newsroom(tmp_path, sources=CONFIGURED) as room:
        room.web.answers["/reports"] = answer(
            own("reports.html").encode(), content_type="text/html"
        )
        (account,) = room.once("2026-06-12").json["sources"]
        assert (account["name"], account["new"], account["errors"]) == ("page", 2, [])
        room.web.answers["/robots.txt"] = answer(b"User-agent: *\nDisallow: /reports")
        (account,) = room.once("2026-06-13").json["sources"]
        assert "robots.txt does not allow digest-newsletter" in str(account["errors"])


# The recordings


@needs_recordings
def test_a_recorded_search_page_gives_all_its_papers() -> None:
    (path,) = (PAGES / "arxiv").glob("arxiv_search_results_200*")
    parsed = parse(
        path.read_bytes(),
        item="li.arxiv-result",
        title="p.title",
        abstract="span.abstract-full",
        authors="p.authors a",
        date="p.is-size-7",
        identifier=".list-title a",
    )
    papers = [sighting.paper for sighting in parsed.sightings]
    assert not parsed.errors
    assert len({paper.arxiv for paper in papers}) == len(papers) == 200
    assert all(paper.title and len(paper.abstract) > 100 and paper.authors for paper in papers)
    assert all(sighting.day and sighting.day.year >= 2025 for sighting in parsed.sightings)
    assert not any("Less" in paper.abstract[-8:] for paper in papers)


@needs_recordings
def test_a_recorded_article_is_a_list_of_one() -> None:
    (path,) = (PAGES / "other" / "acl").glob("acl_2021*")
    paper = only(
        path.read_text(encoding="utf-8"),
        item="#main",
        title="#title",
        abstract=".acl-abstract span",
        authors="p.lead a",
    )
    assert paper.doi == "10.18653/v1/2021.naacl-main.208"
    assert len(paper.authors) == 2
    assert paper.abstract


# Anything at all

TAGS = st.sampled_from(["li", "h3", "p", "a", "time", "div", "script", "br", "base"])
NAMES = st.sampled_from(["class", "href", "datetime", "onclick"])
VALUES = st.sampled_from(["report", "abstract", "authors", "date", "//[", "x"]) | st.text(
    max_size=9
)


@st.composite
def html(draw: st.DrawFn, depth: int = 3) -> str:
    parts = []
    for _ in range(draw(st.integers(0, 4))):
        tag, name, value = draw(TAGS), draw(NAMES), draw(VALUES)
        inside = draw(html(depth - 1)) if depth else draw(st.text(max_size=20))
        parts.append(f'<{tag} {name}="{value}">{inside}</{tag}>')
    return "".join(parts)


@given(html())
def test_any_page_is_only_parsed(body: str) -> None:
    text = f"<!DOCTYPE html>{body}"
    parsed = parse(text)
    assert parsed.sightings or parsed.errors
    assert all(sighting.paper.title for sighting in parsed.sightings)
    assert told(text).startswith("item")


@given(st.integers(0, 1200), st.integers(0, 1200), st.binary(max_size=6))
def test_pages_cut_and_spliced_are_only_parsed(at: int, end: int, put: bytes) -> None:
    body = own("reports.html").encode()
    assert isinstance(parse(body[:at] + put + body[end:]), Parsed)


PIECES = (
    *(
        "li",
        "h3",
        "*",
        ".report",
        "#x",
        "[href]",
        '[href="a@b"]',
        ":has(a)",
        ":not(",
        ")",
        "(",
        "[",
    ),
    *(":nth-child(2n", ">", "+", "~", " ", ",", '"', "\\", "::before", "@", "@href", "{", "\x00"),
    *("\ud800", ":is(", "/*", "|", ":contains(x)", ':lexbor-contains("a" i)', "\\110000 "),
)


@given(st.lists(st.sampled_from(PIECES), max_size=8).map("".join) | st.text(max_size=20))
def test_any_selector_is_refused_or_can_be_used(said: str) -> None:
    try:
        made = WebPage(url=URL, item=f"li {said}", title=said, date=said, link=said)
    except ValueError as error:
        assert str(error).startswith(("`item`", "`title`", "`date`", "`link`"))  # noqa: PT017 - not all raise.
    else:
        assert isinstance(read(made, own("reports.html"), URL), Parsed)
