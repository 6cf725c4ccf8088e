from __future__ import annotations

from datetime import UTC, datetime

import pytest

from digest.compose import RankSettings
from digest.explain import Verdict, verdict
from digest.papers import Paper
from digest.rank import Weights, rank
from digest.rank.keywords import Interests, texts
from digest.subscribers import Candidate, Seen, Subscriber

NOW = datetime(2026, 6, 15, 6, tzinfo=UTC)
PAPER = Paper(
    title="On World Models",
    abstract="Gardens grow. A world model is a garden, e.g. Kew. It is medical.",
    authors=("Bo Marsh", "Ann Quill"),
    categories=("cs.LG",),
)


def explained(*keywords: str, sent: tuple[str, ...] = (), candidate: str = "") -> Verdict:
    seen = (Seen(source="hf", day=NOW.date(), votes=30, at=NOW),)
    paper = Candidate(id=1, paper=PAPER, revision=0, first_seen=NOW, seen=seen)
    reader = Subscriber(name="Ann", keywords=keywords)
    interests = Interests(texts([paper]), reader.profile)
    (ranked,) = rank([paper], reader.profile, interests, weights=Weights(), today=NOW.date())
    words = interests.words(1)
    return verdict(reader, ranked, words, rank=RankSettings(), sent=sent, candidate=candidate)


def test_each_hit_is_told_with_where_it_stands() -> None:
    found = explained("world model", "author: Quill", "category: cs", "-medical")

    assert [(hit.keyword, hit.where, hit.sentence) for hit in found.hits] == [
        ("world model", "title", "On World Models"),
        ("world model", "abstract", "A world model is a garden, e.g. Kew."),
        ("author: Quill", "authors", "Ann Quill"),
        ("category: cs", "categories", "cs.LG"),
        ("-medical", "abstract", "It is medical."),
    ]


def test_the_points_add_up_to_the_score() -> None:
    found = explained("world model", "garden")

    assert {reason.signal for reason in found.reasons} == {"keywords", "votes", "recency"}
    assert found.score == pytest.approx(sum(reason.points for reason in found.reasons))
    assert found.minimum == RankSettings().minimum


@pytest.mark.parametrize(
    ("keywords", "sent", "candidate", "outcome"),
    [
        (("world model",), (), "", "above the threshold: it is in the next letter"),
        (("protein",), (), "", "below the threshold"),
        (("world model", "-medical"), (), "", "excluded by -medical"),
        (("world model",), ("sent on 3 March",), "", "sent on 3 March"),
        (("world model",), (), "no candidate", "no candidate"),
    ],
)
def test_the_outcome_says_why_in_or_out(
    keywords: tuple[str, ...], sent: tuple[str, ...], candidate: str, outcome: str
) -> None:
    assert explained(*keywords, sent=sent, candidate=candidate).outcome == outcome


def test_who_follows_nothing_has_no_threshold() -> None:
    assert explained().minimum == 0
