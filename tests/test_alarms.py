from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.alarms import (
    Facts,
    Letterhead,
    Room,
    SourceSigns,
    ToldAlarm,
    WatchSettings,
    alarms,
    began,
    ended,
    patience,
    pause,
)

FRIDAY = datetime(2026, 6, 12, 7, tzinfo=UTC)
HEAD = Letterhead(title="Paper digest", zone="Europe/Berlin", operator="Ops <ops@example.org>")
DAILY = tuple(date(2026, 5, 25) + timedelta(days=n) for n in range(5))


def facts(now: datetime = FRIDAY, **changes: Any) -> Facts:
    return Facts(now=now, zone="UTC", looked_at=changes.pop("looked_at", now), **changes)


def names(found: Facts, active: tuple[str, ...] = (), **settings: Any) -> list[str]:
    return [each.name for each in alarms(found, WatchSettings(**settings), active)]


@pytest.mark.parametrize(
    ("after", "before", "working"),
    [
        ("2026-06-11", "2026-06-12", 0),
        ("2026-06-12", "2026-06-15", 0),
        ("2026-06-11", "2026-06-16", 2),
        ("2026-12-23", "2027-01-04", 0),
        ("2026-12-18", "2027-01-05", 4),
        ("2026-06-12", "2026-06-12", 0),
        ("2026-06-12", "2026-06-01", 0),
    ],
    ids=["next day", "weekend", "over a weekend", "Christmas", "around it", "same", "backwards"],
)
def test_a_pause_counts_working_days_between(after: str, before: str, working: int) -> None:
    assert pause(date.fromisoformat(after), date.fromisoformat(before)) == working


@given(st.dates(date(2000, 1, 1), date(2099, 1, 1)), st.integers(0, 60), st.integers(0, 60))
def test_pauses_add_up(day: date, one: int, other: int) -> None:
    middle, end = day + timedelta(days=one), day + timedelta(days=one + other)
    in_the_middle = pause(middle - timedelta(days=1), middle + timedelta(days=1))
    parts = pause(day, middle) + pause(middle, end)
    assert pause(day, end) == parts + (in_the_middle if one and other else 0)


@pytest.mark.parametrize(
    ("issued", "cadences", "wrong"),
    [
        ("2026-06-11", ["daily"], False),
        ("2026-06-09", ["daily"], False),
        ("2026-06-08", ["daily"], True),
        ("2026-06-08", [], False),
        ("2026-06-03", ["weekly"], False),
        ("2026-06-02", ["weekly"], True),
        ("2026-06-02", ["monthly", "weekdays"], True),
        ("2026-06-02", ["monthly"], False),
    ],
)
def test_silence_is_an_alarm_after_three_working_days_beyond_the_cadence(
    issued: str, cadences: list[str], *, wrong: bool
) -> None:
    found = facts(issued=date.fromisoformat(issued), cadences=cadences)
    assert names(found) == (["silent"] if wrong else [])


def test_a_newsletter_that_never_had_an_issue_is_silent_from_its_first_run_on() -> None:
    began_at = FRIDAY - timedelta(days=8)

    (alarm,) = alarms(facts(began_at=began_at, cadences=["daily"]), WatchSettings())

    assert alarm.said == "no issue went out yet; the first run was on Thursday 4 June 2026"
    assert names(facts(cadences=["daily"])) == []


def test_no_silence_is_too_long_with_zero() -> None:
    found = facts(issued=date(2025, 1, 1), cadences=["daily"])
    assert names(found, silent=0, stale=0, disk=0) == []


@pytest.mark.parametrize(("days", "wrong"), [(2.9, False), (3, True)])
def test_a_source_that_fails_for_three_days_is_an_alarm(days: float, *, wrong: bool) -> None:
    source = SourceSigns(name="arxiv", failing_since=FRIDAY - timedelta(days=days), reason="503")
    assert names(facts(sources=[source])) == (["source/arxiv"] if wrong else [])


def test_a_source_does_not_fail_longer_while_nobody_asks() -> None:
    source = SourceSigns(name="arxiv", failing_since=FRIDAY - timedelta(days=9), reason="503")
    asked = FRIDAY - timedelta(days=8)
    assert names(facts(sources=[source], looked_at=asked)) == []


