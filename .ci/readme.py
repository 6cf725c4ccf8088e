"""Write the README's marked commands as scripts, to run what a reader is told to run.

``<!-- ci: run -->`` on the line before a fenced block marks it. The blocks become 1.sh, 2.sh …
in the folder given.

    python3 .ci/readme.py README.md FOLDER
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

MARK = "<!-- ci: run -->"
BLOCK = re.compile(rf"^{MARK}\s*^```\w*\n(?P<commands>.*?)^```$", re.MULTILINE | re.DOTALL)


def commands(readme: str) -> list[str]:
    """Return the marked blocks, without prompts."""
    found = [
        re.sub(r"^\$ ", "", each["commands"], flags=re.MULTILINE) for each in BLOCK.finditer(readme)
    ]
    if not found or len(found) != readme.count(MARK):
        sys.exit(f"README.md: {MARK} stands {readme.count(MARK)} times, before {len(found)} blocks")
    return found


def main(readme: str, folder: str) -> None:
    """Write the scripts."""
    blocks = commands(Path(readme).read_text(encoding="utf-8"))
    for number, script in enumerate(blocks, start=1):
        Path(folder, f"{number}.sh").write_text(script, encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
