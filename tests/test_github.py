"""The template for GitHub Actions: its steps, against a bare repository on this machine."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from signal import SIGINT, SIGKILL

import pytest
from actions import DAY, SECRETS, TEMPLATE, Job, Repository, Stopped, repository, workflow
from running import ANN, SMTP, Newsroom, newsroom, paper

from digest import __version__

BOB = """
[[subscribers]]
name = "Bob"
email = "bob@example.org"
keywords = ["looms"]
"""
ARCHIVE = """
[[outputs]]
kind = "directory"
path = "archive"
audience = "public"
"""
STATE = "refs/heads/state"
OTHER_KEY = "AGE-SECRET-KEY-1MZMYALHDJV4JQVY0542LNKUXUJM0EGWEE7U2SSVLPNWJUA3YSJ8STN4DHE"


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Newsroom]:
    with newsroom(tmp_path, subscribers=ANN + BOB) as made:
        made.huggingface(DAY, paper(1, "On Looms", votes=12))
        yield made


@pytest.fixture
def place(room: Newsroom, tmp_path: Path) -> Repository:
    return repository(tmp_path, room)


def readers(room: Newsroom) -> list[str]:
    """Return who has got letters, a name for each."""
    return sorted(str(mail["To"]).split()[0] for mail in room.mails)


def states(job: Job) -> dict[str, int]:
    """Return how many deliveries are in each state, in the store of a job's machine."""
    with closing(sqlite3.connect(job.machine / "temp" / "digest" / "home" / "digest.db")) as store:
        return dict(store.execute("SELECT state, count(*) FROM deliveries GROUP BY state"))


def test_the_first_run_begins_without_a_state_and_the_second_sends_nothing_again(
    room: Newsroom, tmp_path: Path
) -> None:
    room.configure(outputs=SMTP + ARCHIVE)
    place = repository(tmp_path, room)

    first = place.job()

    assert set(first.outcomes.values()) == {"success"}, first.output
    assert readers(room) == ["Ann", "Bob"]
    assert "this is the first run" in first.output
    names = place.git("ls-tree", "-r", "--name-only", STATE).splitlines()
    assert {"state.age", "archive/index.html", f"archive/{DAY}.html"} <= set(names)

    second = place.job()

    assert set(second.outcomes.values()) == {"success"}, second.output
    assert readers(room) == ["Ann", "Bob"]
    assert place.git("rev-list", "--count", STATE).strip() == "1"
    site = Path((second.machine / "output").read_text().strip().partition("=")[2])
    assert (site / f"{DAY}.html").is_file()
    for job in (first, second):
        assert "Ann" not in job.shown
        assert "example.org" not in job.shown
        assert "AGE-SECRET" not in job.shown


def test_without_its_state_nothing_is_sent_until_somebody_says_so(
    room: Newsroom, place: Repository
) -> None:
    place.job()
    began = readers(room)

    other_key = place.job(secrets={**SECRETS, "DIGEST_BACKUP_PASSPHRASE": OTHER_KEY})
    assert other_key.outcomes["Restore the state"] == "failure"
    assert other_key.outcomes["Send"] == "skipped"
    assert "does not open with this passphrase" in other_key.output

    place.git("update-ref", "-d", STATE)
    lost = place.job()
    assert lost.outcomes["Restore the state"] == "failure"
    assert set(lost.outcomes.values()) == {"failure", "skipped"}
    assert 'the branch "state" that knows of them is gone' in lost.output
    assert readers(room) == began

    place.git("update-ref", "-d", "refs/tags/digest-started")
    afresh = place.job()
    assert set(afresh.outcomes.values()) == {"success"}, afresh.output
    assert readers(room) == sorted(began * 2)


def test_who_cannot_reach_the_repository_does_not_take_it_for_a_first_run(
    room: Newsroom, place: Repository
) -> None:
    place.remote.rename(place.folder / "elsewhere")

    job = place.job()

    assert set(job.outcomes.values()) == {"failure", "skipped"}
    assert "does not answer" in job.output
    assert readers(room) == []


