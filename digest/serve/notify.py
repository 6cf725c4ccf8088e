"""What systemd hears of a service, by its protocol: sd_notify(3).

Without $NOTIFY_SOCKET nobody listens. What cannot be told is not told: a service goes on without.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Self

LONGEST = 1000
"""How many characters of a status are told."""

_MICROSECONDS = 1_000_000


class Notifier:
    """Tells systemd. `watchdog` is how many seconds it waits for a sign of life, or None."""

    def __init__(self, address: str = "", watchdog: float | None = None) -> None:
        self.watchdog = watchdog
        # A leading @ stands for a NUL: an address in Linux's abstract namespace.
        self._address = f"\0{address[1:]}" if address.startswith("@") else address

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """Return who tells the one that $NOTIFY_SOCKET names, if it does."""
        return cls(environment.get("NOTIFY_SOCKET", ""), _watchdog(environment))

    def ready(self, status: str) -> None:
        """Say that the service does its work, for the first time or after `reloading`."""
        self._tell("READY=1", f"STATUS={_line(status)}")

    def status(self, status: str) -> None:
        """Say in a line what it does."""
        self._tell(f"STATUS={_line(status)}")

    def alive(self) -> None:
        """Say that the loop goes round."""
        if self.watchdog:
            self._tell("WATCHDOG=1")

    def reloading(self) -> None:
        """Say that the config is read again."""
        moment = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        self._tell("RELOADING=1", f"MONOTONIC_USEC={moment}")

    def stopping(self, status: str) -> None:
        """Say that it stops."""
        self._tell("STOPPING=1", f"STATUS={_line(status)}")

    def _tell(self, *lines: str) -> None:
        if not self._address:
            return
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
            line.setblocking(False)
            line.sendto("\n".join(lines).encode(errors="replace"), self._address)


def _watchdog(environment: Mapping[str, str]) -> float | None:
    """Return the watchdog's seconds, if it watches this process (sd_watchdog_enabled(3))."""
    pid, time_out = environment.get("WATCHDOG_PID", ""), environment.get("WATCHDOG_USEC", "")
    if (pid and pid != str(os.getpid())) or not time_out.isdecimal() or not int(time_out):
        return None
    return int(time_out) / _MICROSECONDS


def _line(text: str) -> str:
    """Return a text as a line that any socket takes: one that is refused would tell nothing."""
    line = " ".join(text.split())
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"
