"""Messages as email: headers, parts, addresses and the bytes that go to a mail server.

Titles of papers and names of readers come from strangers: whatever they hold, they stay inside
the header that quotes them. Pure: it never sends, reads a clock or draws a random number.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import unicodedata
from typing import TYPE_CHECKING
from urllib.parse import quote

from digest.messages import Mail, Message

if TYPE_CHECKING:
    from email.message import EmailMessage

_SENDER = re.compile(r'\s*"?(?P<name>[^<>"]*?)"?\s*<(?P<address>[^<>\s]+)>\s*')
_LOCAL = re.compile(r"""[^\s<>()\[\],;:\\"@\x00-\x20\x7f-\x9f]+""")
_DOMAIN = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*|\[[0-9A-Fa-f.:IPv]+\]")
_BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_ESCAPED = b"=" + bytes(range(128, 256))
"""Bytes that quoted-printable writes as three."""
_LONGEST_LINE = 900
_LONGEST_WORD = 60
"""Characters of a word that still fits on a line of 78 behind the name of its header."""


def email_message(message: Message, sender: str, reply_to: str = "") -> EmailMessage:
    """Return a message as email to who gets it.

    Raises ValueError where an address cannot be written. The same message gives the same bytes.
    A message for an internationalised address has ``policy.utf8`` set and needs SMTPUTF8.
    """
    reader, recipient = message.recipient
    name, address = split_sender(sender)
    answers = message.reply_to or reply_to or sender
    headers = {
        "Date": _date(message),
        "Message-ID": one_line(message.message_id).replace(" ", ""),
        "From": _mailbox(name, address),
        "To": _mailbox(reader, envelope_address(recipient)),
        "Reply-To": _mailbox(*split_sender(answers)),
        "Subject": _phrase(one_line(message.rendered.subject), "Subject"),
        **_belonging(message, sender, split_sender(answers)[1]),
        "Auto-Submitted": "auto-generated",  # RFC 3834, section 5: what a scheduled job sends.
    }
    html = None if isinstance(message.content, Mail) else message.rendered.html
    return _assemble(headers, message.rendered.text, html)


def _belonging(message: Message, sender: str, answers: str) -> dict[str, str]:
    """Return the headers that say what a message goes with: a mail it follows, or its list."""
    if isinstance(message.content, Mail):
        followed = one_line(message.content.in_reply_to).replace(" ", "")
        return {"In-Reply-To": followed, "References": followed}
    return {
        "List-Id": list_id(message.title, domain_of(sender)),
        "List-Unsubscribe": _unsubscribe(answers),
    }


def wire(email: EmailMessage, *, linesep: str = "\r\n") -> bytes:
    """Return the bytes of an email, as composed: nothing is folded again."""
    return email.as_bytes(policy=email.policy.clone(linesep=linesep))


def message_id(key: str, domain: str, secret: bytes) -> str:
    """Return the Message-ID of what `key` names, in angle brackets.

    It stays the same over retries, differs for each reader, and tells nobody who she is.
    """
    mac = hmac.new(secret, f"message-id\0{key}".encode(), hashlib.sha256).digest()[:20]
    return f"<{base64.b32encode(mac).decode().lower()}@{domain}>"


def split_sender(sender: str) -> tuple[str, str]:
    """Split ``Name <address>`` or a bare address; the address is fit for an envelope.

    Raises ValueError for anything else.
    """
    found = _SENDER.fullmatch(sender)
    name, address = (found["name"], found["address"]) if found else ("", sender.strip())
    if not sender.isprintable():
        raise ValueError(f"{sender!a} has control codes in it")
    return name, envelope_address(address)


def domain_of(sender: str) -> str:
    """Return the domain of ``Name <address>``, in ASCII."""
    return split_sender(sender)[1].rpartition("@")[2]


def envelope_address(address: str) -> str:
    """Return an address with its domain in ASCII. Raises ValueError for what is no address.

    The part before the @ is left alone; if it is not ASCII, sending to it needs SMTPUTF8.
    """
    local, _, domain = address.rpartition("@")
    if not _LOCAL.fullmatch(local):
        raise ValueError(f"{address!a} is no address that mail can be sent to")
    domain = domain if domain.isascii() else _ascii_domain(domain)
    if not _DOMAIN.fullmatch(domain):
        raise ValueError(f"{address!a} has no domain that mail can be sent to")
    return f"{local}@{domain}"


