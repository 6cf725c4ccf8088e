from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.compose import (
    MOST_REVISED,
    Circumstances,
    Composed,
    LetterSettings,
    RankSettings,
    compose,
)
from digest.items import Before
from digest.letters import Trouble
from digest.papers import Paper
from digest.rank import rank
from digest.rank.keywords import Interests, texts
from digest.reading_time import EXCERPTS, WORDS
from digest.subscribers import Candidate, Seen, Subscriber, candidates

FRIDAY = datetime(2026, 6, 12, 6, tzinfo=UTC)
MONDAY = datetime(2026, 6, 15, 6, tzinfo=UTC)
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
ANN = Subscriber(name="Ann", keywords=("world model", "-medical"))


def seen(source: str = "arxiv", at: datetime = MONDAY, votes: int | None = None) -> Seen:
    return Seen(source=source, day=at.date(), votes=votes, at=at)


def candidate(
    number: int, title: str = "Something else", *seen_: Seen, abstract: str = "", **fields: Any
) -> Candidate:
    paper = Paper(title=title, arxiv=f"2606.{number:05}", abstract=abstract, version=1)
    listed = seen_ or (seen(),)
    about: dict[str, Any] = {"revision": 0, "first_seen": listed[0].at} | fields
    return Candidate(id=number, paper=paper, seen=listed, **about)


def write(
    pool: Sequence[Candidate],
    subscriber: Subscriber | None = ANN,
    *,
    sent: dict[int, int] | None = None,
    before: Before | None = None,
    now: datetime = MONDAY,
    troubles: tuple[Trouble, ...] = (),
    limits: RankSettings | None = None,
    settings: LetterSettings | None = None,
) -> Composed:
    profile = subscriber.profile if subscriber else ()
    interests = Interests(texts(pool), profile)
    found = candidates(pool, sent or {}, LONG_AGO)
    limits = limits or RankSettings()
    ranked = rank(found.fresh, profile, interests, weights=limits.weights, today=now.date())
    about = Circumstances(
        title="Papers", now=now, today=now.date(), before=before, troubles=troubles
    )
    return compose(
        subscriber,
        found,
        ranked,
        interests.words,
        rank=limits,
        settings=settings or LetterSettings(),
        about=about,
    )


def ids(composed: Composed, *sections: str) -> list[str]:
    return [each.identifier for each in composed.letter.items if each.section in sections]


def many(count: int, title: str = "On world models") -> list[Candidate]:
    return [candidate(number, f"{title} {number}") for number in range(count)]


pools = st.lists(
    st.builds(
        lambda title, votes, revision, at: (title, seen("hf", at, votes), revision),
        st.sampled_from(["On world models", "Medical world models", "Worlds apart", "Other"]),
        st.none() | st.integers(0, 300),
        st.integers(0, 2),
        st.sampled_from([FRIDAY - timedelta(days=1), MONDAY]),
    ),
    max_size=40,
).map(
    lambda rows: [
        candidate(number, title, listed, revision=revision)
        for number, (title, listed, revision) in enumerate(rows)
    ]
)
readers = st.sampled_from(
    [
        None,
        ANN,
        Subscriber(name="Bo"),
        Subscriber(name="Cleo", keywords=("world model",), cap=1),
        Subscriber(name="Dee", keywords=("-medical",), minimum=0.5),
    ]
)


@given(
    pools,
    readers,
    st.dictionaries(st.integers(0, 40), st.integers(0, 2)),
    st.builds(
        lambda cap, floor: RankSettings(cap=cap, floor=min(cap, floor)),
        st.integers(1, 9),
        st.integers(0, 9),
    ),
    st.sampled_from([None, Before(made_at=FRIDAY, keywords=())]),
)
def test_every_candidate_is_in_one_place_and_the_receipt_adds_up(
    pool: list[Candidate],
    subscriber: Subscriber | None,
    sent: dict[int, int],
    limits: RankSettings,
    before: Before | None,
) -> None:
    composed = write(pool, subscriber, sent=sent, limits=limits, before=before)

    letter, receipt = composed.letter, composed.letter.receipt
    assert receipt.adds_up
    assert receipt.read == sum(each.id not in sent for each in pool)
    assert receipt.here == len(letter.here)
    assert receipt.here <= max(1, limits.cap)
    assert receipt.more == len(letter.of("more"))
    assert receipt.revised == len(letter.of("revised")) <= MOST_REVISED
    assert 0 <= letter.listed <= receipt.more
    assert len(composed.papers) == receipt.here + receipt.more + receipt.revised
    assert len({id_ for id_, _ in composed.papers}) == len(composed.papers)
    assert sum(bool(each.excerpt) for each in letter.here) <= EXCERPTS


