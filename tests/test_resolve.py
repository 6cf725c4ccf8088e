"""Papers without an identifier, looked up by title."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from running import ANN, Newsroom, atom, newsroom, paper, text_of
from webserver import Handler, answer

from digest.papers import Page, Paper, Sighting, title_key
from digest.resolve import (
    ASK_AGAIN,
    ON_ARXIV,
    Resolution,
    ResolveSettings,
    answers,
    arxiv_request,
    choose,
    crossref_request,
    plan,
    resolved,
    unnamed,
)

NOW = datetime(2026, 6, 12, 7, tzinfo=UTC)
TITLE = "On the Weaving of Looms"
KEY = title_key(TITLE)
ENGINE = Paper(title=TITLE, arxiv="2606.00001", authors=("Ada Lovelace",))


def seen(*papers: Paper) -> list[Sighting]:
    return [Sighting(source="s", paper=each) for each in papers]


# Which


@pytest.mark.parametrize(
    ("listed", "wanted"),
    [
        (Paper(title=TITLE), True),
        (Paper(title="On $\\alpha$ Looms"), True),
        (Paper(title="On Looms"), False),
        (Paper(title="On the Weaving of …"), False),
        (Paper(title=TITLE, doi="10.1000/1"), False),
        (Paper(title=TITLE, pubmed="7"), False),
    ],
    ids=[
        "a title alone",
        "formulas count",
        "a short title",
        "a cut one",
        "a DOI",
        "a PubMed number",
    ],
)
def test_only_telling_titles_without_an_identifier_are_looked_up(
    listed: Paper, *, wanted: bool
) -> None:
    assert bool(unnamed(seen(listed))) == wanted


@pytest.mark.parametrize(
    ("known", "asked"),
    [
        ([], True),
        ([ENGINE], False),
        ([Paper(title=TITLE.upper(), doi="10.1000/1")], False),
        ([Paper(title=TITLE)], True),
        ([Paper(title=TITLE, arxiv="1", authors=("Joseph Jacquard",))], True),
        ([Paper(title=f"{TITLE} II", arxiv="1")], True),
    ],
    ids=["none", "the same", "by another's title", "no name", "another's paper", "near"],
)
def test_what_is_known_by_an_identifier_needs_no_looking_up(
    known: Sequence[Paper], *, asked: bool
) -> None:
    wanted = {KEY: Paper(title=TITLE, authors=("A. Lovelace",))}
    assert (KEY in plan(wanted, known, {}, most=9, now=NOW).ask) == asked


@pytest.mark.parametrize(
    ("found", "days", "asked"),
    [(None, 6, False), (None, 7, True), (ENGINE, 700, False)],
    ids=["not known lately", "not known a week ago", "found"],
)
def test_a_title_is_asked_for_again_when_nobody_knew_it_a_week_ago(
    found: Paper | None, days: int, *, asked: bool
) -> None:
    assert timedelta(days=7) == ASK_AGAIN
    before = {KEY: Resolution(paper=found, asked_at=NOW - timedelta(days=days))}
    planned = plan({KEY: Paper(title=TITLE)}, [], before, most=9, now=NOW)
    assert (KEY in planned.ask) == asked
    assert planned.found == ({KEY: found} if found else {})


def test_no_more_titles_are_asked_for_than_a_run_may() -> None:
    wanted = unnamed(seen(*(Paper(title=f"On Loom Number {n}") for n in range(5))))
    planned = plan(wanted, [], {}, most=2, now=NOW)
    assert list(planned.ask) == ["on loom number 0", "on loom number 1"]
    assert len(planned.later) == 3


def test_what_was_never_asked_for_comes_first() -> None:
    wanted = unnamed(seen(*(Paper(title=f"On Loom Number {n}") for n in range(3))))
    long_ago = {
        f"on loom number {n}": Resolution(paper=None, asked_at=NOW - timedelta(days=days))
        for n, days in ((0, 8), (1, 9))
    }
    planned = plan(wanted, [], long_ago, most=9, now=NOW)
    assert [each.title[-1] for each in planned.ask.values()] == ["2", "1", "0"]


# Where


TITLES = Paper(title='Looms: "Fast" {\\"U}ber-Weaving (Part I)?'), Paper(title="On $\\alpha$ Looms")


def test_arxiv_is_asked_for_the_words_of_some_titles_as_phrases() -> None:
    request = arxiv_request(TITLES, ResolveSettings())
    asked = parse_qs(urlsplit(request.url).query)
    assert request.url.startswith("https://export.arxiv.org/api/query?")
    assert asked["search_query"] == ['ti:"Looms Fast Über Weaving Part I" OR ti:"On alpha Looms"']
    assert request.spacing == timedelta(seconds=3)


def test_crossref_is_asked_for_the_words_of_a_title() -> None:
    request = crossref_request(TITLES[0], ResolveSettings())
    described = parse_qs(urlsplit(request.url).query)
    assert described["query.bibliographic"] == ["Looms Fast Über Weaving Part I"]
    assert "type:journal-article" in described["filter"][0]


@pytest.mark.parametrize(
    "settings", [{"most": -1}, {"spacing": 1e9}, {"arxiv_url": "ftp://x"}, {"crossref_url": ""}]
)
def test_misuse_is_refused_when_the_config_is_read(settings: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(settings, ResolveSettings)


# Which answer counts


@pytest.mark.parametrize(
    ("found", "chosen"),
    [
        ([], None),
        ([Paper(title=f"{TITLE} II", arxiv="2")], None),
        ([Paper(title=f"{TITLE} II", arxiv="2"), ENGINE], ENGINE),
        ([msgspec.structs.replace(ENGINE, title="ON THE WEAVING OF LOOMS.")], "2606.00001"),
        ([msgspec.structs.replace(ENGINE, authors=("Joseph Jacquard",))], None),
        ([ENGINE, msgspec.structs.replace(ENGINE, arxiv="2606.00002")], None),
        ([ENGINE, msgspec.structs.replace(ENGINE, arxiv="", doi="10.1000/1")], ENGINE),
    ],
    ids=["none", "near", "equal", "alike", "another's", "two papers", "two places"],
)
def test_one_paper_of_an_equal_title_counts(found: list[Paper], chosen: Paper | str | None) -> None:
    paper = choose(Paper(title=TITLE, authors=("Lovelace, A.",)), seen(*found), KEY)
    assert (paper and paper.arxiv) == (chosen.arxiv if isinstance(chosen, Paper) else chosen)


def test_what_is_found_gives_its_names_and_the_source_its_words() -> None:
    listed = Sighting(source="files", paper=Paper(title="on the weaving of LOOMS"))
    found = msgspec.structs.replace(ENGINE, abstract="We weave.", version=2)
    (merged,) = [resolved(listed, {KEY: found})]
    assert merged.paper.names == ("arxiv:2606.00001",)
    assert (merged.paper.title, merged.paper.abstract) == ("on the weaving of LOOMS", "We weave.")
    assert merged.source == "files"


@pytest.mark.parametrize(
    ("out", "listed", "authors", "counts"),
    [
        (date(1998, 6, 12), None, (), False),
        (None, date(1998, 6, 12), (), False),
        (date(2025, 1, 12), None, (), True),
        (None, None, (), True),
        (date(1998, 6, 12), None, ("Lovelace, A.",), True),
    ],
    ids=["out long ago", "registered long ago", "out lately", "no day", "its authors agree"],
)
def test_a_title_alone_does_not_tell_that_a_paper_of_years_ago_is_meant(
    out: date | None, listed: date | None, authors: tuple[str, ...], *, counts: bool
) -> None:
    asked = Paper(title=TITLE, authors=authors, published=NOW.date())
    engine = replace(ENGINE, published=out)
    found = choose(asked, [Sighting(source="s", paper=engine, day=listed)], KEY)
    assert bool(found) == counts


def test_what_was_found_for_one_paper_is_none_of_another_years_apart() -> None:
    later = Sighting(source="s", paper=Paper(title=TITLE, published=NOW.date()))
    assert resolved(later, {KEY: replace(ENGINE, published=date(1998, 6, 12))}) == later


@pytest.mark.parametrize(
    "listed",
    [
        Paper(title=TITLE, authors=("Joseph Jacquard",)),
        Paper(title="Another Title Altogether"),
        Paper(title=TITLE, doi="10.1000/1"),
    ],
    ids=["another's", "another title", "one that has a name"],
)
def test_other_listings_stay_as_they_are(listed: Paper) -> None:
    (sighting,) = seen(listed)
    assert resolved(sighting, {KEY: ENGINE}) is sighting


@pytest.mark.parametrize("word", ["looms ", "織機", "x" * 9 + " "])
def test_of_a_long_title_the_first_words_are_asked_for(word: str) -> None:
    paper = Paper(title=word * 900)
    settings = ResolveSettings()
    for request in (arxiv_request([paper], settings), crossref_request(paper, settings)):
        assert 200 < len(request.url) < 2200
        assert word[:2] in unquote(request.url)


@given(st.text(max_size=40), st.binary(max_size=100))
def test_any_title_can_be_asked_for_and_any_answer_read(title: str, body: bytes) -> None:
    paper, settings = Paper(title=title), ResolveSettings()
    for request in (arxiv_request([paper], settings), crossref_request(paper, settings)):
        page = Page(url=request.url, body=body, fetched_at=NOW)
        assert choose(Paper(title=TITLE), answers(page, request, "s").sightings, KEY) is None


# Whole runs

FILES = """
[resolve]
arxiv_url = "{base}"
crossref_url = "{base}"
spacing = 0

