"""How long the store takes on each database, side by side: 500 papers a day, 30 days of them."""

from __future__ import annotations

import resource
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from time import perf_counter

sys.path.insert(0, str(Path(__file__).parents[1]))

from databases import HOUR, NOW, a_letter, a_paper, a_sighting, new_papers
from databaseserver import database_server

from digest.app import Setting, move
from digest.config import Config, StoreSettings
from digest.seen import Changes
from digest.store import Store, Transaction, open_store

Times = dict[str, float]


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, database_server() as server:
        # Made for this and in memory mostly: the server's numbers are those of a fast disk.
        file = f"sqlite:///{folder}/digest.db"
        with server.store() as one, server.store() as other:
            sqlite = dict(measured(file))
            postgres = dict(measured(one))
            began = perf_counter()
            moved = move(Setting(config=Config(store=StoreSettings(url=file)), now=NOW), other)
            took = perf_counter() - began
        size = Path(folder, "digest.db").stat().st_size
    print("  SQLite  PostgreSQL")
    for what, time in sqlite.items():
        print(f"{time * 1000:8.1f}  {postgres[what] * 1000:8.1f} ms  {what}")
    print(f"{size / 1e6:.1f} MB of SQLite for 15,000 papers")
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"moved {sum(moved.values()):,} rows and compared them in {took:.1f} s; {memory:.0f} MB")


def measured(url: str) -> Iterator[tuple[str, float]]:
    """Yield what was done and how long it took, in seconds."""
    yield "open it for the first time", clock(lambda: open_store(url).close())
    yield "open it", clock(lambda: open_store(url).close())
    with open_store(url) as store:
        yield from papers(store)
        yield from letters(store)
    yield "rehearse, open", clock(lambda: open_store(url, rehearsal=True).close())


def papers(store: Store) -> Iterator[tuple[str, float]]:
    listed = [a_sighting(a_paper(n)) for n in range(1000, 1500)]
    for day in range(30):
        changes = new_papers(*range(day * 500, day * 500 + 500))
        time = clock(partial(save, store, changes))
        if day in (0, 29):
            yield f"save 500 new papers, day {day}", time
        if day == 0:
            with store.reading() as t:
                yield "pool() of 500", clock(partial(count, t))
                yield "pool() of 500, again", clock(partial(count, t))
    with store.reading() as t:
        yield "known() of 500 sightings, in one transaction", clock(lambda: t.known(listed))
        yield "pool() of 15,000", clock(partial(count, t))


def letters(store: Store) -> Iterator[tuple[str, float]]:
    made = [a_letter(f"reader {n}") for n in range(500)]
    ids = [(n, 1) for n in range(1, 36)]

    def publish() -> None:
        with store.writing() as t:
            for letter in made:
                t.publish(letter, ids, [("mail", "<1@x>")], NOW)

    yield "publish 500 letters of 35 papers", clock(publish)
    with store.reading() as t:
        yield "sent() of 500 readers", clock(lambda: [t.sent(x.subscriber) for x in made])
    with store.writing() as t:
        claimed = t.claim("me", NOW, 500, HOUR)

    def mark() -> None:
        for delivery in claimed[:100]:
            with store.writing() as t:
                t.mark_sent(delivery, "250 ok", NOW)

    yield "mark 100 as sent, each its own transaction", clock(mark)
    with store.reading() as t:
        yield "last_letter()", clock(lambda: t.last_letter("reader 7"))
        yield "letters(20)", clock(lambda: t.letters(20))
        yield "find()", clock(lambda: t.find("arXiv:2408.00007v2"))


def save(store: Store, changes: Changes) -> None:
    with store.writing() as t:
        t.save_changes(changes, NOW)


def count(t: Transaction) -> int:
    return len(t.pool(NOW))


def clock(work: Callable[[], object]) -> float:
    began = perf_counter()
    work()
    return perf_counter() - began


if __name__ == "__main__":
    main()
