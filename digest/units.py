"""Units of systemd as texts: the templates in deploy/systemd, filled in for one machine. Pure.

A template is a valid unit with the usual paths; what a machine has is put in their place. What is
written ends in a seal, a line with the sum of the text before it, so that it can be told later
whether anybody has changed the file since. This module never looks at a machine.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

SERVICE = ("digest.service",)
TIMER = ("digest-once.service", "digest-once.timer")

PYTHON = "/usr/bin/python3"
CONFIG = "/etc/digest/digest.toml"
STATE = "/var/lib/digest"

_SEAL = "# Written by `digest install`, sum "
_SECTION = re.compile(r"^\[\w+\]$", re.MULTILINE)
_ORPHANS = re.compile(r"(?:^#.*\n)+(?=\n|\Z)", re.MULTILINE)
_GAPS = re.compile(r"\n{3,}")
_PLAIN = re.compile(r"[\w./@:+,-]+")

_STEPS_SINCE = 254
"""The first systemd that waits longer from one start to the next."""

_SECCOMP = frozenset(
    {
        *("LockPersonality", "MemoryDenyWriteExecute", "NoNewPrivileges", "RestrictNamespaces"),
        *("RestrictAddressFamilies", "RestrictRealtime", "RestrictSUIDSGID"),
        *("SystemCallArchitectures", "SystemCallErrorNumber", "SystemCallFilter"),
    }
)
"""What a process may forbid itself, so that a user's systemd can, too."""

_SYSTEM_ONLY = re.compile(
    r"Wants|After|DynamicUser|User|StateDirectory|StateDirectoryMode|WorkingDirectory"
    r"|CapabilityBoundingSet|DevicePolicy|Private\w+|Protect\w+|ProcSubset|RemoveIPC"
)
"""What takes root to set up, or what only the system's systemd knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What the units of one machine say: paths, credentials by name, times, its systemd."""

    python: str = PYTHON
    config: str = CONFIG
    credentials: tuple[tuple[str, str], ...] = ()
    calendar: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    systemd: int = 0
    user: bool = False
    confined: bool = True


def unit(template: str, machine: Machine) -> str:
    """Return the sealed text of a unit for this machine."""
    head, body = _parts(template)
    if machine.user:
        body = _for_user(body, machine)
    return seal(head + _filled(body, machine))


def quoted(path: str) -> str:
    """Return a path as one word of an ``ExecStart=`` line: no specifier, no variable, no space."""
    text = path.replace("%", "%%").replace("$", "$$")
    if _PLAIN.fullmatch(text):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def seal(text: str) -> str:
    """Return a text with its seal."""
    return f"{text.rstrip()}\n\n{_SEAL}{_sum(text)}\n"


def is_sealed(text: str) -> bool:
    """Say whether a text is as it was written."""
    body, found, said = text.rpartition(f"\n\n{_SEAL}")
    return bool(found) and said == f"{_sum(body)}\n"


def _sum(text: str) -> str:
    return hashlib.sha256(text.rstrip().encode()).hexdigest()


def _parts(template: str) -> tuple[str, str]:
    """Return what stands before the first section, and the rest."""
    first = _SECTION.search(template)
    at = first.start() if first else len(template)
    return template[:at], template[at:]


def _filled(body: str, machine: Machine) -> str:
    started = f"{PYTHON} -P -m digest --config {CONFIG} "
    ours = f"{quoted(machine.python)} -P -m digest --config {quoted(machine.config)} "
    body = body.replace(f"ExecStart={started}", f"ExecStart={ours}")
    more = [f"LoadCredential={name}:{_escaped(path)}" for name, path in machine.credentials]
    more += [f"SupplementaryGroups={name}" for name in machine.groups]
    body = _after(body, "EnvironmentFile", more)
    if machine.systemd >= _STEPS_SINCE and "\nType=notify\n" in body:
        body = _after(body, "RestartSec", ["RestartSteps=5", "RestartMaxDelaySec=10min"])
    return _timed(body, machine.calendar)


def _escaped(path: str) -> str:
    return path.replace("%", "%%")


def _after(body: str, key: str, lines: list[str]) -> str:
    """Put lines behind the one that sets `key`."""
    added = "".join(f"{line}\n" for line in lines)
    return re.sub(rf"^{key}=.*\n", lambda found: found[0] + added, body, flags=re.MULTILINE)


def _timed(body: str, calendar: tuple[str, ...]) -> str:
    if not calendar:
        return body
    lines = "".join(f"OnCalendar={each}\n" for each in calendar)
    return re.sub(r"^OnCalendar=.*\n", lambda _: lines, body, flags=re.MULTILINE)


def _for_user(body: str, machine: Machine) -> str:
    """Leave out what a user's systemd cannot do, and the comments that told of it."""
    kept = [line for line in body.splitlines() if _is_for_user(line, machine)]
    body = _GAPS.sub("\n\n", _ORPHANS.sub("", "\n".join(kept) + "\n"))
    body = body.replace("EnvironmentFile=-/etc/digest/", "EnvironmentFile=-%E/digest/")
    return body.replace("WantedBy=multi-user.target", "WantedBy=default.target")


def _is_for_user(line: str, machine: Machine) -> bool:
    key = line.partition("=")[0]
    return not _SYSTEM_ONLY.fullmatch(key) and (machine.confined or key not in _SECCOMP)
