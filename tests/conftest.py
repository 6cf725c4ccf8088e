"""The rules that all tests keep: two tiers, no silent skips, no network beyond loopback.

Tests marked ``tier2`` need more than Python and run only with ``--tier2``. A skip must say why;
where ``CI=true`` nothing may be skipped, but for what `MAY_BE_SKIPPED` names. What a test measures
is printed at the end.
"""

from __future__ import annotations

import ipaddress
import os
import socket
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

MOST_TIER2 = 20
"""The second tier is slow. A test belongs into the first where it can."""

MAY_BE_SKIPPED: tuple[str, ...] = ("no machine of its own can be made",)
"""Reasons (their beginnings) that excuse a skip even where CI=true."""

NO_REASON = ("", "unconditional skip", "<Skipped instance>")

IN_CI = os.environ.get("CI") == "true"

ROOT = Path(__file__).parents[1]

# A red run speaks of the change, not of luck, so the examples are the same each time. To look for
# what they miss: pytest --hypothesis-profile=hunt
_SAME = settings(
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],  # The machine may be busy.
)
settings.register_profile("quick", _SAME, max_examples=50)
settings.register_profile("ci", _SAME, max_examples=300)
settings.register_profile("hunt", deadline=None, max_examples=3000, print_blob=True)
settings.load_profile("ci" if IN_CI else "quick")


# Tiers


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--tier2", action="store_true", help="run the second tier, too")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    second = [item for item in items if item.get_closest_marker("tier2")]
    if len(second) > MOST_TIER2:
        raise pytest.UsageError(f"{len(second)} tests are marked tier2; {MOST_TIER2} are allowed")
    if second and not config.getoption("--tier2"):
        config.hook.pytest_deselected(items=second)
        items[:] = [item for item in items if item not in second]


# Skips

_skips = pytest.StashKey[list[str]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_skips] = []
    config.pluginmanager.register(_SkipRule(config.stash[_skips]), "skip-rule")


class _SkipRule:
    """Note each skip that is not excused, of tests and of whole files."""

    def __init__(self, wrong: list[str]) -> None:
        self.wrong = wrong

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if not hasattr(report, "wasxfail"):
            self._look(report)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        self._look(report)

    def _look(self, report: pytest.TestReport | pytest.CollectReport) -> None:
        if not report.skipped:
            return
        reason = _reason(report.longrepr)
        if reason in NO_REASON:
            self.wrong.append(f"{report.nodeid}: skipped without a reason")
        elif IN_CI and not reason.startswith(MAY_BE_SKIPPED):
            self.wrong.append(f"{report.nodeid}: skipped where CI=true: {reason}")


def _reason(longrepr: object) -> str:
    said = longrepr[2] if isinstance(longrepr, tuple) else str(longrepr)
    return str(said).removeprefix("Skipped:").strip()


def pytest_sessionfinish(session: pytest.Session) -> None:
    good = (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)
    if session.config.stash[_skips] and session.exitstatus in good:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if found := sorted(_measures(terminalreporter)):
        terminalreporter.section("measures")
        for line in found:
            terminalreporter.line(line)
    if wrong := terminalreporter.config.stash[_skips]:
        terminalreporter.section("skips that are not allowed", red=True)
        for line in wrong:
            terminalreporter.line(line)


def _measures(reporter: pytest.TerminalReporter) -> Iterator[str]:
    """Yield what tests measured and told by `record_property("measure", …)`."""
    for outcome in ("passed", "failed"):
        for report in reporter.stats.get(outcome, ()):
            yield from (str(said) for name, said in report.user_properties if name == "measure")


# The network

_outside: list[str] = []


def _watch(event: str, args: tuple[object, ...]) -> None:
    """Stop what would leave this machine. An audit hook sees it whichever library does it."""
    match event, args:
        case (("socket.connect" | "socket.sendto"), (_, (str(host), *_))):
            pass
        case "socket.getaddrinfo", (str(host), *_):
            if host.endswith(".invalid"):  # RFC 6761: such names are never found.
                raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        case _:
            return
    if not _is_loopback(host):
        _outside.append(host)
        raise PermissionError(f"tests reach loopback only, not {host}")


def _is_loopback(host: str) -> bool:
    if host in ("", "localhost", socket.gethostname()):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


sys.addaudithook(_watch)


@pytest.fixture(autouse=True)
def _no_network() -> Iterator[None]:
    """Fail a test that tried to leave, even if what it tests swallowed the error."""
    _outside.clear()
    yield
    assert not _outside, f"reached for the network: {', '.join(_outside)}"


# What tests share


@pytest.fixture
def tell(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Tell what was measured: it is printed when all tests are done."""
    return partial(record_property, "measure")


@pytest.fixture(scope="session")
def recordings() -> Path:
    """Return the folder of recorded pages, which stands beside the checkout."""
    folder = ROOT.parent / "shared" / "pages"
    if not folder.is_dir():
        pytest.skip(f"the recorded pages are not at {folder}")
    return folder
