"""What a log may say."""

from __future__ import annotations

import re

import pytest
from msgspec.structs import fields

from digest import events
from digest.events import Codes, DeliveryTried, Event, RunEnded, SourceRead, codes

ROW = re.compile(r"^ {4}(\w+) +(info|warning|error)( \*)? *(.*)$", re.MULTILINE)
TABLE = ROW.findall(events.__doc__ or "")
KINDS = {str(each.__struct_config__.tag): each for each in Event.__subclasses__()}


def test_the_table_names_every_event_and_nothing_else() -> None:
    assert {name for name, *_ in TABLE} == set(KINDS)
    assert len(TABLE) == len(KINDS)


@pytest.mark.parametrize(("name", "level", "varies", "said"), TABLE)
def test_an_event_has_the_fields_and_the_level_of_the_table(
    name: str, level: str, varies: str, said: str
) -> None:
    kind = KINDS[name]
    assert re.findall(r"\w+", re.sub(r"\(.*?\)|\*", "", said)) == [f.name for f in fields(kind)]
    assert kind.usual == level
    assert ("level" in vars(kind)) == bool(varies)


def test_no_event_has_a_place_for_a_reader_a_keyword_or_an_answer() -> None:
    named = {field.name for kind in KINDS.values() for field in fields(kind)}
    assert not named & {"subscriber", "reader", "email", "recipient", "keyword", "answer", "key"}


def test_an_event_says_only_what_there_is_to_say() -> None:
    read = SourceRead(source="arxiv", listed=0, new=0, revised=0, known=0)
    assert read.fields == {
        "event": "source_read",
        "source": "arxiv",
        "listed": 0,
        "new": 0,
        "revised": 0,
        "known": 0,
    }


@pytest.mark.parametrize(
    ("lost", "errors", "level"), [(0, 0, "info"), (0, 1, "warning"), (2, 1, "error")]
)
def test_a_lost_day_is_worse_than_a_failure(lost: int, errors: int, level: str) -> None:
    read = SourceRead(source="a", listed=0, new=0, revised=0, known=0, lost=lost, errors=errors)
    assert read.level == level


@pytest.mark.parametrize(
    ("state", "level"),
    [("sent", "info"), ("ready", "warning"), ("in_doubt", "error"), ("failed", "error")],
)
def test_a_delivery_is_as_bad_as_what_became_of_it(state: str, level: str) -> None:
    assert DeliveryTried(delivery=1, output="smtp", state=state, attempts=1).level == level


def test_a_run_that_did_not_end_well_is_a_warning() -> None:
    assert RunEnded(steps=("send",), seconds=1.5, outcome="ok").level == "info"
    assert RunEnded(steps=("send",), seconds=1.5, outcome="stopped").level == "warning"


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("250 2.0.0 Ok: queued as 4F1", Codes(250, "2.0.0")),
        ("250 OK", Codes(250, "")),
        ("mx:25: RCPT: 550 5.1.1 <ann@example.org>: unknown", Codes(550, "5.1.1")),
        ("given up after 9 attempts; the last: mx:25: DATA: 451 later", Codes(451, "")),
        ("mx:587: RCPT: 550-5.1.1 no such user", Codes(550, "5.1.1")),
        ("mx:250: connection lost at MAIL: reset", Codes(0, "")),
        ("letters/2026-06-12.html", Codes(0, "")),
        ("", Codes(0, "")),
    ],
)
def test_of_an_answer_only_the_codes_are_told(answer: str, expected: Codes) -> None:
    assert codes(answer) == expected
