"""`digest once --checkpoint`: the store is copied elsewhere before anything leaves this machine."""

from __future__ import annotations

import os
import shlex
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from running import ANN, Newsroom, finished, newsroom, paper

from digest.checkpoint import checkpoint
from digest.errors import CheckpointError, ConfigError

FRIDAY = "2026-06-12"
BOB = """
[[subscribers]]
name = "Bob"
email = "bob@example.org"
keywords = ["looms"]
"""
COPY = """
import os, pathlib, signal, sqlite3, sys, time

store = sqlite3.connect("digest.db")
copies = pathlib.Path("copies")
copies.mkdir(exist_ok=True)
number = len(list(copies.glob("*.db"))) + 1
copy = sqlite3.connect(copies / f"{number}.db")
store.backup(copy)
copy.close()
print(f"copy {number} was made")
words = sys.argv[1:]
if words and int(words[1]) == number:
    if words[0] == "fail":
        sys.exit("the disk elsewhere is full")
    if words[0] == "stop":
        os.kill(os.getppid(), getattr(signal, words[2]))
"""


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Newsroom]:
    (tmp_path / "keeper.py").write_text(COPY, encoding="utf-8")
    with newsroom(tmp_path, subscribers=ANN + BOB) as made:
        made.huggingface(FRIDAY, paper(1, "On Looms", votes=12))
        yield made


def command(*words: str) -> str:
    return shlex.join([sys.executable, "keeper.py", *words])


def states(database: Path) -> list[tuple[str, str, int]]:
    """Return the reader, the state and the attempts of each delivery."""
    with closing(sqlite3.connect(database)) as store:
        rows = store.execute("SELECT key, state, attempts FROM deliveries ORDER BY id")
        return [(key.rpartition("/")[2], state, attempts) for key, state, attempts in rows]


def copies(room: Newsroom) -> list[list[tuple[str, str, int]]]:
    found = sorted((room.folder / "copies").glob("*.db"), key=lambda each: int(each.stem))
    return [states(each) for each in found]


def test_it_runs_before_sending_before_each_message_leaves_and_at_the_end(room: Newsroom) -> None:
    done = room.once(FRIDAY, "--checkpoint", command())

    assert done.code == 0, done.err
    assert done.json["deliveries"] == {"sent": 2}
    assert copies(room) == [
        [("Ann", "ready", 0), ("Bob", "ready", 0)],
        [("Ann", "in_doubt", 1), ("Bob", "ready", 0)],
        [("Ann", "sent", 1), ("Bob", "in_doubt", 1)],
        [("Ann", "sent", 1), ("Bob", "sent", 1)],
    ]


@pytest.mark.parametrize(("number", "left"), [(1, 0), (2, 0), (3, 1)])
def test_where_it_fails_nothing_more_leaves_and_nothing_is_in_doubt(
    room: Newsroom, number: int, left: int
) -> None:
    done = room.once(FRIDAY, "--checkpoint", command("fail", str(number)))

    assert done.code == 1
    (said,) = done.json["notes"]
    assert "ended with 1: the disk elsewhere is full; nothing more was sent" in said
    assert done.json["deliveries"] == ({"sent": left} if left else {})
    assert len(room.mails) == left
    expected = [("Ann", "sent", 1)][:left] + [("Ann", "ready", 0)][left:] + [("Bob", "ready", 0)]
    assert states(room.database) == expected

    again = room.once(FRIDAY)

    assert again.json["deliveries"] == {"sent": 2 - left}
    assert sorted(str(mail["To"])[:3] for mail in room.mails) == ["Ann", "Bob"]


def test_where_the_last_one_fails_the_report_says_so(room: Newsroom) -> None:
    done = room.once(FRIDAY, "--checkpoint", command("fail", "4"))

    assert done.code == 1
    assert done.json["deliveries"] == {"sent": 2}
    (said,) = done.json["notes"]
    assert said.endswith("the disk elsewhere is full; the last copy is older than this run's end")
    assert said in done.err


def test_a_failed_one_is_told_once_though_the_last_one_fails_too(room: Newsroom) -> None:
    done = room.once(FRIDAY, "--checkpoint", "no-such-command --at-all")

    assert done.code == 1
    (said,) = done.json["notes"]
    assert said == (
        "--checkpoint no-such-command: No such file or directory; nothing more was sent"
    )


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_who_is_stopped_at_the_final_dot_takes_the_letter_back_and_copies_once_more(
    room: Newsroom, name: str
) -> None:
    process = room.start("once", "--at", FRIDAY, "--checkpoint", command("stop", "3", name))
    done = finished(process)

    assert done.code == 130, done.err
    assert [str(mail["To"])[:3] for mail in room.mails] == ["Ann"]
    assert copies(room)[2:] == [
        [("Ann", "sent", 1), ("Bob", "in_doubt", 1)],
        [("Ann", "sent", 1), ("Bob", "ready", 0)],
    ]
    again = room.once(FRIDAY)
    assert again.code == 0, again.err
    assert again.json["deliveries"] == {"sent": 1}


def test_what_does_not_end_in_time_is_killed_with_all_that_it_started(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    words = shlex.join(["sh", "-c", f"exec >{pipe}; (echo began; sleep 60) & wait"])
    for patience in (0.5, 5, 50):  # It may take its time to begin.
        with open(pipe, opener=_not_waiting, encoding="ascii") as heard:
            with pytest.raises(CheckpointError, match=rf"sh: did not end in {patience} seconds"):
                checkpoint(words, patience)()
            os.set_blocking(heard.fileno(), True)
            if said := heard.read():  # Until nobody has the pipe's other end any more.
                break

    assert said == "began\n"


def _not_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)


def test_of_all_that_it_says_the_end_alone_is_read() -> None:
    script = "import os, sys; os.ftruncate(1, 10**11); os.lseek(1, 0, 2); sys.exit('\\ntoo much')"
    with pytest.raises(CheckpointError, match=r"ended with 1: too much$"):
        checkpoint(shlex.join([sys.executable, "-c", script]))()
    with pytest.raises(CheckpointError, match=r"ended with -9$"):
        checkpoint("sh -c 'kill -9 $$'")()


def test_a_disk_that_takes_nothing_of_what_it_says_is_its_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "gone"))
    with pytest.raises(CheckpointError, match=r"--checkpoint true: No such file or directory"):
        checkpoint("true")()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--checkpoint", "sh -c 'exit"), "No closing quotation"),
        (("--checkpoint", "  "), "which command?"),
        (("--checkpoint", "true", "--dry-run"), "a dry run leaves nothing to copy"),
        (("--checkpoint", "true", "--replay", "."), "a dry run leaves nothing to copy"),
    ],
)
def test_what_cannot_be_a_checkpoint_is_refused(
    room: Newsroom, words: tuple[str, ...], said: str
) -> None:
    done = room.run("once", *words)

    assert done.code == 2
    assert said in done.err


def test_a_checkpoint_needs_words() -> None:
    with pytest.raises(ConfigError):
        checkpoint("")
    checkpoint("true")()
