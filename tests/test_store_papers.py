from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from databases import DAY, HOUR, NOW, a_listing, a_paper, a_sighting, about, new, new_papers
from msgspec.structs import replace

from digest.papers import Paper, Sighting, Validators, fingerprint
from digest.seen import Change, Changes, Known, diff
from digest.store import SourceState, Store
from digest.subscribers import Candidate

pytest_plugins = ["databases"]

LATER = NOW + HOUR
NEXT = DAY + timedelta(days=1)
MINUTE = timedelta(minutes=1)


def _save(store: Store, changes: Changes, now: object = NOW) -> None:
    with store.writing() as t:
        t.save_changes(changes, now)  # type: ignore[arg-type]  # A datetime.


def _known(store: Store, *papers: Paper) -> tuple[Known, ...]:
    with store.reading() as t:
        return t.known([a_sighting(paper) for paper in papers])


def test_a_paper_is_known_by_any_identifier(store: Store) -> None:
    _save(store, new(a_sighting(a_paper(doi="10.1/x"))))

    assert [known.id for known in _known(store, Paper(title="Else", doi="10.1/x"))] == [1]


def test_a_paper_is_known_by_the_normal_form_of_its_title(store: Store) -> None:
    _save(store, new(a_sighting(a_paper(title="On Päper, Nr. 1"))))

    assert [known.id for known in _known(store, Paper(title="ON PAPER: nr 1"))] == [1]


def test_a_title_that_two_papers_share_finds_both(store: Store) -> None:
    _save(store, new(*(a_sighting(a_paper(n, title="Editorial")) for n in (1, 2))))

    assert len(_known(store, Paper(title="Editorial"))) == 2


def test_a_paper_is_known_by_the_title_of_any_listing(store: Store) -> None:
    sighting = a_sighting(a_paper(title="Its other title"))
    _save(store, new(a_sighting(a_paper(1))))
    _save(store, about(1, a_paper(1), a_listing(sighting)))

    assert [known.id for known in _known(store, Paper(title="Its other title"))] == [1]


def test_a_paper_without_letters_in_its_title_is_found_by_name_alone(store: Store) -> None:
    _save(store, new(a_sighting(a_paper(title="!?"))))

    assert _known(store, Paper(title="…")) == ()


def test_known_says_what_each_source_listed_last_and_when(store: Store) -> None:
    hf = a_sighting(a_paper(1, abstract="Shorter."), source="huggingface", day=None)
    _save(store, new(a_sighting(a_paper(1))))
    _save(store, about(1, a_paper(1), a_listing(hf, news=False)))

    (known,) = _known(store, a_paper(1))

    assert known.listed == {("arxiv", DAY), ("huggingface", None)}
    assert known.prints == {"arxiv": fingerprint(a_paper(1)), "huggingface": fingerprint(hf.paper)}
    assert (known.paper, known.revision) == (a_paper(1), 1)


def test_an_earlier_day_listed_again_is_what_the_source_listed_last(store: Store) -> None:
    changed = a_paper(1, abstract="Changed.")
    _save(store, new(a_sighting(a_paper(1))))
    _save(store, about(1, a_paper(1), a_listing(a_sighting(a_paper(1), day=NEXT))), LATER)
    _save(store, about(1, changed, a_listing(a_sighting(changed), again=True)), LATER + HOUR)

    (known,) = _known(store, a_paper(1))

    assert known.prints == {"arxiv": fingerprint(changed)}


@pytest.mark.parametrize("day", [DAY, None], ids=["dated", "undated"])
def test_a_listing_again_changes_its_votes_alone(store: Store, day: date | None) -> None:
    first = a_sighting(a_paper(1), day=day, votes=3)
    again = a_sighting(a_paper(1), day=day, votes=57)
    _save(store, new(first))
    _save(store, about(1, a_paper(1), a_listing(again, news=False, again=True)), LATER)

    with store.reading() as t:
        (candidate,) = t.pool(NOW)
        assert t.pool(LATER) == ()

    assert [(seen.votes, seen.at) for seen in candidate.seen] == [(57, NOW)]


def test_a_listing_without_votes_keeps_those_known(store: Store) -> None:
    _save(store, new(a_sighting(a_paper(1), votes=3)))
    _save(store, about(1, a_paper(1), a_listing(a_sighting(a_paper(1)), again=True)), LATER)

    with store.reading() as t:
        assert t.pool(NOW)[0].votes == 3


def test_a_merged_paper_takes_the_place_of_the_one_before(store: Store) -> None:
    merged = a_paper(1, doi="10.1/x", comment="Accepted")
    _save(store, new_papers(1))
    _save(store, about(1, merged, a_listing(a_sighting(merged), again=True)), LATER)

    (known,) = _known(store, Paper(title="Else", doi="10.1/x"))

    assert known.paper == merged


