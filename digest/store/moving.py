"""From one store to another: every row copied as it is kept, then compared as it is read.

It goes over the tables as they are, so that a new table moves without being named here. Locks
stay behind: who is at work is not remembered, but known. So does the mark that a store was handed
over: what it was copied to goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import closing
from itertools import zip_longest
from typing import Any

import sqlalchemy
from sqlalchemy import ColumnElement, Executable, Table, func, insert, select

from digest.errors import StoreError
from digest.store.statements import Statements
from digest.store.tables import Day, Json, Text, handover, locks, metadata, storable

BATCH = 500
"""How many rows are in memory at a time."""

MOVED = tuple(table for table in metadata.sorted_tables if table not in (locks, handover))
"""Every table after those that it refers to."""


class Moving(Statements):
    """What a transaction can do for a whole store."""

    def is_empty(self) -> bool:
        """Say whether nothing is remembered."""
        return not any(self._connection.scalar(select(select(t).exists())) for t in MOVED)

    def copy(self, other: Moving, tell: Callable[[str], None]) -> Mapping[str, int]:
        """Copy all of another store into this empty one and return how many rows of each table.

        Raises StoreError where a row that was copied is not the same, or could not be read.
        """
        for table in MOVED:
            tell(f"copying {table.name}")
            self._copy_table(table, other)
        for table in MOVED:
            self._count_on(table)
        counts = {}
        for table in MOVED:
            tell(f"comparing {table.name}")
            counts[table.name] = self._compare(table, other)
        return counts

    def _copy_table(self, table: Table, other: Moving) -> None:
        kept = _as_kept(table)
        query = _in_batches(select(*kept.columns))
        with other._connection.execute(query) as found:
            for part in found.mappings().partitions(BATCH):
                self._connection.execute(insert(kept), [dict(row) for row in part])

    def _count_on(self, table: Table) -> None:
        """Let the next number be one that no row has; SQLite sees to it by itself."""
        column = table.autoincrement_column
        if column is not None and self._is_on_a_server:
            sequence = func.pg_get_serial_sequence(table.name, column.name)
            self._connection.execute(select(func.setval(sequence, func.max(column))))

    def _compare(self, table: Table, other: Moving) -> int:
        count = 0
        with closing(self._rows(table)) as ours, closing(other._rows(table)) as theirs:
            for one, another in zip_longest(ours, theirs):
                if one != another:
                    raise _differs(table, another or one)
                count += 1
        return count

    def _rows(self, table: Table) -> Generator[tuple[Any, ...]]:
        """Yield each row as it is read, its key first, in an order that all databases share."""
        key = list(table.primary_key)
        columns = [*key, *(each for each in table.columns if not each.primary_key)]
        query = _in_batches(select(*columns).order_by(*map(self._in_byte_order, key)))
        with self._connection.execute(query) as found:
            for row in found:
                yield tuple(storable(each) if isinstance(each, str) else each for each in row)

    def _in_byte_order(self, column: ColumnElement[Any]) -> ColumnElement[Any]:
        is_text = isinstance(column.type, (Text, Day))
        return column.collate("C") if is_text and self._is_on_a_server else column

    @property
    def _is_on_a_server(self) -> bool:
        return self._connection.dialect.name == "postgresql"


def _differs(table: Table, row: tuple[Any, ...]) -> StoreError:
    key = ", ".join(f"{c.name} {value}" for c, value in zip(table.primary_key, row, strict=False))
    return StoreError(f"{table.name}, {key}: the copy is not the same, so nothing of it was kept")


def _in_batches(query: Executable) -> Executable:
    return query.execution_options(yield_per=BATCH)


def _as_kept(table: Table) -> Table:
    """Return a table whose records are the texts that the database has, not decoded."""
    columns = [
        sqlalchemy.Column(each.name, Text if isinstance(each.type, Json) else each.type)
        for each in table.columns
    ]
    return Table(table.name, sqlalchemy.MetaData(), *columns)
