"""A backup: the store, digest.toml, the templates and, sealed, the keys, in one file.

It is made while runs go on, and holds nobody up. It appears whole or not at all, after it was
read back; an older one of that name stays until then. What is elsewhere is not in it: saved
pages, letters written to folders, secrets from the environment.

`hand_over` says that whoever restores it goes on: this store then sends nothing any more.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from digest import __version__, archive, keys, sealing
from digest.app import Setting, clock, locked, me
from digest.archive import Manifest, Member
from digest.config import FILE_NAME, Config
from digest.errors import StoreError
from digest.store import copies, open_store
from digest.store.room import check_room
from digest.store.sqlite import files_translated

STORE = "store.db"
TEMPLATES = "templates/"
BESIDE = "beside/"
"""What stands in the config's folder, by its path in there."""

VARIABLE = "BACKUP_PASSPHRASE"
"""The secret's name: ``DIGEST_BACKUP_PASSPHRASE``, else the credential ``backup_passphrase``."""

_GZIP = b"\x1f\x8b"


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """A backup that was made and read back; `size` in bytes."""

    path: Path
    size: int
    sealed: bool
    manifest: Manifest


@dataclass(frozen=True, slots=True)
class Beside:
    """What a config needs beside itself: files by their path in its folder."""

    secret: tuple[str, ...]
    public: tuple[str, ...]
    outside: tuple[str, ...]
    """Those that stand elsewhere, in full."""


def backup(
    setting: Setting, config: Path, to: Path, *, passphrase: str = "", hand_over: bool = False
) -> Backup:
    """Back up what a config file names, into a file, and read it back.

    With a passphrase it is sealed, and holds the keys. With `hand_over`, no run may be at work.
    """
    with files_translated(str(to)):
        _check_target(to)
        with workplace(".digest-backup-", to.parent) as folder:
            if not hand_over:
                return _made(setting, config, to, folder, passphrase)
            with open_store(setting.config.store.url) as store, locked(store, me()):
                made = _made(setting, config, to, folder, passphrase)
                with store.writing() as transaction:
                    transaction.hand_over(f"the backup {to.name}", clock())
                return made


@contextmanager
def reading(path: Path, passphrase: str) -> Iterator[archive.Reader]:
    """Open a backup, sealed or not. Raises StoreError for what is none, or does not open."""
    with files_translated(str(path)), path.open("rb") as file:
        beginning = file.read(len(sealing.BEGINNING))
        file.seek(0)
        if beginning != sealing.BEGINNING:
            yield archive.Reader(file, path.stat().st_size, str(path))
            return
        if not passphrase:
            raise StoreError(
                f"{path}: it is sealed. Set DIGEST_{VARIABLE}, or name a --passphrase-file"
            )
        opened = sealing.opened(file.read(), passphrase, str(path))
    yield archive.Reader(BytesIO(opened), len(opened), str(path))


@contextmanager
def workplace(prefix: str, folder: Path) -> Iterator[Path]:
    """Yield an empty folder inside another; one that a killed command left there goes, secrets too.

    Who is at work in one holds a lock on it, which ends with its process.
    """
    left = re.compile(re.escape(prefix) + r"[a-z0-9_]{8}")
    for each in [path for path in folder.iterdir() if left.fullmatch(path.name)]:
        with suppress(OSError), _held(each):
            shutil.rmtree(each)
    with tempfile.TemporaryDirectory(prefix=prefix, dir=folder) as made, _held(Path(made)):
        yield Path(made)


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Hold a lock on a folder. Raises OSError where another has it."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)


def beside(config: Config, folder: Path) -> Beside:
    """Return what a config needs beside itself, be it there or not."""
    parts = (*config.outputs, *config.sources)
    secret = [str(folder / keys.FILE_NAME), *_named(parts, "password_file")]
    public = _named(parts, "ca_file")
    inside = {path: _within(path, folder) for path in (*secret, *public)}
    return Beside(
        secret=tuple(dict.fromkeys(inside[path] for path in secret if inside[path])),
        public=tuple(dict.fromkeys(inside[path] for path in public if inside[path])),
        outside=tuple(path for path in inside if not inside[path]),
    )


