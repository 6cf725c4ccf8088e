"""``digest install``: units of systemd, shown before they are written."""

from __future__ import annotations

import difflib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from digest.cli.options import needed
from digest.errors import ConfigError

if TYPE_CHECKING:
    from digest.install import File, Place


@click.command(name="install")
@click.option("--system", "scope", flag_value="system", help="A service of this machine.")
@click.option("--user", "scope", flag_value="user", help="A service of yours.")
@click.option("--once", is_flag=True, help="A timer that runs `digest once`, not a service.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--root", metavar="DIR", default="/", help="What stands for /, for packages.")
@click.option("--python", metavar="PATH", default="", help="The Python that runs digest there.")
@click.pass_context
def command(
    ctx: click.Context, *, scope: str | None, once: bool, yes: bool, root: str, python: str
) -> None:
    """Write units of systemd for this machine, or for you; shows first what it would write.

    With --system, the config is /etc/digest/digest.toml, what is remembered lies in
    /var/lib/digest, and secrets are files in /etc/digest/credentials, named as in
    `smtp_password`; /etc/digest/digest.key is one by itself. It runs nothing: the commands that
    start the service are printed.
    """
    from digest.install import planned, systemd_version, write  # noqa: PLC0415 - only this pays

    place = chosen(ctx, scope, Path(root).absolute(), python)
    files = planned(place, once=once, systemd=systemd_version())
    new = tuple(each for each in files if each.text != each.before)
    for each in files:
        click.echo(shown(each))
    if new:
        agree("Write this?", yes=yes)
        write(new)
        click.echo(f"wrote {' and '.join(str(each.path) for each in new)}")
    click.echo("\n".join(["Next:", *_next(place, once=once, again=_replaced(files))]))


def chosen(ctx: click.Context, scope: str | None, root: Path, python: str = "") -> Place:
    """Return the place that the options name."""
    from digest import install  # noqa: PLC0415 - as above

    if scope is None:
        raise ConfigError("--system or --user: say whose service it is")
    if scope == "user":
        if root != Path("/"):
            raise ConfigError("--root: it goes with --system; a user's units are in their home")
        return install.user(os.environ, needed(ctx), python)
    given = ctx.find_root().obj or os.environ.get("DIGEST_CONFIG", "")
    return install.system(root, given, python)


def agree(question: str, *, yes: bool) -> None:
    """Ask, unless told not to. Raises ConfigError where there is nobody to ask."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise ConfigError("nothing was done: there is nobody to ask here; --yes does it")
    click.confirm(question, abort=True, err=True)


def shown(file: File) -> str:
    """Return a file as it is shown before it is written: whole, or what changes."""
    if file.before is None:
        return f"# {file.path} (new)\n{file.text}"
    if file.before == file.text:
        return f"# {file.path}: as it should be\n"
    lines = difflib.unified_diff(
        file.before.splitlines(keepends=True),
        file.text.splitlines(keepends=True),
        str(file.path),
        f"{file.path} (new)",
    )
    return "".join(lines)


def _replaced(files: tuple[File, ...]) -> bool:
    return any(each.before is not None for each in files)


def _next(place: Place, *, once: bool, again: bool) -> list[str]:
    systemctl = "systemctl --user" if place.user else "systemctl"
    name = "digest-once.timer" if once else "digest.service"
    lines = [f"{systemctl} daemon-reload", f"{systemctl} enable --now {name}"]
    if again:
        lines.append(f"{systemctl} restart {name}")
    if place.user:
        lines.append("loginctl enable-linger     # so that it runs while you are not logged in")
    log = f"journalctl {'--user ' * place.user}-u {name.replace('.timer', '.service')}"
    return [f"  {each}" for each in (*lines, f"{log}     # what it says")]
