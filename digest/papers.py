"""Papers, and what tells one from another.

A `Paper` is what sources say of it; a `Sighting` is that a source listed it; a `Page` is what
a server or a file returned. Nothing here fetches, stores or reads a clock.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from digest.latex import readable

Announced = Literal["", "new", "cross", "replace"]
"""How arXiv announces a paper; "" where a source makes no such difference."""

LinkKind = Literal["arxiv", "pdf", "huggingface", "code", "project", "doi", "page"]

IDENTIFIERS = ("arxiv", "doi", "openreview", "pubmed")
"""Kinds of identifiers, most telling first; each is a field of `Paper`."""

TELLING_WORDS = 3
"""From how many words on a title alone can say that two listings are one paper."""

_ARXIV = re.compile(
    r"(?:arxiv\.org/(?:abs|pdf|html)/|arxiv[:.]|papers/|^)\s*"
    r"(?P<id>\d{4}\.\d{4,5}|[a-z-]+(?:\.[A-Za-z]{2})?/\d{7})(?:v(?P<version>\d+))?(?![\d.]*\d)",
    re.IGNORECASE,
)
_DOI = re.compile(r"(?:doi\.org/|doi:|^)\s*(?P<id>10\.\d{4,9}/\S+)", re.IGNORECASE)
_OPENREVIEW = re.compile(
    r"(?:openreview\.net/(?:forum|pdf)\?id=|openreview:)(?P<id>[\w-]+)", re.IGNORECASE
)
_PUBMED = re.compile(
    r"(?:pubmed\.ncbi\.nlm\.nih\.gov/|ncbi\.nlm\.nih\.gov/pubmed/|pubmed:|pmid:)\s*"
    r"(?P<id>\d{1,9})(?!\d)",
    re.IGNORECASE,
)
_INITIALS = re.compile(r"[A-Z]{1,4}\s")
GERMAN = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ø": "oe", "æ": "ae"})
_GREEK = str.maketrans(
    {
        chr(code): unicodedata.name(chr(code)).rsplit(" ", 1)[-1].lower().replace("lamda", "lambda")
        for code in (*range(0x3B1, 0x3C2), *range(0x3C3, 0x3CA))
    }
)
_PLAIN = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "\u0131": "i", "æ": "ae", "œ": "oe", "ð": "d"}
)


class Validators(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a server gives to ask "has it changed?" by (RFC 9110, section 8.8)."""

    etag: str = ""
    last_modified: str = ""


NO_VALIDATORS = Validators()


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What a server or a file returned: `body` is as sent, after Content-Encoding."""

    url: str
    body: bytes
    content_type: str = ""
    fetched_at: datetime
    validators: Validators = NO_VALIDATORS


class Link(Struct, frozen=True):
    """Where a paper can be read; `url` is http or https."""

    kind: LinkKind
    url: str


class Paper(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A paper as sources list it. White space is single, LaTeX is as it came.

    `arxiv` has no version, `doi` is lower case, `openreview` is a forum's, `pubmed` a PMID;
    `version` is 0 where unknown. `summary` is the
    source's own machine-written sentence, `topics` its machine-chosen keywords.
    """

    title: str
    abstract: str = ""
    authors: tuple[str, ...] = ()
    arxiv: str = ""
    doi: str = ""
    openreview: str = ""
    pubmed: str = ""
    version: int = 0
    published: date | None = None
    categories: tuple[str, ...] = ()
    links: tuple[Link, ...] = ()
    summary: str = ""
    topics: tuple[str, ...] = ()
    submitter: str = ""
    organization: str = ""
    thumbnail: str = ""
    comment: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """Its identifiers, most telling first: ``arxiv:…``, ``doi:…`` and so on."""
        found = ((kind, getattr(self, kind)) for kind in IDENTIFIERS)
        return tuple(f"{kind}:{value}" for kind, value in found if value)

    @property
    def identifier(self) -> str:
        """The name it goes by; ``title:…`` where it has no identifier."""
        return next(iter(self.names), "") or f"title:{title_key(self.title)}"


