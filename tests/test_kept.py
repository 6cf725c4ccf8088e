"""Kept pages: what was recorded comes back as it came, a folder of saved pages by its days."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from keeping import LIST, NOW, keep, page
from running import daily, paper

from digest.errors import ConfigError, FetchError
from digest.kept import Kept, Record, Shelf, opened
from digest.papers import Page, Validators
from digest.recording import INDEX
from digest.sources import Request, Source
from digest.sources.arxiv import Arxiv
from digest.sources.huggingface import HuggingFace

LATER = NOW + timedelta(days=1)
LISTS = HuggingFace(name="lists")
LIMIT = 1_000_000


def given(kept: Kept, now: datetime, url: str = LIST, source: str = "lists") -> Page:
    found = kept.fetch(now)(source, Request(url=url))
    assert found is not None
    return found


def asked(sources: Sequence[Source]) -> list[str]:
    requests = [request for each in sources for request in each.requests(None, NOW)]
    return [request.url.rpartition("/")[2] for request in requests]


# A record


def test_a_page_comes_back_as_it_came(tmp_path: Path) -> None:
    whole = page(f"{LIST}#page=2", b"\x00\xff[]", validators=Validators(etag='"7"'))
    keep(tmp_path, whole, f"{LIST}#page=2")
    assert given(Record(tmp_path), LATER, f"{LIST}#page=2") == whole


def test_the_last_run_until_then_is_given_back(tmp_path: Path) -> None:
    keep(tmp_path, page(body=b"old"))
    keep(tmp_path, page(body=b"new", fetched_at=LATER), now=LATER)
    record = Record(tmp_path)
    assert given(record, NOW).body == b"old"
    assert given(record, LATER - timedelta(seconds=1)).body == b"old"
    assert given(record, LATER).body == b"new"
    assert record.moments == (NOW, LATER)


def test_an_outage_comes_back_as_one(tmp_path: Path) -> None:
    keep(tmp_path, page())
    keep(tmp_path, "503 from the server", now=LATER)
    assert given(Record(tmp_path), NOW).body == b"[]"
    with pytest.raises(FetchError, match=r"lists: https://.*: 503 from the server"):
        given(Record(tmp_path), LATER)


def test_a_source_asks_for_what_its_last_run_asked_for(tmp_path: Path) -> None:
    for number in (1, 2):
        keep(tmp_path, page(), f"https://lists.example/{number}")
    keep(tmp_path, page(), "https://lists.example/3", now=LATER)
    record = Record(tmp_path)
    assert asked(record.sources([LISTS], NOW)) == ["1", "2"]
    assert asked(record.sources([LISTS], LATER)) == ["3"]


def test_a_source_is_read_once_for_each_run(tmp_path: Path) -> None:
    keep(tmp_path, page())
    record = Record(tmp_path)
    assert len(record.sources([LISTS], LATER, NOW - timedelta(days=1))) == 1
    assert record.sources([LISTS], LATER, NOW) == ()


def test_what_a_page_asks_for_next_is_not_asked_for_twice(tmp_path: Path) -> None:
    url = "https://lists.example/api/daily_papers?date=2026-06-12&limit=100"
    full = daily("2026-06-12", *(paper(number, f"On Loom {number}") for number in range(1, 101)))
    assert LISTS.parse(page(url, full)).requests
    keep(tmp_path, page(url, full), url)

    (source,) = Record(tmp_path).sources([LISTS], NOW)
    parsed = source.parse(given(Record(tmp_path), NOW, url))
    assert (len(parsed.sightings), parsed.requests) == (100, ())
    assert (source.name, source.home) == ("lists", "https://huggingface.co/papers")


def test_a_source_that_was_never_recorded_fails_and_says_so(tmp_path: Path) -> None:
    keep(tmp_path, page())
    record = Record(tmp_path)
    (source,) = record.sources([Arxiv(categories=("cs.LG",))], NOW)
    (request,) = source.requests(None, NOW)
    with pytest.raises(FetchError, match=r"arxiv: .*until 2026-06-12 05:00 UTC, only of lists"):
        record.fetch(NOW)("arxiv", request)
    with pytest.raises(FetchError, match=r"no page of lists was recorded until .*, nor of any"):
        given(record, NOW - timedelta(days=1))


def test_a_line_that_a_killed_run_left_half_written_is_left_out(tmp_path: Path) -> None:
    keep(tmp_path, page())
    (index,) = tmp_path.glob(f"*/{INDEX}")
    index.write_bytes(index.read_bytes() + b'{"at":"2026-06-1')
    assert given(Record(tmp_path), NOW).body == b"[]"


@pytest.mark.parametrize(
    "line",
    [
        "nonsense",
        '{"at":"2026-06-12T05:00:00Z","source":"lists"}',
        '{"at":"2026-06-12T05:00:00","source":"lists","asked":"x","file":"y"}',
        '{"at":"2026-06-12T05:00:00Z","source":"lists","asked":"x","file":"../../secret"}',
        '{"at":"2026-06-12T05:00:00Z","source":"lists","asked":"x","file":".."}',
    ],
    ids=["no JSON", "too little", "no zone", "another folder", "the folder above"],
)
def test_a_line_that_is_none_of_a_record_is_named(tmp_path: Path, line: str) -> None:
    (tmp_path / INDEX).write_text(line + "\n")
    with pytest.raises(ConfigError, match=r"pages\.jsonl, line 1: no page of a record"):
        Record(tmp_path)


def test_a_file_that_is_gone_is_named(tmp_path: Path) -> None:
    keep(tmp_path, page())
    next(tmp_path.glob("*/001-*")).unlink()
    with pytest.raises(FetchError, match=r"001-lists.*No such file.*put it back"):
        given(Record(tmp_path), NOW)


def test_the_folder_of_one_run_is_a_record_too(tmp_path: Path) -> None:
    keep(tmp_path, page())
    (run,) = tmp_path.iterdir()
    kept = opened(run, "UTC", LIMIT)
    assert isinstance(kept, Record)
    assert given(kept, NOW).body == b"[]"


# A folder of saved pages


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    for name in ("2026-06-11.json", "2026-06-12/list.json", "2026-06-12/more.json", "any.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(daily("2026-06-11", paper(1, "On Looms")))
    (tmp_path / ".hidden").write_text("no page")
    found = opened(tmp_path, "Europe/Berlin", LIMIT)
    assert isinstance(found, Shelf)
    return found


def end(day: int) -> datetime:
    return datetime(2026, 6, day, 21, 59, 59, 999999, tzinfo=UTC)


def test_what_is_named_after_a_day_is_there_from_that_day_on(shelf: Shelf) -> None:
    assert asked(shelf.sources([LISTS], end(10))) == ["any.json"]
    assert asked(shelf.sources([LISTS], end(11))) == ["2026-06-11.json", "any.json"]
    assert len(asked(shelf.sources([LISTS], end(12)))) == 4


def test_a_day_begins_in_the_newsletters_zone(shelf: Shelf) -> None:
    assert asked(shelf.sources([LISTS], end(10) + timedelta(seconds=1))) == [
        "2026-06-11.json",
        "any.json",
    ]


def test_a_folder_is_read_day_by_day(shelf: Shelf) -> None:
    assert shelf.moments == (end(11), end(12))
    assert asked(shelf.sources([LISTS], end(12), end(11))) == ["list.json", "more.json"]
    assert asked(shelf.sources([LISTS], end(13), end(12))) == []


def test_a_saved_page_is_read_as_files_are(shelf: Shelf) -> None:
    (source,) = shelf.sources([LISTS], end(11))
    for request in source.requests(None, end(11)):
        (sighting,) = source.parse(given(shelf, end(11), request.url)).sightings
        assert (sighting.source, sighting.day) == ("files", date(2026, 6, 11))


def test_what_is_no_folder_of_pages_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere: no such folder"):
        opened(tmp_path / "nowhere", "UTC", LIMIT)
    with pytest.raises(ConfigError, match=r"no pages in it"):
        opened(tmp_path, "UTC", LIMIT)
