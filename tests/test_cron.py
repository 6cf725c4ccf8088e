"""Debian's cron runs digest by the line that the README has, in the environment that cron gives."""

from __future__ import annotations

import email
from datetime import UTC, datetime, timedelta
from email import policy
from email.message import EmailMessage
from pathlib import Path

import pytest
from machine import Machine, machine, needs, until
from running import ROOT, newsroom, paper, text_of

pytestmark = pytest.mark.tier2

MINUTE = 120
"""Seconds until cron has surely had its minute, and the run its time."""

SENDMAIL = """#!/bin/sh
# Keeps what it is given, and in which environment.
folder=/srv/digest/sent
kept=$(mktemp "$folder/.XXXXXX")
cat >"$kept"
env >"$kept.environment"
mv "$kept" "$kept.eml"
"""
BARE = {"SHELL", "HOME", "PATH", "LOGNAME", "PWD", "OLDPWD", "LC_CTYPE", "container", "_"}
"""What cron and its shell set, and Python where no language is. `container` is the machine's."""

OUTPUT = """
[[outputs]]
kind = "sendmail"
sender = "Paper digest <digest@example.org>"
"""


def readmes_line() -> str:
    (line,) = (each for each in (ROOT / "README.md").read_text().splitlines() if "* * 1-5" in each)
    return line


def mails(there: Machine) -> list[Path]:
    return list((there.root / "srv/digest/sent").glob(".*.eml"))


def opened(path: Path) -> EmailMessage:
    return email.message_from_bytes(path.read_bytes(), policy=policy.default)


def environment_of(path: Path) -> dict[str, str]:
    """Return the environment in which a mail was given to the command."""
    lines = path.with_suffix(".environment").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines)


def test_cron_runs_the_readmes_line_in_its_bare_environment(tmp_path: Path) -> None:
    needs("cron", "crontab", "useradd")
    (tmp_path / "room").mkdir()
    with newsroom(tmp_path / "room", outputs=OUTPUT) as room:
        now = datetime.now(UTC)
        for days in (1, 0):  # Whichever day it is where the reader is.
            room.huggingface(str((now - timedelta(days=days)).date()), paper(1, "On Looms"))
        line = readmes_line()
        every_minute = line.replace(" ".join(line.split()[:5]), "* * * * *")
        assert every_minute.startswith("* * * * *")
        files = {
            "/usr/sbin/sendmail": SENDMAIL,
            "/srv/digest/digest.toml": (room.folder / "digest.toml").read_text(),
            "/srv/digest/sent/empty": "",
            "/srv/crontab": f"{every_minute}\n",
        }
        with machine(tmp_path, files, "cron", "-f") as there:
            for words in (
                "useradd --create-home ann",
                "ln -s /opt/digest /srv/digest/.venv",
                "chown -R ann: /srv/digest",
                "crontab -u ann /srv/crontab",
            ):
                done = there.run(*words.split())
                assert done.code == 0, done.err

            until(lambda: len(mails(there)) > 1, "the letter, and cron's mail", MINUTE)

            cron, letter = sorted(mails(there), key=lambda each: "X-Cron-Env" not in opened(each))
            account = opened(cron).get_content()
            assert opened(letter)["To"] == "Ann <ann@example.org>"
            assert "https://arxiv.org/abs/2606.00001" in text_of(opened(letter))
            assert "taken by /usr/sbin/sendmail" in account
            assert set(environment_of(letter)) - BARE == set()
