"""Archives sealed with a passphrase, in age's format: ``age -d FILE | tar tz`` opens one, too.

Alone in knowing pyrage. It takes a whole archive into memory, twice, since the library knows no
other way with a passphrase; and a key is made of the passphrase on purpose slowly, which takes
seconds and up to 512 MB on a fast machine. Where a secret key of age's (``age-keygen``) stands for
the passphrase, nothing has to be made, and it takes no time: for who seals often. A passphrase
never stands in an error.
"""

from __future__ import annotations

from pyrage import DecryptError, IdentityError, decrypt, encrypt, passphrase, x25519

from digest.errors import StoreError

BEGINNING = b"age-encryption.org/"

_KEY = "AGE-SECRET-KEY-1"
"""What no passphrase begins with, but such a key."""


def sealed(archive: bytes, word: str) -> bytes:
    """Return what only who knows the passphrase, or the key, can read."""
    if word.startswith(_KEY):
        return bytes(encrypt(archive, [_key(word).to_public()]))
    return bytes(passphrase.encrypt(archive, word))


def opened(archive: bytes, word: str, place: str) -> bytes:
    """Return what was sealed. Raises StoreError for another passphrase, or a damaged file."""
    try:
        if word.startswith(_KEY):
            return bytes(decrypt(archive, [_key(word)]))
        return bytes(passphrase.decrypt(archive, word))
    except DecryptError as error:
        raise StoreError(
            f"{place}: it does not open with this passphrase, or it is damaged ({error}). Nothing "
            "was changed"
        ) from error


def _key(word: str) -> x25519.Identity:
    try:
        return x25519.Identity.from_str(word)
    except IdentityError:
        raise StoreError(
            f"the passphrase begins with {_KEY} and is no whole key of age's: give all of its line"
        ) from None
