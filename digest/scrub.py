"""Texts made fit for a log: no address, keyword, reader's name, token or password in them. Pure.

What an error says may quote what it is about. So of free texts this leaves out what the config
says of readers, what is secret in it or around it, what looks like a mail address, and all of a
web address but its host. Where in doubt it leaves out more: `digest check` and `digest doctor`
say the whole of it to who sits before them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, quote, unquote

HIDDEN = "***"

LEAST_SECRET = 4
"""A shorter text is no secret, and too often a part of others."""

_STEM = 4
"""From how many characters on a word is also found with an ending: `loom` in `looms`."""

_MOST = 2000
"""How many characters of a text are looked at; more than that says nothing new."""

_URL = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+.-]*://)(?:[^\s/?#]*@)?"
    r"(?P<host>(?:\[[0-9a-f:.]*\]|[^\s/?#:@\"'<>`\[\]]*)(?::\d+)?)(?P<rest>\S*)",
    re.IGNORECASE,
)
_QUERY = re.compile(r"\?\S*=\S*")
_ADDRESS = re.compile(
    r"""(?:"[^"\s]*(?:\s[^"\s]*){0,5}"|[^\s<>()\[\]",;:]+)(?:@|%40)[^\s<>()"',;`]+"""
)
_OPERATORS = re.compile(r"\b(?:AND|OR|NOT|title|author|category)\b:?|[()\"~^:,|*]+|(?<!\w)-")
_TOKEN = re.compile(r"[^\W_]+")
_NUMBER = re.compile(r"[\d.\s]+")
_LOGIN = re.compile(
    r"[a-z][a-z0-9+.-]*://(?:(?P<login>[^\s/?#]*)@)?[^?#]*\??(?P<query>[^#]*)", re.IGNORECASE
)
_LEAST_TOKEN = 6
"""What is shorter in a query, such as `full`, is a word of the server's."""

_PUBLIC = frozenset({"cadence", "timezone", "outputs", "at", "kind"})
"""Settings of readers and sources that are words of the program, or of the operator."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hidden:
    """What no log may hold: secrets, and what is known of readers."""

    secrets: frozenset[str] = frozenset()
    words: frozenset[str] = frozenset()

    def __or__(self, other: Hidden) -> Hidden:
        """Hide what either hides."""
        return Hidden(secrets=self.secrets | other.secrets, words=self.words | other.words)


Words = tuple[str, ...]
"""Words in a row, in small letters."""


class Scrubber:
    """Leaves out what is hidden. However many readers there are, it is as fast."""

    def __init__(self, hidden: Hidden) -> None:
        forms = {form for each in hidden.secrets for form in (each, quote(each, safe=""))}
        self._secrets = _any_of(each for each in forms if len(each) >= LEAST_SECRET)
        self._unspaced = _any_of(each for each in hidden.words if not each.isascii())
        self._rows = _by_first(hidden.words)

    def name(self, text: str) -> str:
        """Return what the operator calls a thing, without what is secret in it."""
        text = self._secrets.sub(HIDDEN, _one_line(text))
        text = _URL.sub(_host_alone, text)
        return _ADDRESS.sub(HIDDEN, _QUERY.sub("?…", text))

    def text(self, text: str) -> str:
        """Return a free text without what is hidden."""
        text = self._unspaced.sub(HIDDEN, self.name(text))
        found = [*_TOKEN.finditer(text)]
        tokens = [each[0].casefold() for each in found]
        kept, end, at = "", 0, 0
        while at < len(tokens):
            count = self._row_at(tokens, at)
            if count:
                kept += text[end : found[at].start()] + HIDDEN
                end = found[at + count - 1].end()
            at += count or 1
        return kept + text[end:]

    def _row_at(self, tokens: Sequence[str], at: int) -> int:
        """Return how many words from here on are a hidden row; 0 for none."""
        rows = self._rows.get(tokens[at], set())
        longest = max((len(row) for row in rows if _is_row(tokens, at, row)), default=0)
        return longest or int(
            any(
                (stem,) in self._rows.get(stem, ())
                for stem in (tokens[at][:end] for end in range(_STEM, len(tokens[at])))
            )
        )


def _is_row(tokens: Sequence[str], at: int, row: Words) -> bool:
    here = tuple(tokens[at : at + len(row)])
    if here == row:
        return True
    stem = row[-1]
    return len(here) == len(row) and here[:-1] == row[:-1] and _ends_a(stem, here[-1])


def _ends_a(stem: str, token: str) -> bool:
    return len(stem) >= _STEM and token.startswith(stem)


def _any_of(texts: Iterable[str]) -> re.Pattern[str]:
    """Return a pattern of any of the texts, the longest first; it may be of none."""
    longest = sorted(texts, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest)) or "(?!)", re.IGNORECASE)


def _by_first(words: Iterable[str]) -> dict[str, set[Words]]:
    """Return words in a row by the first of each."""
    rows: dict[str, set[Words]] = {}
    for text in words:
        row = tuple(token.casefold() for token in _TOKEN.findall(text))
        if row:
            rows.setdefault(row[0], set()).add(row)
    return rows


def _host_alone(url: re.Match[str]) -> str:
    """Return a web address without its path, which may be a secret; an odd one without its host."""
    host = HIDDEN if "@" in url["rest"] else url["host"]
    return f"{url['scheme']}{host}/…"


def _one_line(text: str) -> str:
    """Return a text as one line without control codes, or halves of characters."""
    if len(text) > _MOST:
        text = text[:_MOST].rpartition(" ")[0] + " …"
    return "".join(c if c.isprintable() else "\ufffd" for c in " ".join(text.split()))


def hidden_in(raw: Mapping[str, Any], secrets: Iterable[str] = ()) -> Hidden:
    """Return what the tables of a config, usable or not, say that is nobody's business.

    `secrets` are those from elsewhere, such as the environment.
    """
    words = {word for text in _texts(raw.get("subscribers")) for word in _words(text)}
    found = {secret for text in _texts(dict(raw)) for secret in _in_address(text)}
    return Hidden(secrets=frozenset(found.union(secrets)), words=frozenset(words))


def _texts(value: Any) -> Iterator[str]:
    """Yield all texts in a table, but for what things are called."""
    match value:
        case str():
            yield value
        case list():
            for each in value:
                yield from _texts(each)
        case dict():
            for key, each in value.items():
                if key not in _PUBLIC:
                    yield from _texts(each)


def _words(text: str) -> Iterator[str]:
    """Yield a reader's name, the names in her address, or what a keyword is made of."""
    local = text.rpartition("@")[0]
    yield local or text
    for part in _OPERATORS.split(text):
        if part.strip() and not _NUMBER.fullmatch(part.strip()):
            yield part.strip()


def _in_address(url: str) -> Iterator[str]:
    """Yield the secrets that stand in a web address: a login, and what a query holds."""
    found = _LOGIN.match(url)
    if not found:
        return
    login, query = found["login"] or "", found["query"] or ""
    for text in (*login.split(":"), *(value for _, value in parse_qsl(query))):
        if len(text) >= _LEAST_TOKEN:
            yield unquote(text)
