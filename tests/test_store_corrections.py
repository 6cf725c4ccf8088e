from __future__ import annotations

import shutil
import tempfile
from datetime import date, timedelta
from pathlib import Path

import pytest
from databases import DAY, HOUR, NOW, a_letter, a_paper, a_sighting
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from msgspec.structs import replace
from sqlalchemy import delete

from digest.errors import PartingError
from digest.letters import Item, Letter
from digest.papers import Paper, Sighting, title_key
from digest.parting import part
from digest.seen import Changes, diff
from digest.store import Store, open_store
from digest.store.journal import Line
from digest.store.tables import wordings
from digest.subscribers import candidates

pytest_plugins = ["databases"]

LATER = NOW + HOUR
NEXT = DAY + timedelta(days=1)
TITLE = "On what was taken for one"
PREPRINT = a_paper(1, title=TITLE)
ARTICLE = a_paper(2, title=TITLE, arxiv="", doi="10.1000/x", abstract="Another abstract.")
OTHER = a_paper(3, title="On something else")


def collect(store: Store, *listed: Sighting, now: object = NOW) -> Changes:
    with store.writing() as t:
        changes = diff(
            listed,
            t.known(listed),
            first_read=frozenset(),
            today=DAY,
            decisions=t.decisions(),
        )
        t.save_changes(changes, now)  # type: ignore[arg-type]  # A datetime.
    return changes


def tell(store: Store, *ids: int, subscriber: str = "Ann", slot: date = DAY) -> int:
    """Publish a letter that tells these papers, up to their last revision."""
    with store.writing() as t:
        found = t.candidates(ids)
        items = tuple(
            Item(identifier=c.paper.identifier, section="for_you", paper=c.paper, title=())
            for c in found
        )
        letter: Letter = replace(a_letter(subscriber, slot), items=items)
        number = t.publish(letter, [(c.id, c.revision) for c in found], [("mail", "<1@test>")], NOW)
    assert number
    return number


def merge(store: Store, one: int, other: int) -> int:
    with store.writing() as t:
        return t.merge_papers(one, other, LATER)


def split(store: Store, paper: int, one: str, other: str) -> int:
    with store.writing() as t:
        return t.split_paper(paper, part(t.wordings(paper), one, other), LATER)


def paper_of(store: Store, name: str) -> int:
    with store.reading() as t:
        (found,) = t.find(name)
    return found.id


def decided(store: Store) -> list[tuple[str, str, bool]]:
    with store.reading() as t:
        return [(each.one, each.other, each.same) for each in t.decisions()]


# Merging


def test_a_merged_paper_has_the_names_titles_and_sightings_of_both(store: Store) -> None:
    collect(store, a_sighting(PREPRINT), a_sighting(OTHER, source="page", day=NEXT, votes=3))

    assert merge(store, 2, 1) == 1

    with store.reading() as t:
        (found,) = t.papers(9)
        assert t.names(1) == ("arxiv:2408.00001", "arxiv:2408.00003")
        assert [c.id for c in t.find(OTHER.title)] == [1]
    assert found.paper.title == TITLE
    assert [(s.source, s.day, s.votes) for s in found.seen] == [
        ("arxiv", DAY, None),
        ("page", NEXT, 3),
    ]


def test_a_day_on_which_one_source_listed_both_is_one_with_the_most_votes(store: Store) -> None:
    collect(store, a_sighting(PREPRINT, votes=5), now=LATER)
    collect(store, a_sighting(OTHER, votes=9), now=NOW)

    kept = merge(store, 1, 2)

    with store.reading() as t:
        (found,) = t.candidates([kept])
    assert [(s.votes, s.at) for s in found.seen] == [(9, NOW)]


def test_listings_of_either_go_to_the_one_from_then_on(store: Store) -> None:
    collect(store, a_sighting(PREPRINT), a_sighting(OTHER))
    merge(store, 1, 2)

    again = collect(store, a_sighting(OTHER, day=NEXT), a_sighting(PREPRINT, day=NEXT), now=LATER)
    bare = Paper(title=OTHER.title)
    by_title = collect(store, a_sighting(bare, source="page"), now=LATER)

    assert [(c.news, c.id) for c in (*again.papers, *by_title.papers)] == [("known", 1)] * 2


