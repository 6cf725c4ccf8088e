"""`digest once`, from pages on a real web server to mail on a real mail server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from databases import connected
from running import (
    ANN,
    FOLDER,
    SMTP,
    Newsroom,
    conditional,
    daily,
    finished,
    newsroom,
    paper,
    text_of,
)
from webserver import answer

FRIDAY, SATURDAY, SUNDAY, MONDAY = "2026-06-12", "2026-06-13", "2026-06-14", "2026-06-15"
LIST = "/api/daily_papers?date={}&limit=100"


pytest_plugins = ["databases"]


@pytest.fixture
def room(tmp_path: Path, url: str) -> Iterator[Newsroom]:
    with newsroom(tmp_path, store=url) as made:
        yield made


def looms(room: Newsroom) -> None:
    """Let both sources list papers; two of them hit Ann's keywords."""
    room.huggingface(FRIDAY, paper(1, "On Looms", votes=12), paper(2, "On Soap"))
    room.arxiv(FRIDAY, paper(1, "On Looms"), paper(3, "Looms at Night"), paper(4, "Medical Looms"))


# What comes of it


def test_the_report_has_just_the_documented_keys(room: Newsroom) -> None:
    looms(room)
    done = room.once(FRIDAY)

    assert done.code == 0, done.err
    assert set(done.json) == {"sources", "letters", "deliveries", "notes", "alarms"}
    for source in done.json["sources"]:
        assert list(source) == [
            "name",
            "listed",
            "new",
            "revised",
            "known",
            "errors",
            "notes",
            "lost",
        ]
    (letter,) = done.json["letters"]
    assert list(letter) == ["subscriber", "here", "more", "revised", "receipt"]
    keys = ["read", "left_out", "excluded", "below", "here", "more", "sent", "revised"]
    assert list(letter["receipt"]) == keys


def test_the_report_counts_a_paper_of_two_sources_as_new_once(room: Newsroom) -> None:
    looms(room)
    report = room.once(FRIDAY).json
    silent: dict[str, list[str]] = {"errors": [], "notes": [], "lost": []}

    assert report["sources"] == [
        {"name": "huggingface", "listed": 2, "new": 2, "revised": 0, "known": 0, **silent},
        {"name": "arxiv", "listed": 3, "new": 2, "revised": 0, "known": 1, **silent},
    ]
    (letter,) = report["letters"]
    assert letter["subscriber"] == "Ann"
    assert set(letter["here"]) >= {"arxiv:2606.00001", "arxiv:2606.00003"}
    receipt = letter["receipt"]
    assert receipt["excluded"] == [{"keyword": "-medical", "titles": ["Medical Looms"]}]
    assert receipt["read"] == 4
    assert receipt["read"] == sum(receipt[key] for key in ("left_out", "below", "here", "more"))
    assert report["deliveries"] == {"sent": 1}


def test_the_mail_is_a_newsletter(room: Newsroom) -> None:
    looms(room)
    room.once(FRIDAY)

    (mail,) = room.mails
    assert mail["Date"] == "Fri, 12 Jun 2026 21:59:59 +0000"
    assert mail["Message-ID"].endswith("@example.org>")
    assert mail["From"] == "Paper digest <digest@example.org>"
    assert mail["To"] == "Ann <ann@example.org>"
    assert mail["Reply-To"] == "Paper digest <digest@example.org>"
    assert mail["List-Id"] == "Paper digest <paper-digest.example.org>"
    assert mail["List-Unsubscribe"] == "<mailto:digest@example.org?subject=unsubscribe>"
    assert mail.get_content_type() == "multipart/alternative"
    kinds = [part.get_content_type() for part in mail.iter_parts()]
    assert kinds == ["text/plain", "text/html"]
    for kind in ("plain", "html"):
        assert "2606.00003" in text_of(mail, kind)
    assert room.mailbox.envelopes[0].rcpt_tos == ["ann@example.org"]


def test_running_twice_sends_once(room: Newsroom) -> None:
    looms(room)
    room.once(FRIDAY)
    again = room.once(FRIDAY)

    assert again.code == 0
    assert again.json["letters"] == []
    assert again.json["deliveries"] == {}
    assert [source["new"] for source in again.json["sources"]] == [0, 0]
    assert len(room.mails) == 1


def test_two_runs_at_the_same_time_send_once(room: Newsroom) -> None:
    looms(room)
    blocked = room.block(LIST.format(FRIDAY))
    first = room.start("once", "--at", FRIDAY, "--json")
    assert blocked.asked.wait(60)

    second = finished(room.start("once", "--at", FRIDAY))
    assert second.code == 75
    assert "has held it since" in second.err

    room.web.released.set()
    assert finished(first).code == 0
    assert len(room.mails) == 1


