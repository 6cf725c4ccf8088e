"""What a keyword that never hits may have meant. Nothing fuzzy ever hits. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from digest.keywords import Keyword, Text
from digest.latex import readable
from digest.papers import plain
from digest.subscribers import Candidate

CLOSE = 80.0
"""From which ratio of equal characters on (0 to 100) two phrases are close."""


def suggest(keyword: Keyword, pool: Sequence[Candidate]) -> str:
    """Return the phrase of the pool's papers that is closest to a keyword, or ""."""
    from rapidfuzz import fuzz, process  # noqa: PLC0415 - only a keyword without hits pays for it

    wanted = plain(keyword.phrase)
    found = process.extractOne(
        wanted, sorted(_phrases(keyword, pool)), scorer=fuzz.ratio, score_cutoff=CLOSE
    )
    return str(found[0]) if found and found[0] != wanted else ""


def _phrases(keyword: Keyword, pool: Iterable[Candidate]) -> set[str]:
    match keyword.field:
        case "author":
            return {author for each in pool for author in each.paper.authors}
        case "category":
            return {category for each in pool for category in each.paper.categories}
        case _:
            lengths = {max(1, len(keyword.words) + by) for by in (-1, 0, 1)}
            titles = [Text(readable(each.paper.title)).words for each in pool]
            return {
                " ".join(words[at : at + length])
                for words in titles
                for length in lengths
                for at in range(len(words) - length + 1)
            }