def list_id(title: str, domain: str) -> str:
    """Return a List-Id (RFC 2919): the title in ASCII, if that leaves any of it, and an id."""
    ascii_title = unicodedata.normalize("NFKD", one_line(title)).encode("ascii", "ignore").decode()
    words = re.findall(r"[A-Za-z0-9]+", ascii_title)
    label = "-".join(words).lower()[:50].strip("-") or "digest"
    host = domain if not domain.startswith("[") else "localhost"
    name = f"{' '.join(words)[:_LONGEST_WORD].strip()} " if words else ""
    return f"{name}<{label}.{host}>" if len(label + host) < 240 else f"<{label}.localhost>"  # noqa: PLR2004  RFC 2919: 255 characters.


def one_line(text: str) -> str:
    """Return a text as one line: no control codes, no line ends of any script, no bidi tricks."""
    return " ".join("".join(_harmless(character) for character in text).split())


def _harmless(character: str) -> str:
    if character in _BIDI:
        return ""
    category = unicodedata.category(character)
    if category == "Cs":
        return "\ufffd"
    return " " if category in ("Cc", "Zl", "Zp") else character


def _assemble(headers: dict[str, str], text: str, html: str | None) -> EmailMessage:
    """Put the parts together: always 7-bit, so that no server on the way need re-encode them."""
    from email import policy  # noqa: PLC0415  Only what mails pays for it.
    from email.message import EmailMessage  # noqa: PLC0415  As above.

    utf8 = not all(value.isascii() for value in headers.values())
    email = EmailMessage(policy=policy.SMTP.clone(cte_type="7bit", refold_source="none", utf8=utf8))
    for name, value in headers.items():
        if value:
            email.set_raw(name, value)
    text = _encodable(text)
    email.set_content(text, cte=transfer_encoding(text.encode()))
    if html is None:
        return email
    html = _encodable(html)
    email.add_alternative(html, subtype="html", cte=transfer_encoding(html.encode()))
    content = hashlib.sha256(text.encode() + b"\0" + html.encode())
    # Where a body is quoted-printable or base64, "=_" cannot stand in it (RFC 2045, 6.7).
    email.set_boundary(f"=_{content.hexdigest()[:40]}")
    return email


def transfer_encoding(body: bytes) -> str:
    """Return how a part is written: as it is where it can be, else whichever is shorter.

    The library would look at ten lines only. A line of SMTP has 998 characters at most.
    """
    longest = max(map(len, body.split(b"\n")))
    if body.isascii() and longest <= _LONGEST_LINE and b"\0" not in body:
        return "7bit"
    escaped = len(body) - len(body.translate(None, delete=_ESCAPED))
    return "quoted-printable" if 6 * escaped < len(body) else "base64"


def _encodable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def _date(message: Message) -> str:
    from email.utils import format_datetime  # noqa: PLC0415  Only what mails pays for it.

    return format_datetime(message.date)


def _mailbox(name: str, address: str) -> str:
    name = one_line(name)
    if not name:
        return address
    if _plain(name):
        name = name.replace("\\", "\\\\").replace('"', '\\"')
        return (
            f'"{name}"\n <{address}>'
            if len(name + address) > _LONGEST_WORD
            else f'"{name}" <{address}>'
        )
    return f"{_phrase(name, 'Reply-To')}\n <{address}>"


def _phrase(text: str, header: str) -> str:
    """Return a text for a header, folded; as encoded words (RFC 2047) unless plain."""
    from email.header import Header  # noqa: PLC0415  Only what mails pays for it.

    if not text:
        return ""
    charset = "us-ascii" if _plain(text, whole=False) else "utf-8"
    return Header(text, charset, maxlinelen=76, header_name=header).encode(linesep="\n")


def _plain(text: str, *, whole: bool = True) -> bool:
    longest = len(text) if whole else max(map(len, text.split()), default=0)
    return text.isascii() and "=?" not in text and longest <= _LONGEST_WORD


def _unsubscribe(address: str) -> str:
    return f"<mailto:{quote(address, safe='@')}?subject=unsubscribe>"


def _ascii_domain(domain: str) -> str:
    """Return an international domain in ASCII by IDNA 2008.

    The standard library's codec is IDNA 2003, which sends what is meant for ``straße.de`` to
    ``strasse.de``.
    """
    import idna  # noqa: PLC0415  Few addresses need its tables.

    try:
        return idna.encode(domain, uts46=True).decode("ascii")
    except idna.IDNAError as error:
        raise ValueError(f"{domain!a} is no domain") from error
