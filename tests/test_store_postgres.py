"""What only a store on a server can meet: addresses, other programs, lost connections."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread

import pytest
from databases import NOW, a_paper, a_sighting, connected, new, new_papers
from databaseserver import DatabaseServer

from digest.errors import ConfigError, StoreError
from digest.store import Store, open_store, postgres, schema, stores

pytest_plugins = ["databases"]


@pytest.fixture
def url(new_server_url: Callable[[], str]) -> str:
    """The address of a store on the server."""
    return new_server_url()


def _end_all(url: str) -> None:
    """End all other connections, as a server does that is stopped."""
    with connected(url) as database:
        database.exec_driver_sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


# Addresses


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_an_address_may_be_written_in_each_usual_way(url: str, scheme: str) -> None:
    with open_store(url.replace("postgresql:", f"{scheme}:")) as store, store.reading() as t:
        assert t.letters(1) == ()


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://ann:hunter2@db/digest",
        "postgres://db/digest?user=ann&password=hunter2",
        "postgresql://db/digest?sslpassword=hunter2",
    ],
)
def test_an_address_with_a_password_is_refused_and_not_repeated(address: str) -> None:
    with pytest.raises(ConfigError, match=r"Take it out.*~/\.pgpass.*PGPASSWORD") as refused:
        open_store(address)
    assert "hunter2" not in str(refused.value)


def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(ConfigError, match="write postgresql://user@host/database"):
        open_store("postgresql:db")


def test_an_address_says_no_secret_and_no_setting() -> None:
    address = postgres.address("postgres://ann@db:5433/digest?sslmode=require")
    assert postgres.place(address) == "postgresql://ann@db:5433/digest"


def test_settings_in_the_address_come_before_ours(url: str) -> None:
    engine = postgres.engine(postgres.address(f"{url}&application_name=papers"))
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SHOW application_name").scalar() == "papers"
        assert connection.exec_driver_sql("SHOW TimeZone").scalar() == "UTC"
        assert connection.exec_driver_sql("SHOW client_encoding").scalar() == "UTF8"
    engine.dispose()


def test_without_the_driver_the_error_says_what_to_install() -> None:
    script = """
import sys
sys.modules["psycopg"] = None
from digest.errors import ConfigError
from digest.store import open_store
try:
    open_store("postgresql://localhost/digest")
except ConfigError as error:
    print(error)
