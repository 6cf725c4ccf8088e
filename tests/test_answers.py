from __future__ import annotations

import gzip
import zlib
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.addresses import public, shown
from digest.answers import Body, ExchangeError, seconds_asked

NOW = datetime(2026, 7, 1, 5, 0, tzinfo=UTC)


@given(body=st.binary(max_size=300), more=st.binary(max_size=50), piece=st.integers(1, 40))
def test_a_body_is_the_same_in_whatever_pieces_it_comes(
    body: bytes, more: bytes, piece: int
) -> None:
    for coding, sent in (
        ("gzip", gzip.compress(body) + gzip.compress(more)),
        ("deflate", zlib.compress(body + more)),
        ("", body + more),
    ):
        collected = Body(coding, 10_000)
        for start in range(0, len(sent), piece):
            collected.feed(sent[start : start + piece])
        assert collected.finish() == body + more


@given(sent=st.binary(max_size=200), coding=st.sampled_from(["gzip", "deflate"]))
def test_junk_that_claims_to_be_compressed_is_an_error_or_a_body(sent: bytes, coding: str) -> None:
    collected = Body(coding, 1000)
    try:
        collected.feed(sent)
        assert len(collected.finish()) <= 1000
    except ExchangeError:
        pass


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("٣", None),
        ("0", 0),
        ("120", 120),
        ("9" * 5000, 366 * 86400),
        ("Tue, 30 Jun 2026 05:00:00 GMT", 0),
        ("Wednesday, 01-Jul-26 05:01:00 GMT", 60),
        ("Wed Jul  1 05:01:00 2026", 60),
        ("Wed, 99 Jul 2026 05:00:00 GMT", None),
    ],
)
def test_a_retry_after_is_seconds_or_a_date(text: str, seconds: float | None) -> None:
    assert seconds_asked(text, "", NOW) == seconds


@given(st.text(), st.text())
def test_no_retry_after_breaks_a_run(text: str, date: str) -> None:
    seconds = seconds_asked(text, date, NOW)
    assert seconds is None or 0 <= seconds <= 366 * 86400


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://ann:pw@a.example/x", "https://***@a.example/x"),
        ("https://a.example/@ann?q=a@b", "https://a.example/@ann?q=a@b"),
        ("https://a.example/?q=1&token=t&p=2", "https://a.example/?q=1&token=***&p=2"),
        ("https://a.example/?api_key=k", "https://a.example/?api_key=***"),
        ("https://a.example/?access-token=k#tok", "https://a.example/?access-token=***"),
        ("https://a.example/?X-Amz-Signature=k", "https://a.example/?X-Amz-Signature=***"),
        ("https://a.example/?keywords=k&author=b", "https://a.example/?keywords=k&author=b"),
    ],
)
def test_an_address_is_shown_without_its_secrets(url: str, safe: str) -> None:
    assert shown(url) == safe


@pytest.mark.parametrize(
    ("url", "open_to_all"),
    [
        ("https://ann:pw@example.org/list?page=2", "https://example.org/list?page=2"),
        ("https://example.org/list?token=abc&page=2", "https://example.org/list"),
        ("https://example.org/list?q=a@b", "https://example.org/list?q=a@b"),
    ],
    ids=["login", "token", "neither"],
)
def test_readers_get_an_address_without_what_opens_it(url: str, open_to_all: str) -> None:
    assert public(url) == open_to_all
