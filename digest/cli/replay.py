"""``digest replay``: past letters made again, and compared with those that were sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING

import click
import msgspec

from digest.cli import printable
from digest.cli.account import telling
from digest.cli.options import json_option, kept_pages, needed, subscriber_option
from digest.differences import Counts, Difference, Told
from digest.errors import ConfigError

if TYPE_CHECKING:
    from digest.app import Setting
    from digest.replay import Replay

TWO_WEEKS = timedelta(days=13)


@click.command(
    name="replay",
    epilog="Without --pages, papers are taken as the store has them: what was seen by then, with "
    "the votes and the texts seen last. Exit codes: 0 whether letters differ or not, 1 if pages "
    "could not be read, 2 misuse or configuration, 3 the store.",
)
@click.option("--from", "first", metavar="DAY", default="", help="[default: two weeks to --to]")
@click.option("--to", "last", metavar="DAY", default="", help="[default: today]")
@subscriber_option("This reader's letters alone; `public` is the edition for everyone.")
@click.option("--pages", metavar="DIR", default="", help="From pages kept there, not the store.")
@click.option("--letters", is_flag=True, help="Print the letters, too; HTML: digest-preview/.")
@json_option("Print the differences as JSON; letters are not printed.")
@click.pass_context
def command(
    ctx: click.Context,
    *,
    first: str,
    last: str,
    subscriber: str,
    pages: str,
    letters: bool,
    as_json: bool,
) -> None:
    """Make past letters again, and say how they differ from what was sent.

    Each letter is made as the config is now, at the moment it was made then, of the papers that
    had been seen by then; what it tells of is in no later one. Nothing is sent or remembered.

    `+` is told of now, `-` was told of then, `>` is in another place.
    """
    from digest import replay  # noqa: PLC0415 - only a replay pays for it
    from digest.app import Setting, clock  # noqa: PLC0415 - as above
    from digest.config import load  # noqa: PLC0415 - as above
    from digest.subscribers import local_day  # noqa: PLC0415 - as above

    path = needed(ctx)
    config = load(path)
    now = clock()
    until = _day("--to", last) or local_day(now, config.newsletter.timezone)
    since = _day("--from", first) or until - TWO_WEEKS
    with telling() as tell:
        setting = Setting(
            config=config,
            now=now,
            only=subscriber,
            folder=path.absolute().parent,
            quiet=as_json,
            tell=tell,
        )
        kept = kept_pages(config, pages) if pages else None
        done = replay.letters(setting, since, until, kept)
    _show(setting, done, letters=letters)
    for error in done.errors:
        click.echo(printable(error), err=True)
    ctx.exit(1 if done.errors else 0)


def _day(option: str, text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise ConfigError(f"{option}: `{text}` is no day such as 2026-06-12") from error


def _show(setting: Setting, done: Replay, *, letters: bool) -> None:
    from digest.replay import preview  # noqa: PLC0415 - only a replay pays for it

    differences = [each.difference for each in done.remade]
    show = preview(setting) if letters else None
    for each in done.remade:
        _say(setting, _lines(each.difference))
        if show and each.letter:
            click.echo(printable(show(each.letter)), err=True)
    _say(setting, _sums(differences))
    if setting.quiet:
        click.echo(msgspec.json.format(msgspec.json.encode(differences), indent=2).decode())


def _say(setting: Setting, lines: Iterable[str]) -> None:
    if not setting.quiet:
        for line in lines:
            click.echo(printable(line))


def _lines(found: Difference) -> Iterator[str]:
    yield f"{found.day} {found.subscriber or 'public'}: {_summary(found)}"
    for told in found.added:
        yield f"  + {told.title}{_note(told, 'was in the letter of')}"
    for told in found.dropped:
        yield f"  - {told.title}{_note(told, 'would be in the letter of')}"
    for moved in found.moved:
        yield f"  > {moved.title} ({_PLACES[moved.was]}, now {_PLACES[moved.where]})"


_PLACES = {"here": "here", "more": "by title", "revised": "as revised"}


def _note(told: Told, elsewhere: str) -> str:
    notes = [
        _PLACES[told.where] if told.where != "here" else "",
        f"left out by {told.left_out}" if told.left_out else "",
        f"{elsewhere} {told.instead}" if told.instead else "",
    ]
    said = "; ".join(filter(None, notes))
    return f" ({said})" if said else ""


def _summary(found: Difference) -> str:
    if found.made is None:
        return f"no letter; one with {_counted(found.sent)} was sent"
    if found.sent is None:
        return f"{_counted(found.made)}; none was sent"
    if found.same:
        return f"{_counted(found.made)}, as sent"
    if found.reordered:
        return f"{_counted(found.made)}, as sent but in another order"
    before = "" if found.sent == found.made else f"; {_counted(found.sent)} were sent"
    return f"{_counted(found.made)}{before}"


def _counted(counts: Counts | None) -> str:
    if counts is None:
        return "nothing"
    revised = f", {counts.revised} revised" if counts.revised else ""
    return f"{counts.here} here, {counts.more} more{revised}"


def _sums(differences: Sequence[Difference]) -> Iterator[str]:
    """Yield a line for each reader."""
    for name in dict.fromkeys(each.subscriber for each in differences):
        hers = [each for each in differences if each.subscriber == name]
        same = sum(each.same for each in hers)
        total = _total(hers)
        changed = ", ".join(f"{total[what]} {what}" for what in ("in", "out", "moved"))
        said = "all as sent" if same == len(hers) else f"{same} as sent; papers: {changed}"
        count = f"{len(hers)} letters" if len(hers) > 1 else "1 letter"
        yield f"{name or 'public'}: {count}, {said}"


def _total(differences: Iterable[Difference]) -> Counter[str]:
    total: Counter[str] = Counter()
    for each in differences:
        total.update({"in": len(each.added), "out": len(each.dropped), "moved": len(each.moved)})
    return total


command.name = "replay"
