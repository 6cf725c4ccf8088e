"""The keyword language beyond single phrases; those are in test_keywords.py."""

from __future__ import annotations

from itertools import product
from time import perf_counter
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import digest.keywords
from digest.errors import KeywordError
from digest.keywords import (
    MOST_CHARACTERS,
    MOST_DEPTH,
    MOST_PHRASES,
    Phrase,
    Text,
    Word,
    find,
    parse,
    replaced,
    show,
    stretches,
)
from digest.papers import Paper

NOTHING = Text("")
PAPER = Paper(title="", authors=("Wei Wang", "Ann Quill"), categories=("cs.LG", "stat.ML"))


def hits(entry: str, title: str, abstract: str = "") -> list[str]:
    texts = {"title": Text(title), "abstract": Text(abstract)}
    found = find(parse(entry), texts["title"], texts["abstract"], PAPER)
    marked = {
        "authors": PAPER.authors,
        "categories": PAPER.categories,
    }
    return [
        texts[hit.where].text[hit.start : hit.end]
        if hit.where in texts
        else marked[hit.where][hit.at]
        for hit in found
    ]


def examples() -> list[list[str]]:
    lines = (digest.keywords.__doc__ or "").splitlines()
    rows = [[cell.strip() for cell in line.split("|")] for line in lines if line.count(" | ") == 2]
    return rows[rows.index(["entry", "hits", "does not hit"]) + 1 :]


def test_the_documentation_has_examples_of_everything() -> None:
    entries = " ".join(row[0] for row in examples())

    assert len(examples()) > 25
    assert all(sign in entries for sign in ("AND", "OR", "NOT", "(", "*", "~", "title:", '"'))


@pytest.mark.parametrize(("entry", "yes", "no"), examples())
def test_examples_of_the_documentation_are_true(entry: str, yes: str, no: str) -> None:
    assert hits(entry, yes)
    assert not hits(entry, no)


@pytest.mark.parametrize(
    ("entry", "text", "found"),
    [
        ("tree OR map", "a map of a tree", ["map", "tree"]),
        ("tree AND map", "a map of a tree", ["map", "tree"]),
        ("tree AND NOT map", "a map of a tree", []),
        ("tree NOT map", "a tree, a tree", ["tree", "tree"]),
        ("(tree AND robot) OR map", "a map of a tree", ["map"]),
        ("NOT (NOT tree)", "a tree", ["tree"]),
        ("map AND NOT (NOT tree)", "a map of a tree", ["map", "tree"]),
        ("map AND (tree OR NOT robot)", "a map", ["map"]),
        ("tree OR tree", "a tree", ["tree"]),
        ("deep tree OR tree", "a deep tree", ["deep tree", "tree"]),
        ("vision lang* model", "vision-language models", ["vision-language models"]),
        ("Zür*", "Zurich, Zuerich", ["Zurich", "Zuerich"]),
        ('"tree map"~0', "map-tree map", ["map-tree"]),
        ('"tree map"~3', "a tree; and then (a) map", ["tree; and then (a) map"]),
        ('"tree map"~3', "tree a b tree c map", ["tree c map"]),
        ('"deep tree map"~1', "map of deep trees", ["map of deep trees"]),
        ('"deep tree map"~0', "map of deep trees", []),
    ],
)
def test_an_expression_hits_where_its_true_parts_stand(
    entry: str, text: str, found: list[str]
) -> None:
    assert hits(entry, text) == found


@pytest.mark.parametrize(
    ("entry", "found"),
    [
        ("author:(Wang OR Nobody)", ["Wei Wang"]),
        ("author:(Wang AND Quill)", ["Wei Wang", "Ann Quill"]),
        ("author: Qui*", ["Ann Quill"]),
        ("author: WANG", ["Wei Wang"]),
        ("category:(cs.LG OR stat) AND author: Ann", ["Ann Quill", "cs.LG", "stat.ML"]),
        ("category: cs NOT category: math", ["cs.LG"]),
        ("category: cs NOT category: stat.ML", []),
        ("tree AND category: cs.LG", ["tree", "cs.LG"]),
        ("title: tree OR map", ["tree", "map"]),
        ("title:(tree OR map)", ["tree"]),
    ],
)
def test_fields_stand_within_expressions(entry: str, found: list[str]) -> None:
    assert hits(entry, "a tree", "a map") == found


