"""Whole runs with Google Scholar's alerts: from a folder of mails to a letter."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from imapserver import PASSWORD, Mails, imap_server
from reading import own
from running import Newsroom, newsroom, text_of

from digest.sources.mbox import split

ALERTS = split(own("alerts.mbox").encode())
ANN = """
[[subscribers]]
name = "Ann"
email = "ann@example.org"
keywords = ["engine", "gelocht"]
"""
MBOX = '[[sources]]\nkind = "scholar"\nmbox = "mbox"\n'
MAILDIR = '[[sources]]\nkind = "scholar"\nmaildir = "Mail"\n'
HUGGINGFACE = '[[sources]]\nkind = "huggingface"\nbase_url = "{base}"\nspacing = 0\n'
SERVER = """[[sources]]
kind = "scholar"
imap = "localhost"
username = "ann"
security = "none"
port = {imap}
"""


@pytest.fixture(params=["mbox", "maildir", "imap"])
def room(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Newsroom]:
    monkeypatch.setenv("DIGEST_IMAP_PASSWORD", PASSWORD)
    (tmp_path / "mbox").write_text(own("alerts.mbox"), encoding="utf-8")
    for part in ("new", "cur"):
        (tmp_path / "Mail" / part).mkdir(parents=True)
    for number, mail in enumerate(ALERTS[:3]):
        (tmp_path / "Mail" / "new" / f"178130000{number}.host").write_bytes(mail)
    with imap_server(Mails(folders={"INBOX": ALERTS})) as port:
        server = SERVER.replace("{imap}", str(port))
        sources = {"mbox": MBOX, "maildir": MAILDIR, "imap": server}[request.param]
        with newsroom(tmp_path, sources=sources, subscribers=ANN) as room:
            yield room


def test_alerts_come_in_a_letter_once(room: Newsroom) -> None:
    assert room.once("2026-06-13").code == 0
    (mail,) = room.mails
    letter = text_of(mail)
    assert "Notes on an Analytical Engine" in letter
    assert "Kärtchen, gelocht" in letter
    assert "https://arxiv.org/abs/2606.00001" in letter
    assert room.once("2026-06-14").code == 0
    assert len(room.mails) == 1


def test_the_check_says_how_many_papers_there_are(room: Newsroom) -> None:
    result = room.run("check")
    (line,) = (each for each in result.out.splitlines() if "scholar" in each)
    assert "papers at " in line


def test_what_another_source_says_whole_replaces_a_beginning(room: Newsroom) -> None:
    room.configure(sources=room.sources + HUGGINGFACE)
    paper = {
        "id": "2606.00001",
        "title": "Notes on an Analytical Engine",
        "summary": "We describe an engine that computes what a loom weaves.",
        "authors": [{"name": "Ada Lovelace"}, {"name": "Charles Babbage"}],
        "upvotes": 3,
        "publishedAt": "2026-06-01T12:00:00.000Z",
    }
    room.huggingface("2026-06-12", paper)
    assert room.once("2026-06-13").code == 0
    letter = text_of(room.mails[0])
    assert letter.count("Notes on an Analytical Engine") == 1
    assert "what a loom weaves" in letter
    assert "weaves algebraic" not in letter
    assert "Ada Lovelace" in letter
