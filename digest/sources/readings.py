"""What reading a page comes to: the papers that are whole, and what to tell the operator.

A page never fails as a whole for one bad paper, and never succeeds by having none where papers
were expected.
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from typing import TypeVar

from msgspec.structs import replace

from digest.errors import ParseError
from digest.papers import Page, Sighting, identify, title_key
from digest.sources import Parsed

Item = TypeVar("Item")

REBUILT = "look at it; if the site was rebuilt, this version of digest cannot read it"
"""What to do about a page that has changed shape."""

SHOWN = 120
"""How many characters of a page an error quotes."""


class Unreadable(ValueError):  # noqa: N818 - it is said of a paper, in the middle of a sentence.
    """One item of a page is no paper; its message says why, as in "number 3: it has no title"."""


def failure(page: Page, source: str, reason: str) -> Parsed:
    """Return that nothing of a page could be read, and why."""
    return Parsed(errors=(ParseError(source, page.url, reason),))


def changed_shape(page: Page, source: str, reason: str, advice: str = REBUILT) -> Parsed:
    """Return that a page is not built as its kind is: papers were expected and none found."""
    return failure(page, source, f"the page has changed shape: {reason}; {advice}")


def gather(
    page: Page,
    source: str,
    items: Iterable[Item],
    read: Callable[[Item], Sighting],
    advice: str = REBUILT,
) -> Parsed:
    """Read the items of a page one by one; those that fail become one error."""
    sightings: list[Sighting] = []
    bad: list[str] = []
    number = 0
    for number, item in enumerate(items, 1):
        try:
            sightings.append(read(item))
        except Unreadable as error:
            bad.append(f"number {number}: {error}")
    if not bad:
        return Parsed(sightings=tuple(sightings))
    if not sightings:
        reason = f"none of its {number} papers can be read, {bad[0]}"
        return changed_shape(page, source, reason, advice)
    reason = f"{len(bad)} of {number} papers cannot be read; the first is {bad[0]}"
    return Parsed(sightings=tuple(sightings), errors=(ParseError(source, page.url, reason),))


def with_error(parsed: Parsed, page: Page, source: str, reason: str) -> Parsed:
    """Add what is wrong with a page; nothing if `reason` is ""."""
    if not reason:
        return parsed
    error = ParseError(source, page.url, reason)
    return dataclasses.replace(parsed, errors=(*parsed.errors, error))


def without_days(parsed: Parsed) -> Parsed:
    """Forget the days: those of a search are the days of searching, not the papers'."""
    undated = tuple(replace(sighting, day=None) for sighting in parsed.sightings)
    return dataclasses.replace(parsed, sightings=undated)


def without_shared_names(parsed: Parsed) -> Parsed:
    """Forget identifiers that papers of different titles have in common.

    Some sites give a journal's or a volume's DOI with each of its papers. Taken for a paper's own,
    it would make one paper of all, and hide the others for ever.
    """
    titles: defaultdict[str, set[str]] = defaultdict(set)
    for sighting in parsed.sightings:
        for name in sighting.paper.names:
            titles[name].add(title_key(sighting.paper.title))
    shared = {name for name, keys in titles.items() if len(keys) > 1}
    if not shared:
        return parsed
    sightings = tuple(_without(shared, sighting) for sighting in parsed.sightings)
    return dataclasses.replace(parsed, sightings=sightings)


def _without(shared: AbstractSet[str], sighting: Sighting) -> Sighting:
    """Return a listing without some names, and the links made of them; its own page stays."""
    paper = sighting.paper
    lost = {name.partition(":")[0]: "" for name in paper.names if name in shared}
    if not lost:
        return sighting
    links = tuple(
        link for link in paper.links if link.kind == "page" or identify(link.url) not in shared
    )
    version = 0 if "arxiv" in lost else paper.version
    return replace(sighting, paper=replace(paper, **lost, links=links, version=version))


def quoted(text: str) -> str:
    """Return the beginning of a page's own words, for an error."""
    text = " ".join(text.split())
    return f"“{text[:SHOWN]}…”" if len(text) > SHOWN else f"“{text}”"
