"""Send: deliver what waits in the outbox, and remember what became of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import chain

from digest.errors import CheckpointError, DeliveryError, PermanentDeliveryError
from digest.events import DeliveryTried, SendingStopped, codes
from digest.letters import Letter
from digest.messages import Mail, Message, Outcome, Rendered, as_rendered, outcome
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


_Content = tuple[Letter | Mail, Rendered]
_Ready = dict[tuple[int | None, int | None], _Content]
"""What was rendered last, by the numbers of its letter and its mail: outputs share it."""


def send(parts: Parts, letter: int | None = None, *, no_letters: bool = False) -> Sent:
    """Deliver what waits in the outbox, each by its output.

    It is all, or one letter alone, or with `no_letters` the mails that are none.
    """
    abandoned = () if letter or no_letters else _abandoned(parts)
    left = [(each, Outcome(state="in_doubt", answer=ABANDONED)) for each in abandoned]
    results: list[tuple[TrackedDelivery, Outcome]] = []
    with _closing(parts.senders):
        try:
            for result in chain(left, _deliver_all(parts, letter, no_letters=no_letters)):
                results.append(result)
                parts.log(_event(*result))
        except CheckpointError as error:
            parts.log(SendingStopped(reason=str(error)))
            return _sent(results).but(f"{error}; nothing more was sent")
    return _sent(results)


@contextmanager
def _closing(outputs: Mapping[str, Output]) -> Iterator[None]:
    """Close outputs at the end; who is told to stop has no time for goodbyes."""
    try:
        yield
    except KeyboardInterrupt:
        raise
    except BaseException:
        _close(outputs)
        raise
    _close(outputs)


def _close(outputs: Mapping[str, Output]) -> None:
    for output in outputs.values():
        output.close()


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


def _deliver_all(
    parts: Parts, letter: int | None, *, no_letters: bool
) -> Iterator[tuple[TrackedDelivery, Outcome]]:
    if parts.checkpoint:
        parts.checkpoint()
    rendered: _Ready = {}
    while batch := _claim(parts, letter, no_letters=no_letters):
        for delivery in batch:
            parts.tell(f"sending by {delivery.output}")
            yield delivery, _deliver(parts, delivery, rendered)


def _event(delivery: TrackedDelivery, result: Outcome) -> DeliveryTried:
    code, enhanced = codes(result.answer)
    return DeliveryTried(
        delivery=delivery.id,
        output=delivery.output,
        state=result.state,
        attempts=delivery.attempts,
        code=code,
        enhanced=enhanced,
    )


def _abandoned(parts: Parts) -> tuple[TrackedDelivery, ...]:
    """Return what a run that was killed left in doubt, once: from now on it has an answer."""
    with parts.store.reading() as store:
        found = store.abandoned()
    if found:
        with parts.store.writing() as store:
            for delivery in found:
                store.mark_in_doubt(delivery, ABANDONED)
    return found


def _claim(parts: Parts, letter: int | None, *, no_letters: bool) -> tuple[TrackedDelivery, ...]:
    most = 1 if parts.checkpoint else BATCH
    with parts.store.writing() as store:
        parts.renew(store)
        return store.claim(
            parts.owner,
            parts.clock(),
            most,
            LEASE,
            impatient=not parts.patient,
            letter=letter,
            no_letters=no_letters,
        )


def _deliver(parts: Parts, delivery: TrackedDelivery, rendered: _Ready) -> Outcome:
    """Deliver one message and remember what became of it."""
    with ExitStack() as stack:
        try:
            message = _message(parts, delivery, rendered)
            output = _output(parts, delivery)
            answer = output.deliver(message, lambda: _commit(parts, delivery, stack))
        except DeliveryError as error:
            return _failed(parts, delivery, error)
        with parts.store.writing() as store:
            store.mark_sent(delivery, answer, parts.clock())
        return Outcome(state="sent", answer=answer)


def _commit(parts: Parts, delivery: TrackedDelivery, stack: ExitStack) -> None:
    """Have a delivery in doubt, here and in the copy; take it back where that fails or is stopped.

    From here on it is cut off only if the output takes long.
    """
    try:
        with parts.store.writing() as store:
            store.mark_in_doubt(delivery)
        if parts.checkpoint:
            parts.checkpoint()
        stack.enter_context(parts.unhurried())
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


def _message(parts: Parts, delivery: TrackedDelivery, rendered: _Ready) -> Message:
    its = (delivery.letter, delivery.mail)
    if its not in rendered:
        found = _content(parts, delivery)
        rendered.clear()
        rendered[its] = found
    content, forms = rendered[its]
    return Message(
        key=delivery.key,
        message_id=delivery.message_id,
        content=content,
        rendered=forms,
        subscriber=_reader(parts, content),
        title=parts.title,
        reply_to=parts.reply_to,
        date=content.made_at,
        pages=parts.pages,
    )


def _content(parts: Parts, delivery: TrackedDelivery) -> _Content:
    """Read what a delivery is of, and render it."""
    with parts.store.reading() as store:
        content: Letter | Mail
        if delivery.mail is not None:
            content = store.mail(delivery.mail)
        elif delivery.letter is not None:
            content = store.letter(delivery.letter)
        else:
            raise PermanentDeliveryError(f"{delivery.key}: it is of nothing; the store is damaged")
    if isinstance(content, Mail):
        return content, as_rendered(content)
    return content, parts.render(content)


def _reader(parts: Parts, content: Letter | Mail) -> Subscriber | None:
    """Return whose letter it is, as the config has it now: she may have left, or moved."""
    if isinstance(content, Mail) or not content.subscriber:
        return None
    for each in parts.subscribers:
        if each.name == content.subscriber:
            return each
    raise PermanentDeliveryError(f"{content.subscriber} is no subscriber any more")
