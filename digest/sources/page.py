"""Any HTML page that lists papers, read by CSS selectors that the operator writes.

It asks robots.txt first: nobody has said that such a page may be read by programs. It never
fetches, and never guesses what the selectors do not find.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urldefrag

from msgspec import Struct
from msgspec.structs import force_setattr, replace

from digest.addresses import public
from digest.papers import Page, Paper, Sighting, arxiv_version
from digest.sources import Parsed, Request, fields, html_text
from digest.sources.bodies import decode, no_text, too_deep
from digest.sources.forms import CALLED, FEEDS, recognise
from digest.sources.page_account import Finding, account
from digest.sources.readings import (
    Unreadable,
    changed_shape,
    failure,
    gather,
    with_error,
    without_shared_names,
)
from digest.sources.selectors import Selector, selector
from digest.sources.settings import check_address, check_spacing

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser, LexborNode

MOST_ITEMS = 5000
"""What finds more than this is no list of papers."""

MOST_PARTS = 20
"""Elements that an abstract is looked for in; a selector that finds more is not of an abstract."""

ACCEPT = "text/html, application/xhtml+xml;q=0.9, */*;q=0.5"
ADVICE = "look at it, and correct the source's selectors: `digest check` shows what they find"

_BY = re.compile(r"(?:authors?|by)\s*:\s*|by\s+", re.IGNORECASE)
_ABSTRACT = re.compile(r"(?:abstract|summary)\s*(?:[:.\N{EM DASH}]\s*|-\s+)", re.IGNORECASE)
_NAMED = re.compile(r"\b(?:arxiv|doi|pmid)\s?:\s*\S{4,200}", re.IGNORECASE)
_ALWAYS = ("title", "link")
_OPTIONAL = ("link", "abstract", "authors", "date", "identifier")


class WebPage(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="page"
):
    """The page at `url`: each element that `item` finds is a paper.

    The other selectors are looked for within an item. `title` may be empty: the item itself.
    `link` is the title's own unless set; without the others a paper has no such thing, but for
    identifiers, which are also looked for in the item's links. With `resolve`, papers without an
    identifier are looked up by title.
    """

    name: str = ""
    url: str
    item: str
    title: str
    link: str = ""
    abstract: str = ""
    authors: str = ""
    date: str = ""
    identifier: str = ""
    resolve: bool = False
    spacing: float = 1.0

    def __post_init__(self) -> None:
        check_address("url", self.url)
        check_spacing(self.spacing)
        for setting in ("item", "title", *_OPTIONAL):
            self._check(setting)
        if not selector(self.item).css or selector(self.item).attribute:
            raise ValueError("`item` is a CSS selector of the elements that are papers")
        force_setattr(self, "name", self.name or "page")

    def _check(self, setting: str) -> None:
        try:
            selector(getattr(self, setting))
        except ValueError as error:
            raise ValueError(f"`{setting}` {error}") from error

    @property
    def home(self) -> str:
        """The page itself."""
        return public(self.url)

    def requests(self, since: dt.date | None, now: dt.datetime) -> tuple[Request, ...]:  # noqa: ARG002 - a page has what it has, whenever it is asked.
        """Return the one address."""
        return (
            Request(
                url=urldefrag(self.url).url,
                accept=ACCEPT,
                spacing=dt.timedelta(seconds=self.spacing),
                robots=True,
            ),
        )

    def parse(self, page: Page) -> Parsed:
        """Read each item. A page that has none has changed shape: once it had."""
        text, problem = ("", "") if no_text(page.body) else decode(page)
        if unfit := no_text(page.body) or _unfit(text):
            return failure(page, self.name, f"expected an HTML page, got {unfit}")
        tree, base = _opened(text, page.url)
        items = self._items(tree)
        if not items:
            reason = f"nothing on it is an `item` (`{self.item}`)"
            return changed_shape(page, self.name, reason, ADVICE)
        if len(items) > MOST_ITEMS:
            reason = f"`item` (`{self.item}`) finds {len(items)} elements; make it narrower"
            return failure(page, self.name, reason)
        parsed = gather(page, self.name, items, partial(self._read, base=base), ADVICE)
        return with_error(without_shared_names(parsed), page, self.name, problem)

    def describe(self, page: Page) -> str:
        """Say what each selector finds, and what the first papers are."""
        text = "" if no_text(page.body) else decode(page)[0]
        if not text or _unfit(text):
            return ""
        tree, base = _opened(text, page.url)
        items = self._items(tree)[:MOST_ITEMS]
        findings = [Finding("item", self.item, len(items))]
        for setting in ("title", *_OPTIONAL):
            if getattr(self, setting) or setting in _ALWAYS:
                found = sum(bool(self._useful(setting, item, base)) for item in items)
                findings.append(Finding(setting, getattr(self, setting), found))
        return account(findings, self.parse(page).sightings)

    def _useful(self, setting: str, item: LexborNode, base: str) -> Collection[object]:
        """Return what a setting finds in an item and what of it can be used."""
        if setting == "link":
            return self._link(item, base)
        said = self._values(setting, item)
        if setting == "date":
            return [day for each in said if (day := fields.day(each))]
        return fields.identifiers(said) if setting == "identifier" else said

    def _items(self, tree: LexborHTMLParser) -> list[LexborNode]:
        return selector(self.item).nodes(tree.root) if tree.root is not None else []

    def _values(self, setting: str, item: LexborNode) -> list[str]:
        instead = ("datetime",) if setting == "date" else ()
        return selector(getattr(self, setting)).values(item, *instead)

    def _optional(self, setting: str, item: LexborNode) -> list[str]:
        return self._values(setting, item) if getattr(self, setting) else []

    def _read(self, item: LexborNode, base: str) -> Sighting:
        title = next(iter(self._values("title", item)), "")
        if not title:
            raise Unreadable(f"`title` (`{self.title}`) finds nothing in it")
        link = self._link(item, base)
        names = self._identifiers(item, link, base)
        days = (fields.day(said) for said in self._optional("date", item))
        day = next(filter(None, days), None)
        paper = Paper(
            title=title,
            abstract=_after(_ABSTRACT, " ".join(self._optional("abstract", item)[:MOST_PARTS])),
            authors=_people(self._optional("authors", item)),
            version=arxiv_version(link) if "arxiv" in names else 0,
            published=day,
            links=fields.links(names, link),
        )
        return Sighting(source=self.name, paper=replace(paper, **names), day=day)

    def _link(self, item: LexborNode, base: str) -> str:
        """Return where an item's paper can be read; "" if nothing says so."""
        if self.link:
            chosen = selector(self.link)
            said = [_href(node, chosen) for node in chosen.nodes(item)]
        else:
            said = [_own_link(node, item) for node in selector(self.title).nodes(item)]
        return next(filter(None, (html_text.absolute(base, href) for href in said)), "")

    def _identifiers(self, item: LexborNode, link: str, base: str) -> dict[str, str]:
        """Return a paper's identifiers: as the settings say, else as all else of the item agrees.

        An item that links to two papers of a kind may be either; its abstract may tell of others.
        """
        names = fields.identifiers((*self._optional("identifier", item), link))
        elsewhere = selector(self.abstract).nodes(item)[:MOST_PARTS] if self.abstract else []
        abstracts = {node.mem_id for each in elsewhere for node in each.css("a[href]")}
        links = [node for node in item.css("a[href]") if node.mem_id not in abstracts]
        said = [html_text.absolute(base, node.attributes.get("href")) for node in links]
        words = html_text.words(item)
        for each in elsewhere:
            words = words.replace(html_text.words(each), " ")
        for kind, found in fields.all_identifiers((*said, *_NAMED.findall(words))).items():
            if len(found) == 1:
                names.setdefault(kind, *found)
        return names


