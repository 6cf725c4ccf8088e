"""Letters to look at: Markdown on the terminal, HTML in a file. Nothing is sent.

A mail that is no letter has neither: its text stands on the terminal and in a file.

It never lets a control code from a paper's title reach the terminal.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Self
from unicodedata import category

from msgspec import Struct
from msgspec.structs import force_setattr, replace

from digest.errors import TemporaryDeliveryError
from digest.messages import Mail, Message
from digest.outputs.files import located, marked, slug, write
from digest.subscribers import Subscriber


class Preview(
    Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    tag="preview",
    dict=True,
):
    """An ``[[outputs]]`` of kind ``preview``: HTML goes to files in `path`.

    With `quiet`, the Markdown is not printed.
    """

    path: str = "digest-preview"
    quiet: bool = False
    name: str = ""

    def __post_init__(self) -> None:
        """Refuse what is no path."""
        if not self.path.strip() or "\0" in self.path:
            raise ValueError("`path` must name a folder")
        force_setattr(self, "name", self.name or "preview")

    def within(self, folder: str) -> Self:
        """Return this output with its path relative to the config's folder."""
        return replace(self, path=located(folder, self.path))

    def reaches(self, subscriber: Subscriber | None) -> bool:  # noqa: ARG002  Everybody's letter can be looked at.
        """Say yes: everybody's letter can be looked at."""
        return True

    def deliver(self, message: Message, commit: Callable[[], None]) -> str:  # noqa: ARG002  Showing it again does no harm.
        """Write the HTML to a file and the Markdown to standard output; return where the file is.

        A pipe that nobody reads from any more raises BrokenPipeError, as for any command.
        """
        place = Path(self.path) / self._file_name(message)
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            shown = message.rendered.html or message.rendered.text
            write(place, shown.encode("utf-8", "replace"))
            if not self.quiet:
                _show(message.rendered.markdown)
        except BrokenPipeError:
            raise
        except OSError as error:
            reason = error.strerror or error
            raise TemporaryDeliveryError(f"{error.filename or place}: {reason}") from error
        return str(place)

    def check(self) -> str:
        """Return where previews go; there is nothing to try."""
        return f"{self.path}: HTML to look at"

    def close(self) -> None:
        """Nothing is held open."""

    @cached_property
    def _taken(self) -> dict[str, str]:
        """Which reader ("" is the public) has which slug, so that none hides another's letter."""
        return {"public": ""}

    def _file_name(self, message: Message) -> str:
        if isinstance(message.content, Mail):
            return f"{marked(slug(message.key), message.key)}.txt"
        reader = message.subscriber.name if message.subscriber else ""
        base = slug(reader) if reader else "public"
        if self._taken.setdefault(base, reader) != reader:
            base = marked(base, reader)
        return f"{message.content.slot.isoformat()}-{base}.html"


def _show(text: str) -> None:
    clean = "".join(c for c in text if c == "\n" or category(c) != "Cc")
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(clean.encode(encoding, "replace").decode(encoding))
    sys.stdout.write("" if clean.endswith("\n") else "\n")
    sys.stdout.flush()
