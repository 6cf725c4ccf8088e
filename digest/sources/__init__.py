"""Where papers come from: one file each.

    huggingface       daily, weekly, monthly and trending lists, searches, single papers
    arxiv             categories and queries: the Atom API, the feeds and the listing pages
    biorxiv           preprints of bioRxiv and medRxiv, by category
    crossref          what publishers register, by journal or by words
    pubmed            what a search of PubMed finds
    semanticscholar   queries, and what is recommended to who liked some papers
    openreview        the papers of a venue, or those that answer an invitation
    scholar           Google Scholar's alert mails, from a Maildir, an mbox or a mail server
    feed              any RSS, Atom, RDF or JSON feed
    page              any HTML page, by CSS selectors
    files             saved pages of any of these kinds but `page`, told apart by content

What they share: `forms` says which form a page has and who reads it; `huggingface_items`,
`huggingface_pages`, `text`, `arxiv_feeds`, `listing`, `feed_entries`, `json_feed` and
`scholar_alerts` each read one; `announced` says whether arXiv's feed is the day's;
`crossref_items` and `pubmed_items` read the answers of those two; `saved_answers` tells whose API
gave a saved answer; `mbox` holds many mails, `bodies` makes text of bytes, `entries` and `objects`
read XML and JSON as far as they are whole, `markup` takes text out of markup and `html_text` out of
web pages, `selectors` finds things on those and `page_account` tells what; `fields` takes single
values, `periods` says from which day on to ask, `readings` what a page came to, and `settings` what
may be set.

A source says what to get and reads what came. It never fetches, stores, or reads the clock.

To add one: a file here with a frozen struct that has `kind` as its tag and the methods of
`Source`; its line in `kinds`, by which the config finds it; a small page of ours in `tests/pages/`.
Where its papers may lack identifiers, a setting `resolve` (false by default) has them looked up by
title.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal, Protocol, runtime_checkable

from digest.errors import ParseError
from digest.papers import Page, Sighting, Validators

BACK_CATALOGUE_DAYS = 5
"""How many days a first read asks for, so that three of them have papers after a weekend."""

OUTAGE_DAYS = 14
"""How far back a source that could not be read is read again."""

_SATURDAY = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What to get: an http, https or file address.

    A `file:` address may end in a folder or a glob; its page then has the content type
    ``text/uri-list`` (RFC 2483) and the addresses of the files as its body. A fragment is never
    sent, and is still there in the page's `url`. `backoff` is the wait before the second try where
    the server names none. `header` is sent with the value of the secret called `secret`, if there
    is one. With `robots`, the host's robots.txt is asked first (RFC 9309).
    """

    url: str
    accept: str = "*/*"
    spacing: timedelta = timedelta(seconds=1)
    backoff: timedelta = timedelta(seconds=1)
    header: str = ""
    secret: str = ""
    robots: bool = False


Security = Literal["tls", "starttls", "none"]
"""How a connection to a mail server is made secure: from the start, when asked, or not at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailRequest(Request):
    """Which mails to get: those of `senders` that arrived since a day (UTC).

    `url` is ``maildir:`` and an absolute path, or ``imap://user@host:port/folder``. The page has
    the content type ``application/mbox`` and the mails in mboxrd form (RFC 4155), oldest first.
    Nothing is marked as read. The rest is for a server: `ca_file` replaces the system's
    authorities; where the password comes from says `passwords`.
    """

    since: date
    senders: tuple[str, ...]
    security: Security = "tls"
    ca_file: str = ""
    password_command: str | tuple[str, ...] = ""
    password_file: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """What a page holds: whole papers even where `errors` says that more were expected.

    `lost` are days that were asked for and can't be had from this source any more. `again` says
    that the page is to be had whole next time, even if it has not changed.
    """

    sightings: tuple[Sighting, ...] = ()
    requests: tuple[Request, ...] = ()
    errors: tuple[ParseError, ...] = ()
    lost: tuple[date, ...] = ()
    again: bool = False


class Fetch(Protocol):
    """Gets a page; None if it has not changed. Raises FetchError."""

    def __call__(
        self, source: str, request: Request, validators: Validators | None = None
    ) -> Page | None:
        """Get one page."""


@runtime_checkable
class Describing(Protocol):
    """A source that can tell what it makes of a page, to who is setting it up."""

    def describe(self, page: Page) -> str:
        """Return lines for a terminal; "" if there is nothing to tell."""


class Source(Protocol):
    """Somewhere that lists papers."""

    @property
    def name(self) -> str:
        """What the report, the letter and the store call it; its kind unless set."""

    @property
    def home(self) -> str:
        """The address where a person sees this list; "" where there is none."""

    def requests(self, since: date | None, now: datetime) -> tuple[Request, ...]:
        """Return what to get. `since` is the last day read whole; None on a first read."""

    def parse(self, page: Page) -> Parsed:
        """Read a page. Never raises for a bad page: what is wrong is in `Parsed.errors`."""


@runtime_checkable
class Dated(Protocol):
    """A source that knows which of its days can be had: some list nothing at weekends."""

    def lost(self, since: date, today: date) -> tuple[date, ...]:
        """Return the days after `since` that it doesn't ask for any more."""


def lost_days(source: Source, since: date, today: date) -> tuple[date, ...]:
    """Return the days that a source read last on the day `since` can't make good today.

    Where a source doesn't say, these are all days between and `OUTAGE_DAYS` ago.
    """
    if isinstance(source, Dated):
        return source.lost(since, today)
    return days(since + timedelta(days=1), today - timedelta(days=OUTAGE_DAYS + 1))


def days(first: date, last: date) -> tuple[date, ...]:
    """Return all days from `first` to `last`; none if that is earlier."""
    return tuple(first + timedelta(days=ahead) for ahead in range((last - first).days + 1))


def weekdays(first: date, last: date) -> tuple[date, ...]:
    """Return the days from `first` to `last` that are no Saturday or Sunday."""
    return tuple(day for day in days(first, last) if day.weekday() < _SATURDAY)