def test_authors_that_contradict_do_not_part_what_was_merged(store: Store) -> None:
    ours, theirs = (Paper(title=TITLE, authors=(name,)) for name in ("Ann Quill", "Bo Marsh"))
    collect(store, a_sighting(ours, source="page"))
    collect(store, a_sighting(theirs, source="page"))
    merge(store, 1, 2)

    changes = collect(store, a_sighting(theirs, source="page"), a_sighting(ours, source="page"))

    assert [(c.news, c.id) for c in changes.papers] == [("known", 1)]


def test_who_had_either_has_had_the_one_and_nothing_is_revised_by_it(store: Store) -> None:
    collect(store, a_sighting(PREPRINT), a_sighting(OTHER))
    tell(store, 1, subscriber="Ann")
    collect(store, a_sighting(replace(OTHER, abstract="Changed.")), now=LATER)
    tell(store, 2, subscriber="Bob")
    tell(store, 1, 2, subscriber="Cleo")

    merge(store, 1, 2)

    with store.reading() as t:
        pool = t.pool(NOW)
        for reader in ("Ann", "Bob", "Cleo"):
            found = candidates(pool, t.sent(reader), NOW)
            assert (found.fresh, found.revised, found.sent) == ((), (), 1), reader
        assert len(t.history(1)) == 3


def test_who_was_behind_with_one_is_behind_with_both(store: Store) -> None:
    collect(store, a_sighting(PREPRINT), a_sighting(OTHER))
    tell(store, 1)
    collect(store, a_sighting(replace(PREPRINT, version=2, abstract="Changed.")), now=LATER)

    merge(store, 1, 2)

    with store.reading() as t:
        found = candidates(t.pool(NOW), t.sent("Ann"), NOW)
    assert [c.id for c in found.revised] == [1]


def test_letters_that_only_the_journal_knows_count_for_the_one(store: Store) -> None:
    collect(store, a_sighting(PREPRINT), a_sighting(OTHER))
    line = Line(
        key=f"letter/{DAY}/Ann",
        subscriber="Ann",
        slot=DAY,
        made_at=NOW,
        title="Papers",
        output="mail",
        papers=(("arxiv:2408.00003", 0),),
    )
    with store.writing() as t:
        t.adopt([line])
    collect(store, a_sighting(replace(PREPRINT, abstract="Changed.")), now=LATER)

    merge(store, 1, 2)

    with store.reading() as t:
        found = candidates(t.pool(NOW), t.sent("Ann"), NOW)
    assert (found.fresh, found.revised, found.sent) == ((), (), 1)


def test_a_merge_is_remembered_by_the_names_of_both(store: Store) -> None:
    collect(store, a_sighting(PREPRINT), a_sighting(Paper(title="On a title alone"), source="p"))
    merge(store, 1, 2)

    assert decided(store) == [("arxiv:2408.00001", "title:on a title alone", True)]


# Splitting


@pytest.fixture
def _wrongly_one(store: Store) -> None:
    """A preprint and an article of one title and one author: one paper, numbered 1."""
    collect(store, a_sighting(PREPRINT))
    collect(store, a_sighting(ARTICLE, source="crossref", day=NEXT, votes=4), now=LATER)
    assert paper_of(store, "doi:10.1000/x") == 1


@pytest.mark.usefixtures("_wrongly_one")
def test_a_paper_that_was_split_off_has_what_its_source_listed(store: Store) -> None:
    new = split(store, 1, "arxiv:2408.00001", "doi:10.1000/x")

    with store.reading() as t:
        first, second = t.candidates([1, new])
        assert (t.names(1), t.names(new)) == (("arxiv:2408.00001",), ("doi:10.1000/x",))
    assert (first.paper, second.paper) == (PREPRINT, ARTICLE)
    assert [(s.source, s.day, s.votes) for s in first.seen] == [("arxiv", DAY, None)]
    assert [(s.source, s.day, s.votes) for s in second.seen] == [("crossref", NEXT, 4)]
    assert (first.first_seen, second.first_seen) == (NOW, LATER)


@pytest.mark.usefixtures("_wrongly_one")
def test_what_a_wrong_merge_hid_is_a_candidate(store: Store) -> None:
    tell(store, 1)
    new = split(store, 1, "arxiv:2408.00001", "doi:10.1000/x")

    with store.reading() as t:
        found = candidates(t.pool(NOW), t.sent("Ann"), NOW)
    assert [c.id for c in found.fresh] == [new]
    assert found.sent == 1


