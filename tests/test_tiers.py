"""The rules that conftest.py makes all tests keep."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = Path(__file__).with_name("conftest.py")


def run(folder: Path, tests: str, *options: str, ci: str = "") -> tuple[int, str]:
    """Return the exit code and the output of a run of `tests` under our conftest.py."""
    shutil.copy(CONFTEST, folder)
    (folder / "test_it.py").write_text(f"import pytest, socket\n\n{tests}\n")
    (folder / "pytest.ini").write_text("[pytest]\nmarkers = tier2\n")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-rA", *options]
    env = {**os.environ, "CI": ci, "COLUMNS": "200"}
    done = subprocess.run(  # noqa: S603  Our own tests, in a folder of their own.
        command, cwd=folder, env=env, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


def test_the_second_tier_is_deselected_unless_asked_for(tmp_path: Path) -> None:
    tests = "@pytest.mark.tier2\ndef test_slow(): pass\n\ndef test_fast(): pass"

    assert "1 passed, 1 deselected" in run(tmp_path, tests)[1]
    assert "2 passed" in run(tmp_path, tests, "--tier2")[1]


def test_a_second_tier_that_grows_too_large_is_refused(tmp_path: Path) -> None:
    many = "@pytest.mark.tier2\n@pytest.mark.parametrize('n', range(21))\ndef test_slow(n): pass"

    code, output = run(tmp_path, many)

    assert code == pytest.ExitCode.USAGE_ERROR
    assert "21 tests are marked tier2; 20 are allowed" in output


def test_a_skip_needs_a_reason(tmp_path: Path) -> None:
    tests = (
        "@pytest.mark.skip(reason='no browser here')\ndef test_told(): pass\n\n"
        "@pytest.mark.skip\ndef test_silent(): pass\n\n"
        "def test_later(): pytest.xfail('not yet')"
    )

    code, output = run(tmp_path, tests)

    assert code == 1
    assert [line for line in output.splitlines() if "without a reason" in line] == [
        "test_it.py::test_silent: skipped without a reason"
    ]


def test_nothing_is_skipped_in_ci(tmp_path: Path) -> None:
    code, output = run(tmp_path, "pytest.importorskip('no_such_module')", ci="true")

    assert code == 1
    assert "test_it.py: skipped where CI=true: could not import" in output


def test_a_test_that_reaches_for_the_network_fails_even_if_the_error_is_swallowed(
    tmp_path: Path,
) -> None:
    statements = {
        "address": "socket.create_connection(('192.0.2.1', 80))",
        "name": "socket.getaddrinfo('example.org', 80)",
        "never_found": "socket.getaddrinfo('nowhere.invalid', 80)",
        "loopback": "socket.create_connection(('127.0.0.1', 1))",
    }
    tests = "\n\n".join(
        f"def test_{name}():\n    try:\n        {statement}\n    except OSError:\n        pass"
        for name, statement in statements.items()
    )

    code, output = run(tmp_path, tests)

    assert code == 1
    failed = {
        line.split("::")[1].split()[0] for line in output.splitlines() if line.startswith("ERROR ")
    }
    assert failed == {"test_address", "test_name"}
