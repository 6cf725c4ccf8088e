"""A real systemd runs the units as they are installed, walls and all."""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme
from machine import PATIENCE, Machine, machine, needs, until
from mailserver import PASSWORD, mail_server
from running import Newsroom, newsroom, paper

pytestmark = pytest.mark.tier2

TARGETS = (
    *("sysinit", "basic", "shutdown", "umount", "multi-user", "timers", "sockets", "paths"),
    *("slices", "local-fs", "network-online", "time-sync"),
)
"""What units lean on, empty."""

STORE = "sqlite:////var/lib/digest/digest.db"
OUTPUTS = """
[[outputs]]
kind = "smtp"
host = "127.0.0.1"
port = {port}
security = "tls"
ca_file = "ca.pem"
username = "ann"
sender = "Paper digest <digest@example.org>"

[[outputs]]
kind = "directory"
path = "/var/lib/digest/letters"
"""
STATE = "/var/lib/private/digest"
DYNAMIC = range(61184, 65520)
"""The numbers that systemd gives to users who are there while their service runs."""

HEARD = "/run/said"
AT_ONCE = "[Timer]\nRandomizedDelaySec=0\nAccuracySec=1ms\n"
"""The test does not wait as long as a server would like it."""


def files(room: Newsroom, authority: trustme.CA) -> Mapping[str, str]:
    """Return what an operator has on a machine before the units are installed."""
    targets = {
        f"/etc/systemd/base/{name}.target": f"[Unit]\nDescription={name}\nDefaultDependencies=no\n"
        for name in TARGETS
    }
    said = f"[Service]\nStandardOutput=append:{HEARD}\nStandardError=inherit\n"
    return targets | {
        "/etc/digest/digest.toml": (room.folder / "digest.toml").read_text(),
        "/etc/digest/digest.key": "k" * 40,
        "/etc/digest/ca.pem": authority.cert_pem.bytes().decode(),
        "/etc/digest/credentials/smtp_password": f"{PASSWORD}\n",
        "/etc/systemd/system/service.d/log.conf": said,
        "/etc/systemd/system/digest-once.timer.d/at-once.conf": AT_ONCE,
    }


