from __future__ import annotations

import pytest

from digest.outputs.sendmail import Sendmail
from digest.outputs.smtp import Smtp

SENDER = "Papers <papers@example.org>"


@pytest.mark.parametrize("seconds", [0, -1, 1e10, float("inf"), float("nan")])
def test_a_time_to_wait_has_bounds(seconds: float) -> None:
    with pytest.raises(ValueError, match="timeout"):
        Smtp(host="mail.example.org", sender=SENDER, timeout=seconds)
    with pytest.raises(ValueError, match="timeout"):
        Smtp(host="mail.example.org", sender=SENDER, final_timeout=seconds)
    with pytest.raises(ValueError, match="timeout"):
        Sendmail(sender=SENDER, timeout=seconds)


@pytest.mark.parametrize("host", ["...", "a" * 300, "xn--\u00fc", "a..b"])
def test_a_host_is_a_name_that_could_be_asked_for(host: str) -> None:
    with pytest.raises(ValueError, match="`host`"):
        Smtp(host=host, sender=SENDER)


def test_a_command_has_no_control_codes() -> None:
    with pytest.raises(ValueError, match="`command`"):
        Sendmail(sender=SENDER, command=("/bin/cat", "a\0b"))
