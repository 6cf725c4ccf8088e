"""``digest init``: a commented digest.toml and a secret key."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from digest.errors import ConfigError

TEMPLATE = """\
# What digest reads, who gets its letters, and how they go out.
# Every setting and its default is told in the example that comes with digest (deploy/digest.toml).

[newsletter]
title = {title}
timezone = {timezone}             # whose days count: yours

[store]
url = "sqlite:///digest.db"            # beside this file

[[sources]]
kind = "huggingface"                   # the daily list; or list = "weekly", or query = "..."

[[sources]]
kind = "arxiv"
categories = {categories}

{output}
[[subscribers]]
name = {name}
email = {email}
cadence = "daily"                      # or "weekdays", "weekly", "monthly"
keywords = {keywords}
# A keyword is a phrase: "data selection". "title:…", "author:…" and "category:…" look elsewhere,
# "data selection^2" counts twice, "-medical" leaves out what it hits. AND, OR, NOT, parentheses
# and "simulat*" work, too; `digest keywords "TEXT"` shows what an entry finds.
"""

SMTP = """\
[[outputs]]
kind = "smtp"                          # your provider's mail server, or one of your own
host = {host}
security = "starttls"                  # or "tls"; never weakened silently
username = {username}
sender = {sender}
# The password is not written here: set DIGEST_SMTP_PASSWORD, or
# password_command = "pass show smtp"
"""

DIRECTORY = """\
[[outputs]]
kind = "directory"                     # Markdown and HTML files, by date
path = "letters"
"""


@click.command(name="init")
@click.option("--title", help="The newsletter's title.")
@click.option("--timezone", help="Whose days count, such as Europe/Berlin.")
@click.option("--name", help="The first reader's name.")
@click.option("--email", help="The first reader's address; empty for letters in a folder.")
@click.option("--keyword", "-k", "keywords", multiple=True, help="What to follow; may be repeated.")
@click.option("--category", "categories", multiple=True, help="An arXiv category; may be repeated.")
@click.option("--smtp-host", help="The mail server; empty for letters in a folder.")
@click.option("--smtp-user", help="The user name at the mail server.")
@click.option("--sender", help="Who the letters are from: `Paper digest <digest@example.org>`.")
@click.pass_context
def command(ctx: click.Context, /, **given: object) -> None:
    """Write a digest.toml and a secret key, here.

    Asks on a terminal for what no option says; takes defaults elsewhere. Never overwrites.
    """
    named = ctx.find_root().obj
    path = Path(named or "digest.toml")
    if path.exists():
        raise ConfigError(f"{path}: it is there already, and stays as it is")
    text = _written(_answers(given))
    _check(text, path)
    from digest.keys import FILE_NAME, write_key  # noqa: PLC0415 - only this command pays for it

    key = path.absolute().parent / FILE_NAME
    try:
        made = [] if key.exists() else [str(write_key(key.parent))]
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise ConfigError(f"{error.filename}: {error.strerror}") from error
    click.echo(f"wrote {' and '.join([str(path), *made])}")
    click.echo("Next: digest check, then digest once --dry-run")


def _answers(given: dict[str, object]) -> dict[str, str | list[str]]:
    """Return what was asked or given, in the order in which it is asked."""
    answers: dict[str, str | list[str]] = {
        "title": _ask("Title of the newsletter", given["title"], "Paper digest"),
        "timezone": _ask("Time zone", given["timezone"], _zone()),
        "name": _ask("Your name", given["name"], "Me"),
        "keywords": _ask_many(
            "Keywords, separated by commas", given["keywords"], ["language model", "data selection"]
        ),
        "categories": _ask_many("arXiv categories", given["categories"], ["cs.LG", "cs.CL"]),
        "email": _ask("Your address (empty: letters in a folder)", given["email"], ""),
        "host": "",
    }
    if answers["email"]:
        answers["host"] = _ask("Mail server (empty: letters in a folder)", given["smtp_host"], "")
    if answers["host"]:
        email = str(answers["email"])
        answers["username"] = _ask("User name there", given["smtp_user"], email)
        answers["sender"] = _ask("Letters are from", given["sender"], f"Paper digest <{email}>")
    return answers


def _ask(question: str, given: object, default: str) -> str:
    if given is not None:
        return str(given)
    if not sys.stdin.isatty():
        return default
    return str(click.prompt(question, default=default, err=True))


def _ask_many(question: str, given: object, default: list[str]) -> list[str]:
    if given:
        return [str(each) for each in given]  # type: ignore[attr-defined]  # A tuple, says click.
    answer = _ask(question, None, ", ".join(default))
    return [each.strip() for each in answer.split(",") if each.strip()]


def _zone() -> str:
    """Return this machine's time zone, or UTC where it does not say."""
    place = Path("/etc/localtime").resolve().as_posix()
    return place.partition("/zoneinfo/")[2] or "UTC"


def _written(answers: dict[str, str | list[str]]) -> str:
    quoted = {name: json.dumps(value, ensure_ascii=False) for name, value in answers.items()}
    output = SMTP.format(**quoted) if answers["host"] else DIRECTORY
    return TEMPLATE.format(output=output, **quoted)


def _check(text: str, path: Path) -> None:
    """Raise ConfigError for an answer that the config would not take."""
    from digest.config import decode  # noqa: PLC0415 - only this command pays for it

    decode(text, path)