def test_a_cap_sends_the_rest_to_more() -> None:
    composed = write(many(14))

    assert len(ids(composed, "for_you")) == 10
    assert len(ids(composed, "more")) == 4


def test_a_readers_own_cap_and_minimum_stand() -> None:
    own = Subscriber(name="Ann", keywords=("world model",), cap=2, minimum=99)

    assert write(many(5), own).papers == ()
    assert (
        len(
            ids(write(many(5), Subscriber(name="Ann", keywords=("world model",), cap=2)), "for_you")
        )
        == 2
    )


def test_a_floor_brings_papers_from_below_the_minimum() -> None:
    composed = write(many(5, "Other"), limits=RankSettings(floor=3))

    assert len(ids(composed, "for_you")) == 3
    assert composed.letter.receipt.below == 2


def test_trending_papers_are_few_and_the_most_liked_first() -> None:
    pool = [
        candidate(n, "Other", seen("hf", MONDAY, votes)) for n, votes in enumerate((9, 30, 10, 20))
    ]
    pool.append(candidate(9, "On world models"))

    composed = write(pool)

    assert ids(composed, "trending") == ["arxiv:2606.00001", "arxiv:2606.00003"]
    assert ids(composed, "for_you") == ["arxiv:2606.00009"]
    assert ids(write(pool, settings=LetterSettings(trending=0)), "trending") == []


def test_what_was_loud_before_the_last_letter_is_not_trending() -> None:
    pool = [candidate(1, "Other", seen("hf", FRIDAY - timedelta(days=1), 90))]

    assert ids(write(pool, before=Before(made_at=FRIDAY, keywords=ANN.keywords)), "trending") == []


def test_titles_of_more_are_listed_as_far_as_three_minutes_go() -> None:
    short = write(many(200)).letter
    long = write(many(200, "On world models " + "and gardens " * 40)).letter

    assert short.listed == LetterSettings().more
    assert long.listed < short.listed
    assert write(many(200), settings=LetterSettings(more=3)).letter.listed == 3
    words = sum(len("".join(s.text for s in each.excerpt).split()) for each in long.here)
    assert words <= WORDS


def test_who_follows_nothing_is_shown_everything_but_what_she_leaves_out() -> None:
    pool = [*many(3, "Other"), candidate(9, "Medical gardens")]

    composed = write(pool, Subscriber(name="Bo", keywords=("-medical",)))

    assert len(ids(composed, "for_you")) == 3
    (left_out,) = composed.letter.receipt.excluded
    assert (left_out.keyword, left_out.titles) == ("-medical", ("Medical gardens",))


def test_a_paper_below_on_friday_that_is_liked_on_monday_comes_once() -> None:
    on_friday = candidate(1, "A world of many a model", seen("arxiv", FRIDAY))
    first = write([on_friday], now=FRIDAY)
    liked = (seen("arxiv", FRIDAY), seen("hf", MONDAY, 150))
    on_monday = candidate(1, "A world of many a model", *liked)

    before = Before(made_at=FRIDAY + timedelta(minutes=1), keywords=ANN.keywords)
    second = write([on_monday], before=before)
    third = write([on_monday], sent=dict(second.papers), before=before)

    assert first.papers == ()
    assert [id_ for id_, _ in second.papers] == [1]
    assert third.papers == ()
    assert third.letter.receipt.sent == 1


def test_a_paper_that_she_was_sent_on_friday_does_not_come_on_monday() -> None:
    first = write([candidate(1, "On world models", seen("arxiv", FRIDAY))], now=FRIDAY)
    again = candidate(1, "On world models", seen("arxiv", FRIDAY), seen("hf", MONDAY, 150))

    second = write([again], sent=dict(first.papers))

    assert (len(first.papers), second.papers) == (1, ())


