"""``digest check``: everything is tried but the sending, a line each."""

from __future__ import annotations

import click

from digest.cli.options import needed


@click.command(name="check")
@click.pass_context
def command(ctx: click.Context) -> None:
    """Try the config, the templates, the store, each source and each output.

    Each source is asked one thing, politely; each output is connected to, and no mail is sent.
    A line each: ok, or what is wrong and what to do; for a page, also what its selectors find.
    """
    from digest.checks import checks  # noqa: PLC0415 - `--help` need not pay for it
    from digest.cli.findings import tell  # noqa: PLC0415 - as above
    from digest.config import load  # noqa: PLC0415 - as above

    path = needed(ctx)
    config = load(path)
    click.echo(f"ok    config {path}")
    ctx.exit(1 if tell(checks(config, path.absolute().parent)) else 0)