"""
    said = subprocess.run(  # noqa: S603  # This interpreter, and a script of ours.
        [sys.executable, "-c", script],
        check=True,
        capture_output=True,
        text=True,
        cwd=Path(schema.__file__).parents[2],
    )
    assert "pip install 'digest-newsletter[postgres]'" in said.stdout


# What cannot be opened


def test_a_server_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"postgresql://ann@/digest: no connection.*See that it"):
        open_store(f"postgresql://ann@/digest?host={tmp_path}")


def test_a_database_that_is_not_there_is_named(server: DatabaseServer) -> None:
    with pytest.raises(StoreError, match=r"no connection .*\"nowhere\" does not exist"):
        open_store(server.url("nowhere"))


def test_a_database_that_cannot_keep_every_text_is_refused(server: DatabaseServer) -> None:
    latin = "ENCODING latin1 LOCALE 'C'"
    with (
        server.database(more=latin) as url,
        pytest.raises(StoreError, match=r"LATIN1.*--encoding=UTF8"),
    ):
        open_store(url)


@pytest.mark.parametrize("rehearsal", [False, True])
def test_an_empty_database_is_not_a_fresh_start(server: DatabaseServer, *, rehearsal: bool) -> None:
    with server.database() as url:
        with pytest.raises(StoreError, match=r"is empty.*restore.*digest migrate"):
            open_store(url, rehearsal=rehearsal, start_afresh=True)
        with connected(url) as database:
            assert database.exec_driver_sql("SELECT count(*) FROM pg_tables").scalar()
            assert not database.exec_driver_sql("SELECT to_regclass('papers')").scalar()


@pytest.mark.parametrize("name", ["papers", "alembic_version"])
def test_another_programs_database_is_refused(server: DatabaseServer, name: str) -> None:
    with server.database() as url:
        with connected(url) as database:
            database.exec_driver_sql(f"CREATE TABLE {name} (version_num text)")
            database.exec_driver_sql(f"INSERT INTO {name} VALUES ('3f2a')")  # noqa: S608  Ours.
        with pytest.raises(StoreError, match=f"another program's tables.*{name}.*of its own"):
            open_store(url)


def test_a_user_without_rights_is_told_so(server: DatabaseServer, url: str) -> None:
    server.run("CREATE ROLE guest LOGIN")
    with pytest.raises(StoreError, match=r"permission denied"):
        open_store(url.replace("postgres@", "guest@"))


# Connections that end


def test_a_connection_that_was_lost_meanwhile_is_made_anew(url: str) -> None:
    with open_store(url) as store:
        with store.reading() as t:
            t.letters(1)
        _end_all(url)
        with store.writing() as t:
            t.save_changes(new_papers(1), NOW)
            assert len(t.pool(NOW)) == 1


def test_a_connection_lost_inside_a_block_is_an_error_and_leaves_nothing(url: str) -> None:
    def write_and_lose(store: Store) -> None:
        with store.writing() as t:
            t.save_changes(new_papers(1), NOW)
            _end_all(url)
            t.letters(1)

    with open_store(url) as store:
        with pytest.raises(StoreError, match=r"ended the connection\. Nothing was half-written"):
            write_and_lose(store)
        with store.reading() as t:
            assert t.pool(NOW) == ()


def test_a_connection_lost_before_the_commit_is_an_error(url: str) -> None:
    def write_and_lose(store: Store) -> None:
        with store.writing() as t:
            t.save_changes(new_papers(1), NOW)
            _end_all(url)

    with open_store(url) as store, pytest.raises(StoreError, match="Nothing was half-written"):
        write_and_lose(store)


# Writers that wait


def test_a_writer_that_waited_too_long_is_told_so(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "_WRITE", postgres._WRITE.replace("'30s'", "'50ms'"))  # noqa: SLF001  # A test's patience.
    with open_store(url) as store, open_store(url) as other, store.writing():
        with pytest.raises(StoreError, match=r"is writing to it.*Run again later"), other.writing():
            pass
        with other.reading() as t:
            assert t.letters(1) == ()


def test_a_writer_that_says_nothing_more_lets_others_write(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    impatient = postgres._WRITE.replace("'600s'", "'50ms'")  # noqa: SLF001  # As above.
    monkeypatch.setattr(postgres, "_WRITE", impatient)

    def freeze(store: Store) -> None:
        with store.writing() as t:
            t.save_changes(new_papers(1), NOW)
            with open_store(url) as other, other.writing() as its:
                its.save_changes(new_papers(2), NOW)

    with open_store(url) as store:
        with pytest.raises(StoreError, match="Nothing was half-written"):
            freeze(store)
        with store.reading() as t:
            assert [candidate.paper for candidate in t.pool(NOW)] == [a_paper(2)]


def test_a_rehearsal_gives_way_to_a_run_that_waits(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stores, "PATIENCE", timedelta(0))
    written = Event()

    def write() -> None:
        with open_store(url) as real, real.writing() as t:
            t.save_changes(new_papers(1), NOW)
        written.set()

    def rehearse(store: Store) -> None:
        while not written.is_set():
            with store.writing() as t:
                t.letters(1)

    with open_store(url, rehearsal=True) as rehearsal:
        with rehearsal.writing() as t:
            t.save_changes(new_papers(2), NOW)
        writer = Thread(target=write)
        writer.start()
        with pytest.raises(StoreError, match="the dry run gave way"):
            rehearse(rehearsal)
        writer.join()
        with rehearsal.reading() as t:
            assert [candidate.paper for candidate in t.pool(NOW)] == [a_paper(1)]


def test_a_rehearsal_that_nobody_waits_for_goes_on(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stores, "PATIENCE", timedelta(0))
    with open_store(url, rehearsal=True) as rehearsal:
        for number in range(3):
            with rehearsal.writing() as t:
                t.save_changes(new_papers(number), NOW)
        with rehearsal.reading() as t:
            assert len(t.pool(NOW)) == 3


# What a server minds


def test_numbers_as_great_as_pages_may_say_are_kept(url: str) -> None:
    with open_store(url) as store:
        with store.writing() as t:
            t.save_changes(new(a_sighting(a_paper(1), votes=1_000_000_000)), NOW)
        with store.reading() as t:
            assert t.pool(NOW)[0].votes == 1_000_000_000


def test_readers_write_nothing(url: str) -> None:
    with (
        open_store(url) as store,
        pytest.raises(StoreError, match="read-only transaction"),
        store.reading() as t,
    ):
        t.save_changes(new_papers(1), NOW)
