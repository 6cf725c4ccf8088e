"""Letters in all their forms: what is said, what never is, and that it fits."""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import astuple
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from letter_factory import DAY, HOSTILE, giant_letter, hostile_letter, item, letter, paper, receipt
from markdown_it import MarkdownIt
from msgspec.structs import replace
from selectolax.lexbor import LexborHTMLParser

from digest import escape
from digest.errors import RenderError
from digest.letters import Badge, Letter, Lost, Reason, Span, Suggestion, Trouble
from digest.links import links
from digest.messages import Entry
from digest.papers import Link
from digest.render import MOST_BYTES, Renderer

LEAVE = "mailto:digest@example.org?subject=unsubscribe"
ELEMENTS = frozenset(
    [
        "html",
        "head",
        "meta",
        "title",
        "style",
        "body",
        "main",
        "div",
        "table",
        "tbody",
        "tr",
        "td",
        "p",
        "a",
        "span",
        "strong",
        "h1",
        "h2",
        "h3",
    ]
)
ATTRIBUTES = frozenset(
    [
        "lang",
        "dir",
        "charset",
        "name",
        "content",
        "role",
        "class",
        "style",
        "width",
        "align",
        "valign",
        "bgcolor",
        "border",
        "href",
        "cellpadding",
        "cellspacing",
    ]
)
HEBREW = "\u05e0\u05d9\u05d9\u05e8"
RENDERER = Renderer()
MARKDOWN = MarkdownIt("commonmark").enable(["table", "strikethrough"])

strangers = st.text(st.characters(), min_size=1, max_size=40) | st.sampled_from(HOSTILE)


def words_of(html: str) -> str:
    body = LexborHTMLParser(html).body
    assert body
    return " ".join(body.text(separator=" ").split())


def told(text: str) -> str:
    """Return the text form as one line, as if it were not wrapped."""
    return " ".join(text.split())


# What strangers wrote


@given(strangers)
@settings(max_examples=30)
def test_html_has_only_the_templates_own_elements_and_attributes(text: str) -> None:
    html = RENDERER.letter(hostile_letter(text), leave=LEAVE).html

    nodes = [node for node in LexborHTMLParser(html).css("*") if not node.is_comment_node]
    assert {node.tag for node in nodes} <= ELEMENTS
    assert {name for node in nodes for name in node.attributes} <= ATTRIBUTES
    addresses = [node.attributes["href"] or "" for node in nodes if node.tag == "a"]
    assert all(a.startswith(("https://", "http://", "mailto:")) for a in addresses)


@given(strangers)
@settings(max_examples=30)
def test_html_shows_a_title_exactly(text: str) -> None:
    shown = escape.clip(text, 300)

    html = RENDERER.letter(letter(items=(item(title=(Span(text),)),))).html

    title = LexborHTMLParser(html).css_first("h3 a")
    assert title
    assert title.text() == "".join(span.text for span in escape.cut((Span(text),), 300))
    assert len(shown) > 280 or title.text() == shown


@given(strangers)
@settings(max_examples=30)
def test_markdown_has_no_html_images_or_links_but_the_templates_own(text: str) -> None:
    markdown = RENDERER.letter(hostile_letter(text), leave=LEAVE).markdown

    _, _, body = markdown.removeprefix("---\n").partition("\n---\n")
    tokens = [c for t in MARKDOWN.parse(body) for c in (t, *(t.children or ()))]
    kinds = {token.type for token in tokens}
    assert not kinds & {"html_block", "html_inline", "image", "fence", "code_block", "code_inline"}
    assert not kinds & {"table_open", "s_open", "lheading_open"}
    addresses = [str(token.attrs["href"]) for token in tokens if token.type == "link_open"]
    assert LEAVE in addresses
    ours = ("https://scholar.google.com/", "https://example.org/", "https://a.example/", LEAVE)
    assert all(each.startswith(ours) for each in addresses)


@given(strangers)
@settings(max_examples=30)
def test_front_matter_is_made_of_json_strings(text: str) -> None:
    markdown = RENDERER.letter(hostile_letter(text)).markdown

    front, _, _ = markdown.removeprefix("---\n").partition("\n---\n")
    title, day, papers, head, keyword = front.split("\n")
    assert (
        json.loads(title.removeprefix("title: ")) == RENDERER.letter(hostile_letter(text)).subject
    )
    assert (day, papers, head) == ("date: 2026-06-12", "papers: 4", "keywords:")
    assert json.loads(keyword.removeprefix("  - ")) == escape.clip(text, 200)


