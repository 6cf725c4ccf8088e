"""Addresses as people may see them: without what only a server should. Pure."""

from __future__ import annotations

import re

_SECRET = re.compile(
    r"(?<=[?&;])(?P<name>(?:[^=&;]*[_.-])?"
    r"(?:\w*token|\w*key|\w*secret|passw\w*|pwd|auth|credentials?|sig|signature|session))=[^&;#]*",
    re.IGNORECASE,
)


def shown(url: str) -> str:
    """Return an address fit for a message: no password, token or fragment."""
    url = _SECRET.sub(r"\g<name>=***", url.partition("#")[0])
    return re.sub(r"^([a-z][a-z0-9+.-]*://)[^/?]*@", r"\1***@", url, flags=re.IGNORECASE)
