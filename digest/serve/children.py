"""A run as a process: ``digest once`` with the config in force on its standard input.

What it says goes where the service's own lines go. It is told to stop as any command is, and ends
by itself within seconds (`stopping`).
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from tempfile import TemporaryFile

import digest
from digest.serve.orders import Orders

_OURS_ALONE = ("NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC")


class Child:
    """A run that was started."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    def ended(self) -> int | None:
        """Return its exit code, less than 0 for a signal that killed it; None while it runs."""
        return self._process.poll()

    def stop(self) -> None:
        """Tell it to stop, which takes some seconds at most."""
        self._process.terminate()

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()
        self._process.wait()


class Children:
    """Runs that are started one after another, so that the last can be stopped by any thread."""

    def __init__(self, begin: Callable[[Orders, Iterable[str], str], Child]) -> None:
        self._begin = begin
        self._last: Child | None = None

    def start(self, orders: Orders, steps: Iterable[str], run: str) -> Child:
        """Start a run. Raises OSError where the machine has no room for it."""
        self._last = self._begin(orders, steps, run)
        return self._last

    def stop(self) -> None:
        """Tell the run at work to stop, if one is: who waits for it may be stuck elsewhere."""
        if self._last:
            self._last.stop()


def start(orders: Orders, steps: Iterable[str], run: str, *, log: str) -> Child:
    """Start a run of these steps, which keeps such a log; without one, it looks for alarms.

    Raises OSError where the machine has no room for it.
    """
    words = ["--config", "-", "once", "--patient", "--scheduled", "--name", run, "--log", log]
    words += ["--steps", ",".join(steps) or "watch"]
    with TemporaryFile() as config:  # A pipe could be full before the run reads it.
        config.write(orders.text.encode())
        config.seek(0)
        process = subprocess.Popen(  # noqa: S603  This very program.
            [sys.executable, "-P", "-m", "digest", *words],
            stdin=config,
            cwd=orders.folder,
            env=_environment(),
            start_new_session=True,  # A terminal's signals are for the service.
        )
    return Child(process)


def _environment() -> dict[str, str]:
    """Return what a run is to know: where this program is, and nothing that systemd told us."""
    environment = {name: text for name, text in os.environ.items() if name not in _OURS_ALONE}
    home = str(Path(digest.__file__).parents[1])
    if sys.path[0] == home:  # From a checkout, by `python -m digest`: -P would not find it.
        known = environment.get("PYTHONPATH")
        environment["PYTHONPATH"] = f"{home}{os.pathsep}{known}" if known else home
    return environment
