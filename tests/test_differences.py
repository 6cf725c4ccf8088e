"""How two letters differ: what came, what went, what moved, and where it is instead."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from letter_factory import letter, paper

from digest.differences import Counts, Difference, Moved, Told, difference, related
from digest.letters import Excluded, Item, Letter, Receipt, Section, Span

DAY = date(2026, 6, 12)
NEXT = DAY + timedelta(days=1)
SECTIONS: tuple[Section, ...] = ("for_you", "trending", "rising", "revised", "more")


def item(number: int, section: Section = "for_you", **names: Any) -> Item:
    told = paper(**{"title": f"On Looms {number}", "arxiv": f"2606.{number:05}", **names})
    return Item(identifier=told.identifier, section=section, paper=told, title=(Span("On…"),))


def of(*items: Item, left_out: str = "") -> Letter:
    excluded = (Excluded(keyword="-clay", titles=(left_out,)),) if left_out else ()
    receipt = Receipt(read=9, sources=("arxiv",), excluded=excluded)
    made: Letter = letter(items=items, receipt=receipt)
    return made


def between(sent: Letter | None, made: Letter | None) -> Difference:
    return difference(DAY, "Ann", sent, made)


def told(number: int, **fields: Any) -> Told:
    given = {"where": "here", **fields}
    return Told(identifier=f"arxiv:2606.{number:05}", title=f"On Looms {number}", **given)


def test_the_same_letter_does_not_differ() -> None:
    same = of(item(1), item(2, "trending"), item(3, "revised"), item(4, "more"))
    found = between(same, same)
    assert found.same
    assert found.sent == found.made == Counts(here=2, more=1, revised=1)


def test_what_is_told_of_now_is_added_and_what_was_is_dropped() -> None:
    found = between(of(item(1), item(2, "more")), of(item(3, "more"), item(1)))
    assert not found.same
    assert found.added == (told(3, where="more"),)
    assert found.dropped == (told(2, where="more"),)
    assert found.moved == ()


@pytest.mark.parametrize(
    ("then", "now", "moved"),
    [
        ("for_you", "more", ("here", "more")),
        ("more", "rising", ("more", "here")),
        ("for_you", "trending", None),
        ("revised", "for_you", ("revised", "here")),
    ],
)
def test_a_paper_moves_between_what_is_told_in_full_and_what_is_not(
    then: Section, now: Section, moved: tuple[str, str] | None
) -> None:
    found = between(of(item(1, then)), of(item(1, now)))
    assert [(each.was, each.where) for each in found.moved] == ([moved] if moved else [])
    assert found.same == (moved is None)


def test_another_order_is_a_difference() -> None:
    found = between(of(item(1), item(2)), of(item(2), item(1)))
    assert found.reordered
    assert not found.same
    assert (found.added, found.dropped, found.moved) == ((), (), ())


def test_where_papers_came_or_went_the_order_is_not_spoken_of() -> None:
    assert not between(of(item(1), item(2)), of(item(2), item(3), item(1))).reordered


@pytest.mark.parametrize("there", ["sent", "made"])
def test_a_letter_where_there_was_none_is_a_difference(there: str) -> None:
    only = of(item(1))
    found = between(only, None) if there == "sent" else between(None, only)
    assert not found.same
    assert (found.sent is None, found.made is None) == (there == "made", there == "sent")
    assert found.dropped == ((told(1),) if there == "sent" else ())


def test_a_letter_without_papers_differs_from_no_letter() -> None:
    assert not between(of(), None).same
    assert between(None, None).same


def test_what_got_an_identifier_since_is_the_same_paper() -> None:
    then = item(1, arxiv="", doi="", openreview="", pubmed="")
    assert then.identifier == "title:on looms 1"
    assert between(of(then), of(item(1))).same
    assert between(of(item(1, doi="10.1234/x")), of(item(1, arxiv="", doi="10.1234/x"))).same


def test_two_papers_of_one_title_are_two() -> None:
    found = between(of(item(1)), of(item(1, arxiv="2606.00002")))
    assert (len(found.added), len(found.dropped)) == (1, 1)


def test_what_a_keyword_leaves_out_now_is_said() -> None:
    found = between(of(item(1), item(2)), of(item(2), left_out="On Looms 1"))
    assert found.dropped == (told(1, left_out="-clay"),)


def test_what_comes_on_another_day_is_said() -> None:
    early = difference(DAY, "Ann", None, of(item(1)))
    late = difference(NEXT, "Ann", of(item(1), item(2)), of(item(2)))
    other = difference(NEXT, "Bob", of(item(1)), None)

    first, second, bobs = related([early, late, other])

    assert first.added == (told(1, instead=NEXT),)
    assert second.dropped == (told(1, instead=DAY),)
    assert bobs.dropped == (told(1),)


letters = st.lists(
    st.tuples(st.integers(1, 12), st.sampled_from(SECTIONS)), unique_by=lambda each: each[0]
).map(lambda told: of(*(item(number, section) for number, section in told)))


@given(letters, letters)
def test_what_was_less_what_went_and_more_what_came_is_what_is(then: Letter, now: Letter) -> None:
    found = between(then, now)
    was = {each.identifier for each in then.items}
    is_ = {each.identifier for each in now.items}
    assert {each.identifier for each in found.added} == is_ - was
    assert {each.identifier for each in found.dropped} == was - is_
    assert {each.identifier for each in found.moved} <= was & is_
    back = between(now, then)
    assert (back.added, back.dropped, back.reordered) == (
        found.dropped,
        found.added,
        found.reordered,
    )
    turned = {
        Moved(identifier=m.identifier, title=m.title, was=m.where, where=m.was) for m in back.moved
    }
    assert turned == set(found.moved)
