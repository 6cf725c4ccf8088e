"""What a run is made of. The composition root fills it in; nothing here decides anything."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from digest.compose import (
    LetterSettings,
    RankSettings,
)
from digest.events import UNLOGGED, Log
from digest.gists import Asked
from digest.letters import Letter
from digest.messages import Pages, Rendered
from digest.missed import Scheduled
from digest.outputs import Output
from digest.papers import Paper
from digest.rank.keywords import Words, texts
from digest.resolve import ResolveSettings
from digest.sources import Fetch, Source
from digest.store import Store, Transaction
from digest.subscribers import Candidate, Subscriber


class Gists(Protocol):
    """Has a model write gists; it never fails and ends in time, with what it has by then."""

    @property
    def model(self) -> str:
        """Who writes."""

    def __call__(self, papers: Sequence[Paper]) -> Asked:
        """Ask about papers, the first ones first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """All that a run is made of. `now` is when the run believes it is; `clock` is the real time.

    Letters are published to `outputs` and sent by `senders`, which differ in a rehearsal alone.
    `public` says whether there is an edition for everyone. `render` turns a letter into its forms;
    `message_id` names what a key and an output mean; `tell` hears how far the run is, and
    `log` what happened; `renew` keeps others from taking a long run for a dead one; `texts` makes
    papers readable; `checkpoint` copies the store elsewhere, and raises CheckpointError where it
    cannot. Who is `patient` sends only what is due, and not what is to be tried again later; what
    is done `unhurried` is done before the run is stopped, if it does not take long. `scheduled`
    says whether publishing was to run between two moments; None where nobody knows.
    """

    store: Store
    sources: Sequence[Source]
    outputs: Mapping[str, Output]
    subscribers: Sequence[Subscriber]
    zone_of: Callable[[Subscriber | None], str]
    fetch: Fetch
    senders: Mapping[str, Output]
    public: bool
    render: Callable[[Letter], Rendered]
    pages: Pages
    message_id: Callable[[str, str], str]
    now: datetime
    clock: Callable[[], datetime]
    owner: str
    title: str
    rank: RankSettings
    letters: LetterSettings
    resolve: ResolveSettings
    reply_to: str = ""
    only: str = ""
    sample: bool = False
    tell: Callable[[str], None] = lambda _: None
    log: Log = UNLOGGED
    gists: Gists | None = None
    patient: bool = False
    renew: Callable[[Transaction], None] = lambda _: None
    checkpoint: Callable[[], None] | None = None
    unhurried: Callable[[], AbstractContextManager[None]] = nullcontext
    scheduled: Scheduled | None = None
    texts: Callable[[Sequence[Candidate]], Sequence[Words]] = texts
