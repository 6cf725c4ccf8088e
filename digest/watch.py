"""What an operator should hear of: looked for after each run, told once, told again when over.

An alarm and its mail are kept in one transaction, so that whoever dies meanwhile neither tells it
twice nor not at all; it leaves by the outbox, by the first output that mails. Where nobody is
named, or no output mails, alarms are kept all the same, for the account and `digest doctor`; once
somebody is named, what still goes on is mailed. `digest.alarms` decides what is wrong.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from digest.alarms import (
    HISTORY,
    Alarm,
    Facts,
    Letterhead,
    Room,
    SourceSigns,
    ToldAlarm,
    alarms,
    began,
    ended,
    pause,
)
from digest.app import Setting, clock, fetching, me, opened, parts
from digest.config import Config
from digest.events import AlarmOn, AlarmOver
from digest.keys import source_secret
from digest.messages import Mail
from digest.outputs.directory import Directory
from digest.pipeline import STEPS, Parts, send
from digest.pipeline.publish import EVERYONE
from digest.report import Run, Watched
from digest.stationery import mailers
from digest.store import Store, Transaction
from digest.subscribers import CadenceName


def look(setting: Setting) -> Run:
    """Look for alarms while nothing runs, and mail what is new of them.

    It takes no lock: two who look at once tell each alarm once between them.
    """
    with opened(setting) as store, fetching(setting) as fetcher:
        return Run(
            adopted=store.adopted, watched=watch(setting, parts(setting, store, fetcher, me()))
        )


def watch(setting: Setting, made: Parts) -> Watched:
    """Look for alarms, and mail those that begin or are over."""
    with made.store.reading() as store:
        facts = observed(setting, store)
        told = store.alarms()
    found = alarms(facts, setting.config.watch, told.keys())
    if not found and not told:
        return Watched()
    desk = _Desk(setting.config, made)
    names = {alarm.name for alarm in found}
    with made.store.writing() as store:
        posted = [desk.begin(store, alarm, told.get(alarm.name)) for alarm in found]
        posted += [desk.end(store, each) for each in told.values() if each.name not in names]
    said = tuple(alarm.said for alarm in found)
    return (
        Watched(alarms=said, sent=send(made, no_letters=True))
        if any(posted)
        else Watched(alarms=said)
    )


def observed(setting: Setting, store: Transaction) -> Facts:
    """Return what can be seen of an installation."""
    config = setting.config
    states = store.source_states()
    last = store.last_run("collect")
    now = setting.now
    issued = store.last_issue()
    return Facts(
        now=now,
        zone=config.newsletter.timezone,
        looked_at=now if "collect" in setting.steps or last is None else min(now, last),
        cadences=_cadences(config),
        began_at=min((s.first_read_at for s in states.values() if s.first_read_at), default=None),
        issued=issued,
        issues=store.issues((now - HISTORY).date()) if issued else (),
        sources=tuple(_signs(config, store, now)),
        rooms=rooms(setting),
        doubtful=store.doubtful_letters(),
    )


def rooms(setting: Setting) -> tuple[Room, ...]:
    """Return how much room there is where something is written: each disk once."""
    found: dict[int, Room] = {}
    scratch = Path(tempfile.gettempdir())
    for place in (*_places(setting), scratch):
        there = next(each for each in (place, *place.parents) if each.exists())
        usage = shutil.disk_usage(there)
        all_ = usage.total if place == scratch else 0
        room = Room(place=str(there), free=usage.free, scratch=all_)
        found.setdefault(there.stat().st_dev, room)
    return tuple(found.values())


def switched(setting: Setting, run: Run, store: Store) -> str:
    """Tell the dead man's switch of a run that went well, if there is one; return what failed.

    A run that only sent tells it nothing, and none does while the last run of another step has
    not gone well: else what succeeds often would hide what fails daily.
    """
    url = source_secret("PING_URL", os.environ) or setting.config.watch.ping
    if not url or run.failed or not {"collect", "publish"} & {*setting.steps}:
        return ""
    with store.reading() as transaction:
        last = [transaction.last_ended(step) for step in STEPS]
    if any(each and each.outcome != "ok" for each in last):
        return ""
    from digest.ping import ping  # noqa: PLC0415 - only a run with a switch pays for httpx

    return ping(url, setting.config.http.agent)


def _cadences(config: Config) -> frozenset[CadenceName]:
    """Return the cadences of whoever gets letters; the public's edition is daily."""
    readers = {each.cadence for each in config.subscribers}
    public = any(each.reaches(None) for each in config.outputs)
    return frozenset(readers | {EVERYONE.cadence} if public else readers)


def _signs(config: Config, store: Transaction, now: datetime) -> Iterator[SourceSigns]:
    """Yield what is known of each source; what costs a look through all papers only if needed."""
    zone = ZoneInfo(config.newsletter.timezone)
    states, listed = store.source_states(), store.pages_listed()
    for source in config.sources:
        if (state := states.get(source.name)) is None:
            continue
        heard = listed.get(source.name)
        moments: Sequence[datetime] = ()
        if heard is None or pause(heard.astimezone(zone).date(), now.astimezone(zone).date()):
            moments = store.listings(source.name, now - HISTORY)
        yield SourceSigns(
            name=source.name,
            first_read_at=state.first_read_at,
            read_at=state.read_at,
            failing_since=state.failing_since,
            reason=state.reason,
            listed_at=max(filter(None, (heard, *moments)), default=None),
            days=tuple(dict.fromkeys(each.astimezone(zone).date() for each in moments)),
        )


def _places(setting: Setting) -> Iterator[Path]:
    url = setting.config.store.url
    if url.startswith("sqlite:///"):
        yield Path(url.removeprefix("sqlite:///")).absolute().parent
    for output in setting.config.outputs:
        if isinstance(output, Directory):
            yield Path(output.path).absolute()


class _Desk:
    """Writes of alarms to the operator, each mail once, if there is a way."""

    def __init__(self, config: Config, made: Parts) -> None:
        operator = config.watch.operator
        outputs = mailers(config) if operator else []
        self._output = outputs[0].name if outputs else ""
        self._head = Letterhead(
            title=config.newsletter.title, zone=config.newsletter.timezone, operator=operator
        )
        self._message_id = made.message_id
        self._now = made.now
        self._log = made.log

    def begin(self, store: Transaction, alarm: Alarm, told: ToldAlarm | None) -> bool:
        """Tell of an alarm unless it was told; say whether a mail was put in the outbox."""
        this = told or ToldAlarm(name=alarm.name, since=self._now, said=alarm.said)
        if told is None:
            if not store.begin_alarm(this):
                return False  # Another looked at the same time, and told it.
            self._log(AlarmOn(alarm=alarm.name))
        return self._put(store, this.key("began"), lambda: began(alarm, this.since, self._head))

    def end(self, store: Transaction, told: ToldAlarm) -> bool:
        """Tell that an alarm is over to who was told that it began; likewise."""
        before = store.posted(told.key("began"))
        if not store.end_alarm(told.name):
            return False
        self._log(AlarmOver(alarm=told.name))
        if not before:
            return False
        return self._put(
            store, told.key("ended"), lambda: ended(told, self._now, before, self._head)
        )

    def _put(self, store: Transaction, key: str, write: Callable[[], Mail]) -> bool:
        if not self._output:
            return False
        outputs = [(self._output, self._message_id(key, self._output))]
        return store.post(write(), key, outputs, clock()) is not None
