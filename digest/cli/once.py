"""``digest once``: collect, publish and send, now."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from digest.cli.account import account
from digest.cli.options import configured, json_option, kept_pages, subscriber_option
from digest.cli.voice import KINDS, Voice, log_option, speaking
from digest.errors import ConfigError
from digest.report import Run

if TYPE_CHECKING:
    from digest.app import Setting
    from digest.kept import Kept


SAMPLE = "This was the built-in sample, with invented papers. `digest init` sets up the real thing."


@click.command(
    epilog="Exit codes: 0 well, 1 something failed but the run finished, 2 misuse or "
    "configuration, 3 the store, 75 another run is at work."
)
@click.option("--dry-run", is_flag=True, help="Do all of it but the sending; remember nothing.")
@click.option(
    "--at", metavar="WHEN", default="", help="Believe it is then: a date (its end) or a moment."
)
@subscriber_option("Publish for this reader alone.")
@json_option("Print the run's report; letters are not printed.")
@click.option(
    "--start-afresh", is_flag=True, help="Begin with an empty store though letters were sent."
)
@click.option(
    "--steps", metavar="LIST", default="", help="Take these alone, of collect,publish,send."
)
@click.option(
    "--patient", is_flag=True, help="Leave what is to be sent again later until it is time."
)
@click.option(
    "--scheduled",
    is_flag=True,
    help="It runs at the times of [schedule]: letters tell of days that were missed.",
)
@click.option("--name", default="", hidden=True, help="Call the run that; a service does.")
@click.option("--record", metavar="DIR", default="", help="Keep each page that is fetched there.")
@click.option(
    "--replay", metavar="DIR", default="", help="Read the pages kept there; implies --dry-run."
)
@click.option(
    "--checkpoint",
    metavar="COMMAND",
    default="",
    help="Run it before anything is sent, just before each message leaves, and at the end.",
)
@log_option(*KINDS)
@click.pass_context
def command(ctx: click.Context, /, **options: Any) -> None:
    """Collect, publish and send, now; or some of it.

    Reads every source, writes a letter to each reader who is due by their cadence, and sends
    what waits. Running it twice sends once; what failed is sent by the next run.

    With --dry-run, each letter is printed as Markdown, its HTML goes to a file in
    digest-preview/, nothing is sent, and nothing is remembered.

    With --replay, pages come from a folder instead of the network: one that --record wrote, or
    any folder of saved pages, which then stands in for all sources; what is named after a day is
    there from that day on. Letters of that day and later are made as if they had not been. It is
    when the last page was kept, unless --at says otherwise.

    With --checkpoint, a COMMAND (words, no shell) copies the store elsewhere, for a machine that
    is gone after the run: `digest backup` and whatever carries the file away. If it fails, or
    takes two minutes, nothing more is sent. Wherever the run is cut off, its last copy has at most
    the one message in flight in doubt, and none that would be sent twice. It runs once for each
    message, so it is for a handful of readers.
    """
    wanted = Wanted(**options)
    path = configured(ctx)
    with speaking(wanted.log) as voice:
        run = _run(wanted, path, voice) if path else _sample(wanted, voice)
    _tell(wanted, run, voice)
    if path is None and voice.account:
        click.echo(SAMPLE, err=True)
    ctx.exit(1 if run.failed else 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What was asked for."""

    dry_run: bool
    at: str
    subscriber: str
    as_json: bool
    start_afresh: bool
    steps: str
    patient: bool
    scheduled: bool
    name: str
    record: str
    replay: str
    checkpoint: str
    log: str

    def __post_init__(self) -> None:
        """Refuse what contradicts itself."""
        if self.record and self.replay:
            raise ConfigError(
                "--record and --replay: what is replayed is there already; choose one"
            )
        if self.steps and self.replay:
            raise ConfigError("--steps and --replay: a replay takes all steps; choose one")
        if self.checkpoint and (self.dry_run or self.replay):
            raise ConfigError(
                "--checkpoint: a dry run leaves nothing to copy; leave one of them out"
            )


def _run(wanted: Wanted, path: Path, voice: Voice) -> Run:
    from digest.app import Setting, clock, moment, run_name  # noqa: PLC0415 - only a run pays for it
    from digest.config import decode, read  # noqa: PLC0415 - as above
    from digest.pipeline import STEPS  # noqa: PLC0415 - as above
    from digest.runs import chosen, once  # noqa: PLC0415 - as above

    text = read(path)
    voice.hide(text)
    config = decode(text, path)
    keep = checkpoints(wanted.checkpoint) if wanted.checkpoint else None
    kept = kept_pages(config, wanted.replay) if wanted.replay else None
    latest = kept.moments[-1] if kept and kept.moments else clock()
    setting = Setting(
        config=config,
        now=moment(wanted.at, config.newsletter.timezone, latest),
        dry_run=wanted.dry_run,
        only=wanted.subscriber,
        start_afresh=wanted.start_afresh,
        folder=path.absolute().parent,
        quiet=wanted.as_json,
        record=Path(wanted.record) if wanted.record else None,
        steps=chosen(wanted.steps) if wanted.steps else STEPS,
        patient=wanted.patient,
        scheduled=wanted.scheduled,
        run=wanted.name or run_name(),
        checkpoint=keep,
        tell=voice.tell,
        log=voice.log,
    )
    return again(setting, kept) if kept else checked(setting, once)


def checkpoints(command: str) -> Callable[[], None]:
    """Return what runs the operator's command."""
    from digest.checkpoint import checkpoint  # noqa: PLC0415 - only a run with one pays for it

    return checkpoint(command)


def checked(setting: Setting, take: Callable[[Setting], Run]) -> Run:
    """Take a run, with its last checkpoint if there are any."""
    if setting.checkpoint is None:
        return take(setting)
    from digest.checkpoint import ended  # noqa: PLC0415 - as above

    return ended(lambda: take(setting), setting.checkpoint)


def again(setting: Setting, kept: Kept) -> Run:
    """Rehearse a run on kept pages."""
    from digest import replay  # noqa: PLC0415 - only a replay pays for it

    return replay.again(setting, kept)


def _sample(wanted: Wanted, voice: Voice) -> Run:
    from digest.demonstration import sample  # noqa: PLC0415 - only a run pays for it

    if not wanted.dry_run or wanted.record or wanted.replay or wanted.steps:
        raise ConfigError("no digest.toml; `digest init` writes one, --dry-run shows a sample")
    if wanted.at:
        raise ConfigError("--at: the built-in sample has its own days; `digest init` sets yours up")
    return sample(wanted.subscriber, quiet=wanted.as_json, tell=voice.tell)


def _tell(wanted: Wanted, run: Run, voice: Voice) -> None:
    if wanted.as_json:
        click.echo(run.report.json())
    if voice.account:
        account(run, dry_run=wanted.dry_run or bool(wanted.replay))


command.name = "once"
