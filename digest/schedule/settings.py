"""``[schedule]``, as the config has it. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from digest.errors import ScheduleError
from digest.schedule.lines import Line, parse
from digest.schedule.timetable import Step, Timetable

PUBLISH = "weekdays at 07:00"
"""When letters are written where the operator does not say."""


class Schedule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[schedule]``: when a service collects and publishes; ``digest once`` does both at once.

    Each is a line or several. `publish` is empty unless the operator wrote it: who runs ``once``
    by other means has days of their own, which nobody here knows.
    """

    collect: str | tuple[str, ...] = "every hour"
    publish: str | tuple[str, ...] = ""

    def timetable(self, zone: str) -> Timetable:
        """Return what the lines mean, in a zone unless they name their own. Raises ScheduleError.

        Its message begins with the place of the line.
        """
        publish = PUBLISH if self.publish == "" else self.publish
        return Timetable(
            collect=tuple(self._lines("collect", self.collect, zone)),
            publish=tuple(self._lines("publish", publish, zone)),
        )

    @staticmethod
    def _lines(step: Step, written: str | tuple[str, ...], zone: str) -> Iterator[Line]:
        if isinstance(written, str):
            yield _line(f"schedule.{step}", written, zone)
            return
        if not written:
            reason = "no line is here; leave it out, or write one"
            raise ScheduleError("[]", 1, reason, f"schedule.{step}")
        for at, text in enumerate(written):
            yield _line(f"schedule.{step}[{at}]", text, zone)


def _line(place: str, text: str, zone: str) -> Line:
    try:
        return parse(text, zone)
    except ScheduleError as error:
        raise error.at(place) from error