@pytest.mark.usefixtures("_wrongly_one")
def test_a_letter_is_of_the_paper_whose_name_it_told_whichever_is_split_off(store: Store) -> None:
    tell(store, 1)
    new = split(store, 1, "doi:10.1000/x", "arxiv:2408.00001")

    with store.reading() as t:
        assert set(t.sent("Ann")) == {new}
    assert paper_of(store, "arxiv:2408.00001") == new


@pytest.mark.usefixtures("_wrongly_one")
def test_what_was_split_stays_so_whatever_is_listed(store: Store) -> None:
    new = split(store, 1, "arxiv:2408.00001", "doi:10.1000/x")

    changes = collect(
        store, a_sighting(ARTICLE, source="crossref"), a_sighting(PREPRINT), now=LATER
    )

    assert [(c.news, c.id) for c in changes.papers] == [("known", new), ("known", 1)]
    assert decided(store) == [("arxiv:2408.00001", "doi:10.1000/x", False)]


def test_a_wrong_doi_that_merged_two_papers_stays_with_the_one_that_goes_by_it(
    store: Store,
) -> None:
    wrong, right = replace(OTHER, doi="10.1000/x"), ARTICLE
    collect(store, a_sighting(wrong))
    collect(store, a_sighting(right, source="crossref"))

    new = split(store, 1, "arxiv:2408.00003", "doi:10.1000/x")
    changes = collect(store, a_sighting(wrong), a_sighting(right, source="crossref"))

    assert [(c.news, c.id) for c in changes.papers] == [("known", 1), ("known", new)]


def test_a_listing_by_title_alone_is_split_off_and_stays_so(store: Store) -> None:
    bare = a_sighting(Paper(title=TITLE), source="page")
    collect(store, a_sighting(PREPRINT))
    collect(store, bare)

    new = split(store, 1, "arxiv:2408.00001", f"title:{title_key(TITLE)}")

    assert [(c.news, c.id) for c in collect(store, bare).papers] == [("known", new)]
    assert [(c.news, c.id) for c in collect(store, a_sighting(PREPRINT)).papers] == [("known", 1)]


def test_a_split_undoes_a_merge_and_a_merge_a_split(store: Store) -> None:
    collect(store, a_sighting(PREPRINT), a_sighting(OTHER, day=NEXT))
    tell(store, 1, subscriber="Ann")
    tell(store, 2, subscriber="Bob")
    merge(store, 1, 2)

    new = split(store, 1, "arxiv:2408.00001", "arxiv:2408.00003")
    with store.reading() as t:
        apart = [c.paper for c in t.candidates([1, new])]
        sent = [set(t.sent(reader)) for reader in ("Ann", "Bob")]
    merge(store, 1, new)

    assert apart == [PREPRINT, OTHER]
    assert sent == [{1}, {new}]
    assert decided(store) == [("arxiv:2408.00001", "arxiv:2408.00003", True)]


def test_a_source_that_lists_both_keeps_its_days_with_both(store: Store) -> None:
    collect(store, a_sighting(PREPRINT), a_sighting(OTHER, day=NEXT))
    merge(store, 1, 2)

    new = split(store, 1, "arxiv:2408.00001", "arxiv:2408.00003")

    with store.reading() as t:
        for found in t.candidates([1, new]):
            assert [s.day for s in found.seen] == [DAY, NEXT]
    listed = (a_sighting(PREPRINT), a_sighting(OTHER))
    assert [c.news for c in collect(store, *listed).papers] == ["known", "known"]


def test_a_store_that_kept_no_wordings_says_so(store: Store) -> None:
    collect(store, a_sighting(PREPRINT))
    collect(store, a_sighting(ARTICLE, source="crossref"))
    with store.writing() as t:
        t._connection.execute(delete(wordings))  # noqa: SLF001  As before they were kept.

    with pytest.raises(PartingError, match="no listing of its own was kept"):
        split(store, 1, "arxiv:2408.00001", "doi:10.1000/x")

    collect(store, a_sighting(ARTICLE, source="crossref"), a_sighting(PREPRINT))
    assert split(store, 1, "arxiv:2408.00001", "doi:10.1000/x") == 2


# Any order

