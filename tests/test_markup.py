"""Text out of the markup of titles and abstracts."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.sources.markup import without_markup


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ("plain", "plain"),
        ("CO<sub>2</sub> in <i>E.\n coli</i>", "CO2 in E. coli"),
        ("<jats:title>Abstract</jats:title><jats:p>We do.</jats:p>", "We do."),
        ("<jats:p>One.</jats:p><jats:p>Two.</jats:p>", "One. Two."),
        ("<jats:title>Aims.</jats:title><jats:p>We do.</jats:p>", "Aims: We do."),
        ("a &lt; b &amp;amp; c &gt; d", "a < b & c > d"),
        ("&lt;b&gt;Bold&lt;/b&gt; claims", "Bold claims"),
        ("if a < b and c > d, <eos> ends", "if a < b and c > d, <eos> ends"),
        ("<P CLASS='x'>Loud</P>", "Loud"),
        (
            "<mml:math>\n <mml:mi>x</mml:mi>\n <mml:mo>=</mml:mo> <mml:mn>1</mml:mn>\n</mml:math>",
            "x=1",
        ),
        (
            r"the <tex-math>\documentclass$$x$$</tex-math><mml:mi>x</mml:mi> axis",
            "the x axis",
        ),
        ("the <jats:tex-math>$y$</jats:tex-math> axis", "the $y$ axis"),
        ("&#xD800; &#99999999999; &#x41;", "A"),
    ],
)
def test_what_is_markup_is_taken_away(said: str, text: str) -> None:
    assert without_markup(said).replace("\ufffd", "").strip() == text


def test_a_number_beyond_all_characters_is_no_error() -> None:
    assert without_markup(f"a &#{'9' * 9000}; b") == "a \ufffd b"


@pytest.mark.parametrize("value", [None, 7, ["x"], {"a": "b"}])
def test_what_is_no_text_says_nothing(value: object) -> None:
    assert without_markup(value) == ""


@pytest.mark.parametrize(
    "piece",
    ["<mml:math> ", "<title>", "<jats:tex-math>", "<", "&#", "<p ", "&lt;p ", "math<mml:a>"],
)
def test_markup_without_end_is_read_at_once(piece: str) -> None:
    began = time.process_time()
    without_markup(piece * (300_000 // len(piece)))
    assert time.process_time() - began < 5


@given(st.text(alphabet="<>/&;#x19pi jats:title mml:math amp lt", max_size=80))
def test_any_text_is_read(said: str) -> None:
    assert isinstance(without_markup(said), str)
