"""Being told to stop, by SIGTERM, SIGINT or SIGHUP, and stopping in time.

A signal becomes KeyboardInterrupt, so that what was begun is given back on the way out: at once,
or, while a server has a message and has not answered, when it has, after `GRACE` at most. A
library that waits in C hears of no signal; so after `LONGEST`, the process ends as if it had been
killed, and the next run gives back what this one had. It never decides what is given back.
"""

from __future__ import annotations

import os
import signal
import warnings
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from math import inf
from select import select
from threading import Thread
from time import monotonic
from types import FrameType
from typing import NoReturn

GRACE = 4.0
"""Seconds that a server has to answer: a message cut off after its final dot stays in doubt."""

LONGEST = 9.0
"""Seconds from the signal to the end, whatever happens; a service is killed after ten."""

STOPPED = 130
"""The exit code of a command that was told to stop, as shells have it for SIGINT."""

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class _Stop:
    """Whether it was told to stop, and whether that can wait."""

    def __init__(self) -> None:
        self.asked = False
        self.unhurried = False

    def hear(self, number: int, _frame: FrameType | None) -> None:
        """Stop, now or soon. A second signal changes nothing, unless a person is impatient."""
        again, self.asked = self.asked, True
        if again and number != signal.SIGINT:
            return
        if self.unhurried and not again:
            signal.setitimer(signal.ITIMER_REAL, GRACE)
        else:
            _interrupt()

    def hurry(self, _number: int, _frame: FrameType | None) -> None:
        """Stop, though it could have waited."""
        _interrupt()


def _interrupt() -> NoReturn:
    """Unwind. What stays open on the way, the process closes by ending: no warning is due."""
    warnings.simplefilter("ignore", ResourceWarning)
    raise KeyboardInterrupt


_stop = _Stop()


def listen() -> None:
    """Let signals stop this process; those that came before count no more."""
    _stop.asked = False
    for each in SIGNALS:
        signal.signal(each, _stop.hear)
    signal.signal(signal.SIGALRM, _stop.hurry)


@contextmanager
def unhurried() -> Iterator[None]:
    """Let a block of the main thread end before the process stops, if it does so soon."""
    _stop.unhurried = True
    try:
        yield
    finally:
        _stop.unhurried = False
        if _stop.asked:
            signal.setitimer(signal.ITIMER_REAL, 0)
    if _stop.asked:
        _interrupt()


@contextmanager
def in_time(
    signals: Collection[int] = SIGNALS, told: Callable[[], None] = lambda: None
) -> Iterator[None]:
    """End the process `LONGEST` after one of these signals, if the block has not ended by then.

    A thread of its own hears of them, which the main one may be too busy to do; it calls `told`.
    """
    hears, tells = os.pipe()
    os.set_blocking(tells, False)
    watch = Thread(target=_watch, args=(hears, frozenset(signals), told), daemon=True)
    watch.start()
    before = signal.set_wakeup_fd(tells, warn_on_full_buffer=False)
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        os.close(tells)
        watch.join()
        os.close(hears)


def _watch(hears: int, signals: frozenset[int], told: Callable[[], None]) -> None:
    """Read which signals come; after one of `signals`, wait for the end of the block, or end it."""
    until = inf
    while select([hears], [], [], None if until == inf else max(until - monotonic(), 0))[0]:
        came = os.read(hears, 100)
        if not came:
            return
        if until == inf and signals.intersection(came):
            until = monotonic() + LONGEST
            told()
    os._exit(STOPPED)
