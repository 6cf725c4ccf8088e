"""A backup put back: all of it is read and checked before anything that is there is touched.

What is replaced stays beside it under a dated name. The journal beside the store stays, so that
what went out since the backup is taken over from it. It never makes one store of two.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from filecmp import cmp
from functools import partial
from itertools import count
from pathlib import Path
from typing import BinaryIO

from digest import backups
from digest.app import LOCK, SERVICE_LOCK, Tell, alive, clock, silence
from digest.archive import Manifest, Member
from digest.backups import BESIDE, STORE, TEMPLATES, beside, sync, workplace
from digest.config import FILE_NAME, Config, decode, load
from digest.errors import LockHeldError, StoreError
from digest.store import copies, open_store
from digest.store.opening import path_of
from digest.store.postgres import is_address
from digest.store.room import check_room
from digest.store.sqlite import files_translated, part_of

LOGS = ("-wal", "-shm")
"""What lies beside a store in a file while it is open: SQLite plays an old log into a new file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What was put back, and where; what it replaced stays under the names in `kept`.

    `adopted` counts letters that went out since, which only the journal knew.
    """

    store: str
    manifest: Manifest
    files: tuple[Path, ...]
    kept: tuple[Path, ...]
    adopted: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What to restore, and whither: into `folder`, or only the store of the config at `store_of`.

    `force` lets it replace what is there, `outside` write where the config says outside `folder`.
    """

    backup: Path
    folder: Path
    now: datetime
    passphrase: str = ""
    store_of: Path | None = None
    force: bool = False
    outside: bool = False
    tell: Tell = silence


@dataclass(frozen=True, slots=True)
class _File:
    """A file that is to be put somewhere."""

    ready: Path
    target: Path
    secret: bool


def restore(request: Request) -> Restored:
    """Put a backup back. Raises StoreError, and then all is as it was."""
    folder = request.folder.absolute()
    with ExitStack() as stack, files_translated(str(folder)):
        work = stack.enter_context(_work(folder))
        request.tell("reading the backup")
        manifest = _unpack(request, work)
        config = _config(request, work, folder)
        files = list(_files(request, config, manifest, work, folder))
        _check_store(work / STORE, manifest, request)
        _check_targets(request, config.store.url, files)
        request.tell("putting it in place")
        return _put_in_place(request, config, manifest, files, work / STORE)


@contextmanager
def _work(folder: Path) -> Iterator[Path]:
    """Yield a folder inside, to unpack into; one that had to be made goes if the block raises."""
    made = not folder.exists()
    folder.mkdir(exist_ok=True)
    try:
        with workplace(".digest-restore-", folder) as work:
            yield work
    except BaseException:
        if made:
            with suppress(OSError):
                folder.rmdir()
        raise


def _unpack(request: Request, work: Path) -> Manifest:
    with backups.reading(request.backup, request.passphrase) as reader:
        check_room(work, sum(each.size for each in reader.manifest.members))
        names = {each.name for each in reader.manifest.members}
        if not {FILE_NAME, STORE} <= names:
            raise StoreError(f"{request.backup}: there is no store or no config in it")
        reader.read(partial(_opened, work))
        return reader.manifest


def _opened(work: Path, member: Member) -> BinaryIO:
    path = work / member.name
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.open("xb")


def _config(request: Request, work: Path, folder: Path) -> Config:
    """Return the config that goes with the store: the one in the backup, or the one that is here.

    Raises ConfigError for one that cannot be used.
    """
    if request.store_of:
        return load(request.store_of)
    return decode((work / FILE_NAME).read_text(encoding="utf-8"), folder / FILE_NAME)


def _files(
    request: Request, config: Config, manifest: Manifest, work: Path, folder: Path
) -> Iterator[_File]:
    """Yield what goes where: the store first, and last the config, without which nothing runs."""
    if not is_address(config.store.url):
        yield _File(work / STORE, path_of(config.store.url), secret=True)
    if request.store_of:
        return
    needed = beside(config, folder)
    for name in (each.name for each in manifest.members):
        path, templates = name.removeprefix(BESIDE), config.newsletter.templates
        if name.startswith(TEMPLATES) and templates:
            target = Path(templates) / name.removeprefix(TEMPLATES)
            yield _File(work / name, target, secret=False)
        elif name.startswith(BESIDE) and path in (*needed.secret, *needed.public):
            yield _File(work / name, folder / path, secret=path in needed.secret)
        elif name not in (FILE_NAME, STORE):
            raise StoreError(f"{request.backup}: nothing in its config asks for `{name}`")
    yield _File(work / FILE_NAME, folder / FILE_NAME, secret=False)


