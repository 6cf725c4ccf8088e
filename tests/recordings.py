"""Where the recordings of real pages are: read in place, and never copied into the project.

Tests that need them are skipped where they are absent, and fail there if CI says it is CI.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

PAGES = Path(__file__).parents[2] / "shared" / "pages"

_ABSENT = not PAGES.is_dir()

needs_recordings = pytest.mark.skipif(
    _ABSENT and os.environ.get("CI") != "true", reason=f"no recordings at {PAGES}"
)
"""Mark a test that reads recordings."""


def recorded(folder: str) -> list[Path]:
    """Return the recordings in a folder, sorted; fail if there are none."""
    found = sorted(path for path in (PAGES / folder).glob("*") if path.is_file())
    assert found, f"no recordings in {PAGES / folder}"
    return found
