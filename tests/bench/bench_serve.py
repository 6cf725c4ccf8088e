"""The service: how soon it is ready, and what it costs while it has nothing to do.

It is ready when systemd would hear so. Memory is what /proc/PID/status calls VmRSS, time on a
processor what /proc/PID/schedstat counts in nanoseconds. For the ten runs, each a process that
reads a day of arXiv papers on loopback, the loop's clock goes a minute further whenever the loop
waits for nothing; the rest is the service as it is. Two months of simulated days have all runs in
one process, so that what they leave behind would be seen. Run: python tests/bench/bench_serve.py
"""

from __future__ import annotations

import gc
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from mailserver import mail_server
from webserver import Responder, answer, serving

RECORDING = (
    Path(__file__).parents[3] / "shared/pages/arxiv/api_query_cs_submitted_2025-12-17_405.xml"
)
CONFIG = """
[schedule]
collect = "{line}"
publish = "{line}"
[serve]
metrics = "127.0.0.1:0"
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
TRIES = 9
IDLE = 90.0
"""Seconds for which the service is left alone."""

RUNS = 10


def main() -> None:
    """Print a line for each figure."""
    with tempfile.TemporaryDirectory() as name, serving() as web, mail_server() as mail:
        folder = Path(name)
        os.environ["PYTHONPYCACHEPREFIX"] = f"{folder}/compiled"
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        web.answers = _Always()
        config = folder / "digest.toml"
        parts = {"base": web.url(""), "port": mail.port}
        config.write_text(CONFIG.format(line="0 0 29 2 *", **parts))
        _print_ready(folder)
        _print_idle(folder)
        config.write_text(CONFIG.format(line="* * * * *", **parts))
        _print_runs(folder)
    _print_month()


def _print_ready(folder: Path) -> None:
    seconds = []
    for _ in range(TRIES + 1):
        with _service(folder) as (_, waited):
            seconds.append(waited)
    median, least = statistics.median(seconds[1:]), min(seconds)
    print(f"from its start to READY: {median:.2f} s (least {least:.2f})")


def _print_idle(folder: Path) -> None:
    with _service(folder) as (process, _):
        time.sleep(5)
        before, began = _nanoseconds(process.pid), time.monotonic()
        time.sleep(IDLE)
        busy = (_nanoseconds(process.pid) - before) / 1e9
        share = busy / (time.monotonic() - began)
        print(f"idle: {_megabytes(process.pid):.0f} MB, {share:.3%} of a processor ({IDLE:g} s)")


def _print_runs(folder: Path) -> None:
    done = subprocess.run(  # noqa: S603 - this very Python
        [sys.executable, "-c", _HURRIED.format(runs=RUNS)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    print(f"after {RUNS} runs: {float(done.stdout.splitlines()[-1]):.0f} MB")


_HURRIED = """
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from digest.app import locked, me
from digest.events import UNLOGGED
from digest.pulse import Pulse
from digest.serve.children import start
from digest.serve.ears import Ears
from digest.serve.ledger import LEASE, LOCK, Ledger
from digest.serve.loop import Loop
from digest.serve.notify import Notifier
from digest.serve.orders import Orders
from digest.store import open_store

ahead, begun = timedelta(), []

class Hurried(Ears):
    def wait(self, seconds):
        global ahead
        if begun and begun[-1].ended() is None:
            super().wait(seconds)
            return
        if len(begun) == {runs}:
            self.stop = True
        ahead += timedelta(minutes=1)

def begin(orders, steps, run):
    begun.append(start(orders, steps, run, log="json"))
    return begun[-1]

orders, owner = Orders(Path("digest.toml")), me()
with Hurried() as ears, open_store(orders.config.store.url) as store:
    with locked(store, owner, LOCK, LEASE):
        Loop(
            orders=orders, ledger=Ledger(store, owner), start=begin, ears=ears,
            notifier=Notifier(), clock=lambda: datetime.now(UTC) + ahead,
            log=UNLOGGED, pulse=Pulse(),
        ).run()
        with store.reading() as transaction:
            ended = [each.outcome for each in transaction.last_runs()]
        assert ended == ["ok"] * {runs}, ended
        status = Path("/proc/self/status").read_text()
        print(int(status.split("VmRSS:")[1].split()[0]) / 1024)
"""


def _print_month() -> None:
    """Print how large a process is that takes all steps of simulated days itself.

    In its first month the papers that may still be news to somebody fill a month; then no more.
    """
    from test_year import live  # noqa: PLC0415 - it imports pytest

    first, sizes = date(2028, 1, 3), {}

    def ran(now: datetime) -> None:
        for days in (10, 30, 40, 50, 60):
            if days not in sizes and (now.date() - first).days >= days:
                gc.collect()
                sizes[days] = _megabytes(os.getpid())

    with tempfile.TemporaryDirectory() as folder:
        live(Path(folder), 1, first, first + timedelta(days=61), 1.0, ran)
    said = ", ".join(f"{size:.1f} MB after {days} days" for days, size in sizes.items())
    print(f"simulated days in one process: {said}")


@contextmanager
def _service(folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], float]]:
    """Start the service; return it when it is ready, and how many seconds that took."""
    address = folder / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind(str(address))
        heard.settimeout(30)
        began = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", "digest", "serve"],
            cwd=folder,
            env={
                **os.environ,
                "PYTHONPATH": str(Path(__file__).parents[2]),
                "NOTIFY_SOCKET": str(address),
            },
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            while b"READY=1" not in heard.recv(4096):
                pass
            yield process, time.perf_counter() - began
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(20)
            address.unlink()


class _Always(dict[str, Responder]):
    """The same answer whatever is asked for: arXiv's queries have the day in them."""

    def get(self, _path: str, _default: object = None) -> Responder:
        """Return the answer."""
        return answer(RECORDING.read_bytes(), content_type="application/atom+xml")


def _nanoseconds(pid: int) -> int:
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0])


def _megabytes(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


if __name__ == "__main__":
    main()
