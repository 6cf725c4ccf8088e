"""The container and its composition: what they call is here, and what they say agrees."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from fnmatch import fnmatch
from importlib.metadata import requires
from pathlib import Path
from typing import Any

import pytest
import yaml
from containerfile import PATH, ROOT, stages
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from running import ANN, Newsroom, newsroom, paper

from digest import __version__
from digest.exposed import Address, Page, ServeSettings, exposed
from digest.keys import secret_key, source_secret

BUILD, IMAGE = stages(PATH.read_text("utf-8"))
COMPOSE_TEXT = (ROOT / "deploy" / "compose.yaml").read_text("utf-8")
COMPOSE: Any = yaml.safe_load(COMPOSE_TEXT)
FRIDAY = "2026-06-12"
USER = 10001


def pins(path: Path) -> dict[str, str]:
    """Return the text of each pin, with its hashes, by its name."""
    text = path.read_text("utf-8")
    entries = re.findall(r"^(\S+)==((?:.*\\\n)*.*)$", text, re.MULTILINE)
    return {canonicalize_name(name): rest for name, rest in entries}


def closure(names: set[str], extra: str = "") -> set[str]:
    """Return what packages need, and what these need, here and on this Python."""
    needed = set(names)
    waiting = [(name, extra) for name in names]
    while waiting:
        name, its_extra = waiting.pop()
        for requirement in map(Requirement, requires(name) or ()):
            found = canonicalize_name(requirement.name)
            marker = requirement.marker
            if found in needed or (marker and not marker.evaluate({"extra": its_extra})):
                continue
            needed.add(found)
            waiting += [(found, each) for each in requirement.extras or {""}]
    return needed


# The image


def test_both_stages_have_the_python_that_the_tests_run_on() -> None:
    assert BUILD.base == IMAGE.base
    assert f"python:{sys.version_info.major}.{sys.version_info.minor}-slim" in BUILD.base


def test_all_that_is_copied_is_there_and_let_through() -> None:
    copied = [source for text in BUILD.all("COPY") for source in text.split()[:-1]]
    ignore = (ROOT / "deploy" / "Containerfile.dockerignore").read_text("utf-8").splitlines()

    assert all((ROOT / source).exists() for source in copied)
    assert ignore[0] == "*"
    assert {line[1:] for line in ignore if line.startswith("!")} == set(copied)
    assert not any(fnmatch("digest/cli/once.py", line) for line in ignore[1:])


def test_all_that_the_wheel_is_made_of_is_copied() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    copied = {source for text in BUILD.all("COPY") for source in text.split()[:-1]}

    assert {*wheel["packages"], *wheel["force-include"]} <= copied


def test_it_has_this_version() -> None:
    assert f'version="{__version__}"' in IMAGE.one("LABEL")
    assert COMPOSE["services"]["digest"]["image"] == f"digest-newsletter:{__version__}"


def test_it_installs_what_the_tests_run_on_and_all_of_it() -> None:
    installed = pins(ROOT / "deploy" / "requirements.txt")
    tested = pins(ROOT / ".ci" / "requirements.txt")

    assert installed
    assert {name: tested.get(name) for name in installed} == installed
    extras = [closure({"digest-newsletter"}, extra) for extra in ("mailbox", "postgres")]
    needed = closure({"hatchling"}).union(*extras)
    assert needed - {"digest-newsletter"} <= set(installed)


@pytest.mark.parametrize(("status", "code"), [(200, 0), (503, 1)])
def test_its_health_is_asked_of_the_service_where_it_shows_it(status: int, code: int) -> None:
    words: list[str] = json.loads(IMAGE.one("HEALTHCHECK").partition(" CMD ")[2])
    usual = ServeSettings().address
    assert usual
    assert f"'{usual.host}', {usual.port}," in words[-1]
    with exposed(
        Address(usual.host, 0), {"/healthz": lambda: Page(body=b"", status=status)}
    ) as place:
        script = words[-1].replace(str(usual.port), str(place.port))
        done = subprocess.run([sys.executable, *words[1:-1], script], check=False)  # noqa: S603  Its own.

    assert words[0] == "python"
    assert done.returncode == code


# The composition


@pytest.mark.parametrize("service", COMPOSE["services"].values(), ids=list(COMPOSE["services"]))
def test_each_service_has_few_rights_and_ends_where_its_log_is_long(service: Any) -> None:
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["restart"] == "unless-stopped"
    assert set(service["logging"]["options"]) == {"max-size", "max-file"}
    assert not re.search(r":latest$|/[^:]+$", service["image"])
    assert "ports" not in service


def test_data_alone_is_written_and_it_is_where_the_image_has_it() -> None:
    service = COMPOSE["services"]["digest"]
    (volume,) = IMAGE.all("VOLUME")

    assert service["read_only"] is True
    assert [each.partition(":")[0] for each in service["tmpfs"]] == ["/tmp"]  # noqa: S108  Its own.
    assert f"data:{volume}" in service["volumes"]
    assert IMAGE.environment["DIGEST_CONFIG"] == f"{volume}/digest.toml"
    assert f"./digest.toml:{IMAGE.environment['DIGEST_CONFIG']}:ro" in service["volumes"]
    assert IMAGE.one("USER") == f"{USER}:{USER}"
    assert f"--owner {USER}" in IMAGE.one("RUN")


def test_its_secrets_are_found_under_their_names(tmp_path: Path) -> None:
    assert IMAGE.environment["CREDENTIALS_DIRECTORY"] == "/run/secrets"
    names = COMPOSE["services"]["digest"]["secrets"]
    for name in names:
        (tmp_path / name).write_text(f"{name} of thirty-two letters or more\n")
    environment = {"CREDENTIALS_DIRECTORY": str(tmp_path)}

    assert set(names) == {"secret_key", "backup_passphrase"}
    assert secret_key(environment, tmp_path).startswith(b"secret_key of")
    assert source_secret("BACKUP_PASSPHRASE", environment).startswith("backup_passphrase of")


def output_told() -> str:
    """Return the output that the composition's comment tells to write."""
    told = re.search(r"^# +\[\[outputs\]\]\n(?:# {6,}\w.*\n)+", COMPOSE_TEXT, re.MULTILINE)
    assert told
    return re.sub(r"^# *", "", told[0], flags=re.MULTILINE)


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Newsroom]:
    """Return a newsroom that mails to the composition's relay, here on loopback."""
    folder = tmp_path / "data"
    folder.mkdir()
    output = output_told().replace('"mail"', '"127.0.0.1"').replace("587", "{port}")
    with newsroom(folder, outputs=output, subscribers=ANN) as made:
        made.huggingface(FRIDAY, paper(1, "On Looms", votes=12))
        yield made


