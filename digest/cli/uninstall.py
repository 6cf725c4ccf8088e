"""``digest uninstall``: takes away the units that ``digest install`` wrote."""

from __future__ import annotations

from pathlib import Path

import click

from digest.cli.install import agree, chosen
from digest.errors import ConfigError


@click.command(name="uninstall")
@click.option("--system", "scope", flag_value="system", help="The service of this machine.")
@click.option("--user", "scope", flag_value="user", help="The service of yours.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--root", metavar="DIR", default="/", help="What stands for /, for packages.")
@click.pass_context
def command(ctx: click.Context, *, scope: str | None, yes: bool, root: str) -> None:
    """Remove the units that `digest install` wrote; shows first which.

    What was changed since stays, and so do the config and all that is remembered.
    """
    from digest.install import enabled, remove, stays, written  # noqa: PLC0415 - only this pays

    place = chosen(ctx, scope, Path(root).absolute())
    ours, notes = written(place)
    for note in notes:
        click.echo(note)
    if not ours:
        click.echo(f"{place.real(place.units)}: nothing of ours is there")
        return
    systemctl = "systemctl --user" if place.user else "systemctl"
    if running := enabled(place):
        raise ConfigError(f"still enabled: {systemctl} disable --now {' '.join(running)}, first")
    for each in ours:
        click.echo(f"would remove {each.path}")
    agree("Remove this?", yes=yes)
    remove(ours)
    click.echo(f"removed. Next: {systemctl} daemon-reload")
    click.echo(f"{stays(place)} stay as they are")
