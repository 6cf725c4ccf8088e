"""Hugging Face's HTML: the lists, a search, one paper's page.

The papers are in the page as JSON, in an attribute. Where that is gone or broken, the page's
links still give titles and identifiers. A site that only looks like it is refused.
"""

from __future__ import annotations

import html
import re
from functools import partial
from typing import TYPE_CHECKING, Any

from digest.papers import Page, Paper, Sighting
from digest.sources import Parsed, fields
from digest.sources.huggingface_items import (
    HOLDERS,
    find_papers,
    paper_links,
    public_host,
    read_value,
)
from digest.sources.objects import load, whole_items
from digest.sources.readings import Unreadable, changed_shape, failure, gather, quoted, with_error

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser, LexborNode

_HOLDS_PAPERS = re.compile(r'"(?:dailyPapers|trendingPapers|papers?)"\s*:\s*[\[{]')
_LOGIN = re.compile(r"\b(?:log|sign) ?in\b", re.IGNORECASE)
_LINK = re.compile(r"(?:https://huggingface\.co)?/papers/([^/?#]+)$")
_HOST = "huggingface.co"


def read_html(page: Page, text: str, source: str) -> Parsed:
    """Read a page of Hugging Face."""
    from selectolax.lexbor import LexborHTMLParser  # noqa: PLC0415 - a JSON-only run needs none.

    tree = LexborHTMLParser(text)
    title = _title(tree)
    foreign = _foreign(tree)
    if foreign:
        reason = f"it is a page of {foreign}, titled {quoted(title)}, not of Hugging Face"
        return failure(page, source, f"{reason}; take the page from https://huggingface.co")
    for value, problem in (load(data, HOLDERS) for data in _data(tree)):
        if value and find_papers(value) is not None:
            return read_value(page, source, value, problem)
    cut = _cut_data(text)
    if cut:
        return read_value(page, source, cut, "breaks off")
    return _read_links(page, source, tree, title)


def _data(tree: LexborHTMLParser) -> list[str]:
    """Return the JSON texts of a page that may hold papers."""
    texts = (node.attributes.get("data-props") or "" for node in tree.css("[data-props]"))
    return [text for text in texts if _HOLDS_PAPERS.search(text)]


def _cut_data(text: str) -> list[Any]:
    """Return the whole papers of a page that ends in the middle of its JSON."""
    start = max(text.rfind('data-props="'), text.rfind("data-props='"))
    if start < 0:
        return []
    begin = start + len("data-props=") + 1
    if text[begin - 1] in text[begin:]:
        return []
    return whole_items(html.unescape(text[begin:]), HOLDERS)


def _title(tree: LexborHTMLParser) -> str:
    node = tree.css_first("title")
    return fields.text(node.text()) if node else ""


def _foreign(tree: LexborHTMLParser) -> str:
    """Return the host that a page says it is of, if that is not Hugging Face."""
    canonical = tree.css_first("link[rel=canonical]")
    about = tree.css_first('meta[property="og:url"]')
    for value in (
        canonical.attributes.get("href") if canonical else None,
        about.attributes.get("content") if about else None,
    ):
        host = public_host(value or "")
        if host and host != _HOST:
            return host
    return ""


def _read_links(page: Page, source: str, tree: LexborHTMLParser, title: str) -> Parsed:
    """Read titles and identifiers from the page's links, where its JSON is gone."""
    articles = tree.css("article") if "Hugging Face" in title else []
    linked = [(article, link) for article in articles if (link := _paper_link(article))]
    if not linked:
        return _nothing(page, source, title)
    day = fields.address_day(page.url)
    parsed = gather(page, source, linked, partial(_read_article, source=source, day=day))
    if not parsed.sightings:
        return parsed
    reason = f"its JSON is gone; {len(parsed.sightings)} titles were read from its links"
    return with_error(parsed, page, source, f"{reason}, without abstracts and authors")


def _nothing(page: Page, source: str, title: str) -> Parsed:
    if _LOGIN.search(title):
        reason = f"a page to log in came, titled {quoted(title)}; read a list that is public"
        return failure(page, source, reason)
    called = f"titled {quoted(title)}" if title else "without a title"
    return changed_shape(page, source, f"an HTML page {called}, with no list of papers, came")


def _paper_link(article: LexborNode) -> LexborNode | None:
    for link in article.css("h3 a"):
        if _LINK.match(link.attributes.get("href") or ""):
            return link
    return None


def _read_article(linked: tuple[LexborNode, LexborNode], source: str, day: Any = None) -> Sighting:
    article, link = linked
    found = _LINK.match(link.attributes.get("href") or "")
    arxiv, version = fields.arxiv_name(found[1] if found else "")
    title = fields.text(link.text())
    if not arxiv or not title:
        raise Unreadable("its link names no paper" if not arxiv else f"{arxiv} has no title")
    paper = Paper(title=title, arxiv=arxiv, version=version, links=paper_links(arxiv, arxiv))
    return Sighting(source=source, paper=paper, day=day, votes=_votes(article))


def _votes(article: LexborNode) -> int | None:
    for node in article.css("div.leading-none"):
        votes = fields.number(node.text())
        if votes is not None:
            return votes
    return None
