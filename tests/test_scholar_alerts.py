"""What Google Scholar's alerts say."""

from __future__ import annotations

from datetime import date
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reading import own, read, reasons
from recordings import PAGES, needs_recordings

from digest.papers import Link
from digest.sources import Parsed
from digest.sources.files import Files
from digest.sources.mbox import join
from digest.sources.scholar import Scholar
from digest.sources.scholar_alerts import SENDERS, unwrapped

SOURCE = Scholar(mbox="/mail/alerts")
SINCE = "file:///mail/alerts#since=2026-06-10"
ALERT = own("alert.html")
TITLES = [
    "Notes on an Analytical Engine",
    "On the weaving of cloth by engines, with some notes on …",
    "Cards, Punched",
]


def parse(body: str | bytes, url: str = SINCE, content_type: str = "") -> Parsed:
    return read(SOURCE, body, url, content_type)


def titles(parsed: Parsed) -> list[str]:
    return [each.paper.title for each in parsed.sightings]


def mail(html: str = ALERT, sender: str = SENDERS[0], day: str = "Fri, 12 Jun 2026") -> bytes:
    message = EmailMessage()
    message["From"] = f"Google Scholar <{sender}>"
    message["Date"] = f"{day} 09:00:00 +0000"
    message.set_content(html, subtype="html", cte="base64")
    return message.as_bytes()


def test_an_alert_gives_papers() -> None:
    parsed = parse(ALERT, "file:///saved/2026-06-12.html")
    engine, weaving, cards = (each.paper for each in parsed.sightings)
    assert titles(parsed) == TITLES
    assert not parsed.errors
    assert {each.day for each in parsed.sightings} == {date(2026, 6, 12)}
    assert engine.authors == ("A Lovelace", "C Babbage")
    assert engine.comment == "Annals of Looms, 2026"
    assert engine.names == ("arxiv:2606.00001",)
    assert (weaving.authors, weaving.names) == (("J Jacquard",), ("doi:10.1234/looms.2",))
    assert (cards.authors, cards.names) == ((), ())
    assert cards.links == (Link("page", "https://weave.example.org/a+b.html"),)


def test_an_abstract_is_marked_as_the_beginning_of_one() -> None:
    engine, weaving, cards = (each.paper for each in parse(ALERT).sightings)
    beginning = "We describe an engine that computes, and a self-acting mill."
    assert engine.abstract == f"{beginning} It weaves algebraic patterns …"
    assert (weaving.abstract, cards.abstract) == ("", "Cards are punched …")


@pytest.mark.parametrize(
    ("link", "address"),
    [
        ("https://scholar.google.de/scholar_url?hl=de&url=http://a.org/x", "http://a.org/x"),
        (
            "http://scholar.google.com/scholar_url?url=http://a.org/%3Fa%3D1%26b&hl=en",
            "http://a.org/?a=1&b",
        ),
        (
            "https://a.org/scholar_url?url=http://b.org",
            "https://a.org/scholar_url?url=http://b.org",
        ),
        ("https://scholar.google.com/scholar_url?url=javascript:alert(1)", ""),
        ("https://[", ""),
        ("", ""),
    ],
)
def test_a_link_is_unwrapped(link: str, address: str) -> None:
    assert unwrapped(link) == address


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("https://arxiv.org/abs/2606.00001", "arxiv:2606.00001"),
        ("https://openreview.net/pdf?id=Ab12", "openreview:Ab12"),
        ("https://pubmed.ncbi.nlm.nih.gov/123/", "pubmed:123"),
        ("https://link.springer.com/chapter/10.1007/978-3-030_4", "doi:10.1007/978-3-030_4"),
        ("https://link.springer.com/content/pdf/10.1007/s1-2.pdf", "doi:10.1007/s1-2"),
        (
            "https://biorxiv.org/content/10.1101/2026.06.1v2.full.pdf",
            "doi:10.1101/2026.06.1",
        ),
        ("https://onlinelibrary.wiley.com/doi/full/10.1002/abc.1", "doi:10.1002/abc.1"),
        ("https://iop.example.org/article/10.1088/1-2/ab3/meta", "doi:10.1088/1-2/ab3"),
        ("https://ieee.example.org/document/8919471/", ""),
    ],
)
def test_an_address_names_the_paper(address: str, name: str) -> None:
    html = f'<h3><a class="gse_alrt_title" href="{address}">On Looms</a></h3>'
    (sighting,) = parse(html).sightings
    assert sighting.paper.names == ((name,) if name else ())


def test_a_preprint_is_named_by_where_it_came_out() -> None:
    line = "<div>A Jacquard - arXiv preprint arXiv:2606.00007, 2026</div>"
    html = f'<h3><a class="gse_alrt_title" href="https://a.org/x">On Looms</a></h3>{line}'
    assert parse(html).sightings[0].paper.names == ("arxiv:2606.00007",)


def test_an_alert_is_told_by_how_it_is_built_and_not_by_its_classes_alone() -> None:
    link = '<a href="https://scholar.google.com/scholar_url?url=https://a.org/x">織機について</a>'
    parsed = parse(mail(f"<html><h3>{link}</h3><div>王伟、李娜 - 2026</div></html>"))
    assert titles(parsed) == ["織機について"]
    assert parsed.sightings[0].paper.authors == ("王伟", "李娜")


