"""What Hugging Face is asked for, and what its lists say."""

from __future__ import annotations

import json
from datetime import date, datetime

import msgspec
import pytest
from reading import DAILY, NOW, item, own, read, reasons

from digest.papers import Link
from digest.sources import Parsed
from digest.sources.huggingface import HuggingFace


def parse(body: str | bytes, url: str = DAILY, content_type: str = "") -> Parsed:
    return read(HuggingFace(), body, url, content_type)


# What to ask for


def test_a_first_read_asks_for_five_days() -> None:
    urls = [request.url for request in HuggingFace().requests(None, NOW)]
    assert urls[0] == "https://huggingface.co/api/daily_papers?date=2026-06-11&limit=100"
    assert urls[-1] == "https://huggingface.co/api/daily_papers?date=2026-06-15&limit=100"
    assert len(urls) == 5


@pytest.mark.parametrize(
    ("since", "first", "number"),
    [
        (date(2026, 6, 15), "2026-06-13", 3),
        (date(2026, 6, 12), "2026-06-10", 6),
        (date(2026, 1, 1), "2026-06-01", 15),
        (date(2027, 1, 1), "2026-06-13", 3),
    ],
    ids=["the same day", "a weekend", "an outage", "a clock that was ahead"],
)
def test_the_last_two_days_are_read_again(since: date, first: str, number: int) -> None:
    requests = HuggingFace().requests(since, NOW)
    assert f"date={first}&" in requests[0].url
    assert len(requests) == number


def test_today_is_the_day_in_utc() -> None:
    now = datetime.fromisoformat("2026-06-16T00:30:00+02:00")
    assert "2026-06-15" in HuggingFace().requests(date(2026, 6, 15), now)[-1].url


@pytest.mark.parametrize(
    ("source", "url"),
    [
        (HuggingFace(query="data selection"), "https://huggingface.co/papers?q=data+selection"),
        (HuggingFace(paper="2407.21783"), "https://huggingface.co/papers/2407.21783"),
        (HuggingFace(list="trending", route="html"), "https://huggingface.co/papers/trending"),
        (
            HuggingFace(list="trending"),
            "https://huggingface.co/api/daily_papers?sort=trending&limit=100",
        ),
        (
            HuggingFace(list="weekly"),
            "https://huggingface.co/api/daily_papers?week=2026-W25&limit=100",
        ),
        (HuggingFace(list="monthly", route="html"), "https://huggingface.co/papers/month/2026-06"),
        (HuggingFace(route="html"), "https://huggingface.co/papers/date/2026-06-15"),
        (
            HuggingFace(base_url="http://127.0.0.1:8000/", paper="2407.21783"),
            "http://127.0.0.1:8000/papers/2407.21783",
        ),
    ],
)
def test_each_list_has_its_address(source: HuggingFace, url: str) -> None:
    assert source.requests(date(2026, 6, 15), NOW)[-1].url == url


@pytest.mark.parametrize(
    "settings",
    [
        {"list": "daily", "query": "x"},
        {"query": "x", "paper": "2407.21783"},
        {"paper": "the best one"},
        {"list": "hourly"},
        {"base_url": "file:///etc/passwd"},
        {"spacing": -1},
        {"colour": "blue"},
    ],
)
def test_misuse_is_refused_when_the_config_is_read(settings: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"kind": "huggingface", **settings}, HuggingFace)


def test_the_name_is_the_kind_unless_set() -> None:
    assert HuggingFace().name == "huggingface"
    assert HuggingFace(name="hf trending", list="trending").name == "hf trending"
    assert HuggingFace().home == "https://huggingface.co/papers"


# The list as JSON


