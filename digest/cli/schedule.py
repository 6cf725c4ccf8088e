"""``digest schedule``: when it runs next, and who is due when."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click
import msgspec
from msgspec import Struct

from digest.cli import printable
from digest.cli.options import json_option, needed

if TYPE_CHECKING:
    from digest.config import Config
    from digest.schedule import Timetable

MOST = 3
"""How many runs of each step are told."""


class Runs(Struct, frozen=True, kw_only=True):
    """A step's lines, and its next ticks."""

    step: str
    lines: tuple[str, ...]
    next: tuple[datetime, ...]


class Reader(Struct, frozen=True, kw_only=True):
    """A reader: her hour, her zone, and the tick at which her next letter is written."""

    name: str
    cadence: str
    at: str
    timezone: str
    last_letter: date | None
    next_letter: datetime | None


class Plan(Struct, frozen=True, kw_only=True):
    """What is to come. Times are in the newsletter's zone, a reader's in hers."""

    runs: tuple[Runs, ...]
    readers: tuple[Reader, ...]
    warnings: tuple[str, ...]


@click.command()
@json_option()
@click.pass_context
def command(ctx: click.Context, *, as_json: bool) -> None:
    """Tell when a service runs next, and who is due when.

    Warns where there are too few ticks for what readers want. With `digest once` by cron, it is
    cron that says when.
    """
    from digest.config import load  # noqa: PLC0415 - only a command pays for it

    plan = _planned(load(needed(ctx)))
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(plan), indent=2).decode())
    else:
        _tell(plan)


def _planned(config: Config) -> Plan:
    from digest.app import Setting, clock, looking  # noqa: PLC0415 - as above
    from digest.schedule.plan import next_letter, warnings  # noqa: PLC0415 - as above
    from digest.subscribers import days_of  # noqa: PLC0415 - as above

    now, table = clock(), config.timetable
    days = {each.name: (each, days_of(each, config.zone_of(each))) for each in config.subscribers}
    readers = []
    with looking(Setting(config=config, now=now)) as store, store.reading() as transaction:
        for reader, hers in days.values():
            last = transaction.last_letter(reader.name)
            day = last.day if last else None
            tick = next_letter(reader, hers, table, day, now)
            readers.append(
                Reader(
                    name=reader.name,
                    cadence=reader.cadence,
                    at=reader.at,
                    timezone=hers.zone,
                    last_letter=day,
                    next_letter=tick and tick.astimezone(ZoneInfo(hers.zone)),
                )
            )
    runs = tuple(_runs(config, table, now))
    return Plan(runs=runs, readers=tuple(readers), warnings=tuple(warnings(days, table, now)))


def _runs(config: Config, table: Timetable, now: datetime) -> Sequence[Runs]:
    zone, found = ZoneInfo(config.newsletter.timezone), []
    for step in ("collect", "publish"):
        ticks: list[datetime] = []
        while len(ticks) < MOST and (tick := table.next(step, ticks[-1] if ticks else now)):
            ticks.append(tick.astimezone(zone))
        lines = tuple(line.text for line in table.lines(step))
        found.append(Runs(step=step, lines=lines, next=tuple(ticks)))
    return found


def _tell(plan: Plan) -> None:
    for each in plan.runs:
        click.echo(printable(f"{each.step}: {'; '.join(each.lines)}"))
        for tick in each.next:
            click.echo(f"  {_said(tick)}")
    for reader in plan.readers:
        when = _said(reader.next_letter) if reader.next_letter else "never: no tick is on her days"
        click.echo(printable(f"{reader.name}: {reader.cadence} from {reader.at} on"))
        click.echo(f"  next letter {when}")
    for warning in plan.warnings:
        text = printable(f"warning: {warning}")
        click.echo(click.wrap_text(text, 80, subsequent_indent="  "), err=True)


def _said(moment: datetime) -> str:
    return f"{moment:%a %-d %b %Y %H:%M} {moment.tzinfo}"


command.name = "schedule"
