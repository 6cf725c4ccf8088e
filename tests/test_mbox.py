"""Many mails in one text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.sources.mbox import join, split

MAIL = b"From: ann@example.org\nSubject: looms\n\nFrom me to you.\n\n>From here.\n"
MARK = b"From ann Thu Jan  1 00:00:00 2026\n"


def test_lines_that_look_like_a_beginning_are_marked_and_come_back() -> None:
    text = join([MAIL, MAIL])
    assert text.count(b"\n>From me") == text.count(b"\n>>From here") == 2
    assert split(text) == [MAIL.rstrip() + b"\n\n"] * 2


@pytest.mark.parametrize(
    ("text", "mails"),
    [
        (b"", []),
        (b"\n\n", []),
        (MAIL, [MAIL]),
        (MARK, [b""]),
        (MARK + b"A: 1\n\nb\n\n" + MARK + b"A: 2\n\nb\n", [b"A: 1\n\nb\n\n", b"A: 2\n\nb\n"]),
        (MARK.replace(b"\n", b"\r\n") + b"A: 1\r\n\r\nb\r\n", [b"A: 1\r\n\r\nb\r\n"]),
        (b"A: 1\n\nb\n\nFrom here on\n", [b"A: 1\n\nb\n\nFrom here on\n"]),
    ],
    ids=["nothing", "empty lines", "one mail", "a mark alone", "two", "CRLF", "no mark at first"],
)
def test_a_text_is_split_where_mails_begin(text: bytes, mails: list[bytes]) -> None:
    assert split(text) == mails


@given(st.lists(st.lists(st.sampled_from([b"From x", b">From x", b"", b"word"]))))
def test_mails_come_back_but_for_their_last_empty_lines(mails: list[list[bytes]]) -> None:
    texts = [b"A: 1\n" + b"\n".join(lines) for lines in mails]
    found = split(join(texts))
    assert [each.rstrip(b"\n") for each in found] == [each.rstrip(b"\n") for each in texts]


@given(st.binary())
def test_any_bytes_can_be_split(text: bytes) -> None:
    assert all(isinstance(each, bytes) for each in split(text))
