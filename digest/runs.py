"""A run: the steps of the flow taken by one process at a time, and remembered.

A run that finished is "ok", or "failed" where something of it failed; one that was stopped, by a
signal or by an error, has not taken its steps, and whoever keeps the times takes them again. A
dry run holds no lock and is not remembered.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from time import monotonic

from msgspec.structs import replace

from digest.app import Setting, check_reader, clock, fetching, locked, me, opened, parts, renew
from digest.errors import ConfigError, DigestError, StoreError
from digest.events import LettersAdopted, RunBegan, RunEnded
from digest.fetch import Fetcher
from digest.pipeline import STEPS, Parts, Step, collect, publish, send
from digest.report import Run
from digest.store import Outcome, Store
from digest.watch import switched, watch

INTERRUPTED = "it was told to stop"
WATCH = "watch"
LONGEST_SAID = 500
"""How many characters of an error are remembered."""


def chosen(text: str) -> tuple[Step, ...]:
    """Return the steps that a list such as "collect,send" names, in their order.

    "watch" alone is none of them: such a run only looks for alarms, as each does at its end.
    """
    if text == WATCH:
        return ()
    named = text.replace(",", " ").split()
    if wrong := [each for each in named if each not in STEPS]:
        raise ConfigError(f"--steps: `{wrong[0]}` is no step; choose of {','.join(STEPS)}")
    if not named:
        raise ConfigError(f"--steps: none is named; choose of {','.join(STEPS)}")
    return tuple(each for each in STEPS if each in named)


def once(setting: Setting) -> Run:
    """Take the steps of the setting, now. A dry run is the same on a store that forgets."""
    check_reader(setting)
    with setting.log.about(setting.run):
        return _logged(setting, lambda: _once(setting))


def _logged(setting: Setting, take: Callable[[], Run]) -> Run:
    """Take a run, and say in the log that it was."""
    began, outcome = monotonic(), "stopped"
    setting.log(RunBegan(steps=setting.steps, dry_run=setting.dry_run))
    try:
        done = take()
        outcome = "failed" if done.failed else "ok"
    finally:
        seconds = round(monotonic() - began, 3)
        setting.log(RunEnded(steps=setting.steps, seconds=seconds, outcome=outcome))
    return done


def _once(setting: Setting) -> Run:
    # A dry run waits for a model with its store begun: on a copy, nobody else waits, too.
    with opened(setting, copied=bool(setting.config.gist.url)) as store:
        if setting.dry_run:
            with fetching(setting) as fetcher:
                return run(_parts(setting, store, fetcher, me()), setting.steps)
        owner = me()
        with locked(store, owner), fetching(setting) as fetcher:
            made = _parts(setting, store, fetcher, owner)
            done = _remembered(setting, dataclasses.replace(made, renew=partial(renew, owner)))
        return replace(done, unheard=switched(setting, done, store))


def _parts(setting: Setting, store: Store, fetcher: Fetcher, owner: str) -> Parts:
    made = parts(setting, store, fetcher, owner)
    return recorded(made, setting.record) if setting.record else made


def run(made: Parts, steps: tuple[Step, ...] = STEPS) -> Run:
    """Take steps of the flow, each of which keeps its result before the next begins."""
    done = Run(adopted=made.store.adopted)
    if done.adopted:
        made.log(LettersAdopted(letters=done.adopted))
    if "collect" in steps:
        done = replace(done, collected=collect(made))
    if "publish" in steps:
        done = replace(done, published=publish(made))
    if "send" in steps:
        done = replace(done, sent=send(made))
    return done


def recorded(made: Parts, folder: Path) -> Parts:
    """Let each page that is fetched be kept in a folder."""
    from digest.recording import Recorder  # noqa: PLC0415 - only a record pays for it

    return dataclasses.replace(made, fetch=Recorder(folder, made.fetch, made.now).get)


def _remembered(setting: Setting, made: Parts) -> Run:
    """Run, and remember that it did and how that ended."""
    with made.store.writing() as store:
        store.begin_run(setting.run, _taken(setting), clock())
    try:
        done = _watched(setting, made)
    except BaseException as error:
        # Where the store is what failed, the next run finds this one without an end.
        with suppress(StoreError):
            _end(made.store, setting, "stopped", _why(error))
        raise
    _end(made.store, setting, "failed" if done.failed else "ok", next(iter(done.errors), ""))
    return done


def _watched(setting: Setting, made: Parts) -> Run:
    """Take the steps, and look for alarms, all the more after an error that ends the run."""
    if setting.steps == ("send",):  # Whoever sends every minute need not look as often.
        return run(made, setting.steps)
    try:
        done = run(made, setting.steps)
    except Exception:
        with suppress(DigestError):  # What ended the run is what is told of it.
            watch(setting, made)
        raise
    return replace(done, watched=watch(setting, made))


def _why(error: BaseException) -> str:
    match error:
        case DigestError():
            return str(error)
        case Exception():
            return f"{type(error).__name__}: {error}"
        case _:
            return INTERRUPTED


def _taken(setting: Setting) -> tuple[Step, ...]:
    """Return the steps that count as taken: to publish for one reader is not to publish."""
    return tuple(each for each in setting.steps if not (setting.only and each == "publish"))


def _end(store: Store, setting: Setting, outcome: Outcome, said: str) -> None:
    with store.writing() as transaction:
        transaction.end_run(setting.run, outcome, said[:LONGEST_SAID], clock())