# Outputs that fail


def test_a_letter_that_could_not_be_sent_is_sent_by_the_next_run(room: Newsroom) -> None:
    looms(room)
    room.mailbox.answer("RCPT", "451 4.3.0 try again later")
    failed = room.once(FRIDAY)
    assert failed.code == 1
    assert failed.json["deliveries"] == {"ready": 1}
    assert "451 4.3.0 try again later" in failed.err

    again = room.once(FRIDAY)
    assert again.code == 0
    assert again.json["letters"] == []
    assert again.json["deliveries"] == {"sent": 1}
    assert len(room.mails) == 1


def test_a_letter_keeps_its_message_id_and_its_papers_over_retries(room: Newsroom) -> None:
    looms(room)
    room.mailbox.answer("RCPT", "451 4.3.0 try again later")
    room.once(FRIDAY)
    with connected(room.store) as database:
        message_id = database.exec_driver_sql("SELECT message_id FROM deliveries").scalar_one()

    room.huggingface(SATURDAY, paper(7, "More Looms"))
    again = room.once(SATURDAY)

    assert again.json["deliveries"] == {"sent": 2}
    late, today = room.mails
    assert late["Message-ID"] == message_id
    assert "2606.00007" not in text_of(late)
    assert again.json["letters"][0]["here"] == ["arxiv:2606.00007"]
    assert "2606.00007" in text_of(today)


def test_one_output_that_fails_does_not_stop_the_other(room: Newsroom) -> None:
    looms(room)
    room.configure(outputs=SMTP + FOLDER)
    room.mailbox.answer("CONNECT", "421 4.3.2 closed today")
    done = room.once(FRIDAY)

    assert done.code == 1
    assert done.json["deliveries"] == {"ready": 1, "sent": 1}
    assert (room.folder / "letters" / "ann" / f"{FRIDAY}.md").is_file()


def test_what_was_refused_for_good_comes_again(room: Newsroom) -> None:
    looms(room)
    room.mailbox.answer("RCPT", "550 5.1.1 no such mailbox")
    refused = room.once(FRIDAY)
    assert refused.code == 1
    assert refused.json["deliveries"] == {"failed": 1}

    repaired = room.once(SATURDAY)
    assert repaired.code == 0
    assert repaired.json["letters"][0]["here"] == refused.json["letters"][0]["here"]
    assert len(room.mails) == 1


def test_what_may_have_been_sent_is_told_and_not_sent_again(room: Newsroom) -> None:
    looms(room)
    room.mailbox.answer("END", "DROP")
    lost = room.once(FRIDAY)
    assert lost.code == 1
    assert lost.json["deliveries"] == {"in_doubt": 1}
    assert "handed over" in lost.err

    again = room.once(FRIDAY)
    assert again.code == 0
    assert again.json["deliveries"] == {}
    assert room.mails == []