class Sighting(Struct, frozen=True, kw_only=True):
    """That a source listed a paper. `day` is None where the page does not say (a search)."""

    source: str
    paper: Paper
    day: date | None = None
    announced: Announced = ""
    votes: int | None = None


def identify(text: str) -> str:
    """Return the name a person or a link means, or "" if `text` names no paper.

    Takes bare identifiers, ``arXiv:2407.21783v2``, addresses and DOIs.
    """
    text = text.strip()
    if found := _DOI.search(text):
        doi = found["id"].rstrip(".,;)").lower()
        if doi.startswith("10.48550/arxiv."):
            return f"arxiv:{doi.removeprefix('10.48550/arxiv.')}"
        return f"doi:{doi}"
    if found := _OPENREVIEW.search(text):
        return f"openreview:{found['id']}"
    if found := _PUBMED.search(text):
        return f"pubmed:{found['id']}"
    if found := _ARXIV.search(text):
        return f"arxiv:{found['id'].lower()}"
    return ""


def arxiv_version(text: str) -> int:
    """Return the version in an arXiv identifier or address; 0 if it names none."""
    found = _ARXIV.search(text.strip())
    return int(found["version"] or 0) if found else 0


def plain(text: str) -> str:
    """Fold case and accents, one character for one where that is possible."""
    if text.isascii():
        return text.lower()
    folded = unicodedata.normalize("NFKD", text).casefold()  # Bold letters have no case before.
    decomposed = unicodedata.normalize("NFKD", folded.translate(_PLAIN))
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def title_key(title: str) -> str:
    """Return the normal form of a title: words and digits alone, LaTeX read, case folded.

    A Greek letter is its name, since some sources spell it out.
    """
    folded = plain(readable(title)).translate(_GREEK)
    return " ".join(re.findall(r"\w+", folded.replace("_", " ")))


def name_keys(name: str) -> frozenset[str]:
    """Return the normal forms of an author's name: its words, with umlauts both ways."""
    name = readable(name).casefold()
    return frozenset(
        " ".join(sorted(re.findall(r"\w+", plain(form)))) for form in (name, name.translate(GERMAN))
    )


def surnames(authors: tuple[str, ...]) -> frozenset[str]:
    """Return the folded last names; ``Wang, Wei`` and ``Wei Wang`` give the same."""
    found = set()
    for author in authors:
        words = re.sub(r"[^\w\s]", "", plain(readable(author.split(",")[0]))).split()
        found.add(
            words[-1].replace("ue", "u").replace("oe", "o").replace("ae", "a") if words else ""
        )
    return frozenset(found - {""})


def is_cut(text: str) -> bool:
    """Say whether a text is only the beginning of one, as in Google Scholar's mails and in blogs.

    Three dots without a bracket end whole titles, too.
    """
    return text.endswith(("…", "[…]", "[...]"))


@lru_cache(maxsize=512)
def fingerprint(paper: Paper) -> str:
    """Return what a reader would notice changed: hashes of title and abstract, 16 characters.

    The two halves are apart so that a listing without an abstract changes nothing; neither does
    one that is cut off, whose beginning is another each time.
    """
    halves = ("" if is_cut(text) else title_key(text) for text in (paper.title, paper.abstract))
    return "".join(
        hashlib.blake2b(half.encode(), digest_size=4).hexdigest() if half else "-" * 8
        for half in halves
    )


def changed(before: str, after: str) -> bool:
    """Say whether two fingerprints of one source differ in a half that both have."""
    halves = ((before[:8], after[:8]), (before[8:], after[8:]))
    return any(old != new and "-" not in old + new for old, new in halves)


def same(a: Paper, b: Paper) -> bool:
    """Say whether two listings are one paper.

    An identifier that agrees settles it. Else the titles must be equal after normalising, and
    neither the authors nor differing identifiers of one kind may contradict. Two DOIs of the
    same authors under one title (a conference's and a journal's) do not contradict.
    A wrong merge hides a paper for ever; a missed one shows it twice. So nothing fuzzy merges.
    """
    if named_alike(a, b):
        return True
    key = title_key(a.title)
    return key == title_key(b.title) and agree(a, b, key)


