"""Addresses as people may see them: without what only a server should. Pure."""

from __future__ import annotations

import re

_SECRET = re.compile(
    r"(?<=[?&;])(?P<name>(?:[^=&;]*[_.-])?"
    r"(?:\w*token|\w*key|\w*secret|passw\w*|pwd|auth|credentials?|sig|signature|session))=[^&;#]*",
    re.IGNORECASE,
)
_LOGIN = re.compile(r"^([a-z][a-z0-9+.-]*://)[^/?#]*@", re.IGNORECASE)


def public(url: str) -> str:
    """Return an address that any reader may be given: no login, no query that holds a secret."""
    bare = _LOGIN.sub(r"\1", url)
    return bare.partition("?")[0] if _SECRET.search(bare) else bare


def shown(url: str) -> str:
    """Return an address fit for a message: no password, token or fragment."""
    url = _SECRET.sub(r"\g<name>=***", url.partition("#")[0])
    return _LOGIN.sub(r"\1***@", url)
