"""Words and links of web pages."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.sources import html_text

BASE = "https://lab.example.org/reports/"


@pytest.mark.parametrize(
    ("html", "said"),
    [
        ("<p>One</p><p>two</p>", "One two"),
        ("<b>t</b>wo", "two"),
        ("one<br>two<br/>three", "one two three"),
        ("<ul><li>one<li>two</ul>three", "one two three"),
        ("<table><tr><td>one<td>two</table>", "one two"),
        ("a &lt; b &amp; c", "a < b & c"),
        ("<pre>one\n  two</pre>", "one two"),
        ("", ""),
    ],
)
def test_words_are_parted_where_a_reader_sees_them_parted(html: str, said: str) -> None:
    assert html_text.plain(html) == said


@pytest.mark.parametrize(
    "unseen",
    [
        "<script>x()</script>",
        "<style>p {}</style>",
        "<noscript>Please<style>p {}</style></noscript>",
        "<template><p>x</p></template>",
        '<a onclick="less()">less<script>x()</script></a>',
    ],
)
def test_what_is_not_seen_is_no_text(unseen: str) -> None:
    tree = html_text.parsed(f"<p>On {unseen}Looms</p>{unseen}")
    html_text.without_unseen(tree)
    assert tree.body is not None
    assert html_text.words(tree.body) == "On Looms"


TAGS = st.sampled_from(["script", "style", "noscript", "template", "a onclick=x", "p", "svg", "td"])


@st.composite
def nested(draw: st.DrawFn, depth: int = 4) -> str:
    inside = [draw(nested(depth - 1)) for _ in range(draw(st.integers(0, 3)))] if depth else ["x"]
    tag = draw(TAGS)
    return f"<{tag}>{''.join(inside)}</{tag.split()[0]}>"


@given(nested())
def test_what_is_unseen_within_the_unseen_goes_with_it(html: str) -> None:
    tree = html_text.parsed(f"<!DOCTYPE html>{html}")
    html_text.without_unseen(tree)
    assert not tree.css("script, style, noscript")
    assert tree.root is not None
    assert isinstance(html_text.words(tree.root), str)


@pytest.mark.parametrize(
    ("href", "address"),
    [
        ("a.html", f"{BASE}a.html"),
        (" /a b ", "https://lab.example.org/a%20b"),
        ("//other.example/x", "https://other.example/x"),
        ("#top", f"{BASE}#top"),
        ("", ""),
        (None, ""),
        ("javascript:x", ""),
        ("mailto:a@b.example", ""),
        ("http://[x", ""),
    ],
)
def test_a_link_is_a_whole_address_on_the_web_or_none(href: str | None, address: str) -> None:
    assert html_text.absolute(BASE, href) == address
