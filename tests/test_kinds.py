from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from digest.sources.kinds import KINDS, kind

SOURCES = Path(__file__).parents[1] / "digest" / "sources"


@pytest.mark.parametrize("name", KINDS)
def test_a_kind_is_its_structs_tag(name: str) -> None:
    struct = kind(name)

    assert struct.__struct_config__.tag == name
    assert struct.__struct_config__.tag_field == "kind"
    assert {"requests", "parse", "home"} <= set(dir(struct))
    assert struct.__struct_config__.frozen
    assert struct.__struct_config__.forbid_unknown_fields


def test_every_source_there_is_has_a_kind() -> None:
    written = {
        line.partition('tag="')[2].partition('"')[0]
        for file in SOURCES.glob("*.py")
        for line in file.read_text(encoding="utf-8").splitlines()
        if 'tag="' in line
    }

    assert written == set(KINDS)


def test_a_config_imports_the_sources_that_it_names_alone() -> None:
    script = """
import sys
from pathlib import Path
from digest.config import decode
decode('[[sources]]\\nkind = "files"\\npath = "x"', Path("digest.toml"))
named = {"digest.sources." + each for each in ("arxiv", "scholar", "page", "pubmed")}
assert not named & set(sys.modules), named & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", script], check=True)  # noqa: S603  # A script of ours.
