r"""LaTeX accents and simple maths, made readable; and text made harmless.

`readable` turns ``Poincar\'e`` into ``Poincaré`` and ``$x^2$`` into ``x²``; what it does not know
stays as it is. `clean` is for every string that comes in from outside. Nothing here parses
LaTeX as TeX would, and nothing is ever lost for being unknown.
"""

# ruff: noqa: RUF001 - such characters are what the tables here are for.

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache

_PASSES = 4
r"""How often the text is read again: what one pass uncovers (``\$x\$``), the next may read."""

_DEPTH = 24
"""How deeply braces may nest before they are left as they are."""

_MATHS_CHARACTERS = 400
"""A dollar sign further than this from the next one is money."""


def _pairs(text: str) -> dict[str, str]:
    words = text.split()
    return dict(zip(words[::2], words[1::2], strict=True))


_ACCENTS = _pairs("""
    " \u0308 ' \u0301 ` \u0300 ^ \u0302 ~ \u0303 = \u0304 . \u0307 c \u0327 v \u030c u \u0306
    H \u030b k \u0328 r \u030a d \u0323 b \u0331
""")
_LETTERS = _pairs("""
    ss ß o ø O Ø l ł L Ł ae æ AE Æ oe œ OE Œ aa å AA Å i ı j ȷ dh ð DH Ð th þ TH Þ dj đ DJ Đ
""")
_SYMBOLS = _pairs(r"""
    alpha α beta β gamma γ delta δ epsilon ε varepsilon ε zeta ζ eta η theta θ vartheta ϑ iota ι
    kappa κ lambda λ mu μ nu ν xi ξ pi π varpi ϖ rho ρ varrho ϱ sigma σ varsigma ς tau τ upsilon υ
    phi φ varphi φ chi χ psi ψ omega ω Gamma Γ Delta Δ Theta Θ Lambda Λ Xi Ξ Pi Π Sigma Σ
    Upsilon Υ Phi Φ Psi Ψ Omega Ω ell ℓ hbar ℏ Re ℜ Im ℑ aleph ℵ
    times × cdot · div ÷ pm ± mp ∓ ast * star ⋆ circ ∘ bullet • oplus ⊕ otimes ⊗ odot ⊙
    leq ≤ le ≤ leqslant ≤ geq ≥ ge ≥ geqslant ≥ neq ≠ ne ≠ ll ≪ gg ≫ lt < gt > approx ≈ sim ~
    simeq ≃ cong ≅ equiv ≡ propto ∝ prec ≺ succ ≻ lesssim ≲ gtrsim ≳ triangleq ≜ perp ⊥ mid |
    to → rightarrow → leftarrow ← leftrightarrow ↔ Rightarrow ⇒ Leftarrow ⇐ Leftrightarrow ⇔
    iff ⇔ implies ⇒ mapsto ↦ longrightarrow → uparrow ↑ downarrow ↓ nearrow ↗ searrow ↘
    in ∈ notin ∉ ni ∋ subset ⊂ subseteq ⊆ supset ⊃ supseteq ⊇ cup ∪ cap ∩ setminus ∖ emptyset ∅
    varnothing ∅ forall ∀ exists ∃ neg ¬ lnot ¬ land ∧ wedge ∧ lor ∨ vee ∨ top ⊤ bot ⊥ models ⊨
    vdash ⊢ infty ∞ partial ∂ nabla ∇ sum ∑ prod ∏ int ∫ oint ∮ angle ∠ prime ′ dagger † ddagger ‡
    ldots … dots … cdots ⋯ dotsc … langle ⟨ rangle ⟩ lfloor ⌊ rfloor ⌋ lceil ⌈ rceil ⌉ lVert ‖
    rVert ‖ Vert ‖ lvert | rvert | vert | lbrace { rbrace } backslash \ degree ° deg deg
    S § P ¶ dag † ddag ‡ copyright © pounds £ euro € textdegree ° textmu µ textendash – textemdash —
    textquoteright ’ textquoteleft ‘ textquotedblleft “ textquotedblright ” textbar | textless <
    textgreater > texttimes × textpm ± checkmark ✓ LaTeX LaTeX TeX TeX
    log log ln ln exp exp min min max max arg arg argmin argmin argmax argmax sup sup inf inf
    lim lim sin sin cos cos tan tan tanh tanh det det dim dim ker ker Pr Pr gcd gcd poly poly
""")
_SPACES = _pairs(r"quad _ qquad _ enspace _ space _ newline _ linebreak _ \ _ , _ ; _ : _")
_NOTHING = _pairs("""
    left - right - big - Big - bigg - Bigg - bigl - bigr - Bigl - Bigr - displaystyle - textstyle -
    limits - nolimits - em - it - bf - rm - sc - tt - sf - itshape - bfseries - xspace - protect -
    noindent - ! - - -
""")
_GAPS = dict.fromkeys([*_SPACES, " "], " ") | dict.fromkeys(_NOTHING, "")
_WRAPPERS = _pairs("""
    emph - text - textbf - textit - textrm - textsc - texttt - textsf - textnormal - textup -
    textsl - underline - mathrm - mathbf - mathit - mathsf - mathtt - mathcal - mathscr -
    mathfrak - mathnormal - boldsymbol - bm - bold - operatorname - operatorname* - mbox - hbox -
    url - ensuremath - mathop - overline - widehat - widetilde -
""")
_HATS = _pairs("hat \u0302 tilde \u0303 bar \u0304 vec \u20d7 dot \u0307 ddot \u0308")
_DOUBLE_STRUCK = dict(zip("CHNPQRZE1", "ℂℍℕℙℚℝℤ𝔼𝟙", strict=True))
_UP = dict(
    zip(
        "0123456789+-=()abcdefghijklmnoprstuvwxyzABDEGHIJKLMNOPRTUVW∘′⊤βγδθφχ°",
        "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᴬᴮᴰᴱᴳᴴᴵᴶᴷᴸᴹᴺᴼᴾᴿᵀᵁⱽᵂ°′ᵀᵝᵞᵟᶿᵠᵡ°",
        strict=True,
    )
)
_DOWN = dict(
    zip(
        "0123456789+-=()aehijklmnoprstuvxβγρφχ",
        "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓᵦᵧᵨᵩᵪ",
        strict=True,
    )
)

