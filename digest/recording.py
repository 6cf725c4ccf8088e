"""Pages kept as a run fetches them, so that `kept` can give them back.

    DIR/2026-06-12T050000Z/pages.jsonl      a line for each page, in the order in which they came
    DIR/2026-06-12T050000Z/001-arxiv-….xml  a page's body

Each run has a folder of its own, named after the moment at which it believed to be. A page's
line is written once its body is, so that the record of a run that was killed is whole as far
as it goes. Addresses are kept as messages show them, without passwords and tokens; headers are
not. It never fetches by itself, and never says what a page means.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from threading import Lock
from typing import IO

import msgspec
from msgspec import Struct

from digest.addresses import shown
from digest.errors import ConfigError, SourceError
from digest.papers import Page, Validators
from digest.sources import Fetch, Request

INDEX = "pages.jsonl"

_LONGEST_NAME = 80
_ENDINGS = (("json", ".json"), ("html", ".html"), ("xml", ".xml"), ("text/", ".txt"))


class Capture(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A line of the index: what one run got for one address.

    `at` is when the run believed it was; `asked` is the address that the source named, `url`
    the one that answered, each without secrets. `file` has the body; where none came, `error`
    says why.
    """

    at: datetime
    source: str
    asked: str
    url: str = ""
    file: str = ""
    content_type: str = ""
    etag: str = ""
    last_modified: str = ""
    error: str = ""

    def __post_init__(self) -> None:
        """Refuse a moment without a zone, and a file that lies elsewhere."""
        if self.at.tzinfo is None:
            raise ValueError("`at` must have a zone")
        if self.file and (self.file != Path(self.file).name or self.file == ".."):
            raise ValueError("`file` must be a name without a folder")


class Recorder:
    """Fetches by another, and keeps what comes. May be shared by threads.

    It asks without validators, since "unchanged" could not be given back.
    """

    def __init__(self, folder: Path, fetch: Fetch, now: datetime) -> None:
        """Make the folder. Raises ConfigError where that cannot be."""
        self._folder = folder
        self._fetch = fetch
        self._now = now
        self._lock = Lock()
        self._run: Path | None = None
        self._numbers = count(1)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _unwritable(folder, error) from error

    def get(
        self,
        source: str,
        request: Request,
        validators: Validators | None = None,  # noqa: ARG002 - a record holds whole pages.
    ) -> Page | None:
        """Return the page, and keep it. Raises FetchError, and keeps that."""
        asked = hidden(request.url)
        capture = Capture(at=self._now, source=source, asked=asked)
        try:
            page = self._fetch(source, request, None)
        except SourceError as error:
            self._keep(msgspec.structs.replace(capture, error=error.reason), b"")
            raise
        if page is not None:
            self._keep(_described(capture, page), page.body)
        return page

    def _keep(self, capture: Capture, body: bytes) -> None:
        with self._lock:
            try:
                run = self._run = self._run or _own_folder(self._folder, self._now)
                if not capture.error:
                    name = f"{next(self._numbers):03}-{_readable(capture)}"
                    (run / name).write_bytes(body)
                    capture = msgspec.structs.replace(capture, file=name)
                with (run / INDEX).open("ab") as index:
                    _write_line(index, capture)
            except OSError as error:
                raise _unwritable(self._folder, error) from error


def hidden(url: str) -> str:
    """Return an address without passwords and tokens, but with the fragment that a source set."""
    base, sharp, fragment = url.partition("#")
    return shown(base) + sharp + fragment


def _described(capture: Capture, page: Page) -> Capture:
    return msgspec.structs.replace(
        capture,
        url=hidden(page.url),
        content_type=page.content_type,
        etag=page.validators.etag,
        last_modified=page.validators.last_modified,
    )


def _own_folder(folder: Path, now: datetime) -> Path:
    """Make a folder for one run; another run at the same moment has one of its own."""
    name = f"{now.astimezone(UTC):%Y-%m-%dT%H%M%SZ}"
    for number in count(1):
        run = folder / (name if number == 1 else f"{name}-{number}")
        try:
            run.mkdir()
        except FileExistsError:
            continue
        return run
    raise AssertionError("counting ends never")


def _readable(capture: Capture) -> str:
    """Return a name that tells a person what a file is: its source, the end of its address."""
    rest = re.sub(r"^[a-z]+://[^/]*", "", capture.url.partition("#")[0])
    words = re.findall(r"[A-Za-z0-9]+", rest)
    source = re.findall(r"[A-Za-z0-9]+", capture.source)
    name = "-".join((*source, *words))[:_LONGEST_NAME].strip("-")
    kind = capture.content_type.partition(";")[0].lower()
    return name + next((ending for part, ending in _ENDINGS if part in kind), "")


def _write_line(index: IO[bytes], capture: Capture) -> None:
    index.write(msgspec.json.encode(capture) + b"\n")
    index.flush()


def _unwritable(folder: Path, error: OSError) -> ConfigError:
    reason = error.strerror or error
    return ConfigError(f"--record: {folder}: {reason}; name a folder that this user may write to")
