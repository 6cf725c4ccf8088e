"""What is left of old papers and letters, and from when on they are old.

A paper keeps all that tells it from others: a paper without its authors would be taken for any
other of its title. What only readers looked at goes.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from msgspec.structs import replace

from digest.errors import ConfigError
from digest.known import Wording
from digest.letters import Letter, Receipt
from digest.papers import TELLING_WORDS, Paper, fingerprint, title_key

LEAST = timedelta(days=60)
"""What is younger is needed: candidates are up to a month old, and journals reach back as far."""

_MONTHS = {"m": 1, "y": 12}
_SPAN = re.compile(r"(?P<count>\d{1,3})(?P<unit>[dwmy])")


def since(keep: str, now: datetime) -> datetime:
    """Return from when on all is kept: `keep` is ``90d``, ``26w``, ``18m`` or ``2y``.

    Raises ConfigError for what is no such span, or a shorter one than `LEAST`.
    """
    found = _SPAN.fullmatch(keep.strip())
    if not found:
        raise ConfigError(f"--keep: `{keep}` is no span such as 90d, 26w, 18m or 2y")
    count, unit = int(found["count"]), found["unit"]
    if unit in _MONTHS:
        moment = _months_before(now, count * _MONTHS[unit])
    else:
        moment = now - timedelta(days=count * (7 if unit == "w" else 1))
    if now - moment < LEAST:
        raise ConfigError(f"--keep: `{keep}` is too short; keep at least {LEAST.days}d")
    return moment


def _months_before(now: datetime, months: int) -> datetime:
    year, month = divmod(now.year * 12 + now.month - 1 - months, 12)
    return now.replace(year=year, month=month + 1, day=min(now.day, monthrange(year, month + 1)[1]))


def pruned_paper(paper: Paper, titles: Collection[str] = ()) -> Paper:
    """Return what tells a paper from others: names, title, authors, version.

    `titles` are those it was ever listed under, in their normal form. A short one tells only
    together with the abstract, and a paper that has no identifier can be read only where its
    link leads.
    """
    keys = (title_key(paper.title), *titles)
    telling = all(len(key.split()) >= TELLING_WORDS for key in keys)
    return Paper(
        title=paper.title,
        abstract="" if telling else paper.abstract,
        authors=paper.authors,
        arxiv=paper.arxiv,
        doi=paper.doi,
        openreview=paper.openreview,
        pubmed=paper.pubmed,
        version=paper.version,
        published=paper.published,
        links=() if paper.names else paper.links,
    )


def pruned_wordings(
    wordings: Sequence[Wording], prints: Mapping[str, str], titles: Collection[str] = ()
) -> tuple[tuple[Wording, Wording], ...]:
    """Return wordings that can be pruned, each with what is left of it.

    Where one source has a paper under several names, or in other words than those of its print,
    the wording itself is what its next listing is compared with: it stays.
    """
    several = Counter(each.source for each in wordings)
    return tuple(
        (each, replace(each, paper=pruned_paper(each.paper, titles)))
        for each in wordings
        if several[each.source] == 1 and fingerprint(each.paper) == prints.get(each.source)
    )


def pruned_letter(letter: Letter) -> Letter:
    """Return a letter without what stood in it."""
    return Letter(
        slot=letter.slot,
        made_at=letter.made_at,
        subscriber=letter.subscriber,
        title=letter.title,
        items=(),
        receipt=Receipt(read=0, sources=()),
        keywords=letter.keywords,
    )


def is_pruned(letter: Letter) -> bool:
    """Say whether what stood in a letter is not known any more: it says not even who was read."""
    return letter == pruned_letter(letter)
