"""``digest.toml`` as types: what cannot be used is an error that names its place.

It is found by ``--config``, ``DIGEST_CONFIG``, ``./digest.toml``, then
``$XDG_CONFIG_HOME/digest/digest.toml``. Secrets never stand in it.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from digest.alarms import WatchSettings
from digest.compose import LetterSettings, RankSettings
from digest.errors import ConfigError, KeywordError, ScheduleError
from digest.exposed import ServeSettings
from digest.fetch import HttpSettings
from digest.gists import GistSettings
from digest.mail import split_sender
from digest.outputs.directory import Directory
from digest.outputs.preview import Preview
from digest.outputs.sendmail import Sendmail
from digest.outputs.smtp import Smtp
from digest.resolve import ResolveSettings
from digest.schedule import Timetable, is_zone
from digest.schedule.settings import Schedule
from digest.slips import explained, meant
from digest.sources import Source
from digest.sources.kinds import KINDS, kind
from digest.subscribers import Subscriber

AnyOutput = Smtp | Sendmail | Directory | Preview

FILE_NAME = "digest.toml"


STANDARD_INPUT = Path("<standard input>")
"""The place of a config that is piped in by ``--config -``, as from the working directory."""


def _check_zone(name: str) -> None:
    if not is_zone(name):
        raise ValueError(f"`timezone`: `{name}` is no zone; name one like Europe/Berlin")


class Newsletter(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[newsletter]``: its title, its zone, where readers write, templates that replace ours."""

    title: str = "Paper digest"
    timezone: str = "UTC"
    reply_to: str = ""
    templates: str = ""

    def __post_init__(self) -> None:
        """Refuse what no subject line could hold, and zones that are not."""
        if not self.title.strip() or not self.title.isprintable():
            raise ValueError("`title` must have a visible character and no control codes")
        _check_zone(self.timezone)
        if self.reply_to:
            split_sender(self.reply_to)


class StoreSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[store]``: where what is remembered is."""

    url: str = "sqlite:///digest.db"


class Config(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All settings. `folder` is the config file's, which relative paths start from."""

    newsletter: Newsletter = Newsletter()
    store: StoreSettings = StoreSettings()
    serve: ServeSettings = ServeSettings()
    schedule: Schedule = Schedule()
    http: HttpSettings = HttpSettings()
    gist: GistSettings = GistSettings()
    rank: RankSettings = RankSettings()
    letters: LetterSettings = LetterSettings()
    resolve: ResolveSettings = ResolveSettings()
    watch: WatchSettings = WatchSettings()
    sources: tuple[Source, ...] = ()
    outputs: tuple[AnyOutput, ...] = ()
    subscribers: tuple[Subscriber, ...] = ()

    def zone_of(self, subscriber: Subscriber | None) -> str:
        """Return a reader's zone: her own, or the newsletter's."""
        return (subscriber.timezone if subscriber else "") or self.newsletter.timezone

    @property
    def timetable(self) -> Timetable:
        """When a service takes which step."""
        return self.schedule.timetable(self.newsletter.timezone)


def find(given: str | None, environment: dict[str, str]) -> Path | None:
    """Return the config file to use; None where there is none and none was asked for."""
    if given == "-":
        return STANDARD_INPUT
    if named := given or environment.get("DIGEST_CONFIG"):
        path = Path(named)
        if not path.is_file():
            raise ConfigError(f"{named}: no such file; `digest init` writes one")
        return path
    home = environment.get("XDG_CONFIG_HOME") or Path(environment.get("HOME", "~"), ".config")
    places = (Path(FILE_NAME), Path(home, "digest", FILE_NAME))
    return next((path for path in places if path.is_file()), None)


def load(path: Path) -> Config:
    """Read a config file. Raises ConfigError with the file, the place and what to do."""
    return decode(read(path), path)


def read(path: Path) -> str:
    """Return the text of a config file. Raises ConfigError."""
    try:
        if path == STANDARD_INPUT:
            return sys.stdin.read()
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8 at byte {error.start}; save it as UTF-8") from error
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error


