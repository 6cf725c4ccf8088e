"""Whole runs that read preprint servers, Crossref and PubMed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from reading import own
from running import Newsroom, newsroom, text_of
from webserver import answer

SOURCES = """
[[sources]]
kind = "biorxiv"
base_url = "{base}"
spacing = 0

[[sources]]
kind = "crossref"
issn = ["2049-3630"]
base_url = "{base}"
spacing = 0

[[sources]]
kind = "pubmed"
query = "engines"
base_url = "{base}"
spacing = 0
"""
FOUND = b'{"esearchresult": {"count": "3", "idlist": ["90000001", "90000002", "90000003"]}}'
SEARCH = "/entrez/eutils/esearch.fcgi"
FETCH = "/entrez/eutils/efetch.fcgi"
DAYS = "/details/biorxiv/2026-06-11/2026-06-15/0/json"


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Newsroom]:
    with newsroom(tmp_path, sources=SOURCES) as made:
        made.web.answers |= {
            DAYS: answer(own("preprints.json").encode()),
            "/works": answer(own("works.json").encode()),
            SEARCH: answer(FOUND),
            FETCH: answer(own("articles.xml").encode()),
        }
        yield made


def test_what_three_databases_list_is_one_letter(room: Newsroom) -> None:
    done = room.once("2026-06-15")
    assert done.code == 0, done.err
    counts = {each["name"]: (each["listed"], each["new"]) for each in done.json["sources"]}
    # Two articles are in Crossref and in PubMed, by their DOIs.
    assert counts == {"biorxiv": (3, 3), "crossref": (3, 3), "pubmed": (3, 1)}
    text = text_of(room.mails[0])
    assert "1 day old (crossref; pubmed)" in text
    assert "https://doi.org/10.1000/looms.2" in text


def test_days_of_an_outage_are_asked_for_again(room: Newsroom) -> None:
    room.configure(sources=SOURCES[SOURCES.rindex("[[sources]]") :])
    assert room.once("2026-06-15").code == 0
    room.web.answers[SEARCH] = answer(b"", status=503)
    assert room.once("2026-06-16").code == 1
    room.web.answers[SEARCH] = answer(FOUND)
    assert room.once("2026-06-20").code == 0
    asked = [each.path for each in room.web.received if SEARCH in each.path]
    assert ["mindate=2026/06/13" in each for each in asked] == [False, True, True]


def test_check_tries_each_of_them(room: Newsroom) -> None:
    lines = room.run("check").out
    for line in ("source crossref", "source pubmed"):
        assert line in lines
    assert "0 papers, 1 more pages" in lines
    assert "3 papers at" in lines
