"""What of a config a service behind walls cannot do, each with what to set instead.

The walls are those of deploy/systemd: a user of no other use, who writes below /var/lib/digest
alone, sees no home and no /tmp of others, and cannot become anybody else. This module looks at
settings, never at files.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator

from digest.config import AnyOutput, Config
from digest.outputs.directory import Directory
from digest.outputs.preview import Preview
from digest.outputs.sendmail import Sendmail
from digest.units import STATE

HIDDEN = ("/home", "/root", "/run/user", "/tmp", "/var/tmp")  # noqa: S108  Named, not used.

_READ = ("path", "maildir", "mbox", "ca_file")
"""Settings of sources and mail servers that name what is read."""


def problems(config: Config) -> Iterator[str]:
    """Yield what a service could not do as this config has it."""
    yield from _store(config.store.url)
    for output in config.outputs:
        yield from _output(output)
    yield from _unseen("[newsletter] templates", config.newsletter.templates)
    for source in config.sources:
        yield from _reading(f"source {source.name}", source, "imap_password")


def becoming(config: Config, borrowed: Callable[[str], str]) -> Iterator[str]:
    """Yield the outputs whose command becomes somebody else, as `borrowed` finds out."""
    for output in config.outputs:
        if isinstance(output, Sendmail) and (whose := borrowed(output.words[0])):
            yield (
                f"output {output.name}: {output.words[0]}: it queues mail as another user or group "
                f"({whose}), which the service may not become; give the mail to the server on this "
                'machine: kind = "smtp", host = "localhost", port = 25, security = "none"'
            )


def is_below(path: str, folder: str) -> bool:
    """Say whether a path is a folder's, or in it."""
    return f"{posixpath.normpath(path)}/".startswith(f"{folder}/")


def _store(url: str) -> Iterator[str]:
    path = url.removeprefix("sqlite:///")
    if path != url and not is_below(path, STATE):
        yield (
            f"[store] {path}: the service can write below {STATE} alone; "
            f'set url = "sqlite:///{STATE}/{posixpath.basename(path)}"'
        )


def _output(output: AnyOutput) -> Iterator[str]:
    match output:
        case Directory() | Preview() if not is_below(output.path, STATE):
            yield (
                f"output {output.name}: {output.path}: the service can write below {STATE} alone; "
                f'set path = "{STATE}/{posixpath.basename(output.path)}"'
            )
        case _:
            yield from _reading(f"output {output.name}", output, "smtp_password")


def _reading(what: str, part: object, credential: str) -> Iterator[str]:
    for name in _READ:
        yield from _unseen(f"{what}: {name}", str(getattr(part, name, "")))
    if path := getattr(part, "password_file", ""):
        yield (
            f"{what}: password_file: the service's user cannot read {path}; make it a credential, "
            f"/etc/digest/credentials/{credential}, and take the setting away"
        )
    if getattr(part, "password_command", ""):
        yield (
            f"{what}: password_command: the service's user has no keys of yours to run it with; "
            f"make its answer a credential, /etc/digest/credentials/{credential}"
        )


def _unseen(what: str, path: str) -> Iterator[str]:
    for folder in HIDDEN:
        if is_below(path, folder):
            yield f"{what}: {path}: the service does not see {folder}; move it, below {STATE} say"
