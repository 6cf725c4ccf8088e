"""Words: where one ends, how it is folded, and which spellings count as the word.

In scripts without spaces (Chinese, Japanese, Thai, Lao, Khmer, Burmese) each character, with the
marks that belong to it, is a word, so that a phrase of them is found inside a longer run. Pure.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from functools import cache, lru_cache
from itertools import groupby

from digest.papers import GERMAN, plain

LONGEST_ACRONYM = 6
"""How many letters an acronym has at most; longer words in capitals are but loud."""

_HAN_AND_KANA = (
    "\u3005-\u3007\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9d\U00020000-\U0003ffff"
)
_KANA_MARKS = "\u3099\u309a\uff9e\uff9f\ufe00-\ufe0f\U000e0100-\U000e01ef"
_OTHER_BLOCKS = (
    range(0x0E00, 0x0F00),  # Thai and Lao.
    range(0x1000, 0x10A0),  # Burmese.
    range(0x1780, 0x1800),  # Khmer.
    range(0xA9E0, 0xAA00),  # Burmese, extended.
    range(0xAA60, 0xAA80),  # As above.
)


@cache
def _bases() -> str:
    return _HAN_AND_KANA + _ranges(str.isalnum)


def _marks() -> str:
    return _KANA_MARKS + _ranges(lambda c: unicodedata.category(c).startswith("M"))


def _ranges(chosen: Callable[[str], bool]) -> str:
    """Return the characters of the other blocks that are chosen, for a pattern's brackets."""
    runs = (
        list(run) for block in _OTHER_BLOCKS for yes, run in groupby(map(chr, block), chosen) if yes
    )
    return "".join(f"{run[0]}-{run[-1]}" for run in runs)


_TAIL = r"(?:[+#]+(?![^\W_])|['’]s(?![^\W_]))?"  # noqa: RUF001 - both apostrophes
_FIRST = "\u0e00"
"""No character before this one is of a script without spaces."""

SPACED = re.compile(rf"[^\W_]+{_TAIL}")
"""A word where spaces part words; names are read so in any script."""

UNSEEN = "\u00ad\u200b-\u200d\u2060\ufeff"
"""What stands between words, or characters, and is not seen; for a pattern's brackets."""

_BETWEEN = re.compile(rf"[\s\-{UNSEEN}‐-―−/_]+")  # noqa: RUF001 - these dashes are what papers use

PARTICLES = (
    *("은", "는", "이", "가", "을", "를", "의", "에", "도", "만", "와", "과", "나", "로", "으로"),
    *("에서", "에게", "까지", "부터", "보다", "처럼", "이나", "라는", "이라는", "에는", "에서의"),
    *("으로의", "로의", "으로서", "로서", "들", "들은", "들이", "들을", "들의", "들에"),
)
"""What Korean writes at a noun's end without a space: case, topic, plural."""

_UMLAUT_SPELT = re.compile(r"([aou])e(?=[b-df-hj-km-np-tv-xz]|l.)")
_MAYBE_A_NAME = re.compile(r"[A-Z][a-z]*[aou]e[a-z]")
_OWNER = ("'s", "’s")  # noqa: RUF001 - papers use both apostrophes
_SURE_SINGULAR = frozenset(
    ["news", "does", "this", "thus", "plus", "hers", "ours", "lens", "chaos", "atlas", "bias"]
)
_IRREGULAR = {
    "matrix": "matrices",
    "index": "indices",
    "vertex": "vertices",
    "corpus": "corpora",
    "analysis": "analyses",
    "hypothesis": "hypotheses",
    "criterion": "criteria",
    "phenomenon": "phenomena",
}
_REGULAR = {plural: singular for singular, plural in _IRREGULAR.items()}
_SIBILANT = ("s", "x", "z", "ch", "sh")


def pattern(text: str) -> re.Pattern[str]:
    """Return what finds the words of a text: the plain pattern, where that will do."""
    if text.isascii() or max(text) < _FIRST or not _unspaced().search(text):
        return SPACED
    return _any()


@cache
def _unspaced() -> re.Pattern[str]:
    return re.compile(f"[{_bases()}]")


@cache
def _any() -> re.Pattern[str]:
    """Return what finds words of scripts with and without spaces; few texts have the latter."""
    bases = _bases()
    tail = _TAIL.replace("W_", f"W_{bases}")
    return re.compile(rf"[{bases}][{_marks()}]*|[^\W_{bases}]+{tail}")


def signs(gap: str) -> str:
    """Return what stands between two words but for spaces and dashes, which part none."""
    return _BETWEEN.sub("", gap)


def is_unspaced(word: str) -> bool:
    """Say whether a word is a character of a script without spaces."""
    return word[0] >= _FIRST and _unspaced().match(word) is not None


def is_inflected(word: str) -> bool:
    """Say whether a word may have an English stem."""
    return word.isascii() or not (is_unspaced(word) or _is_hangul(word))


def _is_hangul(word: str) -> bool:
    return "\uac00" <= word[-1] <= "\ud7a3"


