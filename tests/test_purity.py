"""What import contracts cannot see: that pure modules read no clock, file, environment or dice.

Which modules are pure is said once, in the import contract of that name in pyproject.toml.
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import digest

ROOT = Path(__file__).parents[1]
PACKAGE = Path(digest.__file__).parent

IMPURE_CALLS = frozenset({"open", "input", "print", "exec", "eval", "__import__"})
IMPURE_METHODS = frozenset(
    {
        *("utcnow", "monotonic", "perf_counter"),
        *("read_text", "read_bytes", "write_text", "write_bytes", "mkdir", "unlink", "iterdir"),
        *("uuid1", "uuid4", "getenv", "urandom", "token_hex", "token_urlsafe"),
    }
)
IMPURE_MODULES = frozenset(
    {"os", "random", "secrets", "time", "tempfile", "shutil", "urllib.request"}
)


def pure_modules() -> list[str]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    contracts = settings["tool"]["importlinter"]["contracts"]
    (purity,) = (each for each in contracts if each["id"] == "purity")
    return [str(name) for name in purity["source_modules"]]


def files(module: str) -> list[Path]:
    path = PACKAGE.joinpath(*module.split(".")[1:])
    return sorted(path.rglob("*.py")) if path.is_dir() else [path.with_suffix(".py")]


def impurities(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Call(func=ast.Name(id=name)) if name in IMPURE_CALLS:
                yield f"line {node.lineno}: {name}()"
            case ast.Attribute(attr=name) if name in IMPURE_METHODS:
                yield f"line {node.lineno}: .{name}"
            case ast.Attribute(
                value=ast.Name(id="datetime" | "date" as name), attr="now" | "today"
            ):
                yield f"line {node.lineno}: {name}'s clock"
            case ast.Import(names=names):
                yield from (
                    f"line {node.lineno}: import {each.name}"
                    for each in names
                    if each.name in IMPURE_MODULES
                )
            case ast.ImportFrom(module=str(name)) if name in IMPURE_MODULES:
                yield f"line {node.lineno}: from {name} import"


@pytest.mark.parametrize("module", pure_modules())
def test_a_pure_module_needs_nothing_but_its_arguments(module: str) -> None:
    found = [
        f"{path.name}, {what}" for path in files(module) for what in impurities(path.read_text())
    ]
    assert not found


@pytest.mark.parametrize(
    "source",
    [
        "open('x')",
        "datetime.now(UTC)",
        "date.today()",
        "import os",
        "from random import choice",
        "clock = datetime.now",
        "Path('x').read_text()",
        "uuid.uuid4()",
    ],
)
def test_an_impurity_is_found(source: str) -> None:
    assert list(impurities(source))


def test_what_calls_itself_pure_is_held_to_it() -> None:
    says_so = {
        "digest." + ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
        for path in PACKAGE.rglob("*.py")
        if re.search(r"\bPure\b", ast.get_docstring(ast.parse(path.read_text())) or "")
    }
    pure = pure_modules()
    assert not {
        name for name in says_so if not any(f"{name}.".startswith(f"{each}.") for each in pure)
    }


def test_the_map_names_every_module_and_nothing_else() -> None:
    """The map stands in the package's docstring: a name at the start of an indented line."""
    listed = re.findall(r"^ {4}(\w+)(?:\.py|/)? {2,}\S", digest.__doc__ or "", re.MULTILINE)
    modules = {
        path.stem
        for path in PACKAGE.iterdir()
        if path.name != "__init__.py" and (path.suffix == ".py" or (path / "__init__.py").exists())
    }
    assert set(listed) - {"sample"} == modules
    assert len(listed) == len(set(listed))
