"""What `digest check` tries: every part by itself, and what each says.

It sends nothing and keeps nothing.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from digest.addresses import shown
from digest.app import Setting, clock, fetching, gists, looking
from digest.config import Config
from digest.errors import DigestError
from digest.fetch import Fetcher
from digest.keys import FILE_NAME, secret_key
from digest.letters import Letter, Receipt
from digest.outputs import Output
from digest.papers import Paper
from digest.sources import Describing, Source

DISTRIBUTION = "digest-newsletter"

Line = tuple[str, bool, str]
"""What was tried, whether it is wrong, and what was found; that may go on for several lines."""


def checks(config: Config, folder: Path) -> Iterator[Line]:
    """Try each part, and yield a line for each as it is done."""
    setting = Setting(config=config, now=clock(), folder=folder)
    yield tried("install", install)
    yield tried("key", partial(key, folder))
    yield tried("templates", partial(templates, setting))
    yield tried("store", partial(_store, setting))
    with fetching(setting) as fetcher:
        for source in config.sources:
            yield tried(f"source {source.name}", partial(_source, source, fetcher, setting))
    if config.gist.url:
        yield tried("gist", partial(_gist, config))
    for each in config.outputs:
        yield tried(f"output {each.name}", partial(output, each))
    for subscriber in config.subscribers:
        yield tried(f"reader {subscriber.name}", partial(_reader, subscriber.name, config))


def tried(what: str, trial: Callable[[], str]) -> Line:
    """Try something that returns what it found, or raises DigestError."""
    try:
        return what, False, trial()
    except DigestError as error:
        return what, True, str(error)


def install() -> str:
    """Say whether another package takes our name. Raises DigestError."""
    from importlib.metadata import packages_distributions  # noqa: PLC0415 - it reads all packages

    others = set(packages_distributions().get("digest", ())) - {DISTRIBUTION}
    if others:
        named = ", ".join(sorted(others))
        raise DigestError(f"{named} installs a module `digest` too: `pip uninstall {named}`")
    return "no other package takes the name `digest`"


def key(folder: Path) -> str:
    """Say whether there is a secret key. Raises ConfigError for one that is none."""
    found = secret_key(os.environ, folder)
    return "there, and secret" if found else f"none; `digest init` writes {FILE_NAME}"


def templates(setting: Setting) -> str:
    """Write a letter with nothing in it. Raises RenderError."""
    letter = Letter(
        slot=setting.now.date(),
        made_at=setting.now,
        subscriber="",
        title=setting.config.newsletter.title,
        items=(),
        receipt=Receipt(read=0, sources=()),
    )
    setting.desk.render(letter)
    setting.desk.pages([], "")
    return setting.config.newsletter.templates or "the built-in ones"


def _store(setting: Setting) -> str:
    with looking(setting) as store, store.reading() as transaction:
        read = len(transaction.source_states())
    return f"{setting.config.store.url}, {read} sources were read so far"


def _source(source: Source, fetcher: Fetcher, setting: Setting) -> str:
    request = source.requests(None, setting.now)[-1]
    page = fetcher.get(source.name, request)
    if page is None:
        return "has not changed"
    parsed = source.parse(page)
    told = source.describe(page) if isinstance(source, Describing) else ""
    if parsed.errors:
        raise DigestError(f"{parsed.errors[0]}\n{told}".rstrip()) from parsed.errors[0]
    further = f", {len(parsed.requests)} more pages" if parsed.requests else ""
    return f"{len(parsed.sightings)} papers{further} at {shown(page.url)}\n{told}".rstrip()


def _gist(config: Config) -> str:
    """Have one gist written, of a paper that is ours."""
    paper = Paper(
        title="Short abstracts are read to the end",
        abstract="Readers stop early. We measure how far 212 readers get in abstracts of 50 to 300 "
        "words, and find that abstracts of at most 100 words are read to the end by most of them.",
    )
    return f"{config.gist.model} says: {gists(config).one(paper)}"


def output(each: Output) -> str:
    """Try everything of an output but sending. Raises DeliveryError."""
    try:
        return each.check()
    finally:
        each.close()


def _reader(name: str, config: Config) -> str:
    subscriber = next(each for each in config.subscribers if each.name == name)
    reached = [
        each.name
        for each in config.outputs
        if each.reaches(subscriber) and each.name in (subscriber.outputs or (each.name,))
    ]
    if not reached:
        raise DigestError("no output reaches this reader: give them an `email`, or add an output")
    return f"{len(subscriber.keywords)} keywords, by {', '.join(reached)}"
