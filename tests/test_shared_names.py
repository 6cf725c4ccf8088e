"""Identifiers that a page gives to several papers, such as a journal's own DOI to each of its."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from reading import read

from digest.papers import Link, Paper
from digest.sources import Source
from digest.sources.feed import Feed
from digest.sources.page import WebPage

URL = "https://journal.example.org/new"
OWN_PAGES = ("https://journal.example.org/1", "https://journal.example.org/2")
FEED = Feed(url=URL)
PAGE = WebPage(url=URL, item="li", title="a")

Titled = tuple[str, str]
"""A title, and the DOI that stands with it."""

Form = Callable[..., str]
"""Puts two papers on a page."""


def rss(*papers: Titled) -> str:
    items = "".join(
        f"<item><title>{title}</title><link>{page}</link><prism:doi>{doi}</prism:doi></item>"
        for page, (title, doi) in zip(OWN_PAGES, papers, strict=True)
    )
    return (
        '<rss version="2.0" xmlns:prism="http://prismstandard.org/namespaces/basic/2.0/">'
        f"<channel><title>New</title>{items}</channel></rss>"
    )


def json_feed(*papers: Titled) -> str:
    items = [
        {"id": f"doi:{doi}", "url": page, "title": title}
        for page, (title, doi) in zip(OWN_PAGES, papers, strict=True)
    ]
    return json.dumps({"version": "https://jsonfeed.org/version/1.1", "items": items})


def html(*papers: Titled) -> str:
    items = "".join(
        f'<li><a href="{page}">{title}</a> <a href="https://doi.org/{doi}">volume</a></li>'
        for page, (title, doi) in zip(OWN_PAGES, papers, strict=True)
    )
    return f"<!DOCTYPE html><ul>{items}</ul>"


FORMS = pytest.mark.parametrize(
    ("source", "form"),
    [(FEED, rss), (FEED, json_feed), (PAGE, html)],
    ids=["rss", "json feed", "page"],
)


def papers(source: Source, body: str) -> list[Paper]:
    parsed = read(source, body, URL)
    assert not parsed.errors
    return [sighting.paper for sighting in parsed.sightings]


@FORMS
def test_what_papers_of_other_titles_have_too_is_no_identifier(source: Source, form: Form) -> None:
    found = papers(source, form(("On Looms", "10.1234/vol"), ("On Soap", "10.1234/vol")))
    assert [paper.names for paper in found] == [(), ()]
    assert [paper.links for paper in found] == [(Link("page", page),) for page in OWN_PAGES]


@FORMS
def test_a_paper_listed_twice_keeps_its_identifier(source: Source, form: Form) -> None:
    found = papers(source, form(("On Looms", "10.1234/a"), ("On looms", "10.1234/a")))
    assert [paper.doi for paper in found] == ["10.1234/a", "10.1234/a"]


@FORMS
def test_identifiers_of_their_own_stay(source: Source, form: Form) -> None:
    found = papers(source, form(("On Looms", "10.1234/a"), ("On Soap", "10.1234/b")))
    assert [paper.doi for paper in found] == ["10.1234/a", "10.1234/b"]
