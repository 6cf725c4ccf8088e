"""The store, its transactions, and its rehearsal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import RLock
from typing import Self

from sqlalchemy import Connection, Engine

from digest.store.history import History
from digest.store.letters import Letters
from digest.store.locks import Locks
from digest.store.sources import Sources
from digest.store.sqlite import files_translated, translated

_MARKER = """Letters have been sent from the store beside this file.
If that store is gone, put a copy of it back: an empty one would send everything again.
To begin with an empty store all the same, run digest with --start-afresh.
"""


class Transaction(Sources, Letters, Locks, History):
    """What can be asked of a store and done in it, all of it or nothing.

    It is given by `Store.reading` and `Store.writing` and ends with their block.
    """


class Store:
    """What is remembered between runs.

    Its blocks are transactions: keep them short, and never wait for the network inside one.
    Threads may share it. Close it when done.
    """

    def __init__(self, engine: Engine, place: str, marker: Path | None = None) -> None:
        self._engine = engine
        self._place = place
        self._marker = marker

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        """Read one state of the store, whatever others write meanwhile."""
        with translated(self._place), self._engine.connect() as connection, connection.begin():
            yield Transaction(connection)

    @contextmanager
    def writing(self) -> Iterator[Transaction]:
        """Read and write; kept when the block ends, forgotten when it raises.

        Other writers wait from the block's first moment on, so that what it read stays true.
        """
        with translated(self._place):
            with self._connect_to_write() as connection, connection.begin():
                transaction = Transaction(connection)
                yield transaction
            if transaction.delivered:
                self._remember_that_letters_went_out()

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _connect_to_write(self) -> Connection:
        return self._engine.connect().execution_options(writing=True)

    def _remember_that_letters_went_out(self) -> None:
        if self._marker:
            with files_translated(str(self._marker)):
                if not self._marker.exists():
                    self._marker.write_text(_MARKER, encoding="utf-8")


class Rehearsal(Store):
    """A store whose writes are forgotten.

    It reads the real one until the first `writing`; from there on all is one transaction with
    savepoints, and `reading` sees what was written. So fetch before you write: from the first
    write on, other writers wait until the rehearsal is closed. Threads take turns.
    """

    def __init__(self, engine: Engine, place: str) -> None:
        super().__init__(engine, place)
        self._lock = RLock()
        self._stack = ExitStack()
        self._begun: Connection | None = None

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        """Read the store, and what was rehearsed."""
        with self._lock:
            if self._begun is None:
                with super().reading() as transaction:
                    yield transaction
            else:
                with translated(self._place):
                    yield Transaction(self._begun)

    @contextmanager
    def writing(self) -> Iterator[Transaction]:
        """Read and write what will be forgotten; what a block that raises wrote, at once."""
        with self._lock, translated(self._place):
            connection = self._begin_once()
            with connection.begin_nested():
                yield Transaction(connection)

    def close(self) -> None:
        """Forget what was rehearsed, and close all connections."""
        self._stack.close()
        self._begun = None
        super().close()

    def _begin_once(self) -> Connection:
        if self._begun is None:
            connection = self._stack.enter_context(self._connect_to_write())
            self._stack.callback(connection.rollback)
            connection.begin()
            self._begun = connection
        return self._begun
