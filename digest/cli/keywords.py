"""``digest keywords``: what a keyword would have found."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import wrap

import click

from digest.cli import printable
from digest.cli.options import json_option, needed
from digest.gist import Marked
from digest.reach import MOST_DAYS, TELLING, WIDE, Example, Part, Reach, Row

WIDTH = 80
BAR = 40
"""How many columns the longest bar has."""

FEW = 10
"""Below how many a day tenths matter."""

PART = 44
"""How many columns a part of an expression has; a longer one is cut."""


@click.command(
    name="keywords",
    context_settings={"ignore_unknown_options": True, "help_option_names": ["--help"]},
)
@click.argument("text")
@click.option(
    "--days", default=30, show_default=True, type=click.IntRange(1, MOST_DAYS), help="How far back."
)
@click.option("--at", metavar="WHEN", default="", help="As if it were then.")
@json_option()
@click.pass_context
def command(ctx: click.Context, text: str, *, days: int, at: str, as_json: bool) -> None:
    """Try a keyword on the papers that were seen.

    TEXT is an entry as in the config: 'simulat* NOT "flight simulator"', or '-medical'. Shows how
    many papers it hits a day, the best of them, and what each part of it contributes.
    """
    from digest.app import Setting, clock, moment  # noqa: PLC0415 - only a run pays for it
    from digest.config import load  # noqa: PLC0415 - as above
    from digest.questions import reach  # noqa: PLC0415 - as above

    config = load(needed(ctx))
    now = moment(at, config.newsletter.timezone, clock())
    found = reach(Setting(config=config, now=now), text, days)
    if as_json:
        import msgspec  # noqa: PLC0415 - only JSON pays for it

        encoded = msgspec.json.encode({**msgspec.structs.asdict(found), "share": found.share})
        click.echo(msgspec.json.format(encoded, indent=2).decode())
        return
    for line in _lines(found, config.rank.cap):
        click.echo(printable(line))


def _lines(found: Reach, cap: int) -> Iterator[str]:
    yield from wrap(found.keyword, WIDTH)
    if found.finding == "no papers":
        yield from wrap(f"No paper was seen {_days(found)}; `digest once` collects some.", WIDTH)
        return
    verb = "leaves out" if found.excluded else "hits"
    hits = f"{found.hits:,}" if found.hits else "none"
    yield from wrap(f"{verb} {hits} of {found.papers:,} papers seen {_days(found)}", WIDTH)
    if found.hits:
        figures = 0 if found.a_day >= FEW else 1
        yield f"that is {found.share:.1%}, about {found.a_day:.{figures}f} a day"
    yield from wrap(_verdict(found, cap), WIDTH)
    yield from _section("", (_row(row, found) for row in found.rows if found.hits))
    parts = (line for each in found.parts for line in _part(each))
    yield from _section("what its parts do", parts)
    examples = (line for each in found.examples for line in _example(each))
    yield from _section("the best of them", examples)


def _section(heading: str, lines: Iterator[str]) -> Iterator[str]:
    """Yield a heading and lines after an empty one; nothing where there are no lines."""
    found = list(lines)
    if found:
        yield from ["", *([heading] if heading else []), *found]


def _days(found: Reach) -> str:
    if found.first == found.last:
        return f"on {found.last:%-d %B %Y}"
    year = "" if found.first.year == found.last.year else f" {found.first:%Y}"
    return f"from {found.first:%-d %B}{year} to {found.last:%-d %B %Y}"


def _verdict(found: Reach, cap: int) -> str:
    match found.finding:
        case "nothing":
            days = (found.last - found.first).days + 1
            span = "in a day" if days == 1 else f"in {days} days"
            near = f"; did you mean `{found.instead}`?" if found.instead else ""
            return f"nothing {span}: too narrow{near}"
        case "too wide":
            limit = f"more than {WIDE:.0%} of at least {TELLING} papers"
            return f"matches {found.share:.0%} of all papers: too wide ({limit})"
        case "many":
            return f"more a day than the {cap} that a letter tells in full; the rest by title"
        case _:
            return ""


def _row(row: Row, found: Reach) -> str:
    most = max(each.hits for each in found.rows)
    bar = "█" * -(-row.hits * BAR // most)
    day = f"{row.first:%a %d %b}"
    if row.first != row.last:
        day = f"{row.first:%d %b} to {row.last:%d %b}"
    return f"  {day:16} {row.hits:5,} of {row.papers:6,}  {bar}".rstrip()


def _part(part: Part) -> Iterator[str]:
    text = "  " * (part.depth + 1) + part.text
    yield f"{_cut(text, PART):{PART}} {part.papers:6,}  {_contribution(part)}"
    if part.instead:
        yield from _indented(f"did you mean `{part.instead}`?")


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _contribution(part: Part) -> str:
    if not part.papers:
        return "hits nothing"
    if part.brings:
        return f"brings {part.brings:,}"
    if part.takes_away:
        return f"takes away {part.takes_away:,}"
    return "changes nothing"


def _example(example: Example) -> Iterator[str]:
    yield _cut(f"  {example.score:5.2f}  {example.identifier}", WIDTH)
    yield from _indented(_marked(example.title))
    if example.said:
        where = "" if example.where == "abstract" else f"{example.where}: "
        yield from _indented(where + _marked(example.said))


def _indented(text: str) -> list[str]:
    return wrap(text, WIDTH, initial_indent=" " * 9, subsequent_indent=" " * 9)


def _marked(text: Marked) -> str:
    return "".join(f"[{span.text}]" if span.hit else span.text for span in text)