@pytest.mark.parametrize(
    ("listed", "wrong"),
    [("2026-06-11", False), ("2026-06-09", False), ("2026-06-08", True), ("", True)],
)
def test_a_source_that_lists_nothing_for_three_working_days_is_an_alarm(
    listed: str, *, wrong: bool
) -> None:
    source = SourceSigns(
        name="arxiv",
        first_read_at=datetime(2026, 6, 1, tzinfo=UTC),
        read_at=FRIDAY,
        listed_at=datetime.fromisoformat(f"{listed}T07:00+00:00") if listed else None,
    )
    assert names(facts(sources=[source])) == (["source/arxiv"] if wrong else [])


def test_a_source_that_is_not_read_is_not_said_to_bring_nothing() -> None:
    monday = datetime(2026, 6, 1, tzinfo=UTC)
    source = SourceSigns(name="arxiv", first_read_at=monday, read_at=monday, listed_at=monday)
    assert names(facts(sources=[source])) == []


def test_what_is_slow_by_nature_is_waited_for_three_times_its_pause() -> None:
    mondays = [date(2026, 4, 6) + timedelta(days=7 * n) for n in range(6)]

    assert patience(mondays, 3) == 12
    assert patience(mondays[:3], 3) == 3
    assert patience(DAILY, 3) == 3
    assert patience(mondays, 3, usual=4) == 7


def test_one_outage_does_not_make_a_source_slow_by_nature() -> None:
    days = [date(2026, 4, 6) + timedelta(days=n) for n in range(30) if n not in range(10, 20)]
    assert patience(days, 3) == 3


def test_the_disk_s_alarm_is_over_when_there_is_a_tenth_more_than_needed() -> None:
    much = Room(place="/tmp", free=10**12, scratch=10**13)  # noqa: S108 - it is not written to
    room = facts(rooms=[Room(place="/srv", free=510_000_000), much])

    assert names(room) == []
    assert names(room, ("disk",)) == ["disk"]
    (alarm,) = alarms(room, WatchSettings(disk=600))
    assert alarm.said == "the disk fills: 510 MB at /srv are free"


@pytest.mark.parametrize(("free", "alarmed"), [(64, False), (17, False), (15, True)])
def test_a_small_tmp_is_no_alarm_while_a_quarter_of_it_is_free(free: int, *, alarmed: bool) -> None:
    room = Room(place="/tmp", free=free * 10**6, scratch=64 * 10**6)  # noqa: S108 - as above

    assert names(facts(rooms=[room])) == ["disk"] * alarmed


def test_letters_in_doubt_are_an_alarm() -> None:
    assert [each.said for each in alarms(facts(doubtful=1), WatchSettings())] == [
        "1 letter is in doubt"
    ]


def test_the_mails_say_what_since_when_and_what_to_do() -> None:
    source = SourceSigns(
        name="arxiv", failing_since=FRIDAY - timedelta(days=4), reason="503 from the server"
    )
    (alarm,) = alarms(facts(sources=[source]), WatchSettings())
    told = ToldAlarm(name=alarm.name, since=FRIDAY, said=alarm.said)

    first = began(alarm, FRIDAY, HEAD)
    last = ended(told, FRIDAY + timedelta(days=1), "<first@example.org>", HEAD)

    assert first.recipient == "ops@example.org"
    assert first.subject == "Paper digest: source arxiv has failed since Monday 8 June 2026"
    assert "The last error: 503 from the server" in first.text
    assert "`digest check`" in first.text
    assert "Noticed on Friday 12 June 2026 at 09:00 (Europe/Berlin)." in first.text
    assert last.subject == "Paper digest: over: source arxiv has failed since Monday 8 June 2026"
    assert last.in_reply_to == "<first@example.org>"
    assert "is so no more on Saturday 13 June 2026" in last.text


def test_each_mail_of_an_alarm_has_a_key_of_its_own() -> None:
    told = [ToldAlarm(name="disk", since=FRIDAY + timedelta(days=n), said="") for n in range(2)]
    keys = {each.key(what) for each in told for what in ("began", "ended")}

    assert len(keys) == 4
    assert told[0].key("began") == "alarm/disk/20260612T070000.000000Z/began"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"operator": "nobody"}, "`operator`: 'nobody' is no address"),
        ({"silent": -1}, "`silent` must be at least 0"),
        ({"ping": "example.org"}, "`ping` must begin with https://"),
    ],
)
def test_what_cannot_be_watched_is_refused(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=said):
        msgspec.convert(settings, WatchSettings)
