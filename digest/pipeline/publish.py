"""Publish: a letter for each reader who is due, composed and put in the outbox."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from digest.compose import (
    Circumstances,
    Composed,
    compose,
)
from digest.events import LettersPublished
from digest.items import Before
from digest.keywords import Keyword
from digest.letters import Letter, Lost, Place, Suggestion, Trouble, spells
from digest.missed import Away, missed_days
from digest.pipeline.gists import written
from digest.pipeline.parts import Parts
from digest.rank import rank
from digest.rank.keywords import Interests
from digest.rank.suggestions import suggest
from digest.store import SourceState, Transaction
from digest.subscribers import (
    Candidate,
    Days,
    Subscriber,
    candidates,
    candidates_since,
    days_of,
    is_due,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What publish did: letters, who gets none and why, and what else to tell."""

    letters: Sequence[Letter]
    silent: Sequence[tuple[str, str]]
    notes: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A reader who gets a letter now; None is the public.

    `lost` are the days that turned out to be lost since the letter before, `away` the days on
    which nobody looked.
    """

    subscriber: Subscriber | None
    today: date
    before: Before | None
    since: datetime
    sent: Mapping[int, int]
    lost: tuple[Lost, ...] = ()
    away: Away | None = None

    @property
    def name(self) -> str:
        """What the store calls this reader."""
        return self.subscriber.name if self.subscriber else ""

    @property
    def profile(self) -> tuple[Keyword, ...]:
        """What this reader follows; the public follows nothing."""
        return self.subscriber.profile if self.subscriber else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What all letters of a run share: the papers, the keywords, the sources' troubles."""

    pool: tuple[Candidate, ...]
    interests: Interests
    troubles: tuple[Trouble, ...]


def publish(parts: Parts) -> Published:
    """Compose a letter for each reader who is due and put it in the outbox."""
    with parts.store.reading() as store:
        due, silent = _due(parts, store)
        parts.tell("choosing papers")
        desk = gather(parts, store, due)
    made, notes = _write_all(parts, desk, due)
    worth = [(each, it) for each, it in made if it.papers or parts.letters.empty]
    silent += [
        (each.name or "public", _nothing(it.letter)) for each, it in made if (each, it) not in worth
    ]
    with parts.store.writing() as store:
        published = [it.letter for each, it in worth if _put(parts, store, each, it)]
        if not parts.only:  # A letter by hand says nothing of the days of the others.
            store.look([(each.name, each.today) for each in due], parts.now)
    parts.log(LettersPublished(letters=len(published), silent=len(silent)))
    return Published(letters=published, silent=silent, notes=notes)


def _write_all(
    parts: Parts, desk: Desk, due: Sequence[Due]
) -> tuple[list[tuple[Due, Composed]], Sequence[str]]:
    """Compose all letters; those anew that tell papers of which a gist was written."""
    made = [(each, write(parts, desk, each)) for each in due]
    gists = written(parts, desk.pool, (it.letter for _, it in made))
    if gists.papers:
        pool = tuple(gists.papers.get(each.id, each) for each in desk.pool)
        desk = replace(desk, pool=pool)
        made = [
            (each, write(parts, desk, each) if _tells(it, gists.papers) else it)
            for each, it in made
        ]
    return made, gists.notes


def _tells(composed: Composed, papers: Container[int]) -> bool:
    return any(number in papers for number, _ in composed.papers)


def write(parts: Parts, desk: Desk, due: Due) -> Composed:
    """Compose one reader's letter."""
    found = candidates(desk.pool, due.sent, due.since)
    ranked = rank(
        found.fresh, due.profile, desk.interests, weights=parts.rank.weights, today=due.today
    )
    about = Circumstances(
        title=parts.title,
        now=parts.now,
        today=due.today,
        before=due.before,
        troubles=desk.troubles,
        lost=due.lost,
        places=tuple(Place(source=each.name, url=each.home) for each in parts.sources if each.home),
        sources=tuple(each.name for each in parts.sources),
        suggestions=_suggestions(desk, due),
        away=due.away,
        sample=parts.sample,
    )
    return compose(
        due.subscriber,
        found,
        ranked,
        desk.interests.words,
        rank=parts.rank,
        settings=parts.letters,
        about=about,
    )


def readers(parts: Parts) -> list[Subscriber | None]:
    """Return who may get a letter: the subscribers, and the public where an output is for it."""
    chosen: list[Subscriber | None] = [
        each for each in parts.subscribers if not parts.only or each.name == parts.only
    ]
    if not parts.only and parts.public:
        chosen.append(None)
    return chosen


