"""The Containerfile, read; and its first stage built without an engine, in a folder.

python tests/containerfile.py FOLDER

takes the first stage's own COPY and RUN lines, with /build and /opt/digest in FOLDER and the Python
that this runs on in place of the base image's, then runs what the last stage calls as it calls it.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PATH = ROOT / "deploy" / "Containerfile"
VENV = "/opt/digest"


@dataclass(frozen=True, slots=True)
class Stage:
    """What follows a FROM: instructions and their texts, in order."""

    base: str
    lines: Sequence[tuple[str, str]]

    def all(self, name: str) -> list[str]:
        return [text for each, text in self.lines if each == name]

    def one(self, name: str) -> str:
        (text,) = self.all(name)
        return text

    @property
    def environment(self) -> dict[str, str]:
        words = (word for text in self.all("ENV") for word in shlex.split(text))
        return dict(word.split("=", 1) for word in words)

    @property
    def command(self) -> list[str]:
        """What is started."""
        words: list[str] = [*json.loads(self.one("ENTRYPOINT")), *json.loads(self.one("CMD"))]
        return words


def stages(text: str) -> tuple[Stage, ...]:
    """Return the stages of a Containerfile."""
    found: list[tuple[str, list[tuple[str, str]]]] = []
    for name, rest in _instructions(text):
        if name == "FROM":
            found.append((rest.split()[0], []))
        else:
            found[-1][1].append((name, rest))
    return tuple(Stage(base, lines) for base, lines in found)


def _instructions(text: str) -> Iterator[tuple[str, str]]:
    whole = re.sub(r"\\\n\s*", " ", re.sub(r"^#.*\n", "", text, flags=re.MULTILINE))
    for line in filter(None, whole.splitlines()):
        name, _, rest = line.partition(" ")
        yield name, rest.strip()


def build(stage: Stage, folder: Path, environment: Mapping[str, str]) -> None:
    """Take a stage's COPY and RUN lines in a folder; only /build and the venv are known there."""
    work = folder / "build"
    work.mkdir(parents=True)
    for name, text in stage.lines:
        if name == "COPY":
            *sources, target = text.split()
            for source in sources:
                _copy(ROOT / source, work / target, source)
        elif name == "RUN":
            script = text.replace(VENV, str(folder / "venv"))
            subprocess.run(  # noqa: S603  The Containerfile's own line.
                ["/bin/sh", "-euc", script], cwd=work, env=environment, check=True
            )
        else:
            assert (name, text) == ("WORKDIR", "/build") or name == "ENV", (name, text)


def _copy(source: Path, target: Path, name: str) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy(source, target / Path(name).name if target.is_dir() else target)


def main(place: str) -> None:
    """Build the first stage, and run what the last one calls."""
    folder = Path(place).resolve()
    first, last = stages(PATH.read_text("utf-8"))
    base = folder / "base"
    subprocess.run([sys.executable, "-m", "venv", str(base)], check=True)  # noqa: S603  This Python.
    path = f"{base / 'bin'}:{os.environ['PATH']}"
    kept = {name: text for name, text in os.environ.items() if name.startswith(("PIP_", "HOME"))}
    build(first, folder, {**kept, **first.environment, "PATH": path})
    data = folder / "data"
    data.mkdir()
    called = last.environment | {"PATH": f"{folder / 'venv' / 'bin'}:/usr/bin:/bin", "HOME": place}
    del called["DIGEST_CONFIG"]  # There is none yet, so the sample is shown.
    program = str(folder / "venv" / "bin" / last.command[0])
    for words in (["--version"], [*last.command[1:], "--help"], ["once", "--dry-run"]):
        subprocess.run([program, *words], cwd=data, env=called, check=True)  # noqa: S603  As built.
    check = [str(base / "bin" / "pip"), "--python", str(folder / "venv"), "check"]
    subprocess.run(check, check=True)  # noqa: S603  As above.


if __name__ == "__main__":
    main(*sys.argv[1:])
