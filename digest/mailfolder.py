"""The mails of some senders, from a Maildir or, by `imap`, from a server, as one page.

A Maildir (https://cr.yp.to/proto/maildir.html) is looked at by the age of its files, so that an
old and large one costs little. Nothing is moved, renamed or marked as read. What a mail says is
for sources to read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, time
from pathlib import Path
from urllib.parse import unquote

from digest.errors import FetchError
from digest.papers import Page
from digest.sources import MailRequest
from digest.sources.mbox import CONTENT_TYPE, join

MOST_MAILS = 1000
"""How many mails a page may have; alerts of two weeks are some dozens."""

PASSES = 2
"""A mail program renames a mail as it is read: what was gone is looked for once more."""

_HEAD = 65_536
"""Bytes of a mail in which its sender must be named."""

_FROM = re.compile(rb"^From:(?:[^\n]|\n[ \t])*", re.IGNORECASE | re.MULTILINE)


class _UnusableError(Exception):
    """A folder cannot be had; says why and what to do."""


def read(source: str, request: MailRequest, *, now: datetime, limit: int, silence: float) -> Page:
    """Return the mails that a request means; FetchError if they cannot be had.

    `limit` is the most bytes of all mails, `silence` how long a server may say nothing, in seconds.
    """
    if not request.url.startswith("maildir:"):
        from digest import imap  # noqa: PLC0415 - only who reads mail from a server pays for it.

        mails = imap.read(source, request, most=MOST_MAILS, limit=limit, silence=silence)
    else:
        try:
            mails = _maildir(request, limit)
        except _UnusableError as error:
            raise FetchError(source, request.url, str(error)) from error
        except OSError as error:
            reason = f"{error.strerror or error}; check the path and who may read it"
            raise FetchError(source, request.url, reason) from error
    body = join(mails)
    return Page(url=request.url, body=body, content_type=CONTENT_TYPE, fetched_at=now)


def _maildir(request: MailRequest, limit: int) -> list[bytes]:
    """Return the mails of a Maildir, oldest first."""
    folder = Path(unquote(request.url.partition("#")[0].removeprefix("maildir://")))
    parts = [part for name in ("new", "cur") if (part := folder / name).is_dir()]
    if not parts:
        what = "no Maildir, which has folders `new` and `cur`" if folder.is_dir() else "no folder"
        raise _UnusableError(f"{what}; name the folder of one mailbox")
    since = datetime.combine(request.since, time(), UTC).timestamp()
    found: dict[str, bytes] = {}
    for path in young(parts, since):
        unique = path.name.partition(":")[0]
        if unique not in found:
            with suppress(FileNotFoundError):
                found[unique] = _mail(path, request.senders, limit)
                limit -= len(found[unique])
    mails = [found[unique] for unique in sorted(found) if found[unique]]
    if len(mails) > MOST_MAILS:
        raise _UnusableError(f"more than {MOST_MAILS} mails; file the alerts in a folder of theirs")
    return mails


def young(parts: list[Path], since: float) -> Iterator[Path]:
    """Yield the files that arrived since then, and those again that may have been renamed."""
    for _ in range(PASSES):
        for part in parts:
            for path in sorted(part.iterdir()):
                with suppress(FileNotFoundError):
                    if path.is_file() and path.stat().st_mtime >= since:
                        yield path


def _mail(path: Path, senders: tuple[str, ...], limit: int) -> bytes:
    """Return a mail, or nothing if another sent it."""
    with path.open("rb") as file:
        head = file.read(_HEAD)
        named = _FROM.search(head.partition(b"\n\n")[0].partition(b"\r\n\r\n")[0])
        if not named or not any(each.encode() in named[0].lower() for each in senders):
            return b""
        mail = head + file.read(max(limit, 0) + 1)
    if len(mail) > limit:
        raise _UnusableError(
            "its mails are too large; if that is right, raise [http] max_megabytes"
        )
    return mail
