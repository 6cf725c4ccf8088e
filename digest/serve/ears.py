"""Signals: told to stop, to read the config again, or that a run ended; and waiting for them.

Handlers note what was heard, and end the wait. The loop looks at it in its own time.
"""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from select import select
from types import FrameType
from typing import Any, Self

_STOP = (signal.SIGTERM, signal.SIGINT)
_HEARD = (*_STOP, signal.SIGHUP, signal.SIGCHLD)


class Ears:
    """What was heard since they were opened: `stop` stays, `reload` is asked once."""

    def __init__(self) -> None:
        self.stop = False
        self._reload = False
        self._hears, self._tells = os.pipe()
        os.set_blocking(self._hears, False)
        os.set_blocking(self._tells, False)
        self._before: dict[int, Any] = {}

    def reload(self) -> bool:
        """Say whether the config is to be read again, once for each time it was heard."""
        heard, self._reload = self._reload, False
        return heard

    def wait(self, seconds: float) -> None:
        """Wait, or until something is heard."""
        if select([self._hears], [], [], max(seconds, 0))[0]:
            with suppress(BlockingIOError):
                while os.read(self._hears, 100):
                    pass

    def __enter__(self) -> Self:
        self._before = {each: signal.signal(each, self.hear) for each in _HEARD}
        return self

    def __exit__(self, *error: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        os.close(self._tells)
        os.close(self._hears)

    def hear(self, number: int, _frame: FrameType | None = None) -> None:
        """Note a signal, and end the wait."""
        if number in _STOP:
            self.stop = True
        elif number == signal.SIGHUP:
            self._reload = True
        with suppress(BlockingIOError):  # It is full: the wait ends anyhow.
            os.write(self._tells, b"!")
