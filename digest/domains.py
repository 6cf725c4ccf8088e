"""What the DNS says of a domain that letters are sent from, and what mail servers make of it.

    MX      who takes mail for it: readers' answers and what bounces (RFC 5321, 5.1; RFC 7505)
    SPF     which servers may send for it (RFC 7208)
    DMARC   what to do with what fails, which large providers ask for (RFC 7489)

DKIM cannot be looked up: its key lies under a name that the sending server chooses. Alone in
knowing dnspython, which is an extra. It asks the resolver of this machine and sends no mail.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from digest.errors import DigestError

if TYPE_CHECKING:
    from dns.resolver import Resolver

SECONDS = 5.0
"""For one question, however many servers are asked."""

EXTRA = "not looked at: it needs `pip install 'digest-newsletter[mailbox]'`"


class UnansweredError(DigestError):
    """No resolver answered, so that nothing is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """What the DNS has for a domain. `hosts` says whether it has an address of its own."""

    mx: Sequence[str]
    hosts: bool
    spf: Sequence[str]
    dmarc: Sequence[str]


def records(domain: str, nameserver: str = "", port: int = 53) -> Records:
    """Look a domain up; by `nameserver` if it is named. Raises UnansweredError, ImportError."""
    resolver = _resolver(nameserver, port)
    return Records(
        mx=_ask(resolver, domain, "MX"),
        hosts=bool(_ask(resolver, domain, "A") or _ask(resolver, domain, "AAAA")),
        spf=_starting("v=spf1", _ask(resolver, domain, "TXT")),
        dmarc=_dmarc(resolver, domain),
    )


def faults(domain: str, found: Records) -> Iterator[str]:
    """Yield what is wrong with a domain's records, and what to do."""
    if not found.mx and not found.hosts:
        yield f"{domain} takes no mail (no MX, no address): answers and bounces are lost; add an MX"
    if found.mx == ["."]:
        yield f"{domain} says that it takes no mail (a null MX): many servers refuse what it sends"
    if not found.spf:
        yield f"no SPF: add a TXT record for {domain}, as your mail server's provider names it"
    if len(found.spf) > 1:
        yield f"{len(found.spf)} SPF records, so that none counts (RFC 7208, 3.2): keep one"
    if any("+all" in each.lower().split() or "all" in each.lower().split() for each in found.spf):
        yield "SPF lets anybody send for the domain (`+all`): end it with `~all` or `-all`"
    if not found.dmarc:
        yield f'no DMARC: add a TXT record for _dmarc.{domain}, "v=DMARC1; p=none" to begin with'


def _resolver(nameserver: str, port: int) -> Resolver:
    from dns.resolver import NoResolverConfiguration, Resolver  # noqa: PLC0415 - an extra

    try:
        resolver = Resolver(configure=not nameserver)
    except NoResolverConfiguration as error:
        raise UnansweredError("this machine names no resolver") from error
    if nameserver:
        resolver.nameservers, resolver.port = [nameserver], port
    resolver.lifetime = SECONDS
    return resolver


def _ask(resolver: Resolver, name: str, kind: str) -> list[str]:
    """Return the records of a kind, the texts of TXT and the hosts of MX; none where there are."""
    from dns.exception import DNSException  # noqa: PLC0415 - an extra
    from dns.rdtypes.ANY.MX import MX  # noqa: PLC0415 - as above
    from dns.rdtypes.ANY.TXT import TXT  # noqa: PLC0415 - as above
    from dns.resolver import NXDOMAIN, NoAnswer  # noqa: PLC0415 - as above

    try:
        answer = resolver.resolve(name, kind, search=False)
    except (NXDOMAIN, NoAnswer):
        return []
    except DNSException as error:
        raise UnansweredError(f"no resolver answered ({type(error).__name__})") from error
    found = []
    for each in answer:
        match each:
            case TXT():
                found.append(b"".join(each.strings).decode("utf-8", "replace"))
            case MX():
                found.append(each.exchange.to_text())
            case _:
                found.append(each.to_text())
    return found


def _dmarc(resolver: Resolver, domain: str) -> list[str]:
    """Return a domain's DMARC record, or that of the domains above it, the nearest first.

    Which of them is the organisation's takes the list of public suffixes: the last two labels
    stand for it.
    """
    labels = domain.split(".")
    for start in range(max(len(labels) - 1, 1)):
        name = ".".join(("_dmarc", *labels[start:]))
        if found := _starting("v=dmarc1", _ask(resolver, name, "TXT")):
            return found
    return []


def _starting(mark: str, texts: Sequence[str]) -> list[str]:
    return [each for each in texts if each.lower().split(";")[0].split()[:1] == [mark]]
