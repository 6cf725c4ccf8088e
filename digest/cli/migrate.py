"""``digest migrate``: make the store's tables, or bring them up to date."""

from __future__ import annotations

import click

from digest.cli.options import needed


@click.command(name="migrate")
@click.pass_context
def command(ctx: click.Context) -> None:
    """Make the store's tables, or bring them up to date.

    A store on a PostgreSQL server needs this once in the beginning, and after an update of digest
    that says so. A store in a file needs it never: opening it does the same.
    """
    from digest.config import load  # noqa: PLC0415 - only a command pays for it
    from digest.store import migrate  # noqa: PLC0415 - as above

    done = migrate(load(needed(ctx)).store.url)
    if done.before is None:
        click.echo(f"{done.place}: made, schema {done.after}")
    elif done.before == done.after:
        click.echo(f"{done.place}: up to date, schema {done.after}")
    else:
        click.echo(f"{done.place}: schema {done.before or 'none'} is now {done.after}")
    if done.copy:
        click.echo(f"{done.copy}: what it was before")
