"""A whole run from a cold start, as a user waits for it: time, memory, requests.

A day of arXiv papers is served on loopback, a letter goes out by SMTP on loopback. Each figure is
the median of several fresh processes, whose modules are compiled as those of an installed package
are: compiling them takes 0.1 s, once. Run: python tests/bench/bench_run.py
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, date, datetime
from email import message_from_bytes
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from mailserver import mail_server
from webserver import Responder, answer, serving

from digest.sources.arxiv import Arxiv
from digest.sources.huggingface import HuggingFace

RECORDING = (
    Path(__file__).parents[3] / "shared/pages/arxiv/api_query_cs_submitted_2025-12-17_405.xml"
)
TRIES = 9
CONFIG = """
[newsletter]
title = "Bench"
[[sources]]
kind = "arxiv"
categories = ["cs.LG", "cs.CL"]
base_url = "{base}"
spacing = 0
[[outputs]]
kind = "smtp"
host = "127.0.0.1"
port = {port}
security = "none"
sender = "Bench <bench@example.org>"
[[subscribers]]
name = "Ann"
email = "ann@example.org"
keywords = ["language model", "diffusion model", "data selection^2", "agent", "-medical"]
"""


def main() -> None:
    """Print a line for each figure."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["PYTHONPYCACHEPREFIX"] = f"{folder}/compiled"
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        _sample(Path(folder))
        _print("digest --help", [_timed(["--help"], Path(folder)) for _ in range(TRIES)])
        _print("the sample's dry run", [_sample(Path(folder)) for _ in range(TRIES)])
        with serving() as web, mail_server() as mail:
            web.answers = _Always()
            _cold(Path(folder), web.url(""), mail.port)
            runs = [_cold(Path(folder), web.url(""), mail.port) for _ in range(TRIES)]
            asked = len(web.received) / (TRIES + 1)
            _print("a day of 405 papers to one letter sent", runs)
            letters = [each.original_content or b"" for each in mail.mailbox.envelopes]
            print(f"  {len(letters)} letters arrived, {_size(letters[-1]):,} bytes of HTML")
            print(
                f"  {asked:g} requests a run; arXiv's are 3 s apart unless set otherwise, as here"
            )
            again = [_timed(["once"], Path(folder)) for _ in range(TRIES)]
            _print("the same once more, nothing due", again)
    _politeness()


def _politeness() -> None:
    """Print what a real morning's run asks for; the waits between are most of its time."""
    now = datetime(2026, 6, 12, 7, tzinfo=UTC)
    for source in (HuggingFace(), Arxiv(categories=("cs.LG", "cs.CL"))):
        asked = source.requests(date(2026, 6, 11), now)
        spacing = asked[0].spacing.total_seconds()
        waits = (len(asked) - 1) * spacing
        print(
            f"a morning's requests to {source.name}: {len(asked)} and what its pages name, "
            f"{spacing:g} s apart: at least {waits:g} s of waiting"
        )


def _print(what: str, figures: list[tuple[float, float]]) -> None:
    seconds = statistics.median(each[0] for each in figures)
    least = min(each[0] for each in figures)
    memory = statistics.median(each[1] for each in figures)
    print(f"{what:45} {seconds:6.3f} s (least {least:.3f}), {memory:5.0f} MB")


def _sample(folder: Path) -> tuple[float, float]:
    empty = folder / "empty"
    empty.mkdir(exist_ok=True)
    return _timed(["once", "--dry-run"], empty)


def _cold(folder: Path, base: str, port: int) -> tuple[float, float]:
    (folder / "digest.toml").write_text(CONFIG.format(base=base, port=port))
    for path in folder.glob("digest.db*"):
        path.unlink()
    subprocess.run(  # noqa: S603 - this very Python
        [sys.executable, "-c", _EMPTY_STORE], cwd=folder, env=_environment(), check=True
    )
    return _timed(["once", "--json"], folder)


_EMPTY_STORE = "from digest.store import open_store; open_store('sqlite:///digest.db').close()"


def _timed(command: list[str], folder: Path) -> tuple[float, float]:
    """Run one command in a fresh process and return its seconds and its megabytes."""
    started = time.perf_counter()
    with (folder / "out").open("wb") as out:
        process = subprocess.Popen(  # noqa: S603 - this very Python
            [sys.executable, "-m", "digest", *command],
            cwd=folder,
            env=_environment(),
            stdout=out,
            stderr=out,
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - started
    if status:
        raise SystemExit((folder / "out").read_text())
    return seconds, usage.ru_maxrss / 1024


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}


class _Always(dict[str, Responder]):
    """The same answer whatever is asked for: arXiv's queries have the day in them."""

    def get(self, _path: str, _default: object = None) -> Responder:
        """Return the answer."""
        return answer(RECORDING.read_bytes(), content_type="application/atom+xml")


def _size(mail: bytes) -> int:
    parts = [p for p in message_from_bytes(mail).walk() if p.get_content_type() == "text/html"]
    return len(parts[0].get_payload(decode=True) or b"")


if __name__ == "__main__":
    main()
