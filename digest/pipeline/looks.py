"""What is asked of the flow without letting it run: why a paper was chosen, a letter to try out."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import timedelta

from msgspec.structs import replace

from digest.compose import RankSettings
from digest.explain import Explanation, Verdict, verdict
from digest.keywords import Keyword
from digest.latex import readable
from digest.letters import Badge, Item, Letter, Section
from digest.pipeline.parts import Parts
from digest.pipeline.publish import due_reader, gather, write
from digest.rank import rank
from digest.rank.keywords import Interests, texts
from digest.reach import Reach, Window
from digest.reach import reach as reached
from digest.store import BEFORE, Appearance, Store, Transaction
from digest.subscribers import Candidate, Subscriber, days_of

MOST_PAPERS = 200_000
"""On how many papers a keyword is tried: more than a year of the largest lists."""

_AS: Mapping[Section, str] = {
    "for_you": "",
    "trending": "as trending outside the keywords",
    "rising": "as rising",
    "revised": "as revised",
    "more": "by its title",
}


def explain(parts: Parts, text: str) -> tuple[Explanation, ...]:
    """Say what each paper that `text` means is to each reader, or to the chosen one."""
    chosen = [each for each in parts.subscribers if parts.only in ("", each.name)]
    with parts.store.reading() as store:
        return tuple(_explained(parts, store, each, chosen) for each in store.find(text))


def _explained(
    parts: Parts, store: Transaction, paper: Candidate, chosen: Sequence[Subscriber]
) -> Explanation:
    pool = store.pool(parts.now - timedelta(days=parts.letters.days))
    fresh = any(each.id == paper.id and each.risen for each in pool)
    others = tuple(each for each in pool if each.id != paper.id)
    keywords = [keyword for each in chosen for keyword in each.profile]
    interests = Interests(texts((*others, paper)), keywords)
    history = store.history(paper.id)
    return Explanation(
        identifier=paper.paper.identifier,
        title=readable(paper.paper.title),
        first_seen=paper.first_seen,
        badges=tuple(Badge(source=s.source, day=s.day, votes=s.votes) for s in paper.seen),
        verdicts=tuple(
            _verdict(parts, store, paper, each, interests, history, fresh=fresh) for each in chosen
        ),
    )


def _verdict(
    parts: Parts,
    store: Transaction,
    paper: Candidate,
    subscriber: Subscriber,
    interests: Interests,
    history: Sequence[Appearance],
    *,
    fresh: bool,
) -> Verdict:
    today = days_of(subscriber, parts.zone_of(subscriber)).of(parts.now)
    profile, weights = subscriber.profile, parts.rank.weights
    (ranked,) = rank([paper], profile, interests, weights=weights, today=today)
    ours = [each for each in history if each.subscriber == subscriber.name]
    told = [(each, _told(store, each.letter, paper)) for each in ours]
    for _, item in told:
        if item and item.section != "revised":
            ranked = dataclasses.replace(ranked, score=item.score, reasons=item.reasons)
    old = (
        f"no candidate: not listed in the last {parts.letters.days} days, or only before the first"
    )
    return verdict(
        subscriber,
        ranked,
        interests.words(paper.id),
        rank=parts.rank,
        sent=[_sent(each, item) for each, item in told] or _before(store, paper, subscriber),
        candidate="" if fresh else old,
    )


def _before(store: Transaction, paper: Candidate, subscriber: Subscriber) -> list[str]:
    """Say that a paper was in a letter that this copy of the store does not have."""
    return [BEFORE] if paper.id in store.sent(subscriber.name) else []


def _told(store: Transaction, letter: int, paper: Candidate) -> Item | None:
    """Return a paper as a letter told it, with the score and the reasons it had then."""
    items = store.letter(letter).items
    known_as = {*store.names(paper.id), paper.paper.identifier}
    return next((each for each in items if each.identifier in known_as), None)


def _sent(appearance: Appearance, item: Item | None) -> str:
    day = f"{appearance.slot:%-d %B %Y} {_AS[item.section] if item else ''}".strip()
    if "sent" in appearance.states:
        return f"sent on {day}"
    states = ", ".join(appearance.states) or "nowhere to go"
    return f"in the letter of {day} ({states})"


def reach(store: Store, keyword: Keyword, window: Window, *, rank: RankSettings) -> Reach:
    """Try a keyword on the papers that were first seen in some days."""
    with store.reading() as transaction:
        seen = transaction.papers(MOST_PAPERS, since=window.since)
    return reached(keyword, seen, window, weights=rank.weights, many=rank.cap)


def trial(parts: Parts, subscriber: Subscriber) -> Letter:
    """Return a reader's letter of today, marked as a test; nothing is remembered of it."""
    with parts.store.reading() as store:
        due = due_reader(parts, store, subscriber)
        last = store.last_letter(subscriber.name)
        desk = gather(parts, store, [due])
    if last and last.day == due.today and last.letter.items:  # The journal tells none.
        return replace(last.letter, test=True)
    return replace(write(parts, desk, due).letter, test=True)
