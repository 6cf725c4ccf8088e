"""``digest take-back``: go on with a store that was handed over."""

from __future__ import annotations

import click

from digest.cli.options import needed


@click.command(name="take-back")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_context
def command(ctx: click.Context, *, yes: bool) -> None:
    """Go on here with a store that was handed over by `move` or `backup --hand-over`.

    What the other store sent since is not known here, and would be sent again. To have it here,
    back up the other store with --hand-over and restore that instead.
    """
    from digest.config import load  # noqa: PLC0415 - only a command pays for it
    from digest.store import open_store  # noqa: PLC0415 - as above

    with open_store(load(needed(ctx)).store.url, handed_over=True) as store:
        if not yes:
            click.confirm(
                "What the other store sent since would be sent again. Does it run no more, and "
                "is this one to go on?",
                abort=True,
                err=True,
            )
        with store.writing() as transaction:
            successor = transaction.undo_hand_over()
    click.echo(f"taken back from {successor}" if successor else "it was not handed over", err=True)