LISTINGS = st.builds(
    Sighting,
    source=st.sampled_from(["arxiv", "crossref", "page"]),
    day=st.sampled_from([DAY, NEXT]),
    paper=st.builds(
        Paper,
        title=st.sampled_from(["One title of three words", "Another title of four", "Short"]),
        abstract=st.sampled_from(["", "One.", "Two."]),
        authors=st.sampled_from([(), ("Ann Quill",), ("Bo Marsh",)]),
        arxiv=st.sampled_from(["", "", "2606.00001", "2606.00002"]),
        doi=st.sampled_from(["", "", "10.1000/x", "10.1000/y"]),
        version=st.integers(0, 2),
    ),
)


class Corrected(RuleBasedStateMachine):
    """Papers are listed, told, merged and split, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        # A rehearsal of a store that is not there is in memory alone: fast.
        self.store = open_store(f"sqlite:///{self.folder}/digest.db", rehearsal=True)
        self.listed: list[Sighting] = []
        self.told: set[str] = set()
        self.number = 0

    def ids(self) -> list[int]:
        with self.store.reading() as t:
            return sorted(c.id for c in t.papers(99))

    @rule(listed=st.lists(LISTINGS, min_size=1, max_size=4))
    def collect(self, listed: list[Sighting]) -> None:
        collect(self.store, *listed)
        self.listed += listed

    @precondition(lambda self: self.listed)
    @rule(data=st.data())
    def tell(self, data: st.DataObject) -> None:
        self.number += 1
        with self.store.reading() as t:
            (found,) = t.candidates([data.draw(st.sampled_from(self.ids()))])
        tell(self.store, found.id, slot=DAY + timedelta(days=self.number))
        self.told.add(found.paper.identifier)

    @precondition(lambda self: len(self.ids()) > 1)
    @rule(data=st.data())
    def merge(self, data: st.DataObject) -> None:
        one, other = data.draw(
            st.lists(st.sampled_from(self.ids()), min_size=2, max_size=2, unique=True)
        )
        merge(self.store, one, other)

    @precondition(lambda self: self.listed)
    @rule(data=st.data())
    def split(self, data: st.DataObject) -> None:
        paper = data.draw(st.sampled_from(self.ids()))
        with self.store.reading() as t:
            called = sorted({w.paper.identifier for w in t.wordings(paper)} | set(t.names(paper)))
        one, other = (data.draw(st.sampled_from(called or ["doi:10.1000/z"])) for _ in range(2))
        before = len(self.ids())
        try:
            split(self.store, paper, one, other)
        except PartingError:
            assert len(self.ids()) == before

    @invariant()
    def each_name_leads_to_its_one_paper_with_all_its_sightings(self) -> None:
        with self.store.reading() as t:
            for listing in self.listed:
                named = t.find(listing.paper.identifier) if listing.paper.names else ()
                assert len(named) == bool(listing.paper.names)
                # A DOI that strangers claim is the first one's; the other goes by its title.
                own = named if listing.paper.arxiv else (*named, *t.find(listing.paper.title))
                assert any(_has(each.seen, listing) for each in own)

    @invariant()
    def decisions_hold(self) -> None:
        with self.store.reading() as t:
            for each in t.decisions():
                ones, others = ({c.id for c in t.find(n)} for n in (each.one, each.other))
                if each.same:
                    assert ones & others
                else:
                    assert len(ones | others) > 1
                if not each.same and not f"{each.one}{each.other}".count("title:"):
                    assert not ones & others

    @invariant()
    def what_was_told_was_sent(self) -> None:
        with self.store.reading() as t:
            sent = set(t.sent("Ann"))
            for name in self.told:
                assert sent & {c.id for c in t.find(name)}

    @invariant()
    def listing_again_brings_nothing_new(self) -> None:
        with self.store.reading() as t:
            named = [each for each in self.listed if each.paper.names]
            changes = diff(
                named,
                t.known(named),
                first_read=frozenset(),
                today=DAY,
                decisions=t.decisions(),
            )
        assert "new" not in [c.news for c in changes.papers]

    def teardown(self) -> None:
        self.store.close()
        shutil.rmtree(self.folder)


def _has(seen: object, listing: Sighting) -> bool:
    return (listing.source, listing.day) in [(s.source, s.day) for s in seen]  # type: ignore[attr-defined]  # Of Seen.


TestCorrected = Corrected.TestCase
TestCorrected.settings = settings(max_examples=30, stateful_step_count=12)
