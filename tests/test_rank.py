from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from math import isclose, isfinite
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.compose import RankSettings
from digest.keywords import parse
from digest.papers import Paper
from digest.rank import Ranked, Weights, rank
from digest.rank.keywords import Interests, texts
from digest.rank.suggestions import suggest
from digest.subscribers import Candidate, Seen

NOW = datetime(2026, 6, 15, 6, tzinfo=UTC)
TODAY = NOW.date()
MINIMUM = RankSettings().minimum

vocabulary = st.sampled_from(
    ["garden", "gardens", "gardening", "model", "world", "of", "data", "deep", "Zürich", "C++"]
)
phrases = st.lists(vocabulary, min_size=1, max_size=6).map(" ".join)
weights = st.sampled_from(["", "^0.01", "^0.5", "^2", "^100"])
profiles = st.lists(
    st.builds(
        lambda p, w: p + w, st.lists(vocabulary, min_size=1, max_size=2).map(" ".join), weights
    ),
    max_size=4,
)


def candidate(
    number: int = 1,
    title: str = "",
    votes: int | None = None,
    day: date | None = TODAY,
    **paper: Any,
) -> Candidate:
    seen = (Seen(source="arxiv", day=day, votes=votes, at=NOW),)
    named = Paper(title=title, arxiv=f"2606.{number:05}", **paper)
    return Candidate(id=number, paper=named, revision=0, first_seen=NOW, seen=seen)


def ranked(
    pool: Sequence[Candidate], *keywords: str, signals: Weights | None = None
) -> tuple[Ranked, ...]:
    profile = [parse(keyword) for keyword in keywords]
    interests = Interests(texts(pool), profile)
    return rank(pool, profile, interests, weights=signals or Weights(), today=TODAY)


pools = st.lists(
    st.tuples(phrases, phrases, st.none() | st.integers(0, 10**12), st.none() | st.just(TODAY)),
    max_size=6,
).map(
    lambda rows: [
        candidate(number, title, votes, day, abstract=abstract)
        for number, (title, abstract, votes, day) in enumerate(rows)
    ]
)


@given(pools, profiles, st.floats(0, 100), st.floats(0, 100))
def test_reasons_add_up_to_the_score(
    pool: list[Candidate], profile: list[str], first: float, second: float
) -> None:
    for each in ranked(pool, *profile, signals=Weights(keywords=first, votes=second)):
        assert isfinite(each.score)
        assert isclose(each.score, sum(reason.points for reason in each.reasons), abs_tol=1e-9)
        assert all(reason.points > 0 for reason in each.reasons)


@given(pools, profiles)
def test_a_hit_passes_the_default_minimum_whatever_its_weight(
    pool: list[Candidate], profile: list[str]
) -> None:
    for each in ranked(pool, *profile):
        assert not each.is_hit or each.score >= MINIMUM


@given(pools, profiles)
def test_words_apart_are_never_told_as_a_hit(pool: list[Candidate], profile: list[str]) -> None:
    for each in ranked(pool, *profile):
        told = {
            reason.detail for reason in each.reasons if reason.signal == "keywords" and reason.hit
        }
        assert told <= {keyword.phrase for keyword, _ in each.hits}


def test_votes_a_day_and_words_apart_make_no_hit() -> None:
    loud = candidate(1, "Worlds of a deep garden model, data, data", 10**9)
    quiet = candidate(2, "Other", None, None, abstract="A world model. " + "Noise. " * 200)

    found = ranked([loud, quiet], "world model^0.01", "deep data", "model garden")

    assert {each.candidate.id: each.is_hit for each in found} == {1: False, 2: True}
    apart = {each.candidate.id: sum(r.points for r in each.reasons if not r.hit) for each in found}
    assert 0 < apart[1] < 0.4


def test_a_title_counts_more_than_an_abstract() -> None:
    pool = [
        candidate(1, "Something else", abstract="On a world model."),
        candidate(2, "On a world model", abstract="Something else."),
    ]

    assert [each.candidate.id for each in ranked(pool, "world model")] == [2, 1]


def test_a_dearer_keyword_comes_first() -> None:
    pool = [candidate(1, "On world models"), candidate(2, "On data gardens")]

    assert [e.candidate.id for e in ranked(pool, "world model", "data garden^3")] == [2, 1]


def keyword_points(pool: Sequence[Candidate], keyword: str) -> dict[int, tuple[float, bool]]:
    """Return the points of one keyword for each paper that it gives any, and whether it hits."""
    signals = Weights(votes=0, recency=0)
    found = ranked(pool, keyword, signals=signals)
    return {each.candidate.id: (each.score, each.is_hit) for each in found if each.score}


def test_an_expression_weighs_what_its_phrases_weigh() -> None:
    pool = [
        candidate(1, "World models", abstract="Gardens."),
        candidate(2, "World models"),
        candidate(3, "Gardens"),
        candidate(4, "Other"),
    ]
    alone = [keyword_points(pool, each)[1][0] - 1 for each in ("world model", "garden")]

    both = keyword_points(pool, "world model AND garden")
    either = keyword_points(pool, "world model OR garden")

    assert isclose(both[1][0], 1 + sum(alone))
    assert either[1] == both[1]
    assert {number for number, (_, hit) in either.items() if hit} == {1, 2, 3}
    assert {number for number, (points, hit) in both.items() if 0 < points < 0.4 and not hit} == {
        2,
        3,
    }


def test_what_a_keyword_does_not_want_lifts_nothing() -> None:
    pool = [candidate(1, "World models of gardens"), candidate(2, "Models of worlds")]

    assert set(keyword_points(pool, "world model NOT garden")) == {2}


