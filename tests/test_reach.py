from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from running import Newsroom, newsroom, paper

from digest.keywords import parse
from digest.papers import Paper
from digest.rank import Weights
from digest.reach import TELLING, Part, Reach, Window, reach
from digest.subscribers import Candidate

NOW = datetime(2026, 6, 30, 20, tzinfo=UTC)


def seen(*titles: str, days_ago: Sequence[float] = (), **more: Any) -> list[Candidate]:
    return [
        Candidate(
            id=number,
            paper=Paper(title=title, arxiv=f"2606.{number:05}", **more),
            revision=0,
            first_seen=NOW - timedelta(days=days_ago[number] if days_ago else 0),
            seen=(),
        )
        for number, title in enumerate(titles)
    ]


def reached(
    text: str, pool: Sequence[Candidate], days: int = 30, many: int = 10, zone: str = "UTC"
) -> Reach:
    window = Window(NOW, days, zone)
    return reach(parse(text), pool, window, weights=Weights(), many=many)


def told(found: Reach) -> list[tuple[str, int, int, int]]:
    return [(part.text, part.papers, part.brings, part.takes_away) for part in found.parts]


POOL = seen("Deep tree", "Deep map", "Tree map", "Robot", "Deep robot map")


def test_it_counts_what_hits() -> None:
    found = reached("deep", POOL)

    assert (found.papers, found.hits, found.share, found.finding) == (5, 3, 0.6, "well")
    assert [each.identifier for each in found.examples] == [
        "arxiv:2606.00000",
        "arxiv:2606.00001",
        "arxiv:2606.00004",
    ]
    assert found.parts == ()


def test_each_part_is_told_with_what_only_it_does() -> None:
    found = reached("(tree OR map) AND deep NOT robot", POOL)

    assert found.hits == 2
    assert told(found) == [
        ("tree OR map", 4, 0, 0),
        ("tree", 2, 1, 0),
        ("map", 3, 1, 0),
        ("deep", 3, 0, 1),
        ("NOT robot", 2, 0, 1),
    ]
    assert [part.depth for part in found.parts] == [0, 1, 1, 0, 0]
    assert [part.by for part in found.parts] == ["AND", "OR", "OR", "AND", "AND"]


def test_what_stands_before_not_takes_its_not_along() -> None:
    found = reached("robot OR deep NOT map", POOL)

    assert told(found) == [
        ("robot", 2, 2, 0),
        ("deep AND NOT map", 1, 1, 0),
        ("deep", 3, 1, 0),
        ("NOT map", 3, 0, 1),
    ]


def test_parts_of_what_is_not_wanted_are_told_too() -> None:
    found = reached("deep NOT (tree OR robot OR zebra)", POOL)

    assert told(found) == [
        ("deep", 3, 1, 0),
        ("NOT (tree OR robot OR zebra)", 4, 0, 2),
        ("tree", 2, 0, 1),
        ("robot", 2, 0, 1),
        ("zebra", 0, 0, 0),
    ]


def test_a_part_that_hits_nothing_is_named_with_what_it_may_have_meant() -> None:
    pool = seen("World models", "Zebras")

    found = reached("wrold model OR zebra", pool)

    assert found.parts[0] == Part(
        text="wrold model",
        by="OR",
        depth=0,
        papers=0,
        brings=0,
        takes_away=0,
        instead="world models",
    )
    assert found.instead == ""


@given(
    st.lists(st.sampled_from(["tree", "map", "deep", "tree map", "deep map"]), max_size=6),
    st.sampled_from(
        [
            *("tree OR map", "tree AND map", "tree NOT map", "(tree OR deep) AND map"),
            *("map OR tree NOT deep", "deep AND (map OR tree NOT robot)"),
        ]
    ),
)
def test_the_parts_agree_with_the_whole(titles: list[str], text: str) -> None:
    pool = seen(*titles)
    found = reached(text, pool)

    assert found.hits == sum(row.hits for row in found.rows)
    assert found.papers == sum(row.papers for row in found.rows) == len(titles)
    for part in found.parts:
        assert part.brings <= min(found.hits, part.papers)
        assert part.takes_away <= found.papers - found.hits
        assert not (part.brings and part.takes_away)


