"""The journal beside the store, and an older copy of the store that is put back."""

from __future__ import annotations

import shutil
from datetime import date, timedelta
from pathlib import Path

import pytest
from databases import DAY, HOUR, NOW, a_letter, a_paper, a_sighting, new, publish
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from digest.errors import StoreError
from digest.papers import Paper
from digest.store import Store, open_store
from digest.store.files import marker
from digest.store.journal import KEPT, Journal, Line

LINE = Line(
    key=f"letter/{DAY}/Ann", subscriber="Ann", slot=DAY, made_at=NOW, title="Papers", output="mail"
)
ONE, TWO = a_paper(1, doi="10.1/one"), Paper(title="A Paper Without Any Identifier")
NEXT = replace(a_letter(slot=DAY + timedelta(days=1)), made_at=NOW + timedelta(days=1))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "digest.db"


@pytest.fixture
def url(path: Path) -> str:
    return f"sqlite:///{path}"


@pytest.fixture
def copy(path: Path, url: str) -> Path:
    """A copy of a store that has two papers, made before the letter about them went out."""
    saved = path.with_name("copy.db")
    with open_store(url) as store:
        with store.writing() as t:
            t.save_changes(new(a_sighting(ONE), a_sighting(TWO)), NOW)
        publish(store, a_letter())
        send_all(store)
    shutil.copy(path, saved)
    with open_store(url) as store:
        publish(store, NEXT, "mail", "folder", papers=(1, 2))
        send_all(store)
    return saved


def send_all(store: Store) -> None:
    with store.writing() as t:
        for delivery in t.claim("me", NOW, 100, HOUR):
            t.mark_sent(delivery, "250 OK", NOW)


def put_back(copy: Path, path: Path) -> None:
    shutil.copy(copy, path)


# What is written


def test_each_delivery_that_went_out_is_a_line(path: Path, copy: Path) -> None:
    del copy
    first, mail, folder = Journal(marker(path)).read()

    assert (first.slot, first.papers) == (DAY, ())
    assert (mail.output, folder.output) == ("mail", "folder")
    assert mail.papers == (
        ("arxiv:2408.00001", 1),
        ("doi:10.1/one", 1),
        ("title:a paper without any identifier", 1),
    )
    assert (mail.subscriber, mail.slot, mail.made_at) == ("Ann", NEXT.slot, NEXT.made_at)


def test_a_letter_in_doubt_for_good_is_a_line(path: Path, url: str) -> None:
    with open_store(url) as store:
        publish(store, a_letter())
        with store.writing() as t:
            (delivery,) = t.claim("me", NOW, 1, HOUR)
            t.mark_in_doubt(delivery)
        assert not marker(path).exists()
        with store.writing() as t:
            t.mark_in_doubt(delivery, "the connection was lost")

    assert len(Journal(marker(path)).read()) == 1


def test_what_a_block_that_raises_marked_is_no_line(path: Path, url: str) -> None:
    with open_store(url) as store:
        publish(store, a_letter())
        with store.writing() as t:
            (delivery,) = t.claim("me", NOW, 1, HOUR)
            t.mark_sent(delivery, "250 OK", NOW)
        marker(path).unlink()
        with pytest.raises(StoreError, match="settled"), store.writing() as t:
            t.mark_sent(delivery, "250 OK", NOW)

    assert not marker(path).exists()


def test_the_journal_is_its_owners_alone(path: Path, copy: Path) -> None:
    del copy
    assert marker(path).stat().st_mode & 0o077 == 0


def test_a_marker_of_before_gets_the_lines_of_what_went_out(
    path: Path, url: str, copy: Path
) -> None:
    del copy
    whole = Journal(marker(path)).read()
    marker(path).write_text("Letters have been sent from the store beside this file.\n")
    open_store(url).close()

    assert Journal(marker(path)).read() == whole


# An older copy


def test_a_copy_that_is_put_back_knows_what_went_out_since(
    path: Path, url: str, copy: Path
) -> None:
    put_back(copy, path)
    with open_store(url) as store, store.reading() as t:
        assert store.adopted == 1
        assert t.sent("Ann") == {1: 1, 2: 1}
        last = t.last_letter("Ann")
        assert last is not None
        assert (last.day, last.made_at) == (NEXT.slot, NEXT.made_at)
        assert t.first_letter_at("Ann") == NOW
        assert t.counts() == {"sent": 1}
    with open_store(url) as store:
        assert store.adopted == 0


def test_papers_that_the_copy_meets_only_later_were_sent_too(
    path: Path, url: str, copy: Path
) -> None:
    copy.unlink()
    path.unlink()
    journal = marker(path).rename(path.with_name("aside"))
    open_store(url).close()
    journal.rename(marker(path))
    again = a_paper(7, title="Under Another Title", arxiv="", doi="10.1/one")
    with open_store(url) as store:
        assert store.adopted == 2
        with store.writing() as t:
            t.save_changes(new(a_sighting(again), a_sighting(TWO), a_sighting(a_paper(3))), NOW)
        with store.reading() as t:
            assert t.sent("Ann") == {1: 1, 2: 1}
            assert t.sent("Bob") == {}


