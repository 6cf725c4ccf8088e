"""What letters are written with: the templates, the addresses in them, their Message-IDs.

It never sends, and never decides what a letter tells.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from digest.config import Config
from digest.letters import Letter
from digest.messages import Entry, Rendered
from digest.outputs.sendmail import Sendmail
from digest.outputs.smtp import Smtp

if TYPE_CHECKING:
    from digest.render import Renderer


class Stationery:
    """What turns letters into their forms, made when the first letter needs it."""

    def __init__(self, config: Config) -> None:
        self._config = config

    @cached_property
    def renderer(self) -> Renderer:
        """The templates. Raises RenderError."""
        from digest.render import Renderer  # noqa: PLC0415 - only a letter pays for Jinja

        templates = self._config.newsletter.templates
        return Renderer(Path(templates) if templates else None)

    def render(self, letter: Letter) -> Rendered:
        """Return a letter in all its forms."""
        return self.renderer.letter(letter, leave=self.leave)

    def pages(self, entries: Sequence[Entry], base_url: str) -> Mapping[str, str]:
        """Return an archive's index and feed."""
        return self.renderer.pages(entries, title=self._config.newsletter.title, base_url=base_url)

    @property
    def leave(self) -> str:
        """Where a reader stops her letter: a ``mailto:``, or "" where nobody reads mail."""
        address = reply_address(self._config)
        return f"mailto:{quote(address, safe='@')}?subject=unsubscribe" if address else ""


def reply_address(config: Config) -> str:
    """Return the bare address that readers write to, or ""."""
    from digest.mail import split_sender  # noqa: PLC0415 - only a letter pays for it

    written = [config.newsletter.reply_to]
    written += [each.reply_to or each.sender for each in mailers(config)]
    return next((split_sender(each)[1] for each in written if each), "")


def mailers(config: Config) -> list[Smtp | Sendmail]:
    """Return the outputs that send mail."""
    return [each for each in config.outputs if isinstance(each, (Smtp, Sendmail))]


class MessageIds:
    """Names messages: the same key and output give the same Message-ID under one secret."""

    def __init__(self, config: Config, secret: bytes) -> None:
        self._senders = {each.name: each.sender for each in mailers(config)}
        self._secret = secret

    def __call__(self, key: str, output: str) -> str:
        """Return a Message-ID in the domain of the output's sender."""
        from digest.mail import domain_of, message_id  # noqa: PLC0415 - only a letter pays for it

        sender = self._senders.get(output, "")
        domain = domain_of(sender) if sender else "localhost"
        return message_id(f"{key} {output}", domain, self._secret)
