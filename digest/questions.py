"""What is asked beside a run: why a paper was chosen, and what a keyword finds.

Nothing that is asked here is remembered.
"""

from __future__ import annotations

import dataclasses

from digest.app import Setting, check_reader, fetching, looking, me, opened, parts
from digest.explain import Explanation
from digest.keywords import parse
from digest.pipeline import looks
from digest.reach import Reach, Window


def explain(setting: Setting, text: str) -> tuple[Explanation, ...]:
    """Say what each paper that `text` means is to each reader, or to the chosen one."""
    check_reader(setting)
    rehearsed = dataclasses.replace(setting, dry_run=True)
    with opened(rehearsed) as store, fetching(setting) as fetcher:
        return looks.explain(parts(rehearsed, store, fetcher, me()), text)


def reach(setting: Setting, text: str, days: int) -> Reach:
    """Try a keyword on the papers of the last days. Raises KeywordError for a slip in it."""
    keyword, config = parse(text), setting.config
    window = Window(setting.now, days, config.newsletter.timezone)
    with looking(setting) as store:
        return looks.reach(store, keyword, window, rank=config.rank)