@pytest.mark.parametrize(
    ("entry", "text", "found"),
    [
        ("RAG", "RAG-based; RAGs; a RAG's; rag; Rag; rags", ["RAG", "RAGs", "RAG's"]),
        ("RAGs", "RAG", ["RAG"]),
        ("VIT", "ViT, vit", ["ViT"]),
        ("LoRA", "LoRA, LORA, LoRA's; LoRa, lora", ["LoRA", "LORA", "LoRA's"]),
        ("MoEs", "a MoE", ["MoE"]),
        ("GPT-4", "GPT 4, gpt-4", ["GPT 4"]),
        ("SAM 2", "SAM-2 and Sam 2", ["SAM-2"]),
        ("AI", "AI, Ai", ["AI"]),
        ("3D", "3d", ["3d"]),
        ("C", "c", ["c"]),
        ("OpenAI", "openai", ["openai"]),
        ("TRANSFORMER", "transformers", ["transformers"]),
        ("RAG*", "rags, ragged", ["rags", "ragged"]),
        ("LLM OR RAG", "llm and RAG", ["RAG"]),
        ("LLM RAG", "llm rag", ["llm rag"]),
        ('"LLM agent"~2', "agents with llms, agents with LLMs", ["agents with LLMs"]),
        ("RAG", "\uff32\uff21\uff27", ["\uff32\uff21\uff27"]),
        ("RAG", "\U0001d411\U0001d400\U0001d406", ["\U0001d411\U0001d400\U0001d406"]),
    ],
)
def test_a_word_typed_as_an_acronym_is_meant_as_written(
    entry: str, text: str, found: list[str]
) -> None:
    assert hits(entry, text) == found


@pytest.mark.parametrize(
    ("entry", "text", "found"),
    [
        ("世界模型", "大世界模型、世界模型", ["世界模型", "世界模型"]),
        ("世界 模型", "世界模型 世界 模型", ["世界模型", "世界 模型"]),
        ("世界模型", "世界 模型", []),
        ("Transformer模型", "基于transformer 模型的", ["transformer 模型"]),
        ("大模型 NOT 综述", "大模型综述", []),
        ("大模型 AND \uff08综述 OR 评测\uff09", "大模型的评测", ["大模型", "评测"]),
        ("世界*", "世界", ["世界"]),
        ("モデル", "ﾓﾃﾞﾙ", ["ﾓﾃﾞﾙ"]),
        ("バグ", "ハク", []),
        ("モデル", "世界モデルを", ["モデル"]),
        ("ปัญญา", "ปัญญาประดิษฐ์", ["ปัญญา"]),
        ("กา", "กำ", []),
        ("ຕົວແບບ", "ໃຊ້ຕົວແບບໂລກ", ["ຕົວແບບ"]),
        ("គំរូ", "ប្រើគំរូពិភពលោក", ["គំរូ"]),
        ("မော်ဒယ်", "ကမ္ဘာ့မော်ဒယ်များ", ["မော်ဒယ်"]),
        ("모델", "모델의 모델링 세계모델 모델", ["모델의", "모델"]),
        ("모델*", "모델링", ["모델링"]),
        ("세계*", "세계관", ["세계관"]),
        ("ocr", "使用OCR识别", ["OCR"]),
        ("C++", "使用C++和C", ["C++"]),
    ],
)
def test_scripts_without_spaces_are_read(entry: str, text: str, found: list[str]) -> None:
    assert hits(entry, text) == found


def test_a_name_in_such_a_script_is_the_whole_name() -> None:
    paper = Paper(title="", authors=("张伟", "张大伟", "伟张"))

    found = find(parse("author: 张伟"), NOTHING, NOTHING, paper)

    assert [hit.at for hit in found] == [0]


