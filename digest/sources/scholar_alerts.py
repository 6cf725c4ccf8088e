"""Google Scholar's alert mails: new articles, new citations and recommended ones.

They are told by how they are built, since their words come in many languages. What stands under
a title is only the beginning of an abstract, with other words in each alert; it ends in “…”, and
whatever ends so gives way to another source's. Titles and lists of authors may end so, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from email import message_from_bytes
from email.message import Message
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from digest.papers import Link, Page, Paper, Sighting, identify
from digest.sources import Parsed, fields
from digest.sources.bodies import decode, too_deep
from digest.sources.forms import ALERT
from digest.sources.mbox import split
from digest.sources.readings import Unreadable, changed_shape, failure, gather, with_error

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

SENDERS = ("scholaralerts-noreply@google.com", "scholarcitations-noreply@google.com")
"""Who sends alerts, and who sends what cites one's own papers."""

_MENTIONED = re.compile(rb"scholar|gse_alrt", re.IGNORECASE)
_CLOSED = re.compile(r"</h3\s*>", re.IGNORECASE)
_PREFIX = re.compile(r"(?:\[(?:PDF|HTML|BOOK|CITATION|DOC|B|C)\]\s*)+(?=\S)")
_WRAPPED = re.compile(r"[?&]url=([^&#]*)")
_DASH = re.compile(r"\s[-\u2013\u2014]\s")
_COMMA = re.compile(r"[,\uff0c\u3001\u060c]")
_BROKEN_WORD = re.compile(r"(?<=\w-)<br\b[^>]*>", re.IGNORECASE)
_BREAK = re.compile(r"<br\b[^>]*>", re.IGNORECASE)
_PREPRINT = re.compile(r"arxiv:\d{4}\.\d{4,5}", re.IGNORECASE)
_PATH_DOI = re.compile(
    r"/(10\.\d{4,9}/[^\s?#]+?)"
    r"(?:(?<=\d)v\d{1,2})?(?:\.(?:full|abstract|short))?(?:\.pdf)?(?:/(?:full|abstract|pdf|epdf|html|meta))?/?"
    r"(?:[?#]|$)"
)
"""A DOI in the address of a publisher's page, without what says which page of it that is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alerted:
    """One paper as a mail tells it."""

    title: str
    address: str
    byline: str
    snippet: str
    day: date | None = None


@dataclass(slots=True, kw_only=True)
class _Found:
    """What mails came to."""

    items: list[Alerted]
    mails: int = 0
    broken: int = 0


def read_alert(page: Page, text: str, source: str) -> Parsed:
    """Read the HTML of one mail, saved without its head."""
    found = _Found(items=[])
    _take(found, text, fields.address_day(page.url))
    if not found.items:
        return changed_shape(page, source, "an alert came in which no title is")
    return _parsed(page, source, found)


def read_mails(page: Page, text: str, source: str) -> Parsed:  # noqa: ARG001 - each mail has its own charset.
    """Read saved mails; there must be an alert among them."""
    parsed = read_folder(page, source, since=None)
    if parsed == Parsed():
        return failure(page, source, "none of its mails is an alert of Google Scholar")
    return parsed


def read_folder(page: Page, source: str, since: date | None) -> Parsed:
    """Read a folder's mails since a day; those that are no alerts are passed over."""
    found = _Found(items=[])
    for mail in split(page.body):
        if _MENTIONED.search(mail):
            _take_mail(found, page, mail, since)
    if found.mails and not found.items:
        reason = f"{found.mails} mails of Google Scholar came, and no title is in any"
        return changed_shape(page, source, reason)
    return _parsed(page, source, found)


def _take_mail(found: _Found, page: Page, mail: bytes, since: date | None) -> None:
    """Add the papers of a mail, if it is an alert and young enough."""
    try:
        message = message_from_bytes(mail)
        day = fields.day(str(message.get("Date", "")))
        if since and day and day < since:
            return
        texts = list(_html(message, page))
        found.mails += any(sender in str(message.get("From", "")).lower() for sender in SENDERS)
    except RecursionError:
        found.broken += 1
        return
    for text in texts:
        if ALERT in text or "/scholar_url?" in text:
            _take(found, text, day)


def _html(message: Message, page: Page) -> Iterator[str]:
    for part in message.walk():
        payload = part.get_payload(decode=True)
        if part.get_content_type() == "text/html" and isinstance(payload, bytes):
            content_type = f"text/html; charset={part.get_content_charset('')}"
            yield decode(replace(page, body=payload, content_type=content_type))[0]


def _take(found: _Found, html: str, day: date | None) -> None:
    """Add the papers of an alert; of one that breaks off, those whose titles are whole."""
    if too_deep(html):
        found.broken += 1
        return
    items = _items(html, day)
    whole = items[: len(_CLOSED.findall(html))]
    lower = html.lower()
    found.broken += len(whole) < len(items) or ("<html" in lower and "</html" not in lower)
    found.items.extend(whole)


