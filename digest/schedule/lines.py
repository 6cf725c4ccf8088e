"""A line of `[schedule]`: crontab(5)'s fields or plain words, and the zone that may follow.

    weekdays at 07:00
    weekdays at 07:00 Europe/Berlin
    0 20 * * 0-4 America/New_York
    @daily UTC

Pure: it never says when the next tick is; `ticks` does.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from digest.errors import ScheduleError
from digest.schedule import crontab, words
from digest.schedule.crontab import Token
from digest.schedule.rows import Row

_ZONE = re.compile(r"[A-Za-z]\w*/[\w+/-]+|UTC")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What a line means. `text` is how it was written; its ticks are those of all rows."""

    text: str
    zone: str
    rows: tuple[Row, ...]


def parse(text: str, zone: str) -> Line:
    """Read a line; `zone` is where it holds unless it names one. Raises ScheduleError."""
    tokens = [Token(text=word[0], column=word.start() + 1) for word in re.finditer(r"\S+", text)]
    if not tokens:
        raise ScheduleError(text, 1, "nothing is here; write `weekdays at 07:00`, or a cron line")
    own, rest = _zone(text, tokens)
    form = crontab if crontab.is_crontab(rest) else words
    return Line(text=text, zone=own or zone, rows=form.rows(text, rest))


def _zone(text: str, tokens: Sequence[Token]) -> tuple[str, Sequence[Token]]:
    """Return the zone at the end of a line, or "", and what stands before it.

    `mon-fri/2` is no zone: a zone follows all five fields.
    """
    last = tokens[-1]
    fields = crontab.is_crontab(tokens) and len(tokens) == len(crontab.FIELDS)
    if len(tokens) == 1 or fields or not _ZONE.fullmatch(last.text):
        return "", tokens
    if not is_zone(last.text):
        raise ScheduleError(
            text, last.column, f"`{last.text}` is no zone; name one like Europe/Berlin"
        )
    return last.text, tokens[:-1]


def is_zone(name: str) -> bool:
    """Say whether there is a zone of that name."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True
