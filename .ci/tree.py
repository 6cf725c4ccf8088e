"""Look for what must not be in the tree, in every file that git tracks.

addresses of package registries, and lock files that hold them
paths of the machine that something was written on
sentences of the recorded pages: they are others' data

python3 .ci/tree.py [FOLDER OF RECORDED PAGES]
"""

from __future__ import annotations

import html
import json
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

FORBIDDEN = {
    "a registry's address": re.compile(
        r"\bpypi\.(?:org|io)|pythonhosted\.org|\bregistry\.(?:npmjs|yarnpkg)\.|\bfiles\.pyth[o]n",
        re.IGNORECASE,
    ),
    "a path of a machine": re.compile(
        r"(?<![\w.])/(?:work|root/\.\w+|tmp/w|tmp/ci|opt/wheels)(?![\w-])"
    ),
}
LOCKS = re.compile(
    r"(?:^|/)(?:(?:uv|poetry|pdm)\.lock|pylock.*\.toml|Pipfile\.lock"
    r"|package-lock\.json|npm-shrinkwrap\.json|yarn\.lock|pnpm-lock\.yaml)$"
)
SHINGLE = 9
"""How many words in a row are a copy. Fewer are what anybody may write."""

SENTENCE = 20
"""How many words a text of the recordings has at least; what is shorter are titles and labels."""

_WORD = re.compile(r"[^\W_]+")
_BETWEEN_TAGS = re.compile(r">([^<]+)<")


def tracked() -> dict[str, str]:
    """Return the text of every tracked file by its path; pictures and such are left out."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], capture_output=True, text=True, check=True
    ).stdout
    texts = {}
    for name in filter(None, listed.split("\0")):
        try:
            texts[name] = Path(name).read_text(encoding="utf-8")
        except (UnicodeDecodeError, FileNotFoundError):
            continue
    return texts


def forbidden(texts: dict[str, str]) -> Iterator[str]:
    """Yield addresses, paths and lock files."""
    for name, text in texts.items():
        if LOCKS.search(name):
            yield f"{name}: a lock file"
        for at, line in enumerate(text.splitlines(), start=1):
            for what, pattern in FORBIDDEN.items():
                if found := pattern.search(line):
                    yield f"{name}:{at}: {what}: {found[0]}"


def shingles(text: str) -> Iterator[tuple[str, ...]]:
    """Yield every run of `SHINGLE` words."""
    words = _WORD.findall(html.unescape(text).casefold())
    return zip(*(words[start:] for start in range(SHINGLE)), strict=False)


def sentences(path: Path) -> Iterator[str]:
    """Yield the longer texts of a recorded page."""
    text = path.read_text(encoding="utf-8", errors="replace")
    pieces: Iterable[str]
    if path.suffix in (".json", ".jsonl"):
        pieces = _strings(text)
    elif path.suffix in (".xml", ".html"):
        pieces = _BETWEEN_TAGS.findall(text)
    else:
        pieces = text.splitlines()
    return (piece for piece in pieces if len(piece.split()) >= SENTENCE)


def _strings(text: str) -> Iterator[str]:
    try:
        waiting: list[object] = [json.loads(text)]
    except ValueError:
        waiting = []
        for line in text.splitlines():
            try:
                waiting.append(json.loads(line))
            except ValueError:
                waiting.append(line)
    while waiting:
        match waiting.pop():
            case str(piece):
                yield piece
            case list(items):
                waiting.extend(items)
            case dict(items):
                waiting.extend(items.values())


def copied(texts: dict[str, str], pages: Path) -> Iterator[str]:
    """Yield the files that hold a recording's words, with those words; each file once."""
    where = {hash(run): name for name, text in texts.items() for run in shingles(text)}
    told: set[str] = set()
    for path in sorted(each for each in pages.rglob("*") if _is_recording(each)):
        for sentence in sentences(path):
            for run in shingles(sentence):
                name = where.get(hash(run))
                if name and name not in told and run in shingles(texts[name]):
                    told.add(name)
                    yield f"{name}: words of {path.name}: {' '.join(run)}"


def _is_recording(path: Path) -> bool:
    return path.suffix in _READ and path.name != "README.md"


_READ = frozenset({".json", ".jsonl", ".xml", ".html", ".txt", ".md"})


def main(pages: str = "") -> None:
    """Print what is wrong and exit 1 if anything is."""
    texts = tracked()
    wrong = list(forbidden(texts))
    if pages:
        wrong += copied(texts, Path(pages))
    print(*wrong, f"{len(texts)} files looked at, {len(wrong)} faults", sep="\n")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
