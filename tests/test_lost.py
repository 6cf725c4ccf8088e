"""Days that are lost: which they are, how they are told together, and that they are told once."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest
from databases import NOW
from hypothesis import given
from hypothesis import strategies as st

from digest.letters import Lost, spells
from digest.sources import Parsed, Request, days, lost_days
from digest.sources.arxiv import Arxiv
from digest.sources.files import Files
from digest.sources.huggingface import HuggingFace
from digest.store import Store

pytest_plugins = ["databases"]

TODAY = date(2026, 6, 30)
DATES = st.dates(date(2020, 1, 1), date(2030, 1, 1))


class Journal(msgspec.Struct, frozen=True):
    """A source that says nothing of its days."""

    name: str = "journal"
    home: str = ""

    def requests(self, since: date | None, now: datetime) -> tuple[Request, ...]:
        del since, now
        return ()

    def parse(self, page: object) -> Parsed:
        del page
        return Parsed()


def june(*numbers: int) -> tuple[date, ...]:
    return tuple(date(2026, 6, number) for number in numbers)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (Journal(), june(10, 11, 12, 13, 14, 15)),
        (HuggingFace(), june(10, 11, 12, 15)),
        (HuggingFace(list="weekly"), june(10, 11, 12)),
        (HuggingFace(list="monthly"), ()),
        (HuggingFace(list="trending"), ()),
        (HuggingFace(query="looms"), ()),
        (HuggingFace(paper="2407.21783"), ()),
        (Arxiv(categories=("cs.LG",)), june(10, 11, 12, 15)),
        (Files(path="saved"), ()),
    ],
    ids=lambda each: getattr(each, "list", None) or type(each).__name__,
)
def test_days_older_than_a_fortnight_are_lost_unless_a_list_still_has_them(
    source: HuggingFace, expected: tuple[date, ...]
) -> None:
    assert lost_days(source, date(2026, 6, 9), TODAY) == expected


@pytest.mark.parametrize("source", [Journal(), HuggingFace(), Arxiv(categories=("cs.LG",))])
def test_within_a_fortnight_no_day_is_lost(source: HuggingFace) -> None:
    assert all(lost_days(source, since, TODAY) == () for since in days(date(2026, 6, 15), TODAY))


def test_the_days_that_are_lost_are_those_that_are_not_asked_for() -> None:
    now = datetime(2026, 6, 30, 12, tzinfo=UTC)
    urls = [each.url for each in HuggingFace().requests(date(2026, 6, 9), now)]
    assert "date=2026-06-16" in urls[0]
    assert lost_days(HuggingFace(), date(2026, 6, 9), TODAY)[-1] == date(2026, 6, 15)


def test_days_in_a_row_are_told_together_over_a_weekend() -> None:
    found = spells("hf", june(3, 4, 5, 8, 10))
    assert [(each.first.day, each.last.day) for each in found] == [(3, 8), (10, 10)]


@given(st.sets(DATES, max_size=30))
def test_each_day_that_is_lost_is_in_one_spell(lost: set[date]) -> None:
    found = spells("hf", lost)
    assert all(sum(each.first <= day <= each.last for each in found) == 1 for day in lost)
    assert all(each.first in lost and each.last in lost for each in found)
    assert list(found) == sorted(found, key=lambda each: each.first)


def test_a_lost_day_is_told_after_it_was_noticed_first(store: Store) -> None:
    later = NOW + timedelta(days=1)
    with store.writing() as t:
        t.save_lost_days("hf", june(4, 3), NOW)
        t.save_lost_days("hf", june(4, 5), later)
        t.save_lost_days("arxiv", (), later)

    with store.reading() as t:
        before = NOW - timedelta(seconds=1)
        assert t.lost_since(before, later) == {"hf": june(3, 4, 5)}
        assert t.lost_since(before, NOW) == {"hf": june(3, 4)}
        assert t.lost_since(NOW, later) == {"hf": june(5)}
        assert t.lost_since(later, later) == {}


def test_a_spell_survives_being_stored() -> None:
    lost = Lost(source="hf", first=TODAY, last=TODAY)
    assert msgspec.json.decode(msgspec.json.encode(lost), type=Lost) == lost
