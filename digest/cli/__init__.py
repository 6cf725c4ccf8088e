"""Where the operator types: one file per command.

Letters go to standard output, the account of a run to standard error. Exit codes: 0 well,
1 something failed but the run finished, 2 misuse or configuration, 3 the store, 75 another run
holds the lock. Each command imports only what it needs.

To add one: a file here with a click command called `command`, its name and line in `COMMANDS`.
"""

from __future__ import annotations

import gc
import importlib
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from io import TextIOWrapper
from pathlib import Path

import click

from digest import __version__, stopping
from digest.errors import DigestError

COMMANDS = {
    "init": "Write a digest.toml and a secret key.",
    "once": "Collect, publish and send, now.",
    "serve": "Run by itself: collect, publish and send at their times.",
    "explain": "Say why a paper is in a letter, or is not.",
    "keywords": "Try a keyword on the papers that were seen.",
    "check": "Try the config, the store, each source and each output.",
    "doctor": "Say what is wrong with the installation, and what to do.",
    "send-test": "Send one reader today's letter, marked as a test.",
    "subscribers": "Look at the readers.",
    "schedule": "Tell when a service runs next, and who is due when.",
    "papers": "List the papers that were seen; merge or split them.",
    "letters": "List the letters that went out; send one again.",
    "replay": "Make past letters again, and say how they differ from what was sent.",
    "migrate": "Make the store's tables, or bring them up to date.",
    "install": "Write units of systemd, so that it runs by itself.",
    "uninstall": "Remove what `digest install` wrote.",
    "move": "Take all that is remembered to another store.",
    "backup": "Save the store, the config, templates and keys in one file.",
    "restore": "Put back what was saved.",
    "prune": "Forget the texts of old papers and letters.",
    "take-back": "Go on with a store that was handed over.",
}


class Lazy(click.Group):
    """A group that imports a command when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands in the order in which a newcomer needs them."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command, or None where there is none of that name."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"digest.cli.{cmd_name.replace('-', '_')}")
        return module.command  # type: ignore[no-any-return]  # Each file has one.

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing any."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(
    cls=Lazy,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
    epilog="With no digest.toml, `digest once --dry-run` shows a built-in sample. "
    "Shell completion: `_DIGEST_COMPLETE=bash_source digest` prints what to put in ~/.bashrc "
    "(also zsh_source, fish_source).",
)
@click.version_option(__version__, prog_name="digest")
@click.option(
    "--config",
    "-c",
    metavar="FILE",
    help="The config, or - to pipe it in; else $DIGEST_CONFIG, ./digest.toml, "
    "~/.config/digest/digest.toml.",
)
@click.pass_context
def group(ctx: click.Context, config: str | None) -> None:
    """Mail each reader the few new research papers they would want to read.

    `digest` fetches pages that list new papers, tells new ones from seen ones, ranks them by
    each reader's keywords, and sends a newsletter that says why each paper is in it.
    """
    ctx.obj = config


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit as its docstring says."""
    gc.set_threshold(100_000)  # A command is short: looking for cycles often is time lost.
    _prepare_streams()
    stopping.listen()
    try:
        with stopping.in_time():
            # Click returns the code of `ctx.exit()`, and of a command that ends well its None.
            sys.exit(group.main(arguments, standalone_mode=False))
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except (click.Abort, KeyboardInterrupt):
        click.echo("digest: stopped", err=True)
        sys.exit(stopping.STOPPED)
    except DigestError as error:
        click.echo(f"digest: {printable(str(error))}", err=True)
        sys.exit(error.exit_code)
    except OSError as error:  # All others are translated where they are met.
        with suppress(OSError):
            click.echo(f"digest: cannot go on: {printable(str(error))}", err=True)
        sys.exit(1)
    finally:
        gc.freeze()  # The end of the process need not look for cycles either.


def _prepare_streams() -> None:
    """Make standard output and error fit for any text, and for being closed."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            nowhere = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - until the end
            setattr(sys, name, nowhere)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # A terminal that knows ASCII only shows "?".


def printable(text: str) -> str:
    """Return a text without control codes, for a terminal."""
    return "".join(c if c.isprintable() or c == "\n" else "\ufffd" for c in text)
