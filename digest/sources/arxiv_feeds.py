"""What arXiv answers: entries of its API, and of the feeds that announce.

The API tells versions and dates of submission; a feed tells what was announced on a day, and how.
Nothing here asks for anything.
"""

from __future__ import annotations

import re
from datetime import date
from functools import partial

from digest.papers import Announced, Link, Page, Paper, Sighting, identify
from digest.sources import Parsed, fields
from digest.sources.entries import Document, Fields, first, read_document
from digest.sources.readings import Unreadable, changed_shape, failure, gather, quoted, with_error

_ERRORS = re.compile(r"https?://(?:export\.)?arxiv\.org/api/errors")
_AFTER_ABS = re.compile(r"arxiv\.org/abs/([^\s?#]+)")
_OAI = "oai:arXiv.org:"
_PREAMBLE = re.compile(
    r"\s*arXiv:(?P<id>\S{1,40})\s+Announce Type:\s*(?P<type>[\w-]{1,20})\s*(?:Abstract:\s*)?"
)
_AFFILIATION = re.compile(r"\([^()]*\)")
_HOW: dict[str, Announced] = {
    "new": "new",
    "cross": "cross",
    "replace": "replace",
    "replace-cross": "replace",
}


def read_api(page: Page, text: str, source: str) -> Parsed:
    """Read an answer of the API."""
    return parse_api(page, read_document(text), source)


def parse_api(page: Page, document: Document, source: str) -> Parsed:
    """Read the entries of an answer of the API."""
    for entry in document.entries:
        if _ERRORS.match(first(entry, "id")):
            said = quoted(first(entry, "summary", "title"))
            return failure(page, source, f"arXiv answered with an error: {said}; check the query")
    if document.root != "feed" and not document.broken:
        return changed_shape(page, source, f"it is <{document.root}>, not an Atom feed")
    parsed = gather(page, source, document.entries, partial(_api_entry, source=source))
    return with_error(parsed, page, source, _broken(document) or _none_of_many(document))


def _broken(document: Document) -> str:
    if not document.broken:
        return ""
    return f"it breaks off after {len(document.entries)} whole papers ({document.broken})"


def _none_of_many(document: Document) -> str:
    """Say that arXiv found papers but sent none, as it does when it is under load."""
    total, start = number(document, "totalResults"), number(document, "startIndex")
    if document.entries or total <= start:
        return ""
    return f"arXiv found {total} papers and sent none; ask again later"


def number(document: Document, name: str) -> int:
    """Return a number from the head of a feed; 0 if it is not there."""
    return fields.number(first(document.head, name)) or 0


def _api_entry(entry: Fields, source: str) -> Sighting:
    found = _AFTER_ABS.search(first(entry, "id"))
    name, version = fields.arxiv_name(found[1] if found else "")
    published, updated = fields.day(first(entry, "published")), fields.day(first(entry, "updated"))
    primary, rest = fields.text(first(entry, "primary_category")), _categories(entry)
    doi = identify(f"doi:{first(entry, 'doi')}").removeprefix("doi:")
    paper = Paper(
        title=_title(entry, name),
        abstract=fields.text(first(entry, "summary")),
        authors=tuple(filter(None, map(fields.text, entry.get("author", ())))),
        arxiv=name,
        doi=doi if doi.startswith("10.") else "",
        version=version,
        published=published,
        categories=tuple(dict.fromkeys((primary, *rest) if primary else rest)),
        links=_links(name, doi),
        comment=fields.text(first(entry, "comment")),
    )
    day = published if version <= 1 else updated
    announced: Announced = "replace" if version > 1 else "new" if version else ""
    return Sighting(source=source, paper=paper, day=day, announced=announced)


def _title(entry: Fields, name: str) -> str:
    """Return an entry's title. Raises Unreadable if it lacks that or the identifier."""
    title = fields.text(first(entry, "title"))
    if not name:
        said = fields.text(first(entry, "id", "guid", "link"))
        raise Unreadable(f"its id is {quoted(said)}" if said else "it has no id")
    if not title:
        raise Unreadable(f"{name} has no title")
    return title


def _categories(entry: Fields) -> tuple[str, ...]:
    said = (fields.text(category) for category in entry.get("category", ()))
    return tuple(dict.fromkeys(category for category in said if category and " " not in category))


def _links(name: str, doi: str) -> tuple[Link, ...]:
    link = Link("doi", fields.address(f"https://doi.org/{doi}") if doi.startswith("10.") else "")
    return fields.distinct((*fields.arxiv_links(name), link))


def read_announcements(page: Page, text: str, source: str) -> Parsed:
    """Read a feed that announces papers, as Atom or RSS. None on a Sunday is no error."""
    document = read_document(text)
    if document.root not in {"feed", "rss"} and not document.broken:
        return changed_shape(page, source, f"it is <{document.root}>, not a feed")
    head = document.head
    day = fields.day(first(head, "pubDate", "published", "lastBuildDate", "updated"))
    read = partial(_announcement, source=source, day=day)
    return with_error(gather(page, source, document.entries, read), page, source, _broken(document))


def _announcement(entry: Fields, source: str, day: date | None) -> Sighting:
    summary = first(entry, "summary", "description")
    preamble = _PREAMBLE.match(summary)
    name, version = _announced_name(entry, preamble["id"] if preamble else "")
    how = first(entry, "announce_type") or (preamble["type"] if preamble else "")
    doi = identify(f"doi:{first(entry, 'DOI', 'doi')}").removeprefix("doi:")
    paper = Paper(
        title=_title(entry, name),
        abstract=fields.text(summary[preamble.end() :] if preamble else summary),
        authors=_names(first(entry, "creator")) or tuple(_names(first(entry, "author"))),
        arxiv=name,
        doi=doi if doi.startswith("10.") else "",
        version=version,
        categories=_categories(entry),
        links=_links(name, doi),
    )
    own = fields.day(first(entry, "pubDate", "published", "updated"))
    return Sighting(source=source, paper=paper, day=own or day, announced=_HOW.get(how, ""))


def _announced_name(entry: Fields, preamble: str) -> tuple[str, int]:
    """Return identifier and version: from the entry's own id, its summary, or its link."""
    found = _AFTER_ABS.search(first(entry, "link"))
    said = (
        first(entry, "id", "guid").removeprefix(_OAI),
        preamble,
        found[1] if found else "",
    )
    names = [name for name in map(fields.arxiv_name, said) if name[0]]
    return max(names, key=lambda name: name[1], default=("", 0))


def _names(creators: str) -> tuple[str, ...]:
    """Split ``A. One (Lab, City), B. Two`` at the commas between names."""
    plain = _AFFILIATION.sub("", creators) if "(" in creators else creators
    return tuple(filter(None, map(fields.text, plain.split(","))))
