"""When ticks are: against a cron that looks at its clock every minute."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from zones import moments, zones

from digest.schedule import Line, Timetable, on_calendar, parse
from digest.schedule.rows import Row
from digest.schedule.ticks import next_tick

MINUTE = timedelta(minutes=1)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def ticks(text: str, zone: str, after: str, until: str) -> list[str]:
    """Return the ticks of a line as the clocks of its zone show them."""
    line = parse(text, zone)
    found = Timetable(publish=(line,)).between("publish", at(after), at(until))
    return [tick.astimezone(ZoneInfo(line.zone)).strftime("%d %H:%M%z") for tick in found]


# A cron that knows nothing of APScheduler


def matches(row: Row, wall: datetime) -> bool:
    return (
        wall.minute in row.minutes
        and wall.hour in row.hours
        and wall.day in row.days
        and wall.month in row.months
        and wall.weekday() in row.weekdays
    )


def reference(line: Line, after: datetime, until: datetime) -> Iterator[datetime]:
    """Look at the clock every minute, as cron does.

    Lines that go by real time match what it shows. For the others time goes on only when the
    clock shows a time later than any before, and what was skipped is made up for at once.
    """
    zone = ZoneInfo(line.zone)
    moment = after.replace(second=0, microsecond=0) - timedelta(days=2)
    seen = moment.astimezone(zone).replace(tzinfo=None)
    while moment < until:
        moment += MINUTE
        wall = moment.astimezone(zone).replace(tzinfo=None)
        passed = []
        while seen < wall:
            seen += MINUTE
            passed.append(seen)
        real = any(row.real and matches(row, wall) for row in line.rows)
        fixed = any(matches(row, each) for row in line.rows if not row.real for each in passed)
        if moment > after and (real or fixed):
            yield moment


minutes = st.sampled_from(["0", "30", "59", "*/15", "*", "7,40", "*/30", "0-10/5"])
hours = st.sampled_from(["*", "0", "1", "2", "3", "23", "1-3", "*/2", "2,14", "0-6/3"])
days = st.sampled_from([("*", "*")] * 3 + [("*", "1-5"), ("*", "0,6"), ("29,30,31", "*")])
lines = st.builds(
    lambda minute, hour, day, zone: parse(f"{minute} {hour} {day[0]} * {day[1]}", zone),
    minutes,
    hours,
    days,
    zones,
) | st.builds(
    parse,
    st.sampled_from(["every 2 hours", "every 30 minutes from 0 to 4", "daily at 2 and 2:30"]),
    zones,
)


@settings(max_examples=100, deadline=None)
@given(lines, moments)
@example(parse("30 2 * * *", "Europe/Berlin"), at("2026-03-28T12:00Z"))
@example(parse("*/30 * * * *", "Europe/Berlin"), at("2026-10-25T00:45Z"))
@example(parse("0 12 * * *", "Pacific/Apia"), at("2011-12-30T00:00Z"))
def test_ticks_are_those_of_a_cron_that_looks_every_minute(line: Line, after: datetime) -> None:
    until = after + timedelta(hours=30)
    found = Timetable(collect=(line,)).between("collect", after, until)
    assert list(found) == list(reference(line, after, until))[:1000]


@settings(max_examples=15, deadline=None)
@given(zones, st.integers(0, 23), st.integers(0, 59), st.integers(1990, 2037))
def test_what_is_at_a_time_comes_once_every_day(
    zone: str, hour: int, minute: int, year: int
) -> None:
    line = parse(f"daily at {hour}:{minute:02}", zone)
    start = datetime(year, 1, 1, tzinfo=ZoneInfo(zone)) - timedelta(seconds=1)
    found = Timetable(publish=(line,)).between(
        "publish", start, datetime(year + 1, 1, 1, tzinfo=ZoneInfo(zone)) - timedelta(seconds=1)
    )
    leap = year % 4 == 0
    assert len(found) == 365 + leap
    shown = [tick.astimezone(ZoneInfo(zone)) for tick in found]
    skipped = zone == "Pacific/Apia" and year == 2011  # The 30th comes as the 31st begins.
    assert len({each.date() for each in shown}) == 365 + leap - skipped


@pytest.mark.parametrize(
    ("text", "zone", "after", "until", "found"),
    [
        (
            "daily at 2:30",
            "Europe/Berlin",
            "2026-03-28T00:00Z",
            "2026-03-30T12:00Z",
            ["28 02:30+0100", "29 03:00+0200", "30 02:30+0200"],
        ),
        (
            "daily at 2:30",
            "Europe/Berlin",
            "2026-10-24T12:00Z",
            "2026-10-26T12:00Z",
            ["25 02:30+0200", "26 02:30+0100"],
        ),
        (
            "every hour",
            "Europe/Berlin",
            "2026-10-24T23:30Z",
            "2026-10-25T02:30Z",
            ["25 02:00+0200", "25 02:00+0100", "25 03:00+0100"],
        ),
        (
            "daily at 2:15",
            "Australia/Lord_Howe",
            "2026-10-03T00:00Z",
            "2026-10-05T00:00Z",
            ["04 02:30+1100", "05 02:15+1100"],
        ),
        (
            "daily at 9:00",
            "Pacific/Apia",
            "2011-12-29T00:00Z",
            "2011-12-31T00:00Z",
            ["29 09:00-1000", "31 00:00+1400", "31 09:00+1400"],
        ),
        (
            "0 7 29 2 *",
            "Asia/Kolkata",
            "2096-03-01T00:00Z",
            "2108-03-01T00:00Z",
            ["29 07:00+0530", "29 07:00+0530"],
        ),
    ],
)
def test_ticks_on_days_of_23_and_25_hours_and_days_there_are_not(
    text: str, zone: str, after: str, until: str, found: list[str]
) -> None:
    assert ticks(text, zone, after, until) == found


@settings(max_examples=60, deadline=None)
@given(lines, moments)
def test_the_last_tick_is_the_one_that_nothing_follows(line: Line, until: datetime) -> None:
    table = Timetable(publish=(line,))
    last = table.last("publish", until)
    assert last
    assert last <= until
    following = table.next("publish", last)
    assert following
    assert following > until
    assert next_tick(line, last - MINUTE / 2) == last


def test_many_ticks_that_were_missed_are_due_as_one() -> None:
    table = Timetable(collect=(parse("every 15 minutes", "UTC"),))
    slept, woke = at("2026-06-12T08:00Z"), at("2026-06-15T08:07Z")
    assert table.due("collect", slept, woke)
    assert not table.due("collect", at("2026-06-15T08:00Z"), woke)
    assert table.due("collect", at("2026-06-15T08:00Z"), at("2026-06-15T08:15Z"))


def test_a_step_without_lines_has_no_ticks() -> None:
    table, now = Timetable(), at("2026-06-12T08:00Z")
    assert table.next("publish", now) is None
    assert table.last("publish", now) is None
    assert not table.due("publish", now, now + timedelta(days=9))
    assert table.between("publish", now, now + timedelta(days=9)) == ()


def test_lines_of_a_step_are_one_list_of_ticks() -> None:
    table = Timetable(
        publish=(parse("daily at 7", "Asia/Tokyo"), parse("daily at 7 and 8", "Europe/Berlin"))
    )
    found = table.between("publish", at("2026-06-12T00:00Z"), at("2026-06-13T00:00Z"))
    assert [tick.hour for tick in found] == [5, 6, 22]
    assert all(tick.tzinfo is UTC for tick in found)


def test_ticks_without_end_are_told_in_part() -> None:
    table = Timetable(collect=(parse("* * * * *", "UTC"),))
    assert len(table.between("collect", at("2020-01-01T00:00Z"), at("2026-01-01T00:00Z"))) == 1000


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd-analyze here")
def test_systemd_means_the_same_by_what_it_is_told() -> None:
    """But where clocks are changed: what is in the hour that is skipped, systemd skips."""
    texts = ["weekdays at 07:00", "daily at 7 and 17:30", "every 15 minutes", "0 8 1,15 1-6/2 *"]
    texts += ["*/20 9-17 * * sun,wed", "@monthly", "0 7 29 2 *", "every hour from 8 to 20"]
    after = at("2026-06-12T04:59:30Z")
    for zone in ("Europe/Berlin", "Australia/Lord_Howe", "UTC"):
        for line in (parse(text, zone) for text in texts):
            wanted = [next_tick(line, after)]
            while len(wanted) < 12:
                wanted.append(next_tick(line, wanted[-1]))
            assert _by_systemd(line, after, 12) == wanted


def _by_systemd(line: Line, after: datetime, many: int) -> list[datetime]:
    """Return the first times of a timer that has all the line's expressions."""
    base = f"--base-time={after.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
    found: set[datetime] = set()
    for expression in on_calendar(line):
        command = ["systemd-analyze", "calendar", f"--iterations={many}", base, expression]
        done = subprocess.run(  # noqa: S603  Our own expressions.
            command, capture_output=True, text=True, check=True, env={"TZ": "UTC", "LC_ALL": "C"}
        )
        for shown in re.findall(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC$", done.stdout, re.MULTILINE):
            found.add(datetime.strptime(shown, "%Y-%m-%d %H:%M:%S UTC").replace(tzinfo=UTC))
    return sorted(found)[:many]


def test_a_year_of_ticks_goes_on_and_on() -> None:
    table = Timetable(publish=(parse("weekdays at 07:00", "Europe/Berlin"),))
    found = table.between("publish", at("2026-01-01T00:00Z"), at("2027-01-01T00:00Z"))
    assert len(found) == 261
    assert {later - sooner for sooner, later in pairwise(found)} <= {
        timedelta(hours=hours) for hours in (24, 72, 71, 73)
    }
