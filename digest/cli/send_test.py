"""``digest send-test``: one reader's letter of today, through the real output."""

from __future__ import annotations

import click

from digest.cli import printable
from digest.cli.options import needed


@click.command(name="send-test")
@click.argument("name")
@click.option("--at", metavar="WHEN", default="", help="Believe it is then.")
@click.pass_context
def command(ctx: click.Context, name: str, *, at: str) -> None:
    """Send reader NAME today's letter, marked as a test.

    It goes through the real outputs that send mail and is recorded nowhere, so the papers in it
    can come again. Prints what the server answered.
    """
    from digest.app import Setting, clock, moment  # noqa: PLC0415 - only a run pays for it
    from digest.config import load  # noqa: PLC0415 - as above
    from digest.trial import send_test  # noqa: PLC0415 - as above

    path = needed(ctx)
    config = load(path)
    now = moment(at, config.newsletter.timezone, clock())
    setting = Setting(config=config, now=now, only=name, folder=path.absolute().parent)
    bad = 0
    for part, wrong, answer in send_test(setting):
        bad += wrong
        click.echo(printable(f"{part}: {answer}"), err=wrong)
    ctx.exit(1 if bad else 0)