def named_alike(a: Paper, b: Paper) -> bool:
    """Say whether an identifier of two listings agrees.

    Two papers on arXiv are two, whatever DOI their authors gave: one wrong DOI would hide one. So
    are two under one DOI that have other titles by other people: that is a journal's, or a slip.
    """
    shared = set(a.names) & set(b.names)
    if not shared or (a.arxiv and b.arxiv and a.arxiv != b.arxiv):
        return False
    return shared != {f"doi:{a.doi}"} or not strangers(a, b)


def own(paper: Paper, names: Collection[str]) -> Paper:
    """Return a paper with those of its identifiers alone that are among `names`."""
    foreign = {kind: "" for kind in IDENTIFIERS if f"{kind}:{getattr(paper, kind)}" not in names}
    return replace(paper, **foreign) if set(paper.names) - set(names) else paper


def strangers(a: Paper, b: Paper) -> bool:
    """Say whether two listings have neither their title nor a word of their authors in common."""
    ours, theirs = _name_words(a.authors), _name_words(b.authors)
    apart = bool(ours and theirs) and not ours & theirs
    return apart and title_key(a.title) != title_key(b.title)


def _name_words(authors: tuple[str, ...]) -> frozenset[str]:
    """Return the words of names, without initials; whichever of them is the last name."""
    keys = (key for author in authors for key in name_keys(author))
    return frozenset(word for key in keys for word in key.split() if len(word) > 1)


def agree(a: Paper, b: Paper, key: str, *, repeated: bool = False) -> bool:
    """Say whether two listings under one title, whose normal form is `key`, are one paper.

    `repeated` says that one source listed both, in the same words. That, or the same abstract,
    tells what a short title alone does not.
    """
    if not key:
        return False
    if (a.arxiv and b.arxiv) or (a.openreview and b.openreview) or (a.pubmed and b.pubmed):
        return False
    ours, theirs = surnames(a.authors), surnames(b.authors)
    if a.doi and b.doi:
        return bool(ours) and ours == theirs
    if ours and theirs:
        return bool(ours & theirs)
    if repeated or len(key.split()) >= TELLING_WORDS:
        return True
    return bool(a.abstract) and title_key(a.abstract) == title_key(b.abstract)


def merge(old: Paper, new: Paper, *, revised: bool = False) -> Paper:
    """Return one paper of two listings: what `old` lacks comes from `new`.

    With `revised`, or where `new` has the higher version, its title, abstract and authors stand.
    What is cut off gives way to what is whole.
    """
    first, second = (new, old) if revised or new.version > old.version > 0 else (old, new)
    text = {
        field: getattr(first, field) or getattr(second, field)
        for field in ("summary", "topics", "submitter", "organization")
    }
    rest = {
        field: getattr(old, field) or getattr(new, field)
        for field in (*IDENTIFIERS, "published", "thumbnail", "comment")
    }
    links = {link.kind: link for link in (*new.links, *old.links)}
    return replace(
        old,
        **text,
        **rest,
        title=_whole(first.title, second.title),
        abstract=_whole(first.abstract, second.abstract),
        authors=_fuller(first.authors, second.authors),
        version=max(old.version, new.version),
        categories=tuple(dict.fromkeys((*old.categories, *new.categories))),
        links=tuple(links.values()),
    )


def _fuller(names: tuple[str, ...], others: tuple[str, ...]) -> tuple[str, ...]:
    """Return the longer list of authors; of two as long, the one that has more than initials."""
    if len(names) == len(others) and all(map(_INITIALS.match, names)):
        return others
    return names if len(names) >= len(others) else others


def _whole(text: str, other: str) -> str:
    """Return the text that stands, or the other if that says more."""
    return other if not text or (is_cut(text) and other and not is_cut(other)) else text