def _check_target(to: Path) -> None:
    """Raise StoreError for a place where no backup can be, or where something else is."""
    if not to.parent.is_dir():
        raise StoreError(f"{to}: its folder is not there. Make it, or mount it: {to.parent}")
    if to.is_dir():
        raise StoreError(f"{to}: this is a folder. Name a file in it, such as {to}/digest.backup")
    if to.exists() and not to.is_file():
        raise StoreError(f"{to}: this is no file, but something else. Name another")
    if to.exists():
        with to.open("rb") as file:
            beginning = file.read(len(sealing.BEGINNING))
        if beginning != sealing.BEGINNING and not beginning.startswith(_GZIP):
            raise StoreError(f"{to}: there is a file already that is no backup. Name another")


def _made(setting: Setting, config: Path, to: Path, folder: Path, passphrase: str) -> Backup:
    looked = copies.copy_store(setting.config.store.url, folder / STORE, setting.tell)
    names, left_out = _gather(setting.config, config, folder, with_keys=bool(passphrase))
    manifest = archive.manifest_of(
        [_measured(folder, name) for name in (FILE_NAME, STORE, *names)],
        digest=__version__,
        schema=looked.schema,
        made_at=setting.now,
        rows=looked.rows,
        left_out=left_out,
    )
    setting.tell("packing")
    packed = _packed(manifest, folder, passphrase)
    setting.tell("reading it back")
    with reading(packed, passphrase) as reader:
        reader.read(lambda _: _Nowhere())
        if reader.manifest != manifest:
            raise StoreError(f"{to}: it is not read back as it was written. Look at the disk")
    size = packed.stat().st_size
    packed.replace(to)
    sync(to.parent)
    return Backup(path=to, size=size, sealed=bool(passphrase), manifest=manifest)


def _gather(
    config: Config, path: Path, folder: Path, *, with_keys: bool
) -> tuple[list[str], list[str]]:
    """Copy all but the store; return what was copied, and what was left out."""
    home = path.absolute().parent
    if not path.is_file():
        raise StoreError(f"{path}: there is no config in a file to back up. Name one with --config")
    found = beside(config, home)
    wanted = {FILE_NAME: path}
    wanted |= {BESIDE + name: home / name for name in found.public}
    if with_keys:
        wanted |= {BESIDE + name: home / name for name in found.secret}
    if config.newsletter.templates:
        wanted |= _templates(Path(config.newsletter.templates))
    there = {name: source for name, source in wanted.items() if source.is_file()}
    for name, source in there.items():
        copy = folder / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(source.read_bytes())
    secret = [] if with_keys else [name for name in found.secret if (home / name).is_file()]
    left_out = [f"{name} (a secret)" for name in secret]
    left_out += [f"{name} (elsewhere)" for name in found.outside]
    return sorted(there.keys() - {FILE_NAME}), left_out


def _templates(folder: Path) -> dict[str, Path]:
    files = (each for each in folder.rglob("*") if each.is_file())
    return {f"{TEMPLATES}{each.relative_to(folder).as_posix()}": each for each in files}


def _measured(folder: Path, name: str) -> Member:
    with (folder / name).open("rb") as file:
        return archive.measured(name, file)


def _packed(manifest: Manifest, folder: Path, passphrase: str) -> Path:
    """Write the archive, have it on the disk, and return where it is."""
    packed = folder / "packed"
    check_room(folder, (folder / STORE).stat().st_size)
    with open(packed, "w+b", opener=_private) as file:
        archive.write(file, manifest, lambda member: (folder / member.name).open("rb"))
        if passphrase:
            file.seek(0)
            sealed = sealing.sealed(file.read(), passphrase)
            file.seek(0)
            file.truncate()
            file.write(sealed)
        file.flush()
        os.fsync(file.fileno())
    return packed


def sync(folder: Path) -> None:
    """Have on the disk which files a folder has."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _named(parts: Iterable[object], setting: str) -> list[str]:
    """Return the files that a setting of outputs and sources names."""
    return [path for part in parts if (path := getattr(part, setting, ""))]


def _within(path: str, folder: Path) -> str:
    """Return a file's path in a folder; "" where it stands elsewhere."""
    try:
        inside = Path(os.path.normpath(path)).relative_to(folder).as_posix()
    except ValueError:
        return ""
    return inside


class _Nowhere(BytesIO):
    """Takes what is written, and keeps nothing."""

    def write(self, data: object, /) -> int:
        del data
        return 0