def _items(html: str, day: date | None) -> list[Alerted]:
    from selectolax.lexbor import LexborHTMLParser  # noqa: PLC0415 - only a mail pays for it.

    tree = LexborHTMLParser(html)
    return [_item(link, day) for link in tree.css("a") if _is_title(link)]


def _is_title(link: LexborNode) -> bool:
    """Say whether a link is a paper's title: by its class, or by where it stands and leads."""
    heads = link.parent is not None and link.parent.tag == "h3"
    leads = "/scholar_url?" in (link.attributes.get("href") or "")
    return "gse_alrt_title" in _classes(link) or (heads and leads)


def _item(link: LexborNode, day: date | None) -> Alerted:
    """Read what stands in a title and under it, up to the next one."""
    heading: LexborNode | None = link
    while heading is not None and heading.tag != "h3":
        heading = heading.parent
    under = list(_under(heading or link))
    snippet = next((node for node in under if "gse_alrt_sni" in _classes(node)), None)
    byline = under[0] if under and under[0] is not snippet and under[0].tag == "div" else None
    return Alerted(
        title=_PREFIX.sub("", fields.text(link.text()), count=1),
        address=unwrapped(link.attributes.get("href") or ""),
        byline=fields.text(byline.text()) if byline is not None else "",
        snippet=_words(snippet) if snippet is not None else "",
        day=day,
    )


def _classes(node: LexborNode) -> str:
    return node.attributes.get("class") or ""


def _under(heading: LexborNode) -> Iterator[LexborNode]:
    """Yield the elements after a heading, up to the next heading."""
    node = heading.next
    while node is not None and node.tag != "h3":
        if (node.tag or "")[:1].isalpha():  # Not "-text".
            yield node
        node = node.next


def _words(snippet: LexborNode) -> str:
    """Return a snippet's words; it is broken into lines, also within a word that has a hyphen."""
    from selectolax.lexbor import LexborHTMLParser  # noqa: PLC0415 - as above.

    html = _BREAK.sub(" ", _BROKEN_WORD.sub("", snippet.html or ""))
    words = fields.text(LexborHTMLParser(html).text())
    return f"{words.rstrip('… ')} …" if words else ""


def unwrapped(address: str) -> str:
    """Return where a link of an alert leads in the end."""
    address = "".join(address.split())
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    host = parts.hostname or ""
    wrapped = _WRAPPED.search(address)
    if wrapped and parts.path == "/scholar_url" and host.startswith("scholar.google."):
        return fields.address(unquote(wrapped[1]))
    return fields.address(address)


def _parsed(page: Page, source: str, found: _Found) -> Parsed:
    parsed = gather(page, source, found.items, partial(read_item, source=source))
    mails = "a mail breaks off" if found.broken == 1 else f"{found.broken} mails break off"
    reason = f"{mails}; what is whole was read" if found.broken else ""
    return with_error(parsed, page, source, reason)


def read_item(item: Alerted, source: str) -> Sighting:
    """Read one paper of an alert. Raises Unreadable if it has no title."""
    if not item.title:
        raise Unreadable("it has no title")
    by, venue = _byline(item.byline)
    names = _names(item.address, venue)
    paper = Paper(
        title=item.title,
        abstract=item.snippet,
        authors=by,
        arxiv=names.get("arxiv", ""),
        doi=names.get("doi", ""),
        openreview=names.get("openreview", ""),
        pubmed=names.get("pubmed", ""),
        links=_links(item.address, names),
        comment=venue,
    )
    return Sighting(source=source, paper=paper, day=item.day)


def _links(address: str, names: dict[str, str]) -> tuple[Link, ...]:
    if "arxiv" in names:
        return fields.arxiv_links(names["arxiv"])
    return fields.distinct([Link("pdf" if address.endswith(".pdf") else "page", address)])


def _byline(said: str) -> tuple[tuple[str, ...], str]:
    """Split ``A Lovelace, C Babbage… - Journal, 2026`` into authors and what follows."""
    by, *rest = _DASH.split(said, maxsplit=1)
    names = (name.strip(" …") for name in _COMMA.split(by))
    return tuple(name for name in names if name and not name.isdigit()), "".join(rest).strip()


def _names(address: str, venue: str) -> dict[str, str]:
    """Return a paper's identifiers by kind; its address tells more than where it came out."""
    path = _PATH_DOI.search(unquote(address))
    preprint = _PREPRINT.search(venue)
    said = (address, f"doi:{path[1]}" if path else "", preprint[0] if preprint else "")
    found: dict[str, str] = {}
    for name in _named(said):
        kind, _, rest = name.partition(":")
        found.setdefault(kind, rest)
    return found


def _named(said: Sequence[str]) -> Iterator[str]:
    return (name for text in said if text and (name := identify(text)))
