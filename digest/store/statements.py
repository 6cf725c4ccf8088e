"""What the parts of a transaction share: the connection, and writing a row that may be there.

PostgreSQL and SQLite speak of conflicts in the same words, but the library gives each its own
insert; this is the one place that knows which.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import Connection, Executable, Table, func

T = TypeVar("T")

MOST_PARAMETERS = 900
"""How many values one statement lists; old builds of SQLite take 999."""


class Statements:
    """A part of a transaction, on its connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def _run(self, statement: Executable, rows: list[dict[str, Any]]) -> None:
        """Execute a statement once for each row; not at all for none."""
        if rows:
            self._connection.execute(statement, rows)

    def _add(self, table: Table, rows: list[dict[str, Any]]) -> None:
        """Insert rows; those whose key is there already stay as they are."""
        self._run(_upsert(self._connection.dialect.name, table, ()), rows)

    def _add_one(self, table: Table, row: dict[str, Any]) -> bool:
        """Insert a row; False where its key is there already, and it stays as it is."""
        statement = _upsert(self._connection.dialect.name, table, ())
        counted = {"preserve_rowcount": True}  # Of an insert, the library would not say it.
        return self._connection.execute(statement, row, execution_options=counted).rowcount == 1

    def _put(self, table: Table, rows: list[dict[str, Any]], *columns: str) -> None:
        """Insert rows; of those whose key is there already, change `columns`, save to None."""
        self._run(_upsert(self._connection.dialect.name, table, columns), rows)


def chunks(values: Sequence[T]) -> Iterator[Sequence[T]]:
    """Cut values into pieces that one statement can list."""
    return (values[at : at + MOST_PARAMETERS] for at in range(0, len(values), MOST_PARAMETERS))


@cache
def _upsert(dialect: str, table: Table, columns: tuple[str, ...]) -> Executable:
    insert = _insert(dialect)(table)
    if not columns:
        return insert.on_conflict_do_nothing()  # type: ignore[no-any-return]  # Two libraries' own.
    new = {name: func.coalesce(insert.excluded[name], table.c[name]) for name in columns}
    return insert.on_conflict_do_update(index_elements=table.primary_key, set_=new)  # type: ignore[no-any-return]  # As above.


def _insert(dialect: str) -> Any:
    if dialect == "postgresql":
        from sqlalchemy.dialects.postgresql import insert  # noqa: PLC0415  # Not for SQLite's users.

        return insert
    from sqlalchemy.dialects.sqlite import insert as sqlite_insert  # noqa: PLC0415  # As above.

    return sqlite_insert