def _unfit(text: str) -> str:
    """Say what a text is that is no HTML page; "" if it is one."""
    form = recognise(text)
    if form in FEEDS and form != "json-feed":
        return 'a feed, which the kind "feed" reads'
    if form in {"json", "json-feed"} or (form == "text" and "<" not in text):
        return f"{CALLED[form]}; check the address"
    return "one that is nested too deeply to be read" if too_deep(text) else ""


def _opened(text: str, url: str) -> tuple[LexborHTMLParser, str]:
    """Return a page without what is not seen of it, and where its links start from."""
    tree = html_text.parsed(text)
    html_text.without_unseen(tree)
    node = tree.css_first("base[href]")
    href = node.attributes.get("href") if node is not None else ""
    return tree, html_text.absolute(url, href) or public(url)


def _href(node: LexborNode, chosen: Selector) -> str | None:
    if chosen.attribute:
        return node.attributes.get(chosen.attribute)
    return _own_link(node, node)


def _own_link(node: LexborNode, within: LexborNode) -> str | None:
    """Return the address that an element leads to: its own, one inside it, or one around it."""
    inner = node.css_first("a[href]")
    if inner is not None:
        return inner.attributes.get("href")
    around: LexborNode | None = node
    while around is not None and around.mem_id != within.mem_id:
        around = around.parent
        if around is not None and around.tag == "a" and around.attributes.get("href"):
            return around.attributes.get("href")
    return None


def _people(said: list[str]) -> tuple[str, ...]:
    """Return names: one element for each, or all in one."""
    if len(said) == 1:
        return fields.names(_after(_BY, said[0]))
    return tuple(dict.fromkeys(filter(None, (name.strip(" ,;") for name in said))))


def _after(label: re.Pattern[str], said: str) -> str:
    """Leave out what only says what follows, such as "Authors:"."""
    found = label.match(said)
    return said[found.end() :] if found else said
