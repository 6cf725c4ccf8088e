"""What a line of `[schedule]` means, and what is said of one that means nothing."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.errors import ScheduleError
from digest.schedule import Line, on_calendar, parse, words
from digest.schedule.crontab import NICKNAMES
from digest.schedule.rows import ALL_DAYS, ALL_HOURS, ALL_MINUTES, ALL_MONTHS, ALL_WEEKDAYS, Row

EXAMPLES = re.findall(r"\n {4}(\S.*)", (words.__doc__ or "").partition("example:")[2])

SAME = [
    ("every hour", "0 * * * *"),
    ("every 2 hours", "0 */2 * * *"),
    ("every 15 minutes", "*/15 * * * *"),
    ("every minute", "* * * * *"),
    ("daily at 07:00", "0 7 * * *"),
    ("every day at 7", "0 7 * * *"),
    ("weekdays at 07:00", "0 7 * * 1-5"),
    ("every weekday at 7, 12 and 17", "0 7,12,17 * * mon-fri"),
    ("WEEKENDS AT 10:00", "0 10 * * 0,6"),
    ("Mondays and Thursdays at 9:30", "30 9 * * 1,4"),
    ("Mon, Wed, and Fri at 9:30", "30 9 * * mon,wed,fri"),
    ("Monday to Thursday at noon", "0 12 * * MON-THU"),
    ("Friday to Monday at midnight", "0 0 * * 5-7,1"),
    ("on Fridays at 16:00", "0 16 * * 5"),
    ("on the 1st and 15th at 08:00", "0 8 1,15 * *"),
]


def rows(text: str) -> tuple[Row, ...]:
    return parse(text, "UTC").rows


@pytest.mark.parametrize(("plain", "cron"), SAME)
def test_plain_words_mean_a_cron_line(plain: str, cron: str) -> None:
    assert rows(plain) == rows(cron)


def test_examples_of_plain_words_are_read() -> None:
    assert len(EXAMPLES) > 10
    assert all(rows(text) for text in EXAMPLES)


def test_times_of_other_minutes_are_rows_of_their_own() -> None:
    found = rows("daily at 07:00, 17:30 and 19")
    assert [(row.hours, row.minutes) for row in found] == [((7, 19), (0,)), ((17,), (30,))]


def test_a_rhythm_ends_at_the_full_last_hour() -> None:
    found = rows("every 30 minutes from 8 to 10 on Mondays")
    assert [(row.hours, row.minutes) for row in found] == [((8, 9), (0, 30)), ((10,), (0,))]
    assert {row.weekdays for row in found} == {(0,)}


@pytest.mark.parametrize(
    ("cron", "fields"),
    [
        ("* * * * *", {"minutes": ALL_MINUTES, "hours": ALL_HOURS, "real": True}),
        ("5-59/20 0 * * *", {"minutes": (5, 25, 45), "hours": (0,)}),
        ("0 8-20/4,23 * * *", {"minutes": (0,), "hours": (8, 12, 16, 20, 23)}),
        ("0 */8 * * *", {"minutes": (0,), "hours": (0, 8, 16), "real": True}),
        ("0 7 31 jan,Mar-may *", {"days": (31,), "months": (1, 3, 4, 5)}),
        ("0 7 * * 0", {"weekdays": (6,)}),
        ("0 7 * * 7", {"weekdays": (6,)}),
        ("0 7 * * 5-7", {"weekdays": (4, 5, 6)}),
        ("0 7 * * 0-7", {"weekdays": ALL_WEEKDAYS}),
        ("0 7 29 2 *", {"days": (29,), "months": (2,)}),
    ],
)
def test_five_fields_mean_what_crontab_says(cron: str, fields: dict[str, Any]) -> None:
    (row,) = rows(cron)
    assert row == Row(**{"minutes": (0,), "hours": (7,), **fields})


@pytest.mark.parametrize("nickname", NICKNAMES)
def test_a_nickname_is_the_line_it_stands_for(nickname: str) -> None:
    assert rows(nickname.upper()) == rows(NICKNAMES[nickname])


@pytest.mark.parametrize(
    ("text", "zone"),
    [
        ("weekdays at 07:00", "Asia/Tokyo"),
        ("weekdays at 07:00 Europe/Berlin", "Europe/Berlin"),
        ("0 20 * * 0-4 America/Argentina/Buenos_Aires", "America/Argentina/Buenos_Aires"),
        ("0 20 * * mon-fri/2", "Asia/Tokyo"),
        ("@daily UTC", "UTC"),
        ("every hour Etc/GMT+5", "Etc/GMT+5"),
    ],
)
def test_a_line_holds_in_the_zone_at_its_end_or_the_newsletters(text: str, zone: str) -> None:
    assert parse(text, "Asia/Tokyo").zone == zone


@pytest.mark.parametrize(
    ("text", "column", "reason"),
    [
        ("", 1, "nothing is here"),
        ("60 * * * *", 1, "minute `60` is not between 0 and 59"),
        ("0 24 * * *", 3, "hour `24` is not between 0 and 23"),
        ("0 1,2,x * * *", 7, "hour `x` has `x`, which is no number"),
        ("0 0 0 * *", 5, "day of month `0` is not between 1 and 31"),
        ("0 0 * 13 *", 7, "month `13` is not between 1 and 12"),
        ("0 0 * juin *", 7, "no number or one of jan, feb"),
        ("0 0 * * 8", 9, "day of week `8` is not between 0 and 7"),
        ("0 0 * * fri-mon", 9, "ends before it begins; list what is meant"),
        ("*/0 * * * *", 1, "has a step of 0"),
        ("5/10 * * * *", 1, "has a step without a range; write 5-59/10"),
        ("0 0 L * *", 5, "has `L`, which is no number"),
        ("0 0 ? * *", 5, "is not like 5, 1-5"),
        ("0 0 30 2 *", 5, "no such day ever comes"),
        ("0 0 13 * 5", 10, "write two lines"),
        ("0 0 1-31 * mon", 12, "write two lines"),
        ("0 0 * *", 7, "five fields are needed"),
        ("0 7 * * * digest once", 11, "and 7 are here"),
        ("@reboot", 1, "`@reboot` is none of @yearly"),
        ("@daily at 7", 8, "`at` is none of"),
        ("0 7 * * * Europe/Atlantis", 11, "no zone; name one like Europe/Berlin"),
        ("daily at 7 Europe/Berln", 12, "no zone"),
        ("daily at 7 Berlin", 12, "a zone such as Europe/Berlin, is wanted here, not `Berlin`"),
        ("weekdys at 07:00", 1, "(did you mean `weekdays`?)"),
        ("weekdays on 07:00", 10, "`at` is wanted here, not `on`"),
        ("weekdays at", 12, "a time such as 07:00 or 17:30 is missing at the end"),
        ("weekdays at 7pm", 13, "a time such as 07:00"),
        ("weekdays at 24:00", 13, "no time of day"),
        ("daily at 7 and", 15, "missing at the end"),
        ("at 07:00", 1, "a day such as `weekdays`"),
        ("Mondays to at 7", 12, "a day such as"),
        ("on the 32nd at 7", 8, "no month has a day 32"),
        ("on the first at 7", 8, "a day of the month such as `1st`"),
        ("every 7 minutes", 9, "does not come out even: take one of 1, 2, 3, 4, 5, 6, 10"),
        ("every 0 hours", 9, "does not come out even"),
        ("every 15", 9, "`minutes` or `hours` is missing"),
        ("every hour from 20 to 8", 23, "write two lines for a night"),
        ("every hour from 8:30 to 20", 17, "full hours alone"),
        ("every hour on the 1st", 19, "days of the week alone"),
    ],
)
def test_a_slip_is_told_with_its_column(text: str, column: int, reason: str) -> None:
    with pytest.raises(ScheduleError) as caught:
        parse(text, "UTC")
    assert reason in str(caught.value)
    assert caught.value.column == column


FRAGMENTS = """0 7 5-7 */5 , * @daily mon fri-mon Mondays every hour minutes 15 from to at on the
    1st 07:00 and weekdays Europe/Berlin UTC ²"""

lines = st.lists(st.sampled_from([*FRAGMENTS.split(), "9" * 5000]), max_size=8).map(" ".join)


@given(st.text() | lines)
def test_any_text_is_a_line_or_is_refused_within_itself(text: str) -> None:
    column, found = 1, tuple[Row, ...]()
    try:
        found = parse(text, "UTC").rows
    except ScheduleError as error:
        column = error.column
    assert all(row.comes for row in found)
    assert 1 <= column <= len(text) + 1


def numbers(every: tuple[int, ...]) -> st.SearchStrategy[tuple[int, ...]]:
    return st.just(every) | st.sets(st.sampled_from(every), min_size=1).map(
        lambda found: tuple(sorted(found))
    )


@given(numbers(ALL_MINUTES), numbers(ALL_HOURS), numbers(ALL_MONTHS), numbers(ALL_WEEKDAYS))
def test_what_is_listed_in_a_field_is_what_it_means(
    minutes: tuple[int, ...],
    hours: tuple[int, ...],
    months: tuple[int, ...],
    weekdays: tuple[int, ...],
) -> None:
    fields = [
        ",".join(map(str, each))
        for each in (minutes, hours, months, tuple((day + 1) % 7 for day in weekdays))
    ]
    (row,) = rows(f"{fields[0]} {fields[1]} * {fields[2]} {fields[3]}")
    assert row == Row(minutes=minutes, hours=hours, months=months, weekdays=weekdays)


@pytest.mark.parametrize(
    ("text", "expressions"),
    [
        ("weekdays at 07:00", ["Mon,Tue,Wed,Thu,Fri *-*-* 07:00:00 Europe/Berlin"]),
        (
            "daily at 7 and 17:30 UTC",
            ["*-*-* 07:00:00 UTC", "*-*-* 17:30:00 UTC"],
        ),
        ("every hour", ["*-*-* *:00:00 Europe/Berlin"]),
        ("0 8 1,15 1-3 *", ["*-01,02,03-01,15 08:00:00 Europe/Berlin"]),
        ("0 7 * * 0", ["Sun *-*-* 07:00:00 Europe/Berlin"]),
    ],
)
def test_a_line_is_said_to_systemd_with_numbers_and_zone(text: str, expressions: list[str]) -> None:
    assert list(on_calendar(parse(text, "Europe/Berlin"))) == expressions


def test_a_line_keeps_how_it_was_written() -> None:
    assert parse(" @daily  UTC", "Asia/Tokyo") == Line(
        text=" @daily  UTC", zone="UTC", rows=(Row(minutes=(0,), hours=(0,), days=ALL_DAYS),)
    )
