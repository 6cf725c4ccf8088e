"""Why a paper has points. Pure."""

from __future__ import annotations

from msgspec import Struct


class Reason(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Why a paper has points: the reasons of a score add up to it.

    `signal` is ``keywords``, ``votes`` or ``recency``; `detail` is what was seen: a keyword's
    words, the number of votes, the age in days. `where` is ``title``, ``abstract``, ``authors``,
    ``categories`` or "". `hit` is False for words of a keyword that only stand apart.
    """

    signal: str
    points: float
    detail: str
    where: str = ""
    hit: bool = True
