"""``digest prune``: forget the texts of old papers and letters."""

from __future__ import annotations

import click

from digest.cli import printable
from digest.cli.account import telling
from digest.cli.options import needed

MEGABYTE = 10**6


@click.command(name="prune")
@click.option(
    "--keep",
    metavar="SPAN",
    required=True,
    help="What stays whole: 26w, 18m, 2y; at least 60d.",
)
@click.option("--dry-run", is_flag=True, help="Say what would go; change nothing.")
@click.pass_context
def command(ctx: click.Context, *, keep: str, dry_run: bool) -> None:
    """Forget what stood in papers and letters older than SPAN, so that the store stays small.

    What a paper is called and who was sent it stay, so that none is ever sent twice; so do what
    `papers merge` and `split` decided, each reader's latest letter, and what waits to be sent.
    Abstracts of papers that no source has listed since go, what stood in letters (they cannot be
    shown, sent or replayed again; archives in folders stay), and mails that went out.

    Runs may go on meanwhile. Make a backup first.
    """
    from digest.app import Setting, clock  # noqa: PLC0415 - only a command pays for it
    from digest.config import load  # noqa: PLC0415 - as above
    from digest.prunes import prune  # noqa: PLC0415 - as above
    from digest.pruning import since  # noqa: PLC0415 - as above

    now = clock()
    before = since(keep, now)
    with telling() as tell:
        setting = Setting(config=load(needed(ctx)), now=now, dry_run=dry_run, tell=tell)
        done = prune(setting, before)
    verb = "would be pruned" if dry_run else "pruned"
    for kind, count in done.counts.items():
        if count:
            click.echo(f"{kind}: {count:,} {verb}")
    if not any(done.counts.values()):
        click.echo(f"nothing is older than {before:%Y-%m-%d} that could go")
    if done.why:
        click.echo(printable(f"The file stays as large as it is: {done.why}"), err=True)
    elif done.size[1] < done.size[0]:
        sizes = " to ".join(f"{each / MEGABYTE:,.1f}" for each in done.size)
        click.echo(f"the file: {sizes} MB")
    if dry_run:
        click.echo("dry run: nothing was changed", err=True)
