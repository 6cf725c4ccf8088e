"""LaTeX made readable, and text made harmless."""

# ruff: noqa: RUF001 - such characters are what is tested here.

from __future__ import annotations

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from digest.latex import clean, readable

READ = [
    (r"Poincar\'e and G\"odel", "Poincaré and Gödel"),
    (r"{\'e}cole, Fran\c{c}ois, \v{S}koda", "école, François, Škoda"),
    (r"na\"{\i}ve", "naïve"),
    (r"Stra\ss e, \L{}ukasz, {\o}re, \AA ngstr\"om", "Straße, Łukasz, øre, Ångström"),
    (r"$\alpha$-divergence", "α-divergence"),
    (r"$x^2$ and x^2 and 10^{-6}", "x² and x² and 10⁻⁶"),
    (r"$x_{i}$, CO$_2$, $\ell_1$", "xᵢ, CO₂, ℓ₁"),
    (r"$d_{model}$", "d_model"),
    (r"$x^{2k!}$ and $y^*$", "x^(2k!) and y^*"),
    (r"5$\times$ faster, $p \leq 0.05$, $a \to b$", "5× faster, p ≤ 0.05, a → b"),
    (r"$\mathbb{R}^n$, $\mathcal{N}(0, I)$", "ℝⁿ, N(0, I)"),
    (r"\emph{very \textbf{bold}} \text{words}", "very bold words"),
    (r"50\% of A \& B for \$7", "50% of A & B for $7"),
    ("``quotes'' --- and pages 3--5", "“quotes” — and pages 3–5"),
    (r"$\sqrt{d_k}$, $\frac{a}{b+1}$", "√dₖ, a/(b+1)"),
    (r"\url{https://example.org/a_b}", "https://example.org/a_b"),
    (r"\href{https://example.org}{our page}", "our page"),
    (r"$\hat{y}$ and $30^\circ$", "ŷ and 30°"),
    (r"\(\beta\) and \[x^2\]", "β and x²"),
    (r"$k$ and $n = 3$", "k and n = 3"),
    ("Figure~1", "Figure 1"),
]

LEFT = [
    "it costs $5 and $10",
    "from $39.9 to 160$ a month",
    r"\foo{x} and \cite{smith2020}",
    "about ~5% more",
    "run it with --flag set",
    "a set {1, 2} and {BERT}",
    "snake_case_name and file_1",
    "<think> and </think>",
    "x' and 'quoted'",
    "$",
    "\\",
]


@pytest.mark.parametrize(("text", "expected"), READ)
def test_latex_becomes_what_a_person_would_write(text: str, expected: str) -> None:
    assert readable(text) == expected


@pytest.mark.parametrize("text", LEFT)
def test_what_is_no_latex_or_not_known_stays(text: str) -> None:
    assert readable(text) == text


@pytest.mark.parametrize(("text", "expected"), READ)
def test_reading_twice_is_reading_once(text: str, expected: str) -> None:
    assert readable(readable(text)) == expected


LATEX = st.lists(
    st.sampled_from(
        [*"aZ1 ${}^_\\~%&'`\"-.", r"\alpha", r"\'", r"\text", r"\frac", r"\foo", r"\(", r"\)"]
    ),
    max_size=30,
).map("".join)


@given(LATEX | st.text())
@example(r"\textbf{^}2")
@example(r"\$x\$")
def test_readable_is_idempotent_and_on_one_line(text: str) -> None:
    once = readable(text)
    assert readable(once) == once
    assert once == " ".join(once.split())


@pytest.mark.parametrize(
    "piece",
    ["{", "$", "\\'", "\\frac{", "^{", "$x", "\\textbf{", "}{", "``", "--", "\\(", "~1", "a\\$ "],
)
def test_a_long_text_is_read_in_linear_time(piece: str) -> None:
    started = time.perf_counter()
    readable(piece * 40_000)
    assert time.perf_counter() - started < 5


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("two\n  lines\tand\u00a0more", "two lines and more"),
        ("nul\x00 bell\x07 c1\x9b", "nul bell c1"),
        ("lone \ud800 surrogate", "lone surrogate"),
        ("zero\u200bwidth \ufeffmark soft\u00adhyphen", "zerowidth mark softhyphen"),
        ("gpj\u202egnp.exe", "gpjgnp.exe"),
        ("\u2067שלום\u2069 stays", "\u2067שלום\u2069 stays"),
        ("la\u200dtin joined", "latin joined"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("👩\u200d🔬 at work", "👩\u200d🔬 at work"),
    ],
)
def test_clean_drops_what_is_invisible_and_does_harm(text: str, expected: str) -> None:
    assert clean(text) == expected


@given(st.text(st.characters(exclude_categories=[])))
@example("\u202a\u2066\u202c\u2069")
def test_clean_is_idempotent_and_can_be_stored(text: str) -> None:
    once = clean(text)
    assert clean(once) == once
    once.encode()
    assert "\x00" not in once
