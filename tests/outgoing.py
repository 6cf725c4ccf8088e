"""Letters to send, and outputs to send them by."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from mailserver import MailServer

from digest.errors import DeliveryError
from digest.letters import Letter, Receipt
from digest.messages import Entry, Mail, Message, Pages, Rendered, as_rendered, no_pages
from digest.outputs import Output
from digest.outputs.directory import Directory
from digest.outputs.smtp import Smtp
from digest.subscribers import Subscriber

SENDER = "Paper digest <digest@example.org>"


def a_message(  # noqa: PLR0913  A builder: each argument is a thing tests vary.
    name: str = "Ann",
    email: str = "ann@example.org",
    *,
    slot: date = date(2026, 6, 12),
    subject: str = "3 papers for you",
    title: str = "Paper digest",
    html: str = "<html><body><h1>Papers</h1></body></html>",
    text: str = "Papers",
    markdown: str = "# Papers",
    reply_to: str = "",
    pages: Pages = no_pages,
    test: bool = False,
) -> Message:
    """Return a letter on its way; to the public if `name` is ""."""
    letter = Letter(
        slot=slot,
        made_at=datetime(2026, 6, 12, 5, tzinfo=UTC),
        subscriber=name,
        title=title,
        items=(),
        receipt=Receipt(read=0, sources=()),
        test=test,
    )
    return Message(
        key=letter.key,
        message_id=f"<{slot.isoformat()}.{len(name)}@example.org>",
        content=letter,
        rendered=Rendered(
            subject=subject, preheader="In short", html=html, text=text, markdown=markdown
        ),
        subscriber=Subscriber(name=name, email=email) if name else None,
        title=title,
        reply_to=reply_to,
        date=datetime(2026, 6, 12, 5, 30, tzinfo=UTC),
        pages=pages,
    )


def an_alarm(**changes: Any) -> Message:
    """Return a mail that is no letter."""
    fields: dict[str, Any] = {
        "recipient": "ops@example.org",
        "subject": "Paper digest: arxiv fails",
        "text": "Look at it.\n",
        "made_at": datetime(2026, 6, 12, 5, tzinfo=UTC),
    }
    mail = Mail(**fields | changes)
    return Message(
        key="alarm/source/arxiv/2026-06-12T05:00:00+00:00",
        message_id="<alarm@example.org>",
        content=mail,
        rendered=as_rendered(mail),
        subscriber=None,
        title="Paper digest",
        date=mail.made_at,
    )


LETTER = a_message()


def smtp(port: int, **settings: Any) -> Smtp:
    usual = {"host": "localhost", "sender": SENDER, "security": "none", "timeout": 5.0}
    return Smtp(**{**usual, "port": port, **settings})


class Commits:
    """Count commits, and look what the server had when each came."""

    def __init__(self, server: MailServer | None = None) -> None:
        self.times = 0
        self.server = server
        self.arrived: list[int] = []

    def __call__(self) -> None:
        self.times += 1
        if self.server:
            self.arrived.append(len(self.server.mailbox.envelopes))


def failed(output: Output, commit: Callable[[], None], letter: Message = LETTER) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        output.deliver(letter, commit)
    output.close()
    return caught.value


def pages(entries: Sequence[Entry], base_url: str) -> Mapping[str, str]:
    """Return pages as templates would make them, for the eye of a test."""
    lines = [f"{each.slot} {each.html} {each.markdown} {each.subject}" for each in entries]
    feed = [f"{base_url}{each.html} {each.id} {each.content}" for each in entries]
    return {"index.html": "\n".join(lines), "feed.xml": "\n".join(feed)}


def never() -> None:
    raise AssertionError("writing a file again does no harm, so nothing is in doubt")


def letter(name: str = "Ann", **changes: Any) -> Message:
    return a_message(name, pages=pages, **changes)


def directory(path: Path, **settings: Any) -> Directory:
    return Directory(path=str(path), **settings)


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}
