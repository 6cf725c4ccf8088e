"""Google Scholar, by the alerts it mails: from a Maildir, an mbox file, or a folder of a server.

Google Scholar has no interface for programs and forbids to read its pages by one; its mails are
meant to be read. A paper's day is the day of the mail. Mails that are no alerts are passed over.
It never fetches, and nothing is marked as read, moved or deleted.
"""

from __future__ import annotations

import posixpath
import re
import shlex
from datetime import UTC, date, datetime, timedelta
from typing import Any, Self
from urllib.parse import quote

from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import force_setattr, replace

from digest.papers import Page
from digest.sources import MailRequest, Parsed, Request, Security, fields
from digest.sources.bodies import decode, no_text
from digest.sources.periods import earliest
from digest.sources.readings import failure
from digest.sources.scholar_alerts import SENDERS, read_alert, read_folder

HOME = "https://scholar.google.com/scholar_alerts?view_op=list_alerts"

FIRST_READ_DAYS = 7
"""How far back a first read goes: alerts come every few days."""

LATE_DAYS = 2
"""A mail may be so many days under way, or be filed so late."""

_PORTS: dict[Security, int] = {"tls": 993, "starttls": 143, "none": 143}
_LOOPBACK = re.compile(r"localhost|127(?:\.\d{1,3}){3}|::1")
_HOST = re.compile(r"[\w.-]+|[0-9A-Fa-f:]+")
_SINCE = re.compile(r"#since=(\d{4}-\d\d-\d\d)$")


class Scholar(
    Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    tag="scholar",
):
    """The alerts in `maildir`, in the file `mbox`, or in `folder` of the server `imap`.

    `port` is 993 or 143 by `security` unless set. `ca_file` replaces the system's certificate
    authorities. `password` stands here only to be refused. With `resolve`, papers without an
    identifier are looked up by title.
    """

    name: str = ""
    maildir: str = ""
    mbox: str = ""
    imap: str = ""
    username: str = ""
    folder: str = "INBOX"
    port: int = 0
    security: Security = "tls"
    ca_file: str = ""
    password_command: str | tuple[str, ...] = ""
    password_file: str = ""
    resolve: bool = False
    password: Any | UnsetType = UNSET

    def __post_init__(self) -> None:
        if self.password is not UNSET:
            raise ValueError(
                "`password` does not belong in the config: set DIGEST_IMAP_PASSWORD, the systemd "
                "credential `imap_password`, `password_command` or `password_file`"
            )
        if sum(map(bool, (self.maildir, self.mbox, self.imap))) != 1:
            raise ValueError("set one of `maildir`, `mbox` and `imap`")
        if "\x00" in self.maildir + self.mbox:
            raise ValueError("`maildir` and `mbox` are paths")
        if self.imap:
            self._check_server()
        force_setattr(self, "port", self.port or _PORTS[self.security])
        force_setattr(self, "name", self.name or "scholar")

    def _check_server(self) -> None:
        if not _HOST.fullmatch(self.imap):
            raise ValueError("`imap` is the name of a mail server such as imap.example.org")
        if not self.username.strip() or not self.username.isprintable():
            raise ValueError("`imap` wants a `username`")
        if not self.folder.strip() or not self.folder.isprintable():
            raise ValueError("`folder` is the name of a folder such as INBOX")
        if not 0 <= self.port <= 65535:  # noqa: PLR2004 - the highest port.
            raise ValueError("`port` must be from 1 to 65535")
        if self.security == "none" and not _LOOPBACK.fullmatch(self.imap):
            raise ValueError(
                '`security = "none"` would send the password in plain text; use "tls" or "starttls"'
            )
        if isinstance(self.password_command, str):
            shlex.split(self.password_command)

    @property
    def home(self) -> str:
        """The page where a person sees and changes their alerts."""
        return HOME

    def within(self, folder: str) -> Self:
        """Return this source with its paths relative to `folder`."""
        paths = ("maildir", "mbox", "ca_file", "password_file")
        found = {each: path for each in paths if (path := getattr(self, each))}
        return replace(self, **{each: posixpath.join(folder, path) for each, path in found.items()})

    def requests(self, since: date | None, now: datetime) -> tuple[Request, ...]:
        """Return what to get; the fragment tells `parse` from which day on mails count."""
        today = now.astimezone(UTC).date()
        bound = earliest(since, today, at_first=FIRST_READ_DAYS, further=LATE_DAYS)
        if self.mbox:
            return (_file(f"file://{quote(self.mbox)}#since={bound}"),)
        return (
            MailRequest(
                url=f"{self._address()}#since={bound}",
                since=bound,
                senders=SENDERS,
                security=self.security,
                ca_file=self.ca_file,
                password_command=self.password_command,
                password_file=self.password_file,
            ),
        )

    def _address(self) -> str:
        if self.maildir:
            return f"maildir://{quote(self.maildir)}"
        scheme = "imaps" if self.security == "tls" else "imap"
        host = f"[{self.imap}]" if ":" in self.imap else self.imap
        user, folder = quote(self.username, safe=""), quote(self.folder, safe="")
        return f"{scheme}://{user}@{host}:{self.port}/{folder}"

    def parse(self, page: Page) -> Parsed:
        """Read mails, or the HTML of one."""
        if not page.body.strip():
            return Parsed()
        if nothing := no_text(page.body):
            return failure(page, self.name, f"expected mails, got {nothing}")
        if page.content_type.startswith("text/uri-list"):
            return failure(page, self.name, "`mbox` is a folder; if it is a Maildir, say `maildir`")
        if page.body.lstrip()[:1] == b"<":
            return read_alert(page, decode(page)[0], self.name)
        since = _SINCE.search(page.url)
        return read_folder(page, self.name, fields.day(since[1]) if since else None)


def _file(url: str) -> Request:
    return Request(url=url, spacing=timedelta())
