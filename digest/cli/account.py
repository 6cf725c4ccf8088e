"""The account of a run, on standard error: progress on a terminal, quiet lines elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from typing import Any, TextIO, cast

import click

from digest.cli import printable
from digest.letters import Lost, spells
from digest.report import Run, SourceReport


@contextmanager
def telling() -> Iterator[Callable[[str], None]]:
    """Show how far a run is while it runs, if somebody looks."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console  # noqa: PLC0415 - only a terminal pays for it
    from rich.live import Live  # noqa: PLC0415 - as above
    from rich.spinner import Spinner  # noqa: PLC0415 - as above

    spinner = Spinner("dots", "starting")
    with Live(spinner, console=Console(stderr=True), transient=True, redirect_stdout=False) as live:

        def tell(text: str) -> None:
            spinner.update(text=printable(text))
            live.start()

        with redirect_stdout(cast("TextIO", _Aside(sys.stdout, live.stop))):
            yield tell


class _Aside:
    """Standard output while a spinner turns: it makes room before anything is written."""

    def __init__(self, stream: TextIO, make_room: Callable[[], None]) -> None:
        self._stream = stream
        self._make_room = make_room

    def write(self, text: str) -> int:
        """Write a text where the spinner was."""
        self._make_room()
        return self._stream.write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def account(run: Run, *, dry_run: bool) -> None:
    """Say what a run did, a line each."""
    report = run.report
    if run.adopted:
        _say(
            f"the store is older than what was sent: {run.adopted} letters were taken over from "
            "the journal beside it"
        )
    for source in report.sources:
        for line in _source(source):
            _say(line)
    for letter in report.letters:
        counts = f"{len(letter.here)} papers here, {len(letter.more)} more"
        _say(f"{letter.subscriber}: {counts}, of {letter.receipt.read} looked at")
    for name, why in run.published.silent:
        _say(f"{name}: no letter: {why}")
    for note in report.notes:
        _say(note)
    for said in report.alarms:
        _say(f"alarm: {said}")
    for delivery, answer in (*run.sent.answers, *run.watched.sent.answers):
        _say(f"  {delivery.key} by {delivery.output}: {answer}")
    if dry_run:
        _say("dry run: nothing was sent, nothing is remembered")


def _source(source: SourceReport) -> Iterator[str]:
    counts = f"{source.listed} listed, {source.new} new"
    changed = f", {source.revised} revised" if source.revised else ""
    yield f"{source.name}: {counts}{changed}"
    for text in (*source.errors, *source.notes):
        yield f"  {text}"
    for lost in spells(source.name, source.lost):
        yield f"  lost for good: {_days(lost)}; it could not be read in time"


def _days(lost: Lost) -> str:
    return f"{lost.first}" if lost.first == lost.last else f"{lost.first} to {lost.last}"


def _say(line: str) -> None:
    click.echo(printable(line), err=True)
