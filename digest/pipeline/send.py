"""Send: deliver what waits in the outbox, and remember what became of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from digest.errors import CheckpointError, DeliveryError, PermanentDeliveryError
from digest.letters import Letter
from digest.messages import Message, Outcome, Rendered, outcome
from digest.outputs import Output
from digest.pipeline.parts import Parts
from digest.store import TrackedDelivery
from digest.subscribers import Subscriber

BATCH = 20
"""So few that a slow server does not outlast the lock, which each claim renews."""

LEASE = timedelta(minutes=15)

ABANDONED = (
    "in doubt: a run was stopped while the output had the whole message; "
    "sent or not, nobody can say, so it is not sent again"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What send did: deliveries by state, what went wrong, and why it `stopped` early, if so."""

    states: Mapping[str, int]
    answers: Sequence[tuple[TrackedDelivery, str]]
    errors: Sequence[str]
    stopped: str = ""

    def but(self, stopped: str) -> Sent:
        """Return this with why not all was sent, or kept."""
        return replace(self, stopped=stopped, errors=[*self.errors, stopped])


def send(parts: Parts, letter: int | None = None) -> Sent:
    """Deliver what waits in the outbox, each by its output; or one letter alone."""
    abandoned = () if letter else _abandoned(parts)
    results = [(each, Outcome(state="in_doubt", answer=ABANDONED)) for each in abandoned]
    try:
        for result in _deliver_all(parts, letter):
            results.append(result)  # noqa: PERF402  What was done before an error counts.
    except CheckpointError as error:
        return _sent(results).but(f"{error}; nothing more was sent")
    finally:
        for output in parts.senders.values():
            output.close()
    return _sent(results)


def _sent(results: Sequence[tuple[TrackedDelivery, Outcome]]) -> Sent:
    return Sent(
        states=Counter(result.state for _, result in results),
        answers=[(delivery, result.answer) for delivery, result in results],
        errors=[
            f"{delivery.key} by {delivery.output}: {result.answer}"
            for delivery, result in results
            if result.state != "sent"
        ],
    )


def _deliver_all(parts: Parts, letter: int | None) -> Iterator[tuple[TrackedDelivery, Outcome]]:
    if parts.checkpoint:
        parts.checkpoint()
    rendered: dict[int, tuple[Letter, Rendered]] = {}
    while batch := _claim(parts, letter):
        for delivery in batch:
            parts.tell(f"sending by {delivery.output}")
            yield delivery, _deliver(parts, delivery, rendered)


def _abandoned(parts: Parts) -> tuple[TrackedDelivery, ...]:
    """Return what a run that was killed left in doubt, once: from now on it has an answer."""
    with parts.store.reading() as store:
        found = store.abandoned()
    if found:
        with parts.store.writing() as store:
            for delivery in found:
                store.mark_in_doubt(delivery, ABANDONED)
    return found


def _claim(parts: Parts, letter: int | None) -> tuple[TrackedDelivery, ...]:
    most = 1 if parts.checkpoint else BATCH
    with parts.store.writing() as store:
        parts.renew(store)
        return store.claim(
            parts.owner, parts.clock(), most, LEASE, impatient=not parts.patient, letter=letter
        )


def _deliver(
    parts: Parts, delivery: TrackedDelivery, rendered: dict[int, tuple[Letter, Rendered]]
) -> Outcome:
    """Deliver one message and remember what became of it."""

    def commit() -> None:
        with parts.store.writing() as store:
            store.mark_in_doubt(delivery)
        if parts.checkpoint:
            _check_in(parts, delivery, parts.checkpoint)

    try:
        message = _message(parts, delivery, rendered)
        answer = _output(parts, delivery).deliver(message, commit)
    except DeliveryError as error:
        return _failed(parts, delivery, error)
    with parts.store.writing() as store:
        store.mark_sent(delivery, answer, parts.clock())
    return Outcome(state="sent", answer=answer)


def _check_in(parts: Parts, delivery: TrackedDelivery, checkpoint: Callable[[], None]) -> None:
    """Copy the store with this delivery in doubt; take it back where that fails or is stopped."""
    try:
        checkpoint()
    except (CheckpointError, KeyboardInterrupt):
        with parts.store.writing() as store:
            store.take_back(delivery)
        raise


def _failed(parts: Parts, delivery: TrackedDelivery, error: DeliveryError) -> Outcome:
    result = outcome(error, delivery.attempts, parts.clock())
    with parts.store.writing() as store:
        if result.state == "in_doubt":
            store.mark_in_doubt(delivery, result.answer)
        elif result.retry_at:
            store.retry(delivery, result.answer, result.retry_at)
        else:
            store.fail(delivery, result.answer)
    return result


def _output(parts: Parts, delivery: TrackedDelivery) -> Output:
    if delivery.output not in parts.senders:
        raise PermanentDeliveryError(f"no output is called `{delivery.output}` any more")
    return parts.senders[delivery.output]


def _message(
    parts: Parts, delivery: TrackedDelivery, rendered: dict[int, tuple[Letter, Rendered]]
) -> Message:
    if delivery.letter not in rendered:
        with parts.store.reading() as store:
            letter = store.letter(delivery.letter)
        rendered.clear()
        rendered[delivery.letter] = letter, parts.render(letter)
    letter, forms = rendered[delivery.letter]
    return Message(
        key=delivery.key,
        message_id=delivery.message_id,
        letter=letter,
        rendered=forms,
        subscriber=_reader(parts, letter),
        title=parts.title,
        reply_to=parts.reply_to,
        date=letter.made_at,
        pages=parts.pages,
    )


def _reader(parts: Parts, letter: Letter) -> Subscriber | None:
    """Return whose letter it is, as the config has it now: she may have left, or moved."""
    if not letter.subscriber:
        return None
    for each in parts.subscribers:
        if each.name == letter.subscriber:
            return each
    raise PermanentDeliveryError(f"{letter.subscriber} is no subscriber any more")