def test_a_paper_keeps_all_that_its_list_says() -> None:
    parsed = parse(own("daily.json"))
    sighting = parsed.sightings[0]
    paper = sighting.paper
    assert not parsed.errors
    assert (sighting.day, sighting.votes) == (date(2026, 6, 12), 12)
    assert paper.title == "Notes on an Analytical Engine"
    assert paper.abstract == "We describe an engine that computes."
    assert paper.authors == ("Ada Lovelace", "Charles Babbage")
    assert (paper.arxiv, paper.published) == ("2606.00001", date(2026, 6, 10))
    assert (paper.summary, paper.topics) == ("An engine computes.", ("engines", "computing"))
    assert (paper.submitter, paper.organization) == ("Luigi Menabrea", "Royal Society")
    assert paper.thumbnail == "https://cdn.example.org/2606.00001.png"
    assert paper.links == (
        Link("arxiv", "https://arxiv.org/abs/2606.00001"),
        Link("pdf", "https://arxiv.org/pdf/2606.00001"),
        Link("huggingface", "https://huggingface.co/papers/2606.00001"),
        Link("code", "https://github.com/example/engine"),
        Link("project", "https://engine.example.org/"),
    )


def test_a_bad_field_loses_the_field_and_not_the_paper() -> None:
    sighting = parse(own("daily.json")).sightings[1]
    assert (sighting.votes, sighting.paper.topics) == (None, ())
    assert (sighting.paper.arxiv, sighting.paper.version) == ("2606.00002", 3)
    assert {link.kind for link in sighting.paper.links} == {"arxiv", "pdf", "huggingface"}
    assert (sighting.paper.submitter, sighting.paper.thumbnail) == ("joseph", "")


@pytest.mark.parametrize(
    ("url", "day"),
    [
        (DAILY, date(2026, 6, 12)),
        ("https://huggingface.co/papers/date/2026-06-12", date(2026, 6, 12)),
        ("file:///saved/daily%202026-06-12.json", date(2026, 6, 12)),
        ("file:///2026-06-12/list.json", None),
        ("https://huggingface.co/api/daily_papers?week=2026-W24", None),
        ("file:///list-2026-13-99.json", None),
    ],
)
def test_a_list_without_days_takes_the_day_from_its_address(url: str, day: date | None) -> None:
    assert parse(json.dumps([item()]), url).sightings[0].day == day


def test_the_day_of_the_list_is_not_the_day_of_the_paper() -> None:
    listed = item(publishedAt="2026-06-01T00:00:00Z", submittedOnDailyAt="2026-06-11T00:00:00Z")
    assert parse(json.dumps([listed])).sightings[0].day == date(2026, 6, 11)


@pytest.mark.parametrize("body", ["[]", ' {"dailyPapers": []}', '{"status": "ok", "data": []}'])
def test_an_empty_list_is_no_error(body: str) -> None:
    assert parse(body) == Parsed()


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("", "the page is empty"),
        (" \n ", "the page is empty"),
        ("null", "changed shape"),
        ("{}", "changed shape"),
        ('{"papers_v2": [1]}', "changed shape"),
        ('{"error": "date is in the future"}', "date is in the future"),
        ("[1, 2]", "none of its 2 papers"),
        ('[{"paper": {"id": "2606.00001"}}]', "has no title"),
        ('[{"paper": {"id": "2606.00001", "title": null}}]', "has no title"),
        ('[{"paper": {"title": "X"}}]', "it has no id"),
        ('[{"paper": {"id": "../../x", "title": "X"}}]', "its id is"),
        ("[[[[", "cannot be read"),
        ("[" * 100_000, "cannot be read"),
        ('[{"a":' * 50_000, "cannot be read"),
        ("<html><title>Sign in</title></html>", "log in"),
        ("<html><title>502</title><h1>Bad gateway</h1></html>", "changed shape"),
        ("<rss></rss>", "a feed"),
        ("%PDF-1.7 …", "a PDF"),
        (b"\x1f\x8b\x08\x00", "unpack"),
        (b"\x00" * 100, "binary"),
        ("Too many requests", "begins with “Too many requests”"),
    ],
)
def test_what_is_no_list_is_an_error_that_says_what_came(body: str | bytes, said: str) -> None:
    parsed = parse(body)
    assert not parsed.sightings
    assert said in reasons(parsed)
    assert DAILY in reasons(parsed)


def test_one_bad_paper_does_not_lose_the_others() -> None:
    parsed = parse(json.dumps([item(1), {"paper": 7}, item(3), None]))
    assert [sighting.paper.arxiv for sighting in parsed.sightings] == ["2606.00001", "2606.00003"]
    assert len(parsed.errors) == 1
    assert "2 of 4 papers" in reasons(parsed)
    assert "number 2" in reasons(parsed)


