"""Saved pages: a file, a folder or a glob of any kind that a source can read.

It never opens a file: it names addresses, and fetch reads them. What each file is, its content
says.
"""

from __future__ import annotations

import posixpath
from datetime import date, datetime, timedelta
from typing import Self
from urllib.parse import quote

from msgspec import Struct
from msgspec.structs import force_setattr, replace

from digest.papers import Page
from digest.sources import Parsed, Request
from digest.sources.bodies import decode
from digest.sources.forms import APIS, Form, read
from digest.sources.readings import failure
from digest.sources.settings import check_spacing

_OWN: frozenset[Form] = frozenset(
    {
        *("json", "html", "text", "arxiv-api", "announcements", "listing", "feed", "json-feed"),
        *("alert", "mail"),
    }
)
_FORMS = _OWN.union(APIS)


class Files(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="files"
):
    """Saved pages at `path`: a file, a folder, or a glob with ``*``, ``?`` and ``[…]``.

    The address of `requests` is ``file://`` and the absolute path, percent-encoded except for
    ``*?[]``. Who fetches it takes the decoded path as it stands if there is such a file or folder,
    else as a glob; a ``?`` in it begins no query. A folder or a glob is answered by a page of
    ``text/uri-list``: the addresses of the files, one a line, sorted, each percent-encoded in full.
    With `resolve`, papers without an identifier are looked up by title.
    """

    name: str = ""
    path: str
    resolve: bool = False
    spacing: float = 0.0

    def __post_init__(self) -> None:
        check_spacing(self.spacing)
        if not self.path.strip() or "\x00" in self.path:
            raise ValueError("`path` names a file, a folder or a glob")
        force_setattr(self, "name", self.name or "files")

    @property
    def home(self) -> str:
        """Nowhere: saved pages are on the operator's disk."""
        return ""

    def lost(self, since: date, today: date) -> tuple[date, ...]:  # noqa: ARG002 - as in `requests`.
        """Return no day: files are read whole each time."""
        return ()

    def within(self, folder: str) -> Self:
        """Return this source with a relative path taken from `folder`."""
        return replace(self, path=posixpath.join(folder, self.path))

    def requests(self, since: date | None, now: datetime) -> tuple[Request, ...]:  # noqa: ARG002 - files are read whole each time; the diff knows what is new.
        """Return the one address to get."""
        return (self._request(f"file://{quote(self.path, safe='/*?[]')}"),)

    def _request(self, url: str) -> Request:
        return Request(url=url, spacing=timedelta(seconds=self.spacing))

    def parse(self, page: Page) -> Parsed:
        """Read a saved page, or ask for the files of a folder."""
        if page.content_type.partition(";")[0].strip().lower() == "text/uri-list":
            return self._listed(page)
        return read(page, self.name, _FORMS)

    def _listed(self, page: Page) -> Parsed:
        """Ask for each file that is listed; folders in folders are not entered.

        A folder that is empty today is no error; a glob that matches nothing is, and fetch says so.
        """
        lines = [line.strip() for line in decode(page)[0].splitlines() if line.strip()]
        urls = [line for line in lines if line.startswith("file:") and not line.endswith("/")]
        if lines and not urls:
            return failure(page, self.name, "the folder lists no file; check `path`")
        return Parsed(requests=tuple(map(self._request, dict.fromkeys(urls))))
