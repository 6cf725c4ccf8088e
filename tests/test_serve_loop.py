"""The loop of a service, on a clock and with runs that the tests are in charge of."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from databases import a_letter, publish
from running import ANN, FOLDER

from digest.app import alive, locked
from digest.errors import LockHeldError, LockLostError
from digest.events import Event, Unlogged
from digest.pulse import Pulse
from digest.serve.ears import Ears
from digest.serve.ledger import LEASE, LOCK, Ledger
from digest.serve.loop import HELD, LIMIT, LONGEST_WAIT, Loop
from digest.serve.notify import Notifier
from digest.serve.orders import Orders
from digest.store import Store, open_store

pytest_plugins = ["databases"]

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
FRIDAY = datetime(2026, 6, 12, 6, 30, tzinfo=UTC)
CONFIG = """
[schedule]
collect = "every hour"
publish = "weekdays at 07:00"
"""


@dataclass
class FakeRun:
    """A run that ends when it is told how; one that obeys, when it is told to stop."""

    name: str
    steps: tuple[str, ...]
    code: int | None = None
    stopped: bool = False
    killed: bool = False
    obeys: bool = False

    def ended(self) -> int | None:
        return self.code

    def stop(self) -> None:
        self.stopped = True
        if self.obeys:
            self.code = -15

    def kill(self) -> None:
        self.killed, self.code = True, -9


class Said(Unlogged):
    """A log of which what it says is kept, as `about: reason` or the event's name."""

    def __init__(self, lines: list[str]) -> None:
        self._lines = lines

    def __call__(self, event: Event, /) -> None:
        if event.fields["event"] != "waiting":
            self._lines.append(getattr(event, "reason", event.fields["event"]))


@dataclass
class Post:
    """A service in a test: its clock, its runs, what it said."""

    store: Store
    path: Path
    now: datetime = FRIDAY
    runs: list[FakeRun] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    ears: Ears = field(default_factory=Ears)
    pulse: Pulse = field(default_factory=Pulse)
    refuse: str = ""

    def start(self, _: Orders, steps: Iterable[str], name: str) -> FakeRun:
        if self.refuse:
            raise OSError(self.refuse)
        self.runs.append(FakeRun(name, tuple(steps)))
        return self.runs[-1]

    def loop(self) -> Loop:
        return Loop(
            orders=Orders(self.path),
            ledger=Ledger(self.store, "me"),
            start=self.start,
            ears=self.ears,
            notifier=Notifier(),
            clock=lambda: self.now,
            log=Said(self.said),
            pulse=self.pulse,
        )

    def finish(self, outcome: str = "ok") -> None:
        """Let the last run end well, as the store sees it."""
        run = self.runs[-1]
        with self.store.writing() as t:
            t.begin_run(run.name, run.steps, self.now)
            t.end_run(run.name, outcome, "", self.now)  # type: ignore[arg-type]  # One of its words.
        run.code = 0 if outcome == "ok" else 1

    def at(self, loop: Loop, moment: datetime) -> float:
        self.now = moment
        return loop.turn()

    @property
    def taken(self) -> list[tuple[str, ...]]:
        return [run.steps for run in self.runs]


@pytest.fixture
def post(store: Store, tmp_path: Path) -> Iterator[Post]:
    path = tmp_path / "digest.toml"
    path.write_text(CONFIG + FOLDER + ANN)
    with ExitStack() as stack:
        made = Post(store, path)
        stack.enter_context(made.ears)
        with store.writing() as t:
            t.take_lock(LOCK, "me", FRIDAY, LEASE)
        yield made


def test_steps_are_taken_at_their_ticks(post: Post) -> None:
    loop = post.loop()
    seven = FRIDAY + HOUR / 2
    post.at(loop, seven - MINUTE)
    assert post.taken == []

    post.at(loop, seven)
    post.finish()
    post.at(loop, seven + MINUTE)
    post.at(loop, seven + HOUR)

    assert post.taken == [("collect", "publish", "send"), ("collect",)]


def test_a_new_store_waits_for_its_first_tick(post: Post) -> None:
    loop = post.loop()
    post.at(loop, FRIDAY)
    assert post.taken == []


def test_a_tick_that_was_missed_while_it_was_down_is_made_good_at_once(post: Post) -> None:
    with post.store.writing() as t:
        t.begin_run("before", ("collect", "publish", "send"), FRIDAY - 30 * HOUR)
        t.end_run("before", "ok", "", FRIDAY - 29 * HOUR)

    post.at(post.loop(), FRIDAY)

    assert post.taken == [("collect", "publish", "send")]


