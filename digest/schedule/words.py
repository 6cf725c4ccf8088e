"""Plain words for when something runs: "weekdays at 07:00". Pure: it never looks at a zone.

    line    = days "at" times | rhythm
    days    = "daily" | "every day" | "weekdays" | "weekends" | weekday… | "on the" 1st…
    times   = 07:00 | 7 | "noon" | "midnight", several with commas and "and"
    rhythm  = "every" [number] ("hours" | "minutes") ["from" 8 "to" 20] ["on" days]

A weekday is said as Monday, Mondays or Mon; "on" and "every" may stand before it, and "Monday to
Friday" is a range. The order of words is this one, capitals do not count. For example:

    every hour
    every 2 hours
    every 15 minutes
    every hour from 8 to 20
    every 30 minutes from 8 to 20 on weekdays
    daily at 07:00 and 17:30
    every day at 7
    weekdays at 07:00
    every weekday at 7, 12 and 17
    weekends at 10:00
    Mondays and Thursdays at 9:30
    Monday to Thursday at noon
    on Fridays at 16:00
    on the 1st at 08:00
    on the 1st and 15th at midnight

"Every …" goes by real time: an hour that is repeated in autumn has its ticks, too. What is "at"
a time comes once a day, in spring right after the hour that is skipped, if it is in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import NoReturn

from digest.errors import ScheduleError
from digest.schedule.crontab import Token
from digest.schedule.rows import ALL_DAYS, ALL_HOURS, ALL_WEEKDAYS, WEEKDAYS, Row, ascending, whole

_WORKDAYS, _WEEKEND = (0, 1, 2, 3, 4), (5, 6)
_LONG = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

_DAY = {
    name: number
    for number, (short, long) in enumerate(zip(WEEKDAYS, _LONG, strict=True))
    for name in (short, long, f"{long}s")
}
_GROUPS = {
    "daily": ALL_WEEKDAYS,
    "day": ALL_WEEKDAYS,
    "days": ALL_WEEKDAYS,
    "weekday": _WORKDAYS,
    "weekdays": _WORKDAYS,
    "weekend": _WEEKEND,
    "weekends": _WEEKEND,
}
_NAMED_TIMES = {"midnight": (0, 0), "noon": (12, 0)}
_SPANS = {"minute": 60, "minutes": 60, "hour": 24, "hours": 24}

_TIME = re.compile(r"(?P<hour>\d{1,2})(?::(?P<minute>\d{2}))?")
_ORDINAL = re.compile(r"(?P<day>\d{1,2})(?:st|nd|rd|th)")

_VOCABULARY = (
    *_DAY,
    *_GROUPS,
    *_NAMED_TIMES,
    *_SPANS,
    *("every", "at", "on", "the", "and", "from", "to"),
)


class _Words:
    """The words of a line, read one by one; a comma is a word. The last word is "", the end."""

    def __init__(self, text: str, tokens: Sequence[Token]) -> None:
        self._text = text
        self._tokens = [part for token in tokens for part in _parts(token)]
        self._at = 0

    @property
    def word(self) -> str:
        """The word that is next."""
        return self._tokens[self._at].text.lower() if self._at < len(self._tokens) else ""

    def take(self) -> str:
        """Return the next word, and go on."""
        word = self.word
        self._at += 1
        return word

    def skip(self, *words: str) -> bool:
        """Go past the next word if it is one of these; say whether it was."""
        found = self.word in words
        self._at += found
        return found

    def need(self, wanted: str) -> None:
        """Go past a word that must be here."""
        if not self.skip(wanted):
            self.refuse(f"`{wanted}`")

    def refuse(self, wanted: str) -> NoReturn:
        """Raise ScheduleError: something else is wanted here."""
        if not self.word:
            raise ScheduleError(self._text, len(self._text) + 1, f"{wanted} is missing at the end")
        found = self._tokens[self._at]
        raise ScheduleError(
            self._text, found.column, f"{wanted} is wanted here, not `{found.text}`{self._meant()}"
        )

    def wrong(self, reason: str) -> NoReturn:
        """Raise ScheduleError about the word that was taken last."""
        found = self._tokens[self._at - 1]
        raise ScheduleError(self._text, found.column, reason)

    def _meant(self) -> str:
        from rapidfuzz import process  # noqa: PLC0415 - only a slip pays for it

        best = process.extractOne(self.word, _VOCABULARY, score_cutoff=75)
        return f" (did you mean `{best[0]}`?)" if best and best[0] != self.word else ""


def _parts(token: Token) -> Iterable[Token]:
    for match in re.finditer(r",|[^,]+", token.text):
        yield Token(text=match[0], column=token.column + match.start())


def rows(text: str, tokens: Sequence[Token]) -> tuple[Row, ...]:
    """Read a line of words. Raises ScheduleError with the column of what is not understood."""
    words = _Words(text, tokens)
    every = words.skip("every")
    found = _rhythm(words) if every and _begins_rhythm(words.word) else _at_times(words)
    if words.word:
        words.refuse("the end, or a zone such as Europe/Berlin,")
    return found


def _begins_rhythm(word: str) -> bool:
    return word in _SPANS or whole(word) is not None


def _at_times(words: _Words) -> tuple[Row, ...]:
    weekdays, days = _days(words)
    words.need("at")
    times = [_time(words)]
    while _another(words):
        times.append(_time(words))
    return tuple(
        Row(
            minutes=(minute,),
            hours=ascending(hour for _, hour in same),
            days=days,
            weekdays=weekdays,
        )
        for minute, same in groupby(sorted((m, h) for h, m in times), key=lambda time: time[0])
    )


def _another(words: _Words) -> bool:
    """Go past what joins a list: a comma, "and", or both."""
    comma = words.skip(",")
    return words.skip("and") or comma


def _days(words: _Words) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return days of the week and days of the month; one of them is all there are."""
    if words.skip("on") and words.skip("the"):
        return ALL_WEEKDAYS, _ordinals(words)
    if words.word in _GROUPS:
        return _GROUPS[words.take()], ALL_DAYS
    found = _weekdays(words)
    while _another(words):
        found |= _weekdays(words)
    return ascending(found), ALL_DAYS