def _check_store(store: Path, manifest: Manifest, request: Request) -> None:
    """See that the store is whole, and let it go on. Raises StoreError where it is not."""
    request.tell("looking through its store")
    looked = copies.look_through(store, str(request.backup))
    if (looked.schema, dict(looked.rows)) != (manifest.schema, manifest.rows):
        raise StoreError(f"{request.backup}: its store is not what its manifest says")
    copies.wake(store, request.now)


def _check_targets(request: Request, url: str, files: Sequence[_File]) -> None:
    """Raise StoreError for what must not be written, or is there and must not be replaced."""
    targets = [os.path.normpath(each.target) for each in files]
    if len(set(targets)) < len(targets):
        raise StoreError(f"{request.backup}: its config puts two files in one place")
    for each in files:
        _check_target(request, each)
    if is_address(url):
        if not copies.is_empty(url):
            raise StoreError(f"{url}: there is something in it; restore into an empty database")
    elif path_of(url).exists():
        _check_idle(url)


def _check_target(request: Request, file: _File) -> None:
    target, folder = file.target, request.folder.absolute()
    if not (request.outside or request.store_of) and not _is_inside(target, folder):
        raise StoreError(
            f"{target}: the backup's digest.toml names this place, outside {folder}. With "
            "--outside it is written there, too"
        )
    if target.is_dir():
        raise StoreError(f"{target}: this is a folder, where a file belongs. Move it away")
    if target.exists() and not request.force and not _is_same(file):
        raise StoreError(
            f"{target}: there is one already. With --force it is kept beside the restored one, "
            "under a dated name"
        )


def _check_idle(url: str) -> None:
    """Raise LockHeldError where a run, or a service, has the store that is to be replaced.

    When it closed what it has open, SQLite would take away the new store's log by its name.
    One that is damaged has none.
    """
    with suppress(StoreError), open_store(url, handed_over=True) as store:
        with store.reading() as transaction:
            held = [transaction.lock(name) for name in (LOCK, SERVICE_LOCK)]
        for each in held:
            if each and each.expires_at > clock() and alive(each.owner):
                raise LockHeldError(f"{url}: {each.owner} is at work in it. Stop it, and run again")


def _put_in_place(
    request: Request, config: Config, manifest: Manifest, files: Sequence[_File], store: Path
) -> Restored:
    url = config.store.url
    new = [each for each in files if not _is_same(each)]
    kept: list[Path] = []
    with ExitStack() as undo:
        for each in new:
            each.target.parent.mkdir(parents=True, exist_ok=True)
            kept += _put_aside(each.target, request.now, undo)
            undo.callback(each.target.unlink, missing_ok=True)
            _place(each)
        adopted = _go_on(url, store, request)
        undo.pop_all()
    return Restored(
        store=url,
        manifest=manifest,
        files=tuple(each.target for each in new),
        kept=tuple(kept),
        adopted=adopted,
    )


def _go_on(url: str, store: Path, request: Request) -> int:
    """Open the store where it is now; return how many letters the journal knew besides."""
    if is_address(url):
        copies.fill_server(url, store, request.tell)
        return 0
    with open_store(url) as opened:
        opened.complete_journal()
        return opened.adopted


def _put_aside(old: Path, now: datetime, undo: ExitStack) -> list[Path]:
    """Rename what is there, and its logs so that they still go with it; return the new names."""
    stem = f"{old.name}.replaced-{now:%Y%m%dT%H%M%SZ}"
    names = (old.with_name(f"{stem}{n or ''}") for n in count())
    aside = next(each for each in names if not any(_with_logs(each)))
    kept = []
    for there in _with_logs(old):
        new = Path(f"{aside}{str(there).removeprefix(str(old))}")
        there.rename(new)
        undo.callback(new.rename, there)
        kept.append(new)
    return kept


def _with_logs(path: Path) -> list[Path]:
    """Return what is there of a file and its logs."""
    every = (path, *(Path(f"{path}{log}") for log in LOGS))
    return [each for each in every if each.exists()]


def _place(file: _File) -> None:
    """Put a file where it belongs, whole and on the disk; on another disk, by way of a copy."""
    if file.secret:
        file.ready.chmod(0o600)
    with file.ready.open("rb") as written:
        os.fsync(written.fileno())
    try:
        file.ready.replace(file.target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        _copy(file)
    sync(file.target.parent)


def _copy(file: _File) -> None:
    part = part_of(file.target)
    try:
        shutil.copyfile(file.ready, part)
        shutil.copymode(file.ready, part)
        with part.open("rb") as written:
            os.fsync(written.fileno())
        part.replace(file.target)
    finally:
        part.unlink(missing_ok=True)


def _is_same(file: _File) -> bool:
    """Say whether what is there is what would be put there; a store is never taken for it."""
    small = file.ready.name != STORE
    return small and file.target.is_file() and cmp(file.ready, file.target, shallow=False)


def _is_inside(path: Path, folder: Path) -> bool:
    return Path(os.path.normpath(path)).is_relative_to(os.path.normpath(folder))