def test_the_output_that_it_tells_to_write_mails_to_a_relay_in_plain_text(room: Newsroom) -> None:
    done = room.once(FRIDAY)

    assert done.code == 0, done.err
    assert [mail["To"] for mail in room.mails] == ["Ann <ann@example.org>"]


@pytest.mark.tier2
@pytest.mark.skipif(not shutil.which("bwrap"), reason="bubblewrap is not installed")
def test_it_runs_on_a_read_only_root_without_rights(room: Newsroom, tmp_path: Path) -> None:
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    (secrets / "secret_key").write_text("of invented letters only, and long enough\n")
    (secrets / "backup_passphrase").write_text("invented\n")
    for name in ("once --at 2026-06-12 --json", "backup --encrypt /data/digest.age"):
        done = subprocess.run(  # noqa: S603  This very Python, shut in.
            [*shut_in(room.folder, secrets), sys.executable, "-m", "digest", *name.split()],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr

    assert len(room.mails) == 1
    made = {each.name for each in room.folder.iterdir()}
    assert {"digest.db", "digest.db.letters-sent", "digest.age"} <= made
    assert stat.S_IMODE((room.folder / "digest.age").stat().st_mode) == 0o600


def shut_in(data: Path, secrets: Path) -> list[str]:
    """Return the words that run a command as the image does: its user, places and environment."""
    roots = [path for path in Path("/").iterdir() if path.name not in NOT_SHOWN]
    shown = [word for path in roots for word in ("--ro-bind", str(path), str(path))]
    kept = {"PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"]}
    variables = (IMAGE.environment | kept).items()
    program = [Path(sys.prefix), Path(sys.base_prefix), ROOT]
    seen = [word for path in program for word in ("--ro-bind", str(path), str(path))]
    return [
        *("bwrap", "--unshare-user", "--unshare-pid", "--uid", str(USER), "--gid", str(USER)),
        *("--cap-drop", "ALL", "--die-with-parent", "--clearenv"),
        *[word for name, text in variables for word in ("--setenv", name, text)],
        *("--tmpfs", "/", *shown, "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"),  # noqa: S108  Its own.
        *(*seen, "--bind", str(data), "/data", "--ro-bind", str(secrets), "/run/secrets"),
        *("--remount-ro", "/", "--chdir", "/data"),
    ]


NOT_SHOWN = ("proc", "dev", "tmp", "run", "data", "sys")
