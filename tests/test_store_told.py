"""Letters that the store learns of from lines, on each database."""

from __future__ import annotations

from datetime import timedelta

from databases import DAY, HOUR, NOW, a_letter, a_paper, a_sighting, fail_all, new, publish
from msgspec.structs import replace

from digest.papers import Paper
from digest.store import Store
from digest.store.journal import Line

pytest_plugins = ["databases"]

NEXT = timedelta(days=1)
UNNAMED = Paper(title="A Paper Without Any Identifier")
KEY = "title:a paper without any identifier"


def a_line(*papers: tuple[str, int], ahead: int = 0, output: str = "mail") -> Line:
    return Line(
        key=f"letter/{DAY + ahead * NEXT}/Ann",
        subscriber="Ann",
        slot=DAY + ahead * NEXT,
        made_at=NOW + ahead * NEXT,
        title="Papers",
        output=output,
        keywords=("looms",),
        papers=papers,
    )


def adopt(store: Store, *lines: Line) -> int:
    with store.writing() as t:
        return t.adopt(lines)


def test_papers_of_lines_were_sent_whenever_the_store_meets_them(store: Store) -> None:
    assert adopt(store, a_line(("arxiv:2408.00001", 0), (KEY, 0)), a_line((KEY, 2), ahead=1)) == 2
    with store.writing() as t:
        t.save_changes(new(*map(a_sighting, (a_paper(1), a_paper(2), UNNAMED))), NOW)

    with store.reading() as t:
        assert t.sent("Ann") == {1: 0, 3: 2}
        assert t.sent("Bob") == {}
        last = t.last_letter("Ann")
        assert last is not None
        assert (last.day, last.letter.keywords, last.letter.items) == (DAY + NEXT, ("looms",), ())
        assert t.first_letter_at("Ann") == NOW


def test_lines_are_taken_over_once(store: Store) -> None:
    lines = (a_line(), a_line(output="folder"), a_line(ahead=1))
    assert adopt(store, *lines) == 2
    assert adopt(store, *lines) == 0
    assert adopt(store) == 0


def test_a_line_for_a_day_whose_letter_failed_is_another_edition(store: Store) -> None:
    publish(store, a_letter())
    fail_all(store)
    later = replace(a_line(), made_at=NOW + HOUR)
    assert adopt(store, later) == 1
    with store.reading() as t:
        assert [(each.slot, each.edition) for each in t.letters(9)] == [(DAY, 2), (DAY, 1)]


def test_what_went_out_becomes_lines_that_another_store_takes_over(store: Store) -> None:
    with store.writing() as t:
        t.save_changes(new(*map(a_sighting, (a_paper(1, doi="10.1/one"), UNNAMED))), NOW)
    publish(store, a_letter(), "mail", "folder", papers=(1, 2))
    with store.writing() as t:
        (delivery, *_) = t.claim("me", NOW, 9, HOUR)
        t.mark_sent(delivery, "250 OK", NOW)
        (line,) = t.lines(t.went_out)
        assert t.all_lines() == (line,)

    assert set(line.papers) == {("arxiv:2408.00001", 1), ("doi:10.1/one", 1), (KEY, 1)}
    assert (line.subscriber, line.slot, line.made_at) == ("Ann", DAY, NOW)


def test_a_letter_that_waits_to_be_sent_again_waits_whatever_went_out_before(store: Store) -> None:
    letter = publish(store, a_letter())
    with store.writing() as t:
        (delivery,) = t.claim("me", NOW, 1, HOUR)
        t.mark_sent(delivery, "250 OK", NOW)
        (before,) = t.lines(t.went_out)
    with store.writing() as t:
        t.send_again(letter, ["mail"], lambda key, output: f"<{key}@{output}>", NOW)
        t.adopt([before])
        assert [each.state for each in t.deliveries(letter)] == ["sent", "ready"]

        t.adopt([before, replace(before, key=f"{before.key}/again/1")])
        assert [each.state for each in t.deliveries(letter)] == ["sent", "sent"]


def test_a_letter_that_was_sent_again_waits_no_more_in_an_older_copy(store: Store) -> None:
    letter = publish(store, a_letter())
    again = replace(a_line(), key=f"letter/{DAY}/Ann/again/1")

    assert adopt(store, again) == 0

    with store.reading() as t:
        assert [each.state for each in t.deliveries(letter)] == ["sent"]
