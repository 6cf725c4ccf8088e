from __future__ import annotations

import email
from datetime import UTC, datetime, timedelta
from email import policy
from email.header import decode_header, make_header
from email.message import Message as Parsed
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from outgoing import SENDER, a_message

from digest.errors import (
    DeliveryError,
    InDoubtError,
    PermanentDeliveryError,
    TemporaryDeliveryError,
)
from digest.mail import (
    email_message,
    envelope_address,
    list_id,
    message_id,
    one_line,
    split_sender,
    transfer_encoding,
    wire,
)
from digest.messages import Outcome, outcome, retry_at

NOW = datetime(2026, 6, 12, 5, tzinfo=UTC)
HEADERS = [
    "Date",
    "Message-ID",
    "From",
    "To",
    "Reply-To",
    "Subject",
    "List-Id",
    "List-Unsubscribe",
    "Auto-Submitted",
    "MIME-Version",
    "Content-Type",
]
HOSTILE = [
    "a\r\nBcc: eve@example.com",
    "a\nBcc: eve@example.com",
    "a\u2028Bcc: eve@example.com",
    "a\x85\x0b\x0c\x1cBcc: eve@example.com",
    "=?utf-8?q?a=0D=0ABcc:_eve=40example.com?=",
    "Eve <eve@example.com>, ",
    '"; eve@example.com\\',
    "深度学习" * 60,
    "x" * 1200,
    "\ud800 lone",
]
any_text = st.one_of(
    st.text(),
    st.text(alphabet='=?utf-8QqBb_ \r\n\t"\\<>@,;:()éß深😀\u2028\u202e\x00', max_size=300),
)


def parsed(raw: bytes) -> Parsed:
    return email.message_from_bytes(raw, policy=policy.compat32)


def shown(value: str) -> str:
    """Return what a reader sees of a header, encoded words read, folds undone."""
    unfolded = value.replace("\r\n", "").replace("\n", "")
    return str(make_header(decode_header(unfolded)))


def unspaced(text: str) -> str:
    return "".join(text.split())


def keys(raw: bytes) -> list[str]:
    return [key for key in parsed(raw).keys() if key != "Content-Transfer-Encoding"]  # noqa: SIM118  Repeated keys count.


@given(any_text)
def test_no_subject_gets_a_header_in(subject: str) -> None:
    raw = wire(email_message(a_message(subject=subject), SENDER))

    assert set(keys(raw)) <= set(HEADERS)
    assert len(keys(raw)) == len(set(keys(raw)))
    assert unspaced(shown(parsed(raw)["Subject"] or "")) == unspaced(one_line(subject))
    assert all(len(line) < 998 for line in raw.split(b"\r\n"))


@given(any_text)
def test_no_title_gets_a_header_in(title: str) -> None:
    raw = wire(email_message(a_message(title=title), SENDER))

    assert keys(raw) == HEADERS
    assert parsed(raw)["List-Id"].endswith(".example.org>")


@given(st.text(min_size=1).filter(lambda name: name.strip() and name.isprintable()))
def test_no_name_gets_an_address_in(name: str) -> None:
    if name == "public":
        return
    raw = wire(email_message(a_message(name=name), SENDER))

    assert keys(raw) == HEADERS
    to = policy.default.header_factory("To", parsed(raw)["To"].replace("\r\n", ""))
    assert [address.addr_spec for address in to.addresses] == ["ann@example.org"]


@pytest.mark.parametrize("text", HOSTILE)
def test_what_strangers_write_stays_in_its_header(text: str) -> None:
    sender = "Paper digest <digest@example.org>"

    raw = wire(email_message(a_message(subject=text, title=text), sender))

    assert keys(raw) == HEADERS
    assert b"\r\nBcc" not in raw


def test_a_message_has_the_headers_of_a_newsletter() -> None:
    raw = wire(email_message(a_message(name="Käthe", reply_to="r+abc@news.example.org"), SENDER))

    headers = parsed(raw)
    assert headers["Date"] == "Fri, 12 Jun 2026 05:30:00 +0000"
    assert headers["From"] == '"Paper digest" <digest@example.org>'
    assert shown(headers["To"]) == "Käthe <ann@example.org>"
    assert headers["Reply-To"] == "r+abc@news.example.org"
    assert headers["Subject"] == "3 papers for you"
    assert headers["List-Id"] == "Paper digest <paper-digest.example.org>"
    assert headers["List-Unsubscribe"] == "<mailto:r%2Babc@news.example.org?subject=unsubscribe>"
    assert headers["Auto-Submitted"] == "auto-generated"


def test_a_long_unsubscribe_address_stays_one_word() -> None:
    long = f"reply+{'a' * 40}@newsletter-of-the-department.example.org"

    raw = wire(email_message(a_message(reply_to=long), SENDER))

    assert parsed(raw)["List-Unsubscribe"].startswith("<mailto:reply%2Baaaa")


def test_text_comes_before_html_and_both_survive() -> None:
    html = "<p>Zürich " + "深度" * 2000 + "</p>\n.\n.\n"
    text = "Grüße\n.\nFrom here\n" + "word " * 500

    built = email_message(a_message(html=html, text=text), SENDER)

    read = email.message_from_bytes(wire(built), policy=policy.default)
    plain, rich = read.iter_parts()
    assert plain.get_content_type() == "text/plain"
    assert plain.get_content().splitlines() == text.splitlines()
    assert rich.get_content().splitlines() == html.splitlines()
    assert wire(built).isascii()


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("<p>plain</p>\n" * 100, "7bit"),
        ("x" * 2000, "quoted-printable"),
        ("\0", "quoted-printable"),
        ("日\n" * 20 + "plain words\n" * 100, "quoted-printable"),
        ("論文の要約。" * 100, "base64"),
        ("", "7bit"),
    ],
    ids=["ascii", "long line", "nul", "mostly ascii", "japanese", "empty"],
)
def test_a_part_is_written_in_the_shortest_way(body: str, expected: str) -> None:
    assert transfer_encoding(body.encode()) == expected


