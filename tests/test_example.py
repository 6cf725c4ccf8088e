"""The example config tells every setting, and its default."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from digest.config import Config, decode
from digest.subscribers import Subscriber

EXAMPLE = Path(__file__).parents[1] / "deploy" / "digest.toml"
TEXT = EXAMPLE.read_text(encoding="utf-8")
INHERITED = {"minimum", "cap"}
"""Of a reader: None until set, told with the value they then have."""

NOT_DEFAULTS = {'query = "data selection"', 'paper = "2407.21783"'}


def opened() -> str:
    """Return the example with every default written out, but for what excludes another."""
    lines = []
    for line in TEXT.splitlines():
        setting = re.fullmatch(r"# (\w+ = .*)", line)
        shown = setting[1] if setting else line
        if not any(shown.startswith(each) for each in NOT_DEFAULTS):
            lines.append(shown)
    return "\n".join(lines)


def test_it_is_a_config() -> None:
    config = decode(TEXT, EXAMPLE)
    assert [each.name for each in config.sources] == ["huggingface", "arxiv", "files"]


def test_what_it_calls_defaults_are_defaults() -> None:
    silent, told = decode(TEXT, EXAMPLE), decode(opened(), EXAMPLE)
    ann = msgspec.structs.replace(told.subscribers[0], minimum=None, cap=None)
    assert msgspec.structs.replace(told, subscribers=(ann,)) == silent


def structs() -> list[Any]:
    config = decode(TEXT, EXAMPLE)
    sections = [config.newsletter, config.store, config.schedule, config.http, config.rank]
    sections += [config.rank.weights, config.letters]
    return [*sections, *config.sources, *config.outputs, Subscriber(name="x")]


@pytest.mark.parametrize("struct", structs(), ids=lambda each: type(each).__name__)
def test_it_tells_every_setting(struct: Any) -> None:
    fields = {field.name for field in msgspec.structs.fields(struct)} - {"weights", "password"}
    told = set(re.findall(r"^(?:# )?(\w+) = ", TEXT, re.MULTILINE))
    assert fields <= told


def test_no_section_of_the_config_is_missing() -> None:
    sections = set(re.findall(r"^\[+(\w+)", TEXT, re.MULTILINE))
    assert sections == {field.name for field in msgspec.structs.fields(Config)}
