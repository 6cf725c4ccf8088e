"""Backups put back: all of it or nothing, nothing sent twice, and nothing believed unread."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import shutil
import sqlite3
import stat
import tarfile
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pyrage
import pytest
from databases import DAY, HOUR, a_letter, connected, publish, rows
from running import Newsroom, newsroom, paper, run

from digest.errors import StoreError
from digest.restores import Request, restore
from digest.store import open_store
from digest.store.room import check_room

pytest_plugins = ["databases"]

FRIDAY, SATURDAY, MONDAY = "2026-06-12", "2026-06-13", "2026-06-15"
AT = datetime(2026, 6, 14, 12, tzinfo=UTC)


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Newsroom]:
    """A newsroom whose letter of Friday went out, with a key."""
    home = tmp_path / "home"
    home.mkdir()
    (home / "digest.key").write_text("k" * 40)
    (home / "digest.key").chmod(0o600)
    with newsroom(home) as made:
        made.huggingface(FRIDAY, paper(1, "On Looms", votes=12), paper(2, "On Soap"))
        made.huggingface(SATURDAY, paper(3, "Looms at Night", votes=3))
        assert made.once(FRIDAY).code == 0
        yield made


@pytest.fixture
def backup(room: Newsroom, tmp_path: Path) -> Path:
    """A backup of it, not sealed."""
    done = room.run("backup", "../a.backup")
    assert done.code == 0, done.err
    return tmp_path / "a.backup"


def tree(folder: Path) -> dict[str, bytes]:
    """Return all files in a folder, with what is in them."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def repacked(backup: Path, change: Callable[[dict[str, bytes]], None]) -> Path:
    """Write a backup anew with other files in it, and a manifest that agrees with them."""
    with tarfile.open(backup, "r:gz") as tar:
        found = {name: tar.extractfile(name).read() for name in tar.getnames()}  # type: ignore[union-attr]  # Files all.
    manifest = json.loads(found.pop("manifest.json"))
    change(found)
    manifest["members"] = [
        {"name": name, "size": len(body), "sha256": hashlib.sha256(body).hexdigest()}
        for name, body in found.items()
    ]
    _pack(backup, {"manifest.json": json.dumps(manifest).encode(), **found})
    return backup


def _pack(backup: Path, files: Mapping[str, bytes]) -> None:
    with gzip.open(backup, "wb") as packed, tarfile.open(fileobj=packed, mode="w") as tar:
        for name, body in files.items():
            header = tarfile.TarInfo(name)
            header.size = len(body)
            tar.addfile(header, io.BytesIO(body))


def on_store(files: dict[str, bytes], folder: Path, *statements: str) -> None:
    """Change the store among the files of a backup."""
    path = folder / "changed.db"
    path.write_bytes(files["store.db"])
    with sqlite3.connect(path) as database:
        for each in statements:
            database.execute(each)
    database.close()
    files["store.db"] = path.read_bytes()


# Whole


