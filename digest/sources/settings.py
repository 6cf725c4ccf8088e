"""What every source's settings must be. Raises ValueError, which the config says with its path."""

from __future__ import annotations

from urllib.parse import urlsplit

from digest.sources import fields

LONGEST_SPACING = 3600
"""Seconds between two requests, at most."""


def check_address(setting: str, value: str) -> None:
    """Raise ValueError unless `value` is an http or https address."""
    if not fields.address(value):
        raise ValueError(f"`{setting}` is an address that begins with http:// or https://")
    try:
        port = urlsplit(value).port
    except ValueError:
        port = 0
    if port == 0:
        raise ValueError(f"`{setting}` names no server that can be asked; correct its host or port")


def check_spacing(seconds: float) -> None:
    """Raise ValueError unless `seconds` can be waited for."""
    if not 0 <= seconds <= LONGEST_SPACING:
        raise ValueError("`spacing` is a number of seconds from 0 to 3600")
