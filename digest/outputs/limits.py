"""What the settings of outputs may be. It reads nothing and connects to nothing."""

from __future__ import annotations

MOST_SECONDS = 3600.0


def check_seconds(name: str, value: float) -> None:
    """Raise ValueError unless `value` is a time to wait: above 0, and an hour at most."""
    if not 0 < value <= MOST_SECONDS:  # Also false for nan.
        raise ValueError(f"`{name}` must be more than 0 and at most {MOST_SECONDS:g} seconds")


def check_host(host: str) -> None:
    """Raise ValueError for what no name service could be asked for."""
    try:
        encoded = host.encode("idna")
    except UnicodeError as error:
        raise ValueError(f"`host`: {host!a} is no name of a server") from error
    if not encoded.strip(b"."):
        raise ValueError(f"`host`: {host!a} is no name of a server")
