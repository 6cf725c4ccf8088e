"""Maildirs, as pages of mails."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from reading import NOW, own, read

from digest import mailfolder
from digest.errors import FetchError
from digest.fetch import Fetcher, HttpSettings
from digest.papers import Page
from digest.sources.mbox import split
from digest.sources.scholar import Scholar

ALERTS = split(own("alerts.mbox").encode())
JUNE_12 = datetime(2026, 6, 12, tzinfo=UTC).timestamp()


@pytest.fixture
def maildir(tmp_path: Path) -> Path:
    for part in ("cur", "new", "tmp"):
        (tmp_path / "Alerts" / part).mkdir(parents=True)
    return tmp_path / "Alerts"


def deliver(place: Path, mail: bytes, at: float = JUNE_12) -> Path:
    place.write_bytes(mail)
    os.utime(place, (at, at))
    return place


def fetched(maildir: Path, *, megabytes: float = 1) -> Page:
    source = Scholar(maildir=str(maildir))
    (request,) = source.requests(None, NOW)
    with Fetcher(HttpSettings(max_megabytes=megabytes), now=NOW) as fetcher:
        page = fetcher.get("scholar", request)
    assert page is not None
    return page


def refusal(maildir: Path) -> str:
    with pytest.raises(FetchError) as caught:
        fetched(maildir)
    return str(caught.value)


def test_read_mails_and_new_ones_are_had_oldest_first(maildir: Path) -> None:
    deliver(maildir / "cur" / "1781300001.M1P1.host:2,S", ALERTS[2])
    deliver(maildir / "new" / "1781200001.M1P1.host", ALERTS[0])
    page = fetched(maildir)
    assert page.content_type == "application/mbox"
    assert [each.strip() for each in split(page.body)] == [ALERTS[0].strip(), ALERTS[2].strip()]
    parsed = Scholar(maildir=str(maildir)).parse(page)
    assert [each.day for each in parsed.sightings] == [date(2026, 6, 11)] * 3 + [date(2026, 6, 13)]


def test_others_mails_and_old_ones_are_left_where_they_are(maildir: Path) -> None:
    deliver(maildir / "new" / "1", ALERTS[1])
    deliver(maildir / "new" / "2", ALERTS[0], at=JUNE_12 - 14 * 86_400)
    (maildir / "new" / "folder").mkdir()
    page = fetched(maildir)
    assert page.body == b""
    assert not read(Scholar(maildir=str(maildir)), page.body, page.url).errors
    assert len(list((maildir / "new").iterdir())) == 3


def test_a_mail_that_is_renamed_while_others_are_read_is_had_once(maildir: Path) -> None:
    for number in (1, 2):
        deliver(maildir / "new" / f"178130000{number}.host", ALERTS[0])
    paths = mailfolder.young([maildir / "new", maildir / "cur"], JUNE_12 - 1)
    first = next(paths)
    renamed = maildir / "new" / "1781300002.host"
    renamed.rename(maildir / "cur" / "1781300002.host:2,S")
    assert [first.name, *(path.name for path in paths)].count("1781300002.host:2,S") == 2
    assert len(split(fetched(maildir).body)) == 2


def test_a_folder_that_is_no_maildir_is_refused(tmp_path: Path) -> None:
    assert "no Maildir, which has folders `new` and `cur`" in refusal(tmp_path)
    assert "no folder; name the folder" in refusal(tmp_path / "nowhere")


def test_too_much_mail_is_refused(maildir: Path) -> None:
    for number in range(3):
        deliver(maildir / "new" / str(number), ALERTS[0] + b"x" * 400_000)
    assert "raise [http] max_megabytes" in refusal(maildir)
    assert len(split(fetched(maildir, megabytes=2).body)) == 3


def test_too_many_mails_are_refused(maildir: Path) -> None:
    for number in range(mailfolder.MOST_MAILS + 1):
        deliver(maildir / "new" / f"{number:04}", b"From: scholaralerts-noreply@google.com\n\n")
    assert "more than 1000 mails" in refusal(maildir)


@pytest.mark.parametrize(
    "head",
    [
        b"Subject: from: scholaralerts-noreply@google.com\n\n",
        b"To: x\n\nFrom: scholaralerts-noreply@google.com\n",
        b"From: bob\nReply-To: scholaralerts-noreply@google.com\n\n",
    ],
)
def test_who_sent_a_mail_says_its_head_alone(maildir: Path, head: bytes) -> None:
    deliver(maildir / "new" / "1", head)
    assert fetched(maildir).body == b""


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_a_sender_on_a_second_line_is_found(maildir: Path, end: bytes) -> None:
    lines = (b"from: Google Scholar", b" <ScholarAlerts-noreply@google.com>", b"To: x", b"", b"")
    deliver(maildir / "new" / "1", end.join(lines))
    assert fetched(maildir).body
