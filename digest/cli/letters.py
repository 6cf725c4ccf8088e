"""``digest letters``: list the letters that went out; show one, send it again, settle a doubt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, cast

import click

from digest.cli import printable
from digest.cli.options import json_option, needed, show, subscriber_option

if TYPE_CHECKING:
    from digest.app import Setting

_number = click.argument("number", metavar="ID", type=click.IntRange(1))


@click.group(name="letters", invoke_without_command=True)
@click.option("--limit", "-n", default=30, show_default=True, type=click.IntRange(1, 100_000))
@subscriber_option("Only this reader's; `public` is the edition for everyone.")
@json_option()
@click.pass_context
def command(ctx: click.Context, *, limit: int, subscriber: str, as_json: bool) -> None:
    """List the letters, the latest first, and what became of each.

    A letter that was sent again is counted by its latest delivery to each output.
    """
    if ctx.invoked_subcommand:
        return
    from digest.app import looking  # noqa: PLC0415 - only a command pays for it

    wanted = {"": None, "public": ""}.get(subscriber, subscriber)
    with looking(_setting(ctx)) as store, store.reading() as transaction:
        rows = transaction.letters(limit, wanted)
    columns = ("id", "slot", "subscriber", "papers", "states")
    show(rows, as_json=as_json, columns=columns)


@command.command(name="show")
@_number
@click.pass_context
def show_(ctx: click.Context, number: int) -> None:
    """Print letter ID as Markdown, and what became of it on standard error."""
    from digest.resend import letter  # noqa: PLC0415 - only a command pays for it

    setting = _setting(ctx)
    found, deliveries = letter(setting, number)
    click.echo(setting.desk.render(found).markdown)
    for each in deliveries:
        said = f": {each.answer}" if each.answer else ""
        click.echo(printable(f"{each.key} by {each.output}: {each.state}{said}"), err=True)


@command.command()
@_number
@click.option("--output", metavar="NAME", default="", help="By this output alone.")
@click.option("--dry-run", is_flag=True, help="Print it instead; remember nothing.")
@click.pass_context
def resend(ctx: click.Context, number: int, *, output: str, dry_run: bool) -> None:
    """Send letter ID again, now, to its reader.

    It is the same letter, under a Message-ID of its own, by each output that it went to before.
    Where it still waits to be sent, it is sent once.
    """
    from digest.resend import resend as sent_again  # noqa: PLC0415 - only a run pays for it

    sent = sent_again(_setting(ctx, dry_run=dry_run), number, output)
    for delivery, answer in sent.answers:
        click.echo(printable(f"{delivery.key} by {delivery.output}: {answer}"), err=True)
    if dry_run:
        click.echo("dry run: nothing was sent, nothing is remembered", err=True)
    ctx.exit(1 if sent.errors else 0)


@command.command()
@_number
@click.argument("state", type=click.Choice(["sent", "failed"]))
@click.pass_context
def settle(ctx: click.Context, number: int, state: str) -> None:
    """Say what became of letter ID where it is in doubt: it was `sent`, or it `failed`.

    The mail server's log may know. A letter that wholly failed counts as never sent: its papers
    come again.
    """
    from digest.resend import settle as settled  # noqa: PLC0415 - only a command pays for it

    count = settled(_setting(ctx), number, cast("Literal['sent', 'failed']", state))
    click.echo(f"letter {number}: {count} in doubt, now {state}", err=True)


def _setting(ctx: click.Context, *, dry_run: bool = False) -> Setting:
    from digest.app import Setting, clock  # noqa: PLC0415 - only a command pays for it
    from digest.config import load  # noqa: PLC0415 - as above

    path = needed(ctx)
    return Setting(config=load(path), now=clock(), dry_run=dry_run, folder=path.absolute().parent)
