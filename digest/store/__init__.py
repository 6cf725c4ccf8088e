"""What is remembered between runs: papers, who listed them, letters, what is to be sent.

    tables       the tables and their columns' types
    sources      when each source was read, and its pages
    lost         days of sources that nobody can read any more
    papers       papers, their names, who listed them
    resolutions  what was looked up by title
    letters      which letters were published to whom, with which papers
    journal      a file beside the store: which letters went out
    told         letters that only the journal knows
    mails        what is mailed and is no letter
    alarms       alarms that were told, and the signs of life that they are made of
    outbox       deliveries: ready, leased, in doubt, sent, failed
    locks        one run at a time
    gists        what models wrote of papers
    figures      what is counted from outside
    runs         which steps were taken when, and how that ended
    corrections  papers that the operator merges or splits
    history      what the command line asks
    moving       all of one store copied to another
    health       whether a store is whole, who is at work in it, what is stuck
    handover     that another store took over, or that this one is a copy that goes on
    copies       whole stores as files: made, looked through, put to work
    pruning      old papers and letters made small
    compacting   a file made as small as what is in it
    room         room on the disk
    stores       Store and Rehearsal, whose blocks are transactions
    opening      from an address to a store
    files        stores in files
    servers      stores on a server
    schema       versions; `migrations` has one file for each
    sqlite       all that is SQLite's alone
    postgres     all that is PostgreSQL's alone
    statements   what is the same for both databases but for one word

It decides nothing about papers, readers or retries, and waits for no network. Errors of the
database leave as StoreError, translated once.
"""

from __future__ import annotations

from digest.store.figures import Listed, StoreFigures
from digest.store.files import empty_rehearsal
from digest.store.history import Appearance, LetterRecord
from digest.store.letters import LastLetter, PastLetter
from digest.store.opening import migrate, open_store
from digest.store.outbox import TrackedDelivery, Waiting
from digest.store.runs import Outcome, RunRecord
from digest.store.schema import Migrated
from digest.store.sources import SavedPage, SourceState
from digest.store.stores import Rehearsal, Store, Transaction
from digest.store.told import BEFORE

__all__ = [
    "BEFORE",
    "Appearance",
    "LastLetter",
    "LetterRecord",
    "Listed",
    "Migrated",
    "Outcome",
    "PastLetter",
    "Rehearsal",
    "RunRecord",
    "SavedPage",
    "SourceState",
    "Store",
    "StoreFigures",
    "TrackedDelivery",
    "Transaction",
    "Waiting",
    "empty_rehearsal",
    "migrate",
    "open_store",
]