[[sources]]
kind = "files"
path = "saved/*.txt"
resolve = true
"""
SAVED = """new

Subscribe

byAK and the research community

Jun 12

Exactly the Title of a Loom

They weave.

Nearly the Title of a Loom

They weave, too.

A Title That Nobody Knows

Of looms, as well.
"""
EXACT = paper(1, "Exactly the title of a loom", "We study looms that arXiv knows.")
NEAR = paper(2, "Nearly the Title of a Loom, Part II")


class Library:
    """arXiv and Crossref on loopback: they answer by the words that they are asked for."""

    def __init__(self, room: Newsroom) -> None:
        self.asked: list[str] = []
        self.works: list[dict[str, Any]] = []
        room.web.answers |= {"/api/query": self.arxiv, "/works": self.crossref}

    def arxiv(self, handler: Handler) -> None:
        words = self._words(handler, "search_query")
        found = [each for each in (EXACT, NEAR) if each["title"].split()[0] in words]
        self._atom(handler, found)

    def crowded(self, handler: Handler) -> None:
        """Answer several titles at once by many papers that are none of them."""
        if " OR " not in self._words(handler, "search_query"):
            return self.arxiv(handler)
        crowd = [paper(n, f"Nearly the Title of a Loom, Part {n}") for n in range(3, ON_ARXIV + 3)]
        return self._atom(handler, crowd)

    def _atom(self, handler: Handler, found: Sequence[Mapping[str, Any]]) -> None:
        handler.say(atom(*found, day="2026-06-10"), 200, {"Content-Type": "application/atom+xml"})

    def crossref(self, handler: Handler) -> None:
        self._words(handler, "query.bibliographic")
        body = json.dumps({"message": {"items": self.works}}).encode()
        handler.say(body, 200, {"Content-Type": "application/json"})

    def _words(self, handler: Handler, name: str) -> str:
        (words,) = parse_qs(urlsplit(handler.path).query)[name]
        self.asked.append(words)
        return words


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Newsroom]:
    (tmp_path / "saved").mkdir()
    (tmp_path / "saved" / "page.txt").write_text(SAVED, encoding="utf-8")
    with newsroom(tmp_path, sources=FILES, subscribers=ANN.replace('"looms"', '"loom"')) as made:
        yield made


def is_known(room: Newsroom, identifier: str) -> bool:
    return "never seen" not in room.run("explain", identifier).out


def test_an_exact_title_is_the_paper_on_arxiv_and_a_near_one_is_not(room: Newsroom) -> None:
    library = Library(room)
    done = room.once("2026-06-12")
    assert done.code == 0, done.err
    assert done.json["letters"][0]["here"][0] == "arxiv:2606.00001"
    explained = room.run("explain", "2606.00001").out
    assert "Exactly the Title of a Loom" in explained
    assert "https://arxiv.org/abs/2606.00001" in text_of(room.mails[0])
    assert not is_known(room, "2606.00002")
    unknown = ["Nearly the Title of a Loom", "A Title That Nobody Knows"]
    asked = [f'ti:"{each}"' for each in ("Exactly the Title of a Loom", *unknown)]
    assert library.asked == [" OR ".join(asked), *unknown]


def test_a_title_is_asked_for_once_until_a_week_has_gone(room: Newsroom) -> None:
    library = Library(room)
    room.once("2026-06-12")
    room.once("2026-06-13")
    assert len(library.asked) == 3
    room.once("2026-06-20")
    assert len(library.asked) == 6


def test_what_arxiv_does_not_know_crossref_may(room: Newsroom) -> None:
    library = Library(room)
    library.works = [
        {"DOI": "10.1000/near", "title": ["A Title That Nobody Knows: a Survey"]},
        {"DOI": "10.1000/equal", "title": ["A title that <i>nobody</i> knows"]},
    ]
    room.once("2026-06-12")
    assert is_known(room, "10.1000/equal")
    assert not is_known(room, "10.1000/near")


def test_a_paper_that_another_source_lists_is_not_looked_up(room: Newsroom) -> None:
    hugging = '[[sources]]\nkind = "huggingface"\nbase_url = "{base}"\nspacing = 0\n'
    room.configure(sources=FILES + hugging)
    room.huggingface("2026-06-12", EXACT)
    library = Library(room)
    done = room.once("2026-06-12")
    assert not any("Exactly" in each for each in library.asked)
    assert [(each["listed"], each["new"]) for each in done.json["sources"]] == [(3, 3), (1, 0)]


def test_a_server_that_fails_loses_no_paper_and_is_a_note(room: Newsroom) -> None:
    room.web.answers["/api/query"] = answer(b"", status=503)
    done = room.once("2026-06-12")
    (source,) = done.json["sources"]
    assert done.code == 0, done.err
    assert (source["listed"], source["errors"]) == (3, [])
    assert source["notes"][0].startswith("titles that the next runs look up: 3 (http")
    assert "503 from the server" in source["notes"][0]
    assert "503 from the server" in done.err
    Library(room)
    room.once("2026-06-13")
    assert is_known(room, "2606.00001")


def test_what_arxiv_said_is_kept_where_crossref_fails(room: Newsroom) -> None:
    library = Library(room)
    room.web.answers["/works"] = answer(b"", status=503)
    (source,) = room.once("2026-06-12").json["sources"]
    assert source["notes"][0].startswith("titles that the next runs look up: 2 (http")
    assert is_known(room, "2606.00001")
    assert len([each for each in room.web.received if each.path.startswith("/works")]) == 1
    room.once("2026-06-13")
    assert not any("Exactly" in each for each in library.asked[1:])


def test_a_title_that_others_crowd_out_is_asked_for_alone(room: Newsroom) -> None:
    library = Library(room)
    room.web.answers["/api/query"] = library.crowded
    room.once("2026-06-12")
    assert is_known(room, "2606.00001")
    assert 'ti:"Exactly the Title of a Loom"' in library.asked


def test_an_answer_that_cannot_be_read_is_a_note_too(room: Newsroom) -> None:
    room.web.answers["/api/query"] = answer(b"<html>busy</html>")
    (source,) = room.once("2026-06-12").json["sources"]
    assert source["errors"] == []
    assert "expected an answer of arXiv's API" in source["notes"][0]


def test_titles_beyond_a_runs_share_wait_for_the_next(room: Newsroom) -> None:
    room.configure(sources=FILES.replace("spacing = 0", "spacing = 0\nmost = 1", 1))
    library = Library(room)
    (source,) = room.once("2026-06-12").json["sources"]
    assert source["notes"] == ["titles that the next runs look up: 2"]
    room.once("2026-06-13")
    room.once("2026-06-14")
    asked = [each.removeprefix("ti:").strip('"').split()[0] for each in library.asked]
    assert asked == ["Exactly", "Nearly", "Nearly", "A", "A"]


RSS = """<rss version="2.0"><channel><title>Looms</title><link>https://x.example/</link>
<item><title>Exactly the Title of a Loom</title><link>https://x.example/1</link></item>
</channel></rss>"""
HTML = "<html><body><li>Exactly the Title of a Loom</li></body></html>"


@pytest.mark.parametrize(
    ("kind", "content_type", "body"),
    [
        ('kind = "feed"', "application/rss+xml", RSS),
        ('kind = "page"\nitem = "li"\ntitle = ""', "text/html", HTML),
    ],
    ids=["feed", "page"],
)
def test_papers_of_feeds_and_pages_are_looked_up_too(
    room: Newsroom, kind: str, content_type: str, body: str
) -> None:
    wanted = f'[[sources]]\n{kind}\nurl = "{{base}}/list"\nresolve = true\nspacing = 0\n'
    room.configure(sources=FILES[: FILES.index("[[sources]]")] + wanted)
    room.web.answers["/list"] = answer(body.encode(), content_type=content_type)
    Library(room)
    done = room.once("2026-06-12")
    assert done.code == 0, done.err
    assert is_known(room, "2606.00001")


def test_a_source_that_does_not_want_it_asks_nobody(room: Newsroom) -> None:
    room.configure(sources=FILES.replace("resolve = true", ""))
    library = Library(room)
    assert room.once("2026-06-12").code == 0
    assert library.asked == []


def test_no_transaction_is_open_while_titles_are_looked_up(room: Newsroom) -> None:
    writable: list[bool] = []

    def respond(handler: Handler) -> None:
        with closing(sqlite3.connect(room.database, timeout=0, isolation_level=None)) as store:
            store.execute("BEGIN IMMEDIATE")
            store.execute("ROLLBACK")
        writable.append(True)
        handler.say(atom(day="2026-06-10"), 200, {"Content-Type": "application/atom+xml"})

    Library(room)
    room.web.answers["/api/query"] = respond
    assert room.once("2026-06-12").code == 0
    assert writable == [True]


def test_a_dry_run_remembers_no_answers(room: Newsroom) -> None:
    library = Library(room)
    assert room.run("once", "--dry-run", "--at", "2026-06-12").code == 0
    room.once("2026-06-12")
    assert len(library.asked) == 6
