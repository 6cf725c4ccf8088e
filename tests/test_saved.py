from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from digest import saved
from digest.errors import FetchError
from digest.papers import Page

NOW = datetime(2026, 7, 1, 5, 0, tzinfo=UTC)
MB = 1_000_000


def got(url: str) -> Page:
    return saved.read("lab", url, now=NOW, limit=MB)


def failure(url: str) -> str:
    with pytest.raises(FetchError) as caught:
        got(url)
    assert caught.value.source == "lab"
    assert caught.value.__cause__ is not None
    return str(caught.value)


def listed(page: Page) -> list[str]:
    assert page.content_type == "text/uri-list"
    return page.body.decode().splitlines()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b.html", "a.html", "c é #1.txt", ".hidden.html", "below/d.html", ".git/e.html"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(name, encoding="utf-8")
    return tmp_path


def test_a_file_is_its_bytes_and_the_time_of_the_run(folder: Path) -> None:
    url = (folder / "c é #1.txt").as_uri() + "#day=2026-06-30"

    assert got(url) == Page(url=url, body="c é #1.txt".encode(), fetched_at=NOW)


@pytest.mark.parametrize("form", ["file:{}", "file://{}", "FILE://localhost{}"])
def test_a_file_may_be_written_in_several_ways(folder: Path, form: str) -> None:
    assert got(form.format(folder / "a.html")).body == b"a.html"


def test_a_folder_lists_its_files_by_name(folder: Path) -> None:
    urls = listed(got(folder.as_uri()))

    assert urls == [(folder / name).as_uri() for name in ("a.html", "b.html", "c é #1.txt")]
    assert [got(url).body.decode() for url in urls] == ["a.html", "b.html", "c é #1.txt"]


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("*.html", ["a.html", "b.html"]),
        ("?.html", ["a.html", "b.html"]),
        ("[b-z]*", ["b.html", "c é #1.txt"]),
        ("*/*.html", ["below/d.html"]),
        ("**/*.html", ["a.html", "b.html", "below/d.html"]),
    ],
)
def test_a_glob_lists_the_files_it_matches(folder: Path, pattern: str, names: list[str]) -> None:
    page = got(f"file://{folder}/{pattern}")
    assert listed(page) == [(folder / name).as_uri() for name in names]


def test_a_file_whose_name_looks_like_a_glob_is_that_file(tmp_path: Path) -> None:
    (tmp_path / "what? [1].html").write_text("itself")
    assert got(f"file://{tmp_path}/what? [1].html").body == b"itself"
    assert got(listed(got(tmp_path.as_uri()))[0]).body == b"itself"


def test_a_file_name_that_is_no_utf_8_can_be_listed_and_read(tmp_path: Path) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.html")).write_text("old")
    assert got(listed(got(tmp_path.as_uri()))[0]).body == b"old"


def test_an_empty_folder_is_an_empty_list(tmp_path: Path) -> None:
    assert listed(got(tmp_path.as_uri())) == []


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("gone.html", "no such file or folder"),
        ("gone/*.html", "no such folder"),
        ("*.pdf", "matches *.pdf"),
        ("a.html/x", "not a directory"),
        ("x%00y", "no path"),
        ("x" * 300, "name too long"),
    ],
)
def test_a_file_that_is_not_there_is_said_so(folder: Path, path: str, words: str) -> None:
    assert words.lower() in failure(f"file://{folder}/{path}").lower()


@pytest.mark.parametrize("url", ["file:", "file://"])
def test_a_file_needs_a_path(url: str) -> None:
    assert "no path" in failure(url)


def test_a_file_on_another_machine_is_said_so() -> None:
    assert "another machine" in failure("file://nas/papers/a.html")


def test_pipes_devices_and_sockets_never_hang_a_run(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "zero").symlink_to("/dev/zero")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")

    for name in ("pipe", "zero"):
        assert "neither a file nor a folder" in failure((tmp_path / name).as_uri())
    assert "symbolic links" in failure((tmp_path / "loop").as_uri())
    assert listed(got(tmp_path.as_uri())) == []


def test_a_loop_of_folders_ends(folder: Path) -> None:
    (folder / "below" / "up").symlink_to(folder, target_is_directory=True)
    (folder / "below" / "again").symlink_to(folder, target_is_directory=True)

    names = [Path(urlsplit(u).path).name for u in listed(got(f"file:{folder}/**/*.html"))]

    assert names == ["a.html", "b.html", "d.html"]


def test_a_file_beyond_the_limit_is_an_error(tmp_path: Path) -> None:
    with (tmp_path / "big").open("wb") as file:
        file.truncate(MB + 1)
    assert "larger than 1 MB" in failure((tmp_path / "big").as_uri())


def test_a_file_that_may_not_be_read_is_said_so() -> None:
    # Address 0 of this process: open to root, readable by nobody.
    assert "check the path" in failure("file:/proc/self/mem")
