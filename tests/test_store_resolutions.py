from __future__ import annotations

from databases import HOUR, NOW, a_paper

from digest.resolve import Resolution
from digest.store import Store

pytest_plugins = ["databases"]


def test_what_was_found_is_remembered_and_what_was_not(store: Store) -> None:
    with store.writing() as t:
        t.save_resolutions({"on looms": a_paper(), "on soap": None}, NOW)

    with store.reading() as t:
        assert t.resolutions({"on looms", "on soap", "on cards"}) == {
            "on looms": Resolution(paper=a_paper(), asked_at=NOW),
            "on soap": Resolution(paper=None, asked_at=NOW),
        }


def test_a_later_answer_takes_the_place_of_an_earlier_one(store: Store) -> None:
    for paper, hours in ((None, 0), (None, 1), (a_paper(), 2)):
        with store.writing() as t:
            t.save_resolutions({"on looms": paper}, NOW + hours * HOUR)

    with store.reading() as t:
        assert t.resolutions({"on looms"}) == {
            "on looms": Resolution(paper=a_paper(), asked_at=NOW + 2 * HOUR)
        }


def test_nothing_is_asked_of_the_store_for_no_titles(store: Store) -> None:
    with store.writing() as t:
        t.save_resolutions({}, NOW)
        assert t.resolutions(set()) == {}