_SPECIAL = re.compile(r"[\\$^{]|``|--|[A-Za-z][A-Za-z.]~\d")
_ACCENT = re.compile(
    r"""(?<!\\)(\{)?\\(?:(["'`^~=.])[ ]?|([cvuHkrdb])(?:[ ]|(?=\{)))"""
    r"""(?:\{[ ]?(\\?[A-Za-z])[ ]?\}|(\\[ij](?![A-Za-z])|[A-Za-z]))(?(1)\})"""
)
_LETTER = re.compile(
    rf"(?<!\\)(\{{)?\\({'|'.join(_LETTERS)})(?![A-Za-z])(?(1)[ ]?\}}|(?:\{{\}}|[ ](?=\S))?)"
)
_TIE = re.compile(r"(?<=[A-Za-z][A-Za-z.])~(?=[\d\\])")
_POWER = re.compile(r"\^([-+\u2212]?\d+|n(?![A-Za-z]))")
_BRACED = re.compile(r"([\^_])\{([^{}]*)\}")
_TOKEN = re.compile(
    r"\\[A-Za-z]+\*?|\\.|\$\$|[{}$^_~]|``|''|(?<!-)-{2,3}(?!-)|[^\\{}$^_~`'\-]+|.", re.DOTALL
)
_MATHS_SIGN = re.compile(r"[\\^_{]")
_WORD = re.compile(r"[A-Za-z]{3}| [a-z]{2} ")

_HARMLESS_JOINED = "\u0600-\u1fff\u2190-\U0010ffff"
_JOINER = re.compile("[\u200c\u200d]")
_NEVER = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u200b\u2060\ufeff\ud800-\udfff]")
_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")


def clean(text: str) -> str:
    """Return `text` on one line, without what is invisible and can do harm.

    Drops control characters, lone surrogates, zero-width spaces, joiners that join nothing, and
    overrides of the writing direction that are not ended (Unicode TR 36, section 3.2).
    """
    text = " ".join(text.split())
    if text.isprintable():
        return text
    text = _NEVER.sub("", text)
    if not _balanced(text):
        text = _BIDI.sub("", text)
    if _JOINER.search(text):
        text = _joiners().sub("", text)
    return " ".join(text.split())


@cache
def _joiners() -> re.Pattern[str]:
    """Find joiners that join nothing. Few texts have any, and it takes long to compile."""
    harmless = _HARMLESS_JOINED
    return re.compile(f"(?<![{harmless}])[\u200c\u200d]+|[\u200c\u200d]+(?![{harmless}])")


def _balanced(text: str) -> bool:
    """Say whether each embedding, override and isolate is ended, in turn."""
    open_: list[str] = []
    for mark in _BIDI.findall(text):
        if mark in "\u202c\u2069":
            if not open_ or open_.pop() != mark:
                return False
        else:
            open_.append("\u2069" if mark >= "\u2066" else "\u202c")
    return not open_


