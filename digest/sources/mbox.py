"""Many mails in one text, as mboxrd has them (RFC 4155 and its variants).

Each begins with a line ``From …`` after an empty one; such lines within a mail have ``>`` before
them. Nothing here reads what a mail says.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

CONTENT_TYPE = "application/mbox"

_BEGINS = re.compile(rb"(?:\A|(?<=\n\n)|(?<=\n\r\n))From [^\r\n]*\r?\n")
_MARKED = re.compile(rb"^>(>*From )", re.MULTILINE)
_UNMARKED = re.compile(rb"^(>*From )", re.MULTILINE)
_MARK = b"From MAILER-DAEMON Thu Jan  1 00:00:00 1970\n"
"""Who sent it and when is in the mail itself; here it would be said twice."""


def join(mails: Iterable[bytes]) -> bytes:
    """Return mails as one text."""
    return b"".join(_MARK + _marked(mail) + b"\n\n" for mail in mails)


def _marked(mail: bytes) -> bytes:
    return _UNMARKED.sub(rb">\1", mail.replace(b"\r\n", b"\n").rstrip(b"\n"))


def split(text: bytes) -> list[bytes]:
    """Return the mails of a text; one that does not begin as such a file does is one mail."""
    text = text.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n")
    begins = [found.span() for found in _BEGINS.finditer(text)]
    if not begins or begins[0][0]:
        return [text] if text.strip() else []
    ends = [start for start, _ in begins[1:]] + [len(text)]
    return [
        _MARKED.sub(rb"\1", text[start:end]) for (_, start), end in zip(begins, ends, strict=True)
    ]
