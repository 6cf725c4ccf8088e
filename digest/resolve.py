"""Papers without an identifier, looked up by title: which, where, and which answer counts. Pure.

Only a title that is equal after normalising counts, and only one paper that has it: a wrong merge
hides a paper for ever, a missed one shows it twice. arXiv is asked first, then Crossref.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from textwrap import shorten
from typing import Annotated
from urllib.parse import urlencode

from msgspec import Meta, Struct
from msgspec.structs import force_setattr, replace

from digest.latex import readable
from digest.papers import (
    TELLING_WORDS,
    Page,
    Paper,
    Sighting,
    agree,
    is_cut,
    merge,
    same,
    surnames,
    title_key,
)
from digest.sources import Parsed, Request
from digest.sources.settings import check_address, check_spacing

ASK_AGAIN = timedelta(days=7)
"""When a title that nobody knew is asked for again."""

TOGETHER = 8
"""Titles in one question to arXiv: that many fit into an address."""

ON_ARXIV = 100
"""Papers in one answer of arXiv; one that is full may lack what a question was about."""

ON_CROSSREF = 10
"""Works in one answer of Crossref: an equal title is among the best matches."""

LONGEST = 200
"""Characters of a title that are asked for: its first words tell, and addresses end somewhere."""

APART = timedelta(days=730)
"""How far two days of publication may be apart where nothing but a title says that they are of one
paper; “An introduction to …” has been written more than once."""

_NEVER = datetime.min.replace(tzinfo=UTC)
_WORD = re.compile(r"\w+")


class ResolveSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[resolve]``: where titles are looked up, and how many in one run.

    `spacing` is in seconds between two requests to one server.
    """

    arxiv_url: str = "https://export.arxiv.org"
    crossref_url: str = "https://api.crossref.org"
    spacing: float = 3.0
    most: Annotated[int, Meta(ge=0, le=1000)] = 40

    def __post_init__(self) -> None:
        """Refuse what cannot be asked."""
        check_address("arxiv_url", self.arxiv_url)
        check_address("crossref_url", self.crossref_url)
        check_spacing(self.spacing)
        force_setattr(self, "arxiv_url", self.arxiv_url.rstrip("/"))
        force_setattr(self, "crossref_url", self.crossref_url.rstrip("/"))


class Resolution(Struct, frozen=True, kw_only=True):
    """What was found for a title, and when it was asked for; None where nothing was."""

    paper: Paper | None
    asked_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Papers to ask for, by the normal form of their titles: what was never asked for comes first.

    The next runs ask for those of `later`; `found` are those that were found before.
    """

    ask: Mapping[str, Paper]
    later: frozenset[str]
    found: Mapping[str, Paper]


def unnamed(sightings: Iterable[Sighting]) -> dict[str, Paper]:
    """Return the papers without an identifier whose titles can tell them, by normal form."""
    wanted: dict[str, Paper] = {}
    for sighting in sightings:
        key = title_key(sighting.paper.title)
        telling = len(key.split()) >= TELLING_WORDS and not is_cut(sighting.paper.title)
        if telling and not sighting.paper.names:
            wanted.setdefault(key, sighting.paper)
    return wanted


def plan(
    wanted: Mapping[str, Paper],
    known: Iterable[Paper],
    before: Mapping[str, Resolution],
    *,
    most: int,
    now: datetime,
) -> Plan:
    """Say which papers to ask for: not those that are known by an identifier under their title."""
    named: dict[str, list[Paper]] = {}
    for paper in known:
        if paper.names:
            named.setdefault(title_key(paper.title), []).append(paper)
    open_ = {
        key: paper
        for key, paper in wanted.items()
        if not any(agree(each, paper, key) for each in named.get(key, ()))
    }
    due = sorted(
        (key for key in open_ if _is_due(before.get(key), now)),
        key=lambda key: before[key].asked_at if key in before else _NEVER,
    )
    return Plan(
        ask={key: open_[key] for key in due[:most]},
        later=frozenset(due[most:]),
        found={key: each.paper for key, each in before.items() if key in open_ and each.paper},
    )


def _is_due(before: Resolution | None, now: datetime) -> bool:
    return before is None or (before.paper is None and now - before.asked_at >= ASK_AGAIN)


def arxiv_request(papers: Iterable[Paper], settings: ResolveSettings) -> Request:
    """Return how arXiv is asked for some titles at once; it keeps formulas as they were written."""
    titles = (each.title if "$" in each.title else readable(each.title) for each in papers)
    from digest.sources.arxiv import ACCEPT  # noqa: PLC0415 - only a lookup pays for it

    phrases = " OR ".join(f'ti:"{_words(title)}"' for title in titles)
    asked = {"search_query": phrases, "max_results": str(ON_ARXIV)}
    return Request(
        url=f"{settings.arxiv_url}/api/query?{urlencode(asked)}",
        accept=ACCEPT,
        spacing=timedelta(seconds=settings.spacing),
    )


def crossref_request(paper: Paper, settings: ResolveSettings) -> Request:
    """Return how Crossref is asked for a title."""
    from digest.sources.crossref import SELECTED, TYPES  # noqa: PLC0415 - only a lookup pays for it

    asked = {
        "query.bibliographic": _words(readable(paper.title)),
        "filter": ",".join(f"type:{each}" for each in TYPES),
        "select": SELECTED,
        "rows": str(ON_CROSSREF),
    }
    return Request(
        url=f"{settings.crossref_url}/works?{urlencode(asked, safe=',:')}",
        accept="application/json",
        spacing=timedelta(seconds=settings.spacing),
    )


def _words(title: str) -> str:
    """Return the words of a title, without signs that would mean something to a server."""
    said = " ".join(_WORD.findall(title))
    return shorten(said, LONGEST, placeholder="") or said[:LONGEST]


def answers(page: Page, request: Request, source: str) -> Parsed:
    """Read what arXiv or Crossref answered."""
    from digest.sources.crossref_items import read_works  # noqa: PLC0415 - only a lookup pays
    from digest.sources.forms import read  # noqa: PLC0415 - as above

    if "/api/query?" in request.url:
        return read(page, source, frozenset({"arxiv-api"}))
    return read_works(page, source)[0]


def choose(paper: Paper, found: Sequence[Sighting], key: str) -> Paper | None:
    """Return the one paper that has an equal title; None if there is none, or no telling which."""
    alike = [
        each.paper
        for each in found
        if title_key(each.paper.title) == key
        and _fits(paper, each.paper, key, each.paper.published or each.day)
    ]
    first = next(iter(alike), None)
    return first if first and all(same(first, other) for other in alike) else None


def _fits(paper: Paper, found: Paper, key: str, out: date | None) -> bool:
    """Say whether what was found, which came out on a day, may be the paper of this title.

    Where a paper came out before it was printed, its authors say that it is the same.
    """
    if not agree(paper, found, key):
        return False
    told = surnames(paper.authors) and surnames(found.authors)
    return bool(told) or not (paper.published and out) or abs(paper.published - out) <= APART


def resolved(sighting: Sighting, found: Mapping[str, Paper]) -> Sighting:
    """Return a listing with what was found for its title; as it is, if nothing was that agrees."""
    if sighting.paper.names:
        return sighting
    key = title_key(sighting.paper.title)
    paper = found.get(key)
    if paper is None or not _fits(sighting.paper, paper, key, paper.published):
        return sighting
    return replace(sighting, paper=merge(sighting.paper, paper))
