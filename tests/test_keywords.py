from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.errors import KeywordError
from digest.keywords import MOST_CHARACTERS, Keyword, Phrase, Text, Word, find, parse
from digest.papers import Paper

NOBODY = Paper(title="")
words = st.text("abcdefgXYZ0123456789éüß", min_size=1, max_size=9)


def hits(keyword: str, title: str, abstract: str = "") -> list[str]:
    texts = {"title": Text(title), "abstract": Text(abstract)}
    found = find(parse(keyword), texts["title"], texts["abstract"], NOBODY)
    return [texts[hit.where].text[hit.start : hit.end] for hit in found]


def named(keyword: str, *authors: str) -> list[str]:
    paper = Paper(title="", authors=authors)
    return [authors[hit.at] for hit in find(parse(keyword), Text(""), Text(""), paper)]


@pytest.mark.parametrize(
    ("keyword", "text", "found"),
    [
        ("ocr", "How to democratize OCR", ["OCR"]),
        ("data selection", "Selection of data", []),
        (
            "data selection",
            "Data Selection, and data-selection",
            ["Data Selection", "data-selection"],
        ),
        ("data-selection", "on data selection", ["data selection"]),
        ("data selection", "no data. Selection follows", []),
        ("data selection", "data\n  selection", ["data\n  selection"]),
        ("world model", "World Models of the world", ["World Models"]),
        ("world models", "a world model", ["world model"]),
        ("language models", "a language model's view", ["language model's"]),
        ("mixture of experts", "Mixtures-of-Experts", ["Mixtures-of-Experts"]),
        ("policy", "two policies", ["policies"]),
        ("matrices", "one matrix", ["matrix"]),
        ("bias", "our biases", ["biases"]),
        ("class", "all classes", ["classes"]),
        ("news", "a new day", []),
        ("Müller", "Muller, Mueller and MÜLLER", ["Muller", "Mueller", "MÜLLER"]),
        ("muller", "by Müller and Mueller", ["Müller", "Mueller"]),
        ("mueller", "by Müller", ["Müller"]),
        ("naive bayes", "Naïve Bayes", ["Naïve Bayes"]),
        ("naïve Bayes", "NAIVE BAYES", ["NAIVE BAYES"]),
        ("C++", "C, C# and C++", ["C++"]),
        ("ocr", "On \U0001d40e\U0001d402\U0001d411", ["\U0001d40e\U0001d402\U0001d411"]),
        ("title: gardens", "A garden", ["garden"]),
        ('"data: selection"', "data selection", ["data selection"]),
        ("a a", "a a a a", ["a a", "a a"]),
    ],
)
def test_a_keyword_is_a_phrase_of_whole_words(keyword: str, text: str, found: list[str]) -> None:
    assert hits(keyword, text) == found


def test_a_phrase_is_looked_for_in_title_and_abstract() -> None:
    assert hits("world model", "A world model", "World models.") == ["world model", "World models"]
    assert hits("title:world model", "None", "World models.") == []


@pytest.mark.parametrize(
    ("keyword", "hit"),
    [
        ("author: Wei Wang", ["Wei Wang", "Wang, Wei"]),
        ('author: "Wang, Wei"', ["Wei Wang", "Wang, Wei"]),
        ("author: W. Wang", ["Wei Wang", "Wang, Wei"]),
        ("author: wang", ["Wei Wang", "Wang, Wei", "Li Wang"]),
        ("author: Muller", ["Jo Müller", "J. Mueller"]),
        ("author: Mueller", ["Jo Müller", "J. Mueller"]),
        ("author: müller", ["Jo Müller", "J. Mueller"]),
        ("author: Wei Wei", []),
    ],
)
def test_an_author_is_named_in_any_order_and_spelling(keyword: str, hit: list[str]) -> None:
    names = ("Wei Wang", "Wang, Wei", "Li Wang", "Jo Müller", "J. Mueller", "Ann Wangs")

    assert named(keyword, *names) == hit


def test_a_category_means_all_that_is_below_it() -> None:
    paper = Paper(title="", categories=("cs.LG", "csx.A", "stat.ML"))

    found = [
        find(parse(f"category:{c}"), Text(""), Text(""), paper) for c in ("cs", "CS.lg", "math")
    ]

    assert [[hit.at for hit in each] for each in found] == [[0], [0], []]