@given(st.text(), st.text())
def test_what_was_written_is_what_is_read(text: str, html: str) -> None:
    read = email.message_from_bytes(
        wire(email_message(a_message(text=text, html=html), SENDER)), policy=policy.default
    )

    for part, body in zip(read.iter_parts(), (text, html), strict=True):
        payload = part.get_payload(decode=True)
        assert isinstance(payload, bytes)
        read_lines, lines = (each.rstrip().splitlines() for each in (payload, body.encode()))
        assert read_lines == lines


def test_the_same_message_gives_the_same_bytes() -> None:
    first, second = (wire(email_message(a_message(text="Grüße"), SENDER)) for _ in range(2))

    assert first == second


def test_a_letter_of_usual_size_does_not_swell() -> None:
    html = "<tr><td>A gated mixture of experts</td></tr>\n" * 1200

    raw = wire(email_message(a_message(html=html, text="x\n" * 2000), SENDER))

    assert len(raw) < 1.2 * (len(html) + 2 * 2000 * 2)


def test_an_international_domain_is_written_by_idna_2008() -> None:
    assert envelope_address("ann@straße.de") == "ann@xn--strae-oqa.de"


def test_an_international_name_before_the_at_asks_for_smtputf8() -> None:
    built = email_message(a_message(email="käthe@example.org"), SENDER)

    assert "käthe@example.org".encode() in wire(built)


@pytest.mark.parametrize(
    "address",
    ["", "ann", "@example.org", "ann@", "a b@c.d", "a@b@c", "a>b@c.d", "a\n@b.c", "a@b c", "a@..d"],
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match=r"no address|no domain"):
        envelope_address(address)


@pytest.mark.parametrize(
    ("sender", "parts"),
    [
        ("digest@example.org", ("", "digest@example.org")),
        (SENDER, ("Paper digest", "digest@example.org")),
        ('"Digest, papers" <d@e.org>', ("Digest, papers", "d@e.org")),
        ("Lesekreis für alle <d@e.org>", ("Lesekreis für alle", "d@e.org")),
    ],
    ids=["bare", "named", "quoted", "umlaut"],
)
def test_a_sender_has_a_name_and_an_address(sender: str, parts: tuple[str, str]) -> None:
    assert split_sender(sender) == parts


@pytest.mark.parametrize("sender", ["", "Digest", "Digest <>", "a <b@c.d>\nBcc: x@y.z", "<a@b.c"])
def test_what_is_no_sender_is_refused(sender: str) -> None:
    with pytest.raises(ValueError, match=r"no address|control codes"):
        split_sender(sender)


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Paper digest", "Paper digest <paper-digest.example.org>"),
        ("論文", "<digest.example.org>"),
        ("Übersicht <x@y>", "Ubersicht x y <ubersicht-x-y.example.org>"),
    ],
    ids=["plain", "no ascii", "hostile"],
)
def test_a_list_id_is_ascii(title: str, expected: str) -> None:
    assert list_id(title, "example.org") == expected


def test_a_message_id_stays_the_same_and_tells_nobody_who_reads() -> None:
    first = message_id("letter/2026-06-12/Ann", "example.org", b"secret")

    assert first == message_id("letter/2026-06-12/Ann", "example.org", b"secret")
    assert first != message_id("letter/2026-06-12/Bob", "example.org", b"secret")
    assert first != message_id("letter/2026-06-12/Ann", "example.org", b"other")
    assert "ann" not in first.removesuffix("@example.org>")
    assert first.endswith("@example.org>")


def test_waits_double_and_end_within_five_days() -> None:
    moments = [NOW]
    for attempts in range(1, 20):
        again = retry_at(attempts, moments[-1])
        if again is None:
            break
        moments.append(again)

    waits = [later - sooner for sooner, later in pairwise(moments)]
    assert waits[0] == timedelta(minutes=30)
    assert waits[:5] == [timedelta(minutes=30) * 2**doublings for doublings in range(5)]
    assert timedelta(days=4) <= moments[-1] - NOW <= timedelta(days=5)


@pytest.mark.parametrize(
    ("error", "attempts", "expected"),
    [
        (InDoubtError("lost"), 1, Outcome(state="in_doubt", answer="lost")),
        (PermanentDeliveryError("policy"), 1, Outcome(state="failed", answer="policy")),
        (
            PermanentDeliveryError("nobody", address_fault=True),
            1,
            Outcome(state="failed", answer="nobody", suppress=True),
        ),
        (
            TemporaryDeliveryError("busy"),
            1,
            Outcome(state="ready", answer="busy", retry_at=NOW + timedelta(minutes=30)),
        ),
        (
            TemporaryDeliveryError("busy"),
            30,
            Outcome(state="failed", answer="given up after 30 attempts; the last: busy"),
        ),
    ],
    ids=["in doubt", "permanent", "address", "temporary", "given up"],
)
def test_a_failure_decides_what_becomes_of_a_delivery(
    error: DeliveryError, attempts: int, expected: Outcome
) -> None:
    assert outcome(error, attempts, NOW) == expected
