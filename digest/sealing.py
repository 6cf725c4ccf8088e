"""Archives sealed with a passphrase, in age's format: ``age -d FILE | tar tz`` opens one, too.

Alone in knowing pyrage. It takes a whole archive into memory, twice, since the library knows no
other way with a passphrase; and a key is made of the passphrase on purpose slowly, which takes
seconds and up to 512 MB on a fast machine. A passphrase never stands in an error.
"""

from __future__ import annotations

from pyrage import DecryptError, passphrase

from digest.errors import StoreError

BEGINNING = b"age-encryption.org/"


def sealed(archive: bytes, word: str) -> bytes:
    """Return what only who knows the passphrase can read."""
    return bytes(passphrase.encrypt(archive, word))


def opened(archive: bytes, word: str, place: str) -> bytes:
    """Return what was sealed. Raises StoreError for another passphrase, or a damaged file."""
    try:
        return bytes(passphrase.decrypt(archive, word))
    except DecryptError as error:
        raise StoreError(
            f"{place}: it does not open with this passphrase, or it is damaged ({error}). Nothing "
            "was changed"
        ) from error
