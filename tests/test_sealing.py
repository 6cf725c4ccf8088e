"""Archives sealed with a key of age's instead of a passphrase."""

from __future__ import annotations

import pyrage
import pytest

from digest.errors import StoreError
from digest.sealing import opened, sealed

KEY = str(pyrage.x25519.Identity.generate())
OTHER = str(pyrage.x25519.Identity.generate())


def test_a_key_of_age_s_seals_in_its_place() -> None:
    archive = sealed(b"letters", KEY)

    assert archive.startswith(b"age-encryption.org/v1\n-> X25519 ")
    assert pyrage.decrypt(archive, [pyrage.x25519.Identity.from_str(KEY)]) == b"letters"
    assert opened(archive, KEY, "a.backup") == b"letters"


@pytest.mark.parametrize("word", [OTHER, "a passphrase"], ids=["key", "passphrase"])
def test_another_key_does_not_open_it(word: str) -> None:
    with pytest.raises(StoreError, match=r"a\.backup: it does not open with this passphrase"):
        opened(sealed(b"letters", KEY), word, "a.backup")


def test_a_key_that_was_cut_short_is_refused_and_not_shown() -> None:
    with pytest.raises(StoreError, match="no whole key of age's") as caught:
        sealed(b"letters", KEY[:-3])
    assert KEY[16:-3] not in str(caught.value)
