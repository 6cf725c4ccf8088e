"""The template's workflow, run on this machine: each job gets a machine that is gone afterwards.

What `uses` an action of GitHub's is left out, and so is `Install`: the program is this tree's.

    with newsroom(tmp_path) as room:
        place = repository(tmp_path, room)
        job = place.job()
        assert job.outcomes["Send"] == "success"
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import yaml
from running import ROOT, Newsroom

TEMPLATE = ROOT / "deploy" / "github"
DAY = "2026-06-12"
SECRETS = {
    "DIGEST_BACKUP_PASSPHRASE": "AGE-SECRET-KEY-"
    "1WYRZP77QT4A8YMWAAVTWJM6JWLYUAAQDSXANJS8TAFSRUUZ8VQTS8FU8AK",
    "DIGEST_SECRET_KEY": "of invented letters only, and long enough",
    "DIGEST_SMTP_PASSWORD": "",
}
PATIENCE = 120
LEFT_OUT = ("Install",)

DIGEST = """#!/bin/sh
[ "$1" != once ] || {{ shift; set -- once --at {day} "$@"; }}
exec '{python}' -m digest "$@"
"""
PYTHON = """#!/bin/sh
exec '{python}' "$@"
"""
GIT = """#!/bin/sh
# Waits before or after a push, if the test says so: `before 2` is before the second.
read -r when number 2>/dev/null <'{stop}' || when=never
case " $* " in
  *' push '*) echo push >>'{count}' ;;
  *) exec '{git}' "$@" ;;
esac
[ "$(wc -l <'{count}')" = "${{number:-}}" ] || exec '{git}' "$@"
[ "$when" = before ] || '{git}' "$@"
echo reached >'{reached}'
cat '{resume}' >/dev/null
[ "$when" = after ] || exec '{git}' "$@"
"""


def workflow() -> Any:
    """Return the workflow as data."""
    return yaml.safe_load((TEMPLATE / ".github" / "workflows" / "digest.yml").read_text("utf-8"))


@dataclass(frozen=True, slots=True)
class Stopped:
    """Where a job is to be stopped: ``before`` or ``after`` the n-th push; and how."""

    when: str
    number: int
    how: signal.Signals


@dataclass(frozen=True, slots=True)
class Job:
    """How the steps ended, by name, and what they said."""

    outcomes: Mapping[str, str]
    output: str
    machine: Path

    @property
    def shown(self) -> str:
        """The log as the runner shows it: what is masked is not to be read in it."""
        masked = re.findall(r"^::add-mask::(.*)$", self.output, re.MULTILINE)
        shown = re.sub(r"^::add-mask::.*\n", "", self.output, flags=re.MULTILINE)
        for text in [*masked, *filter(None, SECRETS.values())]:
            shown = shown.replace(text, "***")
        return shown


@dataclass(frozen=True, slots=True)
class Repository:
    """A bare repository, a checkout of the template, and a machine for each job."""

    folder: Path
    config: str
    numbers: Iterator[int] = field(default_factory=count)

    @property
    def remote(self) -> Path:
        return self.folder / "remote.git"

    def git(self, *words: str) -> str:
        done = subprocess.run(  # noqa: S603  Git, on a folder of the test's own.
            [git(), "--git-dir", str(self.remote), *words],
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    def job(
        self,
        stopped: Stopped | None = None,
        *,
        until: str = "",
        secrets: Mapping[str, str] = SECRETS,
    ) -> Job:
        """Take a job's steps as a runner does, on a new machine; `until` one of them."""
        machine = self.folder / f"machine-{next(self.numbers)}"
        return self.go_on(Job({}, "", machine), stopped, until=until, secrets=secrets)

    def go_on(
        self,
        job: Job,
        stopped: Stopped | None = None,
        *,
        until: str = "",
        secrets: Mapping[str, str] = SECRETS,
    ) -> Job:
        """Take the steps of a job that were not taken yet."""
        known = {"DIGEST_TOML": self.config, **secrets}
        runner = Runner(job.machine, self.remote, known, stopped)
        outcomes = dict(job.outcomes)
        for step in workflow()["jobs"]["letters"]["steps"]:
            name = step.get("name", "")
            if "uses" in step or name in LEFT_OUT or name in outcomes:
                continue
            outcomes[name] = runner.take(step, outcomes) if runner.alive else "killed"
            if name == until:
                break
        return Job(outcomes, job.output + runner.output, job.machine)


def repository(folder: Path, room: Newsroom) -> Repository:
    """Return a repository whose readers and sources are the newsroom's."""
    made = Repository(folder, (room.folder / "digest.toml").read_text("utf-8"))
    subprocess.run([git(), "init", "-q", "--bare", str(made.remote)], check=True)  # noqa: S603  As above.
    return made


