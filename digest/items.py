"""A paper as a letter tells it: texts cut and marked, where it was seen, why it is there. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime

from msgspec import Struct
from msgspec.structs import replace

from digest.gist import excerpt, gist, shortened, summary
from digest.keywords import Hit, Keyword, Text, stretches
from digest.latex import readable
from digest.letters import Badge, Change, Item, Section
from digest.rank import Ranked
from digest.rank.keywords import Words
from digest.rank.reason import Reason
from digest.subscribers import Candidate

Texts = Callable[[int], Words]
"""Gives the readable texts of a candidate by its number."""


class Before(Struct, frozen=True, kw_only=True):
    """What the reader's last letter says of this one."""

    made_at: datetime
    keywords: tuple[str, ...]


def rose(candidate: Candidate, before: Before | None) -> bool:
    """Say whether a paper was there before the reader's last letter, and not in it."""
    return before is not None and candidate.first_seen <= before.made_at


def listed_by_since(candidate: Candidate, before: Before | None) -> list[str]:
    """Return the sources that have listed a paper only since the reader's last letter."""
    if before is None:
        return []
    earlier = {seen.source for seen in candidate.seen if seen.at <= before.made_at}
    return [seen.source for seen in candidate.seen if seen.source not in earlier]


def item(ranked: Ranked, section: Section, words: Texts, before: Before | None) -> Item:
    """Return a chosen paper as an item of a section."""
    candidate = ranked.candidate
    change, detail = _change(ranked, before, section)
    return _described(
        candidate,
        section,
        words(candidate.id),
        ranked.hits,
        score=ranked.score,
        reasons=ranked.reasons,
        change=change,
        detail=detail,
    )


def _change(ranked: Ranked, before: Before | None, section: Section) -> tuple[Change, str]:
    """Say why a paper that was there before is in the letter only now."""
    if before is None or section != "rising":
        return "", ""
    new = {keyword.text for keyword, _ in ranked.hits} - set(before.keywords)
    if ranked.hits and len(new) == len(ranked.hits):
        return "keyword", ranked.hits[0][0].phrase
    if later := listed_by_since(ranked.candidate, before):
        return "listed", later[-1]
    votes = ranked.candidate.votes
    return ("votes", str(votes)) if votes else ("", "")


def revised_item(candidate: Candidate, words: Texts) -> Item:
    """Return a paper that the reader was sent and that has changed since."""
    version = candidate.paper.version
    return _described(
        candidate,
        "revised",
        words(candidate.id),
        (),
        change="version" if version > 1 else "text",
        detail=str(version) if version > 1 else "",
    )


def _described(
    candidate: Candidate,
    section: Section,
    words: Words,
    hits: Sequence[tuple[Keyword, tuple[Hit, ...]]],
    *,
    change: Change,
    detail: str,
    score: float = 0.0,
    reasons: tuple[Reason, ...] = (),
) -> Item:
    """Return an item with its texts cut and marked; one of `more` is but a title."""
    paper = candidate.paper
    told = Item(
        identifier=paper.identifier,
        section=section,
        paper=replace(paper, abstract="", authors=tuple(map(readable, paper.authors))),
        title=shortened(words.title.text, _stretches(hits, "title")),
        score=score,
        reasons=reasons,
        badges=_badges(candidate),
        change=change,
        detail=detail,
        revision=candidate.revision,
    )
    if section == "more":
        return told
    abstract = _stretches(hits, "abstract")
    machine = readable(paper.summary)
    return replace(
        told,
        gist=summary(machine, _found(hits, machine))
        if machine
        else gist(words.abstract.text, abstract),
        machine=bool(machine),
        excerpt=excerpt(words.abstract.text, abstract),
    )


def _stretches(
    hits: Iterable[tuple[Keyword, tuple[Hit, ...]]], where: str
) -> list[tuple[int, int]]:
    return [(hit.start, hit.end) for _, found in hits for hit in found if hit.where == where]


def _found(hits: Iterable[tuple[Keyword, tuple[Hit, ...]]], text: str) -> list[tuple[int, int]]:
    words = Text(text)
    return [at for keyword, _ in hits for at in stretches(keyword, words)]


def _badges(candidate: Candidate) -> tuple[Badge, ...]:
    """Return where it was seen: each source once, with its last day and its votes."""
    last: dict[str, Badge] = {}
    for seen in sorted(candidate.seen, key=lambda each: (each.day or date.min, each.at)):
        votes = seen.votes if seen.votes is not None else _votes(last.get(seen.source))
        last[seen.source] = Badge(source=seen.source, day=seen.day, votes=votes)
    return tuple(last.values())


def _votes(badge: Badge | None) -> int | None:
    return badge.votes if badge else None
