"""The dead man's switch: an address that is asked after each run that went well.

Who watches that address raises the alarm when it is not asked any more, whatever is wrong here:
this machine is down, or nothing starts a run. It may name and prove who asks, so it is shown to
nobody. A switch that cannot be reached is never a failure of the run.
"""

from __future__ import annotations

from digest.answers import ExchangeError
from digest.wire import Wire

SECONDS = 10.0
"""For each try."""

TRIES = 2
_MOST_BYTES = 100_000
_WELL = range(200, 300)


def ping(url: str, agent: str) -> str:
    """Ask an address, twice if need be; return what went wrong, or ""."""
    try:
        wire = Wire(silence=SECONDS, limit=_MOST_BYTES, setting="it")
    except ExchangeError as error:
        return _untold(error)
    try:
        for _ in range(TRIES):
            if not (said := _asked(wire, url, agent)):
                break
    finally:
        wire.close()
    return said


def _asked(wire: Wire, url: str, agent: str) -> str:
    try:
        answer = wire.send(url, {"User-Agent": agent}, within=SECONDS)
    except ExchangeError as error:
        return _untold(error)
    return "" if answer.status in _WELL else _untold(f"its server answered {answer.status}")


def _untold(why: object) -> str:
    reason = str(why).partition(";")[0]  # What follows is advice about sources.
    return f"the dead man's switch was not told: {reason}"
