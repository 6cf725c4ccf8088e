from __future__ import annotations

from collections.abc import Mapping

import pytest
from dns import rcode
from dnsserver import Zone, name_server

from digest.domains import Records, UnansweredError, faults, records
from digest.errors import DigestError
from digest.machine import dns

GOOD: Zone = {
    ("example.org", "MX"): ["10 mail.example.org."],
    ("example.org", "A"): ["192.0.2.1"],
    ("example.org", "TXT"): ['"v=spf1 mx " "-all"', '"some-verification=1"'],
    ("_dmarc.example.org", "TXT"): ['"v=DMARC1; p=none"'],
}


def changed(changes: Mapping[tuple[str, str], list[str] | None]) -> Zone:
    both = {**GOOD, **changes}
    return {key: value for key, value in both.items() if value is not None}


def test_a_domain_s_records_are_read() -> None:
    with name_server(GOOD) as port:
        found = records("example.org", "127.0.0.1", port)

    assert found == Records(
        mx=["mail.example.org."], hosts=True, spf=["v=spf1 mx -all"], dmarc=["v=DMARC1; p=none"]
    )
    assert list(faults("example.org", found)) == []


def test_a_name_below_a_domain_has_its_dmarc() -> None:
    zone = {**GOOD, ("news.example.org", "MX"): ["10 mail.example.org."]}
    with name_server(zone) as port:
        found = records("news.example.org", "127.0.0.1", port)

    assert (found.dmarc, found.spf) == (["v=DMARC1; p=none"], [])


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({("example.org", "MX"): None, ("example.org", "A"): None}, "takes no mail"),
        ({("example.org", "MX"): ["0 ."]}, "a null MX"),
        ({("example.org", "TXT"): None}, "no SPF"),
        ({("example.org", "TXT"): ['"v=spf1 mx -all"', '"v=spf1 a -all"']}, "2 SPF records"),
        ({("example.org", "TXT"): ['"v=spf1 +all"']}, "anybody send"),
        ({("example.org", "TXT"): ['"v=spf10 -all"']}, "no SPF"),
        (
            {("_dmarc.example.org", "TXT"): None},
            "no DMARC: add a TXT record for _dmarc",
        ),
    ],
)
def test_what_is_wrong_is_said_with_what_to_do(
    changes: Mapping[tuple[str, str], list[str] | None], said: str
) -> None:
    with name_server(changed(changes)) as port, pytest.raises(DigestError, match=said) as caught:
        dns("example.org", "127.0.0.1", port)

    assert len(str(caught.value).splitlines()) == 1


def test_a_domain_without_mx_is_reached_at_its_address() -> None:
    with name_server(changed({("example.org", "MX"): None})) as port:
        assert dns("example.org", "127.0.0.1", port).startswith("MX none, but an address; SPF")


def test_a_name_that_is_nowhere_has_no_records() -> None:
    with name_server(GOOD) as port:
        found = records("nowhere.example", "127.0.0.1", port)
    assert found == Records(mx=[], hosts=False, spf=[], dmarc=[])


def test_a_resolver_that_fails_is_no_fault_of_the_domain() -> None:
    with name_server(GOOD, rcode.SERVFAIL) as port:
        with pytest.raises(UnansweredError, match="no resolver answered"):
            records("example.org", "127.0.0.1", port)
        assert dns("example.org", "127.0.0.1", port).startswith("not looked at: no resolver")


@pytest.mark.parametrize("domain", ["localhost", "[127.0.0.1]"])
def test_what_is_no_public_domain_is_not_looked_up(domain: str) -> None:
    assert dns(domain) == "no public domain: nothing to look up"
