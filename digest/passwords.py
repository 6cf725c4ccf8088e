"""Where the password for a server comes from. It never comes from digest.toml.

What the server's own table names is asked first, so that two servers never get each other's:
`password_command`, then `password_file`; else a variable such as ``DIGEST_SMTP_PASSWORD``, then
the systemd credential such as ``smtp_password``. A password never stands in an error.
"""

from __future__ import annotations

import os
import shlex
import stat
from pathlib import Path

_PATIENCE = 60
"""Seconds for a command: it may ask a person for a passphrase."""


class PasswordError(Exception):
    """There is no password, or none that can be read; says where it may be put."""


def words(command: str | tuple[str, ...]) -> tuple[str, ...]:
    """Return a command in words. Raises ValueError where a quotation mark is missing."""
    return tuple(shlex.split(command)) if isinstance(command, str) else command


def read_password(command: tuple[str, ...], file: str, *, service: str) -> str:
    """Return the password for a service such as ``smtp``. Raises PasswordError."""
    variable, name = f"DIGEST_{service.upper()}_PASSWORD", f"{service}_password"
    if command:
        return _first_line(_from_command(command), f"`password_command` {command[0]}")
    if file:
        return _first_line(_from_file(Path(file), private=True), file)
    if found := os.environ.get(variable):
        return found
    if folder := os.environ.get("CREDENTIALS_DIRECTORY"):
        credential = Path(folder) / name
        if credential.exists():
            return _first_line(_from_file(credential, private=False), str(credential))
    raise PasswordError(
        f"no password for the mail server: set {variable}, the systemd credential "
        f"`{name}`, `password_command` or `password_file`"
    )


def _from_command(command: tuple[str, ...]) -> bytes:
    import subprocess  # noqa: PLC0415  Only a password_command needs it.

    try:
        done = subprocess.run(  # noqa: S603  The operator's own command, no shell.
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_PATIENCE, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        reason = "took too long" if not isinstance(error, OSError) else error.strerror
        # The error of a timeout holds what the command said so far: it must not be chained.
        raise PasswordError(f"`password_command` {command[0]}: {reason}") from None
    if done.returncode:
        raise PasswordError(
            f"`password_command` {command[0]}: ended with {done.returncode}; run it by hand"
        )
    return done.stdout


def _from_file(path: Path, *, private: bool) -> bytes:
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            if private and os.name == "posix" and stat.S_IMODE(mode) & 0o077:
                raise PasswordError(
                    f"{path}: others can read it (mode {stat.S_IMODE(mode):04o}); chmod 600 it"
                )
            return file.read(4096)
    except OSError as error:
        raise PasswordError(f"{path}: {error.strerror}") from error


def _first_line(found: bytes, where: str) -> str:
    line = found.partition(b"\n")[0].removesuffix(b"\r")
    try:
        password = line.decode()
    except UnicodeDecodeError:
        raise PasswordError(f"{where}: the password is not UTF-8") from None
    if not password or "\0" in password:
        raise PasswordError(f"{where}: there is no password in its first line")
    return password
