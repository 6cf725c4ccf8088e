"""Zones whose clocks are changed in all the ways there are, and when."""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import strategies as st

ZONES = (
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kolkata",
    "Pacific/Apia",
    "Africa/Casablanca",
    "America/Sao_Paulo",
    "America/St_Johns",
    "Europe/Dublin",
    "UTC",
)

CHANGES = tuple(
    datetime.fromisoformat(text)
    for text in (
        "2026-03-29T01:00Z",  # Europe, forward
        "2026-10-25T01:00Z",  # and back
        "2026-03-08T07:00Z",  # New York, forward
        "2026-11-01T06:00Z",  # and back
        "2026-10-03T15:30Z",  # Lord Howe, by half an hour
        "2026-04-04T15:00Z",
        "2011-12-30T10:00Z",  # Apia goes past a day
        "2018-11-04T03:00Z",  # Sao Paulo goes past midnight
        "2018-02-18T02:00Z",  # and goes back over it
        "2010-11-07T02:31Z",  # St John's goes back to the day before
        "2026-02-15T02:00Z",  # Casablanca, for Ramadan
        "2028-02-29T12:00Z",
        "2026-12-31T23:59Z",
    )
)

zones = st.sampled_from(ZONES)

moments = st.builds(
    lambda change, minutes, seconds: change + timedelta(minutes=minutes, seconds=seconds),
    st.sampled_from(CHANGES),
    st.integers(-1600, 1600),
    st.sampled_from([0, 0, 1, 59]),
)
"""Moments within about a day of a change."""
