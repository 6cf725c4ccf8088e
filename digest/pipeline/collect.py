"""Collect: fetch and parse what the sources list, and keep what is new."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from urllib.parse import urldefrag

from digest.errors import SourceError
from digest.events import SourceRead
from digest.papers import Sighting, Validators
from digest.pipeline import crew
from digest.pipeline.parts import Parts
from digest.pipeline.resolving import resolve
from digest.seen import Counts, diff
from digest.sources import Fetch, Request, Source, lost_days
from digest.store import SavedPage, SourceState, Transaction

MOST_REQUESTS = 300
"""How many pages one source may ask for in a run; a list that never ends stops there. Two weeks
of a large preprint server are a hundred."""

SOURCES_AT_ONCE = 8

DAY_BREAKS = timedelta(hours=5)
"""How late a day's lists are out, in UTC: midnight in New York. What was read earlier than that
belongs to the day before."""


@dataclass(kw_only=True)
class Reading:
    """What one source gave in one run.

    `notes` say what was left undone without being lost; `lost` are days that can't be read any
    more.
    """

    source: str
    sightings: list[Sighting] = field(default_factory=list)
    unchanged: int = 0
    pages: dict[str, tuple[Validators, int]] = field(default_factory=dict)
    errors: list[SourceError] = field(default_factory=list)
    notes: tuple[str, ...] = ()
    lost: set[date] = field(default_factory=set)


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """What collect did, by source."""

    counts: Mapping[str, Counts]
    readings: Sequence[Reading]


def collect(parts: Parts) -> Collected:
    """Fetch and parse what the sources list, and keep what is new."""
    with parts.store.reading() as store:
        states = store.source_states()
        saved = {each.name: store.pages(each.name) for each in parts.sources}
        had = {each.name: _had(store, states.get(each.name)) for each in parts.sources}
    today = parts.now.astimezone(UTC).date()
    readings = _read_all(parts, states, saved)
    for source, each in zip(parts.sources, readings, strict=True):
        each.lost = _lost(source, each, had[source.name], today)
    found = resolve(parts, {each.source: each.sightings for each in readings})
    for each in readings:
        each.sightings = found.listed[each.source]
        each.notes = found.notes.get(each.source, ())
    sightings = [sighting for each in readings for sighting in each.sightings]
    first = frozenset(each.name for each in parts.sources if _never_read(states.get(each.name)))
    parts.tell("comparing with what was seen")
    with parts.store.writing() as store:
        changes = diff(
            sightings,
            store.known(sightings),
            first_read=first,
            today=today,
            decisions=store.decisions(),
        )
        store.save_changes(changes, parts.now)
        store.save_resolutions(found.asked, parts.now)
        for each in readings:
            _save(store, each, parts.now)
            store.save_lost_days(each.source, each.lost, parts.now)
    counts = _counted(changes.counts, readings)
    for each in readings:
        parts.log(_event(each, counts[each.source]))
    return Collected(counts=counts, readings=readings)


def _read_all(
    parts: Parts,
    states: Mapping[str, SourceState],
    saved: Mapping[str, Mapping[str, SavedPage]],
) -> list[Reading]:
    def read_one(source: Source) -> Reading:
        state = states.get(source.name)
        since = _day(state.read_at or state.first_read_at) if state else None
        trusted = saved[source.name] if state and not state.failing_since else {}
        parts.tell(f"reading {source.name}")
        return read(source, parts.fetch, since=since, saved=trusted, now=parts.now)

    return crew.each(read_one, parts.sources, SOURCES_AT_ONCE)


def read(
    source: Source,
    fetch: Fetch,
    *,
    since: date | None,
    saved: Mapping[str, SavedPage],
    now: datetime,
) -> Reading:
    """Get all pages of one source. What fails is in `Reading.errors`; it never raises."""
    reading = Reading(source=source.name)
    waiting = deque(source.requests(since, now))
    asked: set[str] = set()
    while waiting and len(asked) < MOST_REQUESTS:
        request = waiting.popleft()
        if request.url not in asked:
            asked.add(request.url)
            before = saved.get(_sent(request))
            waiting.extend(_read_page(source, fetch, request, before, reading))
    if waiting:
        reason = f"more than {MOST_REQUESTS} pages; the rest was not read"
        reading.errors.append(SourceError(source.name, waiting[0].url, reason))
    return reading


def _read_page(
    source: Source, fetch: Fetch, request: Request, saved: SavedPage | None, reading: Reading
) -> tuple[Request, ...]:
    """Read one page into `reading` and return what it asks for next.

    Validators are kept only of a page that parsed and names no further one, or 304s would hide
    what did not, and where it led.
    """
    try:
        page = fetch(source.name, request, saved.validators if saved else None)
    except SourceError as error:
        reading.errors.append(error)
        return ()
    if page is None:
        if saved:
            reading.unchanged += saved.listed
            reading.pages[_sent(request)] = (saved.validators, saved.listed)
        return ()
    parsed = source.parse(page)
    reading.sightings.extend(parsed.sightings)
    reading.errors.extend(parsed.errors)
    reading.lost.update(parsed.lost)
    if not (parsed.errors or parsed.requests or parsed.again):
        reading.pages[_sent(request)] = (page.validators, len(parsed.sightings))
    return parsed.requests


def _sent(request: Request) -> str:
    """Return an address as a server sees it: what a fragment says for `parse` changes daily."""
    return urldefrag(request.url).url


def _day(moment: datetime | None) -> date | None:
    """Return the day whose lists a reading at a moment had."""
    return (moment - DAY_BREAKS).astimezone(UTC).date() if moment else None


def _had(store: Transaction, state: SourceState | None) -> date | None:
    """Return the last day on which a source was read, be it in part; None before its first."""
    if state is None:
        return None
    moments = [state.first_read_at, state.read_at]
    if state.failing_since:
        moments.append(store.last_listed(state.name))
    return _day(max((each for each in moments if each), default=None))


def _lost(source: Source, reading: Reading, had: date | None, today: date) -> set[date]:
    """Return the days that a source can't make good any more, now that it is read again.

    While nothing of it can be read, more of them may follow.
    """
    if had is None or (reading.errors and not reading.sightings):
        return set()
    return {day for day in (*reading.lost, *lost_days(source, had, today)) if day > had}


def _never_read(state: SourceState | None) -> bool:
    return state is None or state.first_read_at is None


def _save(store: Transaction, reading: Reading, now: datetime) -> None:
    more = len(reading.errors) - 1
    reason = reading.errors[0].reason if reading.errors else ""
    store.save_reading(
        reading.source,
        now,
        reading.pages,
        whole=not reading.errors,
        begun=bool(reading.sightings or reading.pages),
        reason=f"{reason} (and {more} more)" if more > 0 else reason,
    )


def _counted(counts: Mapping[str, Counts], readings: Sequence[Reading]) -> dict[str, Counts]:
    """Return each source's counts; what an unchanged page lists is known."""
    total = {}
    for each in readings:
        count = counts.get(each.source, Counts())
        total[each.source] = Counts(
            listed=count.listed + each.unchanged,
            new=count.new,
            revised=count.revised,
            known=count.known + each.unchanged,
        )
    return total


def _event(reading: Reading, counts: Counts) -> SourceRead:
    return SourceRead(
        source=reading.source,
        listed=counts.listed,
        new=counts.new,
        revised=counts.revised,
        known=counts.known,
        lost=len(reading.lost),
        errors=len(reading.errors),
        reason=reading.errors[0].reason if reading.errors else "",
    )
