from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from recordings import PAGES, needs_recordings, recorded

from digest.papers import Link, Page, Paper, Sighting, fingerprint, title_key
from digest.seen import Changes, Decision, Known, Wording, diff
from digest.sources.files import Files
from digest.sources.huggingface import HuggingFace

TODAY = date(2026, 6, 15)
PAPER = Paper(
    title="What Small Gardens Remember", abstract="We ask gardens.", arxiv="2606.00001", version=1
)
READ_IN_ORDER = {
    "001_0a0814d9c8becd42": 67,
    "002_98a26b0252ee6b85": 71,
    "004_19b506271c4f708a": 153,
    "003_dfb4ced3bcf9b3e9": 27,
    "000_c88059c964ea38f0": 57,
}


class Memory:
    """What a store remembers from one collect to the next, without a store."""

    def __init__(self) -> None:
        self.known: dict[int, Known] = {}
        self.numbers = count(1)

    def collect(
        self,
        *sightings: Sighting,
        first_read: Sequence[str] = (),
        decisions: Sequence[Decision] = (),
    ) -> Changes:
        changes = diff(
            sightings,
            tuple(self.known.values()),
            first_read=frozenset(first_read),
            today=TODAY,
            decisions=decisions,
        )
        for change in changes.papers:
            id_ = change.id or next(self.numbers)
            old = self.known.get(id_)
            listings = change.listings
            self.known[id_] = Known(
                id=id_,
                paper=change.paper,
                revision=change.revision,
                prints=(old.prints if old else {})
                | {each.sighting.source: each.fingerprint for each in listings},
                listed=(old.listed if old else frozenset())
                | {(each.sighting.source, each.sighting.day) for each in listings},
                names=(old.names if old else frozenset())
                | {name for each in listings for name in each.sighting.paper.names},
                titles=(old.titles if old else frozenset())
                | {title_key(each.sighting.paper.title) for each in listings},
                wordings=tuple(
                    {
                        each.key: each
                        for each in (*(old.wordings if old else ()), *change.wordings)
                    }.values()
                ),
            )
        return changes


def news(changes: Changes) -> list[str]:
    return [change.news for change in changes.papers]


def seen(paper: Paper = PAPER, source: str = "arxiv", **fields: Any) -> Sighting:
    return Sighting(source=source, paper=paper, day=fields.pop("day", TODAY), **fields)


def worded(abstract: str, **fields: Any) -> Paper:
    return replace(PAPER, abstract=abstract, **fields)


@needs_recordings
def test_five_saved_pages_bring_what_is_new_in_each() -> None:
    memory, source, found = Memory(), Files(path="/saved"), []
    for name in READ_IN_ORDER:
        body = (PAGES / "text" / f"{name}.txt").read_bytes()
        page = Page(
            url=f"file:///{name}.txt", body=body, fetched_at=datetime(2025, 3, 20, tzinfo=UTC)
        )
        found.append(memory.collect(*source.parse(page).sightings).counts["files"])

    assert [each.new for each in found] == list(READ_IN_ORDER.values())
    assert sum(each.listed for each in found) == 420
    assert sum(each.revised for each in found) == 0
    assert len(memory.known) == 375


@needs_recordings
def test_each_paper_of_the_daily_lists_is_news_once() -> None:
    memory, source = Memory(), HuggingFace()
    times: Counter[str] = Counter()
    for path in recorded("huggingface/daily_api"):
        page = Page(
            url=f"https://huggingface.co/api/daily_papers?date={path.stem}",
            body=path.read_bytes(),
            content_type="application/json",
            fetched_at=datetime.fromisoformat(path.stem).replace(tzinfo=UTC) + timedelta(days=1),
        )
        changes = memory.collect(*source.parse(page).sightings)
        times.update(c.paper.arxiv for c in changes.papers if c.news == "new")
    ids = {
        each["paper"]["id"]
        for path in recorded("huggingface/daily_api")
        for each in json.loads(path.read_bytes())
    }

    assert set(times) == ids
    assert set(times.values()) == {1}


