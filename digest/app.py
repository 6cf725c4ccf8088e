"""The composition root: the one place where the parts meet.

It opens what a run needs, hands it to the flow, and closes it. It decides nothing about papers.
"""

from __future__ import annotations

import dataclasses
import os
import secrets
import socket
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cached_property, partial
from pathlib import Path
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from digest.addresses import shown
from digest.config import Config
from digest.errors import ConfigError, StoreError
from digest.events import UNLOGGED, Log
from digest.fetch import Fetcher
from digest.gists import Gists
from digest.keys import secret_key, source_secret
from digest.missed import Scheduled
from digest.outputs import Output
from digest.outputs.preview import Preview
from digest.pipeline import STEPS, Parts, Step
from digest.stationery import MessageIds, Stationery
from digest.stopping import unhurried
from digest.store import Store, Transaction, migrate, open_store
from digest.subscribers import end_of_day

LOCK = "run"
SERVICE_LOCK = "serve"
LOCK_LEASE = timedelta(hours=1)
REHEARSED = 20.0
"""For how many seconds a dry run has a model write at most: on a server, runs wait meanwhile."""

YEARS = range(1900, 9000)
"""When a run may believe it is: far enough from the ends of what a date can say."""


Tell = Callable[[str], None]


def silence(_: str) -> None:
    """Tell nobody."""


def clock() -> datetime:
    """Return the real time, whatever the run believes."""
    return datetime.now(UTC)


def run_name() -> str:
    """Return a name for a run, which sorts by its time."""
    return f"{clock():%Y%m%dT%H%M%S}-{secrets.token_hex(4)}"


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What one command is given: the config, when it is, and who hears how far it is.

    `quiet` keeps a dry run's letters off standard output. `folder` is where its HTML goes.
    `record` is where each page that is fetched is kept; `checkpoint` copies the store elsewhere.
    `patient` is who sends only what is due; `scheduled` who runs at the ticks of the config, be
    they the default ones. `run` names the run, in the store and wherever it is spoken of: `log`
    hears what happens in it.
    """

    config: Config
    now: datetime
    dry_run: bool = False
    only: str = ""
    start_afresh: bool = False
    sample: bool = False
    quiet: bool = False
    folder: Path = Path()
    record: Path | None = None
    checkpoint: Callable[[], None] | None = None
    steps: tuple[Step, ...] = STEPS
    patient: bool = False
    scheduled: bool = False
    run: str = field(default_factory=run_name)
    tell: Tell = silence
    log: Log = UNLOGGED

    @cached_property
    def desk(self) -> Stationery:
        """What letters are written with."""
        return Stationery(self.config)


def moment(at: str, zone: str, now: datetime) -> datetime:
    """Return when a run is to believe it is: `now`, a moment, or the end of a day in a zone."""
    if not at:
        return now
    try:
        if len(at) == len("2026-06-12"):
            found = end_of_day(date.fromisoformat(at), zone)
        else:
            found = datetime.fromisoformat(at)
    except (ValueError, OverflowError) as error:
        reason = "is no date such as 2026-06-12 and no moment such as 2026-06-12T07:00+02:00"
        raise ConfigError(f"--at: `{at}` {reason}") from error
    if found.year not in YEARS:
        raise ConfigError(f"--at: `{at}` is not between {YEARS[0]} and {YEARS[-1]}")
    return found if found.tzinfo else found.replace(tzinfo=ZoneInfo(zone))


def check_reader(setting: Setting) -> None:
    """Raise ConfigError if `only` is nobody."""
    names = [each.name for each in setting.config.subscribers]
    if setting.only and setting.only not in names:
        known = ", ".join(names) or "none"
        raise ConfigError(f"no subscriber is called `{setting.only}`; there are: {known}")


def opened(setting: Setting, *, copied: bool = False) -> Store:
    """Open the store, or its rehearsal; `copied` is for rehearsals that take long."""
    return open_store(
        setting.config.store.url,
        start_afresh=setting.start_afresh,
        rehearsal=setting.dry_run,
        copied=copied,
    )


def fetching(setting: Setting) -> Fetcher:
    """Return what gets pages, and knows the secrets of sources."""
    return Fetcher(
        setting.config.http,
        now=setting.now,
        secret_of=partial(source_secret, environment=os.environ),
    )


@contextmanager
def locked(
    store: Store, owner: str, name: str = LOCK, lease: timedelta = LOCK_LEASE
) -> Iterator[None]:
    """Hold a lock, the run's as a rule. Raises LockHeldError while another has it."""
    with store.writing() as transaction:
        transaction.take_lock(name, owner, clock(), lease, alive)
    try:
        yield
    finally:
        with store.writing() as transaction:
            transaction.give_back(owner)
            transaction.release_lock(name, owner)


def renew(owner: str, transaction: Transaction) -> None:
    """Hold the run's lock for longer. Raises StoreError where another run took it over."""
    transaction.renew_lock(LOCK, owner, clock(), LOCK_LEASE)


