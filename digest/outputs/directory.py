"""A folder of letters: Markdown and HTML by date, with an index page and an Atom feed.

For the public the files lie in the folder itself, to be served; for subscribers, each reader has
a folder of her own in it, and these are never meant to be served. Delivering a letter again
gives the same files, so nothing here is ever in doubt. It never overwrites what someone changed.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import Literal, Self
from urllib.parse import quote

from msgspec import Struct
from msgspec.structs import force_setattr, replace

from digest.errors import PermanentDeliveryError, TemporaryDeliveryError
from digest.letters import Letter
from digest.messages import Entry, Mail, Message
from digest.outputs.files import located, marked, slug, try_writing
from digest.outputs.shelf import MANIFEST, Shelf, read_manifest
from digest.subscribers import Subscriber

_ONE_AT_A_TIME = Lock()
"""Two readers whose names have one slug must not both find its folder free."""


class Directory(
    Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    tag="directory",
):
    """An ``[[outputs]]`` of kind ``directory``. `base_url` is where the folder is served."""

    path: str
    audience: Literal["subscribers", "public"] = "subscribers"
    base_url: str = ""
    name: str = ""

    def __post_init__(self) -> None:
        """Refuse what is no path or no address."""
        if not self.path.strip() or "\0" in self.path:
            raise ValueError("`path` must name a folder")
        if self.base_url and not self.base_url.startswith(("https://", "http://")):
            raise ValueError("`base_url` must begin with https:// or http://")
        force_setattr(self, "name", self.name or "directory")

    def within(self, folder: str) -> Self:
        """Return this output with its path relative to the config's folder."""
        return replace(self, path=located(folder, self.path))

    def reaches(self, subscriber: Subscriber | None) -> bool:
        """Say whether letters of this reader belong here."""
        return (subscriber is None) == (self.audience == "public")

    def deliver(self, message: Message, commit: Callable[[], None]) -> str:  # noqa: ARG002  Writing it again does no harm.
        """Write a letter's files, then the index and the feed; return where, and what was kept."""
        if isinstance(message.content, Mail):
            raise PermanentDeliveryError(f"{self.path}: a folder takes letters alone")
        if not self.reaches(message.subscriber):
            raise TemporaryDeliveryError(
                f"{self.path}: `audience` is {self.audience}: this letter does not belong there"
            )
        try:
            with _ONE_AT_A_TIME:
                return self._write(message, message.content)
        except OSError as error:
            raise _unwritable(self.path, error) from error

    def check(self) -> str:
        """Try to write to the folder, or to what exists above it."""
        try:
            self._refuse_mixing()
            try_writing(Path(self.path))
        except OSError as error:
            raise _unwritable(self.path, error) from error
        return f"{self.path}: writable, for {self.audience}"

    def close(self) -> None:
        """Nothing is held open."""

    def _write(self, message: Message, letter: Letter) -> str:
        self._refuse_mixing()
        reader = message.subscriber.name if message.subscriber else ""
        folder = self._folder(reader)
        shelf = Shelf(folder, reader)
        base_url = self._base_url(folder)
        place = _put_letter(shelf, message, letter)
        shelf.put(message.pages(shelf.entries(), base_url))
        shelf.save()
        return "; ".join([str(folder / place), *shelf.kept])

    def _folder(self, reader: str) -> Path:
        """Return the reader's folder, made if need be; it lies in `path`, whatever links say."""
        root = Path(self.path)
        root.mkdir(parents=True, exist_ok=True)
        folder = _own_folder(root, reader) if reader else root
        folder.mkdir(exist_ok=True)
        if not folder.resolve().is_relative_to(root.resolve()):
            raise TemporaryDeliveryError(f"{folder}: a link that leads out of {root}; remove it")
        return folder

    def _base_url(self, folder: Path) -> str:
        if not self.base_url:
            return ""
        base = f"{self.base_url.rstrip('/')}/"
        return base if self.audience == "public" else f"{base}{quote(folder.name)}/"

    def _refuse_mixing(self) -> None:
        """Keep letters of subscribers out of a folder that is served to everyone."""
        root = Path(self.path).resolve()
        if self.audience == "subscribers":
            above = (read_manifest(place) for place in (root, *root.parents))
            mixed = any(manifest and not manifest.reader for manifest in above)
        else:
            below = (*root.glob(f"*/{MANIFEST}"), *root.glob(f"*/*/{MANIFEST}"))
            mixed = any((found := read_manifest(path.parent)) and found.reader for path in below)
        if mixed:
            raise TemporaryDeliveryError(
                f"{self.path}: letters of subscribers and the public's would lie in one folder; "
                "give each output a `path` of its own"
            )


def _own_folder(root: Path, reader: str) -> Path:
    """Return the folder that has this reader's letters, or the first that has nobody's."""
    base = slug(reader)
    places = (root / base, root / marked(base, reader))
    manifests = [read_manifest(place) for place in places]
    for place, manifest in zip(places, manifests, strict=True):
        if manifest and manifest.reader == reader:
            return place
    for place, manifest in zip(places, manifests, strict=True):
        if manifest is None:
            return place
    raise TemporaryDeliveryError(f"{places[1]}: belongs to another reader; move it away")


def _put_letter(shelf: Shelf, message: Message, letter: Letter) -> str:
    """Write a letter's two files and list it, unless it is only a test; return the HTML's name."""
    stem = f"{letter.slot.isoformat()}{'-test' if letter.test else ''}"
    rendered = message.rendered
    html, markdown = shelf.put({f"{stem}.html": rendered.html, f"{stem}.md": rendered.markdown})
    if not letter.test:
        shelf.enter(
            Entry(
                id=uuid.uuid5(uuid.NAMESPACE_URL, f"mid:{message.message_id}").urn,
                slot=letter.slot,
                subject=rendered.subject,
                summary=rendered.preheader,
                updated=letter.made_at,
                html=html,
                markdown=markdown,
            )
        )
    return html


def _unwritable(path: str, error: OSError) -> TemporaryDeliveryError:
    place = Path(error.filename or path)
    place = place.parent if place.suffix == ".tmp" else place
    return TemporaryDeliveryError(
        f"{place}: {error.strerror or error}; make room or let this user write there"
    )
