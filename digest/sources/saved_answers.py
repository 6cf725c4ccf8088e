"""Saved answers of APIs: whose an answer is, by the keys in it, and the source that reads it.

The source is asked as it would be on the network; but what a saved page names next is not asked
for, and nothing is left out for its age. It never fetches.

To add one: a line in `Api`, in `whose` and in `_SOURCES`.
"""

from __future__ import annotations

import dataclasses
import re
from typing import Literal

from digest.papers import Page
from digest.sources import Parsed
from digest.sources.kinds import kind
from digest.sources.readings import with_error

Api = Literal["biorxiv", "crossref", "medrxiv", "openreview", "pubmed", "semanticscholar"]

_SETTINGS: dict[Api, dict[str, str]] = {
    "biorxiv": {},
    "crossref": {"query": "any"},
    "medrxiv": {},
    "openreview": {"venue": "any"},
    "pubmed": {"query": "any"},
    "semanticscholar": {"query": "any"},
}
"""What a source of each kind must be told, though nothing is asked."""

_HEAD = 4096
_PREPRINTS = re.compile(r'\{\s*"(?:messages|collection)"\s*:\s*\[')
_MEDRXIV = re.compile(r'"server"\s*:\s*"medrxiv"', re.IGNORECASE)
_NOTES = re.compile(r'\{\s*"(?:notes|count)"\s*:')
_FOUND = re.compile(r'\{\s*"total"\s*:\s*\d+\s*,\s*"(?:offset|token)"')
_NUMBERS = "it has the numbers of articles, not the articles; save the answer of efetch as well"


def whose(text: str) -> Api | None:
    """Return whose API gave this JSON; None for any other.

    A quote within a text is escaped, so what is looked for are keys and never words of an abstract.
    """
    start = text.lstrip("\ufeff \t\r\n\x00")
    head = start[:_HEAD]
    if _PREPRINTS.match(head):
        return "medrxiv" if _MEDRXIV.search(text) else "biorxiv"
    if _NOTES.match(head) and '"content"' in text:
        return "openreview"
    if '"message-type"' in text and '"message-version"' in text:
        return "crossref"
    if '"esearchresult"' in head:
        return "pubmed"
    known = '"paperId"' in head or '"recommendedPapers"' in head or _FOUND.match(head)
    return "semanticscholar" if known else None


def read_answer(page: Page, api: Api, source: str) -> Parsed:
    """Read an answer of an API."""
    parsed: Parsed = kind(api)(name=source, **_SETTINGS[api]).parse(page)
    numbers = _NUMBERS if api == "pubmed" and parsed.requests and not parsed.sightings else ""
    return with_error(dataclasses.replace(parsed, requests=()), page, source, numbers)
