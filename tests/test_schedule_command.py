"""``digest schedule``: what is to come, and where the ticks are too few."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from running import ANN, Newsroom, newsroom

from digest.schedule import Timetable, parse
from digest.schedule.plan import next_letter, warnings
from digest.subscribers import CadenceName, Days, Subscriber, is_due

BERLIN = "Europe/Berlin"
NOW = datetime.fromisoformat("2026-06-12T12:00+02:00")  # A Friday.


def table(publish: str, collect: str = "every hour") -> Timetable:
    return Timetable(collect=(parse(collect, BERLIN),), publish=(parse(publish, BERLIN),))


def warned(
    publish: str, collect: str = "every hour", *, at: str = "00:00", cadence: CadenceName = "daily"
) -> list[str]:
    ann = Subscriber(name="Ann", at=at, cadence=cadence)
    days = Days(zone=BERLIN, begin=time.fromisoformat(at))
    return list(warnings({"Ann": (ann, days)}, table(publish, collect), NOW))


def test_where_ticks_suffice_nothing_is_warned_of() -> None:
    assert warned("daily at 07:00") == []
    assert warned("weekdays at 07:00", cadence="weekdays") == []
    assert warned("weekdays at 07:00", cadence="weekly") == []
    assert warned("daily at 07:00", at="07:00") == []
    assert warned("*/2 * * * *", at="08:30") == []


@pytest.mark.parametrize(
    ("publish", "collect", "at", "told"),
    [
        ("weekdays at 07:00", "every hour", "00:00", "daily, but there is not always a tick of"),
        ("weekdays at 07:00", "every hour", "00:00", "on Saturday, Sunday"),
        ("daily at 07:00", "every hour", "07:30", "after that is at 07:00; add one to `publish`"),
        (
            "daily at 07:00",
            "daily at 08:00",
            "00:00",
            "publish on Saturday 07:00: sources",
        ),
    ],
)
def test_where_ticks_are_too_few_it_is_told(publish: str, collect: str, at: str, told: str) -> None:
    assert any(told in each for each in warned(publish, collect, at=at))


@given(
    st.sampled_from(["daily", "weekdays", "weekly", "monthly"]),
    st.sampled_from(["00:00", "06:30", "07:30", "23:00"]),
    st.none() | st.integers(0, 40),
)
def test_the_next_letter_is_at_the_first_tick_at_which_she_is_due(
    cadence: CadenceName, at: str, ago: int | None
) -> None:
    reader = Subscriber(name="Ann", cadence=cadence, at=at)
    days = Days(zone=BERLIN, begin=reader.hour)
    last = None if ago is None else date(2026, 6, 12) - timedelta(days=ago)
    found = next_letter(reader, days, table("weekdays at 7 and 12:30"), last, NOW)
    ticks = table("weekdays at 7 and 12:30").between("publish", NOW, NOW + timedelta(days=50))
    assert found == next(tick for tick in ticks if is_due(reader, last, days.of(tick)))


def test_who_is_due_on_no_day_with_a_tick_never_gets_a_letter() -> None:
    reader, days = Subscriber(name="Ann", cadence="weekdays"), Days(zone=BERLIN)
    assert next_letter(reader, days, table("weekends at 07:00"), None, NOW) is None


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Newsroom]:
    with newsroom(tmp_path, more='[schedule]\npublish = "weekdays at 07:00"\n') as made:
        yield made


def test_it_tells_next_runs_and_readers_in_their_zones(room: Newsroom) -> None:
    room.configure(subscribers=ANN + 'at = "20:00"\ntimezone = "Asia/Tokyo"\n')
    room.once("2026-06-12")
    told = room.run("schedule")
    assert told.code == 0
    assert "publish: weekdays at 07:00" in told.out
    assert "07:00 Europe/Berlin" in told.out
    assert "Ann: daily from 20:00 on\n  next letter " in told.out
    assert "warning: Ann: daily, but there is not always a tick of `publish`" in " ".join(
        told.err.split()
    )
    assert all(len(line) <= 80 for line in (told.out + told.err).splitlines())


def test_it_tells_the_same_as_json(room: Newsroom) -> None:
    room.once("2026-06-12")
    told = room.run("schedule", "--json").json
    assert [each["step"] for each in told["runs"]] == ["collect", "publish"]
    assert [len(each["next"]) for each in told["runs"]] == [3, 3]
    assert told["readers"][0]["name"] == "Ann"
    assert told["readers"][0]["next_letter"] == told["runs"][1]["next"][0]
