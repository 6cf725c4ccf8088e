"""``digest papers``: list the papers that were seen."""

from __future__ import annotations

from datetime import date, datetime

import click
from msgspec import Struct

from digest.cli.options import json_option, needed, show
from digest.subscribers import Candidate


class Row(Struct, frozen=True, kw_only=True):
    """A paper as the list shows it."""

    identifier: str
    title: str
    day: date | None
    votes: int
    sources: tuple[str, ...]
    first_seen: datetime


@click.command(name="papers")
@click.option("--limit", "-n", default=30, show_default=True, type=click.IntRange(1, 100_000))
@click.option("--source", metavar="NAME", default="", help="Only what this source listed.")
@json_option()
@click.pass_context
def command(ctx: click.Context, *, limit: int, source: str, as_json: bool) -> None:
    """List the papers that were seen, the newest first."""
    from digest.app import Setting, clock, looking  # noqa: PLC0415 - only a command pays for it
    from digest.config import load  # noqa: PLC0415 - as above

    config = load(needed(ctx))
    with looking(Setting(config=config, now=clock())) as store, store.reading() as transaction:
        rows = [_row(each) for each in transaction.papers(limit, source=source)]
    show(rows, as_json=as_json, columns=("identifier", "title", "day", "votes", "sources"))


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
