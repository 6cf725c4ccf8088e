"""Letters' HTML against a browser, a validator and what mail clients support (Node, Chromium).

`npm install` in ``tests/html`` gets what they need.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from letter_factory import DAY, giant_letter, hostile_letter, letter

from digest.letters import Lost, Missed, Pause, Suggestion, Trouble
from digest.messages import Entry
from digest.render import Renderer

TOOLS = Path(__file__).parent / "html"
IN_CI = os.environ.get("CI") == "true"
LEAVE = "mailto:digest@example.org?subject=unsubscribe"


def _missing() -> str:
    if not shutil.which("node"):
        return "Node is not installed"
    if not (TOOLS / "node_modules").is_dir():
        return "the checks are not installed: npm install in tests/html"
    chromium = os.environ.get("CHROMIUM", "/usr/bin/chromium")
    return "" if Path(chromium).exists() else f"there is no Chromium at {chromium}"


@pytest.fixture(scope="module")
def letters(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    if reason := _missing():
        pytest.fail(reason) if IN_CI else pytest.skip(reason)
    folder = tmp_path_factory.mktemp("letters")
    renderer = Renderer()
    busy = letter(
        first=True,
        test=True,
        troubles=(Trouble(source="arXiv", reason="no answer", since=DAY),),
        lost=(Lost(source="arXiv", first=DAY, last=DAY),),
        suggestions=(Suggestion(keyword="lerning", instead="learning"),),
        missed=tuple(
            Missed(day=DAY - timedelta(days=back), listed=410 * (back % 3), here=back % 4)
            for back in range(14, 0, -1)
        ),
        pause=Pause(since=DAY - timedelta(days=40), back_to=DAY - timedelta(days=14)),
    )
    every = {
        "full": letter(),
        "busy": busy,
        "empty": letter(items=(), thin="weekend", sample=True),
        "public": letter(subscriber="", keywords=()),
        "giant": giant_letter(),
        "unbroken": hostile_letter("Ungetrennt" * 40),
        "hostile": hostile_letter("Ein Titel mit <b>&amp; עברית\u202e"),
    }
    for name, each in every.items():
        html = renderer.letter(each, leave=LEAVE, manage="https://example.org/me").html
        (folder / f"{name}.html").write_text(html, encoding="utf-8")
    return sorted(folder.iterdir())


@pytest.fixture(scope="module")
def index(letters: list[Path]) -> Path:
    entry = Entry(
        id="urn:uuid:2b1f6a54-6a0b-5d6e-9d0e-0c4a8f0d3c11",
        slot=DAY,
        subject="12 June: A paper and 9 more",
        summary="Also: another paper",
        updated=datetime(2026, 6, 12, 5, tzinfo=UTC),
        html="2026-06-12.html",
        markdown="2026-06-12.md",
    )
    path = letters[0].parent.parent / "index.html"
    text = Renderer().pages([entry], title="Paper digest")["index.html"]
    path.write_text(text, encoding="utf-8")
    return path


def problems(kind: str, files: list[Path]) -> list[str]:
    done = subprocess.run(  # noqa: S603 - our own script
        ["node", str(TOOLS / "check.mjs"), kind, *map(str, files)],  # noqa: S607 - found by `_missing`
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert not done.stderr, done.stderr
    return done.stdout.splitlines()


@pytest.mark.tier2
def test_in_a_browser_nothing_bars_anybody_or_scrolls_sideways_on_a_telephone(
    letters: list[Path], index: Path
) -> None:
    assert problems("axe", [*letters, index]) == []
    assert problems("width", [*letters, index]) == []


@pytest.mark.tier2
def test_the_html_is_valid_and_mail_clients_support_all_that_letters_need(
    letters: list[Path], index: Path
) -> None:
    assert problems("valid", [*letters, index]) == []
    assert problems("support", letters) == []