def test_a_newsroom_goes_on_elsewhere_as_if_it_had_never_moved(
    room: Newsroom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIGEST_BACKUP_PASSPHRASE", str(pyrage.x25519.Identity.generate()))
    assert room.run("backup", "../a.backup", "--hand-over").code == 0
    new = tmp_path / "new"

    done = run("restore", "a.backup", "--to", "new", folder=tmp_path)

    assert done.code == 0, done.err
    assert sorted(tree(new)) == [
        *("digest.db", "digest.db.letters-sent", "digest.key", "digest.toml")
    ]
    assert {name: stat.S_IMODE((new / name).stat().st_mode) for name in tree(new)} == {
        "digest.db": 0o600,
        "digest.db.letters-sent": 0o600,
        "digest.key": 0o600,
        "digest.toml": 0o666 & ~_umask(),
    }
    again = run("once", "--json", "--at", FRIDAY, folder=new)
    assert (again.code, again.json["letters"]) == (0, [])
    then = run("once", "--json", "--at", SATURDAY, folder=new)
    assert then.json["letters"][0]["here"] == ["arxiv:2606.00003"]
    assert len(room.mails) == 2


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_what_went_out_since_is_not_sent_again(room: Newsroom, backup: Path) -> None:
    assert room.once(SATURDAY).code == 0
    for each in room.folder.glob("digest.db*"):
        if not each.name.endswith("letters-sent"):
            each.unlink()

    done = room.run("restore", str(backup))

    assert done.code == 0, done.err
    assert "1 letters that went out since were taken over from the journal" in done.err
    again = room.once(SATURDAY)
    assert (again.code, again.json["letters"]) == (0, [])
    assert len(room.mails) == 2


def test_a_store_that_is_there_is_kept_under_a_dated_name(room: Newsroom, backup: Path) -> None:
    room.once(SATURDAY)
    before = rows(f"sqlite:///{room.database}")

    refused = room.run("restore", str(backup))
    assert refused.code == 3
    assert f"{room.database}: there is one already. With --force" in refused.err
    done = room.run("restore", str(backup), "--force")

    assert done.code == 0, done.err
    (kept,) = room.folder.glob("digest.db.replaced-*")
    assert f"{kept}: what was there before" in done.err
    assert rows(f"sqlite:///{kept}") == before
    assert room.once(SATURDAY).json["letters"] == []
    assert len(room.mails) == 2


def test_the_log_of_a_store_that_was_killed_goes_with_it(room: Newsroom, backup: Path) -> None:
    with open_store(f"sqlite:///{room.database}") as store:
        publish(store, a_letter("Zoe"))
        shutil.copy(f"{room.database}-wal", room.folder / "log")
    shutil.copy(room.folder / "log", f"{room.database}-wal")
    room.database.write_bytes(b"damaged" * 1000)

    assert room.run("restore", str(backup), "--force").code == 0

    assert not Path(f"{room.database}-wal").exists()
    (kept,) = room.folder.glob("digest.db.replaced-*-wal")
    assert kept.read_bytes() == (room.folder / "log").read_bytes()
    assert Path(str(kept).removesuffix("-wal")).read_bytes() == b"damaged" * 1000
    assert [each["subscriber"] for each in room.run("letters", "--json").json] == ["Ann"]


def test_it_goes_on_where_a_run_was_at_work(room: Newsroom, tmp_path: Path) -> None:
    with open_store(f"sqlite:///{room.database}") as store:
        publish(store, a_letter("Ann", DAY))
        with store.writing() as t:
            t.take_lock("run", "elsewhere:1:00", datetime.now(UTC), HOUR)
            assert len(t.claim("elsewhere:1:00", datetime.now(UTC), 9, HOUR)) == 1
        room.run("backup", "../a.backup")

    assert run("restore", "a.backup", "--to", "new", folder=tmp_path).code == 0

    new = f"sqlite:///{tmp_path}/new/digest.db"
    assert rows(new)["locks"] == []
    with connected(new) as database:
        found = database.exec_driver_sql("SELECT state, owner FROM deliveries ORDER BY id").all()
    assert [tuple(each) for each in found][1:] == [("ready", "")]


def test_the_store_alone_goes_where_the_present_config_has_it(room: Newsroom, backup: Path) -> None:
    room.configure(store="sqlite:///other.db")
    told = (room.folder / "digest.toml").read_bytes()

    done = room.run("restore", str(backup), "--store-only")

    assert done.code == 0, done.err
    assert (room.folder / "digest.toml").read_bytes() == told
    assert rows(f"sqlite:///{room.folder}/other.db")["letters"]


def test_restoring_a_backup_of_a_store_that_was_handed_over_lets_it_go_on(
    room: Newsroom, tmp_path: Path
) -> None:
    room.run("backup", "../a.backup", "--hand-over")
    room.run("backup", "../b.backup")
    assert run("restore", "b.backup", "--to", "new", folder=tmp_path).code == 0
    assert run("once", "--at", FRIDAY, folder=tmp_path / "new").code == 0


def test_a_backup_comes_home_over_the_store_that_was_handed_over(
    room: Newsroom, tmp_path: Path
) -> None:
    room.run("backup", "../there.backup", "--hand-over")
    run("restore", "there.backup", "--to", "new", folder=tmp_path)
    assert run("once", "--at", SATURDAY, folder=tmp_path / "new").code == 0
    assert run("backup", "../back.backup", "--hand-over", folder=tmp_path / "new").code == 0

    done = room.run("restore", "../back.backup", "--force")

    assert done.code == 0, done.err
    assert room.once(SATURDAY).json["letters"] == []
    assert run("once", "--at", MONDAY, folder=tmp_path / "new").code == 3
    assert len(room.mails) == 2


def test_what_the_other_machine_sent_is_known_to_the_journal_here(
    room: Newsroom, tmp_path: Path
) -> None:
    room.run("backup", "../old.backup", "--hand-over")
    run("restore", "old.backup", "--to", "new", folder=tmp_path)
    assert run("once", "--at", SATURDAY, folder=tmp_path / "new").code == 0
    run("backup", "../back.backup", "--hand-over", folder=tmp_path / "new")
    assert room.run("restore", "../back.backup", "--force").code == 0

    assert room.run("restore", "../old.backup", "--force").code == 0

    assert room.once(SATURDAY).json["letters"] == []
    assert len(room.mails) == 2


@pytest.mark.parametrize("to", ["sqlite", "postgresql"])
@pytest.mark.parametrize("of", ["sqlite", "postgresql"])
def test_a_backup_of_either_database_goes_to_either(
    tmp_path: Path, new_server_url: Callable[[], str], of: str, to: str
) -> None:
    old = new_server_url() if of == "postgresql" else ""
    new = new_server_url() if to == "postgresql" else f"sqlite:///{tmp_path}/other.db"
    with newsroom(tmp_path, store=old) as room:
        room.huggingface(FRIDAY, paper(1, "On Looms", votes=12))
        room.once(FRIDAY)
        assert room.run("backup", "a.backup").code == 0
        room.configure(store=new)

        done = room.run("restore", "a.backup", "--store-only")

        assert done.code == 0, done.err
        assert room.once(FRIDAY).json["letters"] == []
        again = room.run("restore", "a.backup", "--store-only")
        assert again.code == 3
        assert "already" in again.err or "there is something in it" in again.err
        assert len(room.mails) == 1


# What is refused touches nothing.


@pytest.fixture
def refused(room: Newsroom, backup: Path, tmp_path: Path) -> Callable[..., str]:
    """Restore what cannot be, with force, and return what is said; all is as it was."""

    def try_it(change: Callable[[Path], object], *words: str) -> str:
        change(backup)
        before = tree(room.folder)
        found = room.run("restore", str(backup), "--force", *words)
        assert found.code in (2, 3), found.err
        assert tree(room.folder) == before
        elsewhere = run("restore", str(backup), "--to", str(tmp_path / "new"), folder=tmp_path)
        assert elsewhere.code in (2, 3)
        assert not (tmp_path / "new").exists()
        return found.err

    return try_it


def test_one_that_is_cut_short_is_refused(refused: Callable[..., str]) -> None:
    def cut(backup: Path) -> None:
        backup.write_bytes(backup.read_bytes()[:-100])

    assert "Nothing was changed" in refused(cut)


def test_one_with_a_flipped_bit_is_refused(refused: Callable[..., str]) -> None:
    def flip(backup: Path) -> None:
        whole = bytearray(backup.read_bytes())
        whole[len(whole) // 2] ^= 1
        backup.write_bytes(bytes(whole))

    assert "Nothing was changed" in refused(flip)


def test_what_is_no_backup_is_refused(refused: Callable[..., str]) -> None:
    assert "no backup" in refused(lambda backup: backup.write_bytes(b"hello"))


@pytest.mark.parametrize(
    "word", ["another", str(pyrage.x25519.Identity.generate())], ids=["word", "key"]
)
def test_a_wrong_passphrase_or_key_is_refused(
    refused: Callable[..., str],
    room: Newsroom,
    tmp_path: Path,
    word: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def seal(_: Path) -> None:
        monkeypatch.setenv("DIGEST_BACKUP_PASSPHRASE", str(pyrage.x25519.Identity.generate()))
        assert room.run("backup", "../a.backup").code == 0
        monkeypatch.setenv("DIGEST_BACKUP_PASSPHRASE", word)

    assert "does not open with this passphrase" in refused(seal)
    monkeypatch.delenv("DIGEST_BACKUP_PASSPHRASE")
    asked = run("restore", "a.backup", "--to", "new", folder=tmp_path)
    assert "it is sealed. Set DIGEST_BACKUP_PASSPHRASE" in asked.err


def _with(name: str, body: bytes = b"evil") -> Callable[[Path], object]:
    return lambda backup: repacked(backup, lambda files: files.update({name: body}))


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("../evil", "no name for a file"),
        ("/evil", "no name for a file"),
        ("beside/../../evil", "no name for a file"),
        ("evil", "nothing in its config asks for"),
        ("beside/digest.db.letters-sent", "nothing in its config asks for"),
        ("templates/evil", "nothing in its config asks for"),
    ],
)
def test_a_file_that_does_not_belong_is_refused(
    refused: Callable[..., str], name: str, reason: str
) -> None:
    assert reason in refused(_with(name))


def test_a_config_that_cannot_be_used_is_refused(refused: Callable[..., str]) -> None:
    assert "unknown key" in refused(_with("digest.toml", b"nonsense = 1\n"))


def _without(name: str) -> Callable[[Path], object]:
    def leave_out(files: dict[str, bytes]) -> None:
        del files[name]

    return lambda backup: repacked(backup, leave_out)


@pytest.mark.parametrize("name", ["digest.toml", "store.db"])
def test_one_without_a_store_or_a_config_is_refused(refused: Callable[..., str], name: str) -> None:
    assert "no store or no config" in refused(_without(name))


@pytest.mark.parametrize(
    "url", ["sqlite:////tmp/evil.db", "sqlite:///../evil.db", "sqlite:///a/../../evil.db"]
)
def test_a_store_outside_its_folder_is_refused(
    refused: Callable[..., str], url: str, tmp_path: Path
) -> None:
    said = refused(_with("digest.toml", f'[store]\nurl = "{url}"\n'.encode()))
    assert "names this place, outside" in said
    assert not (tmp_path / "evil.db").exists()


def test_a_store_outside_its_folder_goes_there_when_told_to(backup: Path, tmp_path: Path) -> None:
    far = tmp_path / "far"
    far.mkdir()
    repacked(backup, lambda files: files.update({"digest.toml": _config_at(far)}))

    done = run("restore", "a.backup", "--to", "new", "--outside", folder=tmp_path)

    assert done.code == 0, done.err
    assert rows(f"sqlite:///{far}/digest.db")["letters"]
    assert sorted(tree(tmp_path / "new")) == ["digest.toml"]


def _config_at(folder: Path) -> bytes:
    return f'[store]\nurl = "sqlite:///{folder}/digest.db"\n'.encode()


def test_two_files_in_one_place_are_refused(refused: Callable[..., str]) -> None:
    said = refused(_with("digest.toml", b'[store]\nurl = "sqlite:///digest.toml"\n'))
    assert "two files in one place" in said


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("UPDATE alembic_version SET version_num = '9999'", "newer version of digest"),
        ("DROP TABLE alembic_version", "no store of digest"),
        ("DELETE FROM sightings", "not what its manifest says"),
        ("CREATE TRIGGER t AFTER DELETE ON locks BEGIN DELETE FROM papers; END", "`t` in it"),
        ("CREATE VIEW v AS SELECT 1", "`v` in it"),
        ("INSERT INTO names VALUES ('arxiv:1', 77)", "refers to one that is gone"),
    ],
)
def test_a_store_that_cannot_be_trusted_is_refused(
    refused: Callable[..., str], tmp_path: Path, statement: str, reason: str
) -> None:
    assert reason in refused(
        lambda backup: repacked(backup, lambda files: on_store(files, tmp_path, statement))
    )


