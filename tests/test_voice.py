"""How a run tells what it does: an account, or a log that names nobody."""

from __future__ import annotations

import io
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from running import SMTP, SOURCES, Newsroom, Result, finished, newsroom, paper
from webserver import answer

from digest.cli.voice import is_journal

DAY = "2026-06-12"


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Newsroom]:
    with newsroom(tmp_path) as made:
        made.huggingface(DAY, paper(1, "On Looms", votes=3), paper(2, "On Soap"))
        yield made


def lines(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.err.splitlines()]


def test_cron_gets_an_account_that_can_be_read(room: Newsroom) -> None:
    result = room.run("once", "--at", DAY)
    assert "huggingface: 2 listed, 2 new" in result.err
    assert "Ann: 1 papers here" in result.err


def test_a_log_tells_a_run_from_its_beginning_to_its_end(room: Newsroom) -> None:
    result = room.run("once", "--at", DAY, "--log", "json")
    told = lines(result)
    assert result.code == 0
    assert [line["event"] for line in told] == [
        "run_began",
        "source_read",
        "source_read",
        "published",
        "delivery",
        "run_ended",
    ]
    assert len({line["run"] for line in told}) == 1
    assert told[0]["steps"] == "collect publish send"
    assert (told[1]["source"], told[1]["listed"], told[1]["new"]) == ("huggingface", 2, 2)
    assert (told[3]["letters"], told[3]["silent"]) == (1, 0)
    assert (told[4]["state"], told[4]["code"], told[4]["enhanced"]) == ("sent", 250, "2.0.0")
    assert told[5]["outcome"] == "ok"
    assert 0 < told[5]["seconds"] < 60


