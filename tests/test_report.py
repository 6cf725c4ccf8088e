from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from letter_factory import item, letter, paper

from digest.errors import FetchError
from digest.pipeline import Collected, Published, Reading, Sent
from digest.report import Run
from digest.seen import Counts


def run(states: Mapping[str, int] | None = None, **fields: Any) -> Run:
    readings = [Reading(source="hf"), Reading(source="arxiv", errors=fields.pop("errors", []))]
    counts = {"hf": Counts(listed=5, new=3, revised=1, known=1), "arxiv": Counts()}
    return Run(
        collected=Collected(counts=counts, readings=readings),
        published=Published(letters=fields.pop("letters", ()), silent=()),
        sent=Sent(states=states or {}, answers=(), errors=fields.pop("failed", ())),
    )


def told(run_: Run) -> Any:
    return json.loads(run_.report.json())


def test_the_report_has_the_keys_that_programs_rely_on() -> None:
    report = told(run({"sent": 2}, letters=(letter(),)))

    assert list(report) == ["sources", "letters", "deliveries", "notes", "alarms"]
    keys = ["name", "listed", "new", "revised", "known", "errors", "notes", "lost"]
    assert list(report["sources"][0]) == keys
    assert list(report["letters"][0]) == ["subscriber", "here", "more", "revised", "receipt"]
    assert report["deliveries"] == {"sent": 2}


def test_each_source_has_its_counts_and_errors_in_the_configs_order() -> None:
    error = FetchError("arxiv", "https://a.example", "503 from the server")
    report = told(run(errors=[error]))

    assert report["sources"][0] == {
        "name": "hf", "listed": 5, "new": 3, "revised": 1, "known": 1,
        "errors": [], "notes": [], "lost": [],
    }  # fmt: skip
    assert report["sources"][1]["errors"] == ["arxiv: https://a.example: 503 from the server"]


def test_a_letter_is_told_by_its_papers_and_its_receipt_adds_up() -> None:
    items = tuple(
        item(section=section, paper=paper(arxiv=f"2606.0000{at}"))
        for at, section in enumerate(("for_you", "trending", "rising", "revised", "more"))
    )
    (found,) = told(run(letters=(letter(items=items),)))["letters"]
    receipt = found["receipt"]

    assert found["subscriber"] == "Ann"
    assert found["here"] == ["arxiv:2606.00000", "arxiv:2606.00001", "arxiv:2606.00002"]
    assert found["revised"] == ["arxiv:2606.00003"]
    assert found["more"] == ["arxiv:2606.00004"]
    assert receipt["left_out"] == sum(len(each["titles"]) for each in receipt["excluded"]) == 12
    assert receipt["read"] == sum(receipt[key] for key in ("left_out", "below", "here", "more"))


def test_the_letter_for_everyone_is_the_publics() -> None:
    assert told(run(letters=(letter(subscriber=""),)))["letters"][0]["subscriber"] == "public"


def test_a_run_of_nothing_is_a_report_of_nothing() -> None:
    empty = Run(
        collected=Collected(counts={}, readings=()),
        published=Published(letters=(), silent=()),
        sent=Sent(states={}, answers=(), errors=()),
    )

    assert told(empty) == {
        "sources": [],
        "letters": [],
        "deliveries": {},
        "notes": [],
        "alarms": [],
    }
    assert not empty.failed


def test_a_run_failed_if_a_source_or_a_delivery_did() -> None:
    assert not run().failed
    assert run(errors=[FetchError("arxiv", "", "no answer")]).failed
    assert run(failed=("refused",)).failed
