from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.papers import (
    Link,
    Paper,
    arxiv_version,
    changed,
    fingerprint,
    identify,
    is_cut,
    merge,
    name_keys,
    same,
    surnames,
    title_key,
)

BENCH = Path(__file__).parents[2] / "shared" / "bench" / "same_paper"

words = st.lists(st.text("abcxyz", min_size=2, max_size=8), min_size=3, max_size=8)


def titled(title: str, *authors: str) -> Paper:
    return Paper(title=title, authors=authors)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("2407.21783", "arxiv:2407.21783"),
        ("arXiv:2407.21783v2", "arxiv:2407.21783"),
        ("https://arxiv.org/pdf/2407.21783v1.pdf", "arxiv:2407.21783"),
        ("https://huggingface.co/papers/2407.21783", "arxiv:2407.21783"),
        ("hep-th/9901001", "arxiv:hep-th/9901001"),
        ("https://doi.org/10.1000/ABC.1", "doi:10.1000/abc.1"),
        ("10.48550/arXiv.2407.21783", "arxiv:2407.21783"),
        ("https://openreview.net/forum?id=aB_c-1", "openreview:aB_c-1"),
        ("A title of 2407 words", ""),
        ("", ""),
    ],
)
def test_a_paper_is_named_by_what_people_paste(text: str, name: str) -> None:
    assert identify(text) == name


def test_a_version_is_no_part_of_the_name() -> None:
    assert (arxiv_version("arXiv:2407.21783v12"), arxiv_version("2407.21783")) == (12, 0)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("Learning to See: A Study", "learning to see -- a study."),
        (r"Poincar\'e Maps of Flows", "Poincaré maps of flows"),
        ("Résumé Parsing for All", "Resume parsing for all"),
        (r"$\beta$-Cells under Stress", "Beta-cells under stress"),
        ("On λ Terms at Work", "On lambda terms at work"),
        ("One  Line\n  and Two", "One line and two"),
        ("State-of-the-Art Sorting", "State of the Art Sorting"),
    ],
)
def test_spelling_does_not_make_another_paper(left: str, right: str) -> None:
    assert same(titled(left), titled(right))


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("Sorting by Hand, Part I", "Sorting by Hand, Part II"),
        ("Sorting by Hand at Noon", "Comment on: Sorting by Hand at Noon"),
        ("A Look at Llama 2 Models", "A Look at Llama 3 Models"),
        ("Efficient Deep Networks", "Efficient Backdoors for Deep Networks in the World"),
        ("Introduction", "Introduction"),
        ("", ""),
        ("!!!", "???"),
    ],
)
def test_titles_that_are_only_alike_are_two_papers(left: str, right: str) -> None:
    assert not same(titled(left), titled(right))


@pytest.mark.parametrize(
    ("ours", "theirs", "one"),
    [
        (("Wei Wang",), ("Wang, Wei",), True),
        (("Thomas Müller",), ("T. Mueller",), True),
        (("Pat O'Brien",), ("Pat O’Brien",), True),  # noqa: RUF001 - both apostrophes
        (("Jan van der Berg",), ("van der Berg, Jan",), True),
        (("Ann Quill",), ("Bo Marsh",), False),
        (("Ann Quill", "Bo Marsh"), ("Bo Marsh",), True),
        (("Ann Quill",), (), True),
        ((" ",), ("Ann Quill",), True),
    ],
)
def test_authors_that_contradict_keep_two_papers_apart(
    ours: tuple[str, ...], theirs: tuple[str, ...], *, one: bool
) -> None:
    title = "What Small Gardens Remember"

    assert same(titled(title, *ours), titled(title, *theirs)) is one


def test_an_identifier_settles_it_whatever_the_title() -> None:
    assert same(Paper(title="Old Name", arxiv="2601.00001"), Paper(title="New", arxiv="2601.00001"))


