from __future__ import annotations

import errno
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from outgoing import a_message, contents, directory, letter, never

from digest.errors import TemporaryDeliveryError
from digest.messages import Entry
from digest.outputs.files import write

HOSTILE = ["../../x", "CON", "nul", "..", "😀", "x" * 300, "深" * 300, "a/b\\c", "Käthe Møller"]


def test_delivering_a_letter_twice_gives_the_same_files(tmp_path: Path) -> None:
    output = directory(tmp_path)
    output.deliver(letter(), never)
    before = contents(tmp_path)

    output.deliver(letter(), never)

    assert contents(tmp_path) == before


def test_a_note_that_its_reader_edited_is_kept(tmp_path: Path) -> None:
    output = directory(tmp_path)
    output.deliver(letter(), never)
    note = tmp_path / "ann/2026-06-12.md"
    note.write_text("# Papers\nmy thoughts")

    again = output.deliver(letter(), never)
    answer = output.deliver(letter(markdown="# Papers, again"), never)

    assert note.read_text() == "# Papers\nmy thoughts"
    assert again == str(tmp_path / "ann/2026-06-12.html")
    assert "kept 2026-06-12.md" in answer
    assert (tmp_path / "ann/2026-06-12.new.md").read_text() == "# Papers, again"
    assert "2026-06-12.new.md" in (tmp_path / "ann/index.html").read_text()


def test_a_note_of_the_same_name_that_was_never_ours_is_kept(tmp_path: Path) -> None:
    daily = tmp_path / "ann/2026-06-12.md"
    daily.parent.mkdir()
    daily.write_text("dentist at nine")
    output = directory(tmp_path)

    output.deliver(letter(), never)
    before = contents(tmp_path)
    output.deliver(letter(), never)

    assert daily.read_text() == "dentist at nine"
    assert (tmp_path / "ann/2026-06-12.new.md").read_text() == "# Papers"
    assert contents(tmp_path) == before


def test_an_edited_note_beside_the_note_is_kept_too(tmp_path: Path) -> None:
    output = directory(tmp_path)
    for number, name in enumerate(["2026-06-12.md", "2026-06-12.new.md", "2026-06-12.new2.md"]):
        output.deliver(letter(markdown=f"version {number}"), never)
        (tmp_path / "ann" / name).write_text(f"mine {number}")

    output.deliver(letter(markdown="the last"), never)

    assert (tmp_path / "ann/2026-06-12.new2.md").read_text() == "mine 2"
    assert (tmp_path / "ann/2026-06-12.new3.md").read_text() == "the last"


def test_an_edited_index_is_kept_and_the_new_one_goes_beside_it(tmp_path: Path) -> None:
    output = directory(tmp_path)
    output.deliver(letter(), never)
    (tmp_path / "ann/index.html").write_text("my own")

    for day in (13, 14):
        answer = output.deliver(letter(slot=date(2026, 6, day)), never)

    assert (tmp_path / "ann/index.html").read_text() == "my own"
    assert "2026-06-14" in (tmp_path / "ann/index.new.html").read_text()
    assert "kept index.html" in answer
    assert not (tmp_path / "ann/index.new2.html").exists()


def test_a_letter_written_again_before_it_was_listed_is_listed_once(tmp_path: Path) -> None:
    output = directory(tmp_path)
    output.deliver(letter(), never)
    before = contents(tmp_path)
    (tmp_path / "ann/.digest.json").unlink()

    output.deliver(letter(), never)

    assert contents(tmp_path) == before


def test_a_note_that_is_a_link_is_kept(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere.md"
    elsewhere.write_text("mine")
    (tmp_path / "letters/ann").mkdir(parents=True)
    (tmp_path / "letters/ann/2026-06-12.md").symlink_to(elsewhere)

    directory(tmp_path / "letters").deliver(letter(), never)

    assert elsewhere.read_text() == "mine"
    assert (tmp_path / "letters/ann/2026-06-12.new.md").read_text() == "# Papers"


@pytest.mark.parametrize("name", ["../out.html", ".digest.json", "a/b", ""])
def test_a_page_cannot_be_named_out_of_the_folder(tmp_path: Path, name: str) -> None:
    def outside(_entries: Sequence[Entry], _base_url: str) -> Mapping[str, str]:
        return {name: "x"}

    with pytest.raises(TemporaryDeliveryError, match="no name for a file"):
        directory(tmp_path / "letters").deliver(a_message(pages=outside), never)

    assert not (tmp_path / "letters/out.html").exists()


def test_a_manifest_that_cannot_be_read_stops_before_anything_is_written(tmp_path: Path) -> None:
    output = directory(tmp_path)
    output.deliver(letter(), never)
    (tmp_path / "ann/.digest.json").write_text("<<<<<<< HEAD")
    before = contents(tmp_path)

    with pytest.raises(TemporaryDeliveryError, match="restore it, or delete it"):
        output.deliver(letter(markdown="# New"), never)

    assert contents(tmp_path) == before


def test_a_letter_of_the_same_slot_keeps_its_place_in_the_feed(tmp_path: Path) -> None:
    output = directory(tmp_path)
    output.deliver(letter(), never)
    before = (tmp_path / "ann/feed.xml").read_text()

    output.deliver(replace(letter(), message_id="<another@example.org>"), never)

    assert (tmp_path / "ann/feed.xml").read_text() == before


@pytest.mark.parametrize("writes", range(1, 8))
def test_a_power_cut_at_any_write_makes_no_file_look_edited(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, writes: int
) -> None:
    left = writes

    def failing(path: Path, data: bytes) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise OSError(errno.EIO, "power cut")
        write(path, data)

    output = directory(tmp_path)
    output.deliver(letter(), never)
    monkeypatch.setattr("digest.outputs.shelf.write", failing)
    with suppress(TemporaryDeliveryError):
        output.deliver(letter(slot=date(2026, 6, 13)), never)
    monkeypatch.undo()

    answer = output.deliver(letter(slot=date(2026, 6, 14)), never)
    again = output.deliver(letter(slot=date(2026, 6, 13), markdown="# Anew"), never)

    assert "kept" not in answer + again
    assert (tmp_path / "ann/2026-06-13.md").read_text() == "# Anew"
    assert not list(tmp_path.rglob("*.new*"))


def test_a_full_disk_leaves_the_old_file_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    output = directory(tmp_path)
    output.deliver(letter(), never)
    before = contents(tmp_path)
    monkeypatch.setattr("os.fsync", full)

    with pytest.raises(TemporaryDeliveryError, match="No space left"):
        output.deliver(letter(markdown="# New"), never)

    assert contents(tmp_path) == before


def test_the_manifest_leaks_no_address(tmp_path: Path) -> None:
    directory(tmp_path).deliver(letter(), never)

    manifest = (tmp_path / "ann/.digest.json").read_text()
    assert json.loads(manifest)["reader"] == "Ann"
    assert "@" not in manifest


def test_text_that_is_not_unicode_does_not_stop_a_letter(tmp_path: Path) -> None:
    directory(tmp_path).deliver(letter(markdown="\ud800"), never)

    assert (tmp_path / "ann/2026-06-12.md").read_bytes() == b"?"


def test_a_write_replaces_a_link_and_not_what_it_leads_to(tmp_path: Path) -> None:
    (tmp_path / "target").write_text("kept")
    (tmp_path / "link").symlink_to(tmp_path / "target")

    write(tmp_path / "link", b"new")

    assert (tmp_path / "target").read_text() == "kept"
    assert (tmp_path / "link").read_text() == "new"
