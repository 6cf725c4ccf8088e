"""The report: what a run did, as stable JSON.

    sources      per source: name, listed, new, revised, known (counts), errors (texts),
                 notes (texts: what was put off), lost (days that can't be read any more)
    letters      per letter: subscriber ("public" for everyone's), here and more (identifiers of
                 papers, best first), receipt
    notes        texts: what else to know, such as gists that did not come, why not all was sent
    deliveries   how many are sent, ready (to be tried again), in_doubt, failed
    alarms       texts: what is wrong with the installation, be it told before

It never reads the store or a clock.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date

import msgspec
from msgspec import Struct

from digest.letters import Excluded, Letter, Receipt
from digest.pipeline import Collected, Published, Sent


class SourceReport(Struct, frozen=True, kw_only=True):
    """What one source gave: listed = new + revised + known."""

    name: str
    listed: int
    new: int
    revised: int
    known: int
    errors: tuple[str, ...]
    notes: tuple[str, ...] = ()
    lost: tuple[date, ...] = ()


class ReceiptReport(Struct, frozen=True, kw_only=True):
    """A letter's receipt: read = left_out + below + here + more."""

    read: int
    left_out: int
    excluded: tuple[Excluded, ...]
    below: int
    here: int
    more: int
    sent: int
    revised: int


class LetterReport(Struct, frozen=True, kw_only=True):
    """What one reader gets. `revised` are papers she had before that have changed."""

    subscriber: str
    here: tuple[str, ...]
    more: tuple[str, ...]
    revised: tuple[str, ...]
    receipt: ReceiptReport


class Report(Struct, frozen=True, kw_only=True):
    """What a run did."""

    sources: tuple[SourceReport, ...]
    letters: tuple[LetterReport, ...]
    deliveries: dict[str, int]
    notes: tuple[str, ...] = ()
    alarms: tuple[str, ...] = ()

    def json(self) -> str:
        """Return it as JSON, for programs."""
        return msgspec.json.format(msgspec.json.encode(self), indent=2).decode()


_NOTHING = Sent(states={}, answers=(), errors=())


class Watched(Struct, frozen=True, kw_only=True):
    """What is wrong with the installation, a line each, and how the mails about it went."""

    alarms: tuple[str, ...] = ()
    sent: Sent = _NOTHING


class Run(Struct, frozen=True, kw_only=True):
    """The steps of a run, for its account and its report; one that was not taken did nothing.

    `adopted` counts the letters that an older copy of the store learned of from the journal.
    `unheard` says why the dead man's switch was not told of it.
    """

    collected: Collected = Collected(counts={}, readings=())
    published: Published = Published(letters=(), silent=())
    sent: Sent = _NOTHING
    adopted: int = 0
    watched: Watched = Watched()
    unheard: str = ""

    @property
    def report(self) -> Report:
        """What it did."""
        return Report(
            sources=tuple(_sources(self.collected)),
            letters=tuple(_letter(each) for each in self.published.letters),
            deliveries=dict(Counter(self.sent.states) + Counter(self.watched.sent.states)),
            notes=(*self.published.notes, *filter(None, [self.sent.stopped, self.unheard])),
            alarms=self.watched.alarms,
        )

    @property
    def errors(self) -> tuple[str, ...]:
        """What went wrong."""
        read = (str(error) for each in self.collected.readings for error in each.errors)
        return (*read, *self.sent.errors, *self.watched.sent.errors)

    @property
    def failed(self) -> bool:
        """Say whether anything went wrong."""
        return bool(self.errors)


def _sources(collected: Collected) -> Iterator[SourceReport]:
    for reading in collected.readings:
        counts = collected.counts[reading.source]
        yield SourceReport(
            name=reading.source,
            listed=counts.listed,
            new=counts.new,
            revised=counts.revised,
            known=counts.known,
            errors=tuple(str(error) for error in reading.errors),
            notes=reading.notes,
            lost=tuple(sorted(reading.lost)),
        )


def _letter(letter: Letter) -> LetterReport:
    return LetterReport(
        subscriber=letter.subscriber or "public",
        here=tuple(item.identifier for item in letter.here),
        more=tuple(item.identifier for item in letter.of("more")),
        revised=tuple(item.identifier for item in letter.of("revised")),
        receipt=_receipt(letter.receipt),
    )


def _receipt(receipt: Receipt) -> ReceiptReport:
    return ReceiptReport(
        read=receipt.read,
        left_out=receipt.left_out,
        excluded=receipt.excluded,
        below=receipt.below,
        here=receipt.here,
        more=receipt.more,
        sent=receipt.sent,
        revised=receipt.revised,
    )