def test_two_identifiers_of_one_kind_are_two_papers() -> None:
    title = "What Small Gardens Remember"

    assert not same(Paper(title=title, arxiv="2601.00001"), Paper(title=title, arxiv="2601.00002"))
    assert not same(Paper(title=title, openreview="a"), Paper(title=title, openreview="b"))


def test_a_conference_and_a_journal_version_are_one_paper() -> None:
    title, authors = "What Small Gardens Remember", ("Ann Quill", "Bo Marsh")
    talk = Paper(title=title, authors=authors, doi="10.1/a")
    article = Paper(title=title, authors=authors, doi="10.1/b")

    assert same(talk, article)
    assert not same(talk, Paper(title=title, authors=("Ann Quill",), doi="10.1/b"))


@given(words, st.sampled_from(["-", " ", ": ", "\n", " – "]))  # noqa: RUF001 - a dash of papers
def test_case_and_punctuation_never_count(given_words: list[str], between: str) -> None:
    assert title_key(between.join(given_words).upper()) == " ".join(given_words)


@given(st.text())
def test_a_normal_form_is_its_own_normal_form(text: str) -> None:
    assert title_key(title_key(text)) == title_key(text)


@given(st.text(), st.text())
def test_sameness_goes_both_ways(left: str, right: str) -> None:
    assert same(titled(left), titled(right)) == same(titled(right), titled(left))


@given(st.text())
def test_any_text_can_be_named_and_hashed(text: str) -> None:
    paper = Paper(title=text, abstract=text, authors=(text,))

    assert len(fingerprint(paper)) == 16
    assert isinstance(identify(text), str)
    assert name_keys(text)
    assert "" not in surnames((text,))


def test_a_lone_surrogate_breaks_nothing() -> None:
    paper = Paper(title="\ud800 one two three", abstract="\ud800\x00", authors=("\udfff",))

    assert same(paper, paper)
    assert len(fingerprint(paper)) == 16


def test_a_missing_abstract_is_no_change() -> None:
    whole = Paper(title="A title", abstract="Some words.")

    assert not changed(fingerprint(whole), fingerprint(Paper(title="A Title")))
    assert changed(fingerprint(whole), fingerprint(Paper(title="A title", abstract="Others.")))
    assert changed(fingerprint(whole), fingerprint(Paper(title="Another title")))


def test_one_paper_of_two_listings_has_what_either_says() -> None:
    ours = Paper(
        title="A Title",
        arxiv="2601.00001",
        categories=("cs.LG",),
        links=(Link("arxiv", "https://a.example/1"),),
        published=date(2026, 1, 2),
    )
    theirs = Paper(
        title="a title",
        abstract="Words.",
        summary="A summary.",
        categories=("cs.CL", "cs.LG"),
        links=(Link("code", "https://c.example"), Link("arxiv", "https://b.example")),
        authors=("Ann Quill",),
    )

    both = merge(ours, theirs)

    assert both.title == "A Title"
    assert (both.abstract, both.summary, both.authors) == ("Words.", "A summary.", ("Ann Quill",))
    assert both.categories == ("cs.LG", "cs.CL")
    assert {link.kind: link.url for link in both.links} == {
        "arxiv": "https://a.example/1",
        "code": "https://c.example",
    }
    assert both.published == date(2026, 1, 2)


def test_a_newer_version_brings_its_text() -> None:
    first, second = (
        Paper(title=f"Title {v}", abstract=f"Text {v}.", version=v, arxiv="2601.00001")
        for v in (1, 2)
    )

    assert merge(first, second).title == "Title 2"
    assert merge(second, first).abstract == "Text 2."
    assert merge(second, first).version == 2


@given(st.builds(Paper, title=st.text(), abstract=st.text(), version=st.integers(0, 9)))
def test_a_paper_merged_with_itself_is_itself(paper: Paper) -> None:
    assert merge(paper, paper) == paper


