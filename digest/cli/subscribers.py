"""``digest subscribers``: look at the readers."""

from __future__ import annotations

from datetime import date

import click
from msgspec import Struct

from digest.cli.options import json_option, needed, show


class Row(Struct, frozen=True, kw_only=True):
    """A reader as the list shows them. `due` is the first day a letter can come."""

    name: str
    email: str
    cadence: str
    keywords: tuple[str, ...]
    outputs: tuple[str, ...]
    last_letter: date | None
    due: date


@click.group()
def command() -> None:
    """Look at the readers. They stand in digest.toml."""


@command.command(name="list")
@json_option()
@click.pass_context
def list_(ctx: click.Context, *, as_json: bool) -> None:
    """List the readers, what they follow, and when each is due."""
    from digest.app import Setting, clock, looking  # noqa: PLC0415 - only a command pays for it
    from digest.config import load  # noqa: PLC0415 - as above
    from digest.subscribers import days_of, next_due  # noqa: PLC0415 - as above

    config, now = load(needed(ctx)), clock()
    with looking(Setting(config=config, now=now)) as store, store.reading() as transaction:
        rows = []
        for each in config.subscribers:
            last = transaction.last_letter(each.name)
            today = days_of(each, config.zone_of(each)).of(now)
            reached = [out.name for out in config.outputs if out.reaches(each)]
            rows.append(
                Row(
                    name=each.name,
                    email=each.email,
                    cadence=each.cadence,
                    keywords=each.keywords,
                    outputs=tuple(o for o in reached if not each.outputs or o in each.outputs),
                    last_letter=last.day if last else None,
                    due=next_due(each, last.day if last else None, today),
                )
            )
    columns = ("name", "email", "cadence", "keywords", "outputs", "last_letter", "due")
    show(rows, as_json=as_json, columns=columns)
