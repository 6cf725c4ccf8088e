from __future__ import annotations

import sys
from pathlib import Path

import pytest

from digest.passwords import PasswordError
from digest.passwords import read_password as read_any


def read_password(command: tuple[str, ...], file: str) -> str:
    return read_any(command, file, service="smtp")


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DIGEST_SMTP_PASSWORD", raising=False)
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)


def a_file(folder: Path, content: bytes, mode: int = 0o600) -> str:
    path = folder / "smtp_password"
    path.write_bytes(content)
    path.chmod(mode)
    return str(path)


def saying(program: str) -> tuple[str, ...]:
    return (sys.executable, "-ISc", program)


def test_a_command_is_asked_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIGEST_SMTP_PASSWORD", "environment")
    file = a_file(tmp_path, b"file")

    assert read_password(saying("print('command'); print('notes')"), file) == "command"
    assert read_password((), file) == "file"
    assert read_password((), "") == "environment"


def test_a_systemd_credential_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    a_file(tmp_path, "gehëim\r\n".encode(), mode=0o440)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))

    assert read_password((), "") == "gehëim"


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o602])
def test_a_file_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    with pytest.raises(PasswordError, match="chmod 600"):
        read_password((), a_file(tmp_path, b"secret", mode))


@pytest.mark.parametrize("content", [b"", b"\nsecret", b"se\0cret", b"\xff\xfe"])
def test_a_file_without_a_password_is_refused_without_telling_it(
    tmp_path: Path, content: bytes
) -> None:
    with pytest.raises(PasswordError) as caught:
        read_password((), a_file(tmp_path, content))

    assert "cret" not in str(caught.value)


@pytest.mark.parametrize(
    "command",
    [saying("print('secret'); raise SystemExit(3)"), ("/nowhere/pass",)],
    ids=["fails", "missing"],
)
def test_a_command_that_fails_is_named_and_its_words_are_not(command: tuple[str, ...]) -> None:
    with pytest.raises(PasswordError, match="password_command") as caught:
        read_password(command, "")

    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_missing_password_says_where_it_may_be_put() -> None:
    with pytest.raises(PasswordError, match="DIGEST_SMTP_PASSWORD"):
        read_password((), "")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(PasswordError, match="none: No such file"):
        read_password((), str(tmp_path / "none"))
