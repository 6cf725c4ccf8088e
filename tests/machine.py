"""A machine of its own, for what takes process 1: a real systemd, Debian's cron.

It is this machine's files under a layer that is forgotten, in namespaces, with the network of this
machine, so that servers on loopback are reached. The program lies in /opt, as an operator has it.

with machine(folder, files, "cron", "-f") as there:
    there.run("crontab", "-l")
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event

import pytest
from running import ROOT, Result

SCRIPT = Path(__file__).with_name("machine.sh")
DIGEST = "/opt/digest/bin/digest"
SCRIPT_TEXT = "#!/opt/digest/bin/python\nfrom digest.cli import main\nmain()\n"
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root"}
PATIENCE = 60
_NEVER = Event()


@dataclass(frozen=True, slots=True)
class Machine:
    """Where commands can be run, as root, and files be read."""

    process: int

    @property
    def root(self) -> Path:
        """Its files, as they are seen from here."""
        return Path(f"/proc/{self.process}/root")

    def run(self, *words: str) -> Result:
        done = subprocess.run(  # noqa: S603  Commands of the tests.
            [*_nsenter(self.process), *words],
            env=ENVIRONMENT,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
        return Result(done.returncode, done.stdout, done.stderr)

    def digest(self, *words: str) -> Result:
        return self.run(DIGEST, *words)


def _nsenter(process: int) -> list[str]:
    return ["nsenter", "--target", str(process), "--all", "--wd=/"]


def until(met: Callable[[], object], what: str, patience: float = PATIENCE) -> None:
    """Wait for something that another process does. Fails when it takes too long."""
    deadline = time.monotonic() + patience
    while not met():
        assert time.monotonic() < deadline, f"{what}: not within {patience:g} s"
        _NEVER.wait(0.05)


def needs(*programs: str) -> None:
    """Skip the test where this machine cannot be another one."""
    for program in ("unshare", "nsenter", "pivot_root", *programs):
        if shutil.which(program, path=ENVIRONMENT["PATH"] + ":/lib/systemd") is None:
            pytest.skip(f"{program} is not installed")
    if os.geteuid() != 0:
        pytest.skip("no machine of its own can be made: only root may")
    words = "mount --make-rprivate / && mount -t cgroup2 cgroup2 /mnt"
    tried = subprocess.run(  # noqa: S603  As above.
        ["unshare", "--mount", "--pid", "--fork", "sh", "-c", words],  # noqa: S607
        capture_output=True,
        text=True,
        check=False,
    )
    if tried.returncode:
        pytest.skip(f"no machine of its own can be made: {tried.stderr.strip()}")


@contextmanager
def machine(folder: Path, files: Mapping[str, str], *first: str) -> Iterator[Machine]:
    """Start a machine whose first process is `first`; it ends with the block.

    `files` are texts by path; keys, and what is in a folder `credentials`, are root's alone.
    """
    for name, text in files.items():
        path = folder / "files" / name.removeprefix("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        path.chmod(_mode(path, text))
    _environment(folder / "files" / "opt" / "digest")
    ready, said = os.pipe()
    with (folder / "machine.log").open("w") as log:
        where = (folder, ROOT, sys.base_prefix, sys.prefix)
        process = subprocess.Popen(  # noqa: S603  Our own script.
            ["unshare", "--mount", "bash", SCRIPT, *where, *first],  # noqa: S607
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={**os.environ, "READY": str(said)},
            pass_fds=(said,),
        )
    os.close(said)
    with os.fdopen(ready) as told:
        number = told.readline().strip()
    try:
        assert number, (folder / "machine.log").read_text()
        yield Machine(int(number))
    finally:
        if number:
            os.kill(int(number), 9)
        process.wait(PATIENCE)


def _mode(path: Path, text: str) -> int:
    if "credentials" in path.parts or path.suffix == ".key":
        return 0o600
    return 0o755 if text.startswith("#!") else 0o644


def _environment(folder: Path) -> None:
    """Make a virtual environment as it will be below /opt, but for its packages."""
    (folder / "bin").mkdir(parents=True)
    (folder / "pyvenv.cfg").write_text("home = /opt/python/bin\n")
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    (folder / "bin" / "python").symlink_to(f"/opt/python/bin/{version}")
    (folder / "bin" / "digest").write_text(SCRIPT_TEXT)
    (folder / "bin" / "digest").chmod(0o755)
