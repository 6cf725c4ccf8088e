"""A service: the steps of the flow taken at their times, by runs that are processes of their own.

    agenda    which steps are due, and when the next are
    orders    the config in force: read, checked, and replaced by a better one
    ledger    what the service asks of the store, and its lock there
    going     a run at work
    children  a run as a process
    ears      signals, and waiting for them
    notify    what systemd hears of it
    loop      the one loop

A run in a process of its own leaves no memory behind, and cannot take the service with it. It is
given the config in force, so that a bad one on disk harms nothing. The loop itself never fetches,
ranks or sends; while it waits, it does next to nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from signal import SIGINT, SIGTERM

from digest import __version__
from digest.app import clock, locked, me
from digest.events import Log, ServiceBegan
from digest.pulse import Pulse
from digest.serve.children import Children, start
from digest.serve.ears import Ears
from digest.serve.ledger import LEASE, LOCK, Ledger
from digest.serve.loop import Loop
from digest.serve.notify import Notifier
from digest.serve.orders import Orders
from digest.stopping import in_time
from digest.store import open_store
from digest.window import window

__all__ = ["serve"]


def serve(path: Path, log: Log, kind: str, hide: Callable[[str], None]) -> None:
    """Serve by the config at `path` until told to stop.

    Runs keep a log of the same `kind`; `hide` is told the text of each config, which is not to be
    in it.

    Raises ConfigError, StoreError or LockHeldError where it cannot begin, and LockLostError where
    another service took over.
    """
    log(ServiceBegan(version=__version__))
    orders = Orders(path, hide)
    pulse = Pulse()
    owner, children = me(), Children(partial(start, log=kind))
    with ExitStack() as stack:
        ears = stack.enter_context(Ears())
        stack.enter_context(in_time((SIGTERM, SIGINT), children.stop))
        store = stack.enter_context(open_store(orders.config.store.url))
        stack.enter_context(locked(store, owner, LOCK, LEASE))
        stack.enter_context(window(lambda: orders.config, store, pulse, log, clock))
        loop = Loop(
            orders=orders,
            ledger=Ledger(store, owner),
            start=children.start,
            ears=ears,
            notifier=Notifier.from_environment(),
            clock=clock,
            log=log,
            pulse=pulse,
        )
        loop.run()
