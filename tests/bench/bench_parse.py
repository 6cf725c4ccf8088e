"""How long pages take to read: medians, side by side. Run: python tests/bench/bench_parse.py."""

from __future__ import annotations

import html
import json
import statistics
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from digest.papers import Page
from digest.sources.files import Files

PAGES = Path(__file__).parents[3] / "shared" / "pages"
RUNS = 15


def page(body: bytes, name: str) -> Page:
    return Page(url=f"file:///{name}", body=body, fetched_at=datetime(2026, 6, 30, tzinfo=UTC))


def median(found: Page) -> tuple[float, int]:
    """Return milliseconds and papers."""
    source, times, papers = Files(path="/x"), [], 0
    for _ in range(RUNS):
        started = time.perf_counter()
        papers = len(source.parse(found).sightings)
        times.append((time.perf_counter() - started) * 1000)
    return statistics.median(times), papers


def main() -> None:
    if not PAGES.is_dir():
        sys.exit(f"no recordings at {PAGES}")
    daily = (PAGES / "huggingface/api_raw/daily_papers_2026-06-12_raw.json").read_bytes()
    props = html.escape(json.dumps({"dailyPapers": json.loads(daily)}))
    built = f'<html><body><div data-target="DailyPapers" data-props="{props}"></div></body></html>'
    named = {
        "daily list, JSON, 30 papers": daily,
        "daily page, HTML, 30 papers": built.encode(),
    }
    for path in sorted(PAGES.glob("arxiv/api*.xml")) + sorted(PAGES.glob("damaged/*")):
        named[path.name] = path.read_bytes()
    for path in sorted(PAGES.glob("huggingface/html/hf*")) + sorted(PAGES.glob("text/*.txt")):
        named[path.name] = path.read_bytes()
    print(f"{'page':62} {'KB':>6} {'papers':>6} {'ms':>8}")
    for name, body in named.items():
        took, papers = median(page(body, name))
        print(f"{name:62} {len(body) / 1024:6.0f} {papers:6} {took:8.2f}")


if __name__ == "__main__":
    main()