def test_a_run_that_was_killed_did_not_take_its_steps(post: Post) -> None:
    with post.store.writing() as t:
        t.begin_run("whole", ("collect", "publish", "send"), FRIDAY - 30 * HOUR)
        t.end_run("whole", "failed", "", FRIDAY - 29 * HOUR)
        t.begin_run("killed", ("collect", "publish", "send"), FRIDAY - HOUR)

    post.at(post.loop(), FRIDAY)

    assert post.taken == [("collect", "publish", "send")]


def test_a_step_that_was_never_taken_is_made_good_though_the_machine_was_off_at_its_ticks(
    post: Post,
) -> None:
    with post.store.writing() as t:
        t.begin_run("first", ("collect",), FRIDAY - 30 * HOUR)
        t.end_run("first", "ok", "", FRIDAY - 29 * HOUR)

    post.at(post.loop(), FRIDAY)

    assert post.taken == [("collect", "publish", "send")]


def test_a_machine_that_was_asleep_for_three_days_has_one_run(post: Post) -> None:
    loop = post.loop()
    post.at(loop, FRIDAY)
    monday = FRIDAY + timedelta(days=3)
    post.at(loop, monday)
    post.finish()
    post.at(loop, monday + MINUTE)

    assert post.taken == [("collect", "publish", "send")]


def test_one_run_at_a_time(post: Post) -> None:
    loop = post.loop()
    post.at(loop, FRIDAY + HOUR)
    post.at(loop, FRIDAY + HOUR + HOUR / 2)
    assert len(post.runs) == 1

    post.finish()
    post.at(loop, FRIDAY + HOUR + HOUR / 2 + MINUTE)
    assert post.taken[1:] == [("collect",)]


def test_what_waits_is_sent_within_a_minute_and_what_is_to_wait_is_not(post: Post) -> None:
    loop = post.loop()
    post.at(loop, FRIDAY)
    publish(post.store, a_letter())
    with post.store.writing() as t:
        (delivery,) = t.claim("other", FRIDAY, 1, HOUR)
        t.retry(delivery, "later", FRIDAY + 10 * MINUTE)

    post.at(loop, FRIDAY + MINUTE)
    assert post.taken == []
    post.at(loop, FRIDAY + 10 * MINUTE)
    assert post.taken == [("send",)]


@pytest.mark.parametrize("code", [3, -9, 1], ids=["an error", "killed", "a fault"])
def test_a_run_that_does_not_finish_is_tried_again_and_stops_nothing(post: Post, code: int) -> None:
    loop = post.loop()
    seven = FRIDAY + HOUR / 2
    post.at(loop, seven)
    post.runs[-1].code = code
    post.at(loop, seven + MINUTE / 2)
    post.at(loop, seven + MINUTE)
    assert len(post.runs) == 1
    assert f"did not finish: it ended with {code}" in loop.status(post.now)

    post.at(loop, seven + 2 * MINUTE)
    post.finish("failed")
    post.at(loop, seven + 3 * MINUTE)

    assert post.taken == [("collect", "publish", "send")] * 2
    assert "did not finish" not in loop.status(post.now)


def test_what_waits_is_sent_while_another_step_fails_which_is_still_said(post: Post) -> None:
    loop = post.loop()
    seven = FRIDAY + HOUR / 2
    for after in (0, 2, 5, 10):
        post.at(loop, seven + after * MINUTE)
        post.runs[-1].code = 3
        post.at(loop, seven + (after + 1 / 2) * MINUTE)
    publish(post.store, a_letter())
    post.at(loop, seven + 12 * MINUTE)
    assert post.taken == [("collect", "publish", "send")] * 4 + [("send",)]

    with post.store.writing() as t:
        (delivery,) = t.claim("run", post.now, 1, HOUR)
        t.mark_sent(delivery, "250", post.now)
    post.finish()
    post.at(loop, seven + 13 * MINUTE)
    assert "did not finish" in loop.status(post.now)


def test_a_run_that_was_killed_leaves_nothing_leased_and_no_lock(post: Post) -> None:
    loop = post.loop()
    publish(post.store, a_letter())
    post.at(loop, FRIDAY)
    dead = "elsewhere:1:x"
    with post.store.writing() as t:
        t.take_lock("run", dead, FRIDAY - 2 * HOUR, HOUR)
        t.begin_run(post.runs[-1].name, ("send",), FRIDAY)
        t.claim(dead, FRIDAY, 1, HOUR)
    post.runs[-1].code = -9

    post.at(loop, FRIDAY + MINUTE)

    with post.store.reading() as t:
        assert t.counts() == {"ready": 1}
        assert t.held_until("run") is None
        assert t.last_runs()[0].outcome == "stopped"


