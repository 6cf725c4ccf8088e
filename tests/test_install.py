"""`digest install` and `digest uninstall`: shown first, and nothing of anybody else's touched."""

from __future__ import annotations

import os
import pty
import re
import stat
from pathlib import Path

import pytest
from running import Result, run, start

from digest.install import borrowed, unreadable
from digest.units import is_sealed

HEAD = """
[newsletter]
timezone = "Europe/Berlin"
"""
STORE = """
[store]
url = "sqlite:////var/lib/digest/digest.db"
"""
SMTP = """
[[outputs]]
kind = "smtp"
host = "mail.example.org"
sender = "digest@example.org"
"""
SERVICE = "etc/systemd/system/digest.service"
TIMER = "etc/systemd/system/digest-once.timer"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return what stands for /, with a config that fits."""
    root = tmp_path / "root"
    (root / "etc/digest").mkdir(parents=True)
    configure(root, STORE)
    return root


def configure(root: Path, *parts: str) -> Path:
    path = root / "etc/digest/digest.toml"
    path.write_text("".join((HEAD, *parts)))
    path.chmod(0o644)
    return path


def install(root: Path, *words: str) -> Result:
    return run("install", "--system", "--root", str(root), *words, folder=root)


def uninstall(root: Path, *words: str) -> Result:
    return run("uninstall", "--system", "--root", str(root), *words, folder=root)


def refused(root: Path, *words: str) -> str:
    done = install(root, "--yes", *words)
    assert done.code == 2
    assert not (root / SERVICE).exists()
    return done.err


def test_it_shows_whole_files_and_without_anybody_to_ask_writes_none(root: Path) -> None:
    done = install(root)
    assert done.code == 2
    assert f"# {root / SERVICE} (new)" in done.out
    assert "--config /etc/digest/digest.toml serve" in done.out
    assert "there is nobody to ask here; --yes does it" in done.err
    assert not (root / "etc/systemd").exists()


def test_it_writes_what_it_showed_for_all_to_read_and_says_what_comes_next(root: Path) -> None:
    done = install(root, "--yes")
    assert done.code == 0, done.err
    text = (root / SERVICE).read_text()
    assert text in done.out
    assert is_sealed(text)
    assert stat.S_IMODE((root / SERVICE).stat().st_mode) == 0o644
    assert [path.name for path in (root / SERVICE).parent.iterdir()] == ["digest.service"]
    assert "systemctl daemon-reload\n  systemctl enable --now digest.service" in done.out


def test_it_asks_on_a_terminal(root: Path) -> None:
    for answer, written in (("n\n", False), ("y\n", True)):
        ours, theirs = pty.openpty()
        os.write(ours, answer.encode())
        words = ("install", "--system", "--root", str(root))
        process = start(*words, folder=root, stdin=theirs)
        os.close(theirs)
        _, err = process.communicate(timeout=60)
        os.close(ours)
        assert "Write this? [y/N]" in err
        assert (process.returncode == 0) is written
        assert (root / SERVICE).exists() is written


def test_a_second_time_there_is_nothing_to_write(root: Path) -> None:
    install(root, "--yes")
    before = (root / SERVICE).stat()
    done = install(root)
    assert done.code == 0
    assert f"# {root / SERVICE}: as it should be" in done.out
    assert (root / SERVICE).stat() == before


def test_what_changed_is_shown_as_a_diff_and_written(root: Path) -> None:
    install(root, "--yes")
    (root / "etc/digest/credentials").mkdir()
    (root / "etc/digest/credentials/smtp_password").write_text("x")
    done = install(root, "--yes")
    assert done.code == 0
    line = "LoadCredential=smtp_password:/etc/digest/credentials/smtp_password"
    assert f"\n+{line}\n" in done.out
    assert f"\n{line}\n" in (root / SERVICE).read_text()
    assert "systemctl restart digest.service" in done.out


def test_a_file_that_somebody_changed_is_not_overwritten(root: Path) -> None:
    install(root, "--yes")
    text = (root / SERVICE).read_text().replace("WatchdogSec=60", "WatchdogSec=90")
    (root / SERVICE).write_text(text)
    done = install(root, "--yes")
    assert done.code == 2
    assert "digest.service: not as it was written; keep what is yours in a drop-in" in done.err
    assert (root / SERVICE).read_text() == text


def test_a_timer_has_the_times_of_the_schedule_in_their_zone(root: Path) -> None:
    configure(root, STORE, '[schedule]\npublish = ["mondays at 07:00", "30 18 * * *"]\n')
    done = install(root, "--once", "--yes")
    assert done.code == 0, done.err
    times = re.findall(r"^OnCalendar=(.*)$", (root / TIMER).read_text(), re.MULTILINE)
    assert times == ["Mon *-*-* 07:00:00 Europe/Berlin", "*-*-* 18:30:00 Europe/Berlin"]
    assert (root / TIMER).with_suffix(".service").exists()
    assert "systemctl enable --now digest-once.timer" in done.out


def test_a_service_and_a_timer_are_not_installed_both(root: Path) -> None:
    install(root, "--once", "--yes")
    assert "it runs digest, too; `digest uninstall --system` first" in refused(root)


def test_the_key_beside_the_config_is_a_credential(root: Path) -> None:
    (root / "etc/digest/digest.key").write_text("k" * 40)
    install(root, "--yes")
    line = "LoadCredential=secret_key:/etc/digest/digest.key\n"
    assert line in (root / SERVICE).read_text()


SENDMAIL = """
[[outputs]]
kind = "sendmail"
command = "{command}"
sender = "digest@example.org"
"""
SCHOLAR = """
[[sources]]
kind = "scholar"
"""


@pytest.mark.parametrize(
    ("parts", "says"),
    [
        ("", 'set url = "sqlite:////var/lib/digest/digest.db"'),
        (
            '[[outputs]]\nkind = "directory"\npath = "letters"\n',
            (
                "output directory: /etc/digest/letters: the service can write below "
                '/var/lib/digest alone; set path = "/var/lib/digest/letters"'
            ),
        ),
        (SMTP + 'password_file = "pw"\n', "/etc/digest/credentials/smtp_password"),
        (SMTP + 'password_command = "pass show x"\n', "/etc/digest/credentials/smtp_password"),
        (SMTP + 'ca_file = "/home/ann/ca.pem"\n', "the service does not see /home"),
        (SCHOLAR + 'maildir = "/root/Mail"\n', "source scholar: maildir: /root/Mail: the service"),
        ('[[sources]]\nkind = "files"\npath = "/tmp/*.html"\n', "does not see /tmp"),
    ],
    ids=["store", "folder", "file", "command", "authority", "mail", "pages"],
)
def test_what_the_service_could_not_do_is_said_with_what_to_set(
    root: Path, parts: str, says: str
) -> None:
    configure(root, *([STORE, parts] if parts else []))
    assert says in refused(root)


def test_all_that_is_wrong_is_said_at_once(root: Path) -> None:
    configure(root, SMTP + 'password_file = "pw"\n').chmod(0o600)
    said = refused(root)
    assert len(re.findall("^- ", said, re.MULTILINE)) == 3


def test_a_command_that_becomes_a_group_to_mail_is_refused_and_another_is_not(
    root: Path, tmp_path: Path
) -> None:
    command = tmp_path / "mailer"
    command.write_text("#!/bin/sh\n")
    command.chmod(0o2755)
    configure(root, STORE, SENDMAIL.format(command=command))
    assert 'kind = "smtp", host = "localhost", port = 25' in refused(root)

    command.chmod(0o755)
    assert borrowed(str(command)) == ""
    assert install(root, "--yes").code == 0


def test_a_config_that_the_service_cannot_read_is_refused(root: Path) -> None:
    configure(root, STORE).chmod(0o600)
    assert "the service's user cannot read it; either everybody may (chmod 644" in refused(root)


def test_a_group_that_may_read_the_config_is_the_services_too(root: Path) -> None:
    path = configure(root, STORE)
    path.chmod(0o640)
    if path.stat().st_gid == 0:
        os.chown(path, -1, 1)
    assert install(root, "--yes").code == 0
    assert f"\nSupplementaryGroups={path.group()}\n" in (root / SERVICE).read_text()


def test_a_program_that_others_cannot_reach_is_found(tmp_path: Path) -> None:
    program = tmp_path / "closed" / "bin" / "python"
    program.parent.mkdir(parents=True)
    program.write_text("")
    program.chmod(0o755)
    assert unreadable(program, tmp_path / "closed") == ""
    program.chmod(0o700)
    assert unreadable(program, tmp_path / "closed") == str(program)
    program.parent.chmod(0o700)
    assert unreadable(program, tmp_path / "closed") == str(program.parent)


def test_without_a_config_it_says_how_to_write_one(root: Path) -> None:
    (root / "etc/digest/digest.toml").unlink()
    assert "`digest --config /etc/digest/digest.toml init` writes one" in refused(root)


def test_whose_service_it_is_must_be_said(root: Path) -> None:
    done = run("install", folder=root)
    assert (done.code, done.err) == (2, "digest: --system or --user: say whose service it is\n")


def test_a_users_units_are_in_their_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "settings"))
    (tmp_path / "digest.toml").write_text(HEAD + SENDMAIL.format(command="/bin/cat"))
    done = run("install", "--user", "--yes", folder=tmp_path)
    assert done.code == 0, done.err
    unit = tmp_path / "settings/systemd/user/digest.service"
    assert f"--config {tmp_path}/digest.toml serve\n" in unit.read_text()
    assert "DynamicUser" not in unit.read_text()
    assert "systemctl --user enable --now digest.service" in done.out
    assert "loginctl enable-linger" in done.out

    assert run("uninstall", "--user", "--yes", folder=tmp_path).code == 0
    assert not unit.exists()
    assert (tmp_path / "digest.toml").exists()


def test_uninstalling_shows_first_and_leaves_config_and_data(root: Path) -> None:
    install(root, "--once", "--yes")
    done = uninstall(root)
    assert done.code == 2
    assert f"would remove {root / TIMER}" in done.out
    assert (root / TIMER).exists()

    done = uninstall(root, "--yes")
    assert done.code == 0, done.err
    assert not list((root / TIMER).parent.iterdir())
    assert "/etc/digest and /var/lib/digest stay as they are" in done.out
    assert (root / "etc/digest/digest.toml").exists()


def test_uninstalling_leaves_what_somebody_changed_or_wrote(root: Path) -> None:
    install(root, "--once", "--yes")
    changed = (root / TIMER).read_text().replace("5min", "9min")
    (root / TIMER).write_text(changed)
    done = uninstall(root, "--yes")
    assert done.code == 0
    assert f"{root / TIMER}: not as it was written, so it stays" in done.out
    assert (root / TIMER).read_text() == changed
    assert not (root / TIMER).with_suffix(".service").exists()


def test_what_systemd_still_starts_is_not_uninstalled(root: Path) -> None:
    install(root, "--yes")
    wants = (root / SERVICE).parent / "multi-user.target.wants"
    wants.mkdir()
    (wants / "digest.service").symlink_to("../digest.service")
    done = uninstall(root, "--yes")
    assert done.code == 2
    assert "still enabled: systemctl disable --now digest.service, first" in done.err
    assert (root / SERVICE).exists()


def test_where_nothing_is_installed_there_is_nothing_to_remove(root: Path) -> None:
    done = uninstall(root, "--yes")
    assert done.code == 0
    assert "nothing of ours is there" in done.out
