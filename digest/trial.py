"""Today's letter sent to one reader, to see that it arrives and what it looks like.

It is read, ranked and written as by a run, but remembered nowhere.
"""

from __future__ import annotations

import dataclasses
import secrets
from collections.abc import Iterator
from typing import NamedTuple

from digest.app import Setting, check_reader, clock, fetching, me, opened, parts
from digest.errors import ConfigError, DeliveryError
from digest.letters import Letter
from digest.messages import Message
from digest.outputs.sendmail import Sendmail
from digest.outputs.smtp import Smtp
from digest.pipeline import collect, looks
from digest.stationery import MessageIds, mailers
from digest.subscribers import Subscriber


class Answer(NamedTuple):
    """What a source or an output said, and whether it went wrong."""

    name: str
    wrong: bool
    text: str


def send_test(setting: Setting) -> Iterator[Answer]:
    """Send one reader today's letter, marked as a test.

    Yields an answer of each source that failed, then one of each output that mails.
    """
    check_reader(setting)
    subscriber = next(each for each in setting.config.subscribers if each.name == setting.only)
    senders = _senders(setting, subscriber)
    rehearsed = dataclasses.replace(setting, dry_run=True)
    with opened(rehearsed) as store, fetching(setting) as fetcher:
        made = parts(rehearsed, store, fetcher, me())
        for reading in collect(made).readings:
            yield from (Answer(reading.source, True, str(error)) for error in reading.errors)
        letter = looks.trial(made, subscriber)
    for output in senders:
        yield _sent(output, _message(setting, subscriber, letter, output.name))


def _senders(setting: Setting, subscriber: Subscriber) -> list[Smtp | Sendmail]:
    """Return the outputs that mail this reader. Raises ConfigError where there is none."""
    senders = [
        each
        for each in mailers(setting.config)
        if each.reaches(subscriber) and each.name in (subscriber.outputs or (each.name,))
    ]
    if not senders:
        raise ConfigError(f"{subscriber.name}: no output sends mail to this reader")
    return senders


def _message(setting: Setting, subscriber: Subscriber, letter: Letter, output: str) -> Message:
    """Return a letter as a message of its own, however often it is sent."""
    key = f"test/{secrets.token_hex(8)}"
    return Message(
        key=key,
        message_id=MessageIds(setting.config, secrets.token_bytes(32))(key, output),
        content=letter,
        rendered=setting.desk.render(letter),
        subscriber=subscriber,
        title=setting.config.newsletter.title,
        reply_to=setting.config.newsletter.reply_to,
        date=clock(),
    )


def _sent(output: Smtp | Sendmail, message: Message) -> Answer:
    try:
        return Answer(output.name, False, output.deliver(message, lambda: None))
    except DeliveryError as error:
        return Answer(output.name, True, str(error))
    finally:
        output.close()
