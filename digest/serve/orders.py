"""The config in force: what a service goes by, and gives its runs.

A config is in force once it was read whole, decoded and its templates tried. A file that is bad,
or that asks for what only a new process can do, changes nothing: the old one stays.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo

from digest import checks
from digest.app import Setting, clock
from digest.config import Config, decode, read
from digest.errors import ConfigError
from digest.schedule import Timetable


class Orders:
    """The config at a path, as it was when it was last good. Raises ConfigError for a bad one."""

    def __init__(self, path: Path, hide: Callable[[str], None] = lambda _: None) -> None:
        self._path = path
        self._hide = hide
        self.folder = path.absolute().parent
        self.text, self.config = self._checked()

    @property
    def timetable(self) -> Timetable:
        """When steps are taken."""
        return self.config.timetable

    @property
    def zone(self) -> ZoneInfo:
        """The zone in which the operator reads times."""
        return ZoneInfo(self.config.newsletter.timezone)

    def reload(self) -> None:
        """Read the config again. Raises ConfigError for one that cannot be; the old one stays."""
        text, config = self._checked()
        for setting, before, after in _fixed(self.config, config):
            if before != after:
                raise ConfigError(
                    f"{self._path}: {setting} was changed, which needs a restart: it was {before}"
                )
        self.text, self.config = text, config

    def _checked(self) -> tuple[str, Config]:
        text = read(self._path)
        self._hide(text)  # Before anything is said of it.
        config = decode(text, self._path)
        if not config.outputs:
            raise ConfigError(f"{self._path}: no [[outputs]]: letters could go nowhere")
        checks.templates(Setting(config=config, now=clock(), folder=self.folder))
        return text, config


def _fixed(before: Config, after: Config) -> tuple[tuple[str, str, str], ...]:
    """Return the settings that hold for the life of a process, as they were and are."""
    return (
        ("[store] url", before.store.url, after.store.url),
        ("[serve] metrics", before.serve.metrics, after.serve.metrics),
    )
