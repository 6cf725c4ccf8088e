"""Pages to read in tests: small ones written for them, and those put together on the spot."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from digest.papers import Page
from digest.sources import Parsed, Source

NOW = datetime(2026, 6, 15, 6, tzinfo=UTC)
DAILY = "https://huggingface.co/api/daily_papers?date=2026-06-12&limit=100"
TITLES = ["Notes on an Analytical Engine", "On Looms"]

_OWN = Path(__file__).parent / "pages"


def own(name: str) -> str:
    """Return a page of `tests/pages`."""
    return (_OWN / name).read_text(encoding="utf-8")


def read(source: Source, body: str | bytes, url: str = DAILY, content_type: str = "") -> Parsed:
    """Read what came from an address."""
    raw = body if isinstance(body, bytes) else body.encode()
    return source.parse(Page(url=url, body=raw, content_type=content_type, fetched_at=NOW))


def item(number: int = 1, **fields: Any) -> dict[str, Any]:
    """Return a paper as Hugging Face's API lists it."""
    return {"paper": {"id": f"2606.{number:05}", "title": f"Paper {number}", **fields}}


def reasons(parsed: Parsed) -> str:
    """Return what is wrong with a page, in one text."""
    return " | ".join(str(error) for error in parsed.errors)
