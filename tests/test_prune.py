"""A store that was pruned: small, and as good as before for all that comes."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from databases import HOUR, NOW, a_letter, a_paper, a_sighting, fail_all, is_free, new, publish
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from running import Newsroom, newsroom, paper, text_of

from digest.app import Setting
from digest.config import Config, StoreSettings
from digest.errors import ConfigError
from digest.known import Wording
from digest.letters import Receipt
from digest.papers import Paper, Sighting, fingerprint
from digest.parting import part
from digest.prunes import STEPS, Forgotten, prune
from digest.pruning import LEAST, pruned_paper, pruned_wordings, since
from digest.seen import Changes, diff
from digest.store import Store, empty_rehearsal, open_store
from digest.store.tables import storable

pytest_plugins = ["databases"]

LATER = NOW + timedelta(days=400)
BEFORE = NOW + timedelta(days=300)
DAY = timedelta(days=1)


def pruned(url: str, before: datetime = BEFORE, *, dry_run: bool = False) -> Forgotten:
    config = Config(store=StoreSettings(url=url))
    return prune(Setting(config=config, now=LATER, dry_run=dry_run), before)


def a_whole_letter(subscriber: str, slot: date) -> Any:
    made_at = datetime(slot.year, slot.month, slot.day, 7, tzinfo=UTC)
    letter = a_letter(subscriber, slot)
    return replace(letter, made_at=made_at, receipt=Receipt(read=7, sources=("arxiv",)))


def send(store: Store) -> None:
    with store.writing() as t:
        for each in t.claim("me", LATER, 100, HOUR, impatient=True):
            t.mark_sent(each, "250 OK", LATER)


# From when on


@pytest.mark.parametrize(
    ("keep", "moment"),
    [
        ("90d", "2026-02-28"),
        ("26w", "2025-11-28"),
        ("18m", "2024-11-29"),
        ("2y", "2024-05-29"),
        ("3m", "2026-02-28"),
        (" 60d ", "2026-03-30"),
    ],
)
def test_a_span_is_counted_back_from_now(keep: str, moment: str) -> None:
    now = datetime(2026, 5, 29, 12, tzinfo=UTC)
    assert since(keep, now).date().isoformat() == moment


def test_two_years_before_a_leap_day_is_the_end_of_february() -> None:
    assert since("2y", datetime(2028, 2, 29, tzinfo=UTC)) == datetime(2026, 2, 28, tzinfo=UTC)


@pytest.mark.parametrize("keep", ["59d", "8w", "1m", "0y", "0d"])
def test_what_readers_may_still_be_sent_is_kept(keep: str) -> None:
    with pytest.raises(ConfigError, match=r"too short; keep at least 60d"):
        since(keep, NOW)


@pytest.mark.parametrize("keep", ["", "2", "y", "-2y", "2 y", "1.5y", "2Y", "9999y", "two years"])
def test_what_is_no_span_is_refused(keep: str) -> None:
    with pytest.raises(ConfigError, match="no span such as"):
        since(keep, NOW)


@given(
    st.integers(1, 999),
    st.sampled_from("dwmy"),
    st.datetimes(min_value=datetime(2020, 1, 1)),  # noqa: DTZ001  Made aware below.
)
def test_a_span_is_never_shorter_than_what_is_needed(count: int, unit: str, now: datetime) -> None:
    aware = now.replace(tzinfo=UTC)
    try:
        moment = since(f"{count}{unit}", aware)
    except ConfigError:
        return
    assert aware - moment >= LEAST


# What is left of a paper


def test_what_tells_a_paper_stays() -> None:
    whole = a_paper(1, doi="10.1/one", version=2, summary="Short.", comment="9 pages")
    assert pruned_paper(whole) == Paper(
        title=whole.title,
        authors=whole.authors,
        arxiv=whole.arxiv,
        doi="10.1/one",
        version=2,
        abstract="",
    )


def test_a_short_title_tells_only_with_its_abstract() -> None:
    assert pruned_paper(a_paper(1, title="Looms")).abstract == a_paper(1).abstract


def test_the_words_a_source_is_compared_with_stay() -> None:
    one, two, three = (Wording(source=name, paper=a_paper(1)) for name in ("a", "b", "c"))
    other = Wording(source="c", paper=a_paper(2))
    prints = {"a": fingerprint(one.paper), "b": "0" * 16, "c": fingerprint(three.paper)}
    ((which, less),) = pruned_wordings((one, two, three, other), prints)
    assert (which, less.paper) == (one, pruned_paper(one.paper))


# What a store knows is the same


def collect(store: Store, listed: Sequence[Sighting], now: datetime) -> Changes:
    with store.writing() as t:
        changes = diff(listed, t.known(listed), first_read=frozenset(), today=now.date())
        t.save_changes(changes, now)
        return changes


def prune_now(store: Store, before: datetime) -> None:
    for _, step in STEPS:
        with store.writing() as t:
            assert step(t, before, 0).last == 0


def verdicts(changes: Changes) -> object:
    return {name: (c.new, c.revised, c.known) for name, c in changes.counts.items()}, [
        (c.news, c.id, c.revision, c.names, [(each.news, each.again) for each in c.listings])
        for c in changes.papers
    ]


TITLES = ("Looms", "On Looms", "Weaving with Three Looms", "Weaving with Four Looms")
ABSTRACTS = ("", "We weave.", "We weave more.", "We do not weave at all.")
AUTHORS: tuple[tuple[str, ...], ...] = ((), ("Ada Lovelace",), ("Charles Babbage",))


@st.composite
def sightings(draw: st.DrawFn) -> Sighting:
    number = draw(st.sampled_from(["", "2408.00001", "2408.00002"]))
    listed = Paper(
        title=draw(st.sampled_from(TITLES)),
        abstract=draw(st.sampled_from(ABSTRACTS)),
        authors=draw(st.sampled_from(AUTHORS)),
        arxiv=number,
        doi=draw(st.sampled_from(["", "", "10.1/one"])),
        version=draw(st.integers(0, 2)) if number else 0,
    )
    days = st.sampled_from([None, date(2024, 8, 1), date(2024, 8, 2)])
    return Sighting(source=draw(st.sampled_from("ab")), paper=listed, day=draw(days))


PAGES = st.lists(st.lists(sightings(), min_size=1, max_size=4), min_size=1, max_size=3)


@given(before=PAGES, after=st.lists(sightings(), min_size=1, max_size=4))
def test_a_paper_that_is_listed_again_is_what_it_would_have_been(
    before: list[list[Sighting]], after: list[Sighting]
) -> None:
    """But that a wording of two names of one source may be older than its print."""
    found = []
    for prunes in (True, False):
        with empty_rehearsal() as store:
            for at, listed in enumerate(before):
                collect(store, listed, NOW + at * DAY)
            if prunes:
                prune_now(store, BEFORE)
            found.append(verdicts(collect(store, after, LATER)))
    assert found[0] == found[1]


# A store on each database


@pytest.fixture
def grown(url: str) -> str:
    """A store with old papers, old letters and a new one, an old failed one and one in doubt."""
    with open_store(url) as store:
        with store.writing() as t:
            t.save_changes(new(*(a_sighting(a_paper(n)) for n in range(1, 8))), NOW)
            t.save_changes(new(a_sighting(a_paper(9))), BEFORE + DAY)
            t.save_reading("arxiv", NOW, {}, whole=True)
            t.save_gists({"f" * 16: "A gist."}, "model", NOW)
            t.save_resolutions({"a title": None, "another": a_paper(1)}, NOW)
        publish(store, a_whole_letter("Ann", NOW.date()), "mail", "folder", papers=(1, 2))
        publish(store, a_whole_letter("Bob", NOW.date()), papers=(1, 3))
        send(store)
        publish(store, a_whole_letter("Cleo", NOW.date()), papers=(4,))
        fail_all(store)
        publish(store, a_whole_letter("Dora", NOW.date()), papers=(5,))
        publish(store, a_whole_letter("Dora", NOW.date() + DAY), papers=(6,))
        with store.writing() as t:
            first, _ = t.claim("me", LATER, 100, HOUR)
            t.mark_in_doubt(first, "lost after the final dot")
        publish(store, a_whole_letter("Ann", NOW.date() + DAY), papers=(2, 6))
        publish(store, a_whole_letter("Ann", BEFORE.date() + DAY), papers=(7,))
    return url


def _known(url: str) -> object:
    """Return what must not change: who was sent what, and by what papers are known."""
    with open_store(url) as store, store.reading() as t:
        readers = ("Ann", "Bob", "Cleo", "Dora")
        listed = [a_sighting(a_paper(number)) for number in range(1, 10)]
        return (
            {each: t.sent(each) for each in readers},
            {each: t.first_letter_at(each) for each in readers},
            {each: t.last_letter(each) for each in readers},
            [replace(each, paper=pruned_paper(each.paper)) for each in t.known(listed)],
            t.pool(BEFORE),
            t.source_states(),
        )


def test_who_was_sent_what_is_not_forgotten(grown: str) -> None:
    before = _known(grown)
    done = pruned(grown)
    assert done.counts["papers"] == 7
    assert done.counts["letters"] == 1
    assert done.counts["failed letters"] == 1
    assert _known(grown) == before


def test_old_texts_are_gone_and_new_ones_are_not(grown: str) -> None:
    pruned(grown)
    with open_store(grown) as store, store.reading() as t:
        texts = {each.paper.arxiv: each.paper.abstract for each in t.papers(99)}
        assert t.gists(["f" * 16], "model") == {}
        assert set(t.resolutions(["a title", "another"])) == {"another"}
    assert texts.pop("2408.00009") == storable(a_paper(9).abstract)
    assert set(texts.values()) == {""}


def test_what_waits_or_is_in_doubt_stays_whole(grown: str) -> None:
    with open_store(grown) as store, store.reading() as t:
        dora = [t.letter(each.id) for each in t.letters(99, "Dora")]
        states = [each.states for each in t.letters(99, "Dora")]
    pruned(grown)
    with open_store(grown) as store, store.reading() as t:
        assert [t.letter(each.id) for each in t.letters(99, "Dora")] == dora
        assert [each.states for each in t.letters(99, "Dora")] == states


def test_pruning_twice_finds_nothing(grown: str) -> None:
    pruned(grown)
    assert not any(pruned(grown).counts.values())


def test_a_dry_run_counts_the_same_and_changes_nothing(grown: str) -> None:
    before = _known(grown)
    rehearsed = pruned(grown, dry_run=True).counts
    assert _known(grown) == before
    assert pruned(grown).counts == rehearsed


def test_others_write_between_its_steps(grown: str) -> None:
    free: list[bool] = []
    config = Config(store=StoreSettings(url=grown))
    prune(Setting(config=config, now=LATER, tell=lambda _: free.append(is_free(grown))), BEFORE)
    assert len(free) >= len(STEPS)
    assert all(free)


def test_a_paper_that_is_split_after_pruning_counts_as_sent_on_both_sides(grown: str) -> None:
    with open_store(grown) as store, store.writing() as t:
        wrong = a_sighting(a_paper(1, arxiv="", doi="10.1/two"), source="other")
        t.save_changes(
            diff([wrong], t.known([wrong]), first_read=frozenset(), today=NOW.date()), NOW
        )
    pruned(grown)

    with open_store(grown) as store, store.writing() as t:
        second = t.split_paper(1, part(t.wordings(1), "arxiv:2408.00001", "doi:10.1/two"), LATER)
        assert {1, second} <= t.sent("Ann").keys()


# The file


def test_the_file_becomes_small(tmp_path: Path) -> None:
    url, path = f"sqlite:///{tmp_path}/digest.db", tmp_path / "digest.db"
    with open_store(url) as store, store.writing() as t:
        t.save_changes(new(*(a_sighting(a_paper(n)) for n in range(1, 1200))), NOW)

    done = pruned(url)

    assert done.counts["papers"] == 1199
    assert done.size[1] == path.stat().st_size < 0.7 * done.size[0]
    with closing(sqlite3.connect(path)) as raw:
        assert raw.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_while_a_run_is_at_work_the_file_stays_as_it_is(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/digest.db"
    with open_store(url) as store, store.writing() as t:
        t.save_changes(new(*(a_sighting(a_paper(n)) for n in range(1, 600))), NOW)
        t.take_lock("run", "elsewhere:1:00", datetime.now(UTC), HOUR)

    done = pruned(url)

    assert done.counts["papers"] == 599
    assert "elsewhere:1:00" in done.why


# By the command


def test_the_command_says_what_went(tmp_path: Path) -> None:
    with newsroom(tmp_path) as room:
        for day in ("2020-06-12", "2020-06-13"):
            room.huggingface(day, paper(int(day[-2:]), f"On Many Looms of {day}", votes=12))
            assert room.once(day).code == 0

        assert room.run("prune", "--keep", "1d").code == 2
        rehearsed = room.run("prune", "--keep", "2y", "--dry-run")
        assert "papers: 2 would be pruned\n" in rehearsed.out
        assert "dry run: nothing was changed" in rehearsed.err
        done = room.run("prune", "--keep", "2y")

        assert (done.code, done.err) == (0, "")
        assert "papers: 2 pruned\nletters: 1 pruned\ndeliveries: 1 pruned\n" in done.out
        assert "nothing is older than" in room.run("prune", "--keep", "2y").out
        shown = room.run("letters", "show", "1")
        assert shown.code == 2
        assert "it was pruned" in shown.err
        assert room.run("letters", "show", "2").code == 0
        assert room.run("letters", "resend", "1").code == 2
        assert room.run("check").code == 0


# A pruned newsroom goes on as the other


def _days(room: Newsroom, first: date, count: int) -> Iterator[tuple[Any, str]]:
    """Yield what the letters of each day tell."""
    for day in (first + n * DAY for n in range(count)):
        told = room.once(day.isoformat()).json
        yield (
            [
                (each["subscriber"], each["here"], each["more"], each["receipt"])
                for each in told["letters"]
            ],
            text_of(room.mails[-1]),
        )


def _fill(room: Newsroom) -> None:
    """Let a paper be new each day, and come again: some days later, and a year later."""
    first = date(2024, 6, 3)
    for n in range(40):
        day = first + n * DAY
        listed = [paper(n, f"The Looms of Day Number {n}", votes=n % 7)]
        if n % 3 == 0:
            listed.append(paper(max(n - 5, 0), f"The Looms of Day Number {max(n - 5, 0)}", votes=9))
        room.huggingface(day.isoformat(), *listed)
    for n in range(20):
        day = date(2025, 6, 2) + n * DAY
        other = paper(n, f"The Looms of Day Number {n}", votes=40)
        room.huggingface(
            day.isoformat(), other, paper(500 + n, f"Newer Looms of Day Number {n}", votes=n)
        )


def test_a_pruned_newsroom_goes_on_as_the_other(
    tmp_path: Path, tell: Callable[[str], None]
) -> None:
    with newsroom(tmp_path) as room:
        _fill(room)
        for _ in _days(room, date(2024, 6, 3), 12):
            pass
        for told in _days(room, date(2025, 6, 2), 5):
            assert told
        kept = tmp_path / "kept"
        kept.mkdir()
        for each in tmp_path.glob("digest.db*"):
            shutil.copy(each, kept)
        others = list(_days(room, date(2025, 6, 7), 10))
        for each in kept.iterdir():
            shutil.copy(each, tmp_path)

        done = pruned(f"sqlite:///{room.database}", datetime(2025, 1, 1, tzinfo=UTC))
        ours = list(_days(room, date(2025, 6, 7), 10))

    tell(f"pruned before ten days of letters: {json.dumps(done.counts)}")
    assert done.counts["papers"]
    assert done.counts["letters"]
    assert ours == others
