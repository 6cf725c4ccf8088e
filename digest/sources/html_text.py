"""HTML to the words that a reader sees, and its links to whole addresses.

Words in neighbouring blocks are parted by a space, those within a line are not, so that
``<p>One</p><p>two</p>`` is not one word and ``<b>t</b>wo`` is. Nothing here follows a link.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from digest.sources import fields

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser, LexborNode

_BLOCKS = re.compile(
    r"<(?=/?(?:address|article|aside|blockquote|br|button|caption|center|dd|details|div|dl|dt"
    r"|fieldset|figcaption|figure|footer|form|h[1-6]|header|hr|legend|li|main|nav|ol|option|p|pre"
    r"|section|summary|t[dhr]|tbody|tfoot|thead|table|ul)[\s/>])",
    re.IGNORECASE,
)
_UNSEEN = ":is(script, style, template, noscript, a[onclick]:not([href]))"
"""What is no text of a page: code, and switches such as "show less"."""


def parsed(html: str) -> LexborHTMLParser:
    """Read HTML so that `words` finds a space wherever a reader would see one."""
    from selectolax.lexbor import LexborHTMLParser  # noqa: PLC0415 - most runs need none.

    return LexborHTMLParser(_BLOCKS.sub(" <", html))


def without_unseen(tree: LexborHTMLParser) -> None:
    """Take out of a page what is no text of it."""
    inner = {node.mem_id for node in tree.css(f"{_UNSEEN} {_UNSEEN}")}
    for node in tree.css(_UNSEEN):
        if node.mem_id not in inner:  # Those go with what they are in, and must not be freed twice.
            node.decompose()


def words(node: LexborNode) -> str:
    """Return what an element says, on one line."""
    return fields.text(node.text())


def plain(html: str) -> str:
    """Return what a piece of HTML says, on one line."""
    body = parsed(html).body
    return words(body) if body is not None else fields.text(html)


def absolute(base: str, href: str | None) -> str:
    """Return the address that a link on a page leads to; "" if it leads to none on the web."""
    said = (href or "").strip().replace(" ", "%20")
    try:
        return fields.address(urljoin(base, said)) if said else ""
    except ValueError:  # An address such as http://[x is none.
        return ""
