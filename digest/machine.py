"""The machine around an installation: Python, files and who may read them, the clock, the DNS.

Each part says what it found, or raises DigestError with what to do. What could not be looked at
is said, never passed over. It writes nothing.
"""

from __future__ import annotations

import platform
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from digest.config import Config
from digest.errors import DigestError
from digest.keys import FILE_NAME

WRONG_CLOCK = timedelta(minutes=5)
"""What a clock may differ from others'."""

OFFLINE = "not looked at: --offline"
_MEGABYTE = 1_000_000
_SECONDS = 10.0


def python(config: Config) -> str:
    """Say which Python it is, and see that it knows the zones. Raises DigestError."""
    zones = {config.zone_of(each) for each in (None, *config.subscribers)}
    shown = ", ".join(sorted(zones))
    for zone in zones:
        try:
            ZoneInfo(zone)
        except (KeyError, ValueError, OSError) as error:
            raise DigestError(f"no time zone data for {zone}: `pip install tzdata`") from error
    return f"{platform.python_version()}, with the time zones {shown}"


# Files


def modes(config: Config, path: Path) -> str:
    """Look who may read what is secret, and write what is obeyed. Raises DigestError."""
    wrong = [_open_to_others(each, 0o077) for each in _private(config, path)]
    wrong.append(_open_to_others(path, 0o022, "write to"))
    if found := [each for each in wrong if each]:
        raise DigestError("\n".join(found))
    return "others can neither read what is private nor write to digest.toml"


def _private(config: Config, path: Path) -> Iterator[Path]:
    """Yield files with secrets, and those with readers' addresses, keywords and letters."""
    yield path.parent / FILE_NAME
    for each in (*config.outputs, *config.sources):
        if named := getattr(each, "password_file", ""):
            yield Path(named)
    if store := store_file(config):
        yield store
        yield Path(f"{store}-wal")
        yield store.with_name(f"{store.name}.letters-sent")


def _open_to_others(path: Path, bits: int, do: str = "read") -> str:
    """Say that others can do what they should not with a file, and what to do."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return ""
    except OSError as error:
        return f"{path}: {error.strerror}; let this user look at it"
    if not mode & bits:
        return ""
    change = "600" if bits == 0o077 else "go-w"  # noqa: PLR2004  All that others may do.
    return f"{path}: others can {do} it ({stat.filemode(mode)}); run `chmod {change} {path}`"


def store_file(config: Config) -> Path | None:
    """Return the file that the store is in; None for one on a server."""
    url = config.store.url
    return Path(url.removeprefix("sqlite:///")) if url.startswith("sqlite:///") else None


# The clock


def clock(config: Config, now: datetime, *, offline: bool) -> str:
    """Compare this machine's clock with a web server's, one that sources are read from.

    Raises DigestError where they differ.
    """
    urls = [request.url for each in config.sources for request in each.requests(None, now)[:1]]
    web = [each for each in urls if each.startswith(("http://", "https://"))]
    if offline or not web:
        return OFFLINE if offline else "not compared: no source is read from a web server"
    server = urlsplit(web[0])
    there = _time_at(f"{server.scheme}://{server.netloc}/robots.txt", config.http.agent)
    if there is None:
        return f"not compared: {server.hostname} did not say what time it is"
    here = datetime.now(UTC)
    if abs(here - there) > WRONG_CLOCK:
        raise DigestError(
            f"{here:%Y-%m-%d %H:%M} UTC here, {there:%Y-%m-%d %H:%M} UTC at {server.hostname}: "
            "set this machine's clock, such as by `timedatectl set-ntp true`"
        )
    return f"agrees with {server.hostname}'s"


def _time_at(url: str, agent: str) -> datetime | None:
    """Return what time a web server says it is."""
    from email.utils import parsedate_to_datetime  # noqa: PLC0415 - only a doctor pays for it

    from digest.answers import ExchangeError  # noqa: PLC0415 - as above
    from digest.wire import Wire  # noqa: PLC0415 - as above

    wire = Wire(silence=_SECONDS, limit=_MEGABYTE)
    try:
        said = wire.send(url, {"User-Agent": agent}, within=_SECONDS).date
        return parsedate_to_datetime(said).astimezone(UTC) if said else None
    except (ExchangeError, ValueError):
        return None
    finally:
        wire.close()


def dns(domain: str, nameserver: str = "", port: int = 53) -> str:
    """Look at what the DNS says of a domain that letters come from. Raises DigestError."""
    from digest import domains  # noqa: PLC0415 - only a doctor pays for it

    if "." not in domain or domain.startswith("["):
        return "no public domain: nothing to look up"
    try:
        found = domains.records(domain, nameserver, port)
    except ImportError:
        return domains.EXTRA
    except domains.UnansweredError as error:
        return f"not looked at: {error}"
    if wrong := list(domains.faults(domain, found)):
        raise DigestError("\n".join(wrong))
    return (
        f"MX {', '.join(found.mx) or 'none, but an address'}; SPF and DMARC are there; DKIM cannot "
        "be looked up: see the headers of a mail that arrived"
    )
