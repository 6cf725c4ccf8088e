"""A dry run: all of a run but the sending, and nothing of it is remembered."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from databases import rows
from running import ANN, FOLDER, SMTP, Newsroom, finished, newsroom, paper, run, start

pytest_plugins = ["databases"]

FRIDAY, SATURDAY = "2026-06-12", "2026-06-13"


@pytest.fixture
def room(tmp_path: Path, url: str) -> Iterator[Newsroom]:
    with newsroom(tmp_path, outputs=SMTP + FOLDER, store=url) as made:
        made.huggingface(FRIDAY, paper(1, "On Looms", votes=12), paper(2, "On Soap"))
        made.huggingface(SATURDAY, paper(3, "Looms at Night"))
        yield made


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty folder where no config is found."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv("DIGEST_CONFIG", raising=False)
    folder = tmp_path / "empty"
    folder.mkdir()
    return folder


def files(folder: Path) -> dict[str, str]:
    """Return every file there and what is in it, but for what a dry run shows."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and "digest-preview" not in path.parts
    }


def kept(room: Newsroom) -> tuple[dict[str, str], object]:
    """Return all that is on disk, and what a store that is not there keeps."""
    return files(room.folder), None if room.store.startswith("sqlite") else rows(room.store)


# Nothing is remembered, nothing is sent


def test_a_dry_run_makes_no_store_and_sends_nothing(room: Newsroom) -> None:
    before = kept(room)
    done = room.run("once", "--at", FRIDAY, "--dry-run")
    assert done.code == 0
    assert kept(room) == before
    assert room.mails == []
    assert room.mailbox.connections == 0


def test_a_dry_run_leaves_the_store_as_it_is(room: Newsroom) -> None:
    room.once(FRIDAY)
    before = kept(room)
    done = room.run("once", "--at", SATURDAY, "--dry-run")
    assert done.code == 0
    assert "Looms" in done.out
    assert kept(room) == before
    assert len(room.mails) == 1


def test_a_dry_run_shows_what_the_run_then_sends(room: Newsroom) -> None:
    for day in (FRIDAY, SATURDAY):
        rehearsed = room.once(day, "--dry-run").json
        real = room.once(day).json
        assert rehearsed["letters"] == real["letters"]
        assert rehearsed["sources"] == real["sources"]


def test_a_dry_run_shows_a_letter_that_waits(room: Newsroom) -> None:
    room.configure(outputs=SMTP)
    room.mailbox.answer("RCPT", "451 later")
    room.once(FRIDAY)
    before = kept(room)
    done = room.run("once", "--at", FRIDAY, "--dry-run")
    assert "On" in done.out
    assert "2606.00001" in done.out
    assert kept(room) == before
    assert room.once(FRIDAY).json["deliveries"] == {"sent": 1}


def test_a_dry_run_names_the_file_it_wrote(room: Newsroom) -> None:
    done = room.run("once", "--at", FRIDAY, "--dry-run")
    (page,) = (room.folder / "digest-preview").iterdir()
    assert str(page) in done.err
    assert "dry run: nothing was sent, nothing is remembered" in done.err


def test_a_dry_run_needs_no_output(room: Newsroom) -> None:
    room.configure(outputs="")
    assert room.run("once", "--at", FRIDAY, "--dry-run").code == 0
    assert room.run("once", "--at", FRIDAY).code == 2


def test_a_dry_run_holds_no_lock_while_it_fetches(room: Newsroom) -> None:
    room.once(FRIDAY)
    path = f"/api/daily_papers?date={SATURDAY}&limit=100"
    listed = room.web.answers[path]
    blocked = room.block(path)
    waiting = room.start("once", "--at", SATURDAY, "--dry-run")
    assert blocked.asked.wait(60)
    room.web.answers[path] = listed

    done = room.once(SATURDAY)

    assert done.code == 0
    assert done.json["deliveries"] == {"sent": 2}
    room.web.released.set()
    assert finished(waiting).code == 0


# The built-in sample


def test_the_sample_is_shown_where_there_is_no_config(nowhere: Path) -> None:
    done = run("once", "--dry-run", folder=nowhere)
    assert done.code == 0
    assert done.out.startswith("---\ntitle:")
    assert "\n## " in done.out
    (page,) = (nowhere / "digest-preview").iterdir()
    assert page.suffix == ".html"
    assert page.name in done.err
    last = done.err.splitlines()[-1]
    assert "sample" in last
    assert "`digest init`" in last
    assert [path.name for path in nowhere.iterdir()] == ["digest-preview"]


def test_the_sample_has_a_report(nowhere: Path) -> None:
    report = run("once", "--dry-run", "--json", folder=nowhere).json
    assert [each["subscriber"] for each in report["letters"]] == ["Sam"]
    receipt = report["letters"][0]["receipt"]
    assert receipt["read"] == sum(receipt[key] for key in ("left_out", "below", "here", "more"))


def test_the_samples_days_are_its_own(nowhere: Path) -> None:
    assert run("once", "--dry-run", "--at", FRIDAY, folder=nowhere).code == 2
    nobody = run("once", "--dry-run", "--subscriber", "Ann", folder=nowhere)
    assert nobody.code == 2
    assert "there are: Sam" in nobody.err


def test_where_nothing_can_be_written_the_letter_is_shown_all_the_same(
    nowhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(nowhere))
    (nowhere / "digest-preview").write_text("in the way")
    done = run("once", "--dry-run", folder=nowhere)
    assert done.code == 0
    assert done.out.startswith("---\ntitle:")
    (made,) = nowhere.glob("digest-preview-*/*.html")
    assert str(made) in done.err


def test_in_a_folder_that_is_gone_the_letter_is_shown_all_the_same(nowhere: Path) -> None:
    gone = nowhere / "gone"
    gone.mkdir()
    leave = ["sh", "-c", f'rmdir "{gone}" && exec "$0" "$@"']
    environment = {"TMPDIR": str(nowhere)}
    done = finished(start("once", "--dry-run", folder=gone, environment=environment, before=leave))
    assert done.code == 0, done.err
    assert done.out.startswith("---\ntitle:")


def test_subscribers_that_name_outputs_are_shown_too(room: Newsroom) -> None:
    room.configure(subscribers=ANN + 'outputs = ["directory"]\n')
    assert "2606.00001" in room.run("once", "--at", FRIDAY, "--dry-run").out
    assert room.once(FRIDAY).json["deliveries"] == {"sent": 1}
    assert room.mails == []