def test_a_revised_paper_is_in_the_pool_again(store: Store) -> None:
    old = a_listing(a_sighting(a_paper(1)), news=False, again=True)
    _save(store, new_papers(1, 2))
    _save(store, about(1, a_paper(1, version=2), old, revision=2), LATER)

    with store.reading() as t:
        assert [(c.id, c.revision, c.first_seen) for c in t.pool(LATER)] == [(1, 2, NOW)]


def test_a_paper_changed_without_a_revision_is_not_in_the_pool_again(store: Store) -> None:
    old = a_listing(a_sighting(a_paper(1)), news=False, again=True)
    _save(store, new_papers(1))
    _save(store, about(1, a_paper(1, comment="8 pages"), old), LATER)

    with store.reading() as t:
        assert t.pool(LATER) == ()


def test_a_paper_that_a_later_source_makes_news_is_in_the_pool_again(store: Store) -> None:
    rising = a_sighting(a_paper(1), source="huggingface", day=NEXT, votes=40)
    _save(store, new_papers(1))
    _save(store, about(1, a_paper(1), a_listing(rising)), LATER)

    with store.reading() as t:
        (candidate,) = t.pool(LATER)

    assert [seen.source for seen in candidate.seen] == ["arxiv", "huggingface"]
    assert candidate.votes == 40
    assert candidate.day == NEXT


def test_a_name_stays_with_the_paper_that_had_it_first(store: Store) -> None:
    _save(store, new_papers(1, 2))
    claims = a_listing(a_sighting(a_paper(2), day=NEXT))
    _save(store, about(2, replace(a_paper(2), doi="10.1/x"), claims))
    _save(store, about(1, replace(a_paper(1), doi="10.1/x"), a_listing(a_sighting(a_paper(1)))))

    assert [known.id for known in _known(store, Paper(title="Else", doi="10.1/x"))] == [2]


def test_more_papers_than_a_statement_can_list_are_saved_and_known(store: Store) -> None:
    listed: list[Sighting] = [a_sighting(a_paper(number)) for number in range(2500)]
    _save(store, new(*listed))

    with store.reading() as t:
        known = t.known(listed)
        assert len(t.pool(NOW)) == 2500

    assert [k.paper for k in known] == [sighting.paper for sighting in listed]


def test_nothing_listed_changes_nothing(store: Store) -> None:
    _save(store, new())

    assert _known(store) == ()


def test_papers_are_listed_newest_first(store: Store) -> None:
    _save(store, new_papers(1, 2))
    _save(store, new(a_sighting(a_paper(3), source="huggingface")), LATER)

    with store.reading() as t:
        assert [c.id for c in t.papers(2)] == [3, 2]
        assert [c.id for c in t.papers(9, source="arxiv")] == [2, 1]
        assert [c.id for c in t.papers(9, since=LATER)] == [3]


@pytest.mark.parametrize(
    "text",
    [
        "2408.00001v3",
        "https://arxiv.org/abs/2408.00001",
        "arxiv:2408.00001",
        "on PAPER number 1",
        "title:on paper number 1",
    ],
)
def test_a_paper_is_found_by_what_a_person_types(store: Store, text: str) -> None:
    _save(store, new_papers(1, 2))

    with store.reading() as t:
        assert [c.paper for c in t.find(text)] == [a_paper(1)]


@pytest.mark.parametrize("text", ["", "…", "no such paper", "2408.99999"])
def test_what_names_no_paper_finds_none(store: Store, text: str) -> None:
    _save(store, new_papers(1))

    with store.reading() as t:
        assert t.find(text) == ()


def test_phrases_are_titles_and_topics(store: Store) -> None:
    _save(store, new_papers(1))

    with store.reading() as t:
        assert t.phrases(NOW) == ("On paper number 1", "studies")
        assert t.phrases(LATER) == ()


def test_a_source_read_whole_is_known_from_then_on(store: Store) -> None:
    with store.writing() as t:
        t.save_reading("arxiv", NOW, {}, whole=True)
        t.save_reading("arxiv", LATER, {}, whole=True)
        states = t.source_states()

    assert states == {"arxiv": SourceState(name="arxiv", first_read_at=NOW, read_at=LATER)}


def test_a_source_that_fails_keeps_since_when_and_was_read_when(store: Store) -> None:
    with store.writing() as t:
        t.save_reading("arxiv", NOW, {}, whole=True)
        t.save_reading("arxiv", LATER, {}, whole=False, reason="503")
        t.save_reading("arxiv", LATER + HOUR, {}, whole=False, reason="504")
        state = t.source_states()["arxiv"]

    assert (state.read_at, state.failing_since, state.reason) == (NOW, LATER, "504")


