"""JSON, read as far as it is whole.

What a list holds before the place where an answer breaks off is kept. Nothing here raises for
what a server may send; what is wrong is returned in words.
"""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec

from digest.papers import Page
from digest.sources import Parsed, fields
from digest.sources.readings import changed_shape, failure, quoted

_BETWEEN = re.compile(r"[\s,]*")
_TITLE = re.compile(r"<title[^>]{0,200}>([^<]{1,200})", re.IGNORECASE)
_HEAD = 16_384
"""Characters of a web page in which its title is looked for."""

_LONGEST_INTEGER = 18
"""Digits; no count has more, and Python refuses to read some that do."""


def load(text: str, holders: tuple[str, ...]) -> tuple[Any, str]:
    """Return what JSON says, or the whole items of a list that breaks off, and what is wrong.

    `holders` are what such a list is called in an object that holds it.
    """
    try:
        return msgspec.json.decode(text), ""
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        pass
    try:
        # Python's reader takes lone surrogates and control characters, which are cleaned later.
        return json.loads(text, strict=False, parse_int=_integer), ""
    except (ValueError, RecursionError) as error:
        return whole_items(text, holders), f"cannot be read ({_why(text, error)})"


def _why(text: str, error: Exception) -> str:
    """Return why a text is no JSON; a site that is down or wants a login answers with a page."""
    if text.lstrip("\ufeff \t\r\n\x00").startswith("<"):
        found = _TITLE.search(text[:_HEAD])
        said = fields.text(found[1]) if found else ""
        return f"it is a web page, its title {quoted(said)}" if said else "it is a web page"
    return str(error) if isinstance(error, ValueError) else "it is nested too deeply"


def _integer(digits: str) -> int:
    return int(digits) if len(digits) <= _LONGEST_INTEGER else -1


def whole_items(text: str, holders: tuple[str, ...]) -> list[Any]:
    """Return the items of a list before the place where it breaks off."""
    found = re.search(rf'"(?:{"|".join(holders)})"\s*:\s*\[', text)
    stripped = text.lstrip("\ufeff \t\r\n")
    at = len(text) - len(stripped) + 1 if stripped[:1] == "[" else found.end() if found else -1
    decoder = json.JSONDecoder(strict=False, parse_int=_integer)
    items: list[Any] = []
    while 0 <= at < len(text):
        between = _BETWEEN.match(text, at)
        try:
            item, at = decoder.raw_decode(text, between.end() if between else at)
        except (ValueError, RecursionError):
            break
        items.append(item)
    return items


def broken(problem: str, whole: int) -> str:
    """Say that JSON breaks off, and how many papers were had of it."""
    return f"its JSON {problem}; {whole} papers before that are whole"


def no_list(page: Page, source: str, value: Any) -> Parsed:
    """Return that JSON holds no list of papers: what error it tells instead, or what it is."""
    if isinstance(value, dict):
        said = fields.text(value.get("error")) or fields.text(value.get("message"))
        if said:
            return failure(page, source, f"the server answered with an error: {quoted(said)}")
        names = ", ".join(f"`{fields.text(key)[:30]}`" for key in list(value)[:5]) or "nothing"
        return changed_shape(page, source, f"no list of papers in its JSON, which has {names}")
    return changed_shape(page, source, f"its JSON is {kind(value)}, not a list of papers")


def kind(value: Any) -> str:
    """Return what a value of JSON is, for an error."""
    names = {dict: "an object", list: "a list", str: "a text", bool: "true or false"}
    return "null" if value is None else names.get(type(value), "a number")
