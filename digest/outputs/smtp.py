"""Mail to a relay by SMTP, over TLS unless plain text was asked for.

It never lowers security by itself, never sends a password in plain text to another machine,
and never gives up a letter because of a setting: such faults are temporary.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, Self

from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import force_setattr, replace

from digest.errors import TemporaryDeliveryError
from digest.mail import split_sender
from digest.messages import Message
from digest.outputs.files import located
from digest.outputs.limits import check_host, check_seconds
from digest.passwords import PasswordError, read_password, words
from digest.subscribers import Subscriber

if TYPE_CHECKING:
    from digest.outputs.connect import Server
    from digest.outputs.relay import Relay

_PORTS = {"starttls": 587, "tls": 465, "none": 25}


class Smtp(
    Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    tag="smtp",
    dict=True,
):
    """An ``[[outputs]]`` of kind ``smtp``.

    `port` is 587, 465 or 25 by `security` unless set. `timeout` and `final_timeout` are seconds:
    for each step, and for the answer to the whole message. `ca_file` replaces the system's
    certificate authorities. `password` stands here only to be refused.
    """

    host: str
    sender: str
    port: int = 0
    security: Literal["starttls", "tls", "none"] = "starttls"
    ca_file: str = ""
    username: str = ""
    password_command: str | tuple[str, ...] = ""
    password_file: str = ""
    reply_to: str = ""
    timeout: float = 60.0
    final_timeout: float = 600.0
    name: str = ""
    password: Any | UnsetType = UNSET

    def __post_init__(self) -> None:
        """Refuse what cannot work, and what would give a password away."""
        if self.password is not UNSET:
            raise ValueError(
                "`password` does not belong in the config: set DIGEST_SMTP_PASSWORD, the systemd "
                "credential `smtp_password`, `password_command` or `password_file`"
            )
        if not self.host or not self.host.isprintable() or " " in self.host:
            raise ValueError("`host` must name a mail server")
        if not 0 <= self.port <= 65535:  # noqa: PLR2004  The highest port.
            raise ValueError("`port` must be from 1 to 65535")
        check_seconds("timeout", self.timeout)
        check_seconds("final_timeout", self.final_timeout)
        check_host(self.host)
        if self.username and self.security == "none" and not _loopback(self.host):
            raise ValueError(
                '`username` with `security = "none"` would send the password in plain text; '
                'use "starttls" or "tls"'
            )
        words(self.password_command)
        split_sender(self.sender)
        split_sender(self.reply_to or self.sender)
        force_setattr(self, "port", self.port or _PORTS[self.security])
        force_setattr(self, "name", self.name or "smtp")

    def within(self, folder: str) -> Self:
        """Return this output with its paths relative to the config's folder."""
        return replace(
            self,
            ca_file=self.ca_file and located(folder, self.ca_file),
            password_file=self.password_file and located(folder, self.password_file),
        )

    def reaches(self, subscriber: Subscriber | None) -> bool:
        """Say whether the reader has an address; the public edition is not mailed."""
        return subscriber is not None and bool(subscriber.email)

    def deliver(self, message: Message, commit: Callable[[], None]) -> str:
        """Send one message; return the server's answer."""
        from digest.outputs.envelopes import mailed  # noqa: PLC0415  Only what mails pays for it.

        return self._relay().send(mailed(message, self.sender, self.reply_to), commit)

    def check(self) -> str:
        """Connect, start TLS and log in; send nothing."""
        from digest.outputs.connect import probe  # noqa: PLC0415  As in deliver().

        return probe(self._server())

    def close(self) -> None:
        """Close the connections that are not in use, and forget the password."""
        self.__dict__.pop("_password", None)
        if "relay" in self.__dict__:
            self._relay().close()

    @cached_property
    def _password(self) -> str:
        """The password, asked for once: a command may take a second or a passphrase."""
        try:
            return read_password(words(self.password_command), self.password_file, service="smtp")
        except PasswordError as error:
            raise TemporaryDeliveryError(str(error)) from error

    def _server(self) -> Server:
        from digest.outputs.connect import Server  # noqa: PLC0415  As in deliver().

        return Server(
            host=self.host,
            port=self.port,
            security=self.security,
            ca_file=self.ca_file,
            username=self.username,
            password=lambda: self._password,
            timeout=self.timeout,
        )

    def _relay(self) -> Relay:
        """Return the one set of connections, also where two threads are the first to ask."""
        from digest.outputs.connect import connect  # noqa: PLC0415  As in deliver().
        from digest.outputs.relay import Relay  # noqa: PLC0415  As in deliver().

        server = self._server()
        new = Relay(lambda: connect(server), server.place, self.final_timeout)
        relay: Relay = self.__dict__.setdefault("relay", new)
        return relay


def _loopback(host: str) -> bool:
    from ipaddress import ip_address  # noqa: PLC0415  Only a plain login asks.

    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
