from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.errors import PartingError
from digest.known import Wording
from digest.papers import Paper
from digest.parting import part

TITLE = "What Small Gardens Remember"
KEY = "title:what small gardens remember"
PREPRINT = Wording(source="arxiv", paper=Paper(title=TITLE, arxiv="2606.00001"))
ARTICLE = Wording(source="crossref", paper=Paper(title=TITLE, doi="10.1/x", pubmed="77"))


def test_each_name_takes_the_listings_that_go_by_it() -> None:
    one, other = part([PREPRINT, ARTICLE], "arxiv:2606.00001", "pubmed:77")

    assert (one.wordings, other.wordings) == ((PREPRINT,), (ARTICLE,))
    assert other.names == {"doi:10.1/x", "pubmed:77"}
    assert (one.paper, other.paper) == (PREPRINT.paper, ARTICLE.paper)


def test_a_listing_by_title_alone_goes_by_its_title() -> None:
    bare = Wording(source="page", paper=Paper(title=TITLE))

    one, other = part([PREPRINT, bare], "arxiv:2606.00001", KEY)

    assert (one.wordings, other.wordings) == ((PREPRINT,), (bare,))


def test_a_listing_that_goes_by_one_name_and_bears_the_other_is_the_ones() -> None:
    wrong = Wording(source="arxiv", paper=Paper(title="Gardens", arxiv="2606.00001", doi="10.1/x"))

    one, other = part([wrong, ARTICLE], "arxiv:2606.00001", "doi:10.1/x")

    assert (one.wordings, other.wordings) == ((wrong,), (ARTICLE,))


@pytest.mark.parametrize(
    ("between", "is_other"),
    [
        (Wording(source="page", paper=Paper(title="Else", pubmed="77")), True),
        (Wording(source="crossref", paper=Paper(title="Else")), True),
        (Wording(source="page", paper=Paper(title=TITLE)), False),
        (Wording(source="page", paper=Paper(title="Else", openreview="abc")), False),
    ],
    ids=["shares a name", "same source", "shares a title", "nothing"],
)
def test_what_bears_neither_name_goes_where_it_is_nearer(
    between: Wording, *, is_other: bool
) -> None:
    _, other = part([PREPRINT, ARTICLE, between], "arxiv:2606.00001", "doi:10.1/x")

    assert (between in other.wordings) is is_other


def test_what_a_source_lists_as_one_cannot_be_told_apart() -> None:
    both = Wording(source="arxiv", paper=Paper(title=TITLE, arxiv="2606.00001", doi="10.1/x"))

    with pytest.raises(PartingError, match="arxiv lists both as names of one paper"):
        part([both], "arxiv:2606.00001", "doi:10.1/x")


def test_names_that_one_listing_bears_alike_are_named_with_it() -> None:
    with pytest.raises(PartingError, match="crossref lists both"):
        part(
            [
                Wording(
                    source="crossref", paper=Paper(title="T", arxiv="1", doi="10.1/x", pubmed="7")
                )
            ],
            "doi:10.1/x",
            "pubmed:7",
        )


@pytest.mark.parametrize("names", [("doi:10.1/x", "doi:10.1/y"), ("doi:10.1/y", "doi:10.1/x")])
def test_a_name_whose_listing_was_not_kept_is_named(names: tuple[str, str]) -> None:
    with pytest.raises(PartingError, match=r"^doi:10.1/y: no listing of its own was kept"):
        part([ARTICLE], *names)


def test_a_name_that_is_listed_under_both_titles_cannot_be_parted() -> None:
    retitled = Wording(source="page", paper=Paper(title="Gardens", arxiv="2606.00001"))

    with pytest.raises(PartingError, match=r"^arxiv:2606.00001: sources list it under both"):
        part([PREPRINT, retitled], KEY, "title:gardens")


papers = st.builds(
    Paper,
    title=st.sampled_from(["One", "Two"]),
    arxiv=st.sampled_from(["", "2606.00001", "2606.00002"]),
    doi=st.sampled_from(["", "10.1/x", "10.1/y"]),
)
names = st.sampled_from(["arxiv:2606.00001", "arxiv:2606.00002", "doi:10.1/x", "title:one"])


@given(
    st.lists(
        st.builds(Wording, source=st.sampled_from("ab"), paper=papers), unique_by=lambda w: w.key
    ),
    names,
    names,
)
def test_each_wording_is_of_one_side(wordings: list[Wording], one: str, other: str) -> None:
    try:
        ours, theirs = part(wordings, one, other)
    except PartingError:
        return

    assert len(ours.wordings) + len(theirs.wordings) == len(wordings)
    assert ours.wordings
    assert theirs.wordings
    assert not set(ours.wordings) & set(theirs.wordings)
    assert not ours.identifiers & theirs.identifiers
