"""How long the store takes: 500 papers a day, 30 days of them."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from time import perf_counter

sys.path.insert(0, str(Path(__file__).parents[1]))

from databases import HOUR, NOW, a_letter, a_paper, a_sighting, new_papers

from digest.seen import Changes
from digest.store import Store, Transaction, open_store


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/digest.db"
        clock("make a store", lambda: open_store(url).close())
        clock("open it", lambda: open_store(url).close())
        with open_store(url) as store:
            papers(store)
            letters(store)
        size = Path(folder, "digest.db").stat().st_size
        print(f"{size / 1e6:.1f} MB for 15,000 papers")
        clock("rehearse, open", lambda: open_store(url, rehearsal=True).close())


def papers(store: Store) -> None:
    days = [new_papers(*range(day * 500, day * 500 + 500)) for day in range(30)]
    listed = [a_sighting(a_paper(n)) for n in range(1000, 1500)]
    for day, changes in enumerate(days):
        clock(f"save 500 new papers, day {day}", partial(save, store, changes), show=day % 9 == 0)
    with store.reading() as t:
        clock("known() of 500 sightings, in one transaction", lambda: len(t.known(listed)))
        clock("pool() of 15,000", lambda: len(t.pool(NOW)))
    with tempfile.TemporaryDirectory() as folder:
        for most in (500, 5000):
            with open_store(f"sqlite:///{folder}/{most}.db") as other:
                save(other, new_papers(*range(most)))
                with other.reading() as t:
                    clock(f"pool() of {most}", partial(count, t))
                    clock(f"pool() of {most}, again", partial(count, t))


def letters(store: Store) -> None:
    made = [a_letter(f"reader {n}") for n in range(500)]
    ids = [(n, 1) for n in range(1, 36)]

    def publish() -> int:
        with store.writing() as t:
            return sum(1 for letter in made if t.publish(letter, ids, [("mail", "<1@x>")], NOW))

    clock("publish 500 letters of 35 papers", publish)
    with store.reading() as t:
        clock("sent() of 500 readers", lambda: sum(len(t.sent(x.subscriber)) for x in made))
    with store.writing() as t:
        claimed = t.claim("me", NOW, 500, HOUR)

    def mark() -> int:
        for delivery in claimed[:100]:
            with store.writing() as t:
                t.mark_sent(delivery, "250 ok", NOW)
        return 100

    clock("mark 100 as sent, each its own transaction", mark)
    with store.reading() as t:
        clock("last_letter()", lambda: t.last_letter("reader 7") is not None)
        clock("letters(20)", lambda: len(t.letters(20)))
        clock("find()", lambda: len(t.find("arXiv:2408.00007v2")))


def save(store: Store, changes: Changes) -> None:
    with store.writing() as t:
        t.save_changes(changes, NOW)


def count(t: Transaction) -> int:
    return len(t.pool(NOW))


def clock(what: str, work: Callable[[], object], *, show: bool = True) -> None:
    began = perf_counter()
    result = work()
    if show:
        print(f"{(perf_counter() - began) * 1000:8.1f} ms  {what}: {result}")


if __name__ == "__main__":
    main()