def test_a_store_that_is_no_database_is_refused(refused: Callable[..., str]) -> None:
    assert "not an SQLite database" in refused(_with("store.db", b"x" * 5000))


def test_a_run_that_is_at_work_is_not_robbed_of_its_store(room: Newsroom, backup: Path) -> None:
    with open_store(f"sqlite:///{room.database}") as store, store.writing() as t:
        t.take_lock("run", "elsewhere:1:00", datetime.now(UTC), HOUR)

    found = room.run("restore", str(backup), "--force")

    assert found.code == 75
    assert "elsewhere" in found.err


@pytest.mark.parametrize("handed_over", [False, True])
def test_a_service_that_waits_is_not_robbed_of_its_store(
    room: Newsroom, backup: Path, *, handed_over: bool
) -> None:
    with open_store(f"sqlite:///{room.database}") as store, store.writing() as t:
        t.take_lock("serve", "elsewhere:1:00", datetime.now(UTC), HOUR)
        if handed_over:
            t.hand_over("another", AT)

    found = room.run("restore", str(backup), "--force")

    assert found.code == 75
    assert "elsewhere:1:00 is at work in it. Stop it, and run again" in found.err
    assert not list(room.folder.glob("*replaced*"))


def test_what_fails_half_way_is_undone(room: Newsroom, backup: Path) -> None:
    room.once(SATURDAY)
    (room.folder / "digest.toml").write_text(
        (room.folder / "digest.toml").read_text() + "# edited\n"
    )
    (room.folder / "digest.db.letters-sent").write_text("{not a line}\n")
    before = tree(room.folder)
    request = Request(backup=backup, folder=room.folder, now=AT, force=True)

    with pytest.raises(StoreError, match="line 1 cannot be read"):
        restore(request)

    after = tree(room.folder)
    assert after.keys() == before.keys()
    assert after == before


def test_a_disk_without_room_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"MB are needed there, and the disk has only"):
        check_room(tmp_path, 2**60)
