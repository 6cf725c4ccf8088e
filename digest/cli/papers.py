"""``digest papers``: list the papers that were seen; say that two are one, or one is two."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

import click
from msgspec import Struct

from digest.cli import printable
from digest.cli.options import json_option, needed, show
from digest.subscribers import Candidate

if TYPE_CHECKING:
    from digest.app import Setting
    from digest.corrections import Corrected, Correction


class Row(Struct, frozen=True, kw_only=True):
    """A paper as the list shows it."""

    identifier: str
    title: str
    day: date | None
    votes: int
    sources: tuple[str, ...]
    first_seen: datetime


class DecisionRow(Struct, frozen=True, kw_only=True):
    """A decision as the list shows it."""

    one: str
    other: str
    decided: str
    decided_at: datetime


@click.group(name="papers", invoke_without_command=True)
@click.option("--limit", "-n", default=30, show_default=True, type=click.IntRange(1, 100_000))
@click.option("--source", metavar="NAME", default="", help="Only what this source listed.")
@json_option()
@click.pass_context
def command(ctx: click.Context, *, limit: int, source: str, as_json: bool) -> None:
    """List the papers that were seen, the newest first; or put right which are one.

    A paper that two sources list is one if an identifier agrees, or title and authors do. Where
    that is wrong, `merge` and `split` say better, and it is remembered.
    """
    if ctx.invoked_subcommand:
        return
    from digest.app import looking  # noqa: PLC0415 - only a command pays for it

    with looking(_setting(ctx)) as store, store.reading() as transaction:
        rows = [_row(each) for each in transaction.papers(limit, source=source)]
    show(rows, as_json=as_json, columns=("identifier", "title", "day", "votes", "sources"))


_dry_run = click.option("--dry-run", is_flag=True, help="Say what would be done; change nothing.")


@command.command()
@click.argument("papers", metavar="PAPER...", nargs=-1, required=True)
@_dry_run
@click.pass_context
def merge(ctx: click.Context, papers: tuple[str, ...], *, dry_run: bool) -> None:
    """Say that papers are one, from now on.

    PAPER is an identifier (2407.21783, a DOI), its address, or its whole title; a title alone
    means all papers that have it. The one that was seen first takes what the others have. Who
    had any of them in a letter has had it.
    """
    from digest.corrections import merge as merged  # noqa: PLC0415 - only a command pays for it

    _tell(merged(_setting(ctx, dry_run=dry_run), papers), dry_run=dry_run)


@command.command()
@click.argument("one")
@click.argument("other")
@_dry_run
@click.pass_context
def split(ctx: click.Context, one: str, other: str, *, dry_run: bool) -> None:
    """Say that ONE and OTHER, names of one paper now, are two papers.

    Each is an identifier, an address or a whole title. Each paper takes what sources listed
    under its names. A letter told the paper whose name stands in it; the other one was not sent
    yet, and may still come.
    """
    from digest.corrections import split as divided  # noqa: PLC0415 - only a command pays for it

    _tell(divided(_setting(ctx, dry_run=dry_run), one, other), dry_run=dry_run)


@command.command()
@json_option()
@click.pass_context
def decisions(ctx: click.Context, *, as_json: bool) -> None:
    """List what was decided by `merge` and `split` and still stands, the latest last."""
    from digest.app import looking  # noqa: PLC0415 - only a command pays for it

    with looking(_setting(ctx)) as store, store.reading() as transaction:
        rows = [
            DecisionRow(
                one=each.one,
                other=each.other,
                decided="one paper" if each.same else "two papers",
                decided_at=each.decided_at,
            )
            for each in transaction.decisions()
        ]
    show(rows, as_json=as_json, columns=("one", "other", "decided", "decided_at"))


def _setting(ctx: click.Context, *, dry_run: bool = False) -> Setting:
    from digest.app import Setting, clock  # noqa: PLC0415 - only a command pays for it
    from digest.config import load  # noqa: PLC0415 - as above

    return Setting(config=load(needed(ctx)), now=clock(), dry_run=dry_run)


def _tell(done: Correction, *, dry_run: bool) -> None:
    """Say what was, and what is now."""
    for heading, papers in (("before", done.before), ("now", done.after)):
        for each in papers:
            click.echo(printable(f"{heading + ':':8}{_line(each)}"))
    if dry_run:
        click.echo("dry run: nothing was changed", err=True)
    elif done.undo:
        click.echo(printable(f"to undo: {done.undo}"), err=True)


def _line(paper: Corrected) -> str:
    letters = f"{paper.letters} letter{'' if paper.letters == 1 else 's'}"
    return f"{paper.title} ({', '.join(paper.names)}; in {letters})"


def _row(candidate: Candidate) -> Row:
    from digest.latex import readable  # noqa: PLC0415 - only a command pays for it

    return Row(
        identifier=candidate.paper.identifier,
        title=readable(candidate.paper.title),
        day=candidate.day,
        votes=candidate.votes,
        sources=tuple(dict.fromkeys(seen.source for seen in candidate.seen)),
        first_seen=candidate.first_seen,
    )
