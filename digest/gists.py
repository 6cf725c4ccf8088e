"""Gists that a model writes, at an OpenAI-compatible server: a local one, or anybody's.

Several papers are asked about at once. A paper has its seconds and a run its budget; when that is
over, what came is all there is, whatever the server does. It never follows a redirect, so that the
key goes to nobody else, and never decides what of an answer is shown: `prompt` does.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from threading import Condition, Thread
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

from msgspec import Meta, Struct

from digest.addresses import shown
from digest.answers import ExchangeError, origin
from digest.errors import GistError
from digest.papers import Paper, fingerprint

if TYPE_CHECKING:
    from digest.wire import Wire

AT_ONCE = 3
"""How many papers are asked about at once: a local model is not faster with more."""

MOST_FAILURES = 3
"""After how many failures in a row nothing more is asked in this run."""

MOST_BYTES = 100_000
"""Of an answer; a sentence has less than a thousand."""

_OK = 200
_ADVICE = {
    401: "set DIGEST_GIST_KEY, or the credential gist_key",
    403: "see that the key may use this model",
    404: "check [gist] url, which ends in /v1 as a rule, and model",
    429: "too many requests; the next run asks again",
}


class GistSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[gist]``: who is asked for a sentence of each paper; nobody without a `url`.

    `seconds` are for one paper, `budget` for a whole run.
    """

    url: str = ""
    model: str = ""
    seconds: Annotated[float, Meta(gt=0, le=60)] = 2.0
    budget: Annotated[float, Meta(gt=0, le=600)] = 20.0

    def __post_init__(self) -> None:
        """Refuse what cannot be asked, and secrets."""
        if not self.url:
            return
        try:
            origin(self.url)
        except ExchangeError as error:
            raise ValueError(f"`url`: {shown(self.url)} is no http or https address") from error
        parts = urlsplit(self.url)
        if parts.username is not None or parts.query:
            raise ValueError("`url` must have no password and no `?`: the key is DIGEST_GIST_KEY")
        if not self.model.strip():
            raise ValueError("`model` must name the model that is asked at `url`")

    @property
    def endpoint(self) -> str:
        """Where questions go."""
        return f"{self.url.rstrip('/')}/chat/completions"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What came of asking: sentences by the papers' fingerprints, and what to tell, if anything."""

    gists: dict[str, str]
    note: str = ""


@dataclass(slots=True)
class _Work:
    """What the threads of one run share; `change` guards it and tells of each answer."""

    waiting: deque[Paper]
    until: float
    change: Condition = field(default_factory=Condition)
    gists: dict[str, str] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    in_a_row: int = 0
    running: int = 0

    def take(self, left: float) -> Paper | None:
        """Return the next paper to ask about; None when that is all for this run."""
        with self.change:
            if left <= 0 or not self.waiting or self.in_a_row >= MOST_FAILURES:
                return None
            return self.waiting.popleft()

    def tell(self, paper: Paper, gist: str, failure: str) -> None:
        """Note what came of one paper."""
        with self.change:
            if failure:
                self.failures.append(failure)
            else:
                self.gists[fingerprint(paper)] = gist
            self.in_a_row = self.in_a_row + 1 if failure else 0

    def end(self) -> None:
        """Note that a thread has nothing more to do."""
        with self.change:
            self.running -= 1
            self.change.notify_all()


@dataclass(frozen=True, slots=True)
class Unasked:
    """Asks nobody: what `model` wrote before is all there is."""

    model: str

    def __call__(self, papers: Sequence[Paper]) -> Asked:
        """Return nothing."""
        del papers
        return Asked(gists={})


class Gists:
    """Asks a model for gists. `clock` counts seconds."""

    def __init__(
        self,
        settings: GistSettings,
        key: str = "",
        *,
        agent: str = "",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if agent:
            self._headers["User-Agent"] = agent
        if key:
            self._headers["Authorization"] = f"Bearer {key}"

    @property
    def model(self) -> str:
        """Who writes."""
        return self._settings.model

    @property
    def budget(self) -> float:
        """For how many seconds it asks in a run."""
        return self._settings.budget

    def __call__(self, papers: Sequence[Paper]) -> Asked:
        """Ask about each paper, the first ones first, and return when the budget is over."""
        work = _Work(waiting=deque(papers), until=self._clock() + self.budget)
        work.running = min(AT_ONCE, len(papers))
        for _ in range(work.running):
            # Not of a pool: those are waited for when the program ends.
            Thread(target=self._ask_all, args=(work,), daemon=True).start()
        with work.change:
            while work.running and (left := work.until - self._clock()) > 0:
                work.change.wait(left)
            gists = dict(work.gists)
            return Asked(gists=gists, note=self._note(len(papers), len(gists), work.failures))

    def one(self, paper: Paper) -> str:
        """Return a paper's gist. Raises GistError."""
        with self._wire() as wire:
            return self._one(wire, paper, self._settings.seconds)

    @contextmanager
    def _wire(self) -> Iterator[Wire]:
        from digest.wire import Wire  # noqa: PLC0415 - httpx takes long to import

        try:
            wire = Wire(silence=self._settings.seconds, limit=MOST_BYTES, setting="[gist] seconds")
        except ExchangeError as error:
            raise GistError(str(error)) from error
        with closing(wire):
            yield wire

    def _ask_all(self, work: _Work) -> None:
        """Ask about one paper after the other, until the budget or the patience is over."""
        try:
            with self._wire() as wire:
                while paper := work.take(left := work.until - self._clock()):
                    work.tell(paper, *self._tried(wire, paper, left))
        except GistError as error:
            work.failures.append(str(error))
        finally:
            work.end()

    def _tried(self, wire: Wire, paper: Paper, left: float) -> tuple[str, str]:
        """Return a gist, or why there is none."""
        try:
            return self._one(wire, paper, min(left, self._settings.seconds)), ""
        except GistError as error:
            return "", str(error)

    def _one(self, wire: Wire, paper: Paper, within: float) -> str:
        from digest.prompt import gist_of, question  # noqa: PLC0415 - only who has a model pays

        body = question(paper, self.model)
        try:
            answer = wire.send(self._settings.endpoint, self._headers, body=body, within=within)
        except ExchangeError as error:
            raise GistError(f"{shown(self._settings.url)}: {error}") from error
        if answer.status != _OK:
            advice = _ADVICE.get(answer.status, "see what the server's log says")
            raise GistError(
                f"{shown(self._settings.url)}: {answer.status} from the server; {advice}"
            )
        return gist_of(answer.body, paper)

    def _note(self, asked: int, told: int, failures: Sequence[str]) -> str:
        """Say in a line what did not come, and why; "" if nothing is missing."""
        if told == asked:
            return ""
        why = failures[0] if failures else f"the budget of {self.budget:g} s is over"
        return (
            f"gist: {self.model} told {told} of {asked} papers; "
            f"the others are told by their own sentence: {why}"
        )
