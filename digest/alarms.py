"""Alarms: what an operator should hear of, once when it begins and once when it is over.

    silent          no issue went out for some working days
    source/<name>   a source has failed, or brought nothing, for some days
    disk            there is little room left on a disk that is written to
    doubt           nobody can say whether some letters were sent

Weekends and the days around Christmas are no working days: then nothing is announced. A source,
or a newsletter, that is slower by nature is waited for longer: three times its usual pause. The
disk's alarm is over when there is a tenth more room than it needs, so that it does not flap; the
others end only with what they wait for. Pure: it never looks, sends or reads a clock.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from msgspec import Struct

from digest.mail import split_sender
from digest.messages import Mail
from digest.subscribers import CadenceName

_CHRISTMAS = ((12, 24), (1, 1))
_WORKING_DAYS_A_WEEK = 5
_PAUSES: Mapping[CadenceName, int] = {"daily": 0, "weekdays": 0, "weekly": 4, "monthly": 22}
"""How many working days lie between two letters."""

HISTORY = timedelta(days=90)
"""How far back a usual pause is looked for."""

_ENOUGH = 4
"""How many days of a history tell what is usual."""

_SLOWER = 3
_MEGABYTE = 1_000_000
_AGAIN = 1.1
_SMALL = 2_000 * _MEGABYTE
"""Where nothing is kept, a disk below this is small by nature: a quarter of it is to be free."""


class WatchSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[watch]``: to whom alarms are mailed, after how long, and whom a good run tells.

    `silent` and `stale` are days, `disk` megabytes; 0 is never. `ping` is an address.
    """

    operator: str = ""
    silent: int = 3
    stale: int = 3
    disk: int = 500
    ping: str = ""

    def __post_init__(self) -> None:
        """Refuse what cannot be mailed to, counted or asked."""
        if self.operator:
            try:
                split_sender(self.operator)
            except ValueError as error:
                raise ValueError(f"`operator`: {error}") from error
        for name in ("silent", "stale", "disk"):
            if getattr(self, name) < 0:
                raise ValueError(f"`{name}` must be at least 0, which is never")
        if self.ping and not self.ping.startswith(("https://", "http://")):
            raise ValueError("`ping` must begin with https:// or http://")


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSigns:
    """What is known of a source.

    `read_at` is when it was last read whole, `listed_at` when it last listed anything, be it
    known; `days` are those on which it listed something that it had not listed before.
    """

    name: str
    first_read_at: datetime | None = None
    read_at: datetime | None = None
    failing_since: datetime | None = None
    reason: str = ""
    listed_at: datetime | None = None
    days: tuple[date, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """How many bytes are free where something is written.

    `scratch` is how many there are in all, if nothing that is kept is written there: in a
    container it may be smaller by nature than what is to be free elsewhere. Else it is 0.
    """

    place: str
    free: int
    scratch: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What alarms are made of.

    `looked_at` is when the sources were last asked. `cadences` are those of whoever gets letters.
    `began_at` is when anything was read first. `issued` is the day of the last issue that went
    out, `issues` those of the last months. `doubtful` counts letters.
    """

    now: datetime
    zone: str
    looked_at: datetime
    cadences: Collection[CadenceName] = ()
    began_at: datetime | None = None
    issued: date | None = None
    issues: tuple[date, ...] = ()
    sources: Sequence[SourceSigns] = ()
    rooms: Sequence[Room] = ()
    doubtful: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """Something that is wrong: what, in a line, and what to do, in some. `name` stays the same."""

    name: str
    said: str
    advice: str


class ToldAlarm(Struct, frozen=True, kw_only=True):
    """An alarm that goes on: when it began, and what was said of it then."""

    name: str
    since: datetime
    said: str

    def key(self, what: str) -> str:
        """Return the key of a mail about it: another for each mail, and for its next time."""
        return f"alarm/{self.name}/{self.since.astimezone(UTC):%Y%m%dT%H%M%S.%fZ}/{what}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Letterhead:
    """What mails to the operator have in common: the newsletter, its zone, who gets them."""

    title: str
    zone: str
    operator: str

    def mail(self, said: str, text: str, at: datetime, in_reply_to: str = "") -> Mail:
        """Return a mail to the operator."""
        return Mail(
            recipient=split_sender(self.operator)[1],
            subject=f"{self.title}: {said}",
            text=text,
            made_at=at,
            in_reply_to=in_reply_to,
        )

    def moment(self, moment: datetime) -> str:
        """Return a moment in the newsletter's zone."""
        local = moment.astimezone(ZoneInfo(self.zone))
        return f"{_day(local.date())} at {local:%H:%M} ({self.zone})"


def alarms(
    facts: Facts, settings: WatchSettings, active: Collection[str] = ()
) -> tuple[Alarm, ...]:
    """Return what is wrong; `active` names what was wrong before."""
    return (
        *_silent(facts, settings.silent),
        *(
            alarm
            for source in facts.sources
            for alarm in _stale(source, facts, settings.stale)
            if settings.stale
        ),
        *_disk(facts, settings.disk, active),
        *_doubt(facts),
    )


def pause(after: date, before: date) -> int:
    """Return how many working days lie between two days, neither of them counted."""
    days = (before - after).days
    between = (after + timedelta(days=number) for number in range(1, days))
    return sum(_is_working(day) for day in between)


def patience(days: Sequence[date], least: int, usual: int = 0) -> int:
    """Return for how many working days nothing need be heard of what was heard of on `days`.

    It is `least` beyond the pause that is `usual` by its nature; more where it has been slower.
    """
    met = sorted(set(days))
    if len(met) < _ENOUGH:
        return usual + least
    pauses = [pause(*pair) for pair in pairwise(met)]
    median = sorted(pauses)[(len(pauses) - 1) // 2]
    slower = max(median - usual, 0)
    return usual + max(least, _SLOWER * slower)


def _is_working(day: date) -> bool:
    christmas, new_year = _CHRISTMAS
    festive = (day.month, day.day) >= christmas or (day.month, day.day) <= new_year
    return day.weekday() < _WORKING_DAYS_A_WEEK and not festive


def _silent(facts: Facts, least: int) -> Iterator[Alarm]:
    zone = ZoneInfo(facts.zone)
    began = facts.began_at.astimezone(zone).date() if facts.began_at else None
    last = facts.issued or began
    if not least or last is None or not facts.cadences:
        return
    usual = min(_PAUSES[each] for each in facts.cadences)
    silence = pause(last, facts.now.astimezone(zone).date())
    if silence >= patience(facts.issues, least, usual):
        since = f"since {_day(last)}" if facts.issued else f"yet; the first run was on {_day(last)}"
        yield Alarm(
            name="silent",
            said=f"no issue went out {since}",
            advice=f"That is {silence} working days without one. `digest doctor` says what is "
            "wrong; `digest once --dry-run` shows who would get a letter now, and why nobody does.",
        )


def _stale(source: SourceSigns, facts: Facts, least: int) -> Iterator[Alarm]:
    name = f"source/{source.name}"
    zone = ZoneInfo(facts.zone)
    if source.failing_since and facts.looked_at - source.failing_since >= timedelta(days=least):
        since = source.failing_since.astimezone(zone)
        yield Alarm(
            name=name,
            said=f"source {source.name} has failed since {_day(since.date())}",
            advice=f"The last error: {source.reason}\n\n`digest check` tries it now. Days that it "
            "lists are read later, as far back as it shows them; if it is gone for good, take it "
            "out of digest.toml.",
        )
        return
    heard = max(filter(None, (source.listed_at, source.first_read_at)), default=None)
    if source.failing_since or heard is None or source.read_at is None:
        return
    last = heard.astimezone(zone).date()
    silence = pause(last, source.read_at.astimezone(zone).date())
    if silence >= patience(source.days, least):
        yield Alarm(
            name=name,
            said=f"source {source.name} has brought nothing since {_day(last)}",
            advice=f"It was read well, and listed nothing at all for {silence} working days. Look "
            "at its page: it may have moved or changed. If it is as slow as that by nature, "
            "nothing need be done: it is waited for longer once that is known of it.",
        )


def _disk(facts: Facts, least: int, active: Collection[str]) -> Iterator[Alarm]:
    again = _AGAIN if "disk" in active else 1
    scarce = [each for each in facts.rooms if each.free < again * _needed(each, least)]
    if scarce:
        said = ", ".join(f"{each.free // _MEGABYTE} MB at {each.place}" for each in scarce)
        yield Alarm(
            name="disk",
            said=f"the disk fills: {said} are free",
            advice=f"Make room: less than {least} MB is left. What a full disk cuts off is not "
            "half-written, but no letter goes out then.",
        )


def _needed(room: Room, least: int) -> int:
    needed = least * _MEGABYTE
    return min(needed, room.scratch // 4) if 0 < room.scratch < _SMALL else needed


def _doubt(facts: Facts) -> Iterator[Alarm]:
    if facts.doubtful:
        letters = "1 letter is" if facts.doubtful == 1 else f"{facts.doubtful} letters are"
        yield Alarm(
            name="doubt",
            said=f"{letters} in doubt",
            advice="A connection was lost, or a run stopped, when the mail server had the whole "
            "message: sent or not, nobody can say, so it is not sent again. `digest letters` lists "
            "them. The mail server's log may know: then say `digest letters settle ID sent`, or "
            "`… failed`, or send it once more with `digest letters resend ID`.",
        )


def began(alarm: Alarm, since: datetime, head: Letterhead) -> Mail:
    """Return the mail that tells of an alarm."""
    text = (
        f"{alarm.said[0].upper()}{alarm.said[1:]}.\n\n{alarm.advice}\n\n"
        f"Noticed on {head.moment(since)}. You hear of this once more, when it is over.\n"
    )
    return head.mail(alarm.said, text, since)


def ended(told: ToldAlarm, now: datetime, before: str, head: Letterhead) -> Mail:
    """Return the mail that tells that an alarm is over; `before` is what told of it."""
    text = (
        f"It is over: {told.said}.\n\nThat was told on {head.moment(told.since)}, and is so no "
        f"more on {head.moment(now)}. Nothing need be done.\n"
    )
    return head.mail(f"over: {told.said}", text, now, before)


def _day(day: date) -> str:
    return f"{day:%A} {day.day} {day:%B %Y}"