@given(strangers)
@settings(max_examples=30)
def test_no_form_has_control_codes(text: str) -> None:
    rendered = RENDERER.letter(hostile_letter(text))

    for form in astuple(rendered):
        found = {c for c in form if unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"}}
        assert found <= {"\n"}
    assert "\n" not in rendered.subject + rendered.preheader
    assert rendered.subject == rendered.subject.strip()


def test_right_to_left_titles_keep_their_direction() -> None:
    rendered = RENDERER.letter(letter(items=(item(title=(Span(HEBREW),)),)))

    assert f"\u2068{HEBREW}\u2069" in rendered.text
    assert "\u2068" not in rendered.html
    assert all(
        node.attributes["dir"] == "auto" for node in LexborHTMLParser(rendered.html).css("h3")
    )


# What is said


def test_a_paper_says_what_it_is_and_why_it_was_chosen() -> None:
    rendered = RENDERER.letter(letter(items=(item(),)))

    for form in (told(rendered.text), words_of(rendered.html)):
        assert "Less Is Enough" in form
        assert "Ada Quill, Bo Tamarind, … +12" in form
        assert "AI summary" in form
        assert "in the title; 57 votes; new today" in form
    assert "Hugging Face, 12 June; arXiv cs.LG, 11 June" in words_of(rendered.html)
    assert "Why: *data selection* in the title" in rendered.text
    assert "Why: **data selection** in the title" in rendered.markdown


@pytest.mark.parametrize(
    ("authors", "expected"),
    [
        (("A. One",), "A. One"),
        (("A. One", "B. Two"), "A. One, B. Two"),
        (("A. One", "B. Two", "C. Three"), "A. One, B. Two, C. Three"),
        (("A. One", "B. Two", "C. Three", "D. Four"), "A. One, B. Two, … +2"),
        (("A. One",) * 573, "A. One, A. One, … +571"),
    ],
    ids=["1", "2", "3", "4", "573"],
)
def test_authors_are_shortened(authors: tuple[str, ...], expected: str) -> None:
    text = RENDERER.letter(letter(items=(item(paper=paper(authors=authors)),))).text

    assert f"\n    {expected}\n" in text


@pytest.mark.parametrize(
    ("reasons", "expected"),
    [
        ([("keywords", "pruning", "abstract", True)], "Why: *pruning* in the abstract ("),
        ([("keywords", "pruning", "", False)], "Why: has the words of *pruning*, but apart ("),
        ([("votes", "1", "", True), ("recency", "1", "", True)], "Why: 1 vote; 1 day old ("),
        ([("recency", "3", "", True)], "Why: 3 days old ("),
        (
            [("keywords", f"k{n}", "title", True) for n in range(7)],
            "*k3* in the title and 3 more keywords (",
        ),
    ],
    ids=["abstract", "apart", "one", "days", "many"],
)
def test_reasons_are_told_in_words(
    reasons: list[tuple[str, str, str, bool]], expected: str
) -> None:
    chosen = item(
        reasons=tuple(
            Reason(signal=signal, points=1.0, detail=detail, where=where, hit=hit)
            for signal, detail, where, hit in reasons
        )
    )

    assert expected in told(RENDERER.letter(letter(items=(chosen,))).text)


def test_links_name_their_paper_and_the_best_page_comes_first() -> None:
    html = RENDERER.letter(letter(items=(item(),))).html

    shown = [(node.text(), node.attributes["href"]) for node in LexborHTMLParser(html).css("a")]
    assert shown[0][1] == "https://arxiv.org/abs/2606.01234"
    assert [text for text, _ in shown[1:5]] == [
        "arXiv 2606.01234",
        "Hugging Face 2606.01234",
        "PDF of 2606.01234",
        "Code of 2606.01234",
    ]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"arxiv": "", "doi": "10.1/x", "links": ()}, ["https://doi.org/10.1/x"]),
        ({"arxiv": "", "openreview": "a-B", "links": ()}, ["https://openreview.net/forum?id=a-B"]),
        (
            {"links": (Link("page", "https://a.example/"),)},
            ["https://arxiv.org/abs/2606.01234", "https://arxiv.org/pdf/2606.01234"],
        ),
        ({"arxiv": "", "links": (Link("page", "javascript:x"),)}, []),
    ],
    ids=["doi", "openreview", "arxiv", "unwanted"],
)
def test_links_are_made_from_identifiers(fields: dict[str, object], expected: list[str]) -> None:
    assert [link.url for link in links(paper(**fields))] == expected


