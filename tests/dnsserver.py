"""A name server on loopback, over UDP, that has the records it is given.

with name_server({("example.org", "MX"): ["10 mail.example.org."]}) as port:
    ...
"""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import Thread

from dns import flags, message, rcode, rdatatype, rrset

Zone = Mapping[tuple[str, str], Sequence[str]]


@contextmanager
def name_server(zone: Zone, refusing: int = rcode.NOERROR) -> Iterator[int]:
    """Answer on a port; all questions with a failure if one is named."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind(("127.0.0.1", 0))
        port = int(listening.getsockname()[1])
        thread = Thread(target=_serve, args=(listening, zone, refusing), daemon=True)
        thread.start()
        try:
            yield port
        finally:
            listening.sendto(b"", ("127.0.0.1", port))  # What is no question ends it.
            thread.join(10)


def _serve(listening: socket.socket, zone: Zone, refusing: int) -> None:
    while True:
        data, asker = listening.recvfrom(4096)
        if not data:
            return
        listening.sendto(_answer(message.from_wire(data), zone, refusing).to_wire(), asker)


def _answer(query: message.Message, zone: Zone, refusing: int) -> message.Message:
    reply = message.make_response(query)
    reply.flags |= flags.RA
    (question,) = query.question
    name = question.name.to_text(omit_final_dot=True).lower()
    kind = rdatatype.to_text(question.rdtype)
    if refusing:
        reply.set_rcode(rcode.Rcode(refusing))
    elif found := zone.get((name, kind)):
        reply.answer.append(rrset.from_text(question.name, 60, "IN", kind, *found))
    elif not any(name == each for each, _ in zone):
        reply.set_rcode(rcode.NXDOMAIN)
    return reply
