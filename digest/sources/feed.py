"""A feed at one address: RSS, Atom, RDF or JSON Feed of a journal, a preprint server or a blog.

A feed holds its last entries alone. After an outage its oldest may be younger than the last read;
the days between are said to be lost. It never fetches.
"""

from __future__ import annotations

import dataclasses
from datetime import date, datetime, timedelta
from urllib.parse import urldefrag, urljoin

from msgspec import Struct
from msgspec.structs import force_setattr

from digest.addresses import public
from digest.papers import Page
from digest.sources import OUTAGE_DAYS, Parsed, Request, fields, html_text
from digest.sources.bodies import decode, no_text, too_deep
from digest.sources.forms import FEEDS, read, recognise
from digest.sources.readings import failure
from digest.sources.settings import check_address, check_spacing

ACCEPT = (
    "application/atom+xml, application/rss+xml, application/rdf+xml, application/feed+json, "
    "application/xml;q=0.9, application/json;q=0.9, text/xml;q=0.8, */*;q=0.5"
)
FULL = 10
"""From how many entries on a feed is taken to drop the oldest for each new one."""

MOST_NAMED = 3
"""How many feeds an error names, of those that a page links to."""

_SATURDAY = 5
_ADVERTISED = (
    'link[rel~="alternate" i][type="application/rss+xml" i],'
    'link[rel~="alternate" i][type="application/atom+xml" i],'
    'link[rel~="alternate" i][type="application/rdf+xml" i],'
    'link[rel~="alternate" i][type="application/feed+json" i]'
)


class Feed(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="feed"
):
    """The feed at `url`. `home` is where a person sees it; its site unless set.

    With `resolve`, papers without an identifier are looked up by title.
    """

    name: str = ""
    url: str
    home: str = ""
    resolve: bool = False
    spacing: float = 1.0

    def __post_init__(self) -> None:
        check_address("url", self.url)
        if self.home:
            check_address("home", self.home)
        check_spacing(self.spacing)
        force_setattr(self, "name", self.name or "feed")
        force_setattr(self, "home", public(self.home or urljoin(self.url, "/")))

    def requests(self, since: date | None, now: datetime) -> tuple[Request, ...]:  # noqa: ARG002 - a feed has what it has, whenever it is asked.
        """Return the one address; the fragment tells `parse` what was read, and is never sent."""
        url = urldefrag(self.url).url
        return (
            Request(
                url=f"{url}#since={since}" if since else url,
                accept=ACCEPT,
                spacing=timedelta(seconds=self.spacing),
            ),
        )

    def parse(self, page: Page) -> Parsed:
        """Read a feed, and say which days it no longer has."""
        url, fragment = urldefrag(page.url)
        page = dataclasses.replace(page, url=url)
        parsed = read(page, self.name, FEEDS)
        if parsed.errors:
            return parsed if parsed.sightings else self._advised(page, parsed)
        since = fields.day(fragment.removeprefix("since="))
        return dataclasses.replace(parsed, lost=lost(parsed, since, page.fetched_at.date()))

    def _advised(self, page: Page, parsed: Parsed) -> Parsed:
        """Name the feeds that a page links to, if an HTML page came in place of one."""
        feeds = _advertised(page)
        if not feeds:
            return parsed
        named = ", ".join(feeds[:MOST_NAMED])
        return failure(
            page, self.name, f"it is an HTML page, not a feed; make its feed the `url`: {named}"
        )


def lost(parsed: Parsed, since: date | None, today: date) -> tuple[date, ...]:
    """Return the days after `since` that a feed is too short to reach back to.

    One with an entry of that day or before has dropped nothing, nor has one that is not full.
    Days of which it still has some entries are not counted, nor what is announced only on weekdays.
    """
    days = [sighting.day for sighting in parsed.sightings if sighting.day]
    if since is None or len(days) < max(FULL, len(parsed.sightings)) or min(days) > today:
        return ()
    start = max(since, today - timedelta(days=OUTAGE_DAYS + 1))
    between = (start + timedelta(days=n) for n in range(1, (min(days) - start).days))
    weekdays_alone = any(sighting.announced for sighting in parsed.sightings)
    return tuple(day for day in between if not weekdays_alone or day.weekday() < _SATURDAY)


def _advertised(page: Page) -> list[str]:
    """Return the addresses of the feeds that an HTML page links to."""
    text = "" if no_text(page.body) else decode(page)[0]
    if not text or recognise(text) not in {"html", "listing"} or too_deep(text):
        return []
    from selectolax.lexbor import LexborHTMLParser  # noqa: PLC0415 - most runs need none.

    hrefs = (link.attributes.get("href") for link in LexborHTMLParser(text).css(_ADVERTISED))
    found = (html_text.absolute(page.url, href) for href in hrefs if href)
    return list(dict.fromkeys(filter(None, found)))
