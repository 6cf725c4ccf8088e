"""What every source's settings must be."""

from __future__ import annotations

import pytest

from digest.sources.settings import check_address


@pytest.mark.parametrize(
    "address",
    [
        "",
        "ftp://example.org",
        "https://",
        "http://[::1",
        "https://example.org:99999/",
        "https://a:0/",
    ],
)
def test_an_address_that_cannot_be_asked_is_refused_by_the_name_of_its_setting(
    address: str,
) -> None:
    with pytest.raises(ValueError, match="`url`"):
        check_address("url", address)


@pytest.mark.parametrize(
    "address", ["https://example.org", "http://[::1]:8080/feed", "https://example.org:443/a?b"]
)
def test_an_address_of_a_server_will_do(address: str) -> None:
    check_address("url", address)
