"""The one loop of a service: looks at the clock, the store, its run and what it heard; waits.

It never waits long, so that a machine that was asleep, or whose clock was set, is noticed. One
run at a time. Whatever goes wrong in a turn is said, and the next turn comes; but a lock that
another service took over ends it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from digest.app import run_name
from digest.errors import ConfigError, LockLostError, StoreError
from digest.events import (
    ConfigRefused,
    ConfigReloaded,
    Event,
    Log,
    RunStuck,
    ServiceEnded,
    ServiceReady,
    Trouble,
)
from digest.events import Waiting as WaitingEvent
from digest.pulse import Pulse
from digest.serve.agenda import TICKED, Agenda
from digest.serve.ears import Ears
from digest.serve.going import Going, Start
from digest.serve.ledger import Ledger
from digest.serve.notify import Notifier
from digest.serve.orders import Orders
from digest.store import Waiting

LONGEST_WAIT = 15.0
"""Seconds: so late at most is a tick, or an awakening, noticed."""

LOOK = timedelta(minutes=1)
"""How often the store is looked at: for what waits, and to renew the lock."""

WATCH = timedelta(hours=1)
"""How long after a run alarms are looked for again; each but those that send alone does so, too."""

LIMIT = timedelta(hours=2)
"""How long a run may go on without a claim, which renews its lock for an hour. The slowest list
there is takes half an hour, and a run whose lock is over may be working beside another."""

LAST_CHANCE = timedelta(seconds=30)
"""After which a run that was told to stop is killed."""

AT_THE_END = 70
"""Tenths of a second that a run has to stop when the service stops."""

SHORTEST_WAIT = 0.05
A_WEEK = 7

HELD = 75
"""The exit code of a run that found another at work."""


class Loop:
    """The loop; `run` goes round until told to stop, `turn` does so once."""

    def __init__(
        self,
        *,
        orders: Orders,
        ledger: Ledger,
        start: Start,
        ears: Ears,
        notifier: Notifier,
        clock: Callable[[], datetime],
        log: Log,
        pulse: Pulse,
    ) -> None:
        self._orders = orders
        self._ledger = ledger
        self._start = start
        self._ears = ears
        self._notifier = notifier
        self._clock = clock
        self._log = log
        self._pulse = pulse
        self._awaited: dict[str, datetime] = {}
        now = clock()
        taken = dict.fromkeys(TICKED, now) | ledger.taken(TICKED)
        self._agenda = Agenda(timetable=orders.timetable, taken=taken).by(now)
        self._going: Going | None = None
        self._waiting = Waiting(due=0, all=0, next_at=None)
        self._looked_at: datetime | None = None
        self._watched_at = now
        self._troubles: dict[str, str] = {}
        self._told = ""

    def run(self) -> None:
        """Go round until told to stop. Raises LockLostError where another service took over."""
        self._told = self.status(self._clock())
        self._notifier.ready(self._told)
        self._log(ServiceReady())
        try:
            while not self._ears.stop:
                self._ears.wait(self._safely())
        finally:
            self._end()

    def turn(self) -> float:
        """Do what is due, and return for how many seconds nothing will be."""
        now = self._clock()
        if self._ears.reload():
            self._reload(now)
        self._agenda = self._agenda.by(now)
        if self._going:
            self._mind(self._going, now)
        if self._looked_at is None or abs(now - self._looked_at) >= LOOK:
            self._waiting = self._ledger.look(now)
            self._looked_at = now
        if self._going is None:
            self._begin(now)
        return self._pause(now)

    def status(self, now: datetime) -> str:
        """Return in a line what is wrong, what is at work, and what comes next."""
        ticks = self._agenda.next_ticks(now).items()
        nexts = ", ".join(f"{step} {self._when(tick, now)}" for step, tick in ticks)
        parts = [
            *self._troubles.values(),
            f"at work: {self._going.what}" if self._going else "",
            f"next: {nexts}" if nexts else "",
            _waits(self._waiting.all),
        ]
        return "; ".join(filter(None, parts))

    def _safely(self) -> float:
        """Take a turn, go on whatever happens in it, and tell systemd."""
        pause = LONGEST_WAIT
        try:
            pause = self.turn()
        except LockLostError:
            raise
        except StoreError as error:
            self._trouble("store", str(error))
        except Exception as error:  # noqa: BLE001 - the one place: one step stops no other
            self._trouble("program", f"a fault of the program: {type(error).__name__}: {error}")
            return pause  # Without a sign of life: if it stays so, systemd starts it anew.
        else:
            self._trouble("store", "")
            self._trouble("program", "")
        self._notifier.alive()
        self._show()
        self._tell()
        return pause

    def _reload(self, now: datetime) -> None:
        self._notifier.reloading()
        try:
            self._orders.reload()
        except ConfigError as error:
            self._trouble(
                "config",
                f"the new config is refused, the old one stays: {error}",
                ConfigRefused(reason=str(error)),
            )
        else:
            self._trouble("config", "")
            self._agenda = self._agenda.anew(self._orders.timetable)
            self._log(ConfigReloaded())
        self._told = self.status(now)
        self._notifier.ready(self._told)

    def _begin(self, now: datetime) -> None:
        """Start a run if something is due; one without steps looks for alarms alone."""
        waiting = self._waiting.next_at is not None and self._waiting.next_at <= now
        steps = self._agenda.due(now, waiting=waiting)
        if not steps and abs(now - self._watched_at) < WATCH:
            return
        name = run_name()
        try:
            process = self._start(self._orders, steps, name)
        except OSError as error:
            self._agenda = self._agenda.unfinished(steps, now)
            self._trouble("run", f"no run can be started: {error}")
            return
        self._going = Going(process=process, name=name, steps=steps, began=now)

    def _mind(self, going: Going, now: datetime) -> None:
        """See whether the run has ended, or takes too long."""
        code = going.process.ended()
        if code is not None:
            self._ended(going, code, now)
        elif going.stopped_at is None:
            if abs(now - max(going.began, self._ledger.held_since() or going.began)) >= LIMIT:
                with self._log.about(going.name):
                    self._log(RunStuck())
                going.process.stop()
                self._going = replace(going, stopped_at=now)
        elif abs(now - going.stopped_at) >= LAST_CHANCE:
            going.process.kill()

    def _ended(self, going: Going, code: int, now: datetime) -> None:
        """Note how the run ended; here another step may hook in that follows each run."""
        finished = self._ledger.finished(going.name)
        if not finished:
            self._ledger.clear_up(now)
        self._going = None
        self._looked_at = None  # What waits is different now.
        if going.steps != ("send",):
            self._watched_at = now
        if finished:
            self._agenda = self._agenda.finished(going.steps, going.began)
            if not self._agenda.rest.failures:  # Else what is wrong is so, though it sends.
                self._trouble("run", "")
            return
        held, ended = self._agenda.held(now), self._agenda.unfinished(going.steps, now)
        self._agenda = held if code == HELD else ended
        why = "another run is at work" if code == HELD else f"it ended with {code}"
        with self._log.about(going.name):
            self._trouble("run", f"run {going.name} ({going.what}) did not finish: {why}")

    def _end(self) -> None:
        """Stop the run at work, and give back what it had."""
        self._notifier.stopping("stopping")
        self._log(ServiceEnded())
        if self._going is None:
            return
        process = self._going.process
        process.stop()
        for _ in range(AT_THE_END):
            if process.ended() is not None:
                break
            self._ears.wait(0.1)
        else:
            process.kill()
        self._ledger.clear_up(self._clock())

    def _pause(self, now: datetime) -> float:
        """Return for how many seconds nothing is due; a run that ends is heard."""
        pauses = [LONGEST_WAIT]
        if self._notifier.watchdog:
            pauses.append(self._notifier.watchdog / 2)
        if self._going is None:
            moments = [*self._agenda.next_ticks(now).values()]
            pauses += [(each - now).total_seconds() for each in moments]
        return max(min(pauses), SHORTEST_WAIT)

    def _trouble(self, what: str, text: str, event: Event | None = None) -> None:
        """Note what is wrong, "" for nothing any more; what is new is said."""
        if text and text != self._troubles.get(what):
            self._log(event or Trouble(about=what, reason=text))
        self._troubles.pop(what, "")
        if text:
            self._troubles[what] = text

    def _show(self) -> None:
        """Let those who watch see that the loop turned, and what it waits for."""
        nexts = self._agenda.next_ticks(self._clock())
        ticks: dict[str, datetime] = {str(step): tick for step, tick in nexts.items()}
        self._pulse.turned(ticks)
        if ticks and self._going is None and ticks != self._awaited:
            self._awaited = ticks
            first = min(ticks.values())
            steps = tuple(step for step, tick in ticks.items() if tick == first)
            self._log(WaitingEvent(until=first, steps=steps))

    def _tell(self) -> None:
        """Tell systemd what has changed."""
        status = self.status(self._clock())
        if status != self._told:
            self._told = status
            self._notifier.status(status)

    def _when(self, tick: datetime, now: datetime) -> str:
        """Return a tick as the operator reads it."""
        local, today = tick.astimezone(self._orders.zone), now.astimezone(self._orders.zone)
        days = (local.date() - today.date()).days
        if days == 0:
            return f"{local:%H:%M}"
        return f"{local:%a %H:%M}" if days < A_WEEK else f"{local:%Y-%m-%d %H:%M}"


def _waits(number: int) -> str:
    """Say how much waits in the outbox."""
    return f"{number} to be sent" if number else ""
