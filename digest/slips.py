"""What msgspec says of a file that cannot be decoded, in the words of someone who edits it.

Pure: it never reads the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, get_args, get_type_hints

import msgspec

from digest.sources import Source
from digest.sources.kinds import KINDS, kind

_PLACE = re.compile(r"^(?P<what>.*?)(?: - at `\$(?P<path>[^`]*)`)?$", re.DOTALL)
_UNKNOWN = re.compile(r"Object contains unknown field `(?P<key>.*)`", re.DOTALL)
_MISSING = re.compile(r"Object missing required field `(?P<key>.*)`")
_OTHER_WORD = re.compile(r"Invalid (?:enum )?value '(?P<word>.*)'", re.DOTALL)
_STEP = re.compile(r"\.?(?P<key>[^.\[\]]+)|\[(?P<at>\d+)\]")


def explained(message: str, config: type, raw: dict[str, Any]) -> str:
    """Say what msgspec says in the words of someone who edits a file.

    `config` is the type of the whole file, `raw` what is in it.
    """
    found = _PLACE.match(message)
    what, path = (found["what"], found["path"] or "") if found else (message, "")
    place = path.lstrip(".")
    at = f" at `{place}`" if place else ""
    if unknown := _UNKNOWN.fullmatch(what):
        known = _keys_at(path, config, raw)
        return f"unknown key `{unknown['key']}`{at}{meant(unknown['key'], known)}"
    if missing := _MISSING.fullmatch(what):
        return f"`{missing['key']}` is missing{at}"
    if other := _OTHER_WORD.fullmatch(what):
        words = _words_at(path, config, raw)
        instead = meant(other["word"], words) or f" (one of: {', '.join(words)})"
        return f"`{other['word']}` is not known{at}{instead}"
    return f"{what}{at}"


def meant(word: str, known: Iterable[str]) -> str:
    """Ask after the known word that is most like another; "" where none is."""
    from rapidfuzz import process  # noqa: PLC0415 - only a slip pays for it

    best = process.extractOne(word, list(known), score_cutoff=60)
    return f" (did you mean `{best[0]}`?)" if best else ""


def _keys_at(path: str, config: type, raw: dict[str, Any]) -> list[str]:
    """Return the keys that a table may have, by its place such as ``.sources[0]``."""
    kind = _type_at(path, config, raw)
    tag = ["kind"] if kind.__struct_config__.tag is not None else []
    return [field.encode_name for field in msgspec.structs.fields(kind)] + tag


def _words_at(path: str, config: type, raw: dict[str, Any]) -> list[str]:
    """Return the words that a setting may be, by its place such as ``.sources[0].kind``."""
    table, _, key = path.rpartition(".")
    if key == "kind" and table.startswith(".sources"):
        return list(KINDS)
    if key == "kind":
        listed = get_type_hints(config)[table.strip(".").partition("[")[0]]
        return [str(each.__struct_config__.tag) for each in get_args(get_args(listed)[0])]
    return list(_literals(get_type_hints(_type_at(table, config, raw))[key]))


def _literals(kind: Any) -> Iterator[str]:
    for each in get_args(kind):
        if isinstance(each, str):
            yield each
        else:
            yield from _literals(each)


def _type_at(path: str, config: type, raw: dict[str, Any]) -> Any:
    kind: Any = config
    value: Any = raw
    for step in _STEP.finditer(path):
        if step["at"] is not None:
            value = value[int(step["at"])]
            kind = _of_kind(get_args(kind)[0], value)
        else:
            value = value[step["key"]]
            kind = get_type_hints(kind)[step["key"]]
    return kind


def _of_kind(listed: Any, value: dict[str, Any]) -> Any:
    if listed is Source:
        return kind(value["kind"])
    for each in get_args(listed) or (listed,):
        if each.__struct_config__.tag == value.get("kind"):
            return each
    return listed