def test_what_hits_nothing_is_too_narrow() -> None:
    found = reached("wrold model", seen("A world model"))

    assert (found.finding, found.instead, found.examples) == ("nothing", "world model", ())


@pytest.mark.parametrize(
    ("hits", "papers", "finding"),
    [(11, TELLING, "too wide"), (10, TELLING, "well"), (20, TELLING - 1, "many")],
)
def test_a_share_tells_something_only_of_many_papers(hits: int, papers: int, finding: str) -> None:
    pool = seen(*["deep"] * hits, *["other"] * (papers - hits))

    assert reached("deep", pool, many=15).finding == finding


def test_no_papers_are_no_finding() -> None:
    assert reached("deep", []).finding == "no papers"


def test_papers_count_on_the_local_day_on_which_they_were_first_seen() -> None:
    pool = seen("a", "deep", "deep", days_ago=(0, 0.5, 1))

    rows = reached("deep", pool, zone="Asia/Tokyo").rows

    assert [(row.first, row.last, row.hits, row.papers) for row in rows] == [
        (date(2026, 6, 30), date(2026, 6, 30), 2, 2),
        (date(2026, 7, 1), date(2026, 7, 1), 0, 1),
    ]


def test_papers_before_and_after_the_days_do_not_count() -> None:
    pool = seen("deep", "deep", "deep", days_ago=(-0.1, 2.8, 2.9))

    assert reached("deep", pool, days=3).hits == 1


def test_many_days_are_told_by_the_week() -> None:
    pool = seen("deep", "deep", "deep", days_ago=(0, 3, 8))

    assert [(row.first.day, row.last.day, row.hits) for row in reached("deep", pool, 60).rows] == [
        (22, 28, 2),
        (29, 30, 1),
    ]


def test_an_entry_that_leaves_out_is_tried_by_what_it_would_leave_out() -> None:
    found = reached("-deep", POOL)

    assert (found.excluded, found.hits) == (True, 3)
    assert len(found.examples) == 3


@pytest.mark.parametrize(
    ("text", "where", "said"),
    [
        ("deep", "title", ""),
        ("moss", "abstract", "We grow [moss]."),
        ("author: Quill", "authors", "[Ann Quill]"),
        ("category: cs", "categories", "[cs.LG]"),
        ("needle", "abstract", f"… {'hay ' * 19}[needle] {'hay ' * 19}…"),
    ],
)
def test_an_example_shows_where_it_is_hit(text: str, where: str, said: str) -> None:
    hay = "hay " * 60
    abstract = f"We grow moss. This has {hay}needle {hay}in it."
    pool = seen("Deep", abstract=abstract, authors=("Ann Quill",), categories=("cs.LG",))

    (example,) = reached(text, pool).examples

    assert example.where == where
    marked = "".join(f"[{span.text}]" if span.hit else span.text for span in example.said)
    assert " ".join(marked.split()) == " ".join(said.split())


@given(st.integers(0, 300), st.integers(0, 300))
def test_a_snippet_is_whole_words_of_the_sentence(before: int, after: int) -> None:
    abstract = "word " * before + "needle" + " word" * after
    (example,) = reached("needle", seen("A", abstract=abstract)).examples

    text = "".join(span.text for span in example.said)
    assert set(text.split()) <= {"word", "needle", "…"}
    assert len(text) <= 170


# The command


def filled(room: Newsroom) -> None:
    room.huggingface(
        "2026-06-12",
        paper(1, "On Looms and World Models"),
        paper(2, "Robots", "We teach robots by a world model of simulators."),
        paper(3, "Medical Looms"),
    )
    assert room.once("2026-06-12").code == 0


