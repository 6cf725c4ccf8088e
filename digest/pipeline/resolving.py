"""Look papers without an identifier up by their titles, for the sources that want it.

No transaction is open meanwhile. What fails is told in a note: a paper that could not be looked
up stays as it was listed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from digest.errors import FetchError, SourceError
from digest.papers import Paper, Sighting, title_key
from digest.pipeline.parts import Parts
from digest.resolve import (
    ON_ARXIV,
    TOGETHER,
    Plan,
    ResolveSettings,
    answers,
    arxiv_request,
    choose,
    crossref_request,
    plan,
    resolved,
    unnamed,
)
from digest.sources import Fetch, Parsed, Request

LOOKUP = "looking up titles"
"""Who asks: no source, so that what a record keeps of the sources is their pages alone."""

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
    asked, trouble = _ask(parts, planned.ask)
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
    alike = [
        sighting
        for sightings in listed.values()
        for sighting in sightings
        if title_key(sighting.paper.title) in wanted
    ]
    with parts.store.reading() as store:
        before = store.resolutions(wanted.keys())
        known = [each.paper for each in store.known(alike)]
    known += [sighting.paper for sighting in alike]
    return plan(wanted, known, before, most=parts.resolve.most, now=parts.now)


def _ask(parts: Parts, wanted: Mapping[str, Paper]) -> tuple[dict[str, Paper | None], str]:
    """Ask arXiv for papers, some at once, and Crossref for each that arXiv does not know.

    Returns what was answered, and why there is more that was not.
    """
    servers = _Servers(parts.fetch)
    asked: dict[str, Paper | None] = {}
    for batch in _batches(wanted):
        parts.tell(f"looking up {len(wanted)} titles, {len(asked)} done")
        with servers.noted():
            found = _on_arxiv(servers, batch, parts.resolve)
            asked |= {key: paper for key, paper in found.items() if paper}
            for key in [key for key, paper in found.items() if paper is None]:
                with servers.noted():
                    asked[key] = _on_crossref(servers, key, batch[key], parts.resolve)
    return asked, servers.trouble


def _batches(wanted: Mapping[str, Paper]) -> Iterator[dict[str, Paper]]:
    items = list(wanted.items())
    return (dict(items[at : at + TOGETHER]) for at in range(0, len(items), TOGETHER))


def _on_arxiv(
    servers: _Servers, batch: Mapping[str, Paper], settings: ResolveSettings
) -> dict[str, Paper | None]:
    """Return what arXiv knows of some titles. Raises SourceError."""
    sightings = servers.answer(arxiv_request(batch.values(), settings))
    found = {key: choose(paper, sightings, key) for key, paper in batch.items()}
    if len(batch) > 1 and len(sightings) >= ON_ARXIV:  # One title's matches crowd others' out.
        for key in [key for key, paper in found.items() if paper is None]:
            found |= _on_arxiv(servers, {key: batch[key]}, settings)
    return found


def _on_crossref(
    servers: _Servers, key: str, paper: Paper, settings: ResolveSettings
) -> Paper | None:
    """Return what Crossref knows of a title. Raises SourceError."""
    return choose(paper, servers.answer(crossref_request(paper, settings)), key)


class _Servers:
    """Who is asked in one run. A server that fails is not asked again; `trouble` says why."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch
        self._failed: dict[str, FetchError] = {}
        self.trouble = ""

    def answer(self, request: Request) -> tuple[Sighting, ...]:
        """Return the papers in an answer. Raises SourceError where there are none to be had."""
        server = request.url.partition("?")[0]
        if server in self._failed:
            raise self._failed[server]
        try:
            page = self._fetch(LOOKUP, request)
        except FetchError as error:
            self._failed[server] = error
            raise
        parsed = answers(page, request, LOOKUP) if page else Parsed()
        if parsed.errors and not parsed.sightings:
            raise parsed.errors[0]
        return parsed.sightings

    @contextmanager
    def noted(self) -> Iterator[None]:
        """Go on where a question is not answered."""
        try:
            yield
        except SourceError as error:
            self.trouble = f"{error.url.partition('?')[0]}: {error.reason}"


def _merged(sightings: list[Sighting], found: Mapping[str, Paper]) -> list[Sighting]:
    return [resolved(sighting, found) for sighting in sightings]


def _notes(sightings: list[Sighting], waiting: Collection[str], trouble: str) -> Iterator[str]:
    """Say how many of a source's titles the next run looks up, and why this one does not."""
    left = len(unnamed(sightings).keys() & set(waiting))
    if left:
        why = f" ({trouble})" if trouble else ""
        yield f"titles that the next runs look up: {left}{why}"
