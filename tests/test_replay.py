"""Recorded days served on loopback, one run after the other, as a reader would have met them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from recordings import needs_recordings, recorded
from running import SMTP, Newsroom, newsroom, text_of
from webserver import answer

pytest_plugins = ["databases"]

pytestmark = needs_recordings

BROAD = ["model", "learning", "language", "agent", "-medical"]
NARROW = ["data selection^2", "world model", "reinforcement learning"]
MOST_WORDS = 900
MOST_BYTES = 90_000
READERS = "".join(
    f'[[subscribers]]\nname = "{name}"\nemail = "{name}@example.org"\nkeywords = {keywords}\n'
    for name, keywords in (("broad", json.dumps(BROAD)), ("narrow", json.dumps(NARROW)))
)


@pytest.fixture
def room(tmp_path: Path, url: str) -> Iterator[Newsroom]:
    with newsroom(tmp_path, outputs=SMTP, subscribers=READERS, store=url) as made:
        yield made


on_sqlite = pytest.mark.parametrize("new_url", ["sqlite"], indirect=True)
on_both = pytest.mark.parametrize("new_url", ["sqlite", "postgresql"], indirect=True)


def june() -> list[Path]:
    """Return the recorded days of June 2026."""
    return [path for path in recorded("huggingface/daily_api") if path.stem[:7] == "2026-06"]


def arxiv_days() -> dict[str, dict[str, Mapping[str, Any]]]:
    """Return the papers of each recorded day, once each, by their numbers."""
    return {
        path.stem: {line["id"]: _listed(line) for line in map(json.loads, _lines(path))}
        for path in recorded("arxiv/days")
    }


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


def _listed(line: dict[str, Any]) -> Mapping[str, Any]:
    return {**line, "authors": [{"name": name} for name in line["authors"]]}


def replay(room: Newsroom, day: str) -> dict[str, Any]:
    """Run at the end of a day; check what holds on each of them, and return the report."""
    before = len(room.mails)
    done = room.once(day)
    assert done.code == 0, done.err
    report: dict[str, Any] = done.json
    for source in report["sources"]:
        assert source["listed"] == source["new"] + source["revised"] + source["known"]
    for letter in report["letters"]:
        receipt = letter["receipt"]
        parts = ("left_out", "below", "here", "more")
        assert receipt["read"] == sum(receipt[part] for part in parts)
        assert len(letter["here"]) == receipt["here"] <= 10
        assert len(letter["more"]) == receipt["more"]
        assert len(letter["revised"]) == receipt["revised"]
    mails = room.mails[before:]
    assert len(mails) == len(report["letters"])
    for mail in mails:
        assert len(text_of(mail).split()) <= MOST_WORDS, (day, mail["To"])
        assert len(text_of(mail, "html").encode()) <= MOST_BYTES, (day, mail["To"])
    return report


@on_sqlite
def test_each_paper_is_in_at_most_one_letter_of_a_reader(room: Newsroom) -> None:
    lists = june()
    for path in lists:
        body = answer(path.read_bytes(), content_type="application/json")
        room.web.answers[f"/api/daily_papers?date={path.stem}&limit=100"] = body

    told: dict[str, Counter[str]] = {"broad": Counter(), "narrow": Counter()}
    listed = 0
    for path in lists:
        report = replay(room, path.stem)
        listed += report["sources"][0]["new"]
        for letter in report["letters"]:
            told[letter["subscriber"]].update([*letter["here"], *letter["more"]])

    for reader in told.values():
        assert len(reader) > 50
        assert set(reader.values()) == {1}
    assert listed == len({_number(each) for path in lists for each in json.loads(path.read_text())})


def _number(item: dict[str, Any]) -> str:
    return str(item["paper"]["id"])


@on_both
def test_both_sources_together_list_each_paper_once(room: Newsroom) -> None:
    for path in june():
        body = answer(path.read_bytes(), content_type="application/json")
        room.web.answers[f"/api/daily_papers?date={path.stem}&limit=100"] = body
    told: Counter[str] = Counter()
    both = 0
    for day, papers in arxiv_days().items():
        room.arxiv(day, *papers.values())
        for letter in replay(room, day)["letters"]:
            if letter["subscriber"] == "broad":
                told.update([*letter["here"], *letter["more"]])
    for each in room.run("papers", "-n", "100000", "--json").json:
        both += len(each["sources"]) == 2
    assert set(told.values()) == {1}
    assert both > 20
