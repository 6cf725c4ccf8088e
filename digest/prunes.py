"""A store that has grown, pruned: the texts of old papers and letters go, what was sent stays.

It goes in short transactions, so that runs go on meanwhile; if it is stopped, what is pruned is
pruned, and the next time goes on. At the end the file is made small, for which no run may be at
work.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from digest.app import Setting, locked, me, opened
from digest.errors import LockHeldError, StoreError
from digest.store import Store, Transaction, compacting
from digest.store.opening import path_of
from digest.store.postgres import is_address

STEPS = (
    ("papers", Transaction.prune_papers),
    ("letters", Transaction.prune_letters),
    ("mails", Transaction.prune_mails),
    ("the rest", Transaction.prune_answers),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgotten:
    """What went, by kind; the file's bytes before and after, 0 on a server; why it is not small."""

    counts: Mapping[str, int]
    size: tuple[int, int] = (0, 0)
    why: str = ""


def prune(setting: Setting, before: datetime) -> Forgotten:
    """Forget what is older and needed no more; a dry run counts it."""
    counts: Counter[str] = Counter()
    with opened(setting, copied=True) as store:
        for what, step in STEPS:
            setting.tell(f"pruning {what}")
            after = 0
            while True:
                with store.writing() as transaction:
                    done = step(transaction, before, after)
                counts.update(done.counts)
                after = done.last
                if not after:
                    break
        if setting.dry_run or is_address(setting.config.store.url):
            return Forgotten(counts=counts)
        return _compacted(setting, store, counts)


def _compacted(setting: Setting, store: Store, counts: Mapping[str, int]) -> Forgotten:
    path = path_of(setting.config.store.url)
    size = path.stat().st_size
    if not any(counts.values()):
        return Forgotten(counts=counts, size=(size, size))
    setting.tell("making the file small")
    try:
        with locked(store, me()):
            compacting.compact(path)
    except (LockHeldError, StoreError) as error:
        return Forgotten(counts=counts, size=(size, path.stat().st_size), why=str(error))
    return Forgotten(counts=counts, size=(size, path.stat().st_size))
