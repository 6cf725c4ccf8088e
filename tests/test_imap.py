"""Looking into a folder of a real mail server, on loopback."""

from __future__ import annotations

import base64
import re
import ssl
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st
from imapserver import PASSWORD, USERNAME, Mails, imap_server
from mailserver import silent_server
from reading import NOW, own

from digest.errors import FetchError
from digest.fetch import Fetcher, HttpSettings
from digest.imap import AT_ONCE, encoded, spoken
from digest.papers import Page
from digest.sources.mbox import split
from digest.sources.scholar import Scholar

ALERTS = split(own("alerts.mbox").encode())


@pytest.fixture(autouse=True)
def _password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIGEST_IMAP_PASSWORD", PASSWORD)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def ca_file(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(path)
    return str(path)


@pytest.fixture
def mails() -> Mails:
    return Mails(folders={"INBOX": list(ALERTS)})


@pytest.fixture
def port(mails: Mails) -> Iterator[int]:
    with imap_server(mails) as port:
        yield port


def certified(authority: trustme.CA, name: str = "localhost") -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


def fetched(port: int, *, silence: float = 5, megabytes: float = 1, **settings: Any) -> Page:
    made: dict[str, Any] = {"imap": "localhost", "username": USERNAME, "security": "none"}
    source = Scholar(**{**made, "port": port, **settings})
    (request,) = source.requests(date(2026, 6, 12), NOW)
    http = HttpSettings(timeout=silence, max_megabytes=megabytes)
    with Fetcher(http, now=NOW) as fetcher:
        page = fetcher.get("scholar", request)
    assert page is not None
    return page


def refusal(port: int, **settings: Any) -> str:
    with pytest.raises(FetchError) as caught:
        fetched(port, **settings)
    said = f"{caught.value} {caught.value.__cause__} {caught.value.__context__}"
    assert PASSWORD not in said
    return str(caught.value)


def test_alerts_are_had_since_a_day_and_nothing_is_marked(mails: Mails, port: int) -> None:
    page = fetched(port)
    assert page.content_type == "application/mbox"
    assert page.url == f"imap://ann@localhost:{port}/INBOX#since=2026-06-10"
    assert len(split(page.body)) == 2
    parsed = Scholar(imap="localhost", username="ann").parse(page)
    assert [each.day for each in parsed.sightings] == [date(2026, 6, 11)] * 3 + [date(2026, 6, 13)]
    assert not {"SELECT", "STORE", "UID_STORE"} & set(mails.commands)
    assert mails.commands[-1] == "LOGOUT"


def test_a_folder_without_alerts_is_an_empty_page(mails: Mails, port: int) -> None:
    mails.folders["INBOX"] = [ALERTS[1]]
    assert fetched(port).body == b""


def test_many_mails_are_had_in_several_commands(mails: Mails, port: int) -> None:
    mails.folders["INBOX"] = [ALERTS[2]] * (AT_ONCE + 1)
    assert len(split(fetched(port).body)) == AT_ONCE + 1
    assert mails.commands.count("UID_FETCH") == 2


def test_a_folder_of_any_name_is_opened(mails: Mails, port: int) -> None:
    mails.folders['Liste/&ANw-bersicht "&- mehr'] = [ALERTS[2]]
    assert fetched(port, folder='Liste/Übersicht "& mehr').body


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_a_password_goes_over_tls(
    mails: Mails, authority: trustme.CA, ca_file: str, security: str
) -> None:
    context = certified(authority)
    mails.tls = context if security == "starttls" else None
    with imap_server(mails, tls=context if security == "tls" else None) as port:
        assert fetched(port, security=security, ca_file=ca_file).body
    assert ("STARTTLS" in mails.commands) == (security == "starttls")


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_a_certificate_that_is_not_trusted_ends_it(
    mails: Mails, authority: trustme.CA, security: str
) -> None:
    context = certified(authority)
    mails.tls = context if security == "starttls" else None
    with imap_server(mails, tls=context if security == "tls" else None) as port:
        assert "its certificate is not trusted" in refusal(port, security=security)
    assert "AUTHENTICATE" not in mails.commands


