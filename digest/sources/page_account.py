"""What the selectors of a page find, told to who writes them: plain lines of a terminal's width."""

from __future__ import annotations

import textwrap
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass

from digest.papers import Paper, Sighting

WIDTH = 72
"""Characters of a line; `digest check` sets them in."""

SHOWN = 2
"""How many papers are shown whole."""

NAMES = 3
"""How many of a paper's authors are named."""

_COLUMN = 12
_UNSET = {"title": "(the item itself)", "link": "(the title's own)"}
_NOTHING = {
    "date": "finds no day such as 2026-06-12 or 12 June 2026",
    "identifier": "finds no arXiv number, DOI or the like",
    "link": "finds no address",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """A selector, and in how many items it finds what can be used; for `item`, how many items."""

    setting: str
    said: str
    count: int


def account(findings: Sequence[Finding], sightings: Sequence[Sighting]) -> str:
    """Return what the selectors find, the first of which is that of the items."""
    items = findings[0].count
    asked_for = {each.setting for each in findings}
    shown = findings if items else findings[:1]
    lines = [_line(each.setting, _found(each, items)) for each in shown]
    for number, sighting in enumerate(sightings[:SHOWN], 1):
        lines += ["", *_paper(number, sighting.paper, asked_for)]
    return "\n".join(lines)


def _found(finding: Finding, items: int) -> str:
    said = finding.said or _UNSET.get(finding.setting, "")
    if finding.setting == "item" and items:
        return f"{said}: {items} found"
    if not finding.count:
        return f"{said}: {_NOTHING.get(finding.setting, 'finds nothing')}"
    return f"{said}: in {finding.count} of {items}"


def _paper(number: int, paper: Paper, asked_for: Container[str]) -> Iterator[str]:
    """Yield a paper: what it has, and a dash for what was asked for and not found."""
    yield from textwrap.wrap(
        f"{number}. {paper.title}", WIDTH, subsequent_indent="   ", max_lines=2, placeholder=" …"
    )
    links = sorted(paper.links, key=lambda link: link.kind != "page")
    authors = ", ".join(paper.authors[:NAMES])
    more = len(paper.authors) - NAMES
    told = (
        ("link", links[0].url if links else ""),
        ("abstract", paper.abstract),
        ("authors", f"{authors} and {more} more" if more > 0 else authors),
        ("date", f"{paper.published:%Y-%m-%d}" if paper.published else ""),
        ("identifier", ", ".join(paper.names)),
    )
    for name, said in told:
        if said or name in asked_for:
            yield f"   {_line(name, said or '—', WIDTH - 3)}"


def _line(name: str, said: str, width: int = WIDTH) -> str:
    """Return a name and what it is, cut where the line ends."""
    room = width - _COLUMN
    return f"{name:<{_COLUMN}}{said if len(said) <= room else said[: room - 1] + '…'}"
