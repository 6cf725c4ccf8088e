"""A shelf: one reader's folder of letters, with a manifest of what was written there.

A file that someone changed since it was written, or that was never ours (a daily note of the
same name), is kept as it is; the new one goes beside it. It never deletes a letter, and never
writes outside its folder.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import count
from pathlib import Path

import msgspec
from msgspec.structs import replace

from digest.errors import TemporaryDeliveryError
from digest.messages import Entry
from digest.outputs.files import digest_of, write

MANIFEST = ".digest.json"
_FEED_LENGTH = 20
"""Entries that carry their content, newest first."""


class Manifest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was written to a folder: for whom ("" is the public), and each file's SHA-256.

    `pending` has those of files that are being written: after a power cut, what is on the disk
    is ours by either of the two.
    """

    reader: str = ""
    files: dict[str, str] = {}
    pending: dict[str, str] = {}
    entries: tuple[Entry, ...] = ()


def read_manifest(folder: Path) -> Manifest | None:
    """Return the manifest of a folder; None if it has none. Raises TemporaryDeliveryError."""
    path = folder / MANIFEST
    if not path.is_file():
        return None
    try:
        return msgspec.json.decode(path.read_bytes(), type=Manifest)
    except msgspec.DecodeError as error:
        raise TemporaryDeliveryError(
            f"{path}: cannot be read ({error}); restore it, or delete it: then files that "
            "are there are kept and new ones go beside them"
        ) from error


class Shelf:
    """One reader's folder, open for one delivery. `kept` says what was not overwritten."""

    def __init__(self, folder: Path, reader: str) -> None:
        self.folder = folder
        self.kept: list[str] = []
        self._saved = read_manifest(folder) or Manifest()
        self._reader = reader
        self._files = dict(self._saved.files)
        self._pending = dict(self._saved.pending)
        self._entries = {entry.slot: entry for entry in self._saved.entries}

    def put(self, texts: Mapping[str, str]) -> list[str]:
        """Write files unless that loses someone's change; return the names they have."""
        files = [(name, text.encode("utf-8", "replace")) for name, text in texts.items()]
        ours = {self._choose(name, digest_of(data)): data for name, data in files}
        new = {name: data for name, data in ours.items() if not self._holds(name, data)}
        if new:
            self._pending |= {name: digest_of(data) for name, data in new.items()}
            self.save()
        for name, data in new.items():
            write(self.folder / name, data)
        for name, data in ours.items():
            self._files[name] = digest_of(data)
            self._pending.pop(name, None)
        return list(ours)

    def enter(self, entry: Entry) -> None:
        """List a letter; one of the same slot is replaced, and the new one has its id."""
        before = self._entries.get(entry.slot, entry)
        self._entries[entry.slot] = replace(entry, id=before.id)

    def entries(self) -> list[Entry]:
        """Return what is still in the folder, newest first; the first few with content."""
        there = [entry for each in self._entries.values() if (entry := self._present(each))]
        there.sort(key=lambda entry: entry.slot, reverse=True)
        with_content = [self._with_content(entry) for entry in there[:_FEED_LENGTH]]
        return with_content + there[_FEED_LENGTH:]

    def save(self) -> None:
        """Write the manifest, if it is another than the one on the disk."""
        now = Manifest(
            reader=self._reader,
            files=dict(self._files),
            pending=dict(self._pending),
            entries=tuple(self._entries.values()),
        )
        if now != self._saved:
            packed = msgspec.json.format(msgspec.json.encode(now), indent=1)
            write(self.folder / MANIFEST, packed)
            self._saved = now

    def _choose(self, name: str, digest: str) -> str:
        """Return the name under which a file is to be written, or already is."""
        if not name or Path(name).name != name or name.startswith("."):
            raise TemporaryDeliveryError(f"{name!a}: no name for a file in {self.folder}")
        if self._files.get(name) == digest and (self.folder / name).exists():
            return name
        chosen = self._free(name, digest)
        if chosen != name:
            self.kept.append(f"kept {name}, which is not as it was written: new is {chosen}")
        return chosen

    def _holds(self, name: str, data: bytes) -> bool:
        """Say whether a file needs no writing: it has this content, or its reader's own."""
        digest = digest_of(data)
        found = self._digest(name)
        return found == digest or (bool(found) and self._files.get(name) == digest)

    def _free(self, name: str, digest: str) -> str:
        return next(each for each in _names(name) if self._ours(each, digest))

    def _ours(self, name: str, digest: str) -> bool:
        found = self._digest(name)
        return found in ("", digest, self._files.get(name), self._pending.get(name))

    def _digest(self, name: str) -> str:
        """Return a file's SHA-256; "" if there is none; "?" for what is no plain file."""
        path = self.folder / name
        if path.is_symlink() or (path.exists() and not path.is_file()):
            return "?"
        return digest_of(path.read_bytes()) if path.exists() else ""

    def _present(self, entry: Entry) -> Entry | None:
        html, markdown = (
            name if name and (self.folder / name).is_file() else ""
            for name in (entry.html, entry.markdown)
        )
        return replace(entry, html=html, markdown=markdown) if html or markdown else None

    def _with_content(self, entry: Entry) -> Entry:
        if not entry.html:
            return entry
        content = (self.folder / entry.html).read_text("utf-8", "replace")
        return replace(entry, content=content)


def _names(name: str) -> Iterator[str]:
    """Yield ``x.md``, ``x.new.md``, ``x.new2.md`` …."""
    path = Path(name)
    yield name
    yield f"{path.stem}.new{path.suffix}"
    for number in count(2):
        yield f"{path.stem}.new{number}{path.suffix}"
