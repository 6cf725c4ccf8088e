"""When arXiv's feed is the day's, and what is read where it is not."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reading import own, reasons

from digest.papers import Page
from digest.sources import Parsed, weekdays
from digest.sources.announced import Feed, asked_of, missed
from digest.sources.arxiv import LISTED, Arxiv

FEED = Arxiv(categories=("cs.LG", "cs.CL"), route="atom")
LISTING = Arxiv(categories=("cs.LG", "stat.*"), route="listing")
FRIDAY = datetime(2026, 6, 12, 11, tzinfo=UTC)  # 7:00 in New York
LIST = "https://arxiv.org/list/cs.LG/new"
ADDRESS = "https://rss.arxiv.org/atom/cs.LG+cs.CL"


def parse(body: str, url: str, *, now: datetime = FRIDAY, source: Arxiv = FEED) -> Parsed:
    return source.parse(Page(url=url, body=body.encode(), fetched_at=now))


def a_list(*numbers: str, day: str = "Friday, 12 June 2026", of: int = 0) -> str:
    """Return a listing page that has these new papers, `of` how many."""
    entries = "".join(
        f'<dt><a href="/abs/{number}" title="Abstract">arXiv:{number}</a></dt>'
        f'<dd><div class="list-title">Title: On Paper {number}</div></dd>'
        for number in numbers
    )
    total = of or len(numbers)
    return (
        f"<html><body><h3>Showing new listings for {day}</h3><dl><h3>New submissions (showing "
        f"{len(numbers)} of {total} entries)</h3>{entries}</dl></body></html>"
    )


def numbers(parsed: Parsed) -> list[str]:
    return [sighting.paper.arxiv for sighting in parsed.sightings]


# Feeds, and the lists they are compared with


def test_a_feed_is_compared_with_the_list_of_each_category() -> None:
    parsed = parse(own("announced.xml"), ADDRESS)
    ending = "#newest=2606.00002&built=2026-06-12"
    assert [each.url for each in parsed.requests] == [
        f"https://arxiv.org/list/{category}/new{ending}" for category in ("cs.LG", "cs.CL")
    ]
    assert asked_of(parsed.requests[0].url) == Feed(newest="2606.00002", built="2026-06-12")


def test_without_an_address_of_lists_nothing_is_compared() -> None:
    source = Arxiv(categories=("cs.LG",), route="rss", list_url="")
    assert parse(own("announced.rss"), ADDRESS, source=source).requests == ()


def test_a_fresh_feed_has_all_that_the_list_has() -> None:
    fresh = f"{LIST}#newest=2606.00009&built=2026-06-12"
    assert parse(a_list("2606.00008", "2606.00009"), fresh) == Parsed(again=True)


def test_a_stale_feed_is_said_and_the_list_is_read_instead() -> None:
    stale = f"{LIST}#newest=2606.00008&built=2026-06-12"
    parsed = parse(a_list("2606.00007", "2606.00009", "2606.00010"), stale)
    assert numbers(parsed) == ["2606.00007", "2606.00009", "2606.00010"]
    assert "the feed is stale: it is dated 2026-06-12 and lacks 2 of the 3 papers" in reasons(
        parsed
    )
    assert "the list was read instead" in reasons(parsed)


def test_numbers_count_as_numbers_over_a_new_month() -> None:
    stale = f"{LIST}#newest=2606.20000&built=2026-06-30"
    now = datetime(2026, 7, 1, 11, tzinfo=UTC)
    parsed = parse(a_list("2607.00001", day="Wednesday, 1 July 2026"), stale, now=now)
    assert numbers(parsed) == ["2607.00001"]


@pytest.mark.parametrize(
    ("now", "day", "is_stale"),
    [
        (datetime(2026, 6, 12, 11, tzinfo=UTC), "Friday, 12 June 2026", True),
        (datetime(2026, 6, 13, 11, tzinfo=UTC), "Friday, 12 June 2026", False),
        (datetime(2026, 6, 15, 0, 30, tzinfo=UTC), "Monday, 15 June 2026", False),
    ],
    ids=["a day with papers", "saturday shows friday's list", "sunday evening shows monday's list"],
)
def test_an_empty_feed_is_stale_only_if_the_list_is_todays(
    now: datetime, day: str, *, is_stale: bool
) -> None:
    parsed = parse(a_list("2606.00001", day=day), f"{LIST}#newest=&built=", now=now)
    assert bool(parsed.errors) == is_stale
    assert bool(parsed.sightings) == is_stale
    if is_stale:
        assert "it is empty and lacks 1 of the 1 papers" in reasons(parsed)


def test_the_list_of_tomorrow_makes_no_feed_stale() -> None:
    evening = datetime(2026, 6, 12, 1, tzinfo=UTC)  # Thursday, 21:00 in New York
    parsed = parse(a_list("2606.00009"), f"{LIST}#newest=2606.00001&built=2026-06-11", now=evening)
    assert parsed == Parsed(again=True)


def test_instead_of_a_feed_that_cannot_be_read_the_lists_are() -> None:
    broken = parse(own("announced.xml")[:-200], ADDRESS)
    assert broken.errors
    (request, _) = broken.requests
    assert request.url == f"{LIST}#instead"
    assert numbers(parse(a_list("2606.00001"), request.url)) == ["2606.00001"]


def test_a_page_that_is_no_list_is_said_where_one_was_asked_for() -> None:
    parsed = parse("<html><title>Sorry</title></html>", f"{LIST}#newest=&built=")
    assert "expected a listing page of arXiv, got an HTML page" in reasons(parsed)
    assert parsed.requests == ()


# Listing pages


def test_the_listing_pages_are_read_one_for_each_category() -> None:
    requests = LISTING.requests(None, FRIDAY)
    assert [each.url for each in requests] == [LIST, "https://arxiv.org/list/stat/new"]
    parsed = parse(own("listing.html"), LIST, source=LISTING)
    assert [each.announced for each in parsed.sightings] == ["new", "replace"]
    assert {each.day for each in parsed.sightings} == {date(2026, 6, 12)}


def test_a_list_that_was_cut_short_is_asked_for_whole() -> None:
    parsed = parse(a_list("2606.00001", of=7), f"{LIST}#instead", source=LISTING)
    assert (parsed.sightings, parsed.errors) == ((), ())
    (request,) = parsed.requests
    assert request.url == f"{LIST}{LISTED}#instead"

    again = parse(a_list("2606.00001", of=7), request.url, source=LISTING)
    assert numbers(again) == ["2606.00001"]
    assert again.requests == ()
    assert "it has 1 of the 7 entries" in reasons(again)


def test_a_list_without_papers_is_no_error() -> None:
    empty = "<html><h3>Showing new listings for Friday, 12 June 2026</h3><p>No updates today.</p>"
    assert parse(f"{empty} arXiv</html>", LIST, source=LISTING) == Parsed()


# Days in between


@pytest.mark.parametrize(
    ("since", "now", "asked"),
    [
        (date(2026, 6, 11), datetime(2026, 6, 12, 11, tzinfo=UTC), False),
        (date(2026, 6, 12), datetime(2026, 6, 15, 11, tzinfo=UTC), False),
        (date(2026, 6, 10), datetime(2026, 6, 12, 11, tzinfo=UTC), True),
        (date(2026, 6, 11), datetime(2026, 6, 15, 11, tzinfo=UTC), True),
        (date(2026, 6, 11), datetime(2026, 6, 15, 1, tzinfo=UTC), True),
        (date(2026, 6, 10), datetime(2026, 6, 12, 1, tzinfo=UTC), True),
        (date(2026, 6, 13), datetime(2026, 6, 12, 11, tzinfo=UTC), False),
    ],
    ids=[
        "yesterday",
        "over a weekend",
        "a day between",
        "friday between",
        "monday's list on sunday evening",
        "the next day's list in the evening",
        "a clock that was ahead",
    ],
)
@pytest.mark.parametrize("source", [FEED, LISTING], ids=["feed", "listing"])
def test_the_api_is_asked_for_days_that_were_announced_in_between(
    source: Arxiv, since: date, now: datetime, *, asked: bool
) -> None:
    urls = [each.url for each in source.requests(since, now)]
    assert any("/api/query" in url for url in urls) == asked
    assert missed(since, now) == asked


def test_what_the_api_answers_is_read_on_any_route() -> None:
    (*_, request) = FEED.requests(date(2026, 6, 8), FRIDAY)
    assert len(parse(own("api.xml"), request.url).sightings) == 2
    assert "expected an answer of arXiv's API" in reasons(parse(own("announced.xml"), request.url))


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.integers(-5, 40))
def test_weekdays_are_the_days_without_saturdays_and_sundays(first: date, more: int) -> None:
    last = date.fromordinal(first.toordinal() + more)
    found = weekdays(first, last)
    assert all(each.weekday() < 5 and first <= each <= last for each in found)
    assert len(found) == sum(
        date.fromordinal(each).isoweekday() < 6
        for each in range(first.toordinal(), last.toordinal() + 1)
    )


@given(st.text(max_size=300), st.sampled_from([ADDRESS, LIST, f"{LIST}#newest=&built="]))
def test_any_text_is_only_parsed(body: str, url: str) -> None:
    for source in (FEED, LISTING):
        assert isinstance(parse(body, url, source=source), Parsed)
