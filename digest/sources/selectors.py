"""What a person writes to say where something stands on a page: a CSS selector, or an attribute.

    h3.title           the text of what the selector finds
    a.more@href        an attribute of it
    @data-id           an attribute of the item itself
    (nothing)          the item itself

Each is looked for within one item of a page. Nothing here knows what is looked for.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from digest.sources import fields, html_text

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

LONGEST = 500
"""Characters of a selector."""

_FORM = re.compile(r"(?P<css>.*?)(?:@(?P<attribute>[A-Za-z_][\w:.-]*))?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Selector:
    """A selector as it is written, taken apart. Without `attribute` it means what is read."""

    css: str
    attribute: str = ""

    def nodes(self, item: LexborNode) -> list[LexborNode]:
        """Return what is found within an item, each once; the item itself without a selector."""
        found = item.css(self.css) if self.css else [item]
        return list({node.mem_id: node for node in found}.values())

    def values(self, item: LexborNode, *instead: str) -> list[str]:
        """Return what each element found says, where it says anything.

        Of the attributes `instead`, the first that an element has stands for its text, unless the
        selector names one itself.
        """
        attributes = (self.attribute,) if self.attribute else instead
        said = (self._value(node, attributes) for node in self.nodes(item))
        return [value for value in said if value]

    def _value(self, node: LexborNode, attributes: tuple[str, ...]) -> str:
        for name in attributes:
            if value := fields.text(node.attributes.get(name)):
                return value
        return "" if self.attribute else html_text.words(node)


@lru_cache(maxsize=256)
def selector(said: str) -> Selector:
    """Take a selector apart. Raises ValueError, whose message goes on from the setting's name."""
    if len(said) > LONGEST:
        raise ValueError(f"is longer than {LONGEST} characters")
    found = _FORM.fullmatch(said.strip())
    css, attribute = (found["css"].strip(), found["attribute"] or "") if found else (said, "")
    if css and not _can_be_read(css):
        raise ValueError(f"is `{css}`, which is no CSS selector that can be read")
    return Selector(css, attribute.lower())


def _can_be_read(css: str) -> bool:
    from selectolax.lexbor import (  # noqa: PLC0415 - only who writes selectors pays for it.
        LexborHTMLParser,
        SelectolaxError,
    )

    try:
        LexborHTMLParser("<p>").css(css)
    except (SelectolaxError, ValueError):  # The second is of text that is no Unicode.
        return False
    return True
