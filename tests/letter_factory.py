"""Letters to test with. Every paper in them is invented."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from msgspec.structs import replace

from digest.letters import (
    Badge,
    Excluded,
    Item,
    Letter,
    Lost,
    Marked,
    Place,
    Reason,
    Receipt,
    Span,
    Suggestion,
    Trouble,
)
from digest.papers import Link, Paper

DAY = date(2026, 6, 12)
HOSTILE = (
    "<script>alert(1)</script> &copy; \"quoted\" 'single' <img src=x onerror=y>",
    "[click](http://evil.example) ![pic](http://evil.example/p.png) <http://evil.example>",
    "# heading\r\n=======\n---\n- item\n1. one\n> quote\n| a | b |\n|---|---|\n```\ncode",
    "http://evil.example www.evil.example me@evil.example &lt;b&gt; `code` **bold** __under__",
    "\x1b[31mred\x1b[0m \x07bell \u202ereversed\u202c \u2028line \x00nul \ud800 \ufeff{{ 7 * 7 }}",
    "---\ntitle: other\n--- {% raw %} {# #} ]]> --> <![endif]--> </style></title></textarea>",
    "נייר על למידה with English \u2067inside",
    "[ref]: http://evil.example 'title'",
)

_TITLES = (
    "Less Is Enough: Data Selection for Contrastive Pretraining under a Fixed Budget",
    "What Do Small Models Forget First? A Study of Ten Thousand Checkpoints",
    "Which Tokens Teach? Data Selection at the Granularity of Sentences",
    "Quiet Gradients: Predicting When Fine-Tuning Will Diverge",
    "A Garden of Forking Prompts",
    "Reading between the Patches: Dense Retrieval from Frozen Vision Encoders",
    "Curricula Are Mixtures: On the Equivalence of Order and Weight",
    "Benchmarks That Age Well: Measuring Contamination without the Training Set",
    "Speculative Decoding with Drafts Nobody Trained",
    "Sparse Autoencoders Disagree, and How to Make Them Vote",
)
_ABSTRACT = (
    "Pretraining corpora grow faster than the budgets that read them. We ask which tenth of a "
    "corpus is worth reading, and find that a score computed once from a small model's loss curve "
    "keeps almost all of the benefit. Across three modalities our data selection reaches the "
    "accuracy of the whole corpus after a third of the steps, and the chosen tenth is stable…"
)
_GIST = (
    "Picks the tenth of a corpus that a small model learns from fastest, and matches the accuracy "
    "of training on all of it in a third of the steps."
)


def marked(text: str, keyword: str = "data selection") -> Marked:
    """Mark the first place where `keyword` stands in `text`."""
    at = text.lower().find(keyword)
    if at < 0:
        return (Span(text),)
    end = at + len(keyword)
    spans = (Span(text[:at]), Span(text[at:end], hit=True), Span(text[end:]))
    return tuple(span for span in spans if span.text)


def paper(**overrides: Any) -> Paper:
    """Return an invented paper on arXiv and Hugging Face."""
    fields: dict[str, Any] = {
        "title": _TITLES[0],
        "abstract": _ABSTRACT,
        "authors": ("Ada Quill", "Bo Tamarind", "Cleo Marsh", *("Dee Fenn",) * 11),
        "arxiv": "2606.01234",
        "categories": ("cs.LG", "cs.CL"),
        "links": (
            Link("huggingface", "https://huggingface.co/papers/2606.01234"),
            Link("code", "https://github.com/example/less-is-enough"),
        ),
    }
    return Paper(**fields | overrides)


def item(**overrides: Any) -> Item:
    """Return a paper as a letter tells it: in ``for_you``, with gist, reasons and badges."""
    about = overrides.pop("paper", None) or paper()
    fields: dict[str, Any] = {
        "identifier": about.identifier,
        "section": "for_you",
        "paper": about,
        "title": marked(about.title),
        "score": 12.5,
        "reasons": (
            Reason(signal="keywords", points=8.0, detail="data selection", where="title"),
            Reason(signal="votes", points=3.5, detail="57"),
            Reason(signal="recency", points=1.0, detail="0"),
        ),
        "gist": marked(_GIST),
        "machine": True,
        "badges": (
            Badge(source="Hugging Face", day=DAY, votes=57),
            Badge(source="arXiv cs.LG", day=date(2026, 6, 11)),
        ),
    }
    return Item(**fields | overrides)


def letter(**overrides: Any) -> Letter:
    """Return a full letter: ten papers told, nine more of which five are listed."""
    items = overrides.pop("items", None)
    fields: dict[str, Any] = {
        "slot": DAY,
        "made_at": datetime(2026, 6, 12, 5, tzinfo=UTC),
        "subscriber": "Ann",
        "title": "Paper digest",
        "items": _items() if items is None else items,
        "keywords": ("data selection", "contrastive learning", "-medical"),
        "listed": 5,
        "places": (
            Place(source="Hugging Face", url="https://huggingface.co/papers/date/2026-06-12"),
            Place(source="arXiv cs.LG", url="https://arxiv.org/list/cs.LG/new"),
        ),
    }
    fields |= overrides
    if "receipt" not in overrides:
        fields["receipt"] = receipt(fields["items"])
    return Letter(**fields)


def receipt(items: tuple[Item, ...] = (), **overrides: Any) -> Receipt:
    """Return a receipt that adds up for `items`, with twelve papers left out."""
    titles = tuple(f"Segmenting Invented Organs, Part {part}" for part in range(1, 13))
    more = sum(each.section == "more" for each in items)
    here = sum(each.section in {"for_you", "trending", "rising"} for each in items)
    fields: dict[str, Any] = {
        "sources": ("Hugging Face", "arXiv cs.LG"),
        "excluded": (Excluded(keyword="-medical", titles=titles),),
        "below": 501,
        "here": here,
        "more": more,
        "revised": sum(each.section == "revised" for each in items),
    }
    fields |= overrides
    left_out = sum(len(each.titles) for each in fields["excluded"])
    fields.setdefault("read", left_out + fields["below"] + fields["here"] + fields["more"])
    return Receipt(**fields)


def hostile_letter(text: str = "\n".join(HOSTILE)) -> Letter:
    """Return a letter in which `text` stands wherever a stranger can write."""
    about = Paper(
        title=text,
        abstract=text,
        authors=(text, text, text),
        categories=(text,),
        links=(Link("page", text), Link("code", f"https://example.org/{text}"), Link("pdf", text)),
        submitter=text,
        organization=text,
        summary=text,
        comment=text,
    )
    told = Item(
        identifier=f"title:{text}",
        section="for_you",
        paper=about,
        title=(Span(text),),
        reasons=(
            Reason(signal="keywords", points=1.0, detail=text, where="title"),
            Reason(signal="votes", points=1.0, detail=text),
        ),
        gist=(Span(text, hit=True), Span(text)),
        machine=True,
        excerpt=(Span(text),),
        badges=(Badge(source=text, day=DAY, votes=3),),
        change="listed",
        detail=text,
    )
    sections = ("for_you", "for_you", "trending", "rising", "revised", "more")
    items = tuple(replace(told, section=section) for section in sections)
    return letter(
        title=text,
        items=items,
        keywords=(text,),
        receipt=receipt(items, sources=(text,), excluded=(Excluded(keyword=text, titles=(text,)),)),
        troubles=(Trouble(source=text, reason=text, since=DAY),),
        lost=(Lost(source=text, first=DAY, last=DAY),),
        places=(Place(source=text, url=text), Place(source=text, url=f"https://a.example/{text}")),
        suggestions=(Suggestion(keyword=text, instead=text),),
        listed=1,
    )


def giant_letter() -> Letter:
    """Return the longest letter that is still a letter: long everything, and a lot of it."""
    long = "Overlong & <Wordy> " * 264
    about = paper(
        title=long,
        authors=("Maximiliana Exceedingly-Longname & Daughters",) * 573,
        links=tuple(
            Link(kind, f"https://example.org/{'a' * 450}")
            for kind in ("huggingface", "code", "project")
        ),
    )
    told = item(
        paper=about,
        title=(Span(long, hit=True),),
        gist=(Span(long),),
        excerpt=(Span(long),),
        reasons=(Reason(signal="keywords", points=1.0, detail=long, where="title"),) * 12,
        badges=(Badge(source=long, day=DAY, votes=3),) * 9,
        change="listed",
        detail=long,
    )
    items = (told,) * 10 + (replace(told, section="more"),) * 300
    excluded = tuple(Excluded(keyword=f"-{long}", titles=(long,) * 100) for _ in range(3))
    return letter(
        items=items,
        listed=25,
        receipt=receipt(items, excluded=excluded),
        troubles=(Trouble(source=long, reason=long),) * 30,
        lost=(Lost(source=long, first=DAY, last=DAY),) * 30,
        suggestions=(Suggestion(keyword=long, instead=long),) * 30,
    )


def _items() -> tuple[Item, ...]:
    told = tuple(_told(number, title) for number, title in enumerate(_TITLES))
    more = tuple(
        item(
            section="more",
            paper=paper(
                title=f"Another Invented Paper, Number {number}", arxiv=f"2606.{number:05}"
            ),
            gist=(),
            reasons=(),
        )
        for number in range(1, 10)
    )
    return (*told, *more)


def _told(number: int, title: str) -> Item:
    about = paper(title=title, arxiv=f"2606.{number + 1234:05}", authors=_AUTHORS[number % 4])
    first = number < 3
    extra: dict[str, Any] = {"excerpt": marked(_ABSTRACT), "machine": False} if first else {}
    if number == 7:
        apart = Reason(signal="keywords", points=0.4, detail="contrastive learning", hit=False)
        extra["reasons"] = (apart, Reason(signal="recency", points=1.0, detail="2"))
        extra["machine"] = False
    if number == 8:
        votes = Reason(signal="votes", points=9.0, detail="212")
        extra |= {"section": "trending", "reasons": (votes,)}
    if number == 9:
        extra |= {"section": "rising", "change": "listed", "detail": "Hugging Face"}
        about = replace(about, arxiv="", links=())
    return item(paper=about, **extra)


_AUTHORS = (
    ("Ada Quill", "Bo Tamarind", "Cleo Marsh", *("Dee Fenn",) * 11),
    ("Ada Quill",),
    ("Ada Quill", "Bo Tamarind"),
    ("Ada Quill", "Bo Tamarind", "Cleo Marsh"),
)
