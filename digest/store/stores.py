"""The store, its transactions, and its rehearsal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import timedelta
from threading import RLock
from time import monotonic
from typing import Self

from sqlalchemy import Connection, Engine

from digest.errors import StoreError
from digest.store.alarms import Alarms
from digest.store.corrections import Corrections
from digest.store.figures import Figures
from digest.store.gists import Gists
from digest.store.health import Health
from digest.store.history import History
from digest.store.journal import Journal, is_old
from digest.store.letters import Letters
from digest.store.locks import Locks
from digest.store.looks import Looks
from digest.store.lost import Lost
from digest.store.mails import Mails
from digest.store.moving import Moving
from digest.store.pruning import Pruning
from digest.store.resolutions import Resolutions
from digest.store.told import Told

PATIENCE = timedelta(seconds=10)
"""How long a rehearsal lets others wait before it gives way."""

Translator = Callable[[str], AbstractContextManager[None]]
"""Turns what a database says into a StoreError that names a place."""


class Transaction(
    Figures,
    Lost,
    Letters,
    Mails,
    Alarms,
    Health,
    Locks,
    History,
    Resolutions,
    Moving,
    Told,
    Corrections,
    Gists,
    Pruning,
    Looks,
):
    """What can be asked of a store and done in it, all of it or nothing.

    It is given by `Store.reading` and `Store.writing` and ends with their block.
    """


class Store:
    """What is remembered between runs.

    Its blocks are transactions: keep them short, and never wait for the network inside one.
    Threads may share it. Close it when done.
    """

    def __init__(
        self, engine: Engine, place: str, translator: Translator, journal: Journal | None = None
    ) -> None:
        self._engine = engine
        self._place = place
        self._translator = translator
        self._journal = journal
        self.adopted = 0
        """How many letters were taken over from the journal: it is newer than the store."""

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        """Read one state of the store, whatever others write meanwhile."""
        with self._translated(), self._engine.connect() as connection, connection.begin():
            yield Transaction(connection)

    @contextmanager
    def writing(self) -> Iterator[Transaction]:
        """Read and write; kept when the block ends, forgotten when it raises.

        Other writers wait from the block's first moment on, so that what it read stays true.
        """
        with self._translated(), self._connect_to_write() as connection, connection.begin():
            transaction = Transaction(connection)
            yield transaction
            if self._journal and transaction.went_out:
                self._journal.append(transaction.lines(transaction.went_out))

    def behind(self) -> int:
        """Return how many letters the journal knows and the store, being an older copy, does not.

        Raises StoreError where the journal cannot be read.
        """
        if self._journal is None:
            return 0
        lines = self._journal.read()
        with self.reading() as transaction:
            return transaction.unknown(lines)

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _translated(self) -> AbstractContextManager[None]:
        return self._translator(self._place)

    def _connect_to_write(self) -> Connection:
        return self._engine.connect().execution_options(writing=True)

    def check_not_handed_over(self) -> None:
        """Raise StoreError where another store goes on with what is remembered here."""
        with self.reading() as transaction:
            transaction.check_not_handed_over(self._place)

    def catch_up(self) -> None:
        """Take over what the journal knows and the store, being an older copy, does not."""
        if self._journal is None:
            return
        with self.writing() as transaction:
            lines = self._journal.read()
            self.adopted = transaction.adopt(lines)
            if not lines and (missing := transaction.all_lines()):
                self._journal.keep(missing)
            elif is_old(lines):
                self._journal.keep(lines)

    def complete_journal(self) -> None:
        """Let the journal know all that went out, too, of a copy that was put beside it."""
        if self._journal is None:
            return
        with self.writing() as transaction:
            lines = self._journal.read()
            known = {(each.key, each.output) for each in lines}
            went_out = transaction.all_lines()
            missing = [each for each in went_out if (each.key, each.output) not in known]
            if missing:
                self._journal.keep([*lines, *missing])


class Rehearsal(Store):
    """A store whose writes are forgotten.

    It reads the real one until the first `writing`; from there on all is one transaction with
    savepoints, and `reading` sees what was written. So fetch before you write: from the first
    write on, other writers wait until the rehearsal is closed. Threads take turns.

    Where the database can say that others have waited for `PATIENCE`, it gives way to them.
    """

    def __init__(
        self,
        engine: Engine,
        place: str,
        translator: Translator,
        waited_for: Callable[[Connection], bool] | None = None,
        journal: Journal | None = None,
    ) -> None:
        super().__init__(engine, place, translator, journal)
        self._waited_for = waited_for
        self._patient_until = 0.0
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
                with self._translated():
                    self._give_way(self._begun)
                    yield Transaction(self._begun)

    @contextmanager
    def writing(self) -> Iterator[Transaction]:
        """Read and write what will be forgotten; what a block that raises wrote, at once."""
        with self._lock, self._translated():
            connection = self._begin_once()
            self._give_way(connection)
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
            if self._journal:
                self.adopted = Transaction(connection).adopt(self._journal.read())
            self._begun = connection
            self._patient_until = monotonic() + PATIENCE.total_seconds()
        return self._begun

    def _give_way(self, connection: Connection) -> None:
        if self._waited_for and monotonic() > self._patient_until and self._waited_for(connection):
            self.close()
            raise StoreError(
                f"{self._place}: a run wants to write to it, so the dry run gave way. "
                "Try again when that run is done"
            )
