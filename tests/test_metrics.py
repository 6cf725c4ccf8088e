"""A service in figures, as Prometheus reads them."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from databases import HOUR, NOW, new_papers
from prometheus_client.parser import text_string_to_metric_families
from running import newsroom, paper

from digest.config import Config, load
from digest.errors import StoreError
from digest.metrics import FRESH, Metrics
from digest.pulse import Pulse
from digest.store import Store, open_store
from digest.subscribers import Subscriber

pytest_plugins = ["databases"]

ALERTS = Path(__file__).parents[1] / "deploy" / "alerts.yaml"
DAY = "2026-06-12"

Samples = dict[str, dict[str, float]]


class Seconds:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def metrics(store: Store, clock: Seconds | None = None, **changes: object) -> Metrics:
    config = Config(subscribers=(Subscriber(name="Ann"), Subscriber(name="Bob", cadence="weekly")))
    parts = {
        "config": lambda: config,
        "store": store,
        "pulse": Pulse(),
        "began": NOW,
        "now": lambda: NOW + 2 * HOUR,
        "clock": clock or Seconds(),
    }
    return Metrics(**{**parts, **changes})  # type: ignore[arg-type]  # Its arguments, by name.


def samples(text: bytes) -> Samples:
    """Return each metric's values by its labels."""
    found: Samples = {}
    for family in text_string_to_metric_families(text.decode()):
        for sample in family.samples:
            labels = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))
            found.setdefault(sample.name, {})[labels] = sample.value
    return found


def remember(store: Store, run: str, steps: tuple[str, ...], *, after: timedelta) -> None:
    with store.writing() as transaction:
        transaction.begin_run(run, steps, NOW + after)
        transaction.end_run(run, "failed", "x", NOW + after + timedelta(seconds=90))


def test_runs_are_counted_and_the_last_of_each_step_is_told(store: Store) -> None:
    remember(store, "0", ("send",), after=-HOUR)
    clock = Seconds()
    made = metrics(store, clock)
    remember(store, "1", ("collect", "send"), after=HOUR)
    found = samples(made.text())
    assert found["digest_runs_total"]["outcome=failed,step=collect"] == 1
    assert found["digest_runs_total"]["outcome=failed,step=send"] == 1
    assert found["digest_runs_total"]["outcome=ok,step=publish"] == 0
    assert len(found["digest_runs_total"]) == 9
    ended = (NOW + HOUR + timedelta(seconds=90)).timestamp()
    assert found["digest_last_run_timestamp_seconds"] == {
        "outcome=failed,step=collect": ended,
        "outcome=failed,step=send": ended,
    }
    assert found["digest_last_run_duration_seconds"] == {"step=collect": 90, "step=send": 90}

    clock.now += FRESH
    assert samples(made.text())["digest_runs_total"]["outcome=failed,step=send"] == 1
    remember(store, "2", ("send",), after=HOUR + timedelta(minutes=5))
    clock.now += FRESH
    assert samples(made.text())["digest_runs_total"]["outcome=failed,step=send"] == 2


def test_figures_are_shown_again_while_they_are_fresh(store: Store) -> None:
    clock = Seconds()
    made = metrics(store, clock)
    made.text()
    remember(store, "1", ("send",), after=HOUR)
    clock.now += FRESH - 1
    assert samples(made.text())["digest_runs_total"]["outcome=failed,step=send"] == 0
    clock.now += 2
    assert samples(made.text())["digest_runs_total"]["outcome=failed,step=send"] == 1


def test_what_takes_long_to_count_is_counted_seldom() -> None:
    clock = Seconds()
    asked: list[float] = []

    class Slow(Store):
        def __init__(self) -> None:
            pass

        def reading(self) -> Iterator[object]:  # type: ignore[override]  # It never comes to that.
            asked.append(clock.now)
            clock.now += 1
            raise StoreError("busy")

    made = metrics(Slow(), clock)
    for _ in range(100):
        made.text()
        clock.now += 40
    assert asked == [0, 1001, 2002, 3003]  # Each took a second.


def test_a_store_that_cannot_be_read_is_said_and_the_rest_is_shown(tmp_path: Path) -> None:
    path = tmp_path / "digest.db"
    with open_store(f"sqlite:///{path}") as opened:
        made = metrics(opened)
    path.unlink()
    path.mkdir()
    found = samples(made.text())
    assert found["digest_store_readable"] == {"": 0}
    assert found["digest_subscribers"]["cadence=weekly"] == 1
    assert "digest_deliveries" not in found