def test_a_paper_without_identifier_leads_to_a_search_for_its_title() -> None:
    rendered = RENDERER.letter(letter(items=(item(paper=paper(arxiv="", links=())),)))

    assert "https://scholar.google.com/scholar?q=%22Less%20Is%20Enough" in rendered.html
    assert "Search Google Scholar for “Less Is Enough" in words_of(rendered.html)
    assert "No identifier known; a search for the title:" in rendered.text


def test_the_receipt_tells_where_every_paper_went() -> None:
    text = told(RENDERER.letter(letter()).text)

    assert (
        "Looked at 532 papers from 2 sources: 12 left out by -medical, 501 below your "
        "threshold, 10 here, 9 more." in text
    )
    assert "Part 3; and 9 others." in text


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (
            {"excluded": (), "below": 1, "sources": ("One",)},
            "Looked at 1 paper from One: 1 below your threshold, 0 here, 0 more.",
        ),
        (
            {"excluded": (), "below": 1200, "sent": 1, "revised": 2},
            "0 more. Not counted: 1 paper sent to you before. Revised since: 2.",
        ),
        (
            {"excluded": (), "below": 0},
            "Looked at 2 sources and found no new papers.",
        ),
        ({"excluded": (), "below": 0, "sources": ()}, "No source was read."),
    ],
    ids=["one", "many", "none", "unread"],
)
def test_the_receipt_is_grammatical(fields: dict[str, Any], expected: str) -> None:
    text = told(RENDERER.letter(letter(items=(), receipt=receipt(**fields))).text)

    assert expected in text


@pytest.mark.parametrize(
    ("thin", "expected"),
    [
        ("weekend", "Nothing new today: few papers are listed at weekends."),
        ("sources", "This letter is empty: not every source could be read as usual."),
        ("matches", "Nothing matched your keywords among 513 new papers."),
        ("nothing new", "Nothing new was listed since the last letter."),
        ("", "There is nothing to show today."),
    ],
)
def test_an_empty_letter_says_why(thin: str, expected: str) -> None:
    rendered = RENDERER.letter(letter(items=(), thin=thin))

    assert expected in told(rendered.text)
    assert expected in words_of(rendered.html)
    assert expected in rendered.markdown
    assert rendered.subject == "12 June: No papers in Paper digest"


@pytest.mark.parametrize("section", ["for_you", "trending", "rising", "revised", "more"])
def test_no_heading_stands_without_papers(section: str) -> None:
    one = letter(items=(item(section=section),), listed=1)

    parsed = LexborHTMLParser(RENDERER.letter(one).html)

    assert len(parsed.css("h1")) == 1
    assert len(parsed.css("h2")) == 1
    assert all(node.text(strip=True) for node in parsed.css("h1, h2, h3, p, td > a"))


def test_a_letter_without_papers_has_no_headings_below_its_name() -> None:
    parsed = LexborHTMLParser(RENDERER.letter(letter(items=())).html)

    assert not parsed.css("h2, h3")


def test_the_rest_is_counted_and_where_to_see_it_is_named() -> None:
    rendered = RENDERER.letter(letter(listed=5))

    assert "and 4 others, to be seen in the sources' own lists:" in told(rendered.text)
    assert "arXiv cs.LG: https://arxiv.org/list/cs.LG/new" in rendered.text
    assert "[arXiv cs.LG](https://arxiv.org/list/cs.LG/new)" in rendered.markdown


@pytest.mark.parametrize(
    ("change", "detail", "expected"),
    [
        ("listed", "Hugging Face", "Now listed by Hugging Face, too"),
        ("votes", "57", "57 votes by now"),
        ("keyword", "pruning", "Found by your new keyword “pruning”"),
        ("version", "3", "Now version 3"),
        ("text", "", "The text has changed"),
    ],
)
def test_what_changed_is_told(change: str, detail: str, expected: str) -> None:
    risen = item(section="rising", change=change, detail=detail)

    assert expected in told(RENDERER.letter(letter(items=(risen,))).text)


def test_what_failed_and_what_matched_nothing_is_told() -> None:
    told_ = told(
        RENDERER.letter(
            letter(
                troubles=(Trouble(source="arXiv", reason="no answer", since=date(2026, 6, 10)),),
                suggestions=(
                    Suggestion(keyword="lerning", instead="learning"),
                    Suggestion(keyword="xyzzy", instead=""),
                ),
            )
        ).text
    )

    assert "Not read whole: arXiv: no answer (since 10 June)" in told_
    assert "“lerning” has matched nothing lately: did you mean “learning”?" in told_
    assert "“xyzzy” has matched nothing lately." in told_