def test_a_list_that_breaks_off_gives_its_whole_papers_and_an_error() -> None:
    body = json.dumps([item(number) for number in range(1, 11)])
    parsed = parse(body[: len(body) // 2 - 3])
    assert len(parsed.sightings) == 4
    assert "cannot be read" in reasons(parsed)


@pytest.mark.parametrize(
    "body",
    [
        json.dumps([str(item(1)), str(item(2))]),
        json.dumps([json.dumps(item(1)), json.dumps(item(2))]),
        json.dumps({"status": "success", "count": 2, "data": [str(item(1)), item(2)]}),
    ],
    ids=["python", "json", "wrapped"],
)
def test_papers_written_as_texts_are_read(body: str) -> None:
    parsed = parse(body)
    assert len(parsed.sightings) == 2
    assert not parsed.errors


@pytest.mark.parametrize(
    "text",
    ["{'a': __import__('os')}", "{" * 3000, "{'paper': ", "{'x': " + "-" * 5000 + "1}", "{\0}"],
)
def test_a_text_that_is_no_paper_is_counted_and_never_run(text: str) -> None:
    parsed = parse(json.dumps([text, item(2)]))
    assert len(parsed.sightings) == 1
    assert "1 of 2 papers" in reasons(parsed)


def test_fewer_papers_than_announced_is_an_error() -> None:
    parsed = parse(json.dumps({"status": "success", "count": 9, "data": [item()]}))
    assert len(parsed.sightings) == 1
    assert "says it has 9 papers and has 1" in reasons(parsed)


def test_odd_numbers_and_characters_do_no_harm() -> None:
    body = '[{"paper": {"id": "2606.00001", "title": "A\\ud800 B\\u0000\\u202e", "upvotes": 1%s}}]'
    parsed = parse(body % ("0" * 5000))
    assert parsed.sightings[0].paper.title == "A B"
    assert parsed.sightings[0].votes is None


def test_a_full_page_asks_for_the_next_one_but_not_for_ever() -> None:
    body = json.dumps([item(number) for number in range(1, 101)])
    assert [r.url for r in parse(body).requests] == [f"{DAILY}&p=1"]
    assert parse(body.replace("Paper 7", "")).requests
    assert [r.url for r in parse(body, f"{DAILY}&p=1").requests] == [f"{DAILY}&p=2"]
    assert not parse(body, f"{DAILY}&p=9").requests
    assert not parse(body, "file:///list.json").requests


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ("Café".encode("latin-1"), "text/html; charset=iso-8859-1"),
        ("Café".encode(), "application/json; charset=iso-8859-1"),
        ("\ufeff".encode() + "Café".encode(), ""),
        ("Café".encode("cp1252"), "text/html; charset=windows-1252"),
    ],
)
def test_the_charset_is_respected(body: bytes, content_type: str) -> None:
    start = b"\xef\xbb\xbf" if body.startswith(b"\xef\xbb\xbf") else b""
    whole = start + b'[{"paper":{"id":"2606.00001","title":"' + body.removeprefix(start) + b'"}}]'
    assert parse(whole, content_type=content_type).sightings[0].paper.title == "Café"


def test_utf_16_is_read() -> None:
    assert parse(json.dumps([item()]).encode("utf-16")).sightings


@pytest.mark.parametrize("content_type", ["", "application/json; charset=utf-8"])
def test_undecodable_bytes_are_an_error_and_the_papers_are_kept(content_type: str) -> None:
    body = json.dumps([item(1), item(2, summary="X")]).encode().replace(b"X", b"\xff")
    parsed = parse(body, content_type=content_type)
    assert len(parsed.sightings) == 2
    assert "not valid utf-8" in reasons(parsed)


def test_an_unknown_charset_is_said() -> None:
    parsed = parse(json.dumps([item()]), content_type="text/html; charset=klingon")
    assert len(parsed.sightings) == 1
    assert "klingon" in reasons(parsed)
