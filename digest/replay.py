"""Past letters made again: as the config is now, or from pages that were kept.

`again` is a run on kept pages. `letters` makes the letters of some days again, and says how each
differs from the one that was sent. Both are rehearsals: nothing is sent, nothing is remembered.

Without kept pages, the papers are the store's, as far as they had been seen by then. Their votes
and texts are those seen last, and what troubled a source then is not known any more.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from digest.app import YEARS, Setting, check_reader, me, opened, parts, preview_folder
from digest.differences import Difference, difference, related
from digest.errors import ConfigError
from digest.fetch import Fetcher
from digest.gists import Unasked
from digest.kept import Kept
from digest.letters import Letter
from digest.messages import Message
from digest.muted import muted
from digest.outputs import Output
from digest.outputs.preview import Preview
from digest.pipeline import Parts, collect, publish
from digest.rank.keywords import Words, texts
from digest.report import Run
from digest.runs import run
from digest.store import PastLetter, empty_rehearsal
from digest.subscribers import Candidate, Days, Subscriber, days_of, end_of_day, local_day
from digest.turns import Key, Turn, turns


def again(setting: Setting, kept: Kept) -> Run:
    """Rehearse a run on kept pages, as if no letter had been made from that day on."""
    check_reader(setting)
    rehearsed = dataclasses.replace(setting, dry_run=True)
    with opened(rehearsed) as store, Fetcher(setting.config.http, now=setting.now) as fetcher:
        made = _offline(parts(rehearsed, store, fetcher, me()))
        forget(made, {name: days.of(made.now) for name, days in days_by_reader(made).items()})
        with store.writing() as transaction:
            transaction.forget_sightings(made.now)
        return run(on_pages(made, kept))


def _offline(made: Parts) -> Parts:
    """Let no model be asked for what is only tried: what it wrote before is used.

    On which past days nobody looked is not remembered, so that no letter tells of them.
    """
    gists = made.gists and Unasked(made.gists.model)
    return dataclasses.replace(made, gists=gists, scheduled=None)


def on_pages(made: Parts, kept: Kept, after: datetime | None = None) -> Parts:
    """Let a run read what was kept since a moment, and nothing else."""
    sources = kept.sources(made.sources, made.now, after)
    return dataclasses.replace(made, sources=sources, fetch=kept.fetch(made.now))


def days_by_reader(made: Parts) -> dict[str, Days]:
    """Return how each reader who may get letters counts days; "" is the public."""
    readers: list[Subscriber | None] = [*made.subscribers, *([None] if made.public else [])]
    return {each.name if each else "": days_of(each, made.zone_of(each)) for each in readers}


def forget(made: Parts, since: Mapping[str, date]) -> None:
    """Forget each reader's letters since a day."""
    with made.store.writing() as transaction:
        for name, day in since.items():
            transaction.forget_letters(name, day)


# Day by day


@dataclass(frozen=True, slots=True, kw_only=True)
class Remade:
    """A reader's letter of a day as it would be, if there is one, and how it differs."""

    difference: Difference
    letter: Letter | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """What came of making the letters of some days again; `errors` are those of kept pages."""

    remade: tuple[Remade, ...]
    errors: tuple[str, ...]


DAY = timedelta(days=1)

PUBLIC = "public"
"""Whose letters are the edition for everyone; no subscriber may be called so."""


def letters(setting: Setting, first: date, last: date, kept: Kept | None = None) -> Replay:
    """Make the letters of these days and of those between again.

    Kept pages are read from their first day on, and letters made of them, so that by the first
    of these days the readers have had what they had.
    """
    if setting.only != PUBLIC:
        check_reader(setting)
    _check_days(first, last)
    rehearsed = dataclasses.replace(setting, dry_run=True, only="")
    with ExitStack() as stack:
        store = stack.enter_context(opened(rehearsed, copied=True))
        fetcher = stack.enter_context(Fetcher(setting.config.http, now=setting.now))
        made = _unsent(rehearsed, _offline(parts(rehearsed, store, fetcher, me())))
        past, plan = _looked_up(made, kept, first, last)
        if kept is None:
            forget(made, dict.fromkeys(days_by_reader(made), first))
        else:
            made = dataclasses.replace(made, store=stack.enter_context(empty_rehearsal()))
        remade, errors = _made_again(made, plan, kept, _failed(past))
    sent = {_key(each.letter): each.letter for each in past}
    chosen = "" if setting.only == PUBLIC else setting.only
    names = [chosen] if setting.only else list(days_by_reader(made))
    keys = sorted(key for key in {*sent, *remade} if first <= key[0] <= last and key[1] in names)
    compared = related([difference(*key, sent.get(key), remade.get(key)) for key in keys])
    return Replay(
        remade=tuple(
            Remade(difference=each, letter=remade.get((each.day, each.subscriber)))
            for each in compared
        ),
        errors=errors,
    )