def test_the_environment_chooses_as_well(room: Newsroom, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIGEST_LOG", "journal")
    result = room.run("once", "--at", DAY)
    assert all(re.match(r"<[346]>\w+ \w+=", line) for line in result.err.splitlines())


def test_under_systemd_the_log_is_the_journals(room: Newsroom, tmp_path: Path) -> None:
    with (tmp_path / "err").open("w+", encoding="utf-8") as stream:
        status = os.fstat(stream.fileno())
        named = {"JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"}
        process = room.start("once", "--at", DAY, stderr=stream, environment=named)
        assert finished(process).code == 0
        stream.seek(0)
        assert stream.readline().startswith("<6>run_began run=")


def test_another_stream_than_the_named_one_is_not_the_journal(tmp_path: Path) -> None:
    with (tmp_path / "err").open("w", encoding="utf-8") as stream:
        status = os.fstat(stream.fileno())
        assert is_journal(stream, {"JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"})
        assert not is_journal(stream, {"JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino + 1}"})
        assert not is_journal(stream, {})
    assert not is_journal(io.StringIO(), {"JOURNAL_STREAM": "1:2"})


def test_a_failure_is_a_warning_and_what_went_wrong_has_a_line(room: Newsroom) -> None:
    room.web.answers["/api/query"] = answer(b"no", status=403)
    room.mailbox.answer("RCPT", "550 5.1.1 <ann@example.org>: no such user here")
    result = room.run("once", "--at", DAY, "--log", "json")
    by = {line["event"]: line for line in lines(result) if line["level"] != "info"}
    assert result.code == 1
    assert set(by) == {"source_read", "delivery", "run_ended"}
    assert by["source_read"]["source"] == "arxiv"
    assert "403" in by["source_read"]["reason"]
    assert {**by["delivery"], "timestamp": "", "run": ""} == {
        "timestamp": "",
        "level": "error",
        "event": "delivery",
        "run": "",
        "delivery": 1,
        "output": "smtp",
        "state": "failed",
        "attempts": 1,
        "code": 550,
        "enhanced": "5.1.1",
    }


def test_an_error_that_ends_a_command_is_an_event_with_its_exit_code(room: Newsroom) -> None:
    room.configure(more="[lettters]\ncap = 3\n")
    result = room.run("once", "--log", "json")
    (line,) = lines(result)
    assert result.code == 2
    assert (line["event"], line["kind"], line["exit_code"]) == ("stopped", "ConfigError", 2)
    assert "unknown key `lettters`" in line["reason"]


def test_another_run_at_work_is_no_error_of_this_one(room: Newsroom) -> None:
    blocked = room.block("/api/query")
    first = room.start("once", "--at", DAY)
    assert blocked.asked.wait(60)
    result = room.run("once", "--at", DAY, "--log", "json")
    blocked.released.set()
    finished(first)
    assert result.code == 75
    assert [(line["event"], line["level"]) for line in lines(result)][1:] == [
        ("run_ended", "warning"),
        ("lock_held", "warning"),
    ]


def test_a_fault_of_the_program_is_an_event_and_no_trace_of_values(
    room: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("while reading for Ann, who likes looms")

    monkeypatch.setattr("digest.runs.parts", fail)
    result = room.run("once", "--at", DAY, "--log", "json")
    fault = lines(result)[-1]
    assert result.code == 1
    assert (fault["event"], fault["kind"]) == ("crashed", "ZeroDivisionError")
    assert fault["reason"] == "while reading for ***, who likes ***"
    assert fault["at"].split()[-1].startswith("test_voice.py:")


# Nobody is named

SECRETS = {
    "DIGEST_SMTP_PASSWORD": "pa55w0rd-of-smtp",
    "DIGEST_SECRET_KEY": "k3y" * 12,
    "DIGEST_SEMANTIC_SCHOLAR_KEY": "scholar/k+3y=",
}
READERS = """
[[subscribers]]
name = "zelda@private.example.net"
email = "zelda@private.example.net"
keywords = ["clandestine looms^2", "-unmentionable", "秘密关键词", "author: Quetzal, Xavier"]

[[subscribers]]
name = "Wolfgang Überlinger"
email = "w.ü@xn--geheim.example.net"
keywords = ["title: (hushhush OR verboten)", "\\"tip toe\\"~3"]
"""
HOSTILE = """
[[sources]]
kind = "feed"
name = "private feed"
url = "{login}/rss/p4thtok3n/feed.xml?token=t0k3n-1&user=me@private.example.org"
spacing = 0

[[sources]]
kind = "feed"
name = "moved feed"
url = "{base}/moved?apikey=t0k3n-2"
spacing = 0

[[sources]]
kind = "arxiv"
name = "searched"
query = "all:clandestine"
base_url = "{base}"
spacing = 0

[[sources]]
kind = "feed"
name = "broken feed"
url = "{base}/broken"
spacing = 0

[[sources]]
kind = "semanticscholar"
query = "hushhush verboten"
base_url = "{base}"
spacing = 0
"""
NEVER = (
    *SECRETS.values(),
    *("zelda", "private.example.net", "Wolfgang", "Überlinger", "w.ü", "geheim"),
    *("clandestine", "unmentionable", "秘密关键词", "Quetzal", "Xavier", "hushhush", "verboten"),
    *("tip toe", "p4thtok3n", "t0k3n", "l0gin", "s3same", "me@private"),
)
QUOTING = (
    "550 5.1.1 <zelda@private.example.net>: zelda, who likes clandestine looms, is unknown",
    "450 4.2.1 w.ü@xn--geheim.example.net Wolfgang Überlinger is away: pa55w0rd-of-smtp",
)


@pytest.fixture
def hostile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Newsroom]:
    """A newsroom in which everything fails, and quotes what it failed for."""
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    with newsroom(tmp_path, subscribers=READERS) as room:
        login = room.web.url("").replace("://", "://l0gin:s3same@")
        room.configure(sources=SOURCES + HOSTILE.replace("{login}", login), outputs=SMTP)
        room.huggingface(DAY, paper(1, "Clandestine Looms"), paper(2, "Verboten Things"))
        gone = b"no clandestine looms for zelda@private.example.net with t0k3n-1"
        room.web.answers["/rss/p4thtok3n/feed.xml"] = answer(gone, status=403)
        room.web.answers["/moved"] = answer(b"", status=302, location="ftp://l0gin:s3same@h/t0k3n")
        room.web.answers["/broken"] = answer(
            b"<rss><channel><item>hushhush zelda", content_type="application/rss+xml"
        )
        room.web.answers["/api/query"] = answer(b"clandestine", status=500)
        room.mailbox.answer("RCPT", *(each.encode("ascii", "replace").decode() for each in QUOTING))
        yield room


def leaked(text: str) -> list[str]:
    """Return what of `NEVER` is in a text, as it is or in a form that says the same."""
    unescaped = text.encode().decode("unicode_escape", "replace") if "\\u" in text else text
    folded = f"{text}\n{unescaped}".casefold()
    return [
        word
        for word in NEVER
        for form in {word, quote(word), quote(word, safe=""), word.replace(" ", "+")}
        if form.casefold() in folded
    ]


@pytest.mark.parametrize("kind", ["json", "journal", "console"])
def test_no_log_names_a_reader_a_keyword_or_a_secret(hostile: Newsroom, kind: str) -> None:
    process = hostile.start("once", "--at", DAY, "--log", kind)
    result = finished(process)
    assert result.code == 1
    assert result.err.count("source_read") == 7
    assert result.err.count("delivery") >= 2
    assert "550" in result.err
    assert not leaked(result.err + result.out)
    assert all("run=" in line or '"run":' in line for line in result.err.splitlines())


@pytest.mark.parametrize(
    "slip",
    [
        'keywords = ["clandestine AND (looms"]',
        'keywords = ["hushhush"]\nemail = "zelda private.example.net"',
        'keywords = ["hushhush"]\ntimezone = "Europe/Nowhere"',
        'keywords = ["hushhush"]\noutputs = ["nowhere"]',
        'keywords = "hushhush"',
        'keywrods = ["hushhush"]',
    ],
)
def test_a_config_that_is_refused_is_refused_without_naming_anybody(
    room: Newsroom, slip: str
) -> None:
    room.configure(subscribers=f'[[subscribers]]\nname = "Zelda"\n{slip}\n')
    result = room.run("once", "--log", "json")
    (line,) = lines(result)
    assert (result.code, line["kind"]) == (2, "ConfigError")
    assert "subscribers[0]" in line["reason"]
    assert not leaked(result.err)


NAMES = st.text(st.characters(categories=("Lu", "Ll", "Lo", "Nd")), min_size=5, max_size=12).filter(
    lambda text: text.isprintable() and text.casefold() not in "subscribers digest toml"
)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=NAMES, keyword=NAMES)
def test_no_refusal_names_whoever_it_is_about(room: Newsroom, name: str, keyword: str) -> None:
    toml = json.dumps({"name": name, "keyword": keyword}, ensure_ascii=False)
    name_, keyword_ = (json.dumps(each, ensure_ascii=False) for each in json.loads(toml).values())
    room.configure(
        subscribers=f"[[subscribers]]\nname = {name_}\nkeywords = [{keyword_}]\noutputs = ['no']\n"
    )
    result = room.run("once", "--log", "json")
    assert result.code == 2
    (line,) = lines(result)
    assert name.casefold() not in line["reason"].casefold()
    assert keyword.casefold() not in line["reason"].casefold()
