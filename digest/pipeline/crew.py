"""Several at a time, by threads that nobody has to wait for.

A pool's threads are waited for when the program ends, however long their servers take to answer.
These are not: who is told to stop ends at once, and what they do then comes to nothing. So they
must do nothing that may not be cut off.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from contextvars import copy_context
from functools import partial
from threading import Thread
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import Future

T = TypeVar("T")
R = TypeVar("R")


def each(work: Callable[[T], R], items: Sequence[T], most: int) -> list[R]:
    """Return what `work` makes of each item, in their order; `most` are worked on at a time."""
    from concurrent.futures import Future  # noqa: PLC0415 - only a run pays for it

    results: list[Future[R]] = [Future() for _ in items]
    waiting = deque(zip(items, results, strict=True))
    for _ in range(min(most, len(items))):
        # Each thread knows the run's name, for what is said of it there.
        labour = partial(copy_context().run, _labour, work, waiting)
        Thread(target=labour, daemon=True).start()
    try:
        return [result.result() for result in results]
    finally:
        waiting.clear()  # After an error, or the signal to stop, nothing more is begun.


def _labour(work: Callable[[T], R], waiting: deque[tuple[T, Future[R]]]) -> None:
    while waiting:
        try:
            item, result = waiting.popleft()
        except IndexError:  # Another was faster.
            return
        try:
            result.set_result(work(item))
        except BaseException as error:  # noqa: BLE001 - who waits for the result meets it
            result.set_exception(error)
