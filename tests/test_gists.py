"""Gists by a server on loopback that answers, refuses, hangs and lies."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import Any

import msgspec
import pytest
from databases import is_free
from running import FOLDER, Newsroom, newsroom, paper, text_of
from webserver import Handler, Responder, WebServer, answer, in_turn, serving

from digest.app import gists as gists_of
from digest.config import load
from digest.errors import GistError
from digest.gists import AT_ONCE, MOST_FAILURES, Gists, GistSettings
from digest.papers import Paper, fingerprint

pytest_plugins = ["databases"]

ENDPOINT = "/v1/chat/completions"


@pytest.fixture
def web() -> Iterator[WebServer]:
    with serving() as started:
        started.answers[ENDPOINT] = model
        yield started


def numbered(number: int) -> Paper:
    return Paper(
        title=f"On looms of width {number}",
        abstract=f"We measure how much thread looms of width {number} waste on every pattern.",
    )


PAPERS = [numbered(number) for number in range(10, 18)]


def said(text: str) -> bytes:
    return json.dumps({"choices": [{"message": {"content": text}}]}).encode()


def model(handler: Handler) -> None:
    """Answer as a good model does: with the width of the looms that it is asked about."""
    asked = json.loads(handler.web.received[-1].body)["messages"][1]["content"]
    width = re.search(r"width (\d+)", asked)
    text = f"Looms of width {width[1] if width else ''} waste thread on every pattern."
    handler.say(said(text), 200, {"Content-Type": "application/json"})


def hang(handler: Handler) -> None:
    """Say nothing until the test ends."""
    handler.web.released.wait(60)
    handler.close_connection = True


def begin_and_hang(handler: Handler) -> None:
    handler.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{")
    hang(handler)


def trickle(handler: Handler) -> None:
    """Send a body that never ends, slowly enough that no silence is noticed."""
    handler.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    handler.dribble(b" ")


def endless(handler: Handler) -> None:
    handler.raw(b"HTTP/1.1 200 OK\r\n\r\n" + b" " * 200_000)


def gists(web: WebServer, *, seconds: float = 5.0, budget: float = 30.0, key: str = "") -> Gists:
    settings = GistSettings(url=web.url("/v1"), model="m", seconds=seconds, budget=budget)
    return Gists(settings, key, agent="digest-test")


# What answers


def test_each_paper_is_asked_about_once_and_told(web: WebServer) -> None:
    asked = gists(web)(PAPERS)

    assert asked.note == ""
    assert asked.gists == {
        fingerprint(each): f"Looms of width {width} waste thread on every pattern."
        for width, each in enumerate(PAPERS, 10)
    }
    assert len(web.received) == len(PAPERS)
    assert web.connections <= AT_ONCE


def test_a_key_is_sent_as_a_bearer_token(web: WebServer) -> None:
    gists(web, key="sesame").one(PAPERS[0])

    (request,) = web.received
    assert request.method == "POST"
    assert request.headers["authorization"] == "Bearer sesame"
    assert request.headers["user-agent"] == "digest-test"


def test_without_a_key_none_is_sent(web: WebServer) -> None:
    gists(web).one(PAPERS[0])

    assert "authorization" not in web.received[0].headers


def test_nothing_asked_is_nothing_missing(web: WebServer) -> None:
    assert gists(web)([]).note == ""
    assert web.received == []


# What refuses


@pytest.mark.parametrize(
    ("respond", "reason"),
    [
        (answer(status=401), "401 from the server; set DIGEST_GIST_KEY"),
        (answer(status=404), "404 from the server; check [gist] url"),
        (answer(status=429), "429 from the server"),
        (answer(status=500), "500 from the server"),
        (answer(status=302, location="http://127.0.0.1:1/steal"), "302 from the server"),
        (Handler.reset, "connection was lost"),
        (endless, "100,000|0.1 MB|larger"),
    ],
    ids=["login", "no model", "too many", "broken", "redirect", "reset", "endless"],
)
def test_what_the_server_refuses_is_told(web: WebServer, respond: Responder, reason: str) -> None:
    web.answers[ENDPOINT] = respond

    with pytest.raises(GistError, match=reason.replace("[", r"\[")):
        gists(web, key="sesame").one(PAPERS[0])
    assert len(web.received) == 1


def test_after_some_failures_in_a_row_no_more_is_asked(web: WebServer) -> None:
    web.answers[ENDPOINT] = answer(status=500)

    asked = gists(web)(PAPERS)

    assert asked.gists == {}
    assert asked.note.startswith("gist: m told 0 of 8 papers; the others are told by their own")
    assert "500 from the server" in asked.note
    assert MOST_FAILURES <= len(web.received) < MOST_FAILURES + AT_ONCE


def test_a_failure_between_answers_costs_one_gist(web: WebServer) -> None:
    web.answers[ENDPOINT] = in_turn(answer(status=500), model)

    asked = gists(web)(PAPERS)

    assert len(asked.gists) == len(PAPERS) - 1
    assert "told 7 of 8" in asked.note


def test_nobody_at_the_address_is_told() -> None:
    with serving() as gone:
        address = gone.url("/v1")
    settings = GistSettings(url=address, model="m")

    assert "nothing answers at this address" in Gists(settings)(PAPERS).note


# What hangs


@pytest.mark.parametrize("respond", [hang, begin_and_hang, trickle])
def test_a_server_that_hangs_is_cut_off_after_a_papers_seconds(
    web: WebServer, respond: Responder
) -> None:
    web.answers[ENDPOINT] = respond

    with pytest.raises(GistError, match=r"raise \[gist\] seconds"):
        gists(web, seconds=0.2).one(PAPERS[0])
    assert not web.released.is_set()


@pytest.mark.parametrize("respond", [hang, begin_and_hang, trickle])
def test_a_run_waits_for_a_hanging_server_no_longer_than_its_budget(
    web: WebServer, respond: Responder
) -> None:
    web.answers[ENDPOINT] = respond

    asked = gists(web, seconds=60, budget=0.3)(PAPERS)

    assert asked.gists == {}
    assert "told 0 of 8" in asked.note
    # Each is still being waited for: no second question was asked, and the server let nobody go.
    assert len(web.received) <= AT_ONCE
    assert not web.released.is_set()


def test_what_came_before_the_budget_was_over_is_kept(web: WebServer) -> None:
    first = Event()

    def one_answer(handler: Handler) -> None:
        if first.is_set():
            hang(handler)
        first.set()
        model(handler)

    web.answers[ENDPOINT] = one_answer

    asked = gists(web, seconds=60, budget=1.0)(PAPERS)

    assert len(asked.gists) >= 1
    assert not web.released.is_set()


def test_a_budget_that_is_over_asks_nothing(web: WebServer) -> None:
    seconds = iter([0.0, *[99.0] * 100])
    settings = GistSettings(url=web.url("/v1"), model="m")

    asked = Gists(settings, clock=lambda: next(seconds))(PAPERS)

    assert web.received == []
    assert "the budget of 20 s is over" in asked.note


# What lies


@pytest.mark.parametrize(
    "body",
    [
        b"<html>",
        said("<b>Looms</b> of width 10 waste thread on every pattern."),
        said("Buy thread at https://looms.example today, looms waste thread on every pattern."),
        said("Quantum computers factor large integers faster than classical machines."),
        said("Looms of width 99 waste thread on every pattern."),
        said("thread " * 10_000),
    ],
    ids=["no JSON", "HTML", "an address", "another paper", "another number", "endless words"],
)
def test_a_lie_is_not_believed(web: WebServer, body: bytes) -> None:
    web.answers[ENDPOINT] = answer(body, content_type="application/json")

    asked = gists(web)(PAPERS[:1])

    assert asked.gists == {}
    assert "told 0 of 1" in asked.note


# Settings


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": "localhost:11434/v1", "model": "m"},
        {"url": "ftp://x/v1", "model": "m"},
        {"url": "http://user:secret@x/v1", "model": "m"},
        {"url": "http://x/v1?key=secret", "model": "m"},
        {"url": "http://x/v1"},
        {"url": "http://x/v1", "model": "m", "seconds": 0},
        {"url": "http://x/v1", "model": "m", "budget": -1},
    ],
)
def test_settings_that_cannot_be_used_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError) as refused:
        msgspec.convert(wrong, GistSettings)

    assert "secret" not in str(refused.value)


# Whole runs

FRIDAY, SATURDAY = "2026-06-12", "2026-06-13"


@pytest.fixture
def room(tmp_path: Path, url: str) -> Iterator[Newsroom]:
    with newsroom(tmp_path, store=url) as made:
        made.web.answers[ENDPOINT] = summarize
        made.configure(more=f'[gist]\nurl = "{made.web.url("/v1")}"\nmodel = "m"\nseconds = 5.0\n')
        made.huggingface(FRIDAY, *(loom(number) for number in range(1, 7)))
        yield made


def loom(number: int) -> dict[str, Any]:
    abstract = f"We weave looms. Looms with {number}00 threads save cotton in winter. It is cold."
    return paper(number, f"On Looms of {number}00 Threads", abstract, votes=12 - number)


def summarize(handler: Handler) -> None:
    asked = json.loads(handler.web.received[-1].body)["messages"][1]["content"]
    threads = re.search(r"(\d00)", asked)
    text = f"Cotton is saved by looms with {threads[1] if threads else ''} threads."
    handler.say(said(text), 200, {"Content-Type": "application/json"})


def asked_of(room: Newsroom) -> int:
    return sum(each.method == "POST" for each in room.web.received)


def test_papers_told_by_a_sentence_are_told_by_the_models_which_is_marked(room: Newsroom) -> None:
    done = room.once(FRIDAY)

    assert (done.code, done.json["notes"]) == (0, [])
    text = text_of(room.mails[0])
    told = re.findall(r"AI summary: Cotton is saved by \*looms\* with (\d)00 threads", text)
    assert len(told) == asked_of(room) == 3  # The first three show their abstracts.


def test_a_paper_that_several_letters_tell_is_asked_about_once(room: Newsroom) -> None:
    bob = room.subscribers.replace("Ann", "Bob").replace("ann@", "bob@")
    room.configure(subscribers=room.subscribers + bob)

    room.once(FRIDAY)

    assert [text_of(mail).count("AI summary") for mail in room.mails] == [3, 3]
    assert asked_of(room) == 3


def test_a_gist_is_remembered(room: Newsroom) -> None:
    room.configure(subscribers=room.subscribers.replace("Ann", "Bob"))
    room.once(FRIDAY)
    room.configure(subscribers=room.subscribers.replace("Bob", "Ann"))
    room.web.answers[ENDPOINT] = answer(status=500)

    done = room.once(FRIDAY)

    assert done.json["notes"] == []
    assert text_of(room.mails[-1]).count("AI summary") == 3
    assert asked_of(room) == 3


def test_a_dry_run_shows_gists_and_forgets_them(room: Newsroom) -> None:
    done = room.run("once", "--at", FRIDAY, "--dry-run")
    room.once(FRIDAY)

    assert done.out.count("AI summary: Cotton") == 3
    assert asked_of(room) == 6


@pytest.mark.parametrize(("budget", "dry"), [(60, 20), (5, 5)], ids=["long", "short"])
def test_a_dry_run_asks_no_longer_than_a_run_waits_for_it(
    room: Newsroom, budget: int, dry: int
) -> None:
    room.configure(more=f"{room.more}budget = {budget}\n")
    config = load(room.folder / "digest.toml")

    assert (gists_of(config).budget, gists_of(config, dry_run=True).budget) == (budget, dry)


@pytest.mark.parametrize("new_url", ["sqlite"], indirect=True)  # Files alone have copies.
def test_nobody_waits_for_a_dry_run_while_a_model_is_asked(room: Newsroom) -> None:
    free: list[bool] = []

    def look(handler: Handler) -> None:
        free.append(is_free(room.store))
        summarize(handler)

    room.once("2026-06-11")
    room.web.answers[ENDPOINT] = look

    room.run("once", "--at", FRIDAY, "--dry-run")

    assert free == [True] * 3


@pytest.mark.parametrize(
    ("respond", "told"),
    [
        (answer(status=500), "500 from the server"),
        (answer(said("Buy cotton now.")), "told 0 of 3"),
        (hang, "told 0 of 3"),
    ],
    ids=["refuses", "lies", "hangs"],
)
def test_without_gists_the_letter_goes_out_as_it_does_without_a_model(
    room: Newsroom, tmp_path_factory: pytest.TempPathFactory, respond: Responder, told: str
) -> None:
    room.web.answers[ENDPOINT] = respond
    room.configure(more=room.more.replace("5.0", "0.3\nbudget = 0.6"))

    done = room.once(FRIDAY)

    with newsroom(tmp_path_factory.mktemp("plain")) as plain:
        plain.huggingface(FRIDAY, *(loom(number) for number in range(1, 7)))
        plain.once(FRIDAY)
        assert text_of(room.mails[0]) == text_of(plain.mails[0])
    assert done.code == 0
    (note,) = done.json["notes"]
    assert told in note
    assert note in done.err


def test_a_replay_shows_what_was_written_and_asks_nothing(room: Newsroom) -> None:
    room.once(FRIDAY)

    done = room.run("replay", "--from", FRIDAY, "--to", FRIDAY)

    assert done.code == 0
    assert "all as sent" in done.out
    assert asked_of(room) == 3


def test_no_gist_is_asked_for_papers_that_no_letter_tells(room: Newsroom) -> None:
    room.configure(subscribers=room.subscribers.replace('"looms"', '"soap"'))

    room.once(FRIDAY)

    assert asked_of(room) == 0


def test_the_key_comes_from_the_environment(
    room: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIGEST_GIST_KEY", "sesame")

    done = room.once(FRIDAY)

    posts = [each for each in room.web.received if each.method == "POST"]
    assert {each.headers["authorization"] for each in posts} == {"Bearer sesame"}
    gets = [each for each in room.web.received if each.method == "GET"]
    assert not any("authorization" in each.headers for each in gets)
    assert "sesame" not in done.out + done.err


def test_check_has_one_gist_written(room: Newsroom) -> None:
    good = "Abstracts of at most 100 words are read to the end by most readers."
    room.web.answers[ENDPOINT] = answer(said(good))

    done = room.run("check")

    assert f"ok    gist: m says: {good}" in done.out
    assert asked_of(room) == 1


def test_check_says_what_is_wrong_with_the_model(room: Newsroom) -> None:
    room.web.answers[ENDPOINT] = answer(status=404)

    done = room.run("check")

    assert done.code == 1
    assert "WRONG gist: " in done.out
    assert "404 from the server; check [gist] url" in done.out


def test_letters_to_files_are_the_same_when_a_letter_is_sent_again(room: Newsroom) -> None:
    room.configure(outputs=room.outputs + FOLDER)
    room.once(FRIDAY)
    room.web.answers[ENDPOINT] = answer(status=500)

    room.run("letters", "resend", "1", "--output", "smtp")

    assert text_of(room.mails[0]) == text_of(room.mails[1])
    assert asked_of(room) == 3
