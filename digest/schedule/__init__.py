"""When it runs: lines of text to ticks, and who is due at which of them.

    lines       a line of `[schedule]`, with its zone: crontab(5) or plain words
    crontab     the five fields of crontab(5), and `@daily` and the like
    words       "weekdays at 07:00"
    rows        minutes, hours and days, as both forms of a line say them
    ticks       when a line's next tick is; alone in knowing APScheduler
    timetable   the lines of each step
    plan        who is due at which tick, and where ticks are too few
    settings    `[schedule]` itself
    oncalendar  a line as systemd's timers say it

Pure: it never reads a clock, waits or runs anything. A *tick* is a moment at which a step is to
run; a tick that nobody was awake for is not run twice later, and many of them are run as one.
"""

from __future__ import annotations

from digest.schedule.lines import Line, is_zone, parse
from digest.schedule.oncalendar import on_calendar
from digest.schedule.timetable import Step, Timetable

__all__ = ["Line", "Step", "Timetable", "is_zone", "on_calendar", "parse"]