def decode(text: str, path: Path) -> Config:
    """Turn the text of the config file at `path` into settings."""
    raw = _tables(text, path)
    try:
        config = _converted(raw)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{path}: {explained(str(error), Config, raw)}") from error
    for slip in _slips(config):
        raise ConfigError(f"{path}: {slip}")
    try:
        return _within(config, path.absolute().parent)
    except RuntimeError as error:
        raise ConfigError(f"{path}: a path begins with `~`: {error}; write it in full") from error


def _tables(text: str, path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except ValueError as error:  # Not only TOMLDecodeError: Python refuses endless numbers, too.
        raise ConfigError(f"{path}: {error}") from error
    except RecursionError as error:
        raise ConfigError(f"{path}: nested too deeply") from error


def _converted(raw: dict[str, Any]) -> Config:
    """Turn tables into settings; of the kinds of sources, those that are named are imported."""
    rest = {key: value for key, value in raw.items() if key != "sources"}
    config = msgspec.convert(rest, Config)
    tables = _at(".sources", raw.get("sources", []), list[dict[str, Any]])
    sources = (_source(table, f".sources[{at}]") for at, table in enumerate(tables))
    return replace(config, sources=tuple(sources))


def _source(table: dict[str, Any], place: str) -> Source:
    named: _Named = _at(place, {"kind": table["kind"]} if "kind" in table else {}, _Named)
    if named.kind not in KINDS:
        raise msgspec.ValidationError(f"Invalid value '{named.kind}' - at `${place}.kind`")
    found: Source = _at(place, table, kind(named.kind))
    return found


class _Named(Struct):
    """What tells which kind of source a table is."""

    kind: str


def _at(place: str, value: Any, wanted: Any) -> Any:
    """Convert a part of the file. Raises ValidationError with the place in the whole of it."""
    try:
        return msgspec.convert(value, wanted)
    except msgspec.ValidationError as error:
        what, _, path = str(error).partition(" - at `$")
        raise msgspec.ValidationError(f"{what} - at `${place}{path or '`'}") from error


def _within(config: Config, folder: Path) -> Config:
    """Make every relative path start from the config's folder."""
    templates, url = config.newsletter.templates, config.store.url
    if templates:
        templates = str(folder / Path(templates).expanduser())
    if url.startswith("sqlite:///"):
        database = Path(url.removeprefix("sqlite:///")).expanduser()
        url = f"sqlite:///{folder / database}"
    return replace(
        config,
        newsletter=replace(config.newsletter, templates=templates),
        store=replace(config.store, url=url),
        sources=tuple(_moved(each, folder) for each in config.sources),
        outputs=tuple(_moved(each, folder) for each in config.outputs),
    )


def _moved(part: Any, folder: Path) -> Any:
    return part.within(str(folder)) if hasattr(part, "within") else part


def _slips(config: Config) -> Iterator[str]:
    """Yield what is wrong though every part is right by itself."""
    yield from _twice("sources", (each.name for each in config.sources))
    yield from _twice("outputs", (each.name for each in config.outputs))
    yield from _twice("subscribers", (each.name for each in config.subscribers))
    try:
        _ = config.timetable
    except ScheduleError as error:
        yield str(error)
    outputs = [each.name for each in config.outputs]
    for at, subscriber in enumerate(config.subscribers):
        place = f"`subscribers[{at}]` ({subscriber.name})"
        yield from _subscriber_slips(subscriber, outputs, place)


def _twice(table: str, names: Iterable[str]) -> Iterator[str]:
    met: set[str] = set()
    for at, name in enumerate(names):
        if name in met:
            yield f"two are called `{name}` at `{table}[{at}]`; give each a `name` of its own"
        met.add(name)


def _subscriber_slips(subscriber: Subscriber, outputs: list[str], place: str) -> Iterator[str]:
    for name in subscriber.outputs:
        if name not in outputs:
            yield f"no output is called `{name}` at {place}{meant(name, outputs)}"
    try:
        _ = subscriber.profile
    except KeywordError as error:
        yield f"{error} - at {place}"
    if subscriber.timezone:
        try:
            _check_zone(subscriber.timezone)
        except ValueError as error:
            yield f"{error} at {place}"
