"""``digest serve``: run by itself."""

from __future__ import annotations

from functools import partial

import click

from digest.cli.options import needed
from digest.cli.voice import hide, log_option, logging, service_kind
from digest.config import STANDARD_INPUT
from digest.errors import ConfigError


@click.command(
    name="serve",
    epilog="Exit codes: 0 told to stop, 2 configuration, 3 the store, or another service took "
    "over, 75 another service is at work.",
)
@log_option("auto", "console", "json", "journal")
@click.pass_context
def command(ctx: click.Context, /, log: str) -> None:
    """Collect and publish at the times of [schedule], and send what waits.

    It stays in the foreground until SIGTERM or Ctrl-C, which end it within ten seconds. SIGHUP
    has it read the config again: a bad one is refused, and the old one stays. What it missed while
    it was down is made good at once.

    Each run is a process of its own, as by `digest once`, which may be run beside it. systemd is
    told when it is ready, what it waits for, and that it lives. Where [serve] metrics says, it
    shows /metrics and /healthz.
    """
    from digest.serve import serve  # noqa: PLC0415 - only a service pays for it

    path = needed(ctx)
    if path == STANDARD_INPUT:
        raise ConfigError("--config -: a service reads its config again; name a file")
    kind = service_kind(log)
    with logging(kind) as book:
        serve(path, book, kind, partial(hide, book))