@pytest.mark.parametrize(
    ("text", "words_", "field", "weight", "excluded"),
    [
        ("data selection^2", ("data", "selection"), "", 2.0, False),
        ("-medical", ("medical",), "", 1.0, True),
        ("  title: a-b^0.5 ", ("a", "b"), "title", 0.5, False),
        ("-category: cs.LG", ("cs.LG",), "category", 1.0, True),
        ('"x^2"', ("x", "2"), "", 1.0, False),
        ("Author:Ann", ("Ann",), "author", 1.0, False),
    ],
)
def test_a_keyword_reads_as_typed(
    text: str, words_: tuple[str, ...], field: str, weight: float, *, excluded: bool
) -> None:
    keyword = parse(text)

    assert isinstance(keyword.tree, Phrase)
    assert tuple(word.text for word in keyword.tree.words) == words_
    assert (keyword.tree.field, keyword.weight, keyword.excluded) == (field, weight, excluded)
    assert keyword.text == text.strip()


@pytest.mark.parametrize(
    ("text", "column", "reason"),
    [
        ("", 1, "empty"),
        ("   ", 1, "empty"),
        ("^2", 1, "no word"),
        ("-", 2, "no word"),
        ("a^", 3, "a weight is a number"),
        ("a^0", 3, "above 0"),
        ("a^101", 3, "at most 100"),
        ("a^nan", 3, "a weight is a number"),
        ("a^2 b", 2, "at the end"),
        ("a^2^3", 2, "one weight"),
        ("-a^2", 3, "no weight"),
        ("titel: a", 1, "did you mean `title:`?"),
        ("title:", 7, "no word"),
        ("title: author: a", 14, "second field"),
        ('say "a', 5, "not closed"),
        ("category: machine learning", 11, "cs.LG"),
        ("a\x00b", 2, "control"),
        ("a\u202eb", 2, "control"),
        ("a" * (MOST_CHARACTERS + 1), MOST_CHARACTERS + 1, "longer than"),
    ],
)
def test_a_slip_is_an_error_with_its_column(text: str, column: int, reason: str) -> None:
    with pytest.raises(KeywordError) as slip:
        parse(text)

    assert slip.value.column == column
    assert reason in str(slip.value)


@given(st.text(max_size=300) | st.text('ab -^:".,()0129titleauthorcategory', max_size=40))
def test_any_text_is_a_keyword_or_a_slip_within_it(text: str) -> None:
    try:
        keyword = parse(text)
    except KeywordError as slip:
        found = slip
    else:
        assert keyword.wanted
        assert parse(keyword.text) == keyword
        return
    assert 1 <= found.column <= len(text) + 1
    assert all(char.isprintable() or char.isspace() for char in str(found))


@given(
    parts=st.lists(words, min_size=1, max_size=4),
    field=st.sampled_from(["", "title", "author"]),
    extra=st.sampled_from(["", "^2", "^0.25", "-"]),
    quoted=st.booleans(),
)
def test_what_is_put_together_is_read_back(
    parts: list[str], field: str, extra: str, *, quoted: bool
) -> None:
    phrase = " ".join(parts)
    body = (f"{field}: " if field else "") + (f'"{phrase}"' if quoted else phrase)
    text = f"-{body}" if extra == "-" else body + extra

    keyword = parse(text)

    weight = float(extra[1:]) if extra.startswith("^") else 1.0
    assert isinstance(keyword.tree, Phrase)
    assert [word.text for word in keyword.tree.words] == parts
    assert keyword == Keyword(text, keyword.tree, weight, extra == "-")
    assert keyword.tree.field == field


@given(st.lists(words, min_size=1, max_size=4), st.text(max_size=30), st.text(max_size=30))
def test_a_phrase_is_found_where_it_stands(parts: list[str], before: str, after: str) -> None:
    phrase = " ".join(parts)

    assert hits(f'"{phrase}"', f"{before} {phrase} {after}")


@given(st.text(), st.lists(words, min_size=1, max_size=2))
def test_hits_lie_inside_the_text_and_do_not_overlap(text: str, parts: list[str]) -> None:
    found = find(parse(" ".join(parts)), Text(text), Text(""), NOBODY)

    ends = [0, *(place for hit in found for place in (hit.start, hit.end))]
    assert ends == sorted(ends)
    assert all(hit.start < hit.end <= len(text) for hit in found)


@given(st.text("abcdefgh", min_size=2, max_size=6), st.text("abcdefgh", min_size=1, max_size=3))
def test_a_part_of_a_word_is_no_hit(word: str, more: str) -> None:
    assert hits(word, f"x{word}q{more} {more}0{word}") == []


def test_a_word_said_a_hundred_thousand_times_is_found_soon() -> None:
    text = Text("a " * 100_000)

    assert len(list(text.find(Phrase((Word("a"),) * 3)))) == 33_333


def test_text_of_no_letters_has_no_words() -> None:
    assert hits("a", "\ud800\x00 \u0301 😀") == []