def test_readers_are_counted_by_cadence_alone(store: Store) -> None:
    text = metrics(store).text()
    assert samples(text)["digest_subscribers"] == {
        "cadence=daily": 1,
        "cadence=weekdays": 0,
        "cadence=weekly": 1,
        "cadence=monthly": 0,
    }
    assert b"Ann" not in text
    assert b"Bob" not in text


def test_the_loops_pulse_and_ticks_are_shown(store: Store) -> None:
    clock = Seconds()
    pulse = Pulse(clock)
    pulse.turned({"publish": NOW + HOUR})
    clock.now += 5
    found = samples(metrics(store, pulse=pulse).text())
    assert found["digest_loop_age_seconds"] == {"": 5}
    assert found["digest_next_tick_timestamp_seconds"] == {"step=publish": (NOW + HOUR).timestamp()}


def test_what_a_source_listed_lately_is_counted(store: Store) -> None:
    with store.writing() as transaction:
        transaction.save_changes(new_papers(1, 2, 3), NOW)
        transaction.save_changes(new_papers(4), NOW - timedelta(days=2))
        assert transaction.figures(NOW + HOUR).listed["arxiv"].papers == 3
        assert transaction.figures(NOW + HOUR).listed["arxiv"].new == 3
        assert transaction.figures(NOW + HOUR).size > 10_000


@pytest.fixture
def shown(tmp_path: Path) -> Iterator[bytes]:
    """The figures of a newsroom after a run of which one source and one delivery failed."""
    with newsroom(tmp_path) as room:
        room.huggingface(DAY, paper(1, "On Looms"))
        del room.web.answers["/api/query"]
        room.mailbox.answer("RCPT", "451 4.2.1 ann@example.org is busy")
        assert room.once(DAY).code == 1
        config = load(tmp_path / "digest.toml")
        with open_store(config.store.url) as opened:
            moment = datetime(2026, 6, 13, tzinfo=UTC)
            made = Metrics(
                config=lambda: config,
                store=opened,
                pulse=Pulse(),
                began=moment - 12 * HOUR,
                now=lambda: moment,
            )
            yield made.text()


def test_a_run_is_seen_from_outside(shown: bytes) -> None:
    found = samples(shown)
    assert found["digest_deliveries"]["output=smtp,state=ready"] == 1
    assert found["digest_deliveries"]["output=smtp,state=sent"] == 0
    assert found["digest_source_papers_new"] == {"source=huggingface": 1, "source=arxiv": 0}
    assert list(found["digest_source_failing_since_timestamp_seconds"]) == ["source=arxiv"]
    assert list(found["digest_source_read_timestamp_seconds"]) == ["source=huggingface"]
    assert found["digest_outbox_oldest_age_seconds"][""] > 0
    assert found["digest_store_size_bytes"][""] > 10_000
    assert found["digest_disk_free_bytes"][""] > 0
    assert found["process_resident_memory_bytes"][""] > 1_000_000
    assert not re.search(rb"Ann|ann@|looms|medical", shown)


def test_every_figure_that_an_alert_asks_for_is_shown(shown: bytes) -> None:
    asked = set(re.findall(r"\bdigest_\w+", ALERTS.read_text(encoding="utf-8")))
    optional = {"digest_alarm_since_timestamp_seconds", "digest_next_tick_timestamp_seconds"}
    assert asked
    assert asked <= set(samples(shown)) | optional


def test_promtool_finds_no_fault(shown: bytes) -> None:
    """Of the metrics, as they are shown; of the alert rules; and of how these behave."""
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("no promtool here: Debian has it in its package prometheus")
    rules, behaviour = str(ALERTS), str(Path(__file__).with_name("alerts_test.yaml"))

    def run(*words: str, given: bytes = b"") -> tuple[int, str]:
        done = subprocess.run(  # noqa: S603  The program that was found.
            [promtool, *words], input=given, capture_output=True, check=False
        )
        return done.returncode, (done.stdout + done.stderr).decode()

    assert run("check", "metrics", given=shown) == (0, "")
    assert run("check", "metrics", given=b"# TYPE x_total gauge\nx_total 1\n")[0] != 0
    code, said = run("check", "rules", rules)
    assert (code, "SUCCESS" in said) == (0, True), said
    code, said = run("test", "rules", behaviour)
    assert code == 0, said