@pytest.mark.skipif(not BENCH.is_dir(), reason=f"no collection at {BENCH}")
def test_no_variant_of_a_title_is_merged_wrongly() -> None:
    with (BENCH / "title_variants" / "pairs.csv").open(encoding="utf-8", newline="") as file:
        pairs = list(csv.DictReader(file))
    wrong = [
        row["kind"]
        for row in pairs
        if row["label"] == "0" and same(titled(row["left"]), titled(row["right"]))
    ]

    assert len(pairs) > 8000
    assert wrong == []


@pytest.mark.parametrize(
    "text",
    [
        "pubmed:39012345",
        "PMID: 39012345",
        "https://pubmed.ncbi.nlm.nih.gov/39012345/",
        "https://www.ncbi.nlm.nih.gov/pubmed/39012345",
    ],
)
def test_a_pubmed_number_names_a_paper(text: str) -> None:
    assert identify(text) == "pubmed:39012345"


def test_two_papers_of_pubmed_are_two_under_one_title() -> None:
    one = Paper(title="Sleep and the heart of mice", pubmed="1")
    other = Paper(title="Sleep and the heart of mice", pubmed="2")
    assert not same(one, other)
    assert same(one, Paper(title="Sleep and the heart of mice", doi="10.1000/1"))


def test_a_beginning_that_differs_is_no_change() -> None:
    one = Paper(title="On the weaving of …", abstract="We weave with cards …")
    other = Paper(title="On the weaving of …", abstract="that looms can be taught …")
    assert not changed(fingerprint(one), fingerprint(other))
    assert not changed(fingerprint(one), fingerprint(Paper(title="On Looms", abstract="Whole.")))


@pytest.mark.parametrize(
    ("title", "authors", "one"),
    [
        ("On Soap", ("Charles Babbage",), False),
        ("On Soap", ("Lovelace AK",), True),
        ("On Soap", (), True),
        ("On Soap", ("C. K.",), True),
        ("On looms", ("Charles Babbage",), True),
    ],
    ids=["all else differs", "one author", "no authors", "initials alone", "one title"],
)
def test_a_doi_names_one_paper_unless_all_else_differs(
    title: str, authors: tuple[str, ...], *, one: bool
) -> None:
    looms = Paper(title="On Looms", authors=("Ada Lovelace",), doi="10.1234/vol")
    assert same(looms, Paper(title=title, authors=authors, doi="10.1234/vol")) == one


@pytest.mark.parametrize("end", ["…", "[…]", "[...]"])
def test_an_excerpt_of_a_feed_is_cut_off(end: str) -> None:
    cut = Paper(title="On Looms", abstract=f"We weave with {end}")
    assert merge(cut, Paper(title="On Looms", abstract="We weave.")).abstract == "We weave."


def test_a_title_may_end_in_three_dots() -> None:
    assert not is_cut("To Weave or Not to Weave...")


def test_what_is_cut_off_gives_way_to_what_is_whole() -> None:
    cut = Paper(title="On the weaving of …", abstract="We weave with …", arxiv="2606.00001")
    whole = Paper(title="On the weaving of cloth", abstract="We weave.", arxiv="2606.00001")
    for both in (merge(cut, whole), merge(whole, cut), merge(whole, cut, revised=True)):
        assert (both.title, both.abstract) == ("On the weaving of cloth", "We weave.")
    assert merge(cut, Paper(title="")).abstract == "We weave with …"


def test_names_in_full_stand_before_initials() -> None:
    short = Paper(title="On Looms", authors=("A Lovelace", "CB Babbage"))
    full = Paper(title="On Looms", authors=("Ada Lovelace", "Charles Babbage"))
    longer = Paper(title="On Looms", authors=("A Lovelace", "C Babbage", "J Jacquard"))
    assert merge(short, full).authors == merge(full, short).authors == full.authors
    assert merge(full, longer).authors == longer.authors
