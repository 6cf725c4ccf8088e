"""Kept pages, given back in place of the network: what runs recorded, or any saved pages.

A `Record` gives each source what its last run until a moment got, errors too. A `Shelf` is a
folder of pages that no run recorded: what is named after a day is there from that day on.
It never fetches, and never says what a page means: the sources read it as they would have then.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

import msgspec

from digest import saved
from digest.errors import ConfigError, FetchError
from digest.papers import Page, Validators
from digest.recording import INDEX, Capture, hidden
from digest.sources import Fetch, Parsed, Request, Source
from digest.sources.fields import address_day
from digest.sources.files import Files
from digest.subscribers import end_of_day, local_day


@dataclass(frozen=True, slots=True)
class Replayed:
    """A source that asks for what was kept of it, and reads that as it would have then."""

    source: Source
    asked: tuple[Request, ...]

    @property
    def name(self) -> str:
        """What it is called."""
        return self.source.name

    @property
    def home(self) -> str:
        """Where a person sees its list."""
        return self.source.home

    @property
    def resolve(self) -> bool:
        """Whether titles are looked up for it; the answers were kept as well."""
        return bool(getattr(self.source, "resolve", False))

    def requests(self, since: date | None, now: datetime) -> tuple[Request, ...]:  # noqa: ARG002 - what was kept is all that there is.
        """Return what was asked for then, further pages of lists among it."""
        return self.asked

    def parse(self, page: Page) -> Parsed:
        """Read a page; what it asks for next was kept with it."""
        return replace(self.source.parse(page), requests=())


class Record:
    """What runs kept, by source and by moment."""

    def __init__(self, folder: Path) -> None:
        """Read the indexes. Raises ConfigError where one cannot be read."""
        self._folder = folder
        self._answers: defaultdict[tuple[str, str], list[tuple[Path, Capture]]] = defaultdict(list)
        self._asked: defaultdict[tuple[str, datetime], dict[str, None]] = defaultdict(dict)
        for index in _indexes(folder):
            for capture in _captures(index):
                self._answers[capture.source, capture.asked].append((index.parent, capture))
                self._asked[capture.source, capture.at.astimezone(UTC)][capture.asked] = None

    @property
    def moments(self) -> tuple[datetime, ...]:
        """When the runs were, the first of them first."""
        return tuple(sorted({at for _, at in self._asked}))

    def sources(
        self,
        sources: Sequence[Source],
        now: datetime,
        after: datetime | None = None,
    ) -> tuple[Source, ...]:
        """Return sources that ask for what their last run until `now` asked for.

        With `after`, those alone that were read since. Without, one that was never read asks
        all the same, and is told so.
        """
        asked = ((each, self._requests(each.name, now, after)) for each in sources)
        return tuple(Replayed(source, requests) for source, requests in asked if requests)

    def fetch(self, now: datetime) -> Fetch:
        """Return what gives the pages of the last run until `now`."""

        def get(source: str, request: Request, validators: Validators | None = None) -> Page:
            del validators  # What was kept is given whole.
            return self._page(source, request, now)

        return get

    def _requests(self, source: str, now: datetime, after: datetime | None) -> tuple[Request, ...]:
        last = self._last_run(source, now)
        if after is not None and (last is None or last <= after):
            return ()
        asked = self._asked[source, last] if last else [self._folder.absolute().as_uri()]
        return tuple(Request(url=url) for url in asked)

    def _last_run(self, source: str, now: datetime) -> datetime | None:
        return max((at for name, at in self._asked if name == source and at <= now), default=None)

    def _page(self, source: str, request: Request, now: datetime) -> Page:
        answers = self._answers.get((source, hidden(request.url)), [])
        known = [each for each in answers if each[1].at <= now]
        if not known:
            raise FetchError(source, request.url, self._missing(source, now))
        folder, capture = max(known, key=_when)
        if capture.error:
            raise FetchError(source, capture.asked, capture.error)
        try:
            body = (folder / capture.file).read_bytes()
        except OSError as error:
            reason = f"{error.strerror or error}; the record names it, put it back"
            raise FetchError(source, str(folder / capture.file), reason) from error
        return Page(
            url=capture.url,
            body=body,
            content_type=capture.content_type,
            fetched_at=capture.at,
            validators=Validators(etag=capture.etag, last_modified=capture.last_modified),
        )

    def _missing(self, source: str, now: datetime) -> str:
        names = sorted({name for name, at in self._asked if at <= now})
        others = f"only of {', '.join(names)}" if names else "nor of any other source"
        until = f"{now.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
        return f"no page of {source} was recorded until {until}, {others}"


def _when(answer: tuple[Path, Capture]) -> tuple[datetime, int, str]:
    """Order answers by their runs; the later folder of two at one moment was made later."""
    return answer[1].at, len(answer[0].name), answer[0].name


class Shelf:
    """A folder of saved pages that no run recorded: it stands in for all sources.

    A page that is named after a day, or lies in a folder that is, is there from that day on in
    the newsletter's `zone`; any other page always was. `limit` is the largest page in bytes.
    """

    def __init__(self, folder: Path, zone: str, limit: int) -> None:
        """List the files, those in folders too. Raises ConfigError where there are none."""
        self._zone = zone
        self._limit = limit
        self._source = Files(path=str(folder.absolute()))
        files = sorted(path for path in folder.rglob("*") if _is_page(path, folder))
        if not files:
            raise ConfigError(f"{folder}: no pages in it; name a folder of saved pages")
        self._days = {path.absolute().as_uri(): _day(path, folder) for path in files}

    @property
    def moments(self) -> tuple[datetime, ...]:
        """The ends of the days after which pages are named, the first of them first."""
        days = sorted({day for day in self._days.values() if day})
        return tuple(end_of_day(day, self._zone) for day in days)

    def sources(
        self,
        sources: Sequence[Source],  # noqa: ARG002 - a folder stands in for all of them.
        now: datetime,
        after: datetime | None = None,
    ) -> tuple[Source, ...]:
        """Return one source, of the pages that came after a moment until `now`."""
        until = local_day(now, self._zone)
        read = local_day(after, self._zone) if after else None
        asked = (
            Request(url=url)
            for url, day in self._days.items()
            if (day or date.min) <= until and (read is None or (day or date.min) > read)
        )
        return (Replayed(self._source, tuple(asked)),)

    def fetch(self, now: datetime) -> Fetch:
        """Return what reads the files."""

        def get(source: str, request: Request, validators: Validators | None = None) -> Page:
            del validators  # Files are always read.
            return saved.read(source, request.url, now=now, limit=self._limit)

        return get


Kept = Record | Shelf


def opened(folder: Path, zone: str, limit: int) -> Kept:
    """Return what a folder holds: what runs recorded, or any saved pages.

    Raises ConfigError where there is no such folder.
    """
    if not folder.is_dir():
        raise ConfigError(f"{folder}: no such folder; name one that --record wrote, or saved pages")
    return Record(folder) if _indexes(folder) else Shelf(folder, zone, limit)


def _indexes(folder: Path) -> list[Path]:
    """Return the indexes of a record, or the one of a single run, in the order of the runs."""
    return sorted((*folder.glob(INDEX), *folder.glob(f"*/{INDEX}")))


def _captures(index: Path) -> list[Capture]:
    """Read an index. A last line that was cut short belongs to a run that was killed."""
    try:
        lines = index.read_bytes().split(b"\n")
    except OSError as error:
        raise ConfigError(f"{index}: {error.strerror or error}") from error
    captures = []
    for number, line in enumerate(lines[:-1], start=1):
        try:
            captures.append(msgspec.json.decode(line, type=Capture))
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise ConfigError(f"{index}, line {number}: no page of a record: {error}") from error
    return captures


def _day(path: Path, folder: Path) -> date | None:
    """Return the day that a file, or else a folder it lies in, is named after."""
    inside = path.relative_to(folder)
    named = (address_day(f"file:{part.name}") for part in (inside, *inside.parents))
    return next((day for day in named if day), None)


def _is_page(path: Path, folder: Path) -> bool:
    hidden_part = any(part.startswith(".") for part in path.relative_to(folder).parts)
    return path.is_file() and not hidden_part