def _check_days(first: date, last: date) -> None:
    """Raise ConfigError for days that cannot be looked through."""
    if first > last:
        raise ConfigError(f"--from {first} is after --to {last}; turn them round")
    for option, day in (("--from", first), ("--to", last)):
        if day.year not in YEARS:
            raise ConfigError(f"{option} {day}: is not between {YEARS[0]} and {YEARS[-1]}")


def _unsent(setting: Setting, made: Parts) -> Parts:
    """Let letters be made for whom they would really reach, and go nowhere."""
    config = setting.config
    if config.outputs:
        outputs: dict[str, Output] = {each.name: each for each in config.outputs}
        made = dataclasses.replace(made, outputs=outputs, subscribers=config.subscribers)
    return muted(made)


def _looked_up(
    made: Parts, kept: Kept | None, first: date, last: date
) -> tuple[tuple[PastLetter, ...], list[Turn]]:
    """Return what was sent, and when which letters are to be made again."""
    moments = kept.moments if kept else ()
    begin = min([first, *(each.date() - DAY for each in moments[:1])])
    with made.store.reading() as store:
        past = store.letters_between(begin, last)
        if kept is None:
            moments = store.moments(*_around(first, last))
    sent = {_key(each.letter): each.letter.made_at for each in past}
    plan = turns((begin, last), days_by_reader(made), sent, moments)
    if not any(first <= local_day(turn.moment, made.zone_of(None)) for turn in plan):
        what = "no page is kept" if kept else "no letter was made and no paper seen"
        raise ConfigError(f"{what} from {first} to {last}; `digest letters` lists what was sent")
    return past, plan


def _around(first: date, last: date) -> tuple[datetime, datetime]:
    """Return when these days begin and end, whatever the zone."""
    return end_of_day(first - 2 * DAY, "UTC"), end_of_day(last + DAY, "UTC")


def _made_again(
    made: Parts, plan: Sequence[Turn], kept: Kept | None, failed: frozenset[Key]
) -> tuple[dict[Key, Letter], tuple[str, ...]]:
    made = dataclasses.replace(made, texts=ReadOnce())
    remade: dict[Key, Letter] = {}
    errors: list[str] = []
    after: datetime | None = None
    for turn in plan:
        made.tell(f"making the letters of {turn.moment:%-d %B %Y} again")
        then = dataclasses.replace(made, now=turn.moment)
        if kept:
            errors.extend(_read(on_pages(then, kept, after)))
            then = on_pages(then, kept)
            after = turn.moment
        for letter in publish(_for(then, turn.readers)).letters:
            remade[_key(letter)] = letter
            if _key(letter) in failed:
                forget(then, {letter.subscriber: letter.slot})
    return remade, tuple(errors)


class ReadOnce:
    """Makes papers readable, those that were in the pool of the day before once."""

    def __init__(self) -> None:
        self._before: dict[int, Words] = {}

    def __call__(self, pool: Sequence[Candidate]) -> Sequence[Words]:
        """Return the texts of a day's pool."""
        made = texts(pool, self._before)
        self._before = {each.candidate.id: each for each in made}
        return made


def _read(made: Parts) -> list[str]:
    """Collect, and return what went wrong."""
    if not made.sources:
        return []
    when = f"{made.now:%Y-%m-%d %H:%M}"
    return [f"{when}: {error}" for each in collect(made).readings for error in each.errors]


def _for(made: Parts, readers: frozenset[str]) -> Parts:
    """Let letters be made for these readers alone."""
    chosen = tuple(each for each in made.subscribers if each.name in readers)
    return dataclasses.replace(made, subscribers=chosen, public="" in readers)


def _failed(past: Iterable[PastLetter]) -> frozenset[Key]:
    """Return the days on which a reader's letter was made and never reached her."""
    stood = {_key(each.letter): each.stands for each in past}
    return frozenset(key for key in stood if not stood[key])


def _key(letter: Letter) -> Key:
    return letter.slot, letter.subscriber


def preview(setting: Setting) -> Callable[[Letter], str]:
    """Return what previews letters, and says where each one's HTML is."""
    output = Preview(path=str(preview_folder(setting.folder)), quiet=setting.quiet)
    readers = {each.name: each for each in setting.config.subscribers}

    def show(letter: Letter) -> str:
        message = Message(
            key=letter.key,
            message_id="",
            content=letter,
            rendered=setting.desk.render(letter),
            subscriber=readers.get(letter.subscriber),
            title=setting.config.newsletter.title,
            date=letter.made_at,
        )
        return output.deliver(message, lambda: None)

    return show
