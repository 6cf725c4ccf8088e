"""What strangers wrote, made harmless for each form of a letter: HTML, Markdown, plain text, URLs.

Pure: it knows no template library, and it never decides what is said. Titles, names and addresses
come from pages anyone can write to, so everything here assumes the worst of them.
"""

from __future__ import annotations

import json
import re
import textwrap
import unicodedata
from collections.abc import Iterable
from urllib.parse import quote, unquote, urlsplit

from digest.letters import Marked, Span

_BREAKS = re.compile(r"[\t\r\n]")
_SPACES = re.compile(r"\s+")
_UNWANTED = re.compile(
    # Controls and surrogates, invisible format characters and noncharacters: what could move a
    # terminal's cursor, reverse the reading direction, or make XML and YAML invalid.
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u034f\u061c\u180e\u200b\u200e\u200f\u202a-\u202e"
    "\u2060-\u206f\ufeff\ufdd0-\ufdef\ufff9-\ufffb\ufffe\uffff\ud800-\udfff"
    "\U000e0000-\U000e0fff]"
)
_BEYOND = re.compile("[\U00010000-\U0010ffff]")
_MARKS = re.compile("(.[\u0300-\u036f]{8})[\u0300-\u036f]+")
_FSI, _PDI = "\u2068", "\u2069"
_RTL = re.compile(
    "[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]"
)

_SIGNS = re.compile(r"[\\`*_{}\[\]<>|~&^$=#%]")
_START = re.compile(r"^( ?\d{0,9})([.)]|(?<!\d)[-+])(?= |$)|^( ?)(-)(?=-* ?$)")
_ADDRESS = re.compile(r"(?i)\b(https?|ftp|mailto|xmpp)(:)|\b(www)(\.)|(@)")

_URL_SAFE = "/?:@!$&+,;=%~*-._"
_BAD_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_ENTITY = re.compile(r"&(?=[#\w]+;)")
_HOST = re.compile(r"[a-z0-9.-]+(?::\d{1,5})?", re.IGNORECASE)
_MAILBOX = re.compile(r"[^\s@<>()\[\],;:\\\"?&]+@[^\s@<>()\[\],;:\\\"?&]+")


def clean(text: str) -> str:
    """Return `text` as one line of visible characters; blanks at its ends stay, as one each."""
    if text.isascii() and text.isprintable() and "  " not in text:
        return text
    text = _UNWANTED.sub("", _SPACES.sub(" ", text))
    if not text.isascii():
        text = _BEYOND.sub(lambda found: "" if _nothing(found[0]) else found[0], text)
        text = _MARKS.sub(r"\1", text)
    return _SPACES.sub(" ", text)


def _nothing(character: str) -> bool:
    return unicodedata.category(character) in {"Cf", "Cn", "Co"}


def isolate(text: str) -> str:
    """Keep right-to-left text from reordering what stands around it (UAX #9)."""
    return f"{_FSI}{text}{_PDI}" if _RTL.search(text) else text


def markdown(text: str) -> str:
    """Return `text` so that CommonMark, GFM and Obsidian show it as it is, wherever it stands.

    A sign that means something anywhere is escaped everywhere; one that means something at the
    start of a line, where the text starts; a ``!`` at the end, where a link may follow.
    """
    text = _SIGNS.sub(r"\\\g<0>", clean(text))
    text = _START.sub(r"\1\3\\\2\4", text)
    text = _ADDRESS.sub(_escape_address, text)
    return f"{text[:-1]}\\!" if text.endswith("!") else text


def _escape_address(found: re.Match[str]) -> str:
    """Keep what looks like an address from becoming a link."""
    before = found[1] or found[3] or ""
    return f"{before}\\{found[2] or found[4] or found[5]}"