def test_security_is_never_lowered(mails: Mails, port: int) -> None:
    assert "it offers no STARTTLS" in refusal(port, security="starttls")
    assert "no TLS" in refusal(port, security="tls")
    assert "AUTHENTICATE" not in mails.commands


@pytest.mark.parametrize("echoes", [False, True], ids=["curtly", "repeating it"])
@pytest.mark.parametrize("offers", ["IMAP4rev1 AUTH=PLAIN", "IMAP4rev1"], ids=["PLAIN", "LOGIN"])
def test_a_wrong_password_is_told_without_telling_it(
    mails: Mails, port: int, monkeypatch: pytest.MonkeyPatch, offers: str, *, echoes: bool
) -> None:
    monkeypatch.setenv("DIGEST_IMAP_PASSWORD", "wrong-one")
    mails.capabilities, mails.echoes = offers, echoes
    said = refusal(port)
    assert "no login as ann: " in said
    assert "Invalid login" in said
    assert "wrong-one" not in said


def test_a_password_that_no_login_can_carry_is_said(mails: Mails, port: int) -> None:
    mails.capabilities = "IMAP4rev1"
    assert "the server takes no AUTH=PLAIN" in refusal(port)


def test_a_missing_password_says_where_it_may_be_put(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DIGEST_IMAP_PASSWORD")
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    assert "set DIGEST_IMAP_PASSWORD, the systemd credential `imap_password`" in refusal(port)


def test_a_password_is_read_where_the_source_says(
    port: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DIGEST_IMAP_PASSWORD", "wrong")
    file = tmp_path / "imap_password"
    file.write_text(PASSWORD, encoding="utf-8")
    file.chmod(0o600)
    assert fetched(port, password_file=str(file)).body
    assert fetched(port, password_command=f"cat '{file}'").body


def test_a_missing_folder_is_named(port: int) -> None:
    assert "no folder `Alerts`: [NONEXISTENT] Unknown folder" in refusal(port, folder="Alerts")


def test_a_server_that_refuses_is_said() -> None:
    with silent_server() as port:
        pass
    assert "no connection: Connection refused" in refusal(port)


@pytest.mark.parametrize("security", ["none", "tls"])
def test_a_server_that_never_says_a_word_is_given_up(security: str) -> None:
    with silent_server() as port:
        assert "no answer in 0.1 s" in refusal(port, silence=0.1, security=security)


@pytest.mark.parametrize(
    "command", ["CAPABILITY", "AUTHENTICATE", "EXAMINE", "UID_SEARCH", "UID_FETCH"]
)
def test_a_server_that_falls_silent_is_given_up(mails: Mails, port: int, command: str) -> None:
    mails.hangs_at = command
    assert "no answer in 0.2 s" in refusal(port, silence=0.2)


def test_a_server_that_drips_is_given_up(mails: Mails, port: int) -> None:
    mails.hangs_at, mails.drips = "UID_SEARCH", True
    assert "not done after 0.4 s" in refusal(port, silence=0.1)


def test_what_is_no_mail_server_is_said(mails: Mails, port: int) -> None:
    mails.greeting = b"HTTP/1.1 400 Bad Request\r\n\r\n"
    assert "is no IMAP server" in refusal(port)


def test_a_mail_that_is_too_large_is_not_read(mails: Mails, port: int) -> None:
    mails.announced = 1_000_000_000_000
    assert "raise [http] max_megabytes" in refusal(port)


def test_too_many_mails_are_refused(mails: Mails, port: int) -> None:
    mails.folders["INBOX"] = [ALERTS[2]] * 1001
    assert "more than 1000 mails since 2026-06-10" in refusal(port)


def test_a_day_is_said_in_english() -> None:
    assert spoken(date(2026, 6, 1)) == "01-Jun-2026"


@given(st.text(st.characters(codec="utf-8")))
def test_a_folders_name_is_ascii_and_comes_back(folder: str) -> None:
    name = encoded(folder)
    assert name.isascii()
    assert name.isprintable()
    assert re.sub("&([^-]*)-", _unshifted, name) == folder


def _unshifted(found: re.Match[str]) -> str:
    coded = found[1].replace(",", "/")
    return base64.b64decode(coded + "=" * (-len(coded) % 4)).decode("utf-16-be") or "&"