# Mails


def test_a_folder_gives_the_papers_of_its_alerts_and_their_days() -> None:
    parsed = parse(own("alerts.mbox"))
    assert titles(parsed) == [*TITLES, "Kärtchen, gelocht"]
    assert [each.day for each in parsed.sightings] == [date(2026, 6, 11)] * 3 + [date(2026, 6, 13)]
    assert parsed.sightings[-1].paper.abstract == "Über Karten …"
    assert not parsed.errors


def test_older_mails_are_left_out_where_a_day_is_asked_for() -> None:
    assert titles(parse(own("alerts.mbox"), "file:///saved/mbox"))[-1] == "An Old Loom"
    assert parse(own("alerts.mbox"), "file:///a#since=2026-06-14") == Parsed()


@pytest.mark.parametrize(
    "body",
    [b"", b"\n", join([mail("<p>lunch</p>", "bob@example.org")]), b"To: ann\n\nscholar\n"],
    ids=["nothing", "an empty line", "others' mails", "one mail of another"],
)
def test_a_folder_without_alerts_is_no_error(body: bytes) -> None:
    assert parse(body) == Parsed()


def test_alerts_in_which_nothing_is_found_are_an_error() -> None:
    parsed = parse(join([mail("<html><p>New!</p></html>"), mail("<html></html>")]))
    assert "2 mails of Google Scholar came" in reasons(parsed)
    assert "changed shape" in reasons(parsed)


def test_a_note_of_google_scholar_among_alerts_is_passed_over() -> None:
    assert parse(join([mail("<html><p>Confirm!</p></html>"), mail()])).errors == ()


@pytest.mark.parametrize(
    ("body", "content_type", "said"),
    [
        ("file:///mail/alerts/a\n", "text/uri-list", "say `maildir`"),
        ("%PDF-1.7", "", "a PDF"),
        ("<html><p>Log in</p></html>", "", "in which no title is"),
        (
            '<h3><a class="gse_alrt_title" href="x"> </a></h3>',
            "",
            "none of its 1 papers",
        ),
        ("<b>" * 20_001, "", "no title"),
    ],
)
def test_what_is_wrong_is_said(body: str, content_type: str, said: str) -> None:
    assert said in reasons(parse(body, content_type=content_type))


@pytest.mark.parametrize(
    ("cut", "left"), [("</a></h3>\n<div style", 0), ("punched", 3), ("</html>", 3), ("Punched", 2)]
)
def test_titles_before_a_cut_are_kept(cut: str, left: int) -> None:
    parsed = parse(mail(ALERT[: ALERT.index(cut)]) if left else mail(ALERT[:200]))
    assert titles(parsed) == TITLES[:left]
    assert bool(left) == ("a mail breaks off" in reasons(parsed))


def test_a_mail_that_is_nested_without_end_is_said_and_the_others_read() -> None:
    deep = b"".join(
        b'Content-Type: multipart/mixed; boundary="%d"\n\n--%d\n' % (n, n) for n in range(5000)
    )
    parsed = parse(join([b"From: scholar@example.org\n" + deep, mail()]))
    assert titles(parsed) == TITLES
    assert "a mail breaks off" in reasons(parsed)


@needs_recordings
@pytest.mark.parametrize(
    ("name", "papers", "named"),
    [
        ("read_0", 2, 0),
        ("read_1", 1, 1),
        ("unread_0", 3, 1),
        ("unread_1", 3, 1),
    ],
)
@pytest.mark.parametrize("source", [SOURCE, Files(path="/saved")], ids=["scholar", "files"])
def test_recorded_alerts_are_read(
    source: Scholar | Files, name: str, papers: int, named: int
) -> None:
    body = (PAGES / "other/scholar_alerts" / f"alert_{name}.html").read_bytes()
    found = [each.paper for each in read(source, body, f"file:///saved/{name}.html").sightings]
    assert len(found) == papers
    assert sum(bool(each.names) for each in found) == named
    assert all(each.authors and each.abstract.endswith(" …") and each.links for each in found)


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_no_bytes_crash_it(body: bytes) -> None:
    assert isinstance(parse(body), Parsed)


HEADS = st.sampled_from(
    [
        "From: scholar",
        "Date: ?",
        "Content-Type: text/html; charset=x",
        "Content-Type: multipart/mixed",
    ]
)
BODIES = st.binary(max_size=60) | st.just(ALERT.encode()[:900])


@given(st.lists(st.tuples(st.lists(HEADS, max_size=4), BODIES), max_size=4))
def test_broken_mails_never_hide_a_whole_one(mails: list[tuple[list[str], bytes]]) -> None:
    odd = [b"\n".join(map(str.encode, head)) + b"\n\n" + body for head, body in mails]
    assert titles(parse(join([*odd, mail()])))[-3:] == TITLES


@given(st.integers(min_value=0))
def test_wherever_an_alert_is_cut_whole_titles_stay(at: int) -> None:
    cut = ALERT[: at % len(ALERT)]
    found = titles(parse(mail(cut)))
    assert found == TITLES[: len(found)]
    assert len(found) == cut.count("</h3>")
