"""``digest move``: take all that is remembered to another store."""

from __future__ import annotations

import click

from digest.cli.account import telling
from digest.cli.options import needed


@click.command(name="move")
@click.option(
    "--to", metavar="URL", required=True, help="Where to: such as postgresql://digest@db/digest."
)
@click.pass_context
def command(ctx: click.Context, *, to: str) -> None:
    """Copy all that is remembered to another store, and compare it row by row.

    The other store is made, or must be empty; no run can go on meanwhile. The one that
    digest.toml names keeps all it has, and sends nothing any more: put the new address into
    digest.toml. `digest take-back` undoes it.
    """
    from digest.app import Setting, clock, move  # noqa: PLC0415 - only a command pays for it
    from digest.config import load  # noqa: PLC0415 - as above

    config = load(needed(ctx))
    with telling() as tell:
        counts = move(Setting(config=config, now=clock(), tell=tell), to)
    for name, count in counts.items():
        if count:
            click.echo(f"{name}: {count:,} rows, each the same")
    click.echo(
        f'Now write in digest.toml, under [store]: url = "{to}"\n'
        "Until then, nothing is sent: the old store was handed over. Once a run with the new one "
        "went well, put the old one away."
    )
