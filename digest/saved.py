"""Files as pages: one file, a folder, or a glob.

Reads regular files alone, so that neither a pipe nor a device can hang a run, and never follows
links to folders while it looks for more, so that no loop can.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path
from urllib.parse import unquote_to_bytes, urldefrag

from digest.errors import FetchError
from digest.papers import Page

MAX_FILES = 10_000
"""How many files a folder or a glob may list."""

_MAGIC = frozenset("*?[")


class _UnusableError(Exception):
    """A file cannot be had; says why and what to do."""


def read(source: str, url: str, *, now: datetime, limit: int) -> Page:
    """Return what a ``file:`` address names; FetchError if that is nothing, or not to be read.

    A folder or a glob gives the addresses of its files, one a line, by name (RFC 2483). What
    exists under the very name is that file, even if the name looks like a glob.
    """
    try:
        path = _path(url)
        if path.is_dir() or (_is_pattern(path) and not path.exists()):
            body, content_type = _listing(_files(path)), "text/uri-list"
        else:
            body, content_type = _bytes(path, limit), ""
    except _UnusableError as error:
        raise FetchError(source, url, str(error)) from error
    except FileNotFoundError as error:
        reason = "no such file or folder; save a page there or correct the path"
        raise FetchError(source, url, reason) from error
    except OSError as error:
        reason = f"{error.strerror or error}; check the path and who may read it"
        raise FetchError(source, url, reason) from error
    return Page(url=url, body=body, content_type=content_type, fetched_at=now)


def _path(url: str) -> Path:
    """Return the path of an address. A bare ``?`` belongs to it: file addresses have no query."""
    rest = urldefrag(url).url.partition(":")[2]
    if rest.startswith("//"):
        host, slash, rest = rest[2:].partition("/")
        if host not in ("", "localhost"):
            raise _UnusableError(f"a file on another machine, `{host}`; copy it here")
        rest = slash + rest
    path = os.fsdecode(unquote_to_bytes(rest))
    if not path or "\0" in path:
        raise _UnusableError("no path; write file:///folder/page.html")
    return Path(path)


def _is_pattern(path: Path) -> bool:
    return not _MAGIC.isdisjoint(str(path))


def _bytes(path: Path, limit: int) -> bytes:
    # Opening a pipe would wait for its other end.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise _UnusableError("neither a file nor a folder; name a saved page")
        body = file.read(limit + 1)
    if len(body) > limit:
        raise _UnusableError(
            f"larger than {limit / 1e6:g} MB; if that is right, raise [http] max_megabytes"
        )
    return body


def _listing(files: list[Path]) -> bytes:
    return "".join(f"{path.absolute().as_uri()}\n" for path in files).encode()


def _files(path: Path) -> list[Path]:
    """Return the regular files of a folder or a glob, by name. An empty folder is no error."""
    if path.is_dir():
        return _first(entry for entry in path.iterdir() if not entry.name.startswith("."))
    base, pattern = _split(path)
    if not base.is_dir():
        raise _UnusableError(f"no such folder as {base}; make it or correct the path")
    os.scandir(base).close()  # Path.glob says nothing of a folder it may not read.
    try:
        files = _first(entry for entry in base.glob(pattern) if not _hidden(entry, base))
    except ValueError as error:
        raise _UnusableError(f"no usable pattern ({error}); correct it") from error
    if not files:
        raise _UnusableError(f"no file in {base} matches {pattern}; correct the pattern")
    return files


def _split(path: Path) -> tuple[Path, str]:
    """Split a glob into the folder it starts from and the pattern."""
    plain = next(n for n, part in enumerate(path.parts) if not _MAGIC.isdisjoint(part))
    return Path(*path.parts[:plain]), str(Path(*path.parts[plain:]))


def _hidden(path: Path, base: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(base).parts)


def _first(paths: Iterator[Path]) -> list[Path]:
    files = list(islice((path for path in paths if path.is_file()), MAX_FILES + 1))
    if len(files) > MAX_FILES:
        raise _UnusableError(f"more than {MAX_FILES} files; name fewer")
    return sorted(files)
