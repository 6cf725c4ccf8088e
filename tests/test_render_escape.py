"""What strangers wrote: harmless in each form, and still what they wrote."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from letter_factory import HOSTILE
from markdown_it import MarkdownIt

from digest import escape
from digest.letters import Span

_ANY = st.text(st.characters(), max_size=60) | st.sampled_from(HOSTILE)
_SIGNS = st.text("[]()<>!#-+=*_`~|\\&;:@.1 \nahtpw/x", max_size=40)
_MARKDOWN = MarkdownIt("commonmark").enable(["table", "strikethrough"])


def _shown(source: str) -> str:
    inline = [t for t in _MARKDOWN.parse(source) if t.type == "inline"]
    return "".join(c.content for t in inline for c in t.children or ())


@given(_ANY | _SIGNS)
def test_markdown_shows_any_text_as_it_is_in_one_paragraph(text: str) -> None:
    kinds = [token.type for token in _MARKDOWN.parse(escape.markdown(text))]

    assert kinds in ([], ["paragraph_open", "inline", "paragraph_close"])
    assert _shown(escape.markdown(text)) == escape.clean(text).strip()


@given(_ANY | _SIGNS)
def test_markdown_shows_any_text_as_it_is_in_a_heading(text: str) -> None:
    assert _shown(f"# {escape.markdown(text)}") == escape.clean(text).strip()


@given(_SIGNS, _SIGNS)
def test_texts_that_touch_make_no_blocks_links_or_html(first: str, second: str) -> None:
    source = f"x\n{escape.markdown(first)}{escape.markdown(second)}[a](https://a.example)"

    tokens = [c.type for t in _MARKDOWN.parse(source) for c in (t, *(t.children or ()))]

    assert tokens.count("link_open") == 1
    assert not {"image", "html_inline", "html_block", "heading_open", "hr"} & set(tokens)
    assert not {"bullet_list_open", "ordered_list_open", "table_open", "fence"} & set(tokens)


@given(_ANY)
def test_a_clean_text_is_one_line_without_control_codes(text: str) -> None:
    cleaned = escape.clean(text)

    assert not {unicodedata.category(c) for c in cleaned} & {"Cc", "Cs", "Zl", "Zp"}
    assert not set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f") & set(
        cleaned
    )
    assert escape.clean(cleaned) == cleaned
    cleaned.encode()


@given(_ANY | st.from_regex(r"(https?|javascript|mailto):[^\n]{0,40}", fullmatch=True))
def test_an_address_cannot_break_out_of_quotes_or_brackets(text: str) -> None:
    address = escape.url(text)

    assert address.isascii()
    assert not set("\"'<>()[]{}`\\| \n") & set(address)
    assert address.startswith(("http://", "https://", "mailto:")) or not address


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        ("https://arxiv.org/abs/2406.12345v2", "https://arxiv.org/abs/2406.12345v2"),
        (
            "https://a.example/a b?q=(x)&y=%zz%20#[f]",
            "https://a.example/a%20b?q=%28x%29&y=%25zz%20#%5Bf%5D",
        ),
        ("HTTPS://a.example/ü", "https://a.example/%C3%BC"),
        ("https://bücher.example/", "https://xn--bcher-kva.example/"),
        ("mailto:a@b.example?subject=stop%20it", "mailto:a@b.example?subject=stop%20it"),
        ("https://arxiv.org@evil.example/", ""),
        ("javascript:alert(1)", ""),
        ("java\nscript:alert(1)", ""),
        ("data:text/html,x", ""),
        ("//a.example/x", ""),
        ("https://", ""),
        ("http://[::1", ""),
        ("mailto:", ""),
        (f"https://a.example/{'x' * 600}", ""),
    ],
)
def test_only_web_and_mail_addresses_come_out(given_: str, expected: str) -> None:
    assert escape.url(given_) == expected


def test_an_entity_in_an_address_stays_an_address_in_markdown() -> None:
    source = f"[a]({escape.markdown_url('https://a.example/?x=1&copy;=2')})"

    assert 'href="https://a.example/?x=1&amp;copy;=2"' in _MARKDOWN.render(source)


@given(st.lists(st.tuples(_ANY, st.booleans()), max_size=5), st.integers(2, 80))
def test_a_marked_text_is_cut_to_its_room(pieces: list[tuple[str, bool]], most: int) -> None:
    cut = escape.cut(tuple(Span(text, hit=hit) for text, hit in pieces), most)

    whole = "".join(span.text for span in cut)
    assert len(whole) <= most + 2
    assert whole == whole.strip()


def test_right_to_left_text_is_kept_apart() -> None:
    assert escape.isolate("\u05e0\u05d9") == "\u2068\u05e0\u05d9\u2069"
    assert escape.isolate("paper") == "paper"


def test_wrapping_leaves_addresses_whole() -> None:
    address = f"https://a.example/{'x' * 90}"

    wrapped = escape.wrap(f"one two\n\n{address} three", indent=4, first="1.")

    assert wrapped == f"1.  one two\n    {address}\n    three"


def test_what_a_mailto_asks_for_can_be_told_in_words() -> None:
    assert escape.mail_parts("mailto:a@b.example?subject=stop%20it") == ("a@b.example", "stop it")
    assert escape.mail_parts("https://a.example/stop") == ("", "")
