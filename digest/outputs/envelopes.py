"""A message in its envelope, for whatever takes mail: who sends, who receives, which bytes.

It never connects. An address that nobody could write to is refused here, before anything is sent.
"""

from __future__ import annotations

from dataclasses import dataclass

from digest.errors import PermanentDeliveryError, TemporaryDeliveryError
from digest.mail import email_message, envelope_address, split_sender, wire
from digest.messages import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """What goes to a server: two addresses, and the message with CRLF line ends.

    `smtputf8` says that an address or a header needs that extension (RFC 6531).
    """

    sender: str
    recipient: str
    data: bytes
    smtputf8: bool = False


def mailed(message: Message, sender: str, reply_to: str) -> Envelope:
    """Return a message in its envelope.

    Raises PermanentDeliveryError for a reader's address that cannot be, and
    TemporaryDeliveryError for one of ours, so that the letter waits until it is put right.
    """
    try:
        _, address = message.recipient
    except ValueError as error:
        raise PermanentDeliveryError(str(error)) from error
    try:
        recipient = envelope_address(address)
    except ValueError as error:
        raise PermanentDeliveryError(str(error), address_fault=True) from error
    try:
        email = email_message(message, sender, reply_to)
        own = split_sender(sender)[1]
    except ValueError as error:
        raise TemporaryDeliveryError(f"`sender` or `reply_to`: {error}") from error
    data = wire(email)
    # The parts are always 7-bit: what is not ASCII is an address in a header.
    return Envelope(sender=own, recipient=recipient, data=data, smtputf8=not data.isascii())