def test_one_paper_of_two_sources_has_both_links_votes_and_categories() -> None:
    arxiv = seen(replace(PAPER, links=(Link("arxiv", "https://a.example"),), categories=("cs.LG",)))
    listed = replace(
        PAPER, title="What small gardens remember", abstract="We ask all gardens.", version=0
    )
    face = seen(replace(listed, links=(Link("huggingface", "https://h.example"),)), "hf", votes=9)

    changes = Memory().collect(arxiv, face)

    (change,) = changes.papers
    assert change.news == "new"
    assert {link.kind for link in change.paper.links} == {"arxiv", "huggingface"}
    assert change.paper.categories == ("cs.LG",)
    assert [each.sighting.votes for each in change.listings] == [None, 9]


def test_a_paper_of_two_sources_in_one_run_is_new_for_the_first() -> None:
    counts = Memory().collect(seen(source="hf"), seen(source="arxiv")).counts

    assert (counts["hf"].new, counts["arxiv"].new, counts["arxiv"].known) == (1, 0, 1)


def test_a_second_version_is_revised_and_not_new() -> None:
    memory = Memory()
    memory.collect(seen())

    changes = memory.collect(seen(worded("We ask more gardens.", version=2)))

    assert news(changes) == ["revised"]
    assert changes.papers[0].revision == 1
    assert changes.papers[0].paper.abstract == "We ask more gardens."
    assert news(memory.collect(seen(worded("We ask more gardens.", version=2)))) == ["known"]


def test_another_wording_in_one_source_is_a_revision() -> None:
    memory = Memory()
    memory.collect(seen())

    assert news(memory.collect(seen(worded("We ask no garden.")))) == ["revised"]


def test_another_wording_in_another_source_is_no_revision() -> None:
    memory = Memory()
    memory.collect(seen())

    assert news(memory.collect(seen(worded("Gardens are asked."), "hf"))) == ["known"]
    assert news(memory.collect(seen(), seen(worded("Gardens are asked."), "hf"))) == ["known"]


def test_two_wordings_side_by_side_are_not_a_revision_in_every_run() -> None:
    memory, pair = Memory(), (seen(), seen(worded("We ask no garden.")))

    runs = [memory.collect(*order) for order in (pair, pair, pair[::-1], pair)]

    assert [news(run) for run in runs] == [["new"], ["known"], ["known"], ["known"]]
    assert all(run.counts["arxiv"].revised == 0 for run in runs)


def test_a_wording_that_stays_alone_is_a_revision_once() -> None:
    memory = Memory()
    memory.collect(seen())
    memory.collect(seen(), seen(worded("We ask no garden.")))

    runs = [memory.collect(seen(worded("We ask no garden."))) for _ in range(2)]

    assert [news(run) for run in runs] == [["revised"], ["known"]]


def test_an_old_version_listed_again_makes_nothing_revised() -> None:
    memory, second = Memory(), seen(worded("We ask more gardens.", version=2))
    memory.collect(seen())
    memory.collect(second)

    assert [news(memory.collect(each)) for each in (seen(), second)] == [["known"], ["known"]]


def test_a_listing_without_abstract_between_hides_no_revision() -> None:
    memory = Memory()
    memory.collect(seen())
    memory.collect(seen(worded("")))

    assert news(memory.collect(seen(worded("We ask no garden.")))) == ["revised"]


def test_a_paper_is_found_by_its_old_title_in_the_same_run() -> None:
    retitled = replace(PAPER, title="What Gardens Forget at Night", version=2)
    memory = Memory()
    memory.collect(seen())

    changes = memory.collect(seen(retitled), seen(Paper(title=PAPER.title), "text"))

    assert news(changes) == ["revised"]


@pytest.mark.parametrize(
    "other",
    [
        replace(PAPER, title="What Small Gardens Remember, Part II", arxiv=""),
        replace(PAPER, title="Comment on: What Small Gardens Remember", arxiv=""),
        replace(PAPER, arxiv="2606.00002"),
    ],
    ids=["part two", "comment", "another identifier"],
)
def test_another_paper_is_new(other: Paper) -> None:
    memory = Memory()
    memory.collect(seen())

    assert news(memory.collect(seen(other))) == ["new"]


def test_authors_that_contradict_make_another_paper() -> None:
    memory = Memory()
    memory.collect(seen(Paper(title=PAPER.title, authors=("Ann Quill",))))

    changes = memory.collect(seen(Paper(title=PAPER.title, authors=("Bo Marsh",))))

    assert news(changes) == ["new"]


