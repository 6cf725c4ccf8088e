"""Pages kept as they are fetched: what is on disk, and what must never be."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from keeping import LIST, NOW, Web, keep, page

from digest.errors import ConfigError
from digest.kept import Record
from digest.papers import Validators
from digest.recording import INDEX, Recorder
from digest.sources import Request


def lines(folder: Path) -> list[dict[str, str]]:
    (index,) = folder.glob(f"*/{INDEX}")
    return [json.loads(line) for line in index.read_text().splitlines()]


def test_a_page_is_a_readable_file_and_a_line_beside_it(tmp_path: Path) -> None:
    keep(tmp_path, page(validators=Validators(etag='"7"', last_modified="today")))

    run = tmp_path / "2026-06-12T050000Z"
    assert [path.name for path in sorted(run.iterdir())] == [
        "001-lists-api-daily-date-2026-06-12.json",
        "pages.jsonl",
    ]
    assert (run / "001-lists-api-daily-date-2026-06-12.json").read_bytes() == b"[]"
    assert lines(tmp_path) == [
        {
            "at": "2026-06-12T05:00:00Z",
            "source": "lists",
            "asked": LIST,
            "url": LIST,
            "file": "001-lists-api-daily-date-2026-06-12.json",
            "content_type": "application/json",
            "etag": '"7"',
            "last_modified": "today",
        }
    ]


def test_the_fragment_that_a_source_sets_is_kept(tmp_path: Path) -> None:
    keep(tmp_path, page(f"{LIST}#since=2026-06-01"), f"{LIST}#since=2026-06-01")
    (line,) = lines(tmp_path)
    assert line["asked"] == line["url"] == f"{LIST}#since=2026-06-01"


def test_what_failed_is_kept_as_having_failed(tmp_path: Path) -> None:
    keep(tmp_path, "503 from the server")
    (line,) = lines(tmp_path)
    assert (line["error"], "file" in line) == ("503 from the server", False)


def test_pages_are_asked_for_without_validators(tmp_path: Path) -> None:
    assert keep(tmp_path, page()).validators == [None]


@pytest.mark.parametrize(
    "url",
    ["https://lists.example/feed?key=hush-1&n=2", "https://ann:hush-1@lists.example/feed?n=2"],
)
def test_no_secret_of_an_address_is_on_disk(tmp_path: Path, url: str) -> None:
    keep(tmp_path, page(url), url)

    kept = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(kept) == 2
    for path in kept:
        assert b"hush" not in path.name.encode() + path.read_bytes()
    again = Record(tmp_path).fetch(NOW)("lists", Request(url=url))
    assert again is not None
    assert again.body == b"[]"


def test_two_runs_at_one_moment_have_a_folder_each(tmp_path: Path) -> None:
    for body in (b"first", b"second"):
        keep(tmp_path, page(body=body))
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "2026-06-12T050000Z",
        "2026-06-12T050000Z-2",
    ]
    again = Record(tmp_path).fetch(NOW)("lists", Request(url=LIST))
    assert again is not None
    assert again.body == b"second"


def test_threads_keep_whole_lines_and_files_of_their_own(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, Web(lambda url: page(url, body=url.encode() * 1000)), NOW)
    urls = [f"https://lists.example/{number}" for number in range(200)]
    with ThreadPoolExecutor(max_workers=8) as pool:
        list(pool.map(lambda url: recorder.get("lists", Request(url=url)), urls))

    fetch = Record(tmp_path).fetch(NOW)
    for url in urls:
        again = fetch("lists", Request(url=url))
        assert again is not None
        assert again.body == url.encode() * 1000


@pytest.mark.parametrize(
    ("content_type", "ending"),
    [
        ("text/html; charset=utf-8", ".html"),
        ("application/atom+xml", ".xml"),
        ("text/plain", ".txt"),
        ("", "2026-06-12"),
    ],
)
def test_a_file_ends_as_its_content_does(tmp_path: Path, content_type: str, ending: str) -> None:
    keep(tmp_path, page(content_type=content_type))
    (line,) = lines(tmp_path)
    assert line["file"].endswith(ending)


def test_where_nothing_can_be_written_it_says_so(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(ConfigError, match=r"--record: .*taken: .*name a folder"):
        Recorder(tmp_path / "taken", Web(page()), NOW)
    recorder = Recorder(tmp_path / "gone", Web(page()), NOW)
    (tmp_path / "gone").rmdir()
    with pytest.raises(ConfigError, match=r"--record: .*gone: .*name a folder"):
        recorder.get("lists", Request(url=LIST))