def due_reader(parts: Parts, store: Transaction, subscriber: Subscriber | None) -> Due:
    """Return what is known of a reader, due or not."""
    name = subscriber.name if subscriber else ""
    last = store.last_letter(name)
    before = Before(made_at=last.made_at, keywords=last.letter.keywords) if last else None
    since = candidates_since(
        subscriber or EVERYONE, parts.now, store.first_letter_at(name), parts.letters.days
    )
    return Due(
        subscriber=subscriber,
        today=_days(parts, subscriber).of(parts.now),
        before=before,
        since=since,
        away=_away(parts, store, subscriber, last.day if last else None, since),
        sent=store.sent(name),
        lost=_lost(parts, store.lost_since(before.made_at, parts.now)) if before else (),
    )


def _days(parts: Parts, subscriber: Subscriber | None) -> Days:
    return days_of(subscriber, parts.zone_of(subscriber))


def _away(
    parts: Parts,
    store: Transaction,
    subscriber: Subscriber | None,
    last: date | None,
    since: datetime,
) -> Away | None:
    """Return the days on which nobody looked, where it is known when somebody was to."""
    known = [day for day in (last, store.looked(subscriber.name if subscriber else "")) if day]
    if parts.scheduled is None or store.last_look() is None or not known:
        return None
    days, looked = _days(parts, subscriber), max(known)
    missed = missed_days(
        subscriber or EVERYONE,
        days,
        parts.scheduled,
        last=last,
        looked=looked,
        looks=store.looks_since(days.beginning(looked)),
        today=days.of(parts.now),
    )
    return Away(days=missed, looked=looked, since=days.of(since))


def _due(parts: Parts, store: Transaction) -> tuple[list[Due], list[tuple[str, str]]]:
    due, silent = [], []
    for subscriber in readers(parts):
        name = subscriber.name if subscriber else ""
        if not outputs_for(parts, subscriber):
            silent.append((name, "no output reaches this reader"))
        elif _is_due(parts, store, subscriber):
            due.append(due_reader(parts, store, subscriber))
        else:
            silent.append((name or "public", "not due"))
    return due, silent


def _is_due(parts: Parts, store: Transaction, subscriber: Subscriber | None) -> bool:
    last = store.last_letter(subscriber.name if subscriber else "")
    today = _days(parts, subscriber).of(parts.now)
    return is_due(subscriber or EVERYONE, last.day if last else None, today)


EVERYONE = Subscriber(name="everyone")
"""The public's cadence: daily."""


def outputs_for(parts: Parts, subscriber: Subscriber | None) -> list[str]:
    """Return the outputs that a reader's letters go to: those she names, or all that reach her."""
    named = subscriber.outputs if subscriber else ()
    return [
        name
        for name, output in parts.outputs.items()
        if output.reaches(subscriber) and (not named or name in named)
    ]


def gather(parts: Parts, store: Transaction, due: Sequence[Due]) -> Desk:
    """Gather what the letters of these readers share."""
    pool = store.pool(min(each.since for each in due), parts.now) if due else ()
    keywords = [keyword for each in due for keyword in each.profile]
    return Desk(
        pool=pool,
        interests=Interests(parts.texts(pool), keywords),
        troubles=_troubles(parts, store.source_states()),
    )


def _troubles(parts: Parts, states: Mapping[str, SourceState]) -> tuple[Trouble, ...]:
    return tuple(
        Trouble(source=each.name, reason=state.reason, since=_since(state, parts.now))
        for each in parts.sources
        if (state := states.get(each.name)) and _fails(state, parts.now)
    )


def _fails(state: SourceState, now: datetime) -> bool:
    """Say whether a source failed by then; one that fails only since is another day's trouble."""
    return state.failing_since is not None and state.failing_since <= now


def _lost(parts: Parts, days: Mapping[str, Sequence[date]]) -> tuple[Lost, ...]:
    return tuple(
        spell for each in parts.sources for spell in spells(each.name, days.get(each.name, ()))
    )


def _since(state: SourceState, now: datetime) -> date | None:
    day = state.failing_since.date() if state.failing_since else None
    return day if day and day < now.date() else None


def _suggestions(desk: Desk, due: Due) -> tuple[Suggestion, ...]:
    if not desk.pool:
        return ()
    return tuple(
        Suggestion(keyword=each.text, instead=near)
        for each in desk.interests.unmatched(due.profile)
        if not each.excluded and (near := suggest(each, desk.pool, desk.interests.silent(each)))
    )


_NOTHING: Mapping[str, str] = {
    "matches": "nothing new is for this reader",
    "sources": "nothing to send, and sources could not be read",
    "weekend": "nothing new, as on most weekends",
}


def _nothing(letter: Letter) -> str:
    return _NOTHING.get(letter.thin, "nothing new")


def _put(parts: Parts, store: Transaction, due: Due, composed: Composed) -> bool:
    outputs = [
        (name, parts.message_id(composed.letter.key, name))
        for name in outputs_for(parts, due.subscriber)
    ]
    return store.publish(composed.letter, composed.papers, outputs, parts.now) is not None