@pytest.mark.parametrize(
    ("seen_", "old", "change", "detail"),
    [
        ((seen("arxiv", FRIDAY), seen("hf", MONDAY, 3)), ANN.keywords, "listed", "hf"),
        ((seen("hf", FRIDAY, 70),), ANN.keywords, "votes", "70"),
        ((seen("arxiv", FRIDAY),), ("gardens",), "keyword", "world model"),
        ((seen("arxiv", FRIDAY),), ANN.keywords, "", ""),
    ],
    ids=["listed by another", "votes", "a new keyword", "nothing to tell"],
)
def test_a_rising_paper_says_why_it_rose(
    seen_: tuple[Seen, ...], old: tuple[str, ...], change: str, detail: str
) -> None:
    before = Before(made_at=FRIDAY + timedelta(minutes=1), keywords=old)

    (item,) = write([candidate(1, "On world models", *seen_)], before=before).letter.items

    assert (item.section, item.change, item.detail) == ("rising", change, detail)


def test_a_revised_paper_is_in_a_list_of_its_own() -> None:
    pool = [candidate(number, revision=1) for number in range(7)]

    composed = write(pool, sent=dict.fromkeys(range(7), 0))

    assert len(ids(composed, "revised")) == MOST_REVISED
    assert all(revision == 1 for _, revision in composed.papers)
    assert composed.letter.receipt.read == 0


@pytest.mark.parametrize(
    ("pool", "now", "troubles", "thin"),
    [
        ([], datetime(2026, 6, 13, 6, tzinfo=UTC), (), "weekend"),
        ([], MONDAY, (), "nothing new"),
        ([], MONDAY, (Trouble(source="arxiv", reason="503"),), "sources"),
        (many(9, "Other"), MONDAY, (), "matches"),
        (many(9), MONDAY, (), ""),
    ],
    ids=["weekend", "nothing new", "sources", "matches", "enough"],
)
def test_a_thin_letter_says_why(
    pool: list[Candidate], now: datetime, troubles: tuple[Trouble, ...], thin: str
) -> None:
    assert write(pool, now=now, troubles=troubles).letter.thin == thin


def test_a_letter_without_one_before_is_the_first() -> None:
    assert write([]).letter.first
    assert not write([], before=Before(made_at=FRIDAY, keywords=())).letter.first


def test_badges_name_each_source_once_with_its_last_day_and_votes() -> None:
    listed = (seen("hf", FRIDAY, 5), seen("arxiv", FRIDAY), seen("hf", MONDAY, None))

    (item,) = write([candidate(1, "On world models", *listed)]).letter.items

    assert [(b.source, b.day, b.votes) for b in item.badges] == [
        ("hf", date(2026, 6, 15), 5),
        ("arxiv", date(2026, 6, 12), None),
    ]


@pytest.mark.parametrize(
    ("kind", "fields", "reason"),
    [
        (RankSettings, {"cap": 0}, "`cap` must be at least 1"),
        (RankSettings, {"cap": 2, "floor": 3}, "`floor` must be from 0 to `cap`"),
        (RankSettings, {"minimum": float("nan")}, "`minimum` must be a number"),
        (LetterSettings, {"days": 0}, "`days` must be at least 1"),
        (LetterSettings, {"days": 10**12}, "`days` must be at most"),
        (LetterSettings, {"more": -1}, "`more` must be at least 0"),
    ],
)
def test_a_setting_of_which_no_letter_can_be_made_is_refused(
    kind: Any, fields: dict[str, Any], reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        kind(**fields)


def test_a_paper_that_another_source_lists_with_votes_is_rising() -> None:
    early = seen("arxiv", FRIDAY)
    pool = [
        candidate(1, "Something else", early, seen("hf", MONDAY, 30)),
        candidate(2, "Some hit", seen("hf", MONDAY, 60)),
        candidate(3, "Another hit", seen("hf", MONDAY, 70)),
    ]
    before = Before(made_at=FRIDAY, keywords=ANN.keywords)

    composed = write(pool, before=before)

    (risen,) = composed.letter.of("rising")
    assert (risen.identifier, risen.change, risen.detail) == ("arxiv:2606.00001", "listed", "hf")
    assert ids(composed, "trending") == ["arxiv:2606.00003", "arxiv:2606.00002"]
    assert composed.letter.receipt.adds_up


def test_what_was_there_before_does_not_make_a_letter_say_that_nothing_matched() -> None:
    before = Before(made_at=MONDAY, keywords=ANN.keywords)
    saturday = MONDAY - timedelta(days=2)

    assert write([candidate(1)], before=before).letter.thin == "nothing new"
    assert write([candidate(1)], before=before, now=saturday).letter.thin == "weekend"
    assert write([candidate(1)]).letter.thin == "matches"