def test_a_run_that_meets_another_is_tried_each_minute(post: Post) -> None:
    loop = post.loop()
    moment = FRIDAY + HOUR / 2
    for _ in range(4):
        post.at(loop, moment)
        post.runs[-1].code = HELD
        post.at(loop, moment + MINUTE / 4)
        moment += MINUTE * 5 / 4 + MINUTE / 60

    assert len(post.runs) == 4
    assert "another run is at work" in loop.status(post.now)


def test_a_run_that_does_nothing_any_more_is_stopped_and_then_killed(post: Post) -> None:
    loop = post.loop()
    post.at(loop, FRIDAY + HOUR / 2)
    (run,) = post.runs
    post.at(loop, FRIDAY + HOUR)
    assert not run.stopped

    post.at(loop, FRIDAY + HOUR / 2 + LIMIT)
    assert (run.stopped, run.killed) == (True, False)
    post.at(loop, FRIDAY + HOUR / 2 + LIMIT + MINUTE)
    assert run.killed


def test_a_run_that_hangs_is_stopped_though_the_clock_was_set_back(post: Post) -> None:
    loop = post.loop()
    post.at(loop, FRIDAY + HOUR / 2)
    post.at(loop, FRIDAY - timedelta(days=400))
    assert post.runs[0].stopped


def test_a_run_that_claims_now_and_then_may_go_on(post: Post) -> None:
    loop = post.loop()
    post.at(loop, FRIDAY + HOUR / 2)
    with post.store.writing() as t:
        t.take_lock("run", "elsewhere:1:x", FRIDAY + LIMIT, HOUR)

    post.at(loop, FRIDAY + HOUR / 2 + LIMIT)

    assert not post.runs[0].stopped


def test_where_no_run_can_be_started_it_is_said_and_tried_again(post: Post) -> None:
    loop = post.loop()
    post.refuse = "Cannot allocate memory"
    post.at(loop, FRIDAY + HOUR / 2)
    assert "no run can be started: Cannot allocate memory" in post.said

    post.refuse = ""
    post.at(loop, FRIDAY + HOUR / 2 + MINUTE)
    assert len(post.runs) == 1


def test_a_clock_that_is_set_back_stops_nothing(post: Post) -> None:
    loop = post.loop()
    seven = FRIDAY + HOUR / 2
    post.at(loop, seven)
    post.finish()
    post.at(loop, seven + MINUTE)

    back = seven - timedelta(days=400)
    post.at(loop, back)
    post.at(loop, back + HOUR)

    assert len(post.runs) == 2


def test_it_never_waits_long_and_not_past_a_tick(post: Post) -> None:
    loop = post.loop()
    assert post.at(loop, FRIDAY) == LONGEST_WAIT
    assert post.at(loop, FRIDAY + HOUR / 2 - timedelta(seconds=4)) == 4


def test_the_status_says_what_comes_next_in_the_newsletters_zone(post: Post) -> None:
    post.path.write_text('[newsletter]\ntimezone = "Asia/Tokyo"\n' + CONFIG + FOLDER + ANN)
    publish(post.store, a_letter())
    loop = post.loop()
    assert loop.status(FRIDAY) == "next: collect 16:00, publish Mon 07:00"

    post.at(loop, FRIDAY)
    assert loop.status(FRIDAY) == (
        "at work: send; next: collect 16:00, publish Mon 07:00; 1 to be sent"
    )


# The lock


def test_the_lock_is_renewed_each_minute(post: Post) -> None:
    loop = post.loop()
    for minutes in range(10):
        post.at(loop, FRIDAY + minutes * MINUTE)
    with post.store.reading() as t:
        assert t.held_until(LOCK) == FRIDAY + 9 * MINUTE + LEASE


def test_alarms_are_looked_for_an_hour_after_the_last_look_though_nothing_is_due(
    post: Post,
) -> None:
    yearly = '[schedule]\ncollect = "@yearly"\npublish = "@yearly"\n'
    post.path.write_text(yearly + FOLDER + ANN)
    loop = post.loop()
    taken = []
    for moment in (HOUR - MINUTE, HOUR, HOUR + MINUTE, 2 * HOUR, 2 * HOUR + MINUTE):
        post.at(loop, FRIDAY + moment)
        taken.append(len(post.taken))
        if post.runs and post.runs[-1].code is None:
            post.finish()

    assert taken == [0, 1, 1, 1, 2]
    assert post.taken == [(), ()]


def test_a_lock_that_another_took_over_ends_the_service_and_its_run(post: Post) -> None:
    loop = post.loop()
    post.at(loop, FRIDAY + HOUR / 2)
    with post.store.writing() as t:
        t.take_lock(LOCK, "other", post.now + HOUR, LEASE)
    post.now += HOUR
    post.runs[0].obeys = True

    with pytest.raises(LockLostError, match="another run took it over"):
        loop.run()

    assert post.runs[0].stopped


