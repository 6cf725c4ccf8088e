"""``digest letters``: list the letters that went out."""

from __future__ import annotations

import click

from digest.cli.options import json_option, needed, show, subscriber_option


@click.command(name="letters")
@click.option("--limit", "-n", default=30, show_default=True, type=click.IntRange(1, 100_000))
@subscriber_option("Only this reader's; `public` is the edition for everyone.")
@json_option()
@click.pass_context
def command(ctx: click.Context, *, limit: int, subscriber: str, as_json: bool) -> None:
    """List the letters, the latest first, and what became of each."""
    from digest.app import Setting, clock, looking  # noqa: PLC0415 - only a command pays for it
    from digest.config import load  # noqa: PLC0415 - as above

    config = load(needed(ctx))
    wanted = {"": None, "public": ""}.get(subscriber, subscriber)
    with looking(Setting(config=config, now=clock())) as store, store.reading() as transaction:
        rows = transaction.letters(limit, wanted)
    columns = ("id", "slot", "subscriber", "papers", "states")
    show(rows, as_json=as_json, columns=columns)
