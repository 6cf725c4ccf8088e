"""How a reader's days are counted, and that she gets one letter on each."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from zones import ZONES, moments, zones

from digest.subscribers import CadenceName, Days, Subscriber, days_of, is_due
from digest.wall import exists, shown, when

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)

hours = st.sampled_from(["00:00", "00:30", "02:15", "02:30", "07:00", "12:00", "23:30", "23:59"])


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def days(zone: str, hour: str = "00:00") -> Days:
    return Days(zone=zone, begin=time.fromisoformat(hour))


@pytest.mark.parametrize(
    ("hour", "zone", "now", "day"),
    [
        ("07:00", "Europe/Berlin", "2026-06-15T04:59:59Z", date(2026, 6, 14)),
        ("07:00", "Europe/Berlin", "2026-06-15T05:00:00Z", date(2026, 6, 15)),
        ("22:00", "Europe/Berlin", "2026-06-15T19:59:00Z", date(2026, 6, 14)),
        ("07:00", "America/New_York", "2026-06-15T05:00:00Z", date(2026, 6, 14)),
        ("00:00", "Pacific/Kiritimati", "2026-06-15T10:00:00Z", date(2026, 6, 16)),
        ("02:30", "Europe/Berlin", "2026-03-29T00:59:00Z", date(2026, 3, 28)),  # is skipped
        ("02:30", "Europe/Berlin", "2026-03-29T01:00:00Z", date(2026, 3, 29)),
        ("02:30", "Europe/Berlin", "2026-10-25T00:30:00Z", date(2026, 10, 25)),  # comes twice
        ("02:30", "Europe/Berlin", "2026-10-25T01:10:00Z", date(2026, 10, 25)),
        ("07:00", "Pacific/Apia", "2011-12-30T09:59:00Z", date(2011, 12, 29)),
        ("07:00", "Pacific/Apia", "2011-12-30T10:00:00Z", date(2011, 12, 29)),  # no 30th there
        ("07:00", "Pacific/Apia", "2011-12-30T17:00:00Z", date(2011, 12, 31)),
        ("07:00", "Asia/Kolkata", "2028-02-29T01:30:00Z", date(2028, 2, 29)),
    ],
)
def test_a_readers_day_begins_at_her_hour(hour: str, zone: str, now: str, day: date) -> None:
    assert days(zone, hour).of(at(now)) == day


def reference(zone: str, hour: time, now: datetime) -> date:
    """Look at the clock every minute; what it shows later than ever before makes a day."""
    moment = (now - 3 * DAY).replace(second=0, microsecond=0)
    latest, there = shown(moment, ZoneInfo(zone)), set()
    while moment <= now:
        wall = shown(moment, ZoneInfo(zone))
        there.add(wall.date())
        latest = max(latest, wall)
        moment += MINUTE
    return max(day for day in there if datetime.combine(day, hour) <= latest)


@settings(max_examples=80, deadline=None)
@given(zones, hours, moments)
@example("America/St_Johns", "00:00", at("2010-11-07T02:40Z"))
@example("America/Sao_Paulo", "00:30", at("2018-11-04T03:00Z"))
def test_a_day_is_what_a_clock_on_the_wall_says(zone: str, hour: str, now: datetime) -> None:
    assert days(zone, hour).of(now) == reference(zone, time.fromisoformat(hour), now)


@settings(deadline=None)
@given(zones, hours, moments, st.integers(0, 3000))
def test_a_day_never_comes_back(zone: str, hour: str, now: datetime, minutes: int) -> None:
    hers = days(zone, hour)
    assert hers.of(now) <= hers.of(now + minutes * MINUTE)
    assert hers.beginning(hers.of(now)) <= now


@settings(deadline=None)
@given(zones, st.dates(date(2000, 1, 1), date(2030, 1, 1)), st.times())
def test_a_time_on_the_wall_is_there_when_it_is_said_to_be(
    zone: str, day: date, hour: time
) -> None:
    wall, where = datetime.combine(day, hour.replace(microsecond=0)), ZoneInfo(zone)
    moment = when(wall, where)
    if exists(wall.date(), where) and shown(moment, where) != wall:
        assert shown(moment, where) > wall > shown(moment - timedelta(seconds=1), where)
    assert shown(moment - timedelta(seconds=1), where) < wall


# One letter a day


def letters(
    reader: Subscriber, runs: list[tuple[datetime, str]], last: date | None = None
) -> list[date]:
    """Return the days of the letters that a reader gets of runs, each with her zone by then."""
    found = []
    for now, zone in runs:
        today = days_of(reader, zone).of(now)
        if is_due(reader, last, today):
            found.append(today)
            last = today
    return found


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("hour", ["00:00", "02:30", "23:30"])
def test_who_is_looked_after_every_hour_gets_one_letter_every_day_of_a_year(
    zone: str, hour: str
) -> None:
    reader, start = Subscriber(name="Ann", at=hour), at("2011-01-01T00:00Z")
    runs = [(start + timedelta(hours=each, minutes=31), zone) for each in range(365 * 24)]
    found = letters(reader, runs)
    skipped = {date(2011, 12, 30)} if zone == "Pacific/Apia" else set()
    every = [found[0] + each * DAY for each in range((found[-1] - found[0]).days + 1)]
    assert found == [day for day in every if day not in skipped]
    assert len(found) >= 364


@settings(deadline=None)
@given(
    st.sampled_from(["daily", "weekdays", "weekly", "monthly"]),
    hours,
    st.lists(st.tuples(moments, zones), max_size=40),
)
def test_who_moves_about_gets_no_two_letters_for_a_day(
    cadence: CadenceName, hour: str, runs: list[tuple[datetime, str]]
) -> None:
    found = letters(Subscriber(name="Ann", cadence=cadence, at=hour), sorted(runs))
    least = {"weekly": 7}.get(cadence, 1)
    assert all((later - sooner).days >= least for sooner, later in pairwise(found))
    months = [(day.year, day.month) for day in found]
    assert cadence != "monthly" or len(set(months)) == len(months)
    assert cadence != "weekdays" or all(day.weekday() < 5 for day in found)


@pytest.mark.parametrize(
    ("before", "after", "days_between"),
    [
        ("America/Los_Angeles", "Pacific/Auckland", 1),
        ("Pacific/Auckland", "America/Los_Angeles", 1),
        ("Europe/Berlin", "America/New_York", 1),
    ],
)
def test_who_moves_over_the_date_line_gets_the_next_days_letter_next(
    before: str, after: str, days_between: int
) -> None:
    reader, start = Subscriber(name="Ann", at="07:00"), at("2026-06-01T00:00Z")
    runs = [(start + timedelta(hours=each), before if each < 120 else after) for each in range(240)]
    found = letters(reader, runs)
    assert {(later - sooner).days for sooner, later in pairwise(found)} == {days_between}


@pytest.mark.parametrize("text", ["7", "7:00", "24:00", "07:60", "07:00:00", "noon", ""])
def test_an_hour_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="`at` must be a time such as 07:00"):
        Subscriber(name="Ann", at=text)


def test_the_publics_days_begin_at_midnight() -> None:
    assert days_of(None, "UTC").of(at("2026-06-15T00:00Z")) == date(2026, 6, 15)
    assert days_of(None, "UTC").beginning(date(2026, 6, 15)) == datetime(2026, 6, 15, tzinfo=UTC)