def _weekdays(words: _Words) -> set[int]:
    first = _weekday(words)
    if not words.skip("to"):
        return {first}
    last = _weekday(words)
    return {(first + ahead) % 7 for ahead in range((last - first) % 7 + 1)}


def _weekday(words: _Words) -> int:
    if words.word not in _DAY:
        words.refuse("a day such as `weekdays`, `daily`, `Mondays` or `on the 1st`")
    return _DAY[words.take()]


def _ordinals(words: _Words) -> tuple[int, ...]:
    found = [_ordinal(words)]
    while _another(words):
        found.append(_ordinal(words))
    return ascending(found)


def _ordinal(words: _Words) -> int:
    match = _ORDINAL.fullmatch(words.word)
    if match is None:
        words.refuse("a day of the month such as `1st`")
    words.take()
    day = int(match["day"])
    if not 1 <= day <= 31:  # noqa: PLR2004 - as calendars have it
        words.wrong(f"no month has a day {day}")
    return day


def _time(words: _Words) -> tuple[int, int]:
    """Return hour and minute."""
    if words.word in _NAMED_TIMES:
        return _NAMED_TIMES[words.take()]
    match = _TIME.fullmatch(words.word)
    if match is None:
        words.refuse("a time such as 07:00 or 17:30")
    words.take()
    hour, minute = int(match["hour"]), int(match["minute"] or 0)
    if hour > 23 or minute > 59:  # noqa: PLR2004 - as clocks have it
        words.wrong(f"`{match[0]}` is no time of day; 00:00 to 23:59 are")
    return hour, minute


def _rhythm(words: _Words) -> tuple[Row, ...]:
    number = whole(words.word)
    if number is None:
        number = 1
    else:
        words.take()
    if words.word not in _SPANS:
        words.refuse("`minutes` or `hours`")
    unit = words.take()
    span = _SPANS[unit]
    if number < 1 or span % number:
        fit = ", ".join(str(each) for each in range(1, span + 1) if span % each == 0)
        words.wrong(f"every {number} {unit} does not come out even: take one of {fit}")
    hours = _hours(words)
    weekdays = _on_days(words)
    if span == len(ALL_HOURS):
        return (Row(minutes=(0,), hours=hours[::number], weekdays=weekdays, real=len(hours) > 1),)
    return _by_minutes(number, hours, weekdays)


def _by_minutes(number: int, hours: tuple[int, ...], weekdays: tuple[int, ...]) -> tuple[Row, ...]:
    """Return rows whose last tick is at the full last hour: what is said to go on to 20."""
    minutes = tuple(range(0, 60, number))
    if hours == ALL_HOURS:
        return (Row(minutes=minutes, hours=hours, weekdays=weekdays, real=True),)
    whole = Row(minutes=minutes, hours=hours[:-1], weekdays=weekdays, real=True)
    return (whole, Row(minutes=(0,), hours=hours[-1:], weekdays=weekdays, real=True))


def _hours(words: _Words) -> tuple[int, ...]:
    """Return the hours that a rhythm keeps to, the last one told included."""
    if not words.skip("from"):
        return ALL_HOURS
    first = _full_hour(words)
    words.need("to")
    last = _full_hour(words)
    if last <= first:
        words.wrong("the hours end before they begin; write two lines for a night")
    return tuple(range(first, last + 1))


def _full_hour(words: _Words) -> int:
    hour, minute = _time(words)
    if minute:
        words.wrong("full hours alone can be told here")
    return hour


def _on_days(words: _Words) -> tuple[int, ...]:
    if words.word != "on":
        return ALL_WEEKDAYS
    weekdays, days = _days(words)
    if days != ALL_DAYS:
        words.wrong("days of the week alone can be told here")
    return weekdays
