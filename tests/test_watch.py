"""Alarms in whole runs: told once, told again when over, by mail, in the account, as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from databases import connected
from running import Newsroom, newsroom, paper, text_of
from webserver import Handler, answer

pytest_plugins = ["databases"]

DAYS = [f"2026-06-{day:02}" for day in range(1, 31)]
"""The first is a Monday."""

WATCH = '[watch]\noperator = "Ops <ops@example.org>"\n{more}'
LIST = "/api/daily_papers"


@pytest.fixture
def room(tmp_path: Path, url: str) -> Iterator[Newsroom]:
    with newsroom(tmp_path, store=url, more=WATCH.format(more="")) as made:
        made.sources = made.sources.partition('[[sources]]\nkind = "arxiv"')[0]
        made.configure()
        for number, day in enumerate(DAYS[:2]):
            made.huggingface(day, paper(number, f"On Looms {number}"))
        yield made


def alarms(room: Newsroom) -> list[str]:
    """Return the subjects of the mails to the operator."""
    return [str(mail["Subject"]) for mail in room.mails if mail["To"] == "ops@example.org"]


def failing(handler: Handler) -> None:
    handler.say(b"", 503, {"Retry-After": "0"})


def test_a_source_that_fails_for_days_is_told_once_and_when_it_is_over(room: Newsroom) -> None:
    room.once(DAYS[0])
    listing = room.web.answers[f"{LIST}?date={DAYS[1]}&limit=100"]
    for day in DAYS[1:8]:
        room.web.answers[f"{LIST}?date={day}&limit=100"] = failing
    codes = [room.once(day).code for day in DAYS[1:7]]
    told = alarms(room)
    for day in DAYS[1:8]:
        room.web.answers[f"{LIST}?date={day}&limit=100"] = listing
    done = room.once(DAYS[7])

    assert codes == [1] * 6
    source = "source huggingface has failed since Tuesday 2 June 2026"
    silent = "no issue went out since Monday 1 June 2026"
    assert told == [f"Paper digest: {silent}", f"Paper digest: {source}"]
    assert done.code == 0, done.err
    over = [f"Paper digest: over: {each}" for each in (silent, source)]
    assert sorted(alarms(room)[2:]) == over
    _, first, *rest = [mail for mail in room.mails if mail["To"] == "ops@example.org"]
    assert first["Message-ID"] in {mail["In-Reply-To"] for mail in rest}
    assert "503" in text_of(first)


def test_an_alarm_is_in_the_account_and_the_report_as_long_as_it_goes_on(room: Newsroom) -> None:
    room.configure(more=WATCH.format(more="disk = 1_000_000_000\n"))

    first, second = room.once(DAYS[0]), room.once(DAYS[0])

    (said,) = first.json["alarms"]
    assert said.startswith("the disk fills: ")
    assert f"alarm: {said}" in first.err
    assert (first.code, first.json["deliveries"]) == (0, {"sent": 2})
    assert second.json["alarms"][0].startswith("the disk fills: ")
    assert second.json["deliveries"] == {}
    assert len(alarms(room)) == 1


def test_nobody_is_mailed_where_nobody_is_named_until_somebody_is(room: Newsroom) -> None:
    disk = "disk = 1_000_000_000\n"
    room.configure(more=f"[watch]\n{disk}")
    unnamed = room.once(DAYS[0])
    assert (len(unnamed.json["alarms"]), unnamed.code, alarms(room)) == (1, 0, [])

    room.configure(more=WATCH.format(more=disk))
    room.once(DAYS[0])
    assert len(alarms(room)) == 1


def test_who_was_not_told_that_an_alarm_began_is_not_told_that_it_is_over(room: Newsroom) -> None:
    room.configure(more="[watch]\ndisk = 1_000_000_000\n")
    room.once(DAYS[0])
    room.configure(more=WATCH.format(more=""))
    done = room.once(DAYS[0])

    assert (done.json["alarms"], alarms(room)) == ([], [])


def test_where_no_mail_leaves_the_run_says_so_and_fails(room: Newsroom) -> None:
    room.once(DAYS[0])
    room.configure(more=WATCH.format(more="disk = 1_000_000_000\n"))
    room.mailbox.answer("RCPT", "450 later")

    done = room.once(DAYS[0])

    assert (done.code, done.json["deliveries"]) == (1, {"ready": 1})
    assert "alarm: the disk fills" in done.err
    assert "450 later" in done.err
    assert room.once(DAYS[0]).json["deliveries"] == {"sent": 1}
    assert len(alarms(room)) == 1


def test_an_alarm_tells_no_reader_s_address_and_no_keyword(room: Newsroom) -> None:
    room.configure(more=WATCH.format(more="disk = 1_000_000_000\n"))
    room.once(DAYS[0])

    mail = next(each for each in room.mails if each["To"] == "ops@example.org")
    assert "ann@" not in mail.as_string()
    assert "looms" not in mail.as_string()


def test_a_dry_run_and_a_run_that_only_sends_look_for_no_alarm(room: Newsroom) -> None:
    room.configure(more=WATCH.format(more="disk = 1_000_000_000\n"))

    assert room.once(DAYS[0], "--dry-run").json["alarms"] == []
    assert room.once(DAYS[0], "--steps", "send").json["alarms"] == []


def test_to_watch_is_a_step_of_its_own(room: Newsroom) -> None:
    room.once(DAYS[0])
    room.configure(more=WATCH.format(more="disk = 1_000_000_000\n"))

    done = room.once(DAYS[1], "--steps", "watch")

    assert (done.code, len(done.json["alarms"]), done.json["sources"]) == (0, 1, [])
    assert len(alarms(room)) == 1


def test_a_run_that_an_error_ends_looks_for_alarms_all_the_same(room: Newsroom) -> None:
    room.once(DAYS[0], "--steps", "collect,publish")
    with connected(room.store) as database:
        database.exec_driver_sql("UPDATE letters SET letter = '{}'")

    codes = [room.once(day).code for day in DAYS[2:8]]

    assert codes == [3] * 6
    assert alarms(room) == [
        "Paper digest: no issue went out yet; the first run was on Monday 1 June 2026"
    ]


def test_an_alarm_and_its_mail_are_kept_together_or_not_at_all(room: Newsroom) -> None:
    room.once(DAYS[0])
    room.configure(more=WATCH.format(more="disk = 1_000_000_000\n"))
    with connected(room.store) as database:
        database.exec_driver_sql("ALTER TABLE mails RENAME TO mails_away")
    broken = room.run("once", "--at", DAYS[0])
    with connected(room.store) as database:
        assert database.exec_driver_sql("SELECT count(*) FROM alarms").scalar_one() == 0
        database.exec_driver_sql("ALTER TABLE mails_away RENAME TO mails")

    done = room.once(DAYS[0])

    assert broken.code == 3
    assert (done.code, len(alarms(room))) == (0, 1)


# The dead man's switch


def ping(room: Newsroom, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Name a switch as a secret; return the requests that it gets."""
    asked: list[str] = []

    def respond(handler: Handler) -> None:
        asked.append(str(handler.headers["User-Agent"]))
        handler.say(b"OK", 200, {})

    room.web.answers["/ping/secret-token"] = respond
    monkeypatch.setenv("DIGEST_PING_URL", room.web.url("/ping/secret-token"))
    return asked


