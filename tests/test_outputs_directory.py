from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from outgoing import contents, directory, letter, never

from digest.errors import TemporaryDeliveryError
from digest.outputs.directory import Directory
from digest.outputs.files import slug

HOSTILE = ["../../x", "CON", "nul", "..", "😀", "x" * 300, "深" * 300, "a/b\\c", "Käthe Møller"]


def test_each_subscriber_has_a_folder_of_her_own(tmp_path: Path) -> None:
    output = directory(tmp_path / "letters")

    answer = output.deliver(letter("Ann"), never)
    output.deliver(letter("Bob"), never)

    ours = ["2026-06-12.html", "2026-06-12.md", ".digest.json", "feed.xml", "index.html"]
    assert answer == str(tmp_path / "letters/ann/2026-06-12.html")
    assert set(contents(tmp_path / "letters/ann")) == set(ours)
    assert set(contents(tmp_path / "letters/bob")) == set(ours)
    assert (tmp_path / "letters/ann/2026-06-12.md").read_text() == "# Papers"


def test_the_public_s_letters_lie_in_the_folder_itself(tmp_path: Path) -> None:
    output = directory(tmp_path, audience="public")

    output.deliver(letter(""), never)

    assert (tmp_path / "2026-06-12.html").is_file()


@pytest.mark.parametrize(
    ("audience", "subscriber", "public"), [("subscribers", True, False), ("public", False, True)]
)
def test_an_audience_is_never_given_the_other_s_letters(
    tmp_path: Path, audience: str, *, subscriber: bool, public: bool
) -> None:
    output = directory(tmp_path, audience=audience)

    assert output.reaches(letter().subscriber) is subscriber
    assert output.reaches(None) is public
    with pytest.raises(TemporaryDeliveryError, match="does not belong"):
        output.deliver(letter("" if subscriber else "Ann"), never)


@pytest.mark.parametrize("first", ["subscribers", "public"])
@pytest.mark.parametrize("below", ["", "readers"])
def test_subscribers_letters_never_lie_where_the_public_s_are_served(
    tmp_path: Path, first: str, below: str
) -> None:
    public = directory(tmp_path, audience="public")
    readers = directory(tmp_path / below)
    order = [(public, ""), (readers, "Ann")]
    (one, name), (other, second) = order if first == "public" else order[::-1]
    one.deliver(letter(name), never)

    with pytest.raises(TemporaryDeliveryError, match="a `path` of its own"):
        other.deliver(letter(second), never)
    with pytest.raises(TemporaryDeliveryError, match="a `path` of its own"):
        other.check()


def test_the_index_and_the_feed_list_what_is_in_the_folder(tmp_path: Path) -> None:
    output = directory(tmp_path, audience="public", base_url="https://example.org/papers")
    for day in (11, 12, 13):
        output.deliver(letter("", slot=date(2026, 6, day), html=f"<p>{day}</p>"), never)
    (tmp_path / "2026-06-12.html").unlink()
    (tmp_path / "2026-06-11.html").unlink()
    (tmp_path / "2026-06-11.md").unlink()

    output.deliver(letter("", slot=date(2026, 6, 14)), never)

    index = (tmp_path / "index.html").read_text().split("\n")
    feed = (tmp_path / "feed.xml").read_text().split("\n")
    assert [line[:10] for line in index] == ["2026-06-14", "2026-06-13", "2026-06-12"]
    assert index[2] == "2026-06-12  2026-06-12.md 3 papers for you"
    assert feed[1].startswith("https://example.org/papers/2026-06-13.html urn:uuid:")
    assert feed[1].endswith("<p>13</p>")


def test_only_the_newest_entries_carry_their_content(tmp_path: Path) -> None:
    output = directory(tmp_path, audience="public")
    for day in range(1, 24):
        output.deliver(letter("", slot=date(2026, 6, day), html=f"<p>{day}</p>"), never)

    feed = (tmp_path / "feed.xml").read_text().split("\n")
    assert sum("<p>" in line for line in feed) == 20
    assert len(feed) == 23


def test_two_names_of_one_slug_have_two_folders_for_good(tmp_path: Path) -> None:
    names = ["Ann Lee", "ann-lee", "Ann Lee", "ann-lee"]

    places = [Path(directory(tmp_path).deliver(letter(name), never)).parent.name for name in names]

    assert places[0] == "ann-lee"
    assert places[1].startswith("ann-lee-")
    assert places[2:] == places[:2]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_stays_in_the_folder(tmp_path: Path, name: str) -> None:
    root = tmp_path / "letters"

    directory(root).deliver(letter(name), never)

    [folder] = root.iterdir()
    assert (folder / "2026-06-12.md").is_file()
    assert list(tmp_path.iterdir()) == [root]


@given(st.text())
def test_a_slug_is_a_name_that_every_system_takes(name: str) -> None:
    found = slug(name)

    assert 0 < len(found.encode()) <= 130
    assert all(c.isalnum() or c == "-" for c in found)
    assert found.split("-")[0] not in ("con", "nul") or "-" in found
    assert slug(name) == found


def test_a_link_that_leads_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters/ann").symlink_to(outside)

    with pytest.raises(TemporaryDeliveryError, match="leads out of"):
        directory(tmp_path / "letters").deliver(letter(), never)

    assert contents(outside) == {}


def test_a_test_letter_takes_no_real_one_s_place(tmp_path: Path) -> None:
    output = directory(tmp_path)
    output.deliver(letter(), never)

    output.deliver(letter(markdown="# Only a test", test=True), never)

    assert (tmp_path / "ann/2026-06-12.md").read_text() == "# Papers"
    assert (tmp_path / "ann/2026-06-12-test.md").read_text() == "# Only a test"
    assert "test" not in (tmp_path / "ann/index.html").read_text()


def test_a_file_can_be_read_by_a_web_server(tmp_path: Path) -> None:
    directory(tmp_path, audience="public").deliver(letter(""), never)

    assert (tmp_path / "2026-06-12.html").stat().st_mode & 0o777 == 0o644
    assert not list(tmp_path.glob(".digest-*"))


def test_a_folder_that_cannot_be_written_is_temporary(tmp_path: Path) -> None:
    (tmp_path / "letters").write_text("a file")
    output = directory(tmp_path / "letters")

    with pytest.raises(TemporaryDeliveryError, match="letters: "):
        output.deliver(letter(), never)
    with pytest.raises(TemporaryDeliveryError, match="letters: "):
        output.check()


def test_a_writable_folder_passes_its_check_and_is_not_made(tmp_path: Path) -> None:
    output = directory(tmp_path / "not" / "yet")

    assert output.check() == f"{tmp_path}/not/yet: writable, for subscribers"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        ({"path": " "}, "`path` must name"),
        ({"path": "x", "base_url": "example.org"}, "`base_url` must begin"),
        ({"path": "x", "audience": "all"}, "Invalid enum"),
        ({"path": "x", "colour": "red"}, "unknown field"),
    ],
)
def test_a_table_that_cannot_work_is_refused(table: dict[str, Any], problem: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=problem):
        msgspec.convert({"kind": "directory", **table}, Directory)


def test_a_path_is_relative_to_the_config() -> None:
    output = Directory(path="letters").within("/etc/digest")

    assert (output.path, output.name) == ("/etc/digest/letters", "directory")
