"""Where Google Scholar's alerts are got from."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
import pytest
from reading import NOW

from digest.sources import MailRequest
from digest.sources.scholar import Scholar
from digest.sources.scholar_alerts import SENDERS

SOURCE = Scholar(mbox="/mail/alerts")
SERVER = {"imap": "imap.example.org", "username": "ann@example.org"}


def test_a_file_is_asked_for_as_a_file_address() -> None:
    (request,) = Scholar(mbox="mail/#1 alerts").within("/etc/digest").requests(None, NOW)
    assert request.url == "file:///etc/digest/mail/%231%20alerts#since=2026-06-08"
    assert not isinstance(request, MailRequest)


def test_a_maildir_is_asked_for_its_alerts() -> None:
    (request,) = Scholar(maildir="Mail/.Alerts").within("/home/ann").requests(None, NOW)
    assert isinstance(request, MailRequest)
    assert request.url == "maildir:///home/ann/Mail/.Alerts#since=2026-06-08"
    assert (request.since, request.senders) == (date(2026, 6, 8), SENDERS)


@pytest.mark.parametrize(
    ("settings", "address"),
    [
        ({}, "imaps://ann%40example.org@imap.example.org:993/INBOX"),
        ({"security": "starttls"}, "imap://ann%40example.org@imap.example.org:143/INBOX"),
        ({"folder": "Liste/Übersicht"}, "…:993/Liste%2F%C3%9Cbersicht"),
        ({"port": 1993, "imap": "::1"}, "imaps://ann%40example.org@[::1]:1993/INBOX"),
    ],
)
def test_a_server_is_asked_by_an_address_without_a_password(
    settings: dict[str, Any], address: str
) -> None:
    source = Scholar(**{**SERVER, "password_file": "pw", **settings}).within("/etc/digest")
    (request,) = source.requests(None, NOW)
    assert isinstance(request, MailRequest)
    assert request.url.partition("#")[0].endswith(address.removeprefix("…"))
    assert request.password_file == "/etc/digest/pw"


@pytest.mark.parametrize(
    ("since", "bound"),
    [
        (None, "2026-06-08"),
        (date(2026, 6, 15), "2026-06-13"),
        (date(2026, 1, 1), "2026-05-30"),
        (date(2030, 1, 1), "2026-06-13"),
    ],
    ids=["first read", "today", "an outage", "a clock that was ahead"],
)
def test_mails_of_two_more_days_are_read(since: date | None, bound: str) -> None:
    (request,) = SOURCE.requests(since, NOW)
    assert request.url.endswith(f"#since={bound}")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "set one of"),
        ({"mbox": "a", "maildir": "b"}, "set one of"),
        ({"imap": "imap.example.org"}, "wants a `username`"),
        ({**SERVER, "imap": "imaps://x"}, "name of a mail server"),
        ({**SERVER, "folder": " "}, "name of a folder"),
        ({**SERVER, "folder": "a\nb"}, "name of a folder"),
        ({**SERVER, "port": 70000}, "`port`"),
        ({**SERVER, "security": "none"}, "in plain text"),
        ({**SERVER, "password": "secret"}, "DIGEST_IMAP_PASSWORD"),
        ({**SERVER, "password_command": "pass 'x"}, "quotation"),
        ({"mbox": "a\0"}, "are paths"),
    ],
)
def test_misuse_is_refused_when_the_config_is_read(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=said) as caught:
        msgspec.convert({"kind": "scholar", **settings}, Scholar)
    assert "secret" not in str(caught.value)


def test_its_home_is_the_list_of_alerts() -> None:
    assert SOURCE.home.startswith("https://scholar.google.com/scholar_alerts")