def test_a_run_that_went_well_tells_the_switch(
    room: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = ping(room, monkeypatch)

    assert room.once(DAYS[0]).code == 0
    assert room.once(DAYS[0], "--dry-run").code == 0
    assert room.once(DAYS[0], "--steps", "send").code == 0

    assert len(asked) == 1
    assert asked[0].startswith("digest-newsletter/")


def test_a_run_that_failed_does_not_tell_the_switch_nor_does_a_later_one_of_other_steps(
    room: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = ping(room, monkeypatch)
    listing = room.web.answers[f"{LIST}?date={DAYS[0]}&limit=100"]
    room.web.answers[f"{LIST}?date={DAYS[0]}&limit=100"] = failing

    room.once(DAYS[0], "--steps", "collect")
    room.once(DAYS[0], "--steps", "publish")
    assert asked == []

    room.web.answers[f"{LIST}?date={DAYS[0]}&limit=100"] = listing
    room.once(DAYS[0], "--steps", "collect")
    assert len(asked) == 1


@pytest.mark.parametrize("well", [False, True], ids=["never", "the second time"])
def test_a_switch_that_fails_is_tried_twice_and_never_fails_the_run(
    room: Newsroom, monkeypatch: pytest.MonkeyPatch, *, well: bool
) -> None:
    tries: list[int] = []

    def respond(handler: Handler) -> None:
        tries.append(1)
        handler.say(b"", 200 if well and len(tries) > 1 else 500, {})

    room.web.answers["/ping/secret-token"] = respond
    monkeypatch.setenv("DIGEST_PING_URL", room.web.url("/ping/secret-token"))

    done = room.once(DAYS[0])

    assert (done.code, len(tries)) == (0, 2)
    said = [] if well else ["the dead man's switch was not told: its server answered 500"]
    assert done.json["notes"] == said
    assert "secret-token" not in done.err + done.out


def test_a_switch_that_is_not_there_is_a_note(room: Newsroom) -> None:
    room.configure(more='[watch]\nping = "http://127.0.0.1:9/ping/secret-token"\n')

    done = room.once(DAYS[0])

    assert done.code == 0
    assert "the dead man's switch was not told: nothing answers at this address" in done.err
    assert "secret-token" not in done.err + done.out


@pytest.mark.parametrize("switch", ["http://a..b/secret-token", "http://[::1/secret-token"])
def test_a_switch_that_cannot_be_one_never_fails_the_run(
    room: Newsroom, monkeypatch: pytest.MonkeyPatch, switch: str
) -> None:
    monkeypatch.setenv("DIGEST_PING_URL", switch)

    done = room.once(DAYS[0])

    assert done.code == 0, done.err
    assert done.json["notes"] == [
        "the dead man's switch was not told: no address that can be asked"
    ]


def test_an_address_that_was_redirected_is_not_followed(
    room: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    room.web.answers["/ping"] = answer(status=301, Location="/elsewhere")
    monkeypatch.setenv("DIGEST_PING_URL", room.web.url("/ping"))

    assert "its server answered 301" in room.once(DAYS[0]).json["notes"][0]
