"""Units of systemd: what would be written on this machine, writing it, taking it away.

Planned first, so that it can be shown; then each file is written whole, or not at all. It never
runs systemctl, never overwrites or removes what somebody changed, and leaves config and data alone.
"""

from __future__ import annotations

import re
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from digest import confinement
from digest.config import Config, decode, load
from digest.errors import ConfigError
from digest.keys import CREDENTIAL, FILE_NAME
from digest.schedule import on_calendar
from digest.units import SERVICE, STATE, TIMER, Machine, is_sealed, unit

_CREDENTIAL_NAME = re.compile(r"[A-Za-z0-9_.-]+")
_POSTDROP = "/usr/sbin/postdrop"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Whose systemd it is, and where its units are. `root` stands for ``/``."""

    units: Path
    config: Path
    user: bool = False
    root: Path = Path("/")
    python: str = sys.executable

    def real(self, path: Path) -> Path:
        """Return where a path of this place is on this machine."""
        return self.root / path.relative_to("/")

    @property
    def scope(self) -> str:
        """The option that names this place, for systemctl as for us."""
        return "--user" if self.user else "--system"


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file that is to be: where, its text, and the text that is there now (None: no file)."""

    path: Path
    text: str
    before: str | None


def system(root: Path, config: str = "", python: str = "") -> Place:
    """Return the place of the system's units, and of the config they use."""
    return Place(
        units=Path("/etc/systemd/system"),
        config=Path(config or "/etc/digest/digest.toml").absolute(),
        root=root,
        python=python or sys.executable,
    )


def user(environment: Mapping[str, str], config: Path, python: str = "") -> Place:
    """Return the place of a user's units, and of the config they use."""
    home = Path(environment.get("HOME") or "~").expanduser()
    settings = Path(environment.get("XDG_CONFIG_HOME") or home / ".config")
    return Place(
        units=settings / "systemd" / "user",
        config=config.absolute(),
        user=True,
        python=python or sys.executable,
    )


def planned(place: Place, *, once: bool, systemd: int) -> tuple[File, ...]:
    """Return the files to write. Raises ConfigError for what could not work, or must not be."""
    config = _config(place)
    faults = [*_problems(place, config), *_timing(config, once=once), *_others(place, once=once)]
    files = tuple(_files(place, TIMER if once else SERVICE, _machine(place, config, systemd)))
    faults += [
        f"{each.path}: not as it was written; keep what is yours in a drop-in (systemctl edit), "
        "move the file away and install again"
        for each in files
        if each.before is not None and not is_sealed(each.before)
    ]
    if faults:
        raise ConfigError("\n".join(["nothing is installed:", *(f"- {each}" for each in faults)]))
    return files


def write(files: tuple[File, ...]) -> None:
    """Write each file whole, for all to read. Raises ConfigError where that is not allowed."""
    for each in files:
        beside = each.path.with_name(f".{each.path.name}.new")
        try:
            each.path.parent.mkdir(parents=True, exist_ok=True)
            beside.write_text(each.text, encoding="utf-8")
            beside.chmod(0o644)
            beside.replace(each.path)
        except OSError as error:
            raise ConfigError(f"{each.path}: {error.strerror}; run it as who may") from error


def written(place: Place) -> tuple[list[File], list[str]]:
    """Return our files that are as they were written, and what is to be said of all others."""
    ours, notes = [], []
    for path in (place.real(place.units / name) for name in (*SERVICE, *TIMER)):
        text = _text(path)
        if text is None:
            continue
        if is_sealed(text):
            ours.append(File(path=path, text="", before=text))
        else:
            notes.append(f"{path}: not as it was written, so it stays")
    return ours, notes


def enabled(place: Place) -> list[str]:
    """Return the names of our units that systemd starts by itself."""
    folder = place.real(place.units)
    links = folder.glob("*.wants/digest*")
    return sorted(each.name for each in links if each.name in (*SERVICE, *TIMER))


def remove(files: list[File]) -> None:
    """Remove files. Raises ConfigError where that is not allowed."""
    for each in files:
        try:
            each.path.unlink()
        except OSError as error:
            raise ConfigError(f"{each.path}: {error.strerror}; run it as who may") from error


def systemd_version() -> int:
    """Return the version of this machine's systemd; 0 where there is none."""
    program = shutil.which("systemctl")
    if program is None:
        return 0
    told = subprocess.run(  # noqa: S603  Found on the PATH, with an argument of our own.
        [program, "--version"], capture_output=True, text=True, check=False, timeout=60
    )
    found = re.match(r"systemd (\d+)", told.stdout)
    return int(found[1]) if found else 0


def unreadable(path: Path, root: Path = Path("/")) -> str:
    """Return the part of a path that others cannot pass or read; "" if there is none."""
    whole = [*reversed(path.parents), path]
    for each in (step for step in whole if step.is_relative_to(root)):
        mode = each.stat().st_mode
        wanted = stat.S_IXOTH if stat.S_ISDIR(mode) else stat.S_IROTH
        if not mode & wanted:
            return str(each)
    return ""


