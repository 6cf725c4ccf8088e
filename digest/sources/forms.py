"""Which form a page has, by what is in it, and who reads that form.

    json            Hugging Face's API, and copies of its answers
    html            Hugging Face's pages
    text            the plain text of a Hugging Face search page
    arxiv-api       arXiv's API
    announcements   arXiv's feeds
    listing         arXiv's listing page
    feed            any other feed of XML
    json-feed       a feed of JSON
    alert           the HTML of an alert that Google Scholar mailed
    mail            such a mail, or many in an mbox
    biorxiv, crossref, medrxiv, openreview, pubmed, semanticscholar
                    answers of these APIs

To add one: a line in `Form`, in `recognise` and in `_READERS`, and the file that reads it, which is
imported when a page has its form.
"""

from __future__ import annotations

import re
from collections.abc import Set as AbstractSet
from importlib import import_module
from typing import Literal, get_args

from digest.papers import Page
from digest.sources import Parsed
from digest.sources.bodies import decode, no_text, too_deep
from digest.sources.readings import failure, with_error
from digest.sources.saved_answers import Api, read_answer, whose

Form = Literal[
    "json",
    "html",
    "text",
    "arxiv-api",
    "announcements",
    "listing",
    "feed",
    "json-feed",
    "alert",
    "mail",
    "xml",
    Api,
]
ALERT = "gse_alrt_"
"""What the classes of the elements in an alert of Google Scholar begin with."""

FEEDS: frozenset[Form] = frozenset({"arxiv-api", "announcements", "feed", "json-feed"})

_HEAD = 4096
_PROLOGUE = re.compile(
    r"\s+|<\?[^>]*>|<!--(?:[^-]|-(?!->))*-->|<!DOCTYPE[^>\[]*(?:\[[^\]]*\]\s*)?>", re.IGNORECASE
)
_ELEMENT = re.compile(r"<([A-Za-z_][\w:.-]*)")
_MAIL = re.compile(
    r"\s*(?:From [^\n]*\n)?(?:Return-Path|Delivered-To|Received|Authentication-Results|Date|From|To"
    r"|Subject|Message-ID|MIME-Version|Content-Type|X-[\w-]+|ARC-[\w-]+|DKIM-Signature):\s",
    re.IGNORECASE,
)
_JSON_FEED = re.compile(  # Some writers escape each slash.
    r'(?<!\\)"version"\s*:\s*"https?:\\?/\\?/(?:www\.)?jsonfeed\.org\\?/version'
)
_FEEDS = frozenset({"feed", "rss", "rdf:rdf", "rdf"})
_HTML = frozenset(
    {"html", "head", "body", "div", "title", "meta", "h3", "dl", "dt", "article", "p", "main"}
)

CALLED: dict[Form, str] = {
    "json": "JSON",
    "html": "an HTML page",
    "text": "a text",
    "arxiv-api": "an answer of arXiv's API",
    "announcements": "a feed of arXiv",
    "listing": "a listing page of arXiv",
    "feed": "a feed",
    "json-feed": "a JSON feed",
    "alert": "an alert of Google Scholar",
    "mail": "mails of Google Scholar",
    "xml": "XML that is no feed",
    "biorxiv": "an answer of bioRxiv",
    "crossref": "an answer of Crossref",
    "medrxiv": "an answer of medRxiv",
    "openreview": "an answer of OpenReview",
    "pubmed": "an answer of PubMed",
    "semanticscholar": "an answer of Semantic Scholar",
}
APIS: tuple[Api, ...] = get_args(Api)


_READERS: dict[Form, str] = {
    "json": "huggingface_items.read_json",
    "html": "huggingface_pages.read_html",
    "text": "text.read_text",
    "arxiv-api": "arxiv_feeds.read_api",
    "announcements": "arxiv_feeds.read_announcements",
    "listing": "listing.read_listing",
    "feed": "feed_entries.read_feed",
    "json-feed": "json_feed.read_json_feed",
    "alert": "scholar_alerts.read_alert",
    "mail": "scholar_alerts.read_mails",
}
"""Who reads each form: a module in this folder, and a function in it. `APIS` read their own."""


def read(page: Page, source: str, forms: AbstractSet[Form]) -> Parsed:
    """Read a page in whichever of `forms` it has."""
    if nothing := no_text(page.body):
        return failure(page, source, f"expected {_list(forms)}, got {nothing}")
    text, problem = decode(page)
    form = recognise(text)
    if form not in forms:
        reason = f"expected {_list(forms)}, got {CALLED[form]}; {_advice(form, text)}"
        return failure(page, source, reason)
    if form in {"html", "listing"} and too_deep(text):
        return failure(page, source, "it is nested too deeply to be read")
    try:
        parsed = _read(form, page, text, source)
    except RecursionError:
        parsed = failure(page, source, "it is nested too deeply to be read")
    # Each mail has a charset of its own, and the sources of APIs have told.
    return parsed if form in {"mail", *APIS} else with_error(parsed, page, source, problem)


def _read(form: Form, page: Page, text: str, source: str) -> Parsed:
    if form in APIS:
        return read_answer(page, form, source)
    module, _, reader = _READERS[form].partition(".")
    read_form = getattr(import_module(f"digest.sources.{module}"), reader)
    return read_form(page, text, source)  # type: ignore[no-any-return]  # Each returns Parsed.


def recognise(text: str) -> Form:
    """Say which form a text has."""
    start = text.lstrip("\ufeff \t\r\n\x00")[:1]
    if start in {"[", "{", '"'} or text.strip() in {"null", "true", "false"}:
        return "json-feed" if _JSON_FEED.search(text) else whose(text) or "json"
    if start == "<":
        return "alert" if ALERT in text else _markup(text)
    return "mail" if _MAIL.match(text) and "scholar" in text.lower() else "text"


def _markup(text: str) -> Form:
    head = text[: _HEAD * 4].lstrip("\ufeff\x00")
    at = 0
    while found := _PROLOGUE.match(head, at):
        at = found.end()
    element = _ELEMENT.match(head, at)
    root = element[1].lower() if element else ""
    if root in _FEEDS:
        return _feed(head[:_HEAD])
    if root in _HTML or "<html" in head.lower() or "<!doctype html" in head.lower():
        return "listing" if _is_listing(text) else "html"
    return "pubmed" if root.startswith("pubmed") else "xml"


def _feed(head: str) -> Form:
    if "arxiv.org/api/" in head:
        return "arxiv-api"
    return "announcements" if "rss.arxiv.org" in head or "on arXiv.org" in head else "feed"


def _is_listing(text: str) -> bool:
    return "listings for" in text and ("list-title" in text or "arXiv" in text)


def _list(forms: AbstractSet[Form]) -> str:
    if len(forms) == len(_READERS) + len(APIS):
        return "a list of papers"
    if forms == FEEDS:
        return "a feed"
    return " or ".join(called for form, called in CALLED.items() if form in forms)


def _advice(form: Form, text: str) -> str:
    if form == "html":
        found = re.search(r"<title[^>]{0,200}>([^<]{0,200})", text[: _HEAD * 4], re.IGNORECASE)
        title = " ".join(found[1].split()) if found else ""
        return f"its title is “{title}”; the site may be down, or want a login"
    return "check the address"
