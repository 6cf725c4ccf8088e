"""What `check` and `doctor` find: a line for each part, or JSON."""

from __future__ import annotations

from collections.abc import Iterable

import click
import msgspec

from digest.cli import printable

Line = tuple[str, bool, str]


def tell(lines: Iterable[Line], *, as_json: bool = False) -> bool:
    """Print what was looked at as it comes, and say whether anything is wrong.

    As JSON it is a list of `what`, `wrong` and `text`.
    """
    told = []
    for what, wrong, text in lines:
        told.append({"what": what, "wrong": wrong, "text": text})
        if not as_json:
            mark = "WRONG" if wrong else "ok   "
            first, *more = f"{mark} {what}: {text}".splitlines()
            click.echo(printable("\n".join((first, *(f"      {line}".rstrip() for line in more)))))
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(told), indent=2).decode())
    return any(each["wrong"] for each in told)
