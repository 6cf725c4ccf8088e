"""Bytes of a page to text: whose charset it is, and what is no text at all.

Nothing here raises for what a server may send; what is wrong is returned in words.
"""

from __future__ import annotations

import codecs
import re

from digest.papers import Page

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_NO_TEXT = (
    (b"%PDF", "a PDF"),
    (b"\x1f\x8b", "gzip data; unpack it first"),
    (b"PK\x03\x04", "a ZIP file; unpack it first"),
    (b"\x28\xb5\x2f\xfd", "zstd data; unpack it first"),
    (b"BZh", "bzip2 data; unpack it first"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
)
MOST_OPEN = 20_000
"""Elements that may be begun and never ended: the HTML parser slows with their square."""

_HEADER = re.compile(r"charset\s*=\s*[\"']?([\w.:-]{1,40})", re.IGNORECASE)
_DECLARED = re.compile(
    rb"<\?xml[^>]{0,80}encoding=[\"']([\w.:-]{1,40})|<meta[^>]{0,80}charset=[\"']?([\w.:-]{1,40})",
    re.IGNORECASE,
)
_KNOWN = re.compile(
    r"utf-?(?:8|16|32)(?:-?[lb]e)?|(?:us-)?ascii|iso-?8859-\d{1,2}|latin-?1|(?:windows-|cp)125\d"
    r"|koi8-[ru]|gb2312|gbk|gb18030|big5|shift[_-]jis|euc-(?:jp|kr)",
    re.IGNORECASE,
)
_WIDE = re.compile(r"utf-?(?:16|32)", re.IGNORECASE)


def no_text(body: bytes) -> str:
    """Say what a body is that is no text; "" if it may be text."""
    if not body.strip():
        return "nothing: the page is empty"
    for beginning, name in _NO_TEXT:
        if body.startswith(beginning):
            return name
    marked = any(body.startswith(mark) for mark, _ in _MARKS)
    return "binary data" if b"\x00" * 4 in body[:4096] and not marked else ""


def too_deep(html: str) -> bool:
    """Say whether so many elements are left open that parsing HTML would take minutes."""
    ended = html.count("</")
    return html.count("<") - 2 * ended - html.count("/>") > MOST_OPEN


def decode(page: Page) -> tuple[str, str]:
    """Return a page's text, and in words what of it could not be read.

    A byte order mark counts most, then the Content-Type, then what the document says of itself
    (RFC 7303, section 3). What is valid UTF-8 beyond ASCII is never anything else by chance.
    """
    charset, problem = _charset(page)
    if not _WIDE.match(charset):
        try:
            return page.body.decode("utf-8-sig"), problem
        except UnicodeDecodeError as error:
            if charset.lower() in {"utf-8", "utf8", "utf-8-sig", "ascii", "us-ascii"}:
                return _replaced(page.body, "utf-8-sig", error)
    try:
        return page.body.decode(charset), problem
    except UnicodeDecodeError as error:
        return _replaced(page.body, charset, error)


def _replaced(body: bytes, charset: str, error: UnicodeDecodeError) -> tuple[str, str]:
    name = charset.removesuffix("-sig")
    reason = f"is not valid {name} from byte {error.start} on; what cannot be read is marked \ufffd"
    return body.decode(charset, "replace"), reason


def _charset(page: Page) -> tuple[str, str]:
    for mark, charset in _MARKS:
        if page.body.startswith(mark):
            return charset, ""
    header = _HEADER.search(page.content_type)
    declared = _DECLARED.search(page.body[:2048])
    name = header[1] if header else ""
    if not name and declared:
        name = (declared[1] or declared[2]).decode("ascii", "replace")
    if not name or _KNOWN.fullmatch(name):
        return name or "utf-8", ""
    return "utf-8", f"says its charset is `{name}`, which is not known; it was read as utf-8"
