"""What `digest doctor` looks at: how an installation is that has been running.

`digest check` tries what is about to be used, by asking outside; this looks at what is remembered
and at the machine, and says what to do. It writes nothing, sends nothing, and asks outside only
what `check` asks, one server for the time, and the DNS. What it could not look at, it says.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from digest.alarms import Alarm, alarms
from digest.app import LOCK, Setting, alive, looking
from digest.checks import Line, install, key, output, templates, tried
from digest.config import Config
from digest.errors import DigestError
from digest.keys import source_secret as secret
from digest.machine import OFFLINE, WRONG_CLOCK, clock, dns, modes, python, store_file
from digest.mail import domain_of
from digest.outputs.smtp import Smtp
from digest.pipeline import STEPS, Step
from digest.stationery import mailers
from digest.store import SourceState, Store, Transaction
from digest.watch import observed, rooms

LATELY = timedelta(days=14)
"""For how long a letter that failed is spoken of."""

_MEGABYTE = 1_000_000


def doctor(setting: Setting, path: Path, *, offline: bool = False) -> Iterator[Line]:
    """Look at each part of the installation whose config is at `path`: a line each."""
    config = setting.config
    yield tried("install", install)
    yield tried("python", partial(python, config))
    yield tried("key", partial(key, setting.folder))
    yield tried("files", partial(modes, config, path))
    yield tried("templates", partial(templates, setting))
    yield tried("clock", partial(clock, config, setting.now, offline=offline))
    yield from _of_store(setting)
    for each in config.outputs:
        remote = offline and isinstance(each, Smtp)
        yield (
            (f"output {each.name}", False, OFFLINE)
            if remote
            else tried(f"output {each.name}", partial(output, each))
        )
    for domain in sorted({domain_of(each.sender) for each in mailers(config)}):
        yield (
            ("dns " + domain, False, OFFLINE)
            if offline
            else tried(f"dns {domain}", partial(dns, domain))
        )
    yield tried("switch", partial(_switch, config))


# The store


def _of_store(setting: Setting) -> Iterator[Line]:
    """Look at the store and at all that is remembered in it."""
    file = store_file(setting.config)
    if file and not file.exists() and not file.with_name(f"{file.name}.letters-sent").exists():
        yield "store", False, f"{file}: not there yet; the first run makes it"
        return
    try:
        with looking(setting) as store, store.reading() as transaction:
            yield tried("store", partial(_store, store, transaction, file))
            yield from _remembered(setting, transaction)
    except (DigestError, ValueError) as error:  # ValueError: a moment in it is none.
        yield "store", True, f"{error}\nso nothing that is remembered could be looked at"


def _store(store: Store, transaction: Transaction, file: Path | None) -> str:
    if damage := transaction.damage():
        raise DigestError("\n".join(("damaged; put a copy back: `digest restore`", *damage)))
    store.check_not_handed_over()
    if behind := store.behind():
        raise DigestError(
            f"older than what was sent: {behind} letters that went out are known to the journal "
            "beside it alone; the next run takes them over, and none of them is sent again"
        )
    if file is None:
        return "the database answers, and its schema is this version's"
    log = Path(f"{file}-wal")
    size = f"{file.stat().st_size / _MEGABYTE:.1f} MB"
    rest = f", {log.stat().st_size / _MEGABYTE:.1f} MB in its log" if log.exists() else ""
    return f"{file}: whole, {size}{rest}"


def _remembered(setting: Setting, store: Transaction) -> Iterator[Line]:
    found = alarms(observed(setting, store), setting.config.watch, store.alarms().keys())
    wrong = {each.name: each for each in found}
    yield tried("times", partial(_times, store, setting.now))
    yield tried("disk", partial(_or_alarm, wrong, "disk", partial(_disk, setting)))
    states = store.source_states()
    for each in setting.config.sources:
        look = partial(_source, states.get(each.name))
        yield tried(f"source {each.name}", partial(_or_alarm, wrong, f"source/{each.name}", look))
    yield tried("letters", partial(_or_alarm, wrong, "silent", partial(_letters, store)))
    for step in STEPS:
        yield tried(f"last {step}", partial(_last, store, step))
    yield tried("lock", partial(_lock, store))
    yield tried("outbox", partial(_or_alarm, wrong, "doubt", partial(_outbox, setting, store)))
    yield tried("alarms", partial(_alarms, setting.config, store))


def _or_alarm(wrong: Mapping[str, Alarm], name: str, look: Callable[[], str]) -> str:
    """Look at something, unless an alarm says it all."""
    if name in wrong:
        raise DigestError(f"{wrong[name].said}\n{wrong[name].advice}")
    return look()


def _times(store: Transaction, now: datetime) -> str:
    latest = store.latest()
    if latest and latest > now + WRONG_CLOCK:
        raise DigestError(
            f"something was done at {_at(latest)}, which is yet to come: this machine's clock is, "
            "or was, wrong, or a run was told another time by --at"
        )
    return "nothing was done in the future"


def _disk(setting: Setting) -> str:
    return ", ".join(f"{each.free // _MEGABYTE} MB free at {each.place}" for each in rooms(setting))


def _source(state: SourceState | None) -> str:
    if state is None:
        return "not read yet"
    if state.failing_since:
        raise DigestError(
            f"fails since {_at(state.failing_since)}: {state.reason}\n`digest check` tries it now"
        )
    return f"read well at {_at(state.read_at)}" if state.read_at else "not read whole yet"


def _letters(store: Transaction) -> str:
    last = store.last_issue()
    return f"the last issue went out on {last}" if last else "none went out yet"


def _last(store: Transaction, step: Step) -> str:
    run = store.last_ended(step)
    if run is None:
        return "not taken yet, or not for months"
    when = f"run {run.id} of {_at(run.began_at)}"
    if run.outcome != "ok":
        how = "was stopped" if run.outcome == "stopped" else "failed"
        raise DigestError(f"{when} {how}: {run.said}")
    return f"{when} went well"


def _lock(store: Transaction) -> str:
    held = store.lock(LOCK)
    if held is None:
        return "nobody is at work"
    if not alive(held.owner):
        return f"{held.owner} held it at {_at(held.taken_at)} and is dead; the next run takes over"
    return f"{held.owner} is at work since {_at(held.taken_at)}"


def _outbox(setting: Setting, store: Transaction) -> str:
    stuck = store.put_off()
    failed = store.failed_letters(setting.now - LATELY)
    wrong = []
    if stuck.number:
        wrong.append(f"{stuck.number} failed and are tried again; the last answer: {stuck.answer}")
    if failed:
        wrong.append(
            f"{failed} letters failed in the last {LATELY.days} days: `digest letters` lists them, "
            "`digest letters show ID` says why; what was repaired is sent again by "
            "`digest letters resend ID`"
        )
    if wrong:
        raise DigestError("\n".join(wrong))
    waiting = store.waiting(setting.now).all
    return f"{waiting} wait to be sent" if waiting else "nothing waits, nothing is in doubt"


def _alarms(config: Config, store: Transaction) -> str:
    if not mailers(config):
        way = "no output mails, so nobody hears of them"
    elif not config.watch.operator:
        way = "nobody is mailed: set [watch] operator"
    else:
        way = f"mailed to {config.watch.operator}"
    if told := store.alarms():
        lines = [f"{each.said} (since {_at(each.since)})" for each in told.values()]
        raise DigestError("\n".join((way, *lines)))
    return f"none; {way}"


def _switch(config: Config) -> str:
    if secret("PING_URL", os.environ) or config.watch.ping:
        return "there is a dead man's switch, told after each run that went well"
    return "none: if this machine goes down, nobody hears; see [watch] ping"


def _at(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