def test_a_second_service_hears_who_is_at_work_since_when(post: Post) -> None:
    with (
        pytest.raises(LockHeldError, match=r"lock `serve`: me has held it since 2026-06-12 06:30"),
        post.store.writing() as t,
    ):
        t.take_lock(LOCK, "second", FRIDAY + MINUTE, LEASE, lambda _: True)


def test_a_killed_service_is_replaced_at_once_and_one_elsewhere_after_its_lease(
    store: Store,
) -> None:
    with store.writing() as t:
        t.take_lock(LOCK, "elsewhere:1:x", FRIDAY, LEASE)
    with store.writing() as t, pytest.raises(LockHeldError):
        t.take_lock(LOCK, "me", FRIDAY + MINUTE, LEASE, alive)
    with store.writing() as t:
        assert t.take_lock(LOCK, "me", FRIDAY + LEASE, LEASE, alive) == "elsewhere:1:x"


def test_a_run_beside_an_idle_service_has_its_own_lock(url: str) -> None:
    with open_store(url) as store, locked(store, "me", LOCK, LEASE):
        with locked(store, "run"), store.reading() as t:
            assert t.held_until("run")
        with store.reading() as t:
            assert t.held_until("run") is None
            assert t.held_until(LOCK)


# The config


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda text: text + "\n[nonsense]\n", "unknown key `nonsense`"),
        (lambda text: text.replace("looms", "looms AND ("), "keyword"),
        (lambda text: text.replace("every hour", "every blue moon"), "schedule.collect"),
        (lambda text: '[newsletter]\ntemplates = "nowhere"\n' + text, "nowhere"),
        (lambda text: '[store]\nurl = "sqlite:///other.db"\n' + text, "needs a restart"),
        (lambda text: '[serve]\nmetrics = ""\n' + text, "needs a restart"),
        (lambda text: text.replace(FOLDER, ""), "letters could go nowhere"),
    ],
    ids=["a key", "a keyword", "a line", "templates", "the store", "metrics", "no output"],
)
def test_a_bad_config_is_refused_and_said_and_the_old_one_stays(
    post: Post, change: Callable[[str], str], said: str
) -> None:
    orders = Orders(post.path)
    before = orders.text
    loop = post.loop()
    post.path.write_text(change(before))
    post.ears.hear(signal.SIGHUP)

    post.at(loop, FRIDAY)

    (line,) = post.said
    assert said in line
    assert f"the new config is refused, the old one stays: {line}" in loop.status(FRIDAY)
    post.at(loop, FRIDAY + HOUR / 2)
    assert post.taken == [("collect", "publish", "send")]


def test_a_good_config_is_in_force_at_once(post: Post) -> None:
    loop = post.loop()
    post.path.write_text(post.path.read_text().replace("every hour", "every day at 12:00"))
    post.ears.hear(signal.SIGHUP)
    post.at(loop, FRIDAY)

    assert post.said == ["config_reloaded"]
    assert "collect 12:00" in loop.status(FRIDAY)


# What goes wrong


def test_a_store_that_fails_is_said_once_and_the_service_goes_on(post: Post) -> None:
    loop = post.loop()
    with post.store.writing() as t:
        t._connection.exec_driver_sql("ALTER TABLE deliveries RENAME TO gone")  # noqa: SLF001  A fault.
    assert loop._safely() == LONGEST_WAIT  # noqa: SLF001  As `run` does.
    assert loop._safely() == LONGEST_WAIT  # noqa: SLF001  As above.
    assert len(post.said) == 1

    with post.store.writing() as t:
        t._connection.exec_driver_sql("ALTER TABLE gone RENAME TO deliveries")  # noqa: SLF001  Mended.
    post.now = FRIDAY + HOUR / 2
    loop._safely()  # noqa: SLF001  As above.
    assert len(post.runs) == 1
    assert loop.status(post.now).startswith("at work")


def test_a_fault_of_the_program_is_said_and_the_service_goes_on(post: Post) -> None:
    loop = post.loop()
    before, post.ears.reload = post.ears.reload, lambda: 1 // 0  # type: ignore[method-assign, assignment, return-value]  # A fault.
    assert loop._safely() == LONGEST_WAIT  # noqa: SLF001  As `run` does.
    assert post.said == [
        "a fault of the program: ZeroDivisionError: integer division or modulo by zero"
    ]
    post.ears.reload = before  # type: ignore[method-assign]  # As it was.
    post.now = FRIDAY + HOUR / 2
    loop._safely()  # noqa: SLF001  As above.
    assert len(post.runs) == 1