def borrowed(program: str) -> str:
    """Return the program through which a mail command becomes somebody else; "" if none."""
    found = shutil.which(program)
    real = Path(found).resolve() if found else None
    if real is None:
        return ""
    # Postfix's command is nobody else itself, but the one it calls is.
    helpers = [real, Path(_POSTDROP)] if real.name == "sendmail" else [real]
    for each in helpers:
        if each.exists() and each.stat().st_mode & (stat.S_ISUID | stat.S_ISGID):
            return str(each)
    return ""


def _config(place: Place) -> Config:
    path = place.real(place.config)
    if not path.is_file():
        raise ConfigError(
            f"{place.config}: no such file; `digest --config {place.config} init` writes one"
        )
    if path == place.config:
        return load(path)
    return decode(path.read_text(encoding="utf-8"), place.config)


def _machine(place: Place, config: Config, systemd: int) -> Machine:
    return Machine(
        python=place.python,
        config=str(place.config),
        credentials=() if place.user else tuple(_credentials(place)),
        calendar=_calendar(config),
        groups=() if place.user else _groups(place),
        systemd=systemd,
        user=place.user,
        confined=not (place.user and any(confinement.becoming(config, borrowed))),
    )


def _calendar(config: Config) -> tuple[str, ...]:
    """Return when letters are due, as timers say it."""
    lines = config.timetable.lines("publish")
    return tuple(each for line in lines for each in on_calendar(line))


def _credentials(place: Place) -> Iterator[tuple[str, str]]:
    """Yield names and places of secrets: a folder of them, and the key beside the config."""
    folder = place.config.parent
    given = place.real(folder / "credentials")
    names = sorted(each.name for each in given.iterdir()) if given.is_dir() else []
    for name in filter(_CREDENTIAL_NAME.fullmatch, names):
        yield name, str(folder / "credentials" / name)
    if CREDENTIAL not in names and place.real(folder / FILE_NAME).is_file():
        yield CREDENTIAL, str(folder / FILE_NAME)


def _groups(place: Place) -> tuple[str, ...]:
    """Return the group that may read the config, where not everybody may."""
    found = place.real(place.config)
    mode = found.stat().st_mode
    if mode & stat.S_IROTH or not mode & stat.S_IRGRP or found.stat().st_gid == 0:
        return ()
    return (found.group(),)


def _files(place: Place, names: tuple[str, ...], machine: Machine) -> Iterator[File]:
    for name in names:
        path = place.real(place.units / name)
        template = (_templates() / name).read_text(encoding="utf-8")
        yield File(path=path, text=unit(template, machine), before=_text(path))


def _templates() -> Path:
    """Find the units: in the package if installed, beside it in a checkout."""
    package = Path(__file__).parent
    for folder in (package / "systemd", package.parent / "deploy" / "systemd"):
        if (folder / SERVICE[0]).is_file():
            return folder
    raise ConfigError(f"{package / 'systemd'}: no units there; install the package again")


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return None


def _timing(config: Config, *, once: bool) -> Iterator[str]:
    if once and not config.timetable.lines("publish"):
        yield "[schedule] publish: it has no line, so the timer would never run; give it one"


def _others(place: Place, *, once: bool) -> Iterator[str]:
    """Yield what is installed already that would do the same at the same time."""
    for name in SERVICE if once else TIMER:
        path = place.real(place.units / name)
        if path.exists():
            yield f"{path}: it runs digest, too; `digest uninstall {place.scope}` first"


def _problems(place: Place, config: Config) -> Iterator[str]:
    if place.user:
        return
    yield from confinement.problems(config)
    yield from confinement.becoming(config, borrowed)
    yield from _closed(place)
    if place.root == Path("/"):
        yield from _program(Path(place.python))


def _closed(place: Place) -> Iterator[str]:
    path, folder = place.real(place.config), place.real(place.config.parent)
    if unreadable(folder, place.root) or (unreadable(path, place.root) and not _groups(place)):
        yield (
            f"{place.config}: the service's user cannot read it; either everybody may "
            f"(chmod 644 {place.config}; it holds addresses), or a group of its own: groupadd "
            f"--system digest-config; chgrp digest-config {place.config}; chmod 640 {place.config}"
        )


def _program(python: Path) -> Iterator[str]:
    """Yield why the service could not start this program, if so."""
    for path in {python, python.resolve(), Path(__file__)}:
        hidden = next(
            (each for each in confinement.HIDDEN if confinement.is_below(str(path), each)), ""
        )
        closed = hidden or unreadable(path)
        if closed:
            yield (
                f"{path}: the service cannot see {closed}; install the program where all can read "
                "it: python3 -m venv /opt/digest, then /opt/digest/bin/pip install "
                "digest-newsletter, then /opt/digest/bin/digest install --system"
            )


def stays(place: Place) -> str:
    """Say what is left where, when the units are gone."""
    data = "the store where that config says" if place.user else STATE
    return f"{place.config.parent} and {data}"