@pytest.mark.parametrize(
    ("first", "last", "said"),
    [
        (date(2026, 6, 3), date(2026, 6, 3), "on 3 June"),
        (date(2026, 6, 3), date(2026, 6, 5), "from 3 to 5 June"),
        (date(2026, 5, 29), date(2026, 6, 5), "from 29 May to 5 June"),
    ],
    ids=["a day", "days", "days of two months"],
)
def test_days_that_are_lost_are_named(first: date, last: date, said: str) -> None:
    forms = RENDERER.letter(letter(lost=(Lost(source="arXiv", first=first, last=last),)))

    for form in (forms.text, forms.html, forms.markdown):
        plain = told(form.replace("<strong>", "").replace("</strong>", ""))
        assert f"Missing for good: what arXiv listed {said}, as it could not be read" in plain


def test_samples_and_tests_are_marked_at_the_top() -> None:
    sample, test = RENDERER.letter(letter(sample=True)), RENDERER.letter(letter(test=True))

    assert sample.subject.startswith("[Sample] ")
    assert words_of(sample.html).startswith("A sample, made of invented papers")
    assert test.subject.startswith("[Test] ")
    assert words_of(test.html).startswith("A test:")


def test_the_first_letter_says_so() -> None:
    assert "This is your first letter." in RENDERER.letter(letter(first=True)).text


def test_a_letter_says_how_to_stop_it_and_the_public_edition_does_not() -> None:
    ours = RENDERER.letter(letter(), leave=LEAVE, manage="https://example.org/me")
    public = RENDERER.letter(letter(subscriber="", keywords=()), leave=LEAVE)

    assert "write to digest@example.org with the subject “unsubscribe”" in told(ours.text)
    assert "To change it: https://example.org/me" in ours.text
    assert LEAVE in ours.html
    assert "unsubscribe" not in public.html + public.text + public.markdown
    assert not re.search(r"\byour?\b", words_of(public.html))


def test_the_preheader_is_what_is_read_first() -> None:
    rendered = RENDERER.letter(letter())

    assert words_of(rendered.html).startswith(rendered.preheader)
    assert rendered.preheader.startswith("Also: What Do Small Models Forget First?")


def test_a_day_of_another_year_has_its_year() -> None:
    old = item(badges=(Badge(source="reports", day=DAY.replace(year=2015), votes=None),))
    rendered = RENDERER.letter(letter(items=(old,)))
    assert "reports, 12 June 2015" in rendered.markdown
    assert "reports, 12 June 2015" in words_of(rendered.html)


def test_votes_stand_beside_a_source_where_no_reason_tells_them() -> None:
    plain = item(reasons=(), badges=(Badge(source="Hugging Face", day=DAY, votes=1),))

    assert "Hugging Face, 12 June (1 vote)" in RENDERER.letter(letter(items=(plain,))).markdown


# That it fits


def test_the_longest_letter_is_not_cut_off() -> None:
    html = RENDERER.letter(giant_letter(), leave=LEAVE).html

    assert len(html.encode()) <= MOST_BYTES
    assert "Stop these letters" in html


def test_the_same_letter_gives_the_same_bytes() -> None:
    assert Renderer().letter(letter(), leave=LEAVE) == RENDERER.letter(letter(), leave=LEAVE)


def test_a_full_letter_takes_few_words_beside_its_papers() -> None:
    full = replace(letter(), items=letter().here)
    text = RENDERER.letter(full, leave=LEAVE).text

    papers = 0
    for each in full.items:
        shown = each.excerpt if each.excerpt and not each.machine else each.gist
        papers += 2 * len(escape.plain(each.title).split()) + len(escape.plain(shown).split())
    assert len(text.split()) - papers < 34 * len(full.items)


def test_plain_text_is_72_columns_wide_but_for_addresses() -> None:
    lines = RENDERER.letter(letter(), leave=LEAVE).text.split("\n")

    assert [line for line in lines if len(line) > 72 and "https://" not in line] == []


def test_only_classes_that_media_blocks_use_are_left() -> None:
    html = RENDERER.letter(letter()).html

    style = re.search(r"<style>(.*?)</style>", html, re.DOTALL)
    assert style
    used = set(re.findall(r"\.([a-z]+)", style[1]))
    assert set(" ".join(re.findall(r'class="([^"]*)"', html)).split()) <= used


# Templates of one's own


def test_one_template_can_be_replaced_by_itself(tmp_path: Path) -> None:
    (tmp_path / "letter.subject.txt.j2").write_text("{{ letter.title }} no. {{ 7 }}\n")

    rendered = Renderer(tmp_path).letter(letter())

    assert rendered.subject == "Paper digest no. 7"
    assert rendered.text == RENDERER.letter(letter()).text