def test_the_reason_says_the_whole_expression() -> None:
    (each,) = ranked([candidate(1, "Deep gardens")], "(garden OR data) AND deep^2")

    assert [
        (reason.detail, reason.where) for reason in each.reasons if reason.signal == "keywords"
    ] == [("(garden OR data) AND deep", "title")]


@pytest.mark.parametrize("keyword", ["gard*", "GAN", "世界模型", '"garden data"~5', "author: Ann*"])
def test_what_has_no_stem_is_weighed_by_its_hits(keyword: str) -> None:
    title = "A garden GAN of data: 基于世界模型的规划"
    pool = [candidate(1, title, authors=("Ann Quill",)), candidate(2, "Nothing")]

    assert keyword_points(pool, keyword)[1] > (1.0, True)
    assert set(keyword_points(pool, keyword)) <= {1}


def test_what_is_left_out_beats_what_hits() -> None:
    pool = [candidate(1, "Medical world models"), candidate(2, "Nothing")]

    out = ranked(pool, "world model^100", "-medical")[-1]

    assert (out.candidate.id, out.excluded, out.is_hit) == (1, "-medical", True)


def test_a_weight_of_zero_turns_a_signal_off() -> None:
    pool = [candidate(1, "On world models", 200)]
    full = {"keywords", "votes", "recency"}

    for name in full:
        (each,) = ranked(pool, "world model", signals=Weights(**{name: 0.0}))
        assert {reason.signal for reason in each.reasons} == full - {name}


@pytest.mark.parametrize("wrong", [-0.1, 100.5, float("nan"), float("inf")])
def test_a_weight_that_means_nothing_is_refused(wrong: float) -> None:
    with pytest.raises(ValueError, match="`votes` must be from 0 to 100"):
        Weights(votes=wrong)


@given(pools, profiles, st.randoms(use_true_random=False))
def test_the_order_does_not_depend_on_the_order_of_reading(
    pool: list[Candidate], profile: list[str], random: Any
) -> None:
    shuffled = list(pool)
    random.shuffle(shuffled)

    assert [e.candidate.id for e in ranked(pool, *profile)] == [
        e.candidate.id for e in ranked(shuffled, *profile)
    ]


def test_an_empty_pool_ranks_nothing() -> None:
    assert ranked([], "world model", "-medical", "author: Ann") == ()


def test_many_votes_and_a_day_to_come_are_worth_no_more_than_the_most() -> None:
    (each,) = ranked([candidate(1, "A", 10**18, date(9999, 1, 1))])

    assert each.score == pytest.approx(0.75)


def test_a_paper_of_no_day_is_not_recent() -> None:
    (each,) = ranked([candidate(1, "A", None, None)])

    assert (each.score, each.reasons) == (0, ())


def test_readers_who_share_a_keyword_share_the_search() -> None:
    pool = [candidate(1, "On world models")]
    ann, bo = [parse("world model")], [parse("world model^5"), parse("gardens")]
    interests = Interests(texts(pool), [*ann, *bo])

    scores = [
        rank(pool, who, interests, weights=Weights(), today=TODAY)[0].score for who in (ann, bo)
    ]

    assert scores[1] > scores[0] == ranked(pool, "world model")[0].score
    assert interests.unmatched(bo) == (bo[1],)


TITLES = (
    "Methods and Selection Rules",
    "A Study of Data Selektion at Scale",
    "Fine-Tuning the World Model",
    "Meta Selection for Gardens",
)


@pytest.mark.parametrize(
    ("keyword", "instead"),
    [
        ("data selection", "data selektion"),
        ("world modle", "world model"),
        ("finetuning", "fine tuning"),
        ("wrold model", "world model"),
        ("meta selection", ""),
        ("protein folding", ""),
        ("methods and", ""),
        ("author: Wei Wnag", "Wei Wang"),
        ("category: cs.LH", "cs.LG"),
        ("author: zzz", ""),
        ("data selction AND zzz", "data selektion AND zzz"),
        ("title:(data selction OR zzz)", "title:(data selektion OR zzz)"),
        ("zzz OR qqq", ""),
        ("RULES", "rules"),
        ("selectoin*", ""),
        ('"data selction"~3', ""),
        ("世界模型", ""),
    ],
)
def test_a_keyword_without_hits_is_told_what_it_may_have_meant(keyword: str, instead: str) -> None:
    pool = [
        candidate(n, title, authors=("Wei Wang",), categories=("cs.LG",))
        for n, title in enumerate(TITLES)
    ]

    assert suggest(parse(keyword), pool) == instead


def test_no_phrase_of_stop_words_is_suggested() -> None:
    pool = [candidate(1, "Methods and Selection")]

    assert suggest(parse("data selection"), pool) == ""


def test_a_suggestion_is_never_a_hit() -> None:
    (each,) = ranked([candidate(1, "Data Selektion")], "data selection")

    assert not each.is_hit
    assert each.score < MINIMUM


@given(st.text(max_size=40), phrases)
def test_any_title_can_be_searched_for_suggestions(title: str, keyword: str) -> None:
    assert isinstance(suggest(parse(keyword), [candidate(1, title)]), str)


@given(pools, pools, profiles)
def test_papers_that_were_read_before_are_ranked_as_if_they_had_not_been(
    yesterday: list[Candidate], today: list[Candidate], profile: list[str]
) -> None:
    keywords = [parse(each) for each in profile]
    first = texts(yesterday, {})
    Interests(first, keywords)  # It looks through yesterday's papers.
    before = {each.candidate.id: each for each in first}

    again = Interests(texts(today, before), keywords)

    found = rank(today, keywords, again, weights=Weights(), today=TODAY)
    assert found == ranked(today, *profile)
    assert [again.words(each.id).title.text for each in today] == [
        each.title.text for each in texts(today)
    ]