@contextmanager
def systemd(folder: Path, texts: Mapping[str, str]) -> Iterator[Machine]:
    """Start a machine whose process 1 is systemd, with no unit but ours."""
    needs("systemd", "systemctl")
    paths = "SYSTEMD_UNIT_PATH=/etc/systemd/system:/etc/systemd/base"
    first = ("env", paths, "/lib/systemd/systemd", "--unit=basic.target", "--log-target=console")
    with machine(folder, texts, *first) as there:
        until(lambda: "running" in there.run("systemctl", "is-system-running").out, "systemd")
        try:
            yield there
        except AssertionError:
            print(there.run("cat", HEARD).out, (folder / "machine.log").read_text())  # noqa: T201  For the report of the failure.
            raise


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def room(tmp_path: Path, authority: trustme.CA) -> Iterator[Newsroom]:
    """Return a newsroom that lists a paper today, whose mail server wants TLS and a login."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    folder = tmp_path / "room"
    folder.mkdir()
    parts = {"store": STORE, "outputs": OUTPUTS}
    with newsroom(folder, **parts) as made, mail_server(tls=context, login=True) as mail:
        made.mailbox, made.mail_port = mail.mailbox, mail.port
        made.configure()
        now = datetime.now(UTC)
        for days in (1, 0):  # Whichever day it is where the reader is.
            made.huggingface(str((now - timedelta(days=days)).date()), paper(1, "On Looms"))
        yield made


def shown(there: Machine, unit: str, name: str) -> str:
    return there.run("systemctl", "show", unit, f"--property={name}", "--value").out.strip()


def test_a_timer_makes_up_for_the_run_that_the_machine_slept_through(
    room: Newsroom, tmp_path: Path, authority: trustme.CA
) -> None:
    with systemd(tmp_path, files(room, authority)) as there:
        done = there.digest("install", "--system", "--once", "--yes")
        assert done.code == 0, done.err
        stamp = there.root / "var/lib/systemd/timers/stamp-digest-once.timer"
        stamp.parent.mkdir(parents=True, exist_ok=True)
        stamp.touch()
        slept = (datetime.now(UTC) - timedelta(days=4)).timestamp()
        os.utime(stamp, (slept, slept))

        for words in ("daemon-reload", "enable --now digest-once.timer"):
            done = there.run("systemctl", *words.split())
            assert done.code == 0, done.err

        until(lambda: room.mails, "the letter")
        until(lambda: shown(there, "digest-once", "ActiveState") == "inactive", "the run's end")
        assert shown(there, "digest-once", "Result") == "success"
        said = there.run("cat", HEARD).out
        assert "by smtp: 250" in said
        assert len(room.mails) == 1
        assert room.mailbox.logins, "the password is the credential"
        (owner,) = {owner_of(there, name) for name in ("", "digest.db", "letters/ann/index.html")}
        assert owner in DYNAMIC
        assert (there.root / STATE.removeprefix("/")).stat().st_mode & 0o777 == 0o700


def owner_of(there: Machine, name: str) -> int:
    return (there.root / STATE.removeprefix("/") / name).stat().st_uid


EVERY_MINUTE = """
[schedule]
collect = "* * * * *"
publish = "* * * * *"
"""
WATCHED = """[Service]
WatchdogSec=2
RestartSec=1
"""
"""So that the test need not wait for a minute."""


def test_a_service_is_ready_reloads_is_started_again_when_it_hangs_and_stops(
    room: Newsroom, tmp_path: Path, authority: trustme.CA
) -> None:
    room.configure(more=EVERY_MINUTE)
    texts = {**files(room, authority), "/etc/systemd/system/digest.service.d/short.conf": WATCHED}
    with systemd(tmp_path, texts) as there:
        assert there.digest("install", "--system", "--yes").code == 0
        done = there.run("systemctl", "enable", "--now", "digest")
        assert done.code == 0, done.err
        assert shown(there, "digest", "ActiveState") == "active"
        assert "next: " in shown(there, "digest", "StatusText")
        walled(there, shown(there, "digest", "MainPID"))

        until(lambda: room.mails, "the letter of the next minute's tick", 2 * PATIENCE)
        assert "On Looms" in str(room.mails[0]["Subject"])

        config = there.root / "etc/digest/digest.toml"
        good = config.read_text()
        config.write_text(good + "[nonsense]\n")
        assert there.run("systemctl", "reload", "digest").code == 0
        until(lambda: "is refused" in shown(there, "digest", "StatusText"), "the refusal")
        config.write_text(good)
        assert there.run("systemctl", "reload", "digest").code == 0
        until(lambda: "is refused" not in shown(there, "digest", "StatusText"), "the new config")

        first = shown(there, "digest", "MainPID")
        assert there.run("kill", "-STOP", first).code == 0
        until(lambda: shown(there, "digest", "NRestarts") == "1", "the watchdog")
        until(lambda: shown(there, "digest", "ActiveState") == "active", "the second start")
        assert shown(there, "digest", "MainPID") not in ("0", first)

        done = there.run("systemctl", "stop", "digest")
        assert done.code == 0, done.err
        assert shown(there, "digest", "Result") == "success"
        assert shown(there, "digest", "ActiveState") == "inactive"


def walled(there: Machine, process: str) -> None:
    """See that the kernel has the walls that the unit asks for."""
    status = there.run("cat", f"/proc/{process}/status").out
    found = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert (found["NoNewPrivs"], found["Seccomp"]) == ("1", "2")
    assert {int(found[name], 16) for name in ("CapEff", "CapPrm", "CapBnd")} == {0}
    assert int(found["Uid"].split()[0]) in DYNAMIC
    mounts = there.run("cat", f"/proc/{process}/mounts").out.splitlines()
    options = {line.split()[1]: line.split()[3].split(",") for line in mounts}
    assert "ro" in options["/"]
    assert "rw" in options[STATE]