def test_a_source_that_recovers_fails_no_more(store: Store) -> None:
    with store.writing() as t:
        t.save_reading("arxiv", NOW, {}, whole=False, reason="503")
        t.save_reading("arxiv", LATER, {}, whole=True)
        state = t.source_states()["arxiv"]

    assert state == SourceState(name="arxiv", first_read_at=LATER, read_at=LATER)


def test_pages_are_remembered_for_their_source(store: Store) -> None:
    page = (Validators(etag='"a"'), 50)
    with store.writing() as t:
        t.save_reading("arxiv", NOW, {"https://x/1": page, "https://x/2": page}, whole=True)
        t.save_reading("arxiv", LATER, {"https://x/1": (Validators(), 0)}, whole=True)

        assert t.pages("arxiv") == {"https://x/1": (Validators(), 0), "https://x/2": page}
        assert t.pages("huggingface") == {}


def test_a_page_that_is_read_no_more_is_forgotten_in_time(store: Store) -> None:
    with store.writing() as t:
        t.save_reading("arxiv", NOW, {"https://x/1": (Validators(), 50)}, whole=True)
        t.save_reading("arxiv", NOW + timedelta(days=61), {}, whole=True)

        assert t.pages("arxiv") == {}


def test_a_paper_that_was_only_revised_is_no_news(store: Store) -> None:
    old = a_listing(a_sighting(a_paper(1)), news=False)
    back = Change(
        news="new",
        id=None,
        paper=a_paper(1),
        revision=1,
        listings=(old,),
        names=frozenset(a_paper(1).names),
    )
    _save(store, Changes(papers=(back,), counts={}))
    _save(store, about(1, a_paper(1, abstract="Changed."), revision=2), LATER)

    with store.reading() as transaction:
        (found,) = transaction.pool(NOW)

    assert (found.revision, found.risen) == (2, None)


def test_a_name_that_two_papers_claim_in_one_run_leads_to_who_was_listed_with_it_first(
    store: Store,
) -> None:
    named, bare = a_paper(1), a_paper(2, arxiv="")
    _save(store, new(a_sighting(named), a_sighting(bare, source="page")))
    listed = [
        a_sighting(replace(bare, doi="10.1/x"), source="page"),
        a_sighting(replace(named, doi="10.1/x")),
    ]
    with store.writing() as t:
        changes = diff(listed, t.known(listed), first_read=frozenset(), today=DAY)
        t.save_changes(changes, LATER)

    assert [known.id for known in _known(store, Paper(title="Else", doi="10.1/x"))] == [2]


# What had been seen by then


def test_the_pool_of_the_past_knows_nothing_that_was_seen_later(store: Store) -> None:
    rising = a_sighting(a_paper(1), source="huggingface", day=NEXT, votes=40)
    _save(store, new_papers(1))
    _save(store, about(1, a_paper(1), a_listing(rising)), LATER)
    _save(store, new_papers(2), LATER)

    with store.reading() as t:
        (then,) = t.pool(NOW, NOW)
        now = t.pool(NOW, LATER)

    assert [seen.source for seen in then.seen] == ["arxiv"]
    assert [len(each.seen) for each in now] == [2, 1]
    assert now == _pool(store, NOW)


def test_a_paper_that_was_revised_later_has_the_revision_it_had(store: Store) -> None:
    old = a_listing(a_sighting(a_paper(1)), news=False, again=True)
    _save(store, new_papers(1))
    _save(store, about(1, a_paper(1, version=2), old, revision=2), LATER)

    with store.reading() as t:
        assert [each.revision for each in t.pool(NOW, LATER - MINUTE)] == [1]
        assert [each.revision for each in t.pool(NOW, LATER)] == [2]
        assert t.pool(NOW + MINUTE, LATER - MINUTE) == ()


def test_what_was_seen_later_can_be_forgotten_and_seen_again(store: Store) -> None:
    _save(store, new_papers(1))
    _save(store, new_papers(2), LATER)
    with store.writing() as t:
        t.forget_sightings(NOW)
    assert [each.id for each in _pool(store, NOW)] == [1]

    _save(store, about(2, a_paper(2), a_listing(a_sighting(a_paper(2)))), LATER)
    assert [each.id for each in _pool(store, NOW)] == [1, 2]


def test_the_moments_at_which_papers_were_seen_are_known_once_each(store: Store) -> None:
    _save(store, new_papers(1, 2))
    _save(store, new_papers(3), LATER)
    with store.reading() as t:
        assert t.moments(NOW, LATER) == (NOW, LATER)
        assert t.moments(NOW + MINUTE, LATER + HOUR) == (LATER,)


def _pool(store: Store, since: datetime) -> tuple[Candidate, ...]:
    with store.reading() as t:
        return t.pool(since)
