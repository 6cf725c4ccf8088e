"""The command line: exit codes, what goes where, and what a slip reads like."""

from __future__ import annotations

import json
import os
import pty
import select
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from running import ANN, FOLDER, ROOT, SMTP, Newsroom, Result, finished, newsroom, paper, run, start
from webserver import answer

from digest.cli import COMMANDS

FRIDAY, SATURDAY = "2026-06-12", "2026-06-13"
OFFLINE = """
[[sources]]
kind = "files"
path = "saved/*"
"""


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Newsroom]:
    with newsroom(tmp_path) as made:
        made.huggingface(FRIDAY, paper(1, "On Looms", votes=12), paper(2, "On Soap"))
        yield made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a config that reads nothing and writes letters to files."""
    configure(tmp_path)
    return tmp_path


def configure(folder: Path, text: str = OFFLINE + FOLDER + ANN) -> None:
    (folder / "saved").mkdir(exist_ok=True)
    (folder / "digest.toml").write_text(text, encoding="utf-8")


def terminal(*words: str, folder: Path, keys: str = "") -> Result:
    """Run on a terminal that types `keys`, with standard output going to a file."""
    ours, theirs = pty.openpty()
    with (folder / "out").open("w") as out:
        process = start(
            *words,
            folder=folder,
            environment={"TERM": "xterm", "COLUMNS": "80"},
            stdin=theirs,
            stdout=out,
            stderr=theirs,
        )
        os.close(theirs)
        os.write(ours, keys.encode())
        told = b"".join(_read(ours))
    code = process.wait(60)
    os.close(ours)
    return Result(code, (folder / "out").read_text(), told.decode(errors="replace"))


def _read(terminal: int) -> Iterator[bytes]:
    """Yield what a terminal shows until the process that has it ends."""
    while select.select([terminal], [], [], 60)[0]:
        try:
            data = os.read(terminal, 4096)
        except OSError:  # Linux says so when the last process has closed it.
            return
        if not data:
            return
        yield data


# Exit codes


def test_0_is_well(room: Newsroom) -> None:
    assert room.run("once", "--at", FRIDAY).code == 0


def test_1_is_a_source_that_failed(room: Newsroom) -> None:
    room.web.answers["/api/query"] = answer(b"no", status=403)
    assert room.run("once", "--at", FRIDAY).code == 1


def test_1_is_a_letter_that_was_not_sent(room: Newsroom) -> None:
    room.mailbox.answer("RCPT", "451 later")
    assert room.run("once", "--at", FRIDAY).code == 1


@pytest.mark.parametrize(
    "words",
    [
        ["once", "--at", "yesterday-ish"],
        ["once", "--at", "2026-02-30"],
        ["once", "--at", "0001-01-01"],
        ["once", "--at", "9999-12-31"],
        ["once", "--at", "0001-01-01T00:00"],
        ["once", "--subscriber", "Nobody"],
        ["once", "--bogus"],
        ["once", "surplus"],
        ["bogus"],
        ["explain"],
        ["explain", "x", "--subscriber", "Nobody"],
        ["send-test", "Nobody"],
        ["send-test", "Ann"],  # No output of this config sends mail.
        ["papers", "--limit", "0"],
        ["--config", "elsewhere.toml", "once"],
    ],
    ids=" ".join,
)
def test_2_is_misuse(folder: Path, words: list[str]) -> None:
    done = run(*words, folder=folder)
    assert done.code == 2
    assert done.out == ""
    assert done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            '[schedule]\npubish = "x"\n',
            "unknown key `pubish` at `schedule` (did you mean `publish`?)",
        ),
        ("[store\n", "digest.toml: "),
        ('[[sources]]\nkind = "arxiv"\n', "at `sources[0]`"),
        ('[[sources]]\nkind = "nowhere"\n', "at `sources[0].kind`"),
        ('[[outputs]]\nkind = "smtp"\n', "`host` is missing at `outputs[0]`"),
        ('[newsletter]\nreply_to = "a b c <"\n', "`newsletter`"),
        ('[newsletter]\ntimezone = "Mars"\n', "`Mars` is no zone"),
        ('[[subscribers]]\nname = "A"\nkeywords = ["a^b"]\n', "column 3"),
        ('[[subscribers]]\nname = "A"\noutputs = ["smpt"]\n', "no output is called `smpt`"),
        ("[rank.weights]\nvotse = 1\n", "(did you mean `votes`?)"),
        ("[store]\nurl = 1\n", "`store.url`"),
        ('[store]\nurl = "mysql://x"\n[[outputs]]\nkind = "preview"\n', "no address of a store"),
        ("a.b.c = 1\n", "unknown key `a`"),
        ("# nothing\n", "no [[outputs]]"),
    ],
)
def test_2_is_a_slip_in_the_config_which_names_its_place(
    tmp_path: Path, text: str, told: str
) -> None:
    configure(tmp_path, text)
    done = run("once", folder=tmp_path)
    assert (done.code, done.out) == (2, "")
    assert told in done.err
    assert len(done.err.splitlines()) == 1


def test_a_config_that_is_not_utf8_is_named(tmp_path: Path) -> None:
    (tmp_path / "digest.toml").write_bytes(b'[newsletter]\ntitle = "\xff"\n')
    done = run("once", folder=tmp_path)
    assert done.code == 2
    assert "not UTF-8" in done.err


def test_without_a_config_only_a_dry_run_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv("DIGEST_CONFIG", raising=False)
    for words in (["once"], ["check"], ["papers"], ["explain", "x"]):
        done = run(*words, folder=tmp_path)
        assert done.code == 2
        assert "digest init" in done.err


def test_3_is_a_store_that_is_gone_and_says_how_to_have_it_again(room: Newsroom) -> None:
    room.run("once", "--at", FRIDAY)
    for path in room.folder.glob("digest.db*"):
        if not path.name.endswith(".letters-sent"):
            path.unlink()

    for words in (["once"], ["once", "--dry-run"], ["papers"], ["letters"]):
        done = room.run(*words)
        assert (done.code, done.out) == (3, ""), words
        assert "Put a copy in its place" in done.err
        assert "--start-afresh" in done.err
    assert not room.database.exists()


def test_starting_afresh_sends_again(room: Newsroom) -> None:
    room.run("once", "--at", FRIDAY)
    room.database.unlink()
    done = room.run("once", "--at", FRIDAY, "--start-afresh")
    assert done.code == 0
    assert len(room.mails) == 2
    assert room.run("once", "--at", FRIDAY).code == 0


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("sqlite:///nowhere/digest.db", "its folder is not there"),
        ("sqlite:///saved", "this is a folder"),
        ("sqlite:///digest.toml", "not an SQLite database"),
    ],
)
def test_3_is_a_store_that_cannot_be(folder: Path, url: str, told: str) -> None:
    configure(folder, OFFLINE + FOLDER + ANN + f'[store]\nurl = "{url}"\n')
    done = run("once", folder=folder)
    assert (done.code, done.out) == (3, "")
    assert told in done.err


# What goes where


def test_standard_output_has_json_and_nothing_else(room: Newsroom) -> None:
    for words in (["--json"], ["--json", "--dry-run"]):
        done = room.run("once", "--at", FRIDAY, *words)
        assert json.loads(done.out)["sources"]


def test_standard_output_of_a_run_is_empty_and_its_account_is_on_standard_error(
    room: Newsroom,
) -> None:
    done = room.run("once", "--at", FRIDAY)
    assert done.out == ""
    assert "huggingface: 2 listed, 2 new" in done.err
    assert f"letter/{FRIDAY}/Ann by smtp: 250" in done.err
    assert "\x1b" not in done.err


def test_a_preview_output_leaves_standard_output_to_the_json(room: Newsroom) -> None:
    room.configure(outputs='[[outputs]]\nkind = "preview"\n')
    done = room.run("once", "--at", FRIDAY, "--json")
    assert json.loads(done.out)["deliveries"] == {"sent": 1}
    assert len(list((room.folder / "digest-preview").iterdir())) == 1


def test_a_dry_runs_letter_goes_to_standard_output_also_from_a_terminal(room: Newsroom) -> None:
    done = terminal("once", "--at", FRIDAY, "--dry-run", folder=room.folder)
    assert done.code == 0
    assert done.out.startswith("---\ntitle:")
    assert "2606.00001" in done.out
    assert "\x1b" not in done.out
    assert "2606.00001" not in done.err
    assert "huggingface: 2 listed, 2 new" in done.err


def test_progress_is_shown_on_a_terminal(room: Newsroom) -> None:
    done = terminal("once", "--at", FRIDAY, folder=room.folder)
    assert "\x1b[" in done.err


def test_who_stops_reading_sees_no_traceback(folder: Path) -> None:
    configure(folder, OFFLINE + FOLDER + ANN)
    (folder / "digest.toml").unlink()
    shell = f'"{sys.executable}" -m digest once --dry-run | head -1'
    done = subprocess.run(  # noqa: S602  A pipe as a user types it.
        shell,
        shell=True,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "XDG_CONFIG_HOME": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "---\n"
    assert "Traceback" not in done.stderr
    assert "BrokenPipe" not in done.stderr


def test_a_closed_pipe_is_no_traceback_either(folder: Path) -> None:
    (folder / "digest.toml").unlink()
    readable, writable = os.pipe()
    os.close(readable)
    environment = {"XDG_CONFIG_HOME": str(folder)}
    with os.fdopen(writable, "w") as out:
        done = finished(
            start("once", "--dry-run", folder=folder, environment=environment, stdout=out)
        )
    assert "Traceback" not in done.err
    assert "Exception ignored" not in done.err


def test_a_terminal_that_knows_ascii_only_sees_question_marks(room: Newsroom) -> None:
    room.huggingface(FRIDAY, paper(1, "Über Looms ☃"))
    done = finished(
        start(
            "once",
            "--at",
            FRIDAY,
            "--json",
            "--dry-run",
            folder=room.folder,
            environment={"PYTHONIOENCODING": "ascii"},
        )
    )
    assert done.code == 0, done.err
    assert done.json["letters"]


@pytest.mark.parametrize("words", [[], *([name] for name in COMMANDS), ["subscribers", "list"]])
def test_help_fits_a_terminal(tmp_path: Path, words: list[str]) -> None:
    done = run(*words, "--help", folder=tmp_path)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("Usage:")
    assert max(map(len, done.out.splitlines())) <= 80


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_can_complete_commands(tmp_path: Path, shell: str) -> None:
    environment = {
        "_DIGEST_COMPLETE": f"{shell}_complete",
        "COMP_WORDS": "digest sen",
        "COMP_CWORD": "1" if shell != "fish" else "sen",
    }
    script = "import sys; sys.argv[0] = 'digest'; from digest.cli import main; main()"
    done = subprocess.run(  # noqa: S603  This very Python.
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "send-test" in done.stdout


# Lists


def test_lists_of_an_empty_store_say_none_and_make_no_file(folder: Path) -> None:
    for words in (["papers"], ["letters"]):
        done = run(*words, folder=folder)
        assert (done.code, done.out, done.err) == (0, "", "none\n")
        assert run(*words, "--json", folder=folder).json == []
    assert not (folder / "digest.db").exists()


def test_papers_are_listed(room: Newsroom) -> None:
    room.once(FRIDAY)
    found = room.run("papers", "--json").json
    assert {each["identifier"] for each in found} == {"arxiv:2606.00001", "arxiv:2606.00002"}
    assert all(each["sources"] == ["huggingface"] for each in found)
    assert "On Looms" in room.run("papers").out
    assert len(room.run("papers", "-n", "1", "--json").json) == 1
    assert room.run("papers", "--source", "arxiv", "--json").json == []


def test_letters_are_listed_with_what_became_of_them(room: Newsroom) -> None:
    room.configure(outputs=SMTP + FOLDER)
    room.once(FRIDAY)
    (found,) = room.run("letters", "--json").json
    assert (found["slot"], found["subscriber"]) == (FRIDAY, "Ann")
    assert found["states"] == {"sent": 2}
    assert "2 sent" in room.run("letters", "-s", "Ann").out
    assert room.run("letters", "-s", "public", "--json").json == []


def test_readers_are_listed_with_when_they_are_due(room: Newsroom) -> None:
    room.once("2099-06-12")
    (found,) = room.run("subscribers", "list", "--json").json
    assert found["name"] == "Ann"
    assert found["outputs"] == ["smtp"]
    assert found["keywords"] == ["looms", "-medical"]
    assert "looms" in room.run("subscribers", "list").out


@pytest.mark.parametrize("words", [["papers"], ["letters"], ["subscribers", "list"]])
def test_tables_fit_a_terminal_of_80_columns(
    room: Newsroom, words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    title = "Looms of a rather long name that goes on for more than one line of a terminal"
    room.huggingface(FRIDAY, paper(1, title), paper(2, "On Soap"))
    room.once(FRIDAY)
    done = room.run(*words)
    assert done.code == 0
    lines = done.out.splitlines()
    assert max(map(len, lines)) <= 80
    assert len(lines) < 16, done.out


def test_no_control_code_of_a_title_reaches_the_terminal(room: Newsroom) -> None:
    evil = "Looms \x1b]0;pwned\x07\x1b[31m red \x9b31m \u202e back"
    room.huggingface(FRIDAY, paper(1, evil))
    done = [room.run("once", "--at", FRIDAY, "--dry-run"), room.run("once", "--at", FRIDAY)]
    done += [room.run(*words) for words in (["papers"], ["explain", "2606.00001"])]
    for each in done:
        assert each.code == 0
        shown = each.out + each.err
        assert not [c for c in shown if c in "\x1b\x07\x9b"]


# Explain


def test_explain_says_why_in(room: Newsroom) -> None:
    room.once(FRIDAY)
    done = room.run("explain", "2606.00001", "--at", FRIDAY)
    assert done.code == 0
    assert "On Looms" in done.out
    assert "Ann: " in done.out
    assert "sent on 12 June 2026" in done.out
    assert "looms hits the title: On Looms" in done.out
    assert "votes" in done.out


def test_explain_says_why_out(room: Newsroom) -> None:
    room.huggingface(FRIDAY, paper(1, "Medical Looms"), paper(2, "On Soap"), paper(3, "On Looms"))
    room.once(FRIDAY)
    assert "excluded by -medical" in room.run("explain", "2606.00001", "--at", FRIDAY).out
    below = room.run("explain", "On Soap", "--at", FRIDAY).out
    assert "is needed" in below
    assert "sent on" not in below


@pytest.mark.parametrize(
    "name", ["2606.00001", "https://arxiv.org/abs/2606.00001v3", "on looms", "arXiv:2606.00001"]
)
def test_explain_finds_a_paper_by_any_of_its_names(room: Newsroom, name: str) -> None:
    room.once(FRIDAY)
    (found,) = room.run("explain", name, "--json", "--at", FRIDAY).json
    assert found["identifier"] == "arxiv:2606.00001"
    assert [each["subscriber"] for each in found["verdicts"]] == ["Ann"]


def test_explain_says_that_a_paper_was_never_seen(folder: Path) -> None:
    done = run("explain", "2606.99999", folder=folder)
    assert (done.code, done.out) == (0, "2606.99999: never seen by any source\n")
    assert run("explain", "2606.99999", "--json", folder=folder).json == []


# Check


def test_check_says_ok_of_each_part_and_sends_nothing(room: Newsroom) -> None:
    room.configure(outputs=SMTP + FOLDER)
    run("init", folder=room.folder)
    done = room.run("check")
    lines = done.out.splitlines()
    assert [line for line in lines if not line.startswith("ok")] == []
    for part in ("config", "templates", "store", "source huggingface", "source arxiv"):
        assert any(f"ok    {part}" in line for line in lines), part
    for part in ("output smtp", "output directory", "reader Ann"):
        assert any(f"ok    {part}" in line for line in lines), part
    assert done.code == 0
    assert room.mails == []
    assert not room.database.exists()
    assert not (room.folder / "letters").exists()


def test_check_asks_each_source_once(room: Newsroom) -> None:
    room.run("check")
    assert len(room.web.received) == 2


def test_check_says_what_is_wrong_and_goes_on(room: Newsroom) -> None:
    room.web.answers["/api/query"] = answer(b"no", status=403)
    room.mailbox.answer("CONNECT", "421 closed today")
    room.configure(outputs=SMTP + FOLDER.replace('"letters"', '"digest.toml/letters"'))
    done = room.run("check")
    wrong = [line for line in done.out.splitlines() if line.startswith("WRONG")]
    assert [line.split(":")[0] for line in wrong] == [
        "WRONG source arxiv",
        "WRONG output smtp",
        "WRONG output directory",
    ]
    assert "403" in wrong[0]
    assert done.code == 1


# A test letter


def test_a_test_letter_is_sent_marked_and_recorded_nowhere(room: Newsroom) -> None:
    done = room.run("send-test", "Ann", "--at", FRIDAY)
    assert done.code == 0, done.err
    assert done.out.startswith("smtp: 250 ")
    (mail,) = room.mails
    assert "test" in mail["Subject"].lower()
    assert not room.database.exists()
    assert room.once(FRIDAY).json["letters"][0]["here"][0] == "arxiv:2606.00001"


def test_a_test_letter_that_fails_says_what_the_server_said(room: Newsroom) -> None:
    room.mailbox.answer("RCPT", "550 5.1.1 no such mailbox")
    done = room.run("send-test", "Ann", "--at", FRIDAY)
    assert done.code == 1
    assert "no such mailbox" in done.err
    assert "Traceback" not in done.err


def test_a_test_letter_goes_by_the_outputs_that_its_reader_names(room: Newsroom) -> None:
    both = SMTP + 'name = "one"\n' + SMTP + 'name = "two"\n'
    room.configure(outputs=both, subscribers=ANN + 'outputs = ["two"]\n')
    done = room.run("send-test", "Ann", "--at", FRIDAY)
    assert done.out.startswith("two: 250 ")
    assert len(room.mails) == 1


def test_a_test_letter_goes_by_every_output_though_one_fails(room: Newsroom) -> None:
    room.configure(outputs=SMTP + 'name = "one"\n' + SMTP + 'name = "two"\n')
    room.mailbox.answer("CONNECT", "421 closed today")
    done = room.run("send-test", "Ann", "--at", FRIDAY)
    assert done.code == 1
    assert done.err.startswith("one: ")
    assert done.out.startswith("two: 250 ")


# Folders


def test_letters_that_cannot_be_written_wait(room: Newsroom) -> None:
    room.configure(outputs=FOLDER.replace('"letters"', '"digest.toml/letters"'))
    done = room.once(FRIDAY)
    assert done.code == 1
    assert done.json["deliveries"] == {"ready": 1}
    room.configure(outputs=FOLDER)
    assert room.once(FRIDAY).json["deliveries"] == {"sent": 1}
