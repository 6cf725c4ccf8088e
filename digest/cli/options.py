"""What several commands take, and how they print tables."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
import msgspec

from digest.cli import printable

if TYPE_CHECKING:
    from digest.config import Config
    from digest.kept import Kept

F = TypeVar("F", bound=Callable[..., Any])


def configured(ctx: click.Context) -> Path | None:
    """Return the config file to use; None where there is none."""
    from digest.config import find  # noqa: PLC0415 - `--help` need not pay for it

    return find(ctx.find_root().obj, dict(os.environ))


def needed(ctx: click.Context) -> Path:
    """Return the config file to use. Raises ConfigError where there is none."""
    from digest.errors import ConfigError  # noqa: PLC0415 - as above

    path = configured(ctx)
    if path is None:
        raise ConfigError("no digest.toml; `digest init` writes one")
    return path


def kept_pages(config: Config, folder: str) -> Kept:
    """Return what a folder of kept pages holds. Raises ConfigError where there is none."""
    from digest.kept import opened  # noqa: PLC0415 - only a replay pays for it

    return opened(Path(folder), config.newsletter.timezone, config.http.limit)


def subscriber_option(help_: str) -> Callable[[F], F]:
    """Return the option that names a reader."""
    return click.option("--subscriber", "-s", metavar="NAME", default="", help=help_)


def json_option(help_: str = "Print JSON.") -> Callable[[F], F]:
    """Return the option that asks for JSON."""
    return click.option("--json", "as_json", is_flag=True, help=help_)


def passphrase_option(command: F) -> F:
    """Add the option that names a file with a backup's passphrase."""
    return click.option(
        "--passphrase-file",
        metavar="FILE",
        type=click.Path(path_type=Path),
        help="Its first line seals the backup; mode 0600.",
    )(command)


def passphrase(file: Path | None) -> str:
    """Return a backup's passphrase from a file, the environment or a credential; "" without one."""
    from digest.backups import VARIABLE  # noqa: PLC0415 - only a backup pays for it
    from digest.errors import ConfigError  # noqa: PLC0415 - as above
    from digest.keys import source_secret  # noqa: PLC0415 - as above
    from digest.passwords import PasswordError, read_password  # noqa: PLC0415 - as above

    if file is None:
        return source_secret(VARIABLE, os.environ)
    try:
        return read_password((), str(file), service="backup")
    except PasswordError as error:
        raise ConfigError(f"--passphrase-file: {error}") from error


def show(rows: Sequence[msgspec.Struct], *, as_json: bool, columns: Sequence[str]) -> None:
    """Print rows as JSON, or as a table that fits the terminal."""
    if as_json:
        encoded = msgspec.json.encode(msgspec.to_builtins(list(rows)))
        click.echo(msgspec.json.format(encoded, indent=2).decode())
        return
    if not rows:
        click.echo("none", err=True)
        return
    _table(rows, columns)


def _table(rows: Sequence[msgspec.Struct], columns: Sequence[str]) -> None:
    from rich import box  # noqa: PLC0415 - only a table pays for it
    from rich.console import Console  # noqa: PLC0415 - as above
    from rich.table import Table  # noqa: PLC0415 - as above
    from rich.text import Text  # noqa: PLC0415 - as above

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column.replace("_", " "), overflow="fold")
    for row in rows:
        table.add_row(*(Text(_cell(getattr(row, column))) for column in columns))
    width = None if sys.stdout.isatty() or "COLUMNS" in os.environ else 120
    Console(width=width, highlight=False, soft_wrap=False).print(table)


def _cell(value: object) -> str:
    match value:
        case None:
            return "-"
        case tuple() | list():
            return ", ".join(_cell(each) for each in value)
        case dict():
            return ", ".join(f"{number} {name}" for name, number in value.items())
        case _:
            return printable(str(value))
