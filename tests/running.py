"""Whole runs on loopback: small pages are served, mail is taken in, the command line is called.

with newsroom(tmp_path) as room:
    room.huggingface("2026-06-12", paper(1, "On Looms", votes=12))
    assert room.run("once", "--at", "2026-06-12").code == 0
    assert room.mails[0]["To"] == "Ann <ann@example.org>"
"""

from __future__ import annotations

import email
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from email import policy
from email.message import EmailMessage
from html import escape
from pathlib import Path
from threading import Event
from typing import Any

from mailserver import Mailbox, mail_server
from webserver import Handler, Responder, WebServer, answer, serving

from digest.cli import main

ROOT = Path(__file__).parents[1]

SOURCES = """
[[sources]]
kind = "huggingface"
base_url = "{base}"
spacing = 0

[[sources]]
kind = "arxiv"
categories = ["cs.LG"]
base_url = "{base}"
spacing = 0
"""
SMTP = """
[[outputs]]
kind = "smtp"
host = "127.0.0.1"
port = {port}
security = "none"
sender = "Paper digest <digest@example.org>"
"""
FOLDER = """
[[outputs]]
kind = "directory"
path = "letters"
"""
ANN = """
[[subscribers]]
name = "Ann"
email = "ann@example.org"
keywords = ["looms", "-medical"]
"""
HEAD = """
[newsletter]
title = "Paper digest"
timezone = "Europe/Berlin"

[serve]
metrics = "127.0.0.1:0"

[http]
retries = 0
"""


@dataclass(frozen=True, slots=True)
class Result:
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def run(*words: str, folder: Path, stdin: str = "") -> Result:
    """Call the command line in this process, as from `folder`."""
    out, err = io.StringIO(), io.StringIO()
    before, sys.stdin = sys.stdin, io.StringIO(stdin)
    try:
        with chdir(folder), redirect_stdout(out), redirect_stderr(err):
            main(words)
    except SystemExit as error:
        code = error.code
    finally:
        sys.stdin = before
    assert code is None or isinstance(code, int)
    return Result(code or 0, out.getvalue(), err.getvalue())


def start(
    *words: str,
    folder: Path,
    environment: Mapping[str, str] | None = None,
    before: Sequence[str] = (),
    **files: Any,
) -> subprocess.Popen[str]:
    """Start the command line as a process of its own, by the command `before` if there is one."""
    return subprocess.Popen(  # noqa: S603  This very Python.
        [*before, sys.executable, "-m", "digest", *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), **(environment or {})},
        text=True,
        encoding="utf-8",
        **{
            "stdin": subprocess.DEVNULL,
            "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE,
            **files,
        },
    )


def finished(process: subprocess.Popen[str]) -> Result:
    """Wait for a process to end."""
    out, err = process.communicate(timeout=60)
    return Result(process.returncode, out or "", err or "")


# Pages


def paper(number: int, title: str, abstract: str = "", *, votes: int = 0) -> dict[str, Any]:
    """Return a paper as Hugging Face lists it; its arXiv number ends in `number`."""
    return {
        "id": f"2606.{number:05}",
        "title": title,
        "summary": abstract or f"We study {title.lower()} and say what we found.",
        "authors": [{"name": "Ada Lovelace"}, {"name": "Charles Babbage"}],
        "upvotes": votes,
        "publishedAt": "2026-06-01T12:00:00.000Z",
    }


def daily(day: str, *papers: Mapping[str, Any]) -> bytes:
    """Return a day's list as Hugging Face's API gives it."""
    listed = f"{day}T00:00:00.000Z"
    return json.dumps(
        [{"paper": {**each, "submittedOnDailyAt": listed}} for each in papers]
    ).encode()


def atom(*papers: Mapping[str, Any], day: str, version: int = 1) -> bytes:
    """Return papers as arXiv's API gives them."""
    entries = "".join(_entry(each, day, version) for each in papers)
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<feed xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/" xmlns="http://www.w3.org/2005/Atom">
<id>https://arxiv.org/api/x</id><title>arXiv Query</title><updated>{day}T00:00:00Z</updated>
<opensearch:totalResults>{len(papers)}</opensearch:totalResults>
<opensearch:startIndex>0</opensearch:startIndex>{entries}</feed>""".encode()


def _entry(each: Mapping[str, Any], day: str, version: int) -> str:
    authors = "".join(
        f"<author><name>{escape(name['name'])}</name></author>" for name in each["authors"]
    )
    terms = "".join(f'<category term="{c}"/>' for c in each.get("categories", ("cs.LG",)))
    return f"""<entry><id>http://arxiv.org/abs/{each["id"]}v{version}</id>
