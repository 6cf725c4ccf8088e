"""Single values: taken if they are what they should be."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.sources import fields

DAY = date(2026, 6, 12)


@pytest.mark.parametrize(
    "said",
    [
        *("2026-06-12", "2026-06-12T23:59:59Z", "2026/06/12", " 2026-06-12 10:00", "12.06.2026"),
        *("Fri, 12 Jun 2026 10:00:00 GMT", "12 Jun 2026 10:00 +0200", "Fri Jun 12 10:00:00 2026"),
        *("12 June 2026", "12 Jun 2026", "12 Jun. 2026", "12-Jun-2026", "12th of June, 2026"),
        *(
            "June 12, 2026",
            "Jun 12 2026",
            "JUNE 12th, 2026",
            "Submitted 12 June, 2026; v2 13 May 2025",
        ),
        *("Published: 2026-06-12", "Published on Friday, June 12, 2026 by the press"),
    ],
)
def test_a_day_is_read_as_people_write_it(said: str) -> None:
    assert fields.day(said) == DAY


@pytest.mark.parametrize(
    "said",
    [
        *("", "June 2026", "2026", "06/12/2026", "yesterday", "31 June 2026", "2026-13-01"),
        *("12 Juno 2026", "12026-06-12", "some day", "112 June 2026", "version 3.12 June 2026"),
        None,
        20260612,
    ],
)
def test_what_names_no_one_day_is_none(said: object) -> None:
    assert fields.day(said) is None


@given(st.dates())
def test_every_day_is_read_back(day: date) -> None:
    month = day.strftime("%B")
    year = f"{day.year:04}"
    for said in (
        day.isoformat(),
        f"{day.day} {month} {year}",
        f"{month} {day.day}, {year}",
        f"{day.day}.{day.month}.{year}",
    ):
        assert fields.day(said) == day


@given(st.text() | st.integers() | st.none())
def test_any_value_is_a_day_or_none(value: object) -> None:
    assert fields.day(value) is None or isinstance(fields.day(value), date)


@pytest.mark.parametrize(
    ("said", "names"),
    [
        ("Ada Lovelace, Charles Babbage", ("Ada Lovelace", "Charles Babbage")),
        ("Ada Lovelace and Charles Babbage", ("Ada Lovelace", "Charles Babbage")),
        ("Ada Lovelace, and Charles Babbage", ("Ada Lovelace", "Charles Babbage")),
        ("Lovelace, A., Babbage, C. H.", ("A. Lovelace", "C. H. Babbage")),
        ("Ada Lovelace; ", ("Ada Lovelace",)),
        ("", ()),
    ],
)
def test_one_text_of_many_names_is_split(said: str, names: tuple[str, ...]) -> None:
    assert fields.names(said) == names


def test_tags_are_short_and_no_addresses() -> None:
    said = ["Optics", "Optics", " cs.LG ", "x" * 41, "https://a.example", "", None, 7]
    assert fields.tags(said) == ("Optics", "cs.LG")
