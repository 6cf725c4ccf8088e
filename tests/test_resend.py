"""Letters shown, sent again and settled by the command line."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from databases import connected
from running import FOLDER, SMTP, Newsroom, Result, newsroom, paper

from digest.store import open_store

pytest_plugins = ["databases"]

FRIDAY, SATURDAY = "2026-06-12", "2026-06-13"
ONE = "arxiv:2606.00001"


@pytest.fixture
def room(tmp_path: Path, url: str) -> Iterator[Newsroom]:
    with newsroom(tmp_path, store=url) as made:
        made.huggingface(FRIDAY, paper(1, "On Looms", votes=12))
        yield made


def here(done: Result) -> list[str]:
    return [name for each in done.json["letters"] for name in (*each["here"], *each["more"])]


def in_doubt(room: Newsroom) -> None:
    """Let Friday's letter be lost after it was handed over."""
    room.mailbox.answer("END", "DROP")
    assert room.once(FRIDAY).json["deliveries"] == {"in_doubt": 1}


def states(room: Newsroom) -> dict[str, int]:
    (found,) = room.run("letters", "--json").json
    return found["states"]  # type: ignore[no-any-return]  # JSON.


def test_a_letter_is_sent_again_the_same_under_another_message_id(room: Newsroom) -> None:
    room.once(FRIDAY)

    done = room.run("letters", "resend", "1")

    first, again = room.mails
    assert done.code == 0
    assert done.err.startswith(f"letter/{FRIDAY}/Ann/again/1 by smtp: 250 2.0.0 Ok")
    assert first["Subject"] == again["Subject"]
    assert first["Message-ID"] != again["Message-ID"]
    assert first.get_body(("html",)).get_content() == again.get_body(("html",)).get_content()  # type: ignore[union-attr]  # Each has one.


def test_a_letter_in_doubt_that_is_sent_again_is_sent(room: Newsroom) -> None:
    in_doubt(room)

    room.run("letters", "resend", "1")

    assert len(room.mails) == 1
    assert states(room) == {"sent": 1}
    told = room.run("letters", "show", "1").err.splitlines()
    assert "in_doubt" in told[0]
    assert f"as letter/{FRIDAY}/Ann/again/1" in told[0]
    assert f"letter/{FRIDAY}/Ann/again/1 by smtp: sent: 250" in told[1]


def test_a_letter_that_fails_again_was_never_sent(room: Newsroom) -> None:
    room.mailbox.answer("RCPT", "550 5.7.1 no", "550 5.7.1 still no")
    room.once(FRIDAY)

    done = room.run("letters", "resend", "1")

    assert done.code == 1
    assert "550 5.7.1 still no" in done.err
    assert here(room.once(SATURDAY)) == [ONE]


def test_a_letter_in_doubt_whose_second_sending_fails_still_counts(room: Newsroom) -> None:
    in_doubt(room)
    room.mailbox.answer("RCPT", "550 5.7.1 no")

    assert room.run("letters", "resend", "1").code == 1
    assert here(room.once(SATURDAY)) == []


def test_each_sending_has_a_key_of_its_own(room: Newsroom) -> None:
    room.once(FRIDAY)

    keys = [room.run("letters", "resend", "1").err.partition(" by ")[0] for _ in range(2)]

    assert keys == [f"letter/{FRIDAY}/Ann/again/{number}" for number in (1, 2)]
    assert len({mail["Message-ID"] for mail in room.mails}) == 3


def test_a_letter_that_waits_is_sent_once(room: Newsroom) -> None:
    room.mailbox.answer("RCPT", "451 4.3.0 later")
    room.once(FRIDAY)

    done = room.run("letters", "resend", "1")

    assert (done.code, len(room.mails), states(room)) == (0, 1, {"sent": 1})
    assert room.once(FRIDAY).json["deliveries"] == {}


def test_a_letter_that_could_not_be_sent_again_yet_is_sent_by_the_next_run(room: Newsroom) -> None:
    room.once(FRIDAY)
    room.mailbox.answer("RCPT", "451 4.3.0 later")

    assert room.run("letters", "resend", "1").code == 1

    assert room.once(FRIDAY).json["deliveries"] == {"sent": 1}
    assert len(room.mails) == 2


def test_no_other_letter_is_sent_with_it(room: Newsroom) -> None:
    room.once(FRIDAY)
    room.huggingface(SATURDAY, paper(2, "On Looms and Their Threads"))
    room.mailbox.answer("RCPT", "451 4.3.0 later")
    room.once(SATURDAY)

    room.run("letters", "resend", "1")

    found = {each["id"]: each["states"] for each in room.run("letters", "--json").json}
    assert found == {1: {"sent": 1}, 2: {"ready": 1}}


