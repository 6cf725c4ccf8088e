"""Entries of Atom and RSS documents, and other elements, read as far as a document is whole.

The document is fed to expat piece by piece, so that what is whole before a break is kept.
Documents that declare entities are refused: no feed needs them, and they can grow without end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast
from xml.etree.ElementTree import (
    Element,
    ParseError,
    XMLPullParser,
)

_PIECE = 65_536
"""Characters fed at once."""

_ENTRIES = ("entry", "item")
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""What XML 1.0 (section 2.2) allows in no document; one in an abstract would end the reading."""

_Events = Iterator[tuple[str, Element]]

Fields = dict[str, list[str]]
"""The texts of an element's children, by their names without name spaces."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """The head of a feed, its whole entries, and why there are no more, if it breaks off."""

    root: str
    head: Fields
    entries: tuple[Fields, ...]
    broken: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Elements:
    """The whole elements of a document, and why there are no more, if it breaks off."""

    root: Element | None
    found: tuple[Element, ...]
    broken: str = ""


def read_document(text: str) -> Document:
    """Read a feed. What is wrong with it is in `Document.broken`."""
    read = read_elements(text, _ENTRIES)
    return Document(
        root=local(read.root.tag) if read.root is not None else "",
        head=_head(read.root) if read.root is not None else {},
        entries=tuple(map(fields_of, read.found)),
        broken=read.broken,
    )


def read_elements(text: str, names: tuple[str, ...]) -> Elements:
    """Read the elements that are called one of `names`, without name spaces."""
    if "<!ENTITY" in text:
        return Elements(root=None, found=(), broken="it declares entities")
    text = _ILLEGAL.sub("", text)
    parser: XMLPullParser[Any] = XMLPullParser(("start", "end"))
    found: list[Element] = []
    root: Element | None = None
    broken = ""
    try:
        for at in range(0, len(text), _PIECE):
            parser.feed(text[at : at + _PIECE])
            root = _take(parser, root, found, names)
        parser.close()
    except ParseError as error:
        broken = str(error)
        root = _take(parser, root, found, names)
    return Elements(root=root, found=tuple(found), broken=broken)


def _take(
    parser: XMLPullParser[Any], root: Element | None, found: list[Element], names: tuple[str, ...]
) -> Element | None:
    """Take what the parser has read; the events before an error come before the error itself."""
    try:
        for event, element in cast("_Events", parser.read_events()):
            if event == "start":
                root = element if root is None else root
            elif element.tag.endswith(names) and local(element.tag) in names:
                found.append(element)
    except ParseError:
        return root
    return root


def local(tag: str) -> str:
    """Return an element's name without its name space."""
    return tag.rpartition("}")[2]


def _head(root: Element) -> Fields:
    """Return the texts around the entries: Atom's under the root, RSS's under the channel."""
    channel = next((child for child in root if local(child.tag) == "channel"), root)
    return fields_of(channel)


def fields_of(element: Element) -> Fields:
    """Return the texts of an element's children; a category's is its term, an author's the name."""
    found: Fields = {}
    for child in element:
        name = local(child.tag)
        if name in _ENTRIES:
            continue
        text = child.text or ""
        if name == "category":
            text = child.get("term") or text
        elif name == "primary_category":
            text = child.get("term", "")
        elif name == "author" and len(child):
            text = next((part.text or "" for part in child if local(part.tag) == "name"), text)
        elif len(child):
            text = "".join(child.itertext())
        if name == "link":
            text = child.get("href") or text
        found.setdefault(name, []).append(text)
    return found


def first(found: Fields, *names: str) -> str:
    """Return the first text that one of `names` has; "" if none has any."""
    for name in names:
        for text in found.get(name, ()):
            if text.strip():
                return text.strip()
    return ""
