from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from outgoing import SENDER, Commits, a_message, failed

from digest.errors import (
    DeliveryError,
    InDoubtError,
    PermanentDeliveryError,
    TemporaryDeliveryError,
)
from digest.outputs.sendmail import Sendmail

LONG = a_message(html=f"{'x' * 70}\n" * 20_000)
"""More than a pipe holds."""

Program = Callable[[str], Sendmail]


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """Return a maker of sendmail commands of a few lines of Python."""

    def make(body: str) -> Sendmail:
        script = tmp_path / "sendmail"
        lines = (f"#!{sys.executable} -IS", "import os, signal, sys, time", body)
        script.write_text("\n".join(lines), "utf-8")
        script.chmod(0o755)
        return Sendmail(sender=SENDER, command=(str(script), "-oi"), timeout=5.0)

    return make


def taking(tmp_path: Path) -> str:
    return (
        f"open({str(tmp_path / 'arguments')!r}, 'w').write(chr(10).join(sys.argv[1:]))\n"
        f"open({str(tmp_path / 'message')!r}, 'wb').write(sys.stdin.buffer.read())\n"
    )


def test_the_command_gets_the_addresses_and_the_message(program: Program, tmp_path: Path) -> None:
    commits = Commits()

    answer = program(taking(tmp_path)).deliver(a_message(text="one\n.\ntwo"), commits)

    expected = ["-oi", "-f", "digest@example.org", "--", "ann@example.org"]
    message = (tmp_path / "message").read_bytes()
    assert (tmp_path / "arguments").read_text().split("\n") == expected
    assert b"\r" not in message
    assert b"\none\n.\ntwo\n" in message
    assert answer == f"taken by {tmp_path / 'sendmail'}"
    assert commits.times == 1


def test_what_the_command_says_is_the_answer(program: Program) -> None:
    output = program("sys.stdin.read(); print('queued as 1\\x1b[2J')")

    assert output.deliver(a_message(), Commits()) == "queued as 1?[2J"


@pytest.mark.parametrize(
    ("code", "kind", "fault"),
    [
        (64, TemporaryDeliveryError, False),
        (65, PermanentDeliveryError, False),
        (67, PermanentDeliveryError, True),
        (68, TemporaryDeliveryError, False),
        (69, TemporaryDeliveryError, False),
        (70, TemporaryDeliveryError, False),
        (71, TemporaryDeliveryError, False),
        (74, TemporaryDeliveryError, False),
        (75, TemporaryDeliveryError, False),
        (77, TemporaryDeliveryError, False),
        (78, TemporaryDeliveryError, False),
        (1, TemporaryDeliveryError, False),
    ],
)
@pytest.mark.parametrize("reads", [True, False], ids=["at the end", "at once"])
def test_an_exit_code_says_what_happened(
    program: Program, code: int, kind: type[DeliveryError], *, fault: bool, reads: bool
) -> None:
    body = f"{'sys.stdin.read()' if reads else ''}\nsys.stderr.write('because'); sys.exit({code})"

    error = failed(program(body), Commits(), LONG)

    assert type(error) is kind
    assert f"ended with {code}: because" in str(error)
    assert getattr(error, "address_fault", False) is fault


def test_a_command_killed_with_the_whole_message_leaves_it_in_doubt(program: Program) -> None:
    output = program("sys.stdin.read(); os.kill(os.getpid(), signal.SIGKILL)")
    commits = Commits()

    assert isinstance(failed(output, commits), InDoubtError)
    assert commits.times == 1


def test_a_command_that_does_not_end_leaves_the_message_in_doubt(program: Program) -> None:
    output = msgspec.structs.replace(program("sys.stdin.read(); time.sleep(60)"), timeout=0.5)

    assert isinstance(failed(output, Commits()), InDoubtError)


@pytest.mark.parametrize(
    "body",
    ["time.sleep(60)", "os.kill(os.getpid(), signal.SIGKILL)", "sys.exit(0)"],
    ids=["stalls", "killed", "ends"],
)
def test_a_command_that_does_not_read_the_message_did_not_take_it(
    program: Program, body: str
) -> None:
    commits = Commits()
    output = msgspec.structs.replace(program(body), timeout=0.5)

    assert isinstance(failed(output, commits, LONG), TemporaryDeliveryError)
    assert commits.times == 0


def test_a_command_that_is_not_there_is_temporary(tmp_path: Path) -> None:
    output = Sendmail(sender=SENDER, command=str(tmp_path / "none"))

    error = failed(output, Commits())

    assert isinstance(error, TemporaryDeliveryError)
    assert "set `command`" in str(error)
    with pytest.raises(TemporaryDeliveryError, match="not there"):
        output.check()


def test_a_letter_whose_commit_fails_is_not_taken(program: Program, tmp_path: Path) -> None:
    def commit() -> None:
        raise RuntimeError("the store is gone")

    with pytest.raises(RuntimeError):
        program(taking(tmp_path)).deliver(a_message(), commit)

    assert not (tmp_path / "message").exists() or not (tmp_path / "message").read_bytes()


def test_an_address_is_never_an_option(program: Program, tmp_path: Path) -> None:
    with pytest.raises(PermanentDeliveryError) as caught:
        program(taking(tmp_path)).deliver(a_message(email="-Xevil@example.org"), Commits())

    assert caught.value.address_fault
    assert not (tmp_path / "arguments").exists()


def test_a_command_that_can_be_run_passes_its_check(program: Program, tmp_path: Path) -> None:
    assert program("").check() == f"{tmp_path / 'sendmail'}: can be run"


def test_a_command_is_split_as_a_shell_would_and_no_shell_sees_it() -> None:
    output = Sendmail(sender=SENDER, command="'/opt/my mail/send' -a ';rm'")

    assert output.words == ("/opt/my mail/send", "-a", ";rm")
    assert Sendmail(sender=SENDER).words == ("/usr/sbin/sendmail", "-oi")


@pytest.mark.parametrize(
    ("command", "expected"),
    [("msmtp -t", "msmtp -t"), ("bin/send -t", ("/etc/digest/bin/send", "-t"))],
    ids=["looked up", "a path"],
)
def test_a_program_s_path_is_relative_to_the_config(
    command: str, expected: str | tuple[str, ...]
) -> None:
    assert Sendmail(sender=SENDER, command=command).within("/etc/digest").command == expected


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        ({"command": ""}, "`command` must name"),
        ({"command": []}, "`command` must name"),
        ({"command": "a 'b"}, "No closing quotation"),
        ({"sender": "-x@example.org"}, "begins with `-`"),
        ({"sender": "x"}, "no address"),
        ({"timeout": 0}, "`timeout`"),
        ({"host": "x"}, "unknown field"),
    ],
)
def test_a_table_that_cannot_work_is_refused(table: dict[str, Any], problem: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=problem):
        msgspec.convert({"kind": "sendmail", "sender": SENDER, **table}, Sendmail)