<title>{escape(each["title"])}</title><summary>{escape(each["summary"])}</summary>
<updated>{day}T12:00:00Z</updated><published>{day}T12:00:00Z</published>{authors}{terms}</entry>"""


def conditional(body: bytes, etag: str) -> Responder:
    """Answer 304 to who has this body already."""

    def respond(handler: Handler) -> None:
        if handler.headers.get("If-None-Match") == etag:
            handler.say(b"", 304, {"ETag": etag})
        else:
            handler.say(body, 200, {"ETag": etag, "Content-Type": "application/json"})

    return respond


class _Routes(dict[str, Responder]):
    """Answers by path and query, else by the path alone."""

    def get(self, path: str, default: Any = None) -> Any:
        return super().get(path) or super().get(path.partition("?")[0], default)


# A newsroom


@dataclass(kw_only=True)
class Newsroom:
    """A config in a folder, a web server that has its pages, a mail server that takes its mail.

    `store` is the address of its store, else it is a file in the folder.
    """

    folder: Path
    web: WebServer
    mailbox: Mailbox
    mail_port: int
    store: str = ""
    sources: str = SOURCES
    outputs: str = SMTP
    subscribers: str = ANN
    more: str = field(default="")

    def configure(self, **parts: str) -> None:
        """Write digest.toml anew, with these parts of it changed."""
        for name, text in parts.items():
            setattr(self, name, text)
        store = f'[store]\nurl = "{self.store}"\n' if self.store else ""
        text = HEAD + self.more + store + self.sources + self.outputs + self.subscribers
        text = text.replace("{base}", self.web.url("")).replace("{port}", str(self.mail_port))
        (self.folder / "digest.toml").write_text(text, encoding="utf-8")

    def huggingface(self, day: str, *papers: Mapping[str, Any]) -> None:
        """Let Hugging Face list these papers on a day."""
        body = answer(daily(day, *papers), content_type="application/json")
        self.web.answers[f"/api/daily_papers?date={day}&limit=100"] = body

    def arxiv(self, day: str, *papers: Mapping[str, Any], version: int = 1) -> None:
        """Let arXiv answer with these papers, whatever it is asked."""
        body = answer(atom(*papers, day=day, version=version), content_type="application/atom+xml")
        self.web.answers["/api/query"] = body

    def run(self, *words: str) -> Result:
        return run(*words, folder=self.folder)

    def once(self, day: str, *words: str) -> Result:
        """Run at the end of a day, and report as JSON."""
        return self.run("once", "--at", day, "--json", *words)

    def start(self, *words: str, **files: Any) -> subprocess.Popen[str]:
        return start(*words, folder=self.folder, **files)

    @property
    def mails(self) -> Sequence[EmailMessage]:
        return [
            email.message_from_bytes(each.original_content or b"", policy=policy.default)
            for each in self.mailbox.envelopes
        ]

    @property
    def database(self) -> Path:
        return self.folder / "digest.db"

    def block(self, path: str) -> Blocked:
        """Let whoever asks for a path wait until released, or until the test ends."""
        blocked = Blocked(asked=Event(), released=self.web.released)
        self.web.answers[path] = blocked
        return blocked


@dataclass(frozen=True, slots=True)
class Blocked:
    """An answer that does not come before it is let go."""

    asked: Event
    released: Event

    def __call__(self, handler: Handler) -> None:
        self.asked.set()
        self.released.wait(60)
        handler.say(b"[]", 200, {"Content-Type": "application/json"})


def text_of(mail: EmailMessage, kind: str = "plain") -> str:
    """Return the plain or the HTML part of a mail."""
    part = mail.get_body((kind,))
    assert part is not None
    return str(part.get_content())


@contextmanager
def newsroom(folder: Path, **parts: str) -> Iterator[Newsroom]:
    """Serve and take mail while the block runs; lists that nobody set are empty."""
    with serving() as web, mail_server() as mail:
        web.answers = _Routes()
        web.answers["/api/daily_papers"] = answer(b"[]", content_type="application/json")
        room = Newsroom(folder=folder, web=web, mailbox=mail.mailbox, mail_port=mail.port)
        room.arxiv("2026-06-01")
        room.configure(**parts)
        yield room