@pytest.mark.parametrize(
    ("text", "column", "reason"),
    [
        ("tree AND", 6, "nothing stands after `AND`"),
        ("tree AND AND map", 6, "nothing stands after `AND`"),
        ("OR tree", 1, "nothing stands before `OR`"),
        ("AND", 1, "put quotes around it if the word is meant"),
        ("(OR tree)", 2, "nothing stands before `OR`"),
        ("tree NOT", 6, "nothing stands after `NOT`"),
        ("NOT NOT tree", 5, "take both away"),
        ("(tree", 1, "without its `)`"),
        ("tree)", 5, "without its `(`"),
        ("tree AND )", 6, "nothing stands after `AND`"),
        (")", 1, "without its `(`"),
        ("tree AND ()", 10, "nothing stands between"),
        ("(tree) map", 8, "put AND or OR before it"),
        ("tree (map)", 6, "put AND or OR before it"),
        ("tree title:map", 6, "put AND or OR before `title:`"),
        ("title:(author: x)", 14, "a second field"),
        ("tree AND titel:map", 10, "did you mean `title:`?"),
        ("title:(tree", 7, "without its `)`"),
        ("tree AND ...", 10, "no word"),
        ("NOT tree", 1, "put it as an entry `-tree`"),
        ("NOT title:tree", 1, "`-title:tree`"),
        ("map OR NOT tree", 1, "hit nearly every paper"),
        ("NOT map AND NOT tree", 1, "`-(map OR tree)`"),
        ("-NOT tree", 2, "hit nearly every paper"),
        ("map AND -tree", 9, "write NOT for `-`"),
        ("(-map OR tree)", 2, "write NOT for `-`"),
        ("tree | map", 6, "write OR"),
        ("tree & map", 6, "write AND"),
        ("tree~5", 5, "it stands after quotes"),
        ("*", 1, "end of a word"),
        ("*tree", 1, "end of a word"),
        ("tr*ee", 3, "end of a word"),
        ("tree**", 6, "end of a word"),
        ("tr*", 1, "at least 3 letters"),
        ("map AND tr*", 9, "at least 3 letters"),
        ('"deep tr*"~3', 7, "at least 3 letters"),
        ('"deep *"~3', 7, "end of a word"),
        ('"tree map"~', 1, "takes a number"),
        ('"tree map"~51', 1, "up to 50"),
        ('"tree map"~x', 1, "takes a number"),
        ('"tree"~3', 1, "two words or more"),
        ('""~3', 1, "no word"),
        ('"trees tree"~3', 1, "the same word twice"),
        ('"tree* trees"~3', 1, "the same word twice"),
        ('"tree* treehous*"~3', 1, "the same word twice"),
        ('"tree map"~3 deep', 14, "put AND or OR before it"),
        ('deep "tree map"~3', 6, "put AND or OR before what has a `~`"),
        ('author:"Wei Wang"~3', 8, "drop it after `author:`"),
        ('category:"cs.LG"~3', 10, "drop it after `category:`"),
        ("category:cs.*", 10, "cs.LG"),
        ("category:(cs.LG stat)", 11, "cs.LG"),
        ("(tree OR map^2)", 13, "at the end"),
        ("(" * 11 + "a" + ")" * 11, MOST_DEPTH + 1, "more than 10 parentheses"),
        (" OR ".join("a" * (MOST_PHRASES + 1)), 251, "more than 50 phrases"),
    ],
)
def test_a_slip_in_an_expression_is_an_error_with_its_column(
    text: str, column: int, reason: str
) -> None:
    with pytest.raises(KeywordError) as slip:
        parse(text)

    assert reason in str(slip.value)
    assert slip.value.column == column


@pytest.mark.parametrize("text", ["tree and map", "or", "a not b", '"AND"', '"NOT a"'])
def test_small_operators_and_quoted_ones_are_words(text: str) -> None:
    assert hits(text, f"so {text.strip(chr(34))} it is")


@given(
    st.text("ab*~\"()^: -NOTANDORtitle:5世델&.,+'", max_size=60)
    | st.lists(
        st.sampled_from(["(", ")", "AND", "OR", "NOT", "a", "abc*", '"a b"~2', "title:", '"', "-"])
    ).map(" ".join)
)
def test_any_text_is_an_entry_that_reads_back_or_a_slip_within_it(text: str) -> None:
    try:
        keyword = parse(text)
    except KeywordError as error:
        slip = error
    else:
        assert parse(show(keyword.tree)).tree == keyword.tree
        return
    assert 1 <= slip.column <= min(len(text), MOST_CHARACTERS) + 1


@pytest.mark.parametrize(
    ("entry", "text", "found"),
    [
        ('"Q&A"', "Q&A, Q & A, Q A, Q-A, Q? A", ["Q&A", "Q & A", "Q A", "Q-A"]),
        ('"k-NN: a survey"', "k-NN: a survey", ["k-NN: a survey"]),
        ('"data: selection"', "data: a selection; data; selection", []),
        ("image, text", "image, text, image", ["image, text"]),
        ("author: Wang, Wei", "", ["Wei Wang"]),
        ('"Q&A"~2', "A, Q", ["A, Q"]),
    ],
)
def test_signs_between_words_may_be_there(entry: str, text: str, found: list[str]) -> None:
    assert hits(entry, text) == found


@given(st.text(max_size=40))
def test_any_text_in_quotes_hits_itself(text: str) -> None:
    assume(not set(text) & set('"\uff02“”„'))
    try:
        keyword = parse(f'"{text}"')
    except KeywordError:
        return
    assert find(keyword, Text(text), NOTHING, PAPER)
    assert parse(show(keyword.tree)).tree == keyword.tree


# Trees of our own, said and judged by other means than the parser and the matcher have