def url(text: str, most: int = 500) -> str:
    """Return an address that cannot break out of quotes or brackets; "" for an unwanted one.

    Only http, https and mailto come out, without a user's name and at most `most` characters.
    """
    text = _UNWANTED.sub("", _BREAKS.sub("", text.strip()))
    try:
        parts = urlsplit(text)
        if parts.scheme == "mailto":
            return _mailto(parts.path, parts.query, most)
        host = parts.netloc if parts.netloc.isascii() else parts.netloc.encode("idna").decode()
    except ValueError:
        return ""
    if parts.scheme not in {"http", "https"} or not _HOST.fullmatch(host):
        return ""
    rest = _percent(parts.path) + (f"?{_percent(parts.query)}" if parts.query else "")
    rest += f"#{_percent(parts.fragment)}" if parts.fragment else ""
    address = f"{parts.scheme}://{host}{rest}"
    return address if len(address) <= most else ""


def _mailto(mailbox: str, query: str, most: int) -> str:
    address = f"mailto:{_percent(mailbox)}" + (f"?{_percent(query)}" if query else "")
    return address if _MAILBOX.fullmatch(unquote(mailbox)) and len(address) <= most else ""


def _percent(text: str) -> str:
    return quote(_BAD_PERCENT.sub("%25", text), safe=_URL_SAFE, errors="replace")


def markdown_url(text: str, most: int = 500) -> str:
    """Return an address for Markdown's ``(…)``, where ``&copy;`` would mean a character."""
    return _ENTITY.sub("&amp;", url(text, most))


def mail_parts(address: str) -> tuple[str, str]:
    """Return the mailbox and the subject of a ``mailto:``; ("", "") for another address."""
    parts = urlsplit(url(address))
    if parts.scheme != "mailto":
        return "", ""
    subject = re.search(r"(?:^|&)subject=([^&]*)", parts.query, re.IGNORECASE)
    return unquote(parts.path), unquote(subject[1]) if subject else ""


def quoted(text: str) -> str:
    """Return a JSON string, which is a YAML one too."""
    return json.dumps(clean(text).strip(), ensure_ascii=False)


def clip(text: str, most: int) -> str:
    """Cut a text at a word, and say so with an ellipsis; `most` counts characters."""
    text = clean(text).strip()
    if len(text) <= most:
        return text
    cut = text[: most - 1]
    head = cut.rpartition(" ")[0]
    return f"{(head if len(head) > most // 2 else cut).rstrip(' ,;:')}…"


def cut(spans: Marked, most: int) -> Marked:
    """Return a marked text as one clean line of at most about `most` characters."""
    pieces: list[Span] = []
    room = most
    for span in spans:
        text = clean(span.text) if pieces else clean(span.text).lstrip()
        if not text:
            continue
        if len(text) > room:
            blank = " " if text[0] == " " else ""
            pieces.append(Span(blank + (clip(text, room) if room > 1 else "…"), hit=span.hit))
            break
        pieces.append(Span(text, hit=span.hit and bool(text.strip())))
        room -= len(text)
    if pieces:
        pieces[-1] = Span(pieces[-1].text.rstrip(), hit=pieces[-1].hit)
    return tuple(pieces)


def blanks_out(text: str) -> tuple[str, str, str]:
    """Split a text into the blanks before it, itself, and the blanks after it."""
    inner = text.strip()
    before, _, after = text.partition(inner)
    return before, inner, after


def plain(spans: Marked) -> str:
    """Return a marked text without its marks."""
    return clean("".join(span.text for span in spans)).strip()


def wrap(text: str, indent: int = 0, first: str = "", width: int = 72) -> str:
    """Wrap each line of `text`; long words and addresses stay whole, blank lines go.

    `first` stands before the first line in place of the indent.
    """
    margin = " " * indent
    lines: list[str] = []
    for line in filter(None, map(str.strip, text.splitlines())):
        start = first.ljust(indent) if first and not lines else margin
        lines += textwrap.wrap(
            line,
            width,
            initial_indent=start,
            subsequent_indent=margin,
            break_long_words=False,
            break_on_hyphens=False,
        )
    return "\n".join(lines)


def tidy(text: str) -> str:
    """Return a text without blanks at the ends of lines and with single blank lines."""
    lines: Iterable[str] = map(str.rstrip, text.strip().splitlines())
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)) + "\n"