def test_a_password_that_is_missing_loses_no_letter(
    room: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DIGEST_SMTP_PASSWORD", raising=False)
    looms(room)
    room.configure(outputs=f'{SMTP}\nusername = "ann"\n')
    done = room.once(FRIDAY)
    assert done.code == 1
    assert done.json["deliveries"] == {"ready": 1}
    assert "DIGEST_SMTP_PASSWORD" in done.err

    room.configure(outputs=SMTP)
    assert room.once(FRIDAY).json["deliveries"] == {"sent": 1}


def test_a_delivery_whose_output_is_gone_says_so(room: Newsroom) -> None:
    looms(room)
    room.mailbox.answer("RCPT", "451 4.3.0 try again later")
    room.once(FRIDAY)
    room.configure(outputs=FOLDER)
    done = room.once(FRIDAY)

    assert done.code == 1
    assert done.json["deliveries"] == {"failed": 1, "sent": 1} or done.json["deliveries"] == {
        "failed": 1
    }
    assert "no output is called `smtp` any more" in done.err
    assert room.once(SATURDAY).code == 0


def test_a_delivery_whose_reader_left_is_not_sent(room: Newsroom) -> None:
    looms(room)
    room.mailbox.answer("RCPT", "451 4.3.0 try again later")
    room.once(FRIDAY)
    room.configure(subscribers=ANN.replace("Ann", "Bob").replace("ann@", "bob@"))
    done = room.once(FRIDAY)

    assert done.code == 1
    assert "Ann is no subscriber any more" in done.err
    assert [mail["To"] for mail in room.mails] == ["Bob <bob@example.org>"]


# Sources that fail


def test_a_source_that_fails_stops_no_other_and_the_letter_says_so(room: Newsroom) -> None:
    looms(room)
    room.web.answers["/api/query"] = answer(b"no", status=403)
    done = room.once(FRIDAY)

    assert done.code == 1
    good, bad = done.json["sources"]
    assert (good["listed"], good["errors"]) == (2, [])
    assert bad["listed"] == 0
    assert len(bad["errors"]) == 1
    assert bad["errors"][0].startswith(f"arxiv: {room.web.url('/api/query')}")
    assert done.json["deliveries"] == {"sent": 1}
    for kind in ("plain", "html"):
        assert "403" in text_of(room.mails[0], kind)


def test_a_source_that_fails_for_days_is_told_with_its_first_day(room: Newsroom) -> None:
    looms(room)
    room.web.answers["/api/query"] = answer(b"no", status=403)
    room.once(FRIDAY)
    room.huggingface(SATURDAY, paper(7, "More Looms"))
    room.once(SATURDAY)

    friday, saturday = (" ".join(text_of(mail).split()) for mail in room.mails)
    assert "since" not in friday.partition("403")[2]
    assert "since 12 June" in saturday.partition("403")[2]


def test_a_source_that_recovers_is_told_no_more_and_nothing_is_lost(room: Newsroom) -> None:
    looms(room)
    query = room.web.answers["/api/query"]
    room.web.answers["/api/query"] = answer(b"no", status=403)
    room.once(FRIDAY)
    room.web.answers["/api/query"] = query
    done = room.once(SATURDAY)

    assert done.code == 0
    assert done.json["letters"][0]["here"] == ["arxiv:2606.00003"]
    assert "403" not in text_of(room.mails[1])


def test_a_page_that_has_changed_shape_is_an_error_in_report_and_letter(room: Newsroom) -> None:
    looms(room)
    login = answer(b"<html><title>Log in</title><form></form></html>", content_type="text/html")
    room.web.answers["/api/query"] = login
    done = room.once(FRIDAY)

    assert done.code == 1
    (error,) = done.json["sources"][1]["errors"]
    assert error.startswith("arxiv: http://127.0.0.1")
    reason = error.split(": ", 2)[2]
    assert reason
    assert reason[:40] in " ".join(text_of(room.mails[0]).split())


def test_whole_papers_of_a_page_that_breaks_off_are_kept(room: Newsroom) -> None:
    looms(room)
    whole = room.folder / "whole"
    whole.mkdir()
    body = daily(FRIDAY, paper(1, "On Looms"), paper(2, "On Soap"))
    room.web.answers[LIST.format(FRIDAY)] = answer(body[:-30], content_type="application/json")
    done = room.once(FRIDAY)

    assert done.code == 1
    assert done.json["sources"][0]["errors"]
    assert "arxiv:2606.00003" in done.json["letters"][0]["here"]


# Pages that have not changed


def test_pages_that_have_not_changed_are_counted_as_known(room: Newsroom) -> None:
    body = daily(FRIDAY, paper(1, "On Looms"), paper(2, "On Soap"))
    room.web.answers[LIST.format(FRIDAY)] = conditional(body, '"1"')
    first = room.once(FRIDAY).json["sources"][0]
    second = room.once(FRIDAY).json["sources"][0]
    third = room.once(FRIDAY).json["sources"][0]

    assert (first["listed"], first["new"]) == (2, 2)
    assert (second["listed"], second["known"]) == (2, 2)
    assert third == second
    asked = [each.headers for each in room.web.received if FRIDAY in each.path]
    assert [each.get("if-none-match") for each in asked] == [None, '"1"', '"1"']


def test_validators_are_kept_only_of_pages_that_parsed(room: Newsroom) -> None:
    room.web.answers[LIST.format(FRIDAY)] = conditional(b'{"error": "oops"}', '"1"')
    assert room.once(FRIDAY).code == 1
    good = conditional(daily(FRIDAY, paper(1, "On Looms")), '"1"')
    room.web.answers[LIST.format(FRIDAY)] = good
    done = room.once(FRIDAY)

    assert done.code == 0
    assert done.json["sources"][0]["new"] == 1


# The same paper on several days


def test_a_paper_below_the_threshold_on_friday_is_in_mondays_letter_once(room: Newsroom) -> None:
    room.configure(more="[rank]\nminimum = 0.7\n", subscribers=ANN.replace('"looms"', '"soap"'))
    room.arxiv(FRIDAY, paper(1, "On Looms"), paper(2, "On Soap"))
    friday = room.once(FRIDAY)
    room.huggingface(MONDAY, paper(1, "On Looms", votes=400), paper(2, "On Soap", votes=400))
    monday = room.once(MONDAY)
    tuesday = room.once("2026-06-16")

    assert friday.json["letters"][0]["here"] == ["arxiv:2606.00002"]
    assert monday.json["letters"][0]["here"] == ["arxiv:2606.00001"]
    assert monday.json["letters"][0]["receipt"]["sent"] == 1
    assert tuesday.json["letters"] == []
    assert text_of(room.mails[1]).count("2606.00001") >= 1
    assert "2606.00002" not in text_of(room.mails[1])


def test_a_second_version_is_revised_and_not_new(room: Newsroom) -> None:
    room.arxiv(FRIDAY, paper(1, "On Looms"))
    room.once(FRIDAY)
    better = paper(1, "On Looms", "We say something else entirely about weaving.")
    room.arxiv(MONDAY, better, paper(3, "Looms at Night"), version=2)
    report = room.once(MONDAY).json

    assert report["sources"][1] == {
        "name": "arxiv",
        "listed": 2,
        "new": 1,
        "revised": 1,
        "known": 0,
        "errors": [],
        "notes": [],
        "lost": [],
    }
    (letter,) = report["letters"]
    assert letter["here"] == ["arxiv:2606.00003"]
    assert letter["revised"] == ["arxiv:2606.00001"]
    assert room.once("2026-06-16").json["letters"] == []


def test_each_reader_gets_letters_of_their_own(room: Newsroom) -> None:
    looms(room)
    bob = ANN.replace("Ann", "Bob").replace("ann@", "bob@").replace("looms", "soap")
    room.configure(subscribers=ANN + bob)
    report = room.once(FRIDAY).json

    assert [each["subscriber"] for each in report["letters"]] == ["Ann", "Bob"]
    assert report["letters"][1]["here"][0] == "arxiv:2606.00002"
    assert {mail["To"].addresses[0].addr_spec for mail in room.mails} == {
        "ann@example.org",
        "bob@example.org",
    }
    assert len({mail["Message-ID"] for mail in room.mails}) == 2


def test_a_run_for_one_reader_leaves_the_others_for_later(room: Newsroom) -> None:
    looms(room)
    room.configure(subscribers=ANN + ANN.replace("Ann", "Bob").replace("ann@", "bob@"))
    assert [x["subscriber"] for x in room.once(FRIDAY, "-s", "Bob").json["letters"]] == ["Bob"]
    assert [x["subscriber"] for x in room.once(FRIDAY).json["letters"]] == ["Ann"]


def test_the_public_edition_has_no_readers_keywords(room: Newsroom) -> None:
    looms(room)
    public = FOLDER.replace('"letters"', '"site"') + 'audience = "public"\n'
    room.configure(outputs=SMTP + public)
    report = room.once(FRIDAY).json

    assert [each["subscriber"] for each in report["letters"]] == ["Ann", "public"]
    text = (room.folder / "site" / f"{FRIDAY}.md").read_text()
    assert "On Soap" in text
    assert "-medical" not in text
    assert "Ann" not in text


# When the run believes it is


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Etc/GMT+12", "America/St_Johns"])
def test_a_day_is_the_readers_day_in_any_zone(room: Newsroom, zone: str) -> None:
    looms(room)
    config = room.folder / "digest.toml"
    config.write_text(config.read_text().replace("Europe/Berlin", zone))
    assert room.once(FRIDAY).json["deliveries"] == {"sent": 1}
    assert room.once(FRIDAY).json["deliveries"] == {}
    room.huggingface(SATURDAY, paper(7, "More Looms"))
    assert room.once(SATURDAY).json["deliveries"] == {"sent": 1}


def test_a_run_in_the_past_of_the_store_sends_nothing_and_harms_nothing(room: Newsroom) -> None:
    looms(room)
    room.once(FRIDAY)
    past = room.once("2026-06-01")
    assert (past.code, past.json["letters"]) == (0, [])
    room.huggingface(SATURDAY, paper(7, "More Looms"))
    assert room.once(SATURDAY).json["letters"][0]["here"] == ["arxiv:2606.00007"]


def test_a_run_far_in_the_future_has_no_letter(room: Newsroom) -> None:
    looms(room)
    room.once(FRIDAY)
    future = room.once("2036-06-12")
    assert (future.code, future.json["letters"]) == (0, [])
