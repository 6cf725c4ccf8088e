"""Secrets: those of sources, found; the key that names and links are made with, found and written.

None ever stands in digest.toml.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from digest.errors import ConfigError

FILE_NAME = "digest.key"
VARIABLE = "DIGEST_SECRET_KEY"
CREDENTIAL = "secret_key"
LEAST_CHARACTERS = 32


def secret_key(environment: Mapping[str, str], folder: Path) -> bytes:
    """Return the key from the environment, a systemd credential or the file beside the config.

    Returns b"" where there is none. Raises ConfigError for one that others can read, or too
    short to be secret.
    """
    if given := environment.get(VARIABLE):
        return _long_enough(given.strip(), VARIABLE)
    credentials = environment.get("CREDENTIALS_DIRECTORY")
    if credentials and (path := Path(credentials, CREDENTIAL)).is_file():
        return _long_enough(_text(path), str(path))
    path = folder / FILE_NAME
    if not path.is_file():
        return b""
    if path.stat().st_mode & 0o077:
        raise ConfigError(f"{path}: others can read it; run `chmod 600 {path}`")
    return _long_enough(_text(path), str(path))


def source_secret(name: str, environment: Mapping[str, str]) -> str:
    """Return the secret a source calls `name`: ``DIGEST_<NAME>``, else a systemd credential.

    Returns "" where there is none. Raises ConfigError for a credential that cannot be read.
    """
    if given := environment.get(f"DIGEST_{name.upper()}"):
        return given.strip()
    credentials = environment.get("CREDENTIALS_DIRECTORY")
    path = Path(credentials, name.lower()) if credentials and name else None
    return _text(path) if path and path.is_file() else ""


def write_key(folder: Path) -> Path:
    """Write a new key beside the config. Raises FileExistsError rather than replace one."""
    path = folder / FILE_NAME
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secrets.token_urlsafe(32) + "\n")
    return path


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from error


def _long_enough(key: str, place: str) -> bytes:
    if len(key) < LEAST_CHARACTERS:
        raise ConfigError(
            f"{place}: shorter than {LEAST_CHARACTERS} characters; `digest init` makes one"
        )
    return key.encode(errors="surrogateescape")
