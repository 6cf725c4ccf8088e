"""Gists for the letters of a run: which papers need one, what is known, what is asked.

Each paper is asked about once, however many letters tell it, and never inside a transaction.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from msgspec import structs

from digest.letters import Letter
from digest.papers import Paper, fingerprint
from digest.pipeline.parts import Parts
from digest.subscribers import Candidate


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """The papers with the gists that were written, by number, and what to tell the operator."""

    papers: Mapping[int, Candidate]
    notes: tuple[str, ...] = ()


def written(parts: Parts, pool: Sequence[Candidate], letters: Iterable[Letter]) -> Written:
    """Have gists written of the papers that letters tell by a sentence of their own."""
    if parts.gists is None:
        return Written(papers={})
    wanted = _wanted(pool, letters)
    papers = {fingerprint(each.paper): each.paper for each in wanted}
    with parts.store.reading() as store:
        known = store.gists(papers.keys(), parts.gists.model)
    missing = [paper for print_, paper in papers.items() if print_ not in known]
    if not missing:
        return Written(papers=_summarized(wanted, known))
    parts.tell(f"asking {parts.gists.model} for {len(missing)} gists")
    asked = parts.gists(missing)
    with parts.store.writing() as store:
        store.save_gists(asked.gists, parts.gists.model, parts.now)
    notes = (asked.note,) if asked.note else ()
    return Written(papers=_summarized(wanted, {**known, **asked.gists}), notes=notes)


def _wanted(pool: Sequence[Candidate], letters: Iterable[Letter]) -> list[Candidate]:
    """Return the papers to ask about, those in the most letters first.

    A paper that shows its abstract, or has a summary of its source, needs none. Where two go by
    one title, a letter does not say which it tells.
    """
    told_by = Counter(
        item.identifier
        for letter in letters
        for item in letter.here
        if item.gist and not item.machine and not item.excerpt
    )
    named = Counter(each.paper.identifier for each in pool)
    by_name = {each.paper.identifier: each for each in pool if named[each.paper.identifier] == 1}
    return [by_name[name] for name, _ in told_by.most_common() if name in by_name]


def _summarized(wanted: Iterable[Candidate], gists: Mapping[str, str]) -> dict[int, Candidate]:
    return {
        each.id: replace(each, paper=_with(each.paper, gist))
        for each in wanted
        if (gist := gists.get(fingerprint(each.paper)))
    }


def _with(paper: Paper, gist: str) -> Paper:
    return structs.replace(paper, summary=gist)