def test_the_command_tells_how_far_a_keyword_reaches(tmp_path: Path) -> None:
    with newsroom(tmp_path) as room:
        filled(room)

        done = room.run("keywords", "--at", "2026-06-14", "(loom OR wrold model) NOT medical")

    lines = done.out.splitlines()
    assert (done.code, done.err) == (0, "")
    assert lines[1].startswith("hits 1 of 3 papers seen from 16 May to 14 June 2026")
    assert lines[2] == "that is 33.3%, about 1.0 a day"
    assert any("Fri 12 Jun" in line and "1 of      3" in line for line in lines)
    assert any("wrold model" in line and "hits nothing" in line for line in lines)
    assert "         did you mean `world models`?" in lines
    assert any("NOT medical" in line and "takes away 1" in line for line in lines)
    assert any("On [Looms] and World Models" in line for line in lines)
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["-medical"], "leaves out 1 of 3 papers"),
        (["wrold model"], "nothing in 30 days: too narrow; did you mean `world models`?"),
        (["zebra", "--days", "1"], "nothing in a day: too narrow"),
        (["robot", "--days", "90"], "08 Jun to 12 Jun"),
        (["robot", "--days", "366"], "from 12 June 2025 to 12 June 2026"),
    ],
)
def test_the_command_says_what_to_make_of_it(tmp_path: Path, words: list[str], said: str) -> None:
    with newsroom(tmp_path) as room:
        filled(room)

        assert said in room.run("keywords", *words, "--at", "2026-06-12").out


@pytest.mark.parametrize(
    ("count", "said"),
    [(60, "matches 100% of all papers: too wide (more than 20% of at least 50 papers)"),
     (12, "more a day than the 10 that a letter tells in full")],
)  # fmt: skip
def test_the_command_warns_of_what_is_too_much(tmp_path: Path, count: int, said: str) -> None:
    with newsroom(tmp_path) as room:
        room.huggingface("2026-06-12", *(paper(n, f"Loom number {n}") for n in range(1, count + 1)))
        room.once("2026-06-12")

        assert said in room.run("keywords", "loom", "--at", "2026-06-12").out


def test_the_command_fits_the_terminal_whatever_it_tells(tmp_path: Path) -> None:
    head = "new\n\nSubscribe\n\nbyAK and the research community\n\nJun 12\n\n"
    page = f"{head}Looms{' and looms' * 12}\n\n{'We weave and weave. ' * 20}\n"
    (tmp_path / "search.txt").write_text(page, encoding="utf-8")
    with newsroom(tmp_path, sources='[[sources]]\nkind = "files"\npath = "search.txt"\n') as room:
        room.once("2026-06-12")
        entry = f"loom OR {'very ' * 15}long OR {'un' * 45}"

        lines = room.run("keywords", entry, "--at", "2026-06-12").out.splitlines()

    assert any("title:" in line and line.endswith("…") for line in lines)
    assert max(map(len, lines)) <= 80


def test_the_command_prints_json(tmp_path: Path) -> None:
    with newsroom(tmp_path) as room:
        filled(room)

        found = room.run("keywords", "loom OR robot", "--json", "--at", "2026-06-12").json

    assert (found["hits"], found["papers"], found["share"]) == (3, 3, 1.0)
    assert [part["text"] for part in found["parts"]] == ["loom", "robot"]
    assert found["rows"] == [{"first": "2026-06-12", "last": "2026-06-12", "papers": 3, "hits": 3}]


def test_the_command_looks_and_changes_nothing(tmp_path: Path) -> None:
    with newsroom(tmp_path) as room:
        none = room.run("keywords", "loom", "--at", "2026-06-12")
        assert not room.database.exists()
        filled(room)
        before = room.database.read_bytes()

        room.run("keywords", "loom", "--at", "2026-06-12")

        assert room.database.read_bytes() == before
    assert none.code == 0
    assert "No paper was seen" in none.out
    assert "`digest once` collects some" in none.out.replace("\n", " ")


def test_a_slip_in_the_text_is_misuse(tmp_path: Path) -> None:
    with newsroom(tmp_path) as room:
        done = room.run("keywords", "loom AND")

    assert done.code == 2
    assert "keyword `loom AND`, column 6: nothing stands after `AND`" in done.err
