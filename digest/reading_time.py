"""How much of a letter can be read in three minutes: abstracts, summaries, titles. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from digest.letters import Item, Marked

EXCERPTS = 3
"""How many of the first papers show the beginning of their abstract."""

RESERVED = 4
"""For how many titles of the rest there is always room."""

WORDS = 900
"""What can be read in three minutes."""

WORDS_AROUND = 100
"""What a letter's head, headings and foot take of that."""

NUMBER_VOTES_AND_AGE = 10
"""Words that each paper told in full has: its number, "AI summary", "Why", votes, age, a link."""

MOST_AUTHORS = 3
"""Up to how many authors a letter names all."""

WORDS_OF_A_MISSED_DAY = 13
"""What the line of a day without a letter says."""

WORDS_OF_REVISED = 8
"""What a revised paper's line says beside its title."""

WORDS_OF_TITLES = 10
"""To how many words the list at the head cuts a title, or about."""


def within_reading_time(
    items: Sequence[Item], more: Sequence[Item], missed: int = 0
) -> tuple[Item, ...]:
    """Tell the first papers by their abstracts, the others by a sentence.

    As many abstracts, and summaries beside them, as there is time to read when some titles of
    the rest are to be read, too. `missed` counts days that have a line.
    """
    left = _open(missed) - sum(_count(each.title) + 1 for each in more[:RESERVED])
    told: tuple[Item, ...] = ()
    for excerpts, summaries in (
        (EXCERPTS, True),
        *((left, False) for left in range(EXCERPTS, -1, -1)),
    ):
        opened = [_opened(each, summaries=summaries) for each in items[:excerpts]]
        told = (*opened, *(_brief(each) for each in items[excerpts:]))
        if sum(map(_length, told)) <= left:
            break
    return told


def titles_listed(
    told: Sequence[Item],
    revised: Sequence[Item],
    more: Sequence[Item],
    most: int,
    missed: int = 0,
) -> int:
    """Return how many titles of `more` still fit into what can be read in three minutes."""
    left = _open(missed) - sum(_length(each) for each in told)
    left -= sum(_count(each.title) + WORDS_OF_REVISED for each in revised)
    for listed, each in enumerate(more[:most]):
        left -= _count(each.title) + 1
        if left < 0:
            return listed
    return min(most, len(more))


def _open(missed: int) -> int:
    """Return how many words there is time for beside those of the head and the foot."""
    return WORDS - WORDS_AROUND - WORDS_OF_A_MISSED_DAY * missed


def _opened(item: Item, *, summaries: bool) -> Item:
    return item if summaries or not item.excerpt else replace(item, gist=(), machine=False)


def _brief(item: Item) -> Item:
    return replace(item, excerpt=())


def _length(item: Item) -> int:
    title, told = _count(item.title), _count(item.excerpt)
    if item.machine or not told:
        told += _count(item.gist)
    return title + min(title, WORDS_OF_TITLES) + told + _beside(item)


def _beside(item: Item) -> int:
    """Return about how many words name a paper's authors, reasons, sources and links."""
    names = item.paper.authors if len(item.paper.authors) <= MOST_AUTHORS else ()
    authors = len(" ".join(names or (*item.paper.authors[: MOST_AUTHORS - 1], "… +9")).split())
    hits = [each for each in item.reasons if each.signal == "keywords"][:4]
    why = sum(len(each.detail.split()) for each in hits) + 3 * len({each.where for each in hits})
    seen = sum(len(each.source.split()) for each in item.badges)
    links = sum(link.kind in ("code", "project") for link in item.paper.links)
    return NUMBER_VOTES_AND_AGE + authors + why + seen + links


def _count(marked: Marked) -> int:
    return len("".join(span.text for span in marked).split())
