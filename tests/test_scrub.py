"""Texts made fit for a log."""

from __future__ import annotations

import string
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.scrub import HIDDEN, Hidden, Scrubber, hidden_in

CONFIG = {
    "newsletter": {"title": "Paper digest", "timezone": "Europe/Berlin"},
    "sources": [
        {"kind": "feed", "url": "https://bob:hunter22@feeds.example.org/x?token=abcdef99&as=full"}
    ],
    "subscribers": [
        {
            "name": "Ann Bee",
            "email": "ann.b@example.org",
            "keywords": ["data selection^2", "-medical", "title: (robot OR drone)", "世界模型"],
            "cadence": "weekdays",
        }
    ],
}
SCRUBBER = Scrubber(hidden_in(CONFIG, ["s3cr3t/x"]))


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("403 from the server; set [http] user_agent", None),
        ("no page for weekdays in Europe/Berlin, as full", None),
        ("<ann.b@example.org>: user unknown", f"<{HIDDEN}>: user unknown"),
        ('"ann b"@example.org refused', f"{HIDDEN} refused"),
        ("to=eve%40example.org", HIDDEN),
        ("ann.b: user unknown", f"{HIDDEN}: user unknown"),
        ("for ANN BEE, for Ann-Bee", f"for {HIDDEN}, for {HIDDEN}"),
        ("of Data  Selections and robots", f"of {HIDDEN} and {HIDDEN}"),
        ("a pan-medical drone", f"a pan-{HIDDEN} {HIDDEN}"),
        ("关于世界模型的", f"关于{HIDDEN}的"),
        ("no token abcdef99 (hunter22)", f"no token {HIDDEN} ({HIDDEN})"),
        ("s3cr3t/x S3CR3T%2Fx", f"{HIDDEN} {HIDDEN}"),
        (
            "https://bob:pw@a.example.org:8080/t0k3n/x?a=b#c: 500",
            "https://a.example.org:8080/… 500",
        ),
        ("at https://[::1]:80/x", "at https://[::1]:80/…"),
        ("postgresql://digest:p/w@db/digest", f"postgresql://{HIDDEN}/…"),
        ("GET /search?q=x&n=1 failed", "GET /search?… failed"),
        ("two\nlines\x1b[31m and half \ud800", "two lines\ufffd[31m and half \ufffd"),
    ],
)
def test_a_text_is_told_without_what_is_hidden(said: str, left: str | None) -> None:
    assert SCRUBBER.text(said) == (said if left is None else left)


def test_what_the_operator_calls_a_thing_may_be_a_readers_word_but_no_address() -> None:
    assert SCRUBBER.name("medical drones") == "medical drones"
    assert SCRUBBER.name("feed of ann.b@example.org, s3cr3t/x") == f"feed of {HIDDEN}, {HIDDEN}"


def test_a_short_word_is_hidden_where_it_stands_alone() -> None:
    scrubber = Scrubber(Hidden(words=frozenset({"ai", "rag"})))
    assert (
        scrubber.text("AI failed again: rag, not rage")
        == f"{HIDDEN} failed again: {HIDDEN}, not rage"
    )


def test_of_a_text_without_end_the_beginning_is_told() -> None:
    assert len(SCRUBBER.text("again and " * 100_000)) < 2100


def test_a_config_that_cannot_be_used_hides_what_it_can() -> None:
    raw = {"subscribers": [{"nmae": "Ann", "keywords": "looms"}, 3], "sources": "none"}
    assert hidden_in(raw).words == {"Ann", "looms"}


def test_nothing_is_hidden_where_nothing_is_known() -> None:
    assert Scrubber(Hidden()).text("a plain text") == "a plain text"


WORDS = st.text(string.ascii_lowercase, min_size=1, max_size=12)
ANY = st.text(max_size=40)


@given(
    secrets=st.lists(
        st.text(string.ascii_letters + "/+=_-%&?", min_size=6), min_size=1, max_size=4
    ),
    around=st.lists(ANY, min_size=2, max_size=2),
)
def test_no_secret_is_left_whatever_stands_around_it(secrets: list[str], around: list[str]) -> None:
    scrubber = Scrubber(Hidden(secrets=frozenset(secrets)))
    for secret in secrets:
        for form in (secret, quote(secret, safe="")):
            assert form not in scrubber.text(f"{around[0]}{form}{around[1]}")


@given(row=st.lists(WORDS, min_size=1, max_size=4), around=st.lists(WORDS, min_size=2, max_size=2))
def test_no_keyword_is_left_whatever_stands_around_it(row: list[str], around: list[str]) -> None:
    keyword = " ".join(row)
    left = Scrubber(Hidden(words=frozenset({keyword}))).text(f"{around[0]} {keyword}, {around[1]}")
    assert f" {keyword}," not in f" {left},"


@given(local=st.text(string.ascii_letters + ".+-_'", min_size=1), before=ANY)
def test_no_address_is_left_whatever_stands_before_it(local: str, before: str) -> None:
    assert "@example.org" not in SCRUBBER.text(f"{before} {local}@example.org")


@given(ANY)
def test_whatever_is_said_becomes_one_line(text: str) -> None:
    assert SCRUBBER.text(text).isprintable()
