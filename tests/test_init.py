"""`digest init`: files that the other commands take, whatever is answered."""

from __future__ import annotations

import os
import pty
import select
import stat
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from running import run, start

from digest.config import Config, load
from digest.keys import secret_key
from digest.outputs.directory import Directory
from digest.outputs.smtp import Smtp


def made(folder: Path) -> Config:
    return load(folder / "digest.toml")


def test_it_writes_a_config_and_a_secret_key(tmp_path: Path) -> None:
    done = run("init", folder=tmp_path)
    assert done.code == 0
    assert "digest.toml" in done.out
    assert "digest.key" in done.out
    assert {path.name for path in tmp_path.iterdir()} == {"digest.toml", "digest.key"}
    assert stat.S_IMODE((tmp_path / "digest.key").stat().st_mode) == 0o600
    assert len(secret_key({}, tmp_path)) >= 32
    assert "#" in (tmp_path / "digest.toml").read_text()


def test_its_sources_are_the_live_ones(tmp_path: Path) -> None:
    run("init", folder=tmp_path)
    assert [(each.name, getattr(each, "base_url", "")) for each in made(tmp_path).sources] == [
        ("huggingface", "https://huggingface.co"),
        ("arxiv", "https://export.arxiv.org"),
    ]


def test_it_takes_options(tmp_path: Path) -> None:
    words = "--title T --timezone Asia/Tokyo --name Ann --email ann@example.org -k a -k b"
    words += " --category math.CO --smtp-host smtp.example.org --smtp-user u --sender d@example.org"
    assert run("init", *words.split(), folder=tmp_path).code == 0
    config = made(tmp_path)
    assert (config.newsletter.title, config.newsletter.timezone) == ("T", "Asia/Tokyo")
    (ann,) = config.subscribers
    assert (ann.name, ann.email, ann.keywords) == ("Ann", "ann@example.org", ("a", "b"))
    (smtp,) = config.outputs
    assert isinstance(smtp, Smtp)
    assert (smtp.host, smtp.security, smtp.username) == ("smtp.example.org", "starttls", "u")


def test_without_an_address_letters_go_to_a_folder(tmp_path: Path) -> None:
    run("init", folder=tmp_path)
    (output,) = made(tmp_path).outputs
    assert isinstance(output, Directory)
    assert output.reaches(made(tmp_path).subscribers[0])


def test_it_never_overwrites(tmp_path: Path) -> None:
    run("init", "--name", "Ann", folder=tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    again = run("init", "--name", "Bob", folder=tmp_path)
    assert again.code == 2
    assert "it is there already" in again.err
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before

    (tmp_path / "digest.toml").unlink()
    assert run("init", folder=tmp_path).code == 0
    assert (tmp_path / "digest.key").read_bytes() == before[tmp_path / "digest.key"]


def test_it_writes_where_config_says(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    assert run("--config", "there/my.toml", "init", folder=tmp_path).code == 0
    assert {path.name for path in (tmp_path / "there").iterdir()} == {"my.toml", "digest.key"}


@pytest.mark.parametrize("config", ["nowhere/digest.toml", "file/digest.toml"])
def test_a_folder_that_cannot_be_written_to_is_named(tmp_path: Path, config: str) -> None:
    (tmp_path / "file").write_text("")
    done = run("--config", config, "init", folder=tmp_path)
    assert (done.code, done.out) == (2, "")
    assert config.partition("/")[0] in done.err
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.text(max_size=20), title=st.text(max_size=20), keyword=st.text(min_size=1, max_size=20)
)
@example(name='An"n\\', title='A\\b "x" {y} \'\'\' """', keyword="data selection")
@example(name="a\nb", title="x", keyword="y")
@example(name="a\x7fb", title="\x7f", keyword="y")
@example(name="\udcff", title="\udcfe", keyword="\udcfd")
@example(name="Ann", title="T", keyword="\ud800")
@example(name="]] = #", title="[x]", keyword="title:x")
def test_any_answer_gives_a_valid_config_or_a_clear_error(
    tmp_path: Path, name: str, title: str, keyword: str
) -> None:
    (tmp_path / "digest.toml").unlink(missing_ok=True)
    done = run(
        "init", f"--name={name}", f"--title={title}", f"--keyword={keyword}", folder=tmp_path
    )
    if done.code == 0:
        config = made(tmp_path)
        assert config.newsletter.title == title
        assert config.subscribers[0].name == name
        assert config.subscribers[0].keywords == (keyword,)
    else:
        assert done.code == 2
        assert done.err.startswith("digest: ")
        assert not (tmp_path / "digest.toml").exists()


def test_it_asks_on_a_terminal_and_takes_what_options_say(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    process = start(
        "init", "--title", "T", folder=tmp_path, stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    answers = ["Europe/Berlin", "Ann", "looms, soap", "", "ann@example.org", ""]
    asked = _converse(ours, answers)
    assert process.wait(60) == 0, asked
    os.close(ours)

    assert "Title" not in asked
    assert "Time zone" in asked
    config = made(tmp_path)
    assert config.newsletter.timezone == "Europe/Berlin"
    (ann,) = config.subscribers
    assert (ann.name, ann.email, ann.keywords) == ("Ann", "ann@example.org", ("looms", "soap"))
    assert config.sources[1].name == "arxiv"


def _converse(terminal: int, answers: list[str]) -> str:
    """Type an answer whenever a question ends in a colon; return what was on the screen."""
    shown = ""
    typed = 0
    while select.select([terminal], [], [], 60)[0]:
        try:
            data = os.read(terminal, 4096).decode(errors="replace")
        except OSError:  # Linux says so when the last process has closed it.
            break
        if not data:
            break
        shown += data
        if shown.endswith("]: ") or (shown.endswith(": ") and typed < len(answers)):
            os.write(terminal, f"{answers[typed]}\n".encode())
            typed += 1
    return shown