def test_papers_that_share_a_journals_doi_are_new_one_by_one_and_never_again() -> None:
    memory = Memory()
    listed = [
        Sighting(source="feed", paper=Paper(title=title, authors=(author,), doi="10.1234/j"))
        for title, author in (("On Looms", "Ada Lovelace"), ("On Soap", "Charles Babbage"))
    ]
    news = [[c.news for c in memory.collect(each).papers] for each in (*listed, *listed)]
    assert news == [["new"], ["new"], ["known"], ["known"]]


def test_papers_dated_ahead_do_not_make_todays_back_catalogue() -> None:
    ahead = [
        Sighting(source="feed", paper=Paper(title=f"Issue {n}"), day=TODAY + timedelta(days=30 * n))
        for n in range(1, 5)
    ]
    of_today = Sighting(source="feed", paper=PAPER, day=TODAY)
    changes = Memory().collect(*ahead, of_today, first_read=["feed"])
    assert [listing.news for each in changes.papers for listing in each.listings] == [True] * 5


def test_a_first_read_draws_on_the_last_three_days_with_papers() -> None:
    days = [TODAY - timedelta(days=ago) for ago in (7, 6, 5, 2, 0)]
    listed = [
        seen(replace(PAPER, arxiv=f"2606.0000{at}", title=f"Paper number {at} of five"), day=day)
        for at, day in enumerate(days)
    ]

    changes = Memory().collect(*listed, first_read=["arxiv"])

    assert [c.listings[0].news for c in changes.papers] == [False, False, True, True, True]
    assert changes.counts["arxiv"].new == 5
    assert all(c.listings[0].news for c in Memory().collect(*listed).papers)


@pytest.mark.parametrize(("age", "is_news"), [(14, True), (15, False)])
def test_a_replacement_of_a_paper_long_out_is_counted_and_no_news(
    age: int, *, is_news: bool
) -> None:
    old = replace(PAPER, published=TODAY - timedelta(days=age), version=2)

    changes = Memory().collect(seen(old, announced="replace"))

    assert changes.counts["arxiv"].new == 1
    assert changes.papers[0].listings[0].news is is_news


def test_a_replacement_of_unknown_age_is_no_news() -> None:
    (change,) = Memory().collect(seen(announced="replace")).papers

    assert not change.listings[0].news


def test_a_source_that_lists_a_paper_twice_on_a_day_lists_it_again() -> None:
    memory = Memory()

    first = memory.collect(seen(votes=1)).papers[0].listings
    second = memory.collect(seen(votes=2)).papers[0].listings

    assert [each.again for each in (*first, *second)] == [False, True]


def test_a_short_title_listed_again_by_its_source_is_not_news_again() -> None:
    memory, short = Memory(), seen(Paper(title="Gardens"), "text")
    memory.collect(short)

    assert news(memory.collect(short)) == ["known"]
    assert news(memory.collect(seen(Paper(title="Gardens"), "other"))) == ["new"]


def test_nothing_listed_is_nothing_changed() -> None:
    changes = diff((), (), first_read=frozenset({"arxiv"}), today=TODAY)

    assert (changes.papers, changes.counts) == ((), {})


def test_a_page_of_one_title_alone_is_read_all_the_same() -> None:
    many = [seen(Paper(title=PAPER.title, authors=(f"Ann A{n}",))) for n in range(1500)]

    assert Memory().collect(*many).counts["arxiv"].new == 1500


papers = st.builds(
    Paper,
    title=st.sampled_from(["One and two and three", "Four and five and six", "Seven"]),
    abstract=st.sampled_from(["", "One.", "Two."]),
    arxiv=st.sampled_from(["", "2606.00001", "2606.00002"]),
    version=st.integers(0, 2),
    authors=st.sampled_from([(), ("Ann Quill",), ("Bo Marsh",)]),
)
sightings = st.lists(
    st.builds(
        Sighting,
        source=st.sampled_from(["arxiv", "hf"]),
        paper=papers,
        day=st.sampled_from([None, TODAY, TODAY - timedelta(days=9)]),
    ),
    max_size=8,
)


@given(sightings)
def test_whatever_is_listed_is_counted_once(listed: list[Sighting]) -> None:
    changes = Memory().collect(*listed)

    assert sum(c.listed for c in changes.counts.values()) == len(listed)
    assert all(c.listed == c.new + c.revised + c.known for c in changes.counts.values())
    assert sum(len(change.listings) for change in changes.papers) == len(listed)
    assert sum(c.new for c in changes.counts.values()) == news(changes).count("new")