def fold(word: str) -> str:
    """Fold case, accents and forms of width. A mark that makes another letter of one stays."""
    if word.isascii():
        return word.lower()
    if is_unspaced(word):
        return unicodedata.normalize("NFKC", word).casefold()
    return unicodedata.normalize("NFC", plain(word))  # Hangul is composed again.


def is_acronym(word: str) -> bool:
    """Say whether a word is typed as an acronym: most of its few letters are capitals."""
    letters = [c for c in _singular_acronym(word) if c.isalpha()]
    capitals = sum(c.isupper() for c in letters)
    return 2 <= capitals <= len(letters) <= LONGEST_ACRONYM and 2 * capitals > len(letters)  # noqa: PLR2004 - two capitals make an acronym


def is_loud(words: Iterable[str]) -> bool:
    """Say whether a phrase is all in capitals, so that they tell nothing of any word of it."""
    lettered = [word for word in words if any(c.isalpha() for c in word)]
    return len(lettered) > 1 and all(word.isupper() for word in lettered)


@lru_cache(maxsize=4096)
def acronym_forms(word: str) -> frozenset[str]:
    """Return the folded spellings of an acronym, its plural and its owner's case."""
    base = fold(_singular_acronym(word))
    return frozenset({base, f"{base}s", *(f"{base}{owner}" for owner in _OWNER)})


def written_as_acronym(acronym: str, written: str) -> bool:
    """Say whether a word is written as the acronym is: `SAM` not Sam, `MoE` as such or `MOE`."""
    wanted, found = _singular_acronym(acronym), _singular_acronym(written)
    if not wanted.isupper():
        return found == wanted or found.isupper()
    return sum(c.isupper() for c in found) >= 2  # noqa: PLR2004 - as in is_acronym()


def _singular_acronym(word: str) -> str:
    word = unicodedata.normalize("NFKC", word)
    return word.removesuffix("'s").removesuffix("’s").removesuffix("s")  # noqa: RUF001 - as above


@lru_cache(maxsize=4096)
def forms(word: str) -> frozenset[str]:
    """Return the folded spellings that count as a word: singular, plural, with an umlaut."""
    folded = _folded(word)
    if word[:1].isupper():
        folded |= {_UMLAUT_SPELT.sub(r"\1", form) for form in folded}
    return frozenset(number for form in folded for number in _numbers(form))


@lru_cache(maxsize=4096)
def beginnings(word: str) -> tuple[str, ...]:
    """Return the folded spellings that a word may begin with."""
    return tuple(sorted(_folded(word)))


@lru_cache(maxsize=4096)
def name_forms(word: str) -> frozenset[str]:
    """Return the folded spellings of a word of a person's name."""
    folded = _folded(word)
    return frozenset(folded | {_UMLAUT_SPELT.sub(r"\1", form) for form in folded})


def other_spellings(text: str, found: re.Pattern[str]) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Yield the place and further spellings of words that have an umlaut, spelt either way."""
    if text.isascii() and not _MAYBE_A_NAME.search(text):
        return
    for place, word in enumerate(found.findall(text)):
        other = set()
        if not word.isascii():
            other.add(fold(word.casefold().translate(GERMAN)))
        if word[0].isupper() and "e" in word:
            other.add(_UMLAUT_SPELT.sub(r"\1", fold(word)))
        other.discard(fold(word))
        if other:
            yield place, tuple(sorted(other))


def _folded(word: str) -> set[str]:
    return {fold(word), fold(word.casefold().translate(GERMAN))}


def _numbers(word: str) -> Iterator[str]:
    """Yield the singular and plural spellings of a folded word."""
    yield word
    if _is_hangul(word):
        yield from (word + particle for particle in PARTICLES)
        return
    if word.endswith(_OWNER):
        word = word[:-2]
        yield word
    if not word[-1:].isalpha() or word.isdigit() or is_unspaced(word):
        return
    singulars = () if word in _SURE_SINGULAR else tuple(_singulars(word))
    yield from singulars
    for owner in (word, *singulars):
        yield from (f"{owner}{ending}" for ending in _OWNER)
    if word not in _REGULAR:
        yield from (plural for plural in _plurals(word) if plural not in _SURE_SINGULAR)


def _singulars(word: str) -> Iterator[str]:
    if word in _REGULAR:
        yield _REGULAR[word]
    if len(word) < 4 or not word.endswith("s") or word.endswith(("ss", "us", "is")):  # noqa: PLR2004 - shorter words are no plurals
        return
    yield word[:-1]
    if word.endswith("ies"):
        yield word[:-3] + "y"
    elif word.endswith("es") and word[:-2].endswith(_SIBILANT):
        yield word[:-2]


def _plurals(word: str) -> Iterator[str]:
    if word in _IRREGULAR:
        yield _IRREGULAR[word]
    if word.endswith(_SIBILANT):
        yield word + "es"
        return
    if word.endswith("y") and word[-2:-1] not in "aeiou":
        yield word[:-1] + "ies"
    yield word + "s"
