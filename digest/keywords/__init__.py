"""The keyword language: a text to a `Keyword`, and where it hits a paper.

A bare sequence of words is a phrase; AND, OR and NOT (in capitals) join phrases; a reader's list
is many entries, any of which may hit.

    entry    = [ "-" ] any [ "^" number ]       "-" leaves out what the entry hits
    any      = all { "OR" all }
    all      = one { ( "AND" one | "NOT" part ) }
    one      = [ "NOT" ] part
    part     = [ field ":" ] ( "(" any ")" | near | phrase )
    field    = "title" | "author" | "category"
    near     = '"' { word } '"' "~" number      all of them, so many others between, any order
    phrase   = { word | '"' { word } '"' }      in this order
    word     = letters and digits [ "*" ]       "*" stands for any ending

NOT binds before AND, AND before OR. A field is that of the phrase or the parentheses that follow
it. `number` is 0.0001 to 100 as a weight, 0 to 50 after "~".

    entry                              | hits                         | does not hit
    data selection                     | Data-Selection matters       | selection of data
    world model                        | three world models           | a model of the world
    ocr                                | OCR for all                  | democratize it
    naive bayes                        | Naïve Bayes                  | bayes, naive
    "data: selection"                  | data selection               | data: a selection
    "Q&A"                              | a Q&A site, Q A              | Q or A
    pruning AND data selection         | data selection by pruning    | pruning
    rag OR retrieval augmented         | Retrieval-augmented answers  | retrieval
    pruning NOT medical                | pruning of trees             | pruning medical trees
    (prune OR pruning) AND NOT tree    | a pruning                    | pruning trees
    a survey AND deep OR shallow       | a shallow one                | a survey
    a survey AND (deep OR shallow)     | a survey, deep               | a shallow one
    simulat*                           | two simulators               | dissimulation
    self-supervis* learning            | self-supervised learning     | supervised learning
    "data selection"~2                 | selection of new data        | choice of data
    "robot* planning"~0                | planning, robots             | robots for planning
    title: robot                       | A robot                      | -
    title:(robot OR drone)             | A drone                      | drown
    RAG                                | RAGs and RAG-based           | a rag, Rag
    rag                                | a rag, RAG                   | ragged
    SAM                                | using SAM 2                  | Sam was here
    SAM                                | SAM SAW A ROBOT              | Samuel
    MoE                                | MoE, MOE                     | Moe
    WORLD MODEL                        | a world model                | model world
    世界模型                           | 基于世界模型的规划           | 世界的模型
    LLM智能体                          | 基于LLM智能体的规划          | 智能体
    โมเดล                               | ใช้โมเดลโลก                    | โม เดล
    세계 모델                          | 세계 모델을 쓰는             | 세계 모델링
    cafe AND \uff08robot\uff09                  | robots in a café             | robots
    and OR not                         | a word and another           | OR

A hit is always of whole words: case and accents don't count, a hyphen is as good as a space, a
plural as a singular, an umlaut as its two-letter spelling. Other signs that are typed between the
words of a phrase, in quotes if they mean something, may be there or not. Nothing fuzzy ever hits.

Capitals count in a word typed as an acronym, most of whose 2 to 6 letters are capitals: `RAG`
hits what is written with at least two capitals, `MoE` what is written so or all in capitals.
A plural "s" is no part of it. In a title all in capitals nobody can tell: it hits there. A phrase
of several words all in capitals is but loud.

In scripts without spaces (Chinese, Japanese, Thai, Lao, Khmer, Burmese) a phrase hits as a part
of a longer run; a Korean word hits with the particles that are written at its end.

Matching takes time in proportion to the text, and no pattern is ever made of what a reader typed.
Pure: it never ranks or stores.
"""

from __future__ import annotations

from digest.keywords.entry import MOST_CHARACTERS, Keyword, parse
from digest.keywords.grammar import MOST_DEPTH, MOST_PHRASES, holds_of_nothing
from digest.keywords.match import Hit, HitsOf, find, hits, holds, stretches
from digest.keywords.phrases import MOST_WITHIN, SHORTEST_PREFIX, literal
from digest.keywords.text import Span, Text
from digest.keywords.tree import (
    And,
    Field,
    Node,
    Not,
    Or,
    Phrase,
    Word,
    joined,
    phrases,
    replaced,
    show,
)
from digest.keywords.words import fold

__all__ = [
    "MOST_CHARACTERS",
    "MOST_DEPTH",
    "MOST_PHRASES",
    "MOST_WITHIN",
    "SHORTEST_PREFIX",
    "And",
    "Field",
    "Hit",
    "HitsOf",
    "Keyword",
    "Node",
    "Not",
    "Or",
    "Phrase",
    "Span",
    "Text",
    "Word",
    "find",
    "fold",
    "hits",
    "holds",
    "holds_of_nothing",
    "joined",
    "literal",
    "parse",
    "phrases",
    "replaced",
    "show",
    "stretches",
]