@given(sightings)
def test_what_is_listed_again_is_neither_new_nor_revised(listed: list[Sighting]) -> None:
    memory = Memory()
    memory.collect(*listed)
    memory.collect(*listed)

    assert set(news(memory.collect(*listed))) <= {"known"}


def test_two_papers_on_arxiv_are_two_whatever_doi_their_authors_gave() -> None:
    memory = Memory()
    first = Paper(title="Alpha One of Two", arxiv="2611.00001", doi="10.1/y")
    second = Paper(title="Beta Two of Two", arxiv="2611.00002", doi="10.1/y")

    assert news(memory.collect(seen(first), seen(second))) == ["new", "new"]
    assert news(memory.collect(seen(second), seen(first))) == ["known", "known"]


def test_a_paper_without_identifier_is_known_by_a_title_it_had_before() -> None:
    memory, retitled = Memory(), replace(PAPER, title="What Gardens Forget at Night", version=2)
    memory.collect(seen())
    memory.collect(seen(retitled))

    assert news(memory.collect(seen(Paper(title=PAPER.title), "text"))) == ["known"]


def test_a_paper_is_known_by_its_second_doi() -> None:
    memory, authors = Memory(), ("Ann Quill",)
    memory.collect(seen(replace(PAPER, arxiv="", doi="10.1/conference", authors=authors)))
    memory.collect(seen(replace(PAPER, arxiv="", doi="10.1/journal", authors=authors), "crossref"))

    again = seen(Paper(title="Gardens, a Short Version", doi="10.1/journal"), "journal")

    assert news(memory.collect(again)) == ["known"]


def test_one_source_under_one_name_leaves_no_wording() -> None:
    memory = Memory()
    changes = [memory.collect(seen()), memory.collect(seen(worded("Another."))), memory.collect()]

    assert [c.wordings for each in changes for c in each.papers] == [(), ()]


def test_a_second_source_lets_the_wordings_of_both_be_kept() -> None:
    memory, other = Memory(), replace(PAPER, abstract="Gardens are asked.", doi="10.1/x")
    memory.collect(seen())

    (change,) = memory.collect(seen(other, "hf")).papers
    (again,) = memory.collect(seen(), seen(other, "hf")).papers

    assert set(change.wordings) == {
        Wording(source="arxiv", paper=PAPER),
        Wording(source="hf", paper=other),
    }
    assert again.wordings == ()


def test_a_paper_is_known_by_the_authors_that_any_source_gives_it() -> None:
    memory = Memory()
    memory.collect(seen(replace(PAPER, authors=("The Garden Team",))))
    memory.collect(seen(replace(PAPER, authors=("Ann Quill", "Bo Marsh")), "hf"))

    for author in ("Ann Quill", "Garden Team"):
        listing = seen(Paper(title=PAPER.title, authors=(author,)), "text")
        assert news(memory.collect(listing)) == ["known"]


def test_names_of_two_papers_that_were_merged_lead_to_the_one() -> None:
    one, other = PAPER, Paper(title="Gardens at Night", abstract="Dark.", arxiv="2606.00002")
    merged = Known(
        id=7,
        paper=one,
        revision=0,
        prints={"arxiv": "-" * 16},
        listed=frozenset(),
        names=frozenset({*one.names, *other.names}),
        titles=frozenset({title_key(one.title), title_key(other.title)}),
        wordings=(Wording(source="arxiv", paper=one), Wording(source="arxiv", paper=other)),
    )
    memory = Memory()
    memory.known[7] = merged

    assert news(memory.collect(seen(other))) == ["known"]
    assert news(memory.collect(seen(one), seen(other))) == ["known"]
    assert news(memory.collect(seen(Paper(title=other.title), "text"))) == ["known"]
    assert news(memory.collect(seen(replace(other, abstract="Very dark.")))) == ["revised"]


def test_what_was_decided_to_be_two_papers_is_not_one_by_its_title() -> None:
    memory, untold = Memory(), seen(Paper(title=PAPER.title), "text")
    memory.collect(seen())
    decided = Decision(
        one="arxiv:2606.00001",
        other=f"title:{title_key(PAPER.title)}",
        same=False,
        decided_at=datetime(2026, 6, 15, tzinfo=UTC),
    )

    assert news(memory.collect(untold, decisions=[decided])) == ["new"]
    assert news(memory.collect(untold, decisions=[decided])) == ["known"]
    assert len(memory.known) == 2