def me() -> str:
    """Return who this process is, to others that use the store."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"


def alive(owner: str) -> bool:
    """Say whether the owner of a lock may still be at work; other hosts' are presumed to be."""
    host, _, rest = owner.partition(":")
    pid = rest.partition(":")[0]
    if host != socket.gethostname() or not pid.isdigit():
        return True
    if int(pid) == os.getpid():
        return False  # It had our number before us, as the first process of a container has.
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return not _is_unburied(pid)


def _is_unburied(pid: str) -> bool:
    """Say whether a process has ended, and none but its number is left: a zombie.

    Its parent takes that away, or who started the system; in a container it may be nobody.
    """
    try:
        status = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return False
    return status.rpartition(b")")[2].split()[0] == b"Z"


def parts(setting: Setting, store: Store, fetcher: Fetcher, owner: str) -> Parts:
    """Put together what a run is made of."""
    config = setting.config
    outputs: dict[str, Output] = {each.name: _hushed(each, setting) for each in config.outputs}
    subscribers = config.subscribers
    senders: Mapping[str, Output] = outputs
    if setting.dry_run:
        preview = Preview(path=str(preview_folder(setting.folder)), quiet=setting.quiet)
        senders = dict.fromkeys([*outputs, preview.name], preview)
        outputs = {preview.name: preview}
        subscribers = tuple(replace(each, outputs=()) for each in subscribers)
    elif not config.outputs:
        raise ConfigError("no [[outputs]]: letters could go nowhere; use --dry-run to look at them")
    secret = secret_key(os.environ, setting.folder) or secrets.token_bytes(32)
    return Parts(
        store=store,
        sources=config.sources,
        outputs=outputs,
        senders=senders,
        public=any(each.reaches(None) for each in config.outputs if not isinstance(each, Preview)),
        subscribers=subscribers,
        zone_of=config.zone_of,
        fetch=fetcher.get,
        render=setting.desk.render,
        pages=setting.desk.pages,
        message_id=MessageIds(config, secret),
        now=setting.now,
        clock=clock,
        owner=owner,
        title=config.newsletter.title,
        rank=config.rank,
        letters=config.letters,
        resolve=config.resolve,
        reply_to=config.newsletter.reply_to,
        scheduled=_scheduled(setting),
        gists=gists(config, dry_run=setting.dry_run) if config.gist.url else None,
        only=setting.only,
        sample=setting.sample,
        patient=setting.patient,
        unhurried=unhurried,
        tell=setting.tell,
        log=setting.log,
        checkpoint=setting.checkpoint,
    )


def _scheduled(setting: Setting) -> Scheduled | None:
    """Return what knows of ticks: who runs `once` by other means may have others than ours."""
    if setting.scheduled or setting.config.schedule.publish:
        return partial(setting.config.timetable.due, "publish")
    return None


def gists(config: Config, *, dry_run: bool = False) -> Gists:
    """Return who is asked for gists. Raises ConfigError for a key that cannot be read."""
    key = source_secret("GIST_KEY", os.environ)
    budget = min(config.gist.budget, REHEARSED) if dry_run else config.gist.budget
    return Gists(replace(config.gist, budget=budget), key, agent=config.http.agent)


def preview_folder(folder: Path) -> Path:
    """Return where a dry run's HTML goes: beside the config, or where anybody may write."""
    from digest.outputs.files import try_writing  # noqa: PLC0415 - only a dry run pays for it

    place = folder / "digest-preview"
    try:
        try_writing(place)
    except OSError:
        return Path(tempfile.mkdtemp(prefix="digest-preview-"))
    return place


def _hushed(output: Output, setting: Setting) -> Output:
    """Return an output that leaves standard output to the report where one is asked for."""
    if setting.quiet and isinstance(output, Preview):
        return replace(output, quiet=True)
    return output


@contextmanager
def looking(setting: Setting) -> Iterator[Store]:
    """Open the store to look at it: nothing is written, and nothing is made."""
    rehearsed = dataclasses.replace(setting, dry_run=True)
    with opened(rehearsed) as store:
        yield store


def move(setting: Setting, to: str) -> Mapping[str, int]:
    """Copy the store to another, which is made or must be empty; return the rows by table.

    Neither can be written to meanwhile. The copy is kept whole or not at all; where it is, the
    old store says that it was handed over.
    """
    url = setting.config.store.url
    with looking(setting) as store, store.reading() as transaction:
        if transaction.is_empty():
            raise StoreError(f"{url}: there is nothing to move; use {to} from the beginning")
    migrate(to)
    with open_store(url) as old, open_store(to) as new, locked(old, me()):
        with new.reading() as theirs:
            if not theirs.is_empty():
                raise StoreError(f"{to}: there is something in it; move to an empty store")
        with old.writing() as ours, new.writing() as theirs:
            counts = theirs.copy(ours, setting.tell)
            ours.hand_over(shown(to), clock())
            return counts
