"""``digest check``: everything is tried but the sending, a line each."""

from __future__ import annotations

import click

from digest.cli import printable
from digest.cli.options import needed


@click.command(name="check")
@click.pass_context
def command(ctx: click.Context) -> None:
    """Try the config, the templates, the store, each source and each output.

    Each source is asked one thing, politely; each output is connected to, and no mail is sent.
    A line each: ok, or what is wrong and what to do; for a page, also what its selectors find.
    """
    from digest.checks import checks  # noqa: PLC0415 - `--help` need not pay for it
    from digest.config import load  # noqa: PLC0415 - as above

    path = needed(ctx)
    config = load(path)
    click.echo(f"ok    config {path}")
    bad = 0
    for what, wrong, text in checks(config, path.absolute().parent):
        bad += wrong
        mark = "WRONG" if wrong else "ok   "
        first, *more = f"{mark} {what}: {text}".splitlines()
        click.echo(printable("\n".join((first, *(f"      {line}".rstrip() for line in more)))))
    ctx.exit(1 if bad else 0)