def test_what_was_decided_to_be_one_paper_is_one_though_its_authors_differ() -> None:
    memory, other = Memory(), seen(Paper(title=PAPER.title, authors=("Bo Marsh",)), "text")
    memory.collect(seen(replace(PAPER, authors=("Ann Quill",))))
    decided = Decision(
        one="arxiv:2606.00001",
        other=f"title:{title_key(PAPER.title)}",
        same=True,
        decided_at=datetime(2026, 6, 15, tzinfo=UTC),
    )

    assert news(memory.collect(other, decisions=[decided])) == ["known"]


def test_what_a_source_repeats_in_the_same_words_is_of_the_paper_it_was_of() -> None:
    memory, untold = Memory(), seen(Paper(title=PAPER.title), "text")
    known = {"revision": 0, "listed": frozenset[tuple[str, date | None]]()}
    memory.known = {
        1: Known(id=1, paper=PAPER, prints={"arxiv": fingerprint(PAPER)}, **known),  # type: ignore[arg-type]  # By name.
        2: Known(id=2, paper=untold.paper, prints={"text": fingerprint(untold.paper)}, **known),  # type: ignore[arg-type]  # As above.
    }

    (change,) = memory.collect(seen(replace(untold.paper, doi="10.1/x"), "text")).papers

    assert change.id == 2


def test_a_new_title_of_one_of_two_that_were_merged_is_no_stranger_under_their_doi() -> None:
    ours = Paper(title="On Looms", authors=("Ann Quill",), doi="10.1/x")
    theirs = Paper(title="Threads, Revisited", authors=("Bo Marsh",), doi="10.1/x")
    merged = Known(
        id=1,
        paper=ours,
        revision=0,
        prints={"feed": fingerprint(ours), "page": fingerprint(theirs)},
        listed=frozenset(),
        names=frozenset({"doi:10.1/x"}),
        wordings=(Wording(source="feed", paper=ours), Wording(source="page", paper=theirs)),
    )
    renamed = replace(theirs, title="Threads, Visited Again")

    changes = diff(
        [Sighting(source="page", paper=renamed, day=date(2026, 6, 12))],
        [merged],
        first_read=frozenset(),
        today=date(2026, 6, 12),
    )

    assert [(each.id, each.news) for each in changes.papers] == [(1, "revised")]


LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


def test_a_listing_goes_on_where_it_was_though_another_has_its_doi() -> None:
    doi, title = "10.1000/y", "On what is listed here"
    theirs = Paper(title="On something else", authors=("Bo Marsh",), arxiv="2606.00001", doi=doi)
    ours = Paper(title=title, authors=("Ann Quill",), doi=doi)
    known = [
        Known(
            id=1,
            paper=theirs,
            revision=1,
            prints={},
            listed=frozenset(),
            names=frozenset(theirs.names),
        ),
        Known(
            id=2,
            paper=ours,
            revision=1,
            prints={"page": fingerprint(ours)},
            listed=frozenset(),
            wordings=(Wording(source="page", paper=ours),),
        ),
    ]
    apart = Decision(
        one=f"doi:{doi}", other=f"title:{title.lower()}", same=False, decided_at=LONG_AGO
    )

    changes = diff(
        [Sighting(source="page", paper=ours)],
        known,
        first_read=frozenset(),
        today=date(2026, 6, 12),
        decisions=[apart],
    )

    assert [(each.news, each.id) for each in changes.papers] == [("known", 2)]


def test_who_is_a_stranger_under_a_doi_does_not_go_by_it() -> None:
    first = Paper(title="On Looms", authors=("Ann Quill",), doi="10.1/x")
    stranger = Paper(title="Threads, Revisited", authors=("Bo Marsh",), doi="10.1/x")
    memory = Memory()

    changes = memory.collect(seen(first, "feed"), seen(stranger, "feed")).papers
    again = memory.collect(seen(stranger, "feed")).papers

    assert [each.paper.doi for each in changes] == ["10.1/x", ""]
    assert [each.names for each in changes] == [{"doi:10.1/x"}, frozenset()]
    assert [(each.id, each.news) for each in again] == [(2, "known")]
