"""Backups: what is in one, that it is whole, and that nobody waits for it."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pyrage
import pytest
from databases import DAY, HOUR, NOW, a_letter, connected, new_papers, publish, rows
from databaseserver import DatabaseServer
from running import Newsroom, newsroom, paper, run

from digest import backups
from digest.app import Setting, clock
from digest.backups import workplace
from digest.config import load
from digest.errors import LockHeldError, StoreError
from digest.store import moving, open_store, schema

pytest_plugins = ["databases"]

FRIDAY = "2026-06-12"
WORD = "a word that nobody guesses"
KEY = pyrage.x25519.Identity.generate()
SMTP_LOGIN = """
[[outputs]]
kind = "smtp"
name = "login"
host = "127.0.0.1"
port = 9
security = "starttls"
sender = "Paper digest <digest@example.org>"
username = "digest"
password_file = "{file}"
"""


@pytest.fixture
def room(tmp_path: Path, url: str) -> Iterator[Newsroom]:
    home = tmp_path / "home"
    home.mkdir()
    (home / "digest.key").write_text("k" * 40)
    (home / "digest.key").chmod(0o600)
    with newsroom(home, store=url) as made:
        made.huggingface(FRIDAY, paper(1, "On Looms", votes=12), paper(2, "On Soap"))
        assert made.once(FRIDAY).code == 0
        yield made


def names_in(path: Path) -> list[str]:
    with tarfile.open(path, "r:gz") as tar:
        return tar.getnames()


def store_in(path: Path, to: Path) -> str:
    """Unpack the store of a backup, and return its address."""
    to.mkdir()
    with tarfile.open(path, "r:gz") as tar, tar.extractfile("store.db") as store:  # type: ignore[union-attr]  # It is a file.
        (to / "store.db").write_bytes(store.read())
    return f"sqlite:///{to}/store.db"


def comparable(url: str) -> dict[str, list[str]]:
    with connected(url) as database:
        return {
            table.name: sorted(map(repr, database.execute(table.select())))
            for table in moving.MOVED
        }


def test_it_holds_the_store_row_by_row(room: Newsroom, url: str, tmp_path: Path) -> None:
    done = room.run("backup", "../a.backup")

    assert done.code == 0, done.err
    copy = store_in(tmp_path / "a.backup", tmp_path / "out")
    assert comparable(copy) == comparable(url)
    assert f"{sum(map(len, rows(copy).values())) - 1} rows, read back" in done.err


def test_only_its_owner_can_read_it(room: Newsroom) -> None:
    room.run("backup", "a.backup")
    mode = (room.folder / "a.backup").stat().st_mode
    assert stat.S_IMODE(mode) == 0o600


def test_without_a_passphrase_it_has_no_secrets_and_says_so(room: Newsroom) -> None:
    (room.folder / "word").write_text("hush")
    room.configure(outputs=room.outputs + SMTP_LOGIN.replace("{file}", "word"))

    done = room.run("backup", "a.backup")

    assert "Not in it: digest.key (a secret), word (a secret)\n" in done.err
    assert "not sealed" in done.err
    assert names_in(room.folder / "a.backup") == ["manifest.json", "digest.toml", "store.db"]


@pytest.mark.parametrize("by", ["file", "environment", "credential"])
def test_what_seals_it_is_told_in_any_of_three_ways(
    room: Newsroom, by: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = tmp_path / "backup_passphrase"
    held.write_text(f"{KEY}\n")
    held.chmod(0o600)
    if by == "environment":
        monkeypatch.setenv("DIGEST_BACKUP_PASSPHRASE", str(KEY))
    if by == "credential":
        monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    words = ("--passphrase-file", str(held)) if by == "file" else ()

    done = room.run("backup", "a.backup", *words)

    assert done.code == 0, done.err
    assert "; sealed" in done.err
    sealed = (room.folder / "a.backup").read_bytes()
    (tmp_path / "opened").write_bytes(pyrage.decrypt(sealed, [KEY]))
    assert "beside/digest.key" in names_in(tmp_path / "opened")


@pytest.mark.parametrize("new_url", ["sqlite"], indirect=True)
def test_with_a_passphrase_it_is_age_s_and_has_the_keys(
    room: Newsroom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIGEST_BACKUP_PASSPHRASE", WORD)

    done = room.run("backup", "a.backup")

    assert done.code == 0, done.err
    sealed = (room.folder / "a.backup").read_bytes()
    assert sealed.startswith(b"age-encryption.org/v1\n-> scrypt ")
    (tmp_path / "opened").write_bytes(pyrage.passphrase.decrypt(sealed, WORD))
    assert "beside/digest.key" in names_in(tmp_path / "opened")


def test_a_file_with_a_passphrase_that_others_can_read_is_refused(
    room: Newsroom, tmp_path: Path
) -> None:
    (tmp_path / "word").write_text(WORD)
    (tmp_path / "word").chmod(0o644)

    refused = room.run("backup", "a.backup", "--passphrase-file", str(tmp_path / "word"))

    assert refused.code == 2
    assert "others can read it" in refused.err
    assert WORD not in refused.err


def test_it_can_be_told_to_seal_or_stop(room: Newsroom) -> None:
    refused = room.run("backup", "a.backup", "--encrypt")
    assert (refused.code, (room.folder / "a.backup").exists()) == (2, False)
    assert "DIGEST_BACKUP_PASSPHRASE" in refused.err


def test_templates_and_what_servers_are_known_by_are_in_it(room: Newsroom, tmp_path: Path) -> None:
    (room.folder / "mine").mkdir()
    (room.folder / "mine" / "letter.css").write_text("p {}")
    (room.folder / "ca.pem").write_text("a certificate")
    (tmp_path / "far").write_text("far")
    output = SMTP_LOGIN.replace("{file}", str(tmp_path / "far")) + 'ca_file = "ca.pem"\n'
    room.configure(outputs=room.outputs + output)
    text = (room.folder / "digest.toml").read_text()
    told = text.replace("[newsletter]", '[newsletter]\ntemplates = "mine"')
    (room.folder / "digest.toml").write_text(told)

    done = room.run("backup", "a.backup")

    assert done.code == 0, done.err
    assert names_in(room.folder / "a.backup")[3:] == ["beside/ca.pem", "templates/letter.css"]
    assert f"{tmp_path}/far (elsewhere)" in done.err


def test_others_write_while_it_is_made(room: Newsroom, url: str) -> None:
    written: list[str] = []
    config = room.folder / "digest.toml"

    def write(what: str) -> None:
        with open_store(url) as store, store.writing() as t:
            t.save_reading(f"source {len(written)}", NOW, {}, whole=True)
        written.append(what)

    made = backups.backup(
        Setting(config=load(config), now=NOW, tell=write), config, room.folder / "a.backup"
    )

    assert {"copying the store", "packing"} <= set(written)
    assert made.manifest.rows["sources"] < len(rows(url)["sources"])


def test_it_is_of_one_moment_though_a_run_is_writing(
    room: Newsroom, url: str, tmp_path: Path
) -> None:
    config = room.folder / "digest.toml"
    before = comparable(url)
    with open_store(url) as store, store.writing() as t:
        t.take_lock("run", "elsewhere:1:00", NOW, HOUR)
        t.save_changes(new_papers(*range(1, 40)), NOW)
        backups.backup(Setting(config=load(config), now=NOW), config, tmp_path / "a.backup")

    assert comparable(store_in(tmp_path / "a.backup", tmp_path / "out")) == before


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("digest.toml", "no backup"),
        (".", "this is a folder"),
        ("nowhere/a.backup", "its folder is not there"),
        ("/dev/null", "this is no file"),
    ],
)
def test_it_goes_nowhere_where_it_does_not_belong(room: Newsroom, name: str, reason: str) -> None:
    before = sorted(room.folder.iterdir()), (room.folder / "digest.toml").read_bytes()

    refused = room.run("backup", name)

    assert refused.code == 3
    assert reason in refused.err
    assert before == (
        sorted(room.folder.iterdir()),
        (room.folder / "digest.toml").read_bytes(),
    )


def test_an_older_backup_stays_until_the_new_one_is_whole(room: Newsroom) -> None:
    room.run("backup", "a.backup")
    before = (room.folder / "a.backup").read_bytes()
    config = room.folder / "digest.toml"

    def stop(what: str) -> None:
        if what == "reading it back":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        backups.backup(
            Setting(config=load(config), now=NOW, tell=stop), config, room.folder / "a.backup"
        )

    assert (room.folder / "a.backup").read_bytes() == before
    assert sorted(each.name for each in room.folder.glob("*a.backup*")) == ["a.backup"]


# A store in a file


@pytest.fixture
def filed(tmp_path: Path) -> Iterator[Newsroom]:
    with newsroom(tmp_path) as room:
        room.huggingface(FRIDAY, paper(1, "On Looms", votes=12), paper(2, "On Soap"))
        yield room


def test_without_a_store_there_is_nothing_to_back_up(filed: Newsroom) -> None:
    refused = filed.run("backup", "a.backup")
    assert refused.code == 3
    assert "there is no store yet" in refused.err
    assert not filed.database.exists()


def test_a_damaged_store_is_no_backup(filed: Newsroom) -> None:
    filed.once(FRIDAY)
    whole = bytearray(filed.database.read_bytes())
    whole[8192:12288] = bytes(4096)
    filed.database.write_bytes(bytes(whole))

    refused = filed.run("backup", "a.backup")

    assert refused.code == 3
    assert "damaged" in refused.err
    assert not (filed.folder / "a.backup").exists()


def test_a_disk_without_room_is_named_before_anything_is_written(filed: Newsroom) -> None:
    filed.once(FRIDAY)
    os.truncate(filed.database, shutil.disk_usage(filed.folder).free + 10**9)

    refused = filed.run("backup", "a.backup")

    assert refused.code == 3
    assert "MB are needed there, and the disk has only" in refused.err
    assert not (filed.folder / "a.backup").exists()


def test_a_row_that_refers_to_none_is_no_backup(filed: Newsroom) -> None:
    filed.once(FRIDAY)
    with sqlite3.connect(filed.database) as database:
        database.execute("INSERT INTO names VALUES ('arxiv:1', 77)")

    refused = filed.run("backup", "a.backup")

    assert refused.code == 3
    assert "a row of names refers to one that is gone" in refused.err


def test_a_store_of_an_older_version_is_saved_as_it_is(filed: Newsroom, tmp_path: Path) -> None:
    filed.once(FRIDAY)
    with sqlite3.connect(filed.database) as database:
        database.execute("UPDATE alembic_version SET version_num = '0002'")

    assert filed.run("backup", "a.backup").code == 0

    copy = store_in(tmp_path / "a.backup", tmp_path / "out")
    assert rows(copy)["alembic_version"] == [("0002",)]
    assert rows(f"sqlite:///{filed.database}")["alembic_version"] == [("0002",)]


# Handing over


def test_handing_over_waits_for_no_run(room: Newsroom, url: str) -> None:
    config = room.folder / "digest.toml"
    with open_store(url) as store, store.writing() as t:
        t.take_lock("run", "elsewhere:1:00", clock(), HOUR)

    with pytest.raises(LockHeldError, match="elsewhere"):
        backups.backup(
            Setting(config=load(config), now=NOW), config, room.folder / "a", hand_over=True
        )

    assert room.run("backup", "a").code == 0


def test_a_store_is_handed_over_when_the_backup_is_whole(
    room: Newsroom, url: str, tmp_path: Path
) -> None:
    done = room.run("backup", "../a.backup", "--hand-over")

    assert done.code == 0, done.err
    assert "sends nothing any more" in done.err
    assert room.once("2026-06-13").code == 3
    assert not rows(store_in(tmp_path / "a.backup", tmp_path / "out"))["handover"]
    assert rows(url)["handover"][0][1] == "the backup a.backup"


def test_a_failed_backup_hands_nothing_over(room: Newsroom) -> None:
    assert room.run("backup", "nowhere/a.backup", "--hand-over").code == 3
    assert room.once("2026-06-13").code == 0


def test_a_server_of_an_older_version_is_not_saved(server: DatabaseServer, tmp_path: Path) -> None:
    with server.database() as older, newsroom(tmp_path, store=older) as room:
        with connected(older) as database:
            schema.upgrade(database, "0001")
        refused = room.run("backup", "a.backup")
    assert refused.code == 3
    assert "by that version's `digest backup`" in refused.err


def test_a_letter_that_was_published_is_in_it(room: Newsroom, url: str, tmp_path: Path) -> None:
    with open_store(url) as store:
        publish(store, a_letter("Zoe", DAY))
    room.run("backup", "../a.backup")
    with open_store(store_in(tmp_path / "a.backup", tmp_path / "out")) as copy, copy.reading() as t:
        assert t.letters(1)[0].subscriber == "Zoe"


def test_what_is_not_read_back_as_it_was_is_no_backup(room: Newsroom) -> None:
    config = room.folder / "digest.toml"

    def spoil(what: str) -> None:
        if what == "reading it back":
            (packed,) = room.folder.glob(".digest-backup-*/packed")
            whole = packed.read_bytes()
            packed.write_bytes(whole[: len(whole) // 2])

    with pytest.raises(StoreError, match="cut short|damaged"):  # noqa: RUF043  Either.
        backups.backup(
            Setting(config=load(config), now=NOW, tell=spoil), config, room.folder / "a.backup"
        )
    assert not (room.folder / "a.backup").exists()


def test_what_a_tar_cannot_hold_is_named(filed: Newsroom) -> None:
    assert filed.once(FRIDAY).code == 0
    text = (filed.folder / "digest.toml").read_text()
    text = text.replace("[newsletter]", '[newsletter]\ntemplates = "pages"')
    (filed.folder / "digest.toml").write_text(text)
    (filed.folder / "pages").mkdir()
    (filed.folder / "pages" / f"{'n' * 150}.txt").write_text("too long a name")

    done = filed.run("backup", "../a.backup")

    assert done.code == 3
    assert "nnn.txt` does not fit in it (name is too long)" in done.err
    assert not (filed.folder.parent / "a.backup").exists()


def test_a_config_that_is_in_no_file_is_no_backup(filed: Newsroom) -> None:
    assert filed.once(FRIDAY).code == 0
    text = (filed.folder / "digest.toml").read_text()

    done = run("-c", "-", "backup", "../a.backup", folder=filed.folder, stdin=text)

    assert done.code == 3
    assert "there is no config in a file to back up. Name one with --config" in done.err


def test_what_a_killed_command_left_goes_but_not_what_another_works_in(tmp_path: Path) -> None:
    left, other = tmp_path / ".digest-backup-0123abc_", tmp_path / ".digest-backup-of-mine"
    left.mkdir()
    (left / "store.db").write_text("half of it")
    other.mkdir()

    with (
        workplace(".digest-backup-", tmp_path) as one,
        workplace(".digest-backup-", tmp_path) as two,
    ):
        assert one.is_dir()
        assert set(tmp_path.iterdir()) == {one, two, other}

    assert list(tmp_path.iterdir()) == [other]