@pytest.mark.parametrize(
    ("secret", "said"),
    [
        ("DIGEST_BACKUP_PASSPHRASE", "set the secret DIGEST_BACKUP_PASSPHRASE"),
        ("DIGEST_TOML", "set the secret DIGEST_TOML"),
    ],
)
def test_a_secret_that_is_not_set_is_named(place: Repository, secret: str, said: str) -> None:
    job = place.job(secrets={**SECRETS, secret: ""})

    assert set(job.outcomes.values()) == {"failure", "skipped"}
    assert said in job.output


def test_of_two_runs_at_a_time_one_stops_before_it_sends(room: Newsroom, place: Repository) -> None:
    late = place.job(until="Restore the state")
    early = place.job()
    assert set(early.outcomes.values()) == {"success"}, early.output

    late = place.go_on(late)

    assert late.outcomes["Send"] == "failure"
    assert "another run has saved its state since this one began" in late.output
    assert readers(room) == ["Ann", "Bob"]


def test_a_cancelled_run_takes_back_what_has_not_left_and_the_next_sends_it(
    room: Newsroom, place: Repository
) -> None:
    cancelled = place.job(Stopped("after", 3, SIGINT))

    assert cancelled.outcomes["Send"] == "failure"
    assert cancelled.outcomes["Save the state"] == "success"
    assert readers(room) == ["Ann"]
    assert states(cancelled) == {"sent": 1, "ready": 1}

    finished = place.job()

    assert set(finished.outcomes.values()) == {"success"}, finished.output
    assert readers(room) == ["Ann", "Bob"]


@pytest.mark.tier2
def test_a_machine_that_is_gone_at_any_moment_repeats_nothing_and_loses_one_letter_at_most(
    tmp_path: Path,
) -> None:
    for number, when, expected, doubtful in [
        (1, "before", ["Ann", "Bob"], 0),
        (1, "after", ["Ann", "Bob"], 0),
        (2, "before", ["Ann", "Bob"], 0),
        (2, "after", ["Bob"], 1),
        (3, "before", ["Ann", "Bob"], 1),
        (3, "after", ["Ann"], 1),
        (4, "before", ["Ann", "Bob"], 1),
        (4, "after", ["Ann", "Bob"], 0),
    ]:
        folder = tmp_path / f"{when}-{number}"
        folder.mkdir()
        with newsroom(folder, subscribers=ANN + BOB) as room:
            room.huggingface(DAY, paper(1, "On Looms", votes=12))
            place = repository(folder, room)
            killed = place.job(Stopped(when, number, SIGKILL))
            assert killed.outcomes["Save the state"] == "killed"

            following = place.job()

            assert readers(room) == expected, folder.name
            told = following.outcomes["Send"] == "failure"
            assert told == bool(doubtful), following.output
            assert states(following).get("in_doubt", 0) == doubtful
            if doubtful:  # It is told once.
                assert set(place.job().outcomes.values()) == {"success"}
                assert readers(room) == expected, folder.name


def test_the_template_asks_for_this_version_of_the_program() -> None:
    wanted = (TEMPLATE / "requirements.txt").read_text("utf-8").splitlines()[-1]
    assert wanted == f"./digest_newsletter-{__version__}-py3-none-any.whl"


def test_the_workflow_has_just_the_rights_that_it_needs() -> None:
    made = workflow()

    assert made["permissions"] == {}
    assert made["concurrency"] == {"group": "digest", "cancel-in-progress": False}
    assert {name: job["permissions"] for name, job in made["jobs"].items()} == {
        "letters": {"contents": "write"},
        "site": {"pages": "write", "id-token": "write"},
        "awake": {"actions": "write"},
    }


def test_no_secret_reaches_what_is_installed_and_each_step_is_told_to_stop_itself() -> None:
    for step in workflow()["jobs"]["letters"]["steps"]:
        if step.get("name") == "Install" or "uses" in step:
            assert "env" not in step
        else:
            assert step["run"].startswith("exec ./run.sh ")


def test_the_workflow_runs_off_the_full_hour() -> None:
    (schedule,) = workflow()[True]["schedule"]  # YAML takes `on` for true.
    assert schedule["cron"].split()[0] not in ("0", "*")
