"""The built-in sample, rehearsed day by day: what `digest once --dry-run` shows without a config.

It reads the pages in ``sample/``, and nothing from outside.
"""

from __future__ import annotations

from contextlib import ExitStack
from datetime import date
from pathlib import Path

from digest.app import Setting, Tell, check_reader, clock, me, moment, opened, parts, silence
from digest.config import decode
from digest.fetch import Fetcher
from digest.muted import muted
from digest.report import Run
from digest.runs import run
from digest.store import Store

SAMPLE = Path(__file__).parent / "sample"


def sample_days() -> list[date]:
    """Return the days of the built-in sample."""
    return sorted(
        date.fromisoformat(each.name) for each in SAMPLE.iterdir() if each.name[:1] == "2"
    )


def sample(only: str, folder: Path = Path(), *, quiet: bool = False, tell: Tell = silence) -> Run:
    """Rehearse the sample's days one after the other and preview the last one's letter."""
    text = (SAMPLE / "digest.toml").read_text(encoding="utf-8")
    days = sample_days()
    runs: list[Run] = []
    with ExitStack() as stack:
        store: Store | None = None
        for day in days:
            config = decode(text.replace("{day}", day.isoformat()), SAMPLE / "digest.toml")
            now = moment(day.isoformat(), config.newsletter.timezone, clock())
            setting = Setting(
                config=config,
                now=now,
                dry_run=True,
                only=only,
                sample=True,
                quiet=quiet,
                folder=folder,
                tell=tell,
            )
            check_reader(setting)
            store = store or stack.enter_context(opened(setting))
            with Fetcher(config.http, now=now) as fetcher:
                made = parts(setting, store, fetcher, me())
                runs.append(run(made if day == days[-1] else muted(made)))
    return runs[-1]
