"""What a site's robots.txt lets us read (RFC 9309). The only module that knows protego.

Python's own parser of it takes the first rule that matches and knows no ``*`` (until 3.13);
the longest one counts. Nothing here asks for anything: `fetch` gets the file.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urljoin

if TYPE_CHECKING:
    from protego import Protego

PRODUCT = "digest-newsletter"
"""The name that a site's robots.txt knows us by."""

LARGEST = 500 * 1024
"""Bytes of a robots.txt that are read (RFC 9309, section 2.5)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What a robots.txt says; `unknown` is why it could not be had, "" if it could.

    A site without one allows all.
    """

    said: Protego | None = None
    unknown: str = ""

    def refusal(self, url: str, product: str = PRODUCT) -> str:
        """Say why `product` must not read a page; "" if it may."""
        if self.unknown:
            return (
                f"its robots.txt could not be had, so the page was not asked for: {self.unknown}; "
                "the next run tries again"
            )
        if self.said is None or self.said.can_fetch(url, product):
            return ""
        return (
            f"robots.txt does not allow {product} to read this page; "
            "choose one that it allows, such as a feed, or ask the site's owner"
        )

    def delay(self, product: str = PRODUCT) -> float:
        """Return the seconds between two requests that a site asks for."""
        return (self.said.crawl_delay(product) if self.said else None) or 0.0


def place(url: str) -> str:
    """Return where the robots.txt is that speaks of an address."""
    return urljoin(url, "/robots.txt")


def rules(body: bytes) -> Rules:
    """Read a robots.txt, or as much of it as has to be read."""
    from protego import Protego  # noqa: PLC0415 - only sources that ask for it pay for it.

    whole_lines = body[:LARGEST] if len(body) <= LARGEST else body[:LARGEST].rpartition(b"\n")[0]
    return Rules(said=Protego.parse(whole_lines.decode("utf-8-sig", "replace")))


def without(status: int, reason: str) -> Rules:
    """Return what holds where there is no robots.txt to read: after an answer of `status`.

    `status` is 0 where no answer came. A file that is not there (4xx) forbids nothing; one that a
    site in trouble cannot give may forbid anything (section 2.3.1).
    """
    absent = 200 <= status < 500 and status != 429  # noqa: PLR2004 - 429 is trouble, too.
    return Rules() if absent else Rules(unknown=reason)
