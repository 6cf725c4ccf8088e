"""Letters that went out: shown, sent again, and what became of them settled.

A letter is data, so that it is the same when it is sent again; only its Message-ID is another.
The run's lock is held while it is sent. It never composes.
"""

from __future__ import annotations

import dataclasses
from functools import partial
from typing import Literal

from digest.app import Setting, clock, looking, parts, renew
from digest.corrections import changing
from digest.errors import ConfigError
from digest.fetch import Fetcher
from digest.letters import Letter
from digest.pipeline import Sent, send
from digest.store import BEFORE, TrackedDelivery, Transaction
from digest.subscribers import Subscriber


def resend(setting: Setting, letter_id: int, output: str = "") -> Sent:
    """Send a letter again, as it is, by the outputs that it went to, or by one."""
    with (
        changing(setting) as (store, owner),
        Fetcher(setting.config.http, now=setting.now) as fetcher,
    ):
        made = parts(setting, store, fetcher, owner)
        if not setting.dry_run:
            made = dataclasses.replace(made, renew=partial(renew, owner))
        with store.writing() as transaction:
            outputs = _outputs(setting, transaction, letter_id, output)
            chosen = outputs[:1] if setting.dry_run else outputs  # It is looked at once.
            transaction.send_again(letter_id, chosen, made.message_id, clock())
        return send(made, letter_id)


def settle(setting: Setting, letter_id: int, state: Literal["sent", "failed"]) -> int:
    """Say what became of a letter's deliveries that are in doubt, and return how many there were.

    Raises ConfigError where there are none.
    """
    with changing(setting) as (store, _), store.writing() as transaction:
        transaction.letter(letter_id)
        settled = transaction.settle(letter_id, state, clock())
        if not settled:
            raise ConfigError(f"letter {letter_id}: nothing of it is in doubt")
        return settled


def letter(setting: Setting, letter_id: int) -> tuple[Letter, tuple[TrackedDelivery, ...]]:
    """Return a letter and its deliveries."""
    with looking(setting) as store, store.reading() as transaction:
        return _whole(transaction, letter_id), transaction.deliveries(letter_id)


def _whole(store: Transaction, letter_id: int) -> Letter:
    """Return a letter. Raises ConfigError where it is only known that it went out."""
    letter = store.letter(letter_id)
    if not letter.items and not store.deliveries(letter_id):
        raise ConfigError(
            f"letter {letter_id}: {BEFORE}, which has not what stood in it, or it was pruned "
            "since; the mail that was sent is all there is"
        )
    return letter


def _outputs(setting: Setting, store: Transaction, letter_id: int, wanted: str) -> list[str]:
    """Return the outputs that a letter is sent by again. Raises ConfigError where there is none."""
    reader = _reader(setting, _whole(store, letter_id).subscriber, letter_id)
    able = [each.name for each in setting.config.outputs if each.reaches(reader)]
    used = dict.fromkeys(each.output for each in store.deliveries(letter_id))
    chosen = [name for name in ([wanted] if wanted else used) if name in able]
    if not chosen:
        asked = f"`{wanted}` does not" if wanted else "none that it went to does"
        known = ", ".join(able) or "none"
        raise ConfigError(
            f"letter {letter_id}: {asked} reach its reader now; outputs that do: {known}"
        )
    return chosen


def _reader(setting: Setting, name: str, letter_id: int) -> Subscriber | None:
    """Return whose letter it is; None is the public. Raises ConfigError for who has left."""
    found = next((each for each in setting.config.subscribers if each.name == name), None)
    if name and found is None:
        raise ConfigError(f"letter {letter_id}: {name} is no subscriber any more")
    return found