def test_a_letter_is_sent_again_by_one_output_alone(room: Newsroom) -> None:
    room.configure(outputs=SMTP + FOLDER)
    room.once(FRIDAY)

    done = room.run("letters", "resend", "1", "--output", "directory")

    assert (done.code, len(room.mails)) == (0, 1)
    assert "by directory" in done.err
    names = sorted(path.name for path in (room.folder / "letters" / "ann").iterdir())
    assert [name for name in names if name.startswith("2026")] == [f"{FRIDAY}.html", f"{FRIDAY}.md"]


def test_a_dry_run_prints_the_letter_and_sends_nothing(room: Newsroom) -> None:
    room.once(FRIDAY)

    done = room.run("letters", "resend", "1", "--dry-run")

    assert (done.code, len(room.mails)) == (0, 1)
    assert "On Looms" in done.out
    assert "dry run: nothing was sent" in done.err
    with connected(room.store) as database:
        assert database.exec_driver_sql("SELECT count(*) FROM deliveries").scalar_one() == 1


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["resend", "7"], 3, "letter 7: there is none of that number"),
        (["show", "7"], 3, "letter 7: there is none of that number"),
        (["settle", "7", "sent"], 3, "letter 7: there is none of that number"),
        (["settle", "1", "sent"], 2, "letter 1: nothing of it is in doubt"),
        (["resend", "1", "--output", "fax"], 2, "`fax` does not reach its reader now; outputs"),
    ],
    ids=["resend", "show", "settle", "no doubt", "no output"],
)
def test_what_cannot_be_sent_or_settled_is_told(
    room: Newsroom, words: list[str], code: int, told: str
) -> None:
    room.once(FRIDAY)

    done = room.run("letters", *words)

    assert (done.code, done.out) == (code, "")
    assert told in done.err


def test_who_has_left_is_sent_nothing_again(room: Newsroom) -> None:
    room.once(FRIDAY)
    room.configure(subscribers="")

    done = room.run("letters", "resend", "1")

    assert done.code == 2
    assert "Ann is no subscriber any more" in done.err


def test_what_is_settled_as_sent_is_hers(room: Newsroom) -> None:
    in_doubt(room)

    done = room.run("letters", "settle", "1", "sent")

    assert (done.code, done.err) == (0, "letter 1: 1 in doubt, now sent\n")
    assert states(room) == {"sent": 1}
    assert here(room.once(SATURDAY)) == []


def test_what_is_settled_as_failed_comes_again(room: Newsroom) -> None:
    in_doubt(room)

    room.run("letters", "settle", "1", "failed")

    assert states(room) == {"failed": 1}
    assert here(room.once(SATURDAY)) == [ONE]
    assert len(room.mails) == 1


def test_a_letter_is_shown_as_markdown(room: Newsroom) -> None:
    room.once(FRIDAY)

    done = room.run("letters", "show", "1")

    assert done.code == 0
    assert "\n# Paper digest" in done.out
    assert "On **Looms**" in done.out
    assert done.err.startswith(f"letter/{FRIDAY}/Ann by smtp: sent: 250")


@pytest.mark.parametrize(
    "words",
    [
        ["letters", "resend", "1"],
        ["letters", "settle", "1", "sent"],
    ],
    ids=lambda words: " ".join(words[:2]),
)
def test_75_while_a_run_is_at_work(room: Newsroom, words: list[str]) -> None:
    room.once(FRIDAY)
    with open_store(room.store) as store, store.writing() as t:
        t.take_lock("run", "elsewhere:1:abc", datetime.now(UTC), timedelta(hours=1))

    done = room.run(*words)

    assert (done.code, done.out) == (75, "")
    assert "elsewhere:1:abc" in done.err


@pytest.mark.parametrize("new_url", ["sqlite"], indirect=True)  # Files alone have journals.
@pytest.mark.parametrize(
    "words", [["show", "2"], ["resend", "2"], ["resend", "2", "--output", "smtp"]], ids=" ".join
)
def test_a_letter_that_only_the_journal_knows_is_neither_shown_nor_sent(
    room: Newsroom, words: list[str]
) -> None:
    room.once("2026-06-11")
    room.huggingface("2026-06-11", paper(2, "On Older Looms"))
    room.once("2026-06-11")
    copy = Path(room.store.removeprefix("sqlite:///")).read_bytes()
    room.once(FRIDAY)
    Path(room.store.removeprefix("sqlite:///")).write_bytes(copy)
    assert room.once(FRIDAY).json["deliveries"] == {}
    sent = len(room.mails)

    done = room.run("letters", *words)

    assert (done.code, done.out, len(room.mails)) == (2, "", sent)
    assert "letter 2: sent before this copy of the store was put back, which has not" in done.err