def test_a_letter_that_the_copy_would_send_again_is_not_sent(path: Path, url: str) -> None:
    with open_store(url) as store:
        publish(store, a_letter(), "mail", "folder")
    shutil.copy(path, path.with_name("copy.db"))
    with open_store(url) as store, store.writing() as t:
        (mail, *_) = t.claim("me", NOW, 100, HOUR)
        t.mark_sent(mail, "250 OK", NOW)
    put_back(path.with_name("copy.db"), path)

    with open_store(url) as store:
        assert store.adopted == 0
        with store.reading() as t:
            assert t.counts() == {"sent": 1, "ready": 1}


def test_a_rehearsal_takes_over_for_itself(path: Path, url: str, copy: Path) -> None:
    put_back(copy, path)
    journal = marker(path).read_bytes()
    with open_store(url, rehearsal=True) as store:
        with store.writing():
            pass
        with store.reading() as t:
            assert store.adopted == 1
            assert t.sent("Ann") == {1: 1, 2: 1}
    with open_store(url) as store:
        assert store.adopted == 1
    assert marker(path).read_bytes() == journal


# Journals that are damaged, or old


@pytest.mark.parametrize("cut", [1, 20, 60])
def test_a_line_that_a_crash_cut_short_counts_as_not_written(
    path: Path, url: str, copy: Path, cut: int
) -> None:
    put_back(copy, path)
    whole = marker(path).read_bytes()
    marker(path).write_bytes(whole[:-cut])
    with open_store(url) as store:
        assert store.adopted == 1  # Its other delivery has a line of its own.
        publish(store, a_letter("Bob"))
        send_all(store)

    names = [(each.subscriber, each.output) for each in Journal(marker(path)).read()]
    assert names == [("Ann", "mail"), ("Ann", "mail"), ("Bob", "mail")]


@pytest.mark.parametrize("damage", [b"{oops}\n", b"\xff\xfe\n", b'{"subscriber": "Ann"}\n', b"\n"])
def test_a_line_that_cannot_be_read_is_an_error_that_says_what_to_do(
    path: Path, url: str, copy: Path, damage: bytes
) -> None:
    del copy
    text, _, rest = marker(path).read_bytes().partition(b"{")
    marker(path).write_bytes(text + b"{" + rest + damage + b"{" + rest)
    with pytest.raises(StoreError, match=r"letters-sent: line 8 cannot be read .* Take that line"):
        open_store(url)


def test_a_folder_in_its_place_is_an_error(path: Path, url: str) -> None:
    open_store(url).close()
    marker(path).mkdir()
    with pytest.raises(StoreError, match="letters-sent: Is a directory"):
        open_store(url)


@pytest.mark.parametrize("torn", [b"", b'{"sub', b'{"title":"' + b"x" * 9000])
def test_what_a_crash_cut_short_is_written_over(path: Path, torn: bytes) -> None:
    journal = Journal(marker(path))
    lines = [replace(LINE, title="x" * length) for length in (1, 10_000, 2)]
    journal.append(lines[:2])
    marker(path).write_bytes(marker(path).read_bytes() + torn)

    journal.append(lines[2:])

    assert journal.read() == tuple(lines)


def test_lines_are_kept_for_sixty_days(path: Path, url: str) -> None:
    open_store(url).close()
    days = [0, 1, KEPT.days, KEPT.days + 1]
    Journal(marker(path)).append(
        [
            Line(
                key=f"letter/{DAY + timedelta(days=day)}/Ann",
                subscriber="Ann",
                slot=DAY + timedelta(days=day),
                made_at=NOW + timedelta(days=day),
                title="Papers",
                output="mail",
            )
            for day in days
        ]
    )
    open_store(url).close()

    kept = [each.slot for each in Journal(marker(path)).read()]
    assert kept == [DAY + timedelta(days=day) for day in days[1:]]


def test_a_journal_that_cannot_be_written_stops_the_run(path: Path, url: str) -> None:
    with open_store(url) as store:
        publish(store, a_letter())
        marker(path).mkdir()
        with pytest.raises(StoreError, match="letters-sent"):
            send_all(store)
        with store.reading() as t:
            assert t.counts() == {"ready": 1}


_LINES = st.builds(
    Line,
    subscriber=st.text(),
    slot=st.dates(date(2020, 1, 1)),
    made_at=st.just(NOW),
    title=st.text(),
    output=st.text(),
    keywords=st.tuples(st.text()),
    papers=st.tuples(st.tuples(st.text(), st.integers(0, 99))),
)


@given(st.lists(_LINES, max_size=5), st.integers(0, 400))
def test_what_is_appended_is_read_and_a_cut_loses_the_end_alone(
    tmp_path_factory: pytest.TempPathFactory, lines: list[Line], cut: int
) -> None:
    path = tmp_path_factory.mktemp("journal") / "digest.db.letters-sent"
    journal = Journal(path)
    journal.append(lines)
    assert list(journal.read()) == lines
    path.write_bytes(path.read_bytes()[: -cut or None])
    kept = list(journal.read())
    assert kept == lines[: len(kept)]
    journal.append([LINE])
    assert list(journal.read()) == [*kept, LINE]
