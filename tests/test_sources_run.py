"""Whole runs with Semantic Scholar and OpenReview, page by page from a server on loopback."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from running import newsroom, text_of
from webserver import Handler

SOURCES = """
[[sources]]
kind = "semanticscholar"
base_url = "{base}"
query = "looms"
spacing = 0

[[sources]]
kind = "semanticscholar"
name = "recommended"
base_url = "{base}"
papers = ["2407.21783", "10.1234/looms"]
spacing = 0

[[sources]]
kind = "openreview"
base_url = "{base}"
venue = "Looms.cc/2026/Conference"
spacing = 0
"""
ANN = """
[[subscribers]]
name = "Ann"
email = "ann@example.org"
keywords = ["data selection"]
"""
SEARCH = "/graph/v1/paper/search/bulk"
LIKED = "/recommendations/v1/papers/forpaper"


def searched(handler: Handler) -> None:
    """Give a page of what is found, and the last one to who has the token for it."""
    last = "token=NEXT" in handler.path
    titles = ["Data Selection by Looms" if last else "Data Selection by Cards"]
    token = {} if last else {"token": "NEXT"}
    say(handler, {"total": 2, "data": [{"title": title} for title in titles], **token})


def recommended(handler: Handler) -> None:
    say(handler, {"recommendedPapers": [{"title": "Data Selection by Engines"}]})


def reviewed(handler: Handler) -> None:
    content = {"title": {"value": "Data Selection for Looms"}}
    times = {"tmdate": 1781222400000, "tcdate": 1781222400000}
    say(handler, {"notes": [{"id": "Ab12", "content": content, **times}]})


def say(handler: Handler, value: object) -> None:
    handler.say(json.dumps(value).encode(), 200, {"Content-Type": "application/json"})


def test_each_page_is_asked_for_with_the_key_and_each_paper_is_mailed_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIGEST_SEMANTIC_SCHOLAR_KEY", "hush-42")
    with newsroom(tmp_path, sources=SOURCES, subscribers=ANN) as room:
        room.web.answers[SEARCH] = searched
        room.web.answers[f"{LIKED}/ARXIV:2407.21783"] = recommended
        room.web.answers[f"{LIKED}/DOI:10.1234/looms"] = recommended
        room.web.answers["/notes"] = reviewed
        assert room.once("2026-06-12").code == 0
        letter = text_of(room.mails[0])
        assert room.once("2026-06-13").code == 0
        asked = {each.path: each.headers.get("x-api-key") for each in room.web.received}

    for title in ("by Cards", "by Engines", "by Looms", "for Looms"):
        assert f"Data Selection {title}" in letter
    assert "https://openreview.net/forum?id=Ab12" in letter
    assert len(room.mails) == 1
    assert {key for path, key in asked.items() if "/v1/" in path} == {"hush-42"}
    assert {key for path, key in asked.items() if path.startswith("/notes")} == {None}


def test_the_check_reads_each_of_them(tmp_path: Path) -> None:
    with newsroom(tmp_path, sources=SOURCES, subscribers=ANN) as room:
        room.web.answers[SEARCH] = searched
        room.web.answers[f"{LIKED}/DOI:10.1234/looms"] = recommended
        room.web.answers["/notes"] = reviewed
        lines = room.run("check").out.splitlines()
    told = [line for line in lines if " papers" in line]
    assert len(told) == 3