vocabulary = ["tree", "trees", "treeless", "map", "maps", "deep"]
texts = st.lists(st.sampled_from(vocabulary), max_size=8)
leaves: Any = (
    st.tuples(st.just("phrase"), st.lists(st.sampled_from(vocabulary), min_size=1, max_size=3))
    | st.tuples(st.just("prefix"), st.sampled_from(["tre", "tree", "map"]))
    | st.tuples(st.just("near"), st.integers(0, 3), st.permutations(["tree", "map", "deep"]))
)
trees: Any = st.recursive(
    leaves,
    lambda inner: (
        st.tuples(st.just("NOT"), inner) | st.tuples(st.sampled_from(["AND", "OR"]), inner, inner)
    ),
    max_leaves=6,
)


def said(tree: Any) -> str:
    match tree:
        case ("phrase", words):
            return " ".join(words)
        case ("prefix", beginning):
            return f"{beginning}*"
        case ("near", within, words):
            return f'"{" ".join(words[:2])}"~{within}'
        case ("NOT", part):
            return f"NOT ({said(part)})"
        case _:
            operator, left, right = tree
            return f"({said(left)}) {operator} ({said(right)})"


def true(tree: Any, words: list[str]) -> bool:
    singular = [word.removesuffix("s") if word != "treeless" else word for word in words]
    match tree:
        case ("phrase", wanted):
            plain = [word.removesuffix("s") if word != "treeless" else word for word in wanted]
            runs = (singular[at : at + len(plain)] for at in range(len(words)))
            return any(run == plain for run in runs)
        case ("prefix", beginning):
            return any(word.startswith(beginning) for word in words)
        case ("near", within, wanted):
            places = [[p for p, w in enumerate(singular) if w == each] for each in wanted[:2]]
            return any(abs(a - b) <= within + 1 for a, b in product(*places))
        case ("NOT", part):
            return not true(part, words)
        case _:
            operator, left, right = tree
            return (all if operator == "AND" else any)([true(left, words), true(right, words)])


@given(trees, texts)
def test_an_entry_hits_where_a_plain_reading_of_it_is_true(tree: Any, words: list[str]) -> None:
    text = said(tree)
    if true(tree, []):
        with pytest.raises(KeywordError, match="hit nearly every paper"):
            parse(text)
        return
    assert bool(hits(text, " ".join(words))) == true(tree, words)


@given(trees, trees, texts)
def test_negation_and_order_change_nothing_that_logic_would_not(
    a: Any, b: Any, words: list[str]
) -> None:
    assume(not true(a, []) and not true(b, []))
    text = " ".join(words)
    left, right = f"({said(a)})", f"({said(b)})"

    assert hits(f"{left} OR {right}", text) == hits(f"{right} OR {left}", text)
    assert hits(f"{left} AND {right}", text) == hits(f"{right} AND {left}", text)
    assert hits(f"NOT (NOT {left} AND NOT {right})", text) == hits(f"{left} OR {right}", text)
    assert hits(f"NOT (NOT {left} OR NOT {right})", text) == hits(f"{left} AND {right}", text)


@given(trees)
def test_a_tree_reads_back_as_it_is_shown(tree: Any) -> None:
    assume(not true(tree, []))
    keyword = parse(said(tree))

    assert parse(show(keyword.tree)).tree == keyword.tree
    assert show(parse(show(keyword.tree)).tree) == show(keyword.tree)


def test_a_tree_is_shown_as_one_would_write_it() -> None:
    entries = [
        "(tree OR map) AND deep AND NOT (a OR b)",
        "title:(world model OR simulator)",
        "title:world model OR simulator",
        "author:(Wang OR Quill) AND category:cs.LG",
        "tree AND map OR deep",
        'NOT (NOT tree) AND "deep map"~3',
        '"AND" so',
        "基于 LLM 的世界模型",
    ]

    assert [parse(entry).phrase for entry in entries] == entries


def test_a_part_can_stand_in_for_another() -> None:
    tree = parse("(tree OR map) AND deep").tree
    by = {Phrase((Word("deep"),)): parse("deep OR flat").tree}

    assert show(replaced(tree, by)) == "(tree OR map) AND (deep OR flat)"
    assert show(replaced(tree, {Phrase((Word("map"),)): parse("a OR b").tree})) == (
        "(tree OR a OR b) AND deep"
    )


def test_what_must_not_be_there_is_marked_nowhere() -> None:
    keyword = parse("tree NOT map")

    assert stretches(keyword, Text("a map, a tree")) == [(9, 13)]


@pytest.mark.parametrize(
    "entry",
    [
        "a a a a b",
        '"aaa* b"~50',
        "aaa*",
        " OR ".join(f'"a{n} a{n + 1}"~50' for n in range(30)),
        "(" * 10 + "a" + ")" * 10,
    ],
)
def test_no_entry_makes_a_long_text_slow(entry: str) -> None:
    text = Text("a aaaa " * 50_000)
    began = perf_counter()

    find(parse(entry), text, NOTHING, PAPER)

    assert perf_counter() - began < 5
