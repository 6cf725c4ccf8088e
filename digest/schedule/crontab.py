"""The five fields of crontab(5): minute, hour, day of month, month, day of week.

    0 7 * * 1-5        weekdays at 07:00        */15 8-20 * * *    each quarter of these hours
    30 9 * * mon,thu   also by name             0 8 1 * *          on the 1st at 08:00

Names are the first three letters, in any case; a range or `*` may have a step (`8-20/2`); day of
week 0 and 7 are Sunday. `@hourly`, `@daily`, `@midnight`, `@weekly`, `@monthly`, `@yearly` and
`@annually` stand for the lines that crontab(5) says. As in Debian's cron, a line whose minute or
hour begins with `*` goes by real time.

Day of month and day of week together are refused: crontab(5) runs on days that are either, other
programs on days that are both. So is a range that goes past its end (`fri-mon`), as in cron.
Pure: it never looks at a zone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NoReturn

from digest.errors import ScheduleError
from digest.schedule.rows import MONTHS, WEEKDAYS, Row, ascending, whole

NICKNAMES: Mapping[str, str] = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}

_CRON_DAYS = ("sun", *WEEKDAYS)
"""The names of days by crontab(5)'s numbers; 7 is Sunday, too."""

_PART = re.compile(r"(?P<first>\*|\w+)(?:-(?P<last>\w+))?(?:/(?P<step>[0-9]{1,4}))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A word of a line, and the column where it begins, from 1."""

    text: str
    column: int


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    least: int
    most: int
    names: tuple[str, ...] = ()

    def number(self, text: str) -> int | None:
        if (number := whole(text)) is not None:
            return number
        folded = text.lower()
        return self.names.index(folded) + self.least if folded in self.names else None


FIELDS = (
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day of month", 1, 31),
    _Field("month", 1, 12, MONTHS),
    _Field("day of week", 0, 7, _CRON_DAYS),
)


def is_crontab(tokens: Sequence[Token]) -> bool:
    """Say whether a line is meant as crontab(5)'s: words begin with a letter."""
    return not tokens[0].text[0].isalpha()


def rows(text: str, tokens: Sequence[Token]) -> tuple[Row, ...]:
    """Read the fields of a line. Raises ScheduleError with the field and its column."""
    if tokens[0].text.startswith("@"):
        return (_nickname(text, tokens),)
    if len(tokens) != len(FIELDS):
        reason = (
            f"five fields are needed (minute, hour, day of month, month, day of week), and "
            f"{len(tokens)} are here; after them, a zone such as Europe/Berlin may stand"
        )
        raise ScheduleError(text, tokens[min(len(tokens) - 1, len(FIELDS))].column, reason)
    return (_row(text, tokens),)


def _nickname(text: str, tokens: Sequence[Token]) -> Row:
    meant = NICKNAMES.get(tokens[0].text.lower())
    if meant is None or len(tokens) > 1:
        known = ", ".join(NICKNAMES)
        slip = tokens[0] if meant is None else tokens[1]
        raise ScheduleError(text, slip.column, f"`{slip.text}` is none of {known}")
    fields = [Token(text=field, column=1) for field in meant.split()]
    return _row(text, fields)


def _row(text: str, tokens: Sequence[Token]) -> Row:
    minute, hour, day, _, weekday = tokens
    if day.text != "*" and weekday.text != "*":
        reason = (
            "day of month and day of week together mean either day to some programs and both to "
            "others; make one of them `*`, or write two lines"
        )
        raise ScheduleError(text, weekday.column, reason)
    minutes, hours, days, months, weekdays = (
        _numbers(text, token, field) for token, field in zip(tokens, FIELDS, strict=True)
    )
    row = Row(
        minutes=minutes,
        hours=hours,
        days=days,
        months=months,
        weekdays=ascending((number - 1) % 7 for number in weekdays),
        real=minute.text.startswith("*") or hour.text.startswith("*"),
    )
    if not row.comes:
        raise ScheduleError(text, day.column, "no such day ever comes in the months named")
    return row


def _numbers(text: str, token: Token, field: _Field) -> tuple[int, ...]:
    found: set[int] = set()
    column = token.column
    for part in token.text.split(","):
        found.update(_range(text, Token(text=part, column=column), field))
        column += len(part) + 1
    return ascending(found)


def _range(text: str, part: Token, field: _Field) -> range:
    match = _PART.fullmatch(part.text)
    if match is None:
        _refuse(text, part, field, "is not like 5, 1-5, */15, 8-20/2 or several with commas")
    first, last, step = match["first"], match["last"], int(match["step"] or 1)
    if step < 1:
        _refuse(text, part, field, "has a step of 0; make it 1 or more")
    if first == "*" and last is None:
        return range(field.least, field.most + 1, step)
    if last is None and match["step"]:
        _refuse(text, part, field, f"has a step without a range; write {first}-{field.most}/{step}")
    start = _number(text, part, first, field)
    end = start if last is None else _number(text, part, last, field)
    if end < start:
        _refuse(text, part, field, "ends before it begins; list what is meant, with commas")
    return range(start, end + 1, step)


def _number(text: str, part: Token, written: str, field: _Field) -> int:
    number = field.number(written)
    if number is None:
        names = f" or one of {', '.join(field.names)}" if field.names else ""
        _refuse(text, part, field, f"has `{written}`, which is no number{names}")
    if not field.least <= number <= field.most:
        _refuse(text, part, field, f"is not between {field.least} and {field.most}")
    return number


def _refuse(text: str, part: Token, field: _Field, reason: str) -> NoReturn:
    raise ScheduleError(text, part.column, f"{field.name} `{part.text}` {reason}")
