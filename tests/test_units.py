"""Units as texts: what is put in place of the templates' own, and the seal."""

from __future__ import annotations

import shlex
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from running import ROOT

from digest.units import SERVICE, TIMER, Machine, is_sealed, quoted, seal, unit

UNITS = ROOT / "deploy" / "systemd"
ALL = (*SERVICE, *TIMER)


def settings(text: str) -> dict[str, list[str]]:
    """Return what a unit sets, in its order."""
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        name, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            found.setdefault(name, []).append(value)
    return found


def filled(name: str, **machine: object) -> dict[str, list[str]]:
    template = (UNITS / name).read_text()
    return settings(unit(template, Machine(**machine)))  # type: ignore[arg-type]  # As it is named.


@pytest.mark.parametrize("name", ALL)
def test_a_machine_of_the_usual_paths_gets_the_template_itself(name: str) -> None:
    template = (UNITS / name).read_text()
    assert unit(template, Machine()) == seal(template)


@pytest.mark.parametrize("name", [SERVICE[0], TIMER[0]])
def test_the_program_the_config_and_the_secrets_are_the_machines(name: str) -> None:
    found = filled(
        name,
        python="/opt/my digest/bin/python",
        config="/etc/100%/digest.toml",
        credentials=(("smtp_password", "/etc/digest/credentials/smtp_password"),),
        groups=("readers",),
    )
    (start,) = found["ExecStart"]
    assert shlex.split(start)[:6] == [
        *("/opt/my digest/bin/python", "-P", "-m", "digest"),
        *("--config", "/etc/100%%/digest.toml"),
    ]
    assert found["LoadCredential"] == ["smtp_password:/etc/digest/credentials/smtp_password"]
    assert found["SupplementaryGroups"] == ["readers"]


def test_a_timer_has_the_times_of_the_schedule() -> None:
    times = ("Mon *-*-* 07:00:00 Europe/Berlin", "*-*-* 18:30:00 Europe/Berlin")
    assert filled("digest-once.timer", calendar=times)["OnCalendar"] == list(times)


def test_a_timers_run_knows_that_it_runs_at_the_times_of_the_schedule() -> None:
    (start,) = filled("digest-once.service")["ExecStart"]
    assert start.endswith(" once --scheduled")


@pytest.mark.parametrize(("version", "steps"), [(252, False), (254, True)])
def test_starts_are_further_and_further_apart_where_systemd_knows_how(
    *, version: int, steps: bool
) -> None:
    found = filled("digest.service", systemd=version)
    assert ("RestartSteps" in found) is steps
    assert "RestartSteps" not in filled("digest-once.service", systemd=version)


def test_both_services_have_the_same_walls() -> None:
    walls = [
        (UNITS / name).read_text().partition("# Who it is")[2].partition("[Install]")[0].strip()
        for name in (SERVICE[0], TIMER[0])
    ]
    assert walls[0] == walls[1]


def test_a_users_unit_asks_for_nothing_that_takes_root() -> None:
    found = filled("digest.service", user=True, python="/home/ann/bin/python")
    assert not {"DynamicUser", "StateDirectory", "ProtectSystem", "PrivateTmp", "User"} & set(found)
    assert found["SystemCallFilter"] == ["@system-service", "~@privileged @resources"]
    assert found["WantedBy"] == ["default.target"]
    assert found["Type"] == ["notify"]


def test_a_users_unit_that_mails_by_a_command_has_no_walls() -> None:
    found = filled("digest.service", user=True, confined=False)
    assert not {"NoNewPrivileges", "SystemCallFilter", "RestrictAddressFamilies"} & set(found)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("confined", [True, False])
def test_a_users_unit_has_no_comment_about_what_was_left_out(name: str, *, confined: bool) -> None:
    text = unit((UNITS / name).read_text(), Machine(user=True, confined=confined))
    body = text.partition("[Unit]")[2].rpartition("\n\n# Written by")[0]
    lines = [*body.splitlines(), ""]
    ends = [line for line, after in pairwise(lines) if line[:1] == "#" and not after]
    assert ends == []
    assert "\n\n\n" not in text


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1))
def test_any_path_is_one_word_of_a_line(path: str) -> None:
    word = quoted(path).replace("%%", "%").replace("$$", "$")
    if word.startswith('"'):
        assert word.endswith('"')
        word = word[1:-1].replace('\\"', '"').replace("\\\\", "\\")
    else:
        assert not set(word) & set("\"'\\ ;")
    assert word == path


@given(st.text(), st.text(min_size=1))
def test_a_seal_is_broken_by_any_change(text: str, more: str) -> None:
    sealed = seal(text)
    assert is_sealed(sealed)
    assert not is_sealed(sealed + more)
    assert not is_sealed(text)
    assert not is_sealed(f"{more}{sealed}")
