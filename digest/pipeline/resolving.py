"""Look papers without an identifier up by their titles, for the sources that want it.

No transaction is open meanwhile. What fails is told in a note: a paper that could not be looked
up stays as it was listed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from digest.errors import SourceError
from digest.papers import Paper, Sighting
from digest.pipeline.parts import Parts
from digest.resolve import Plan, answers, choose, plan, requests, resolved, unnamed

Listed = Mapping[str, list[Sighting]]
"""What each source listed, by its name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """What each source listed, with what was found; what was asked for, to be remembered.

    `notes` are by source, too.
    """

    listed: Listed
    asked: Mapping[str, Paper | None]
    notes: Mapping[str, tuple[str, ...]]


def resolve(parts: Parts, listed: Listed) -> Resolved:
    """Look up what the sources that want it list without an identifier."""
    wanting = {name: listed[name] for name in _names(parts) if name in listed}
    wanted = unnamed(sighting for sightings in wanting.values() for sighting in sightings)
    if not wanted:
        return Resolved(listed=listed, asked={}, notes={})
    planned = _planned(parts, listed, wanted)
    asked, trouble = _ask(parts, planned.ask, next(iter(wanting)))
    found = {**planned.found, **{key: paper for key, paper in asked.items() if paper}}
    waiting = planned.later | (planned.ask.keys() - asked.keys())
    return Resolved(
        listed={**listed, **{name: _merged(each, found) for name, each in wanting.items()}},
        asked=asked,
        notes={name: tuple(_notes(each, waiting, trouble)) for name, each in wanting.items()},
    )


def _names(parts: Parts) -> Iterator[str]:
    """Yield the sources that want it; only those whose papers may lack identifiers can say so."""
    return (each.name for each in parts.sources if getattr(each, "resolve", False))


def _planned(parts: Parts, listed: Listed, wanted: Mapping[str, Paper]) -> Plan:
    sightings = [sighting for each in listed.values() for sighting in each]
    with parts.store.reading() as store:
        before = store.resolutions(wanted.keys())
        known = [each.paper for each in store.known(sightings)]
    known += [sighting.paper for sighting in sightings]
    return plan(wanted, known, before, most=parts.resolve.most, now=parts.now)


def _ask(
    parts: Parts, wanted: Mapping[str, Paper], source: str
) -> tuple[dict[str, Paper | None], str]:
    """Ask for papers one by one; where a server fails, leave the rest to the next run."""
    asked: dict[str, Paper | None] = {}
    for number, (key, paper) in enumerate(wanted.items(), 1):
        parts.tell(f"looking up title {number} of {len(wanted)}")
        try:
            asked[key] = _found(parts, key, paper, source)
        except SourceError as error:
            return asked, f"{error.url}: {error.reason}"
    return asked, ""


def _found(parts: Parts, key: str, paper: Paper, source: str) -> Paper | None:
    """Return what one server or the other knows of a title. Raises SourceError."""
    for request in requests(paper, parts.resolve):
        page = parts.fetch(source, request)
        if page is None:
            continue  # Nobody asked whether it has changed.
        parsed = answers(page, request, source)
        if found := choose(paper, parsed.sightings, key):
            return found
        if parsed.errors:
            raise parsed.errors[0]
    return None


def _merged(sightings: list[Sighting], found: Mapping[str, Paper]) -> list[Sighting]:
    return [resolved(sighting, found) for sighting in sightings]


def _notes(sightings: list[Sighting], waiting: Collection[str], trouble: str) -> Iterator[str]:
    """Say how many of a source's titles the next run looks up, and why this one does not."""
    left = len(unnamed(sightings).keys() & set(waiting))
    if left:
        why = f", since this one could not: {trouble}" if trouble else ""
        yield f"{left} titles are looked up by the next runs{why}"