def test_one_block_can_be_replaced_by_itself(tmp_path: Path) -> None:
    (tmp_path / "letter.html.j2").write_text(
        '{% extends "digest/letter.html.j2" %}'
        "{% block contents %}<tr><td>Ours</td></tr>{% endblock %}"
    )

    assert "Ours" in Renderer(tmp_path).letter(letter()).html


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("\n{{ nobody }}", r"letter\.txt\.j2, line 2: 'nobody' is undefined"),
        ("\n\n{% if %}", r"letter\.txt\.j2, line 3: "),
        ("{{ letter.nothing }}", r"letter\.txt\.j2, line 1: .*nothing"),
        ("{% include 'gone.j2' %}", r"letter\.txt\.j2: there is no template gone\.j2"),
        ("{{ 1 + letter.title }}", r"letter\.txt\.j2, line 1: unsupported operand"),
        ("{{ letter | gone }}", r"letter\.txt\.j2, line 1: No filter named 'gone'"),
    ],
    ids=["unknown", "syntax", "attribute", "missing", "type", "filter"],
)
def test_a_slip_in_a_template_is_named_with_its_line(
    tmp_path: Path, template: str, expected: str
) -> None:
    (tmp_path / "letter.txt.j2").write_text(template)

    with pytest.raises(RenderError, match=expected):
        Renderer(tmp_path).letter(letter())


def test_a_template_that_says_too_much_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "letter.html.j2").write_text("x" * (MOST_BYTES + 1))

    with pytest.raises(RenderError, match=r"letter\.html\.j2: gives 90,"):
        Renderer(tmp_path).letter(letter())


def test_a_folder_of_templates_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RenderError, match="no such folder"):
        Renderer(tmp_path / "gone")


# An archive's pages

ATOM = "{http://www.w3.org/2005/Atom}"


def entry(subject: str = "12 June: A paper") -> Entry:
    return Entry(
        id="urn:uuid:2b1f6a54-6a0b-5d6e-9d0e-0c4a8f0d3c11",
        slot=DAY,
        subject=subject,
        summary=subject,
        updated=datetime(2026, 6, 12, 5, tzinfo=UTC),
        html="2026-06-12.html",
        markdown="2026-06-12.md",
        content=RENDERER.letter(letter(subscriber="")).html,
    )


@given(strangers)
@settings(max_examples=20)
def test_a_feed_is_well_formed_and_has_what_atom_asks_for(text: str) -> None:
    pages = RENDERER.pages([entry(text)], title=text, base_url="https://example.org/letters")

    feed = ET.fromstring(pages["feed.xml"])  # noqa: S314 - our own text
    assert feed.findtext(f"{ATOM}id") == "https://example.org/letters/feed.xml"
    assert feed.findtext(f"{ATOM}updated") == "2026-06-12T05:00:00+00:00"
    one = feed.find(f"{ATOM}entry")
    assert one is not None
    assert one.findtext(f"{ATOM}title") == escape.clip(text, 200)
    link = one.find(f"{ATOM}link")
    assert link is not None
    assert link.get("href") == "https://example.org/letters/2026-06-12.html"
    content = one.findtext(f"{ATOM}content") or ""
    assert content.startswith("<main>")
    assert "<style" not in content


@given(strangers)
@settings(max_examples=20)
def test_an_index_lists_letters_and_nothing_strangers_made(text: str) -> None:
    page = LexborHTMLParser(RENDERER.pages([entry(text)], title=text)["index.html"])

    assert [node.attributes["href"] for node in page.css("a")] == [
        "feed.xml",
        "2026-06-12.html",
        "2026-06-12.md",
    ]
    assert not page.css("script, img, b")


def test_a_feed_without_an_address_has_an_id_that_stays() -> None:
    first = RENDERER.pages([entry()], title="Paper digest")["feed.xml"]
    later = RENDERER.pages([entry(), entry("Other")], title="Paper digest")["feed.xml"]

    assert re.search(r"<id>urn:uuid:[0-9a-f-]{36}</id>", first)
    assert first.split("<updated>")[0] == later.split("<updated>")[0]


def test_an_archive_without_letters_says_so() -> None:
    assert set(pages := RENDERER.pages([], title="Paper digest")) == {"index.html"}
    assert "No letters yet." in pages["index.html"]


def test_letters_for_types_of_the_factory_add_up() -> None:
    every: list[Letter] = [letter(), hostile_letter(), giant_letter()]

    assert all(each.receipt.adds_up for each in every)