@lru_cache(maxsize=2048)
def readable(text: str) -> str:
    """Return `text` with LaTeX accents and simple maths as a person would write them.

    Reading the result again changes nothing. White space is single.
    """
    start = text = " ".join(text.split())
    for _ in range(_PASSES):
        if not _SPECIAL.search(text):
            return text
        again = _read_once(text)
        if again == text:
            return text
        text = again
    return text if _read_once(text) == text else start


def _read_once(text: str) -> str:
    text = _TIE.sub(" ", _LETTER.sub(_letter, _ACCENT.sub(_accented, text)))
    text = _Reader(text).read()
    text = _BRACED.sub(_script, _POWER.sub(_script, text))
    return " ".join(text.split())


def _accented(found: re.Match[str]) -> str:
    mark = _ACCENTS[found[2] or found[3]]
    base = (found[4] or found[5]).lstrip("\\")
    letter = unicodedata.normalize("NFC", base + mark)
    return letter if len(letter) == 1 else found[0]


def _letter(found: re.Match[str]) -> str:
    return _LETTERS[found[2]]


def _script(found: re.Match[str]) -> str:
    """Raise ``^2`` and ``^{2}``, lower ``_{2}``, where Unicode can; else change nothing."""
    sign, inner = (found[1], found[2]) if found.re is _BRACED else ("^", found[1])
    return _shift(sign, inner) or found[0]


def _shift(sign: str, inner: str) -> str:
    table = _UP if sign == "^" else _DOWN
    shifted = [table.get(character, "") for character in inner.replace("\u2212", "-")]
    return "".join(shifted) if all(shifted) else ""


def _grouped(text: str) -> str:
    return text if text.isalnum() or not text[1:] else f"({text})"


def _dressed(name: str, inner: str) -> str:
    """Return what a command of one argument makes of it."""
    if name == "sqrt":
        return f"√{_grouped(inner)}"
    if name == "mathbb":
        return "".join(_DOUBLE_STRUCK.get(character, character) for character in inner)
    if name in _HATS and inner.isalpha() and not inner[1:]:
        return unicodedata.normalize("NFC", inner + _HATS[name])
    return inner


