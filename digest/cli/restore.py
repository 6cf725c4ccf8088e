"""``digest restore``: put a backup back."""

from __future__ import annotations

from pathlib import Path

import click

from digest.cli import printable
from digest.cli.account import telling
from digest.cli.options import configured, needed, passphrase, passphrase_option


@click.command(name="restore")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--to",
    metavar="FOLDER",
    type=click.Path(path_type=Path),
    help="Where digest.toml goes; else where it is now, else here.",
)
@click.option("--force", is_flag=True, help="Replace what is there; it is kept beside.")
@click.option(
    "--store-only", is_flag=True, help="Only the store, where the present digest.toml has it."
)
@click.option("--outside", is_flag=True, help="Write outside FOLDER, too, where digest.toml says.")
@passphrase_option
@click.pass_context
def command(
    ctx: click.Context,
    *,
    file: Path,
    to: Path | None,
    force: bool,
    store_only: bool,
    outside: bool,
    passphrase_file: Path | None,
) -> None:
    """Put back what `digest backup` saved in FILE, all of it or nothing.

    Everything in it is read and checked first. What is there already is replaced only with
    --force, and kept under a dated name. The journal beside the store stays, so that what went
    out since the backup is not sent again. Stop the service before.
    """
    from digest.app import clock  # noqa: PLC0415 - only a command pays for it
    from digest.restores import Request, restore  # noqa: PLC0415 - as above

    present = needed(ctx) if store_only else configured(ctx)
    folder = to or (present.absolute().parent if present else Path())
    with telling() as tell:
        done = restore(
            Request(
                backup=file,
                folder=folder,
                now=clock(),
                passphrase=passphrase(passphrase_file),
                store_of=present if store_only else None,
                force=force,
                outside=outside,
                tell=tell,
            )
        )
    made = done.manifest
    lines = [f"{file}: made on {made.made_at:%Y-%m-%d %H:%M} UTC by digest {made.digest}"]
    lines += [f"{each}: restored" for each in done.files]
    lines += [f"{done.store}: restored"] if "://" in done.store and not done.files else []
    lines += [f"{each}: what was there before" for each in done.kept]
    lines += [f"{each}: was not in the backup" for each in made.left_out]
    if done.adopted:
        lines.append(f"{done.adopted} letters that went out since were taken over from the journal")
    lines.append("See that no other machine runs digest on an older copy of this store.")
    for line in lines:
        click.echo(printable(line), err=True)
