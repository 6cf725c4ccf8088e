"""``digest backup``: the store, the config, the templates and the keys, in one file."""

from __future__ import annotations

from pathlib import Path

import click

from digest.cli import printable
from digest.cli.account import telling
from digest.cli.options import needed, passphrase, passphrase_option
from digest.errors import ConfigError


@click.command(name="backup")
@click.argument("file", type=click.Path(path_type=Path))
@passphrase_option
@click.option("--encrypt", is_flag=True, help="Stop where there is no passphrase.")
@click.option(
    "--hand-over",
    is_flag=True,
    help="For a move to another machine: this store sends nothing any more.",
)
@click.pass_context
def command(
    ctx: click.Context, *, file: Path, passphrase_file: Path | None, encrypt: bool, hand_over: bool
) -> None:
    """Back up the store, digest.toml, templates and keys into FILE, and read it back.

    Runs may go on meanwhile. FILE is a gzipped tar; with a passphrase (--passphrase-file,
    DIGEST_BACKUP_PASSPHRASE, or the systemd credential `backup_passphrase`) it is sealed in the
    format of age, which `age -d` opens, too, and only then are digest.key and the files of
    passwords beside digest.toml in it. Making a key of a passphrase takes some 500 MB of memory and
    a second or more; a secret key that `age-keygen` prints may stand in its place.

    Saved pages, and letters written to folders, are not in it.
    """
    from digest.app import Setting, clock  # noqa: PLC0415 - only a command pays for it
    from digest.backups import VARIABLE, backup  # noqa: PLC0415 - as above
    from digest.config import load  # noqa: PLC0415 - as above

    path = needed(ctx)
    word = passphrase(passphrase_file)
    if encrypt and not word:
        raise ConfigError(f"--encrypt: no passphrase; set DIGEST_{VARIABLE}, or a file that has it")
    with telling() as tell:
        setting = Setting(config=load(path), now=clock(), folder=path.absolute().parent, tell=tell)
        made = backup(setting, path, file, passphrase=word, hand_over=hand_over)
    rows = sum(made.manifest.rows.values())
    how = "sealed" if made.sealed else "not sealed: keep it where only you can read it"
    click.echo(
        printable(f"{made.path}: {made.size:,} bytes, {rows:,} rows, read back; {how}"), err=True
    )
    if made.manifest.left_out:
        click.echo(printable(f"Not in it: {', '.join(made.manifest.left_out)}"), err=True)
    if hand_over:
        click.echo(
            "This store sends nothing any more: `digest restore` on the other machine goes on.\n"
            "If this one is to go on after all: `digest take-back`",
            err=True,
        )
