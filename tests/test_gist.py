from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.gist import (
    EXCERPT_WORDS,
    GIST_WORDS,
    Marked,
    excerpt,
    gist,
    mark,
    sentences,
    shortened,
    summary,
)

stretches = st.lists(
    st.tuples(st.integers(0, 60), st.integers(0, 60)).map(lambda pair: (min(pair), max(pair)))
)


def joined(marked: Marked) -> str:
    return "".join(span.text for span in marked)


@given(st.text(max_size=50), stretches)
def test_marks_never_lose_text(text: str, hits: list[tuple[int, int]]) -> None:
    marked = mark(text, hits)

    assert joined(marked) == text
    assert all(span.text for span in marked)


@given(st.text(max_size=50), stretches)
def test_each_character_of_a_hit_is_marked_and_no_other(
    text: str, hits: list[tuple[int, int]]
) -> None:
    flags = [span.hit for span in mark(text, hits) for _ in span.text]

    assert flags == [any(a <= at < b for a, b in hits) for at in range(len(text))]


@given(st.text(max_size=900), stretches)
def test_what_is_cut_is_the_beginning_and_says_so(text: str, hits: list[tuple[int, int]]) -> None:
    for cut, most in ((excerpt, EXCERPT_WORDS), (summary, GIST_WORDS)):
        shown = joined(cut(text, hits))
        assert shown == text or (shown.endswith("…") and text.startswith(shown[:-1]))
        assert len(shown.split()) <= max(most, len(text.split()) if shown == text else 0)


@given(st.text(max_size=300))
def test_sentences_are_in_order_and_apart(text: str) -> None:
    places = [place for pair in sentences(text) for place in pair]

    assert places == sorted(places)
    assert all(0 <= place <= len(text) for place in places)


@pytest.mark.parametrize(
    "text",
    [
        "Gardens, e.g. Kew, are old.",
        "As Quill et al. Showed, gardens are old.",
        "See Fig. 3 and Eq. 4 for gardens.",
        "The work of J. Quill is old.",
        "Gardens grew by approx. 3.5 percent.",
        "It is old, i.e. Very old.",
    ],
)
def test_an_abbreviation_ends_no_sentence(text: str) -> None:
    assert len(sentences(text)) == 1


def test_sentences_end_where_a_reader_would_say() -> None:
    text = 'Gardens grow. Do they? "They do." (We looked.) So they do!'

    assert [text[a:b] for a, b in sentences(text)] == [
        "Gardens grow.",
        "Do they?",
        '"They do."',
        "(We looked.)",
        "So they do!",
    ]


@pytest.mark.parametrize(
    ("abstract", "begins"),
    [
        (
            (
                "Gardens have been tended since people began to settle near rivers. "
                "We show that a garden watered at night keeps twice as many of its bees. "
                "Code is on our page."
            ),
            "We show",
        ),
        (
            (
                "Bees are many in the gardens of the north and of the south. "
                "Watering at night improves their number by a factor of two. Wow."
            ),
            "Watering",
        ),
        ("Only one sentence stands here and it has no verb of ours", "Only one"),
        ("Short. Words.", "Short."),
    ],
)
def test_the_sentence_that_says_what_was_found_is_shown(abstract: str, begins: str) -> None:
    assert joined(gist(abstract, ())).startswith(begins)


def test_a_sentence_with_a_hit_is_told_before_one_without() -> None:
    text = (
        "The first of all sentences says nothing much of interest. "
        "The second of them says a word on bees at night."
    )
    at = text.index("bees")

    assert joined(gist(text, ((at, at + 4),))).startswith("The second")


def test_the_hits_of_a_gist_are_marked() -> None:
    text = "Nothing. We find that bees at night are more than by day in gardens."
    at = text.index("bees")

    assert [span.text for span in gist(text, ((at, at + 4),)) if span.hit] == ["bees"]


def test_an_empty_abstract_has_no_gist() -> None:
    assert gist("", ()) == gist("  ", ()) == ()
    assert excerpt("", ()) == ()


def test_a_long_sentence_is_cut() -> None:
    text = "We show " + "very " * 100 + "much."

    assert joined(gist(text, ())) == "We show " + "very " * (GIST_WORDS - 3) + "very…"


def test_a_title_without_end_is_cut() -> None:
    assert len(joined(shortened("a" * 100_000, ()))) == 301
