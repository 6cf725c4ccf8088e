from __future__ import annotations

from pathlib import Path

import pytest
from fetching import NOW
from webserver import answer, serving

from digest.app import Setting, fetching
from digest.config import Config
from digest.errors import ConfigError
from digest.keys import FILE_NAME, LEAST_CHARACTERS, secret_key, source_secret, write_key
from digest.sources import Request

LONG = "k" * LEAST_CHARACTERS


def saved(path: Path, text: str, mode: int = 0o600) -> Path:
    path.write_text(text)
    path.chmod(mode)
    return path


def test_the_environment_goes_before_a_credential_and_that_before_the_file(tmp_path: Path) -> None:
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    environment = {"CREDENTIALS_DIRECTORY": str(credentials)}
    assert secret_key(environment, tmp_path) == b""

    saved(tmp_path / FILE_NAME, f"{LONG}-file\n")
    assert secret_key(environment, tmp_path) == f"{LONG}-file".encode()
    saved(credentials / "secret_key", f"{LONG}-credential\n")
    assert secret_key(environment, tmp_path) == f"{LONG}-credential".encode()
    environment["DIGEST_SECRET_KEY"] = f"{LONG}-environment\n"
    assert secret_key(environment, tmp_path) == f"{LONG}-environment".encode()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o601])
def test_a_key_that_others_can_reach_is_refused(tmp_path: Path, mode: int) -> None:
    path = saved(tmp_path / FILE_NAME, LONG, mode)

    with pytest.raises(ConfigError, match=f"chmod 600 {path}"):
        secret_key({}, tmp_path)


@pytest.mark.parametrize("key", ["", "short", " " * 40 + "x"])
def test_a_key_too_short_is_refused_and_not_shown(tmp_path: Path, key: str) -> None:
    saved(tmp_path / FILE_NAME, key)

    with pytest.raises(ConfigError, match="shorter than 32 characters") as error:
        secret_key({}, tmp_path)

    assert not key.strip() or f" {key} " not in str(error.value)


def test_a_short_key_of_the_environment_is_refused_by_its_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="DIGEST_SECRET_KEY: shorter"):
        secret_key({"DIGEST_SECRET_KEY": "short"}, tmp_path)


def test_a_key_of_any_bytes_is_a_key(tmp_path: Path) -> None:
    raw = b"\xff" * 40

    assert secret_key({"DIGEST_SECRET_KEY": raw.decode(errors="surrogateescape")}, tmp_path) == raw


def test_a_key_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    path.write_bytes(b"\xff" * 40)
    path.chmod(0o600)

    with pytest.raises(ConfigError, match="cannot be read"):
        secret_key({}, tmp_path)


def test_a_new_key_is_the_owners_alone_and_never_replaces_one(tmp_path: Path) -> None:
    path = write_key(tmp_path)
    key = secret_key({}, tmp_path)

    assert path.stat().st_mode & 0o777 == 0o600
    assert len(key) >= LEAST_CHARACTERS
    with pytest.raises(FileExistsError):
        write_key(tmp_path)
    assert secret_key({}, tmp_path) == key


def test_a_sources_secret_is_in_the_environment_or_a_credential(tmp_path: Path) -> None:
    (tmp_path / "lab_key").write_text("from systemd\n")
    credentials = {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    assert source_secret("lab_key", {**credentials, "DIGEST_LAB_KEY": "typed "}) == "typed"
    assert source_secret("Lab_Key", credentials) == "from systemd"
    assert source_secret("other", credentials) == ""
    assert source_secret("lab_key", {}) == ""


def test_a_credential_that_cannot_be_read_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "lab_key").write_bytes(b"\xff")
    with pytest.raises(ConfigError, match="lab_key: cannot be read"):
        source_secret("lab_key", {"CREDENTIALS_DIRECTORY": str(tmp_path)})


def test_a_run_finds_its_sources_secrets_in_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DIGEST_LAB_KEY", "hush")
    with serving() as server, fetching(Setting(config=Config(), now=NOW)) as fetcher:
        server.answers["/"] = answer(b"x")
        fetcher.get("lab", Request(url=server.url("/"), header="x-key", secret="lab_key"))
        assert server.received[0].headers["x-key"] == "hush"