def git() -> str:
    found = shutil.which("git")
    assert found
    return found


class Runner:
    """Takes steps on one machine."""

    def __init__(
        self, machine: Path, remote: Path, secrets: Mapping[str, str], stopped: Stopped | None
    ) -> None:
        self.alive = True
        self.output = ""
        self._machine = machine
        self._secrets = secrets
        self._stopped = stopped
        self._checkout = machine / "checkout"
        self._reached, self._resume = machine / "reached", machine / "resume"
        self._environment = {
            "PATH": f"{machine / 'bin'}:{os.environ['PATH']}",
            "HOME": str(machine),
            "PYTHONPATH": str(ROOT),
            "RUNNER_TEMP": str(machine / "temp"),
            "GITHUB_OUTPUT": str(machine / "output"),
            "DIGEST_REMOTE": str(remote),
            "DIGEST_PAUSE": "0",
        }
        if not machine.exists():
            shutil.copytree(TEMPLATE, self._checkout)
            self._equip()

    def _equip(self) -> None:
        """Put the commands in place, and say where the machine is to be stopped."""
        stop, counted = self._machine / "stop", self._machine / "pushes"
        (self._machine / "temp").mkdir()
        (self._machine / "bin").mkdir()
        counted.touch()
        if self._stopped:
            stop.write_text(f"{self._stopped.when} {self._stopped.number}\n", "utf-8")
        os.mkfifo(self._reached)
        os.mkfifo(self._resume)
        places = {
            "stop": stop,
            "count": counted,
            "reached": self._reached,
            "resume": self._resume,
            "git": git(),
        }
        for name, text in {"digest": DIGEST, "python": PYTHON, "git": GIT}.items():
            command = self._machine / "bin" / name
            command.write_text(text.format(python=sys.executable, day=DAY, **places), "utf-8")
            command.chmod(0o755)

    def take(self, step: Mapping[str, Any], outcomes: Mapping[str, str]) -> str:
        """Take a step unless its condition is against it; return how that ended."""
        if not wanted(step, outcomes):
            return "skipped"
        script = self._machine / "step.sh"
        script.write_text(step["run"], "utf-8")
        with self._started(["bash", "-e", str(script)], step.get("env", {})) as process:
            if self._stopped and step["name"] == "Send":
                self._stop(process, self._stopped)
            self.output += process.communicate(timeout=PATIENCE)[0]
        return "success" if process.returncode == 0 else "failure"

    @contextmanager
    def _started(
        self, words: list[str], given: Mapping[str, str]
    ) -> Iterator[subprocess.Popen[str]]:
        environment = self._environment | {name: self._value(text) for name, text in given.items()}
        with subprocess.Popen(  # noqa: S603  The template's own step.
            words,
            cwd=self._checkout,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process:
            yield process

    def _value(self, text: str) -> str:
        """Return what an expression of the workflow stands for."""
        expression = re.fullmatch(r"\$\{\{ (secrets|github)\.(\w+) \}\}", text)
        assert expression, text
        return self._secrets[expression[2]] if expression[1] == "secrets" else ""

    def _stop(self, process: subprocess.Popen[str], stopped: Stopped) -> None:
        """Wait until the machine is where it is to be stopped, and stop it."""
        with self._reached.open() as pipe:
            assert pipe.read() == "reached\n"
        if stopped.how == signal.SIGKILL:
            self.alive = False
            kill_tree(process.pid)
            return
        process.send_signal(stopped.how)
        self._resume.write_text("go on", "utf-8")


def wanted(step: Mapping[str, Any], outcomes: Mapping[str, str]) -> bool:
    """Say whether a step is to be taken; just the conditions that the workflow has are known."""
    condition = step.get("if", "success()")
    if condition == "success()":
        return "failure" not in outcomes.values()
    assert condition == "always() && steps.restore.outcome == 'success'"
    return outcomes["Restore the state"] == "success"


def kill_tree(pid: int) -> None:
    """Kill a process and all that it started, as a runner does."""
    for each in list(halted(pid)):
        os.kill(each, signal.SIGKILL)


def halted(pid: int) -> Iterator[int]:
    """Halt a process, then its children, so that none starts another meanwhile; yield them."""
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGSTOP)
        yield pid
        for child in list(children(pid)):
            yield from halted(child)


def children(pid: int) -> Iterator[int]:
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(FileNotFoundError, ProcessLookupError):
            if int(stat.read_text("utf-8").rpartition(")")[2].split()[1]) == pid:
                yield int(stat.parent.name)