class _Reader:
    """One pass over the tokens of a text; each piece is read once."""

    def __init__(self, text: str) -> None:
        self.tokens: list[str] = _TOKEN.findall(text)
        self.ends = _braces(self.tokens) | _maths(self.tokens)
        self.quoted = False
        self.depth = 0

    def read(self) -> str:
        return self.span(0, len(self.tokens), maths=False)

    def span(self, at: int, end: int, *, maths: bool) -> str:
        """Read the tokens from `at` to before `end`."""
        if self.depth > _DEPTH:
            return "".join(self.tokens[at:end])
        self.depth += 1
        parts: list[str] = []
        while at < end:
            part, at = self.step(at, end, maths=maths)
            parts.append(part)
        self.depth -= 1
        return "".join(parts)

    def step(self, at: int, end: int, *, maths: bool) -> tuple[str, int]:
        """Read what begins at `at`; return it and where the next begins."""
        piece = self.tokens[at]
        close = self.ends.get(at, end)
        if close < end:
            if piece == "{":
                return self.braces(at, close, maths=maths), close + 1
            return self.span(at + 1, close, maths=True), close + 1
        if piece[:1] == "\\":
            return self.command(at, end, maths=maths)
        if maths and piece in {"^", "_"}:
            return self.script(at, end)
        return self.mark(at, maths=maths), at + 1

    def braces(self, at: int, close: int, *, maths: bool) -> str:
        drop = maths or any(piece[:1] == "\\" for piece in self.tokens[at + 1 : close])
        inner = self.span(at + 1, close, maths=maths)
        return inner if drop else f"{{{inner}}}"

    def mark(self, at: int, *, maths: bool) -> str:
        """Read quotation marks and dashes; ``--flag`` and a lone ``''`` stay."""
        piece = self.tokens[at]
        if piece == "``":
            self.quoted = True
            return "\u201c"
        if piece == "''" and self.quoted:
            return "\u201d"
        if piece == "---":
            return "\u2014"
        if piece == "--" and at and not self.tokens[at - 1].endswith(" "):
            return "\u2013"
        if piece == "--" and at + 1 < len(self.tokens) and self.tokens[at + 1][:1] == " ":
            return "\u2013"
        return " " if maths and piece == "~" else piece

    def argument(self, at: int, end: int, *, bare: bool) -> tuple[str, int] | None:
        """Read the ``{…}`` at `at`, or with `bare` the one character or command there."""
        if at >= end:
            return None
        piece, close = self.tokens[at], self.ends.get(at, end)
        if piece == "{" and close < end:
            return self.span(at + 1, close, maths=bare), close + 1
        piece = piece.lstrip(" ")
        if not bare or not piece or piece[0] in "{}$^_~":
            return None
        if piece[0] == "\\":
            return self.command(at, end, maths=True) if self.depth <= _DEPTH else None
        self.tokens[at] = piece[1:]
        return piece[0], at

    def script(self, at: int, end: int) -> tuple[str, int]:
        """Read ``x^2`` and ``x_{ij}``, within maths."""
        sign = self.tokens[at]
        found = self.argument(at + 1, end, bare=True)
        if found is None:
            return sign, at + 1
        inner, at = found
        if not inner or (shifted := _shift(sign, inner)):
            return shifted if inner else "", at
        return (f"^({inner})" if sign == "^" and len(inner) > 1 else sign + inner), at

    def command(self, at: int, end: int, *, maths: bool) -> tuple[str, int]:
        r"""Read ``\…`` at `at`, with its arguments; one that is unknown stays as it is."""
        name = self.tokens[at][1:]
        if name in _SYMBOLS:
            return _SYMBOLS[name], at + 1
        if name in _GAPS:
            return _GAPS[name], at + 1
        if name and name in "&%$#_{}":
            return name, at + 1
        if name == "|":
            return "‖", at + 1
        self.depth += 1
        known = self.wrapped(name, at + 1, end, maths=maths)
        self.depth -= 1
        return known or self.unknown(at, end, maths=maths)

    def wrapped(self, name: str, at: int, end: int, *, maths: bool) -> tuple[str, int] | None:
        r"""Read the arguments of a command that has some; None if it is not known."""
        if name in {"frac", "tfrac", "dfrac", "href"}:
            return self.pair(name, at, end)
        if name not in _WRAPPERS and name not in _HATS and name not in {"mathbb", "sqrt"}:
            return None
        found = self.argument(at, end, bare=maths)
        if found is None:
            return None
        return _dressed(name, found[0]), found[1]

    def pair(self, name: str, at: int, end: int) -> tuple[str, int] | None:
        r"""Read the two arguments of ``\frac`` and ``\href``, if both are in braces."""
        close = self.ends.get(at, end)
        if at >= end or self.tokens[at] != "{" or close + 1 >= end:
            return None
        last = self.ends.get(close + 1, end)
        if self.tokens[close + 1] != "{" or last >= end:
            return None
        second = self.span(close + 2, last, maths=name != "href")
        if name == "href":
            return second, last + 1
        return f"{_grouped(self.span(at + 1, close, maths=True))}/{_grouped(second)}", last + 1

    def unknown(self, at: int, end: int, *, maths: bool) -> tuple[str, int]:
        parts = [self.tokens[at]]
        at += 1
        while at < end and self.tokens[at] == "{" and self.ends.get(at, end) < end:
            close = self.ends[at]
            parts.append(f"{{{self.span(at + 1, close, maths=maths)}}}")
            at = close + 1
        return "".join(parts), at


def _braces(tokens: list[str]) -> dict[int, int]:
    """Return where each brace that is closed is closed."""
    ends: dict[int, int] = {}
    waiting: list[int] = []
    for at, piece in enumerate(tokens):
        if piece == "{":
            waiting.append(at)
        elif piece == "}" and waiting:
            ends[waiting.pop()] = at
    return ends


def _maths(tokens: list[str]) -> dict[int, int]:
    """Return where each piece of maths begins and ends; money is none (Pandoc's rule, and more)."""
    ends: dict[int, int] = {}
    opened: dict[str, int] = {}
    closers = {"$": "$", "$$": "$$", r"\)": r"\(", r"\]": r"\["}
    for at, piece in enumerate(tokens):
        start = opened.pop(closers.get(piece, ""), -1)
        if start >= 0 and (piece[0] == "\\" or _is_maths(tokens, start, at)):
            ends[start] = at
        elif piece in {"$", "$$", r"\(", r"\["}:
            opened[piece] = at
    return ends


def _is_maths(tokens: list[str], start: int, end: int) -> bool:
    """Say whether what stands between two dollar signs is maths and not the money between."""
    inner = "".join(tokens[start + 1 : end])
    if not inner.strip() or len(inner) > _MATHS_CHARACTERS:
        return False
    follower = tokens[end + 1] if end + 1 < len(tokens) else ""
    if tokens[start] == "$" and (inner != inner.strip() or follower[:1].isdigit()):
        return False
    return bool(_MATHS_SIGN.search(inner)) or " " not in inner or not _WORD.search(inner)
