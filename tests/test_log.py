"""The log, as people, programs and the journal read it."""

from __future__ import annotations

import contextvars
import io
import json
import logging
import os
import re
import sys
import threading
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from digest.events import (
    AlarmOver,
    DeliveryTried,
    LettersPublished,
    RunBegan,
    ServiceReady,
    SourceRead,
)
from digest.log import KINDS, Kind, Logbook, crashed, logging_to, secrets_in_force
from digest.scrub import Hidden

READ = SourceRead(
    source="arxiv", listed=3, new=1, revised=0, known=2, errors=1, reason='"medical", said Ann\n<3>'
)
HIDDEN = Hidden(words=frozenset({"Ann", "medical"}), secrets=frozenset({"t0k3n"}))


def said(kind: Kind, say: Callable[[Logbook], None], hidden: Hidden = HIDDEN) -> list[str]:
    """Return the lines that a log has of it."""
    stream = io.StringIO()
    with logging_to(stream, kind, hidden) as log:
        say(log)
    return stream.getvalue().splitlines()


def objects(say: Callable[[Logbook], None]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in said("json", say)]


def test_programs_get_an_object_a_line() -> None:
    (line,) = objects(lambda log: log(READ))
    assert list(line)[:3] == ["timestamp", "level", "event"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", line.pop("timestamp"))
    assert line == {
        "level": "warning",
        "event": "source_read",
        "source": "arxiv",
        "listed": 3,
        "new": 1,
        "revised": 0,
        "known": 2,
        "errors": 1,
        "reason": '"***", said *** <3>',
    }


def test_the_journal_gets_a_priority_and_no_time() -> None:
    lines = [
        *said("journal", lambda log: log(READ)),
        *said("journal", lambda log: log(ServiceReady())),
    ]
    counts = "source=arxiv listed=3 new=1 revised=0 known=2 errors=1"
    reason = r'reason="\"***\", said *** <3>"'
    assert lines == [f"<4>source_read {counts} {reason}", "<6>service_ready"]


def test_what_is_settled_to_have_failed_has_the_priority_of_an_error() -> None:
    failed = DeliveryTried(delivery=7, output="smtp", state="failed", attempts=1, code=550)
    assert said("journal", lambda log: log(failed)) == [
        "<3>delivery delivery=7 output=smtp state=failed attempts=1 code=550"
    ]


def test_people_get_a_line_that_begins_with_when_and_how_bad() -> None:
    (line,) = said("console", lambda log: log(AlarmOver(alarm="disk")))
    assert re.match(r"\S+Z \[info +\] alarm_over +alarm=disk$", line)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_leaves_out_what_is_hidden_and_keeps_to_one_line(kind: Kind) -> None:
    (line,) = said(kind, lambda log: log(READ))
    assert not re.search(r"medical|Ann", line)


def test_every_line_of_a_run_has_its_name_also_from_threads() -> None:
    def run(log: Logbook) -> None:
        log(ServiceReady())
        with log.about("r1"), ThreadPoolExecutor(max_workers=2) as pool:
            for count in (1, 2):
                event = LettersPublished(letters=count, silent=0)
                pool.submit(contextvars.copy_context().run, log, event)
            log(RunBegan(steps=("collect", "send")))
        log(ServiceReady())

    lines = objects(run)
    assert [line.get("run") for line in lines] == [None, "r1", "r1", "r1", None]
    assert {line.get("steps") for line in lines} == {None, "collect send"}


def test_what_libraries_warn_of_comes_the_same_way() -> None:
    def warn(_: Logbook) -> None:
        logging.getLogger("apscheduler.scheduler").warning("job of %s missed, t0k3n", "Ann")
        logging.getLogger("httpx").info("GET https://a.example.org/t0k3n")
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.warn("medical is deprecated", stacklevel=1)

    scheduler, python = objects(warn)
    assert scheduler["library"] == "apscheduler.scheduler"
    assert scheduler["reason"] == "job of *** missed, ***"
    assert python["library"] == "py.warnings"
    assert "UserWarning: *** is deprecated" in python["reason"]


def test_a_fault_that_a_library_met_is_told_without_its_values() -> None:
    def fail(_: Logbook) -> None:
        try:
            dict[str, int]()["Ann"]
        except KeyError:
            logging.getLogger("apscheduler.executors").exception("job failed")

    first, second = objects(fail)
    assert (first["level"], first["reason"]) == ("warning", "job failed")
    assert (second["event"], second["kind"]) == ("crashed", "KeyError")
    assert second["reason"] == "'***'"
    assert re.fullmatch(r"test_log\.py:\d+:fail", second["at"])


def test_a_thread_that_dies_says_so() -> None:
    def die(_: Logbook) -> None:
        thread = threading.Thread(target=[].pop)
        thread.start()
        thread.join()

    (line,) = objects(die)
    assert (line["event"], line["kind"], line["level"]) == ("crashed", "IndexError", "error")


def test_afterwards_all_is_as_it_was() -> None:
    def hooks() -> tuple[object, ...]:
        root = logging.getLogger()
        return (root.handlers[:], threading.excepthook, sys.unraisablehook, warnings.showwarning)

    before = hooks()
    said("json", lambda log: log(ServiceReady()))
    assert hooks() == before


def test_a_log_that_cannot_be_written_stops_nothing() -> None:
    stream = io.StringIO()
    with logging_to(stream, "json", HIDDEN) as log:
        stream.close()
        log(ServiceReady())
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        with logging_to(full, "json", HIDDEN) as log:
            log(ServiceReady())
        with pytest.raises(OSError, match="No space"):
            full.flush()
        full.buffer.raw.close()  # type: ignore[attr-defined]  # What is buffered goes nowhere.


def test_what_another_config_hides_is_hidden_as_well() -> None:
    def change(log: Logbook) -> None:
        log.hide(Hidden(words=frozenset({"Bob"})))
        logging.getLogger("x").warning("Ann and Bob")

    assert [line["reason"] for line in objects(change)] == ["*** and ***"]


def test_a_fault_tells_the_innermost_calls_alone() -> None:
    def deeper(depth: int) -> None:
        if not depth:
            raise RecursionError("deep")
        deeper(depth - 1)

    with pytest.raises(RecursionError) as met:
        deeper(50)
    assert len(crashed(met.value).at) == 8


def test_secrets_are_what_the_environment_and_the_credentials_hold(tmp_path: Path) -> None:
    (tmp_path / "smtp_password").write_text("hunter22\n")
    (tmp_path / "key").write_text("-----BEGIN\nabcdefgh\n\n")
    environment = {
        "DIGEST_IMAP_PASSWORD": " pa55word ",
        "DIGEST_SHORT": "abc",
        "DIGEST_CONFIG": "/srv/digest.toml",
        "DIGEST_LOG": "json",
        "HOME": "/home/ann",
        "CREDENTIALS_DIRECTORY": str(tmp_path),
    }
    found = set(secrets_in_force(environment))
    assert found == {"hunter22", "-----BEGIN", "abcdefgh", "pa55word"}


def test_credentials_that_are_not_there_are_none(tmp_path: Path) -> None:
    assert not list(secrets_in_force({"CREDENTIALS_DIRECTORY": str(tmp_path / "none")}))


def test_a_log_that_nobody_reads_any_more_is_thrown_away() -> None:
    reads, writes = os.pipe()
    os.close(reads)
    with os.fdopen(writes, "w", encoding="utf-8") as stream:
        with logging_to(stream, "json", Hidden()) as log:
            log(ServiceReady())
        stream.write("At its end, Python writes what is left, or fails.\n")
        stream.flush()
