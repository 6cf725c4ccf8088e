"""``digest explain``: why a paper is in a letter, or is not."""

from __future__ import annotations

from collections.abc import Iterator

import click

from digest.cli import printable
from digest.cli.options import json_option, needed, subscriber_option
from digest.explain import Explanation, Verdict
from digest.rank.reason import Reason


@click.command(name="explain")
@click.argument("paper")
@subscriber_option("For this reader alone.")
@click.option("--at", metavar="WHEN", default="", help="As if it were then.")
@json_option()
@click.pass_context
def command(ctx: click.Context, paper: str, *, subscriber: str, at: str, as_json: bool) -> None:
    """Say why a paper is in a letter, or is not.

    PAPER is an identifier (2407.21783, a DOI), its address, or its whole title.
    """
    from digest.app import Setting, clock, moment  # noqa: PLC0415 - only a run pays
    from digest.config import load  # noqa: PLC0415 - as above
    from digest.questions import explain  # noqa: PLC0415 - as above

    config = load(needed(ctx))
    now = moment(at, config.newsletter.timezone, clock())
    found = explain(Setting(config=config, now=now, only=subscriber), paper)
    if as_json:
        import msgspec  # noqa: PLC0415 - only JSON pays for it

        click.echo(msgspec.json.format(msgspec.json.encode(found), indent=2).decode())
        return
    if not found:
        click.echo(f"{printable(paper)}: never seen by any source")
        return
    for each in found:
        for line in _lines(each):
            click.echo(printable(line))


def _lines(found: Explanation) -> Iterator[str]:
    yield found.title
    yield f"  {found.identifier}, first seen {found.first_seen:%-d %B %Y}"
    for badge in found.badges:
        day = f" on {badge.day:%-d %B %Y}" if badge.day else ""
        votes = f", {badge.votes} votes" if badge.votes is not None else ""
        yield f"  listed by {badge.source}{day}{votes}"
    for verdict in found.verdicts:
        yield ""
        yield from _verdict(verdict)


def _verdict(verdict: Verdict) -> Iterator[str]:
    yield f"{verdict.subscriber}: {verdict.outcome}"
    for reason in verdict.reasons:
        yield f"  {reason.points:6.3f}  {_reason(reason)}"
    yield f"  {verdict.score:6.3f}  score; {verdict.minimum:g} is needed"
    for hit in verdict.hits:
        yield f"  {hit.keyword} hits the {hit.where}: {hit.sentence}"


def _reason(reason: Reason) -> str:
    match reason.signal:
        case "votes":
            return f"votes: {reason.detail}"
        case "recency":
            return f"recency: days since it was listed: {reason.detail}"
        case _:
            kind = "" if reason.hit else " (its words, apart or in another form: no hit)"
            where = f" in the {reason.where}" if reason.where else ""
            return f"{reason.signal}: {reason.detail}{where}{kind}"
