"""``digest doctor``: how an installation is that has been running, a line for each part."""

from __future__ import annotations

import click

from digest.cli.options import json_option, needed


@click.command(name="doctor")
@click.option("--offline", is_flag=True, help="Ask nothing outside this machine.")
@json_option()
@click.pass_context
def command(ctx: click.Context, *, offline: bool, as_json: bool) -> None:
    """Say what is wrong with the installation, and what to do.

    Looks at the store, the disks, the clock, who may read what is private, each source, the last
    runs, the outbox, the alarms, each output, and the DNS of the senders' domains. Nothing is
    written and nothing is sent. A line each: ok, or what is wrong and what to do.

    Exit codes: 0 all well, 1 something is wrong.
    """
    from digest.app import Setting, clock  # noqa: PLC0415 - `--help` need not pay for it
    from digest.cli.findings import tell  # noqa: PLC0415 - as above
    from digest.config import load  # noqa: PLC0415 - as above
    from digest.doctor import doctor  # noqa: PLC0415 - as above

    path = needed(ctx).absolute()
    setting = Setting(config=load(path), now=clock(), folder=path.parent)
    ctx.exit(1 if tell(doctor(setting, path, offline=offline), as_json=as_json) else 0)
