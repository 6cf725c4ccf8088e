"""Letters as email, plain text and Markdown; an archive's index and feed. Alone in knowing Jinja.

Each word a reader sees is in ``templates/``; here is how they are found, filled and made safe.
It never chooses, ranks, stores or sends. What a template prints is escaped for the form it is
in, unless the template itself is its author. To change a letter, put a template of the same name
into a folder of your own: it is looked in first, and can extend ``digest/letter.html.j2``.
"""

from __future__ import annotations

import re
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

import css_inline
from jinja2 import (
    BaseLoader,
    ChoiceLoader,
    Environment,
    FileSystemBytecodeCache,
    FileSystemLoader,
    PrefixLoader,
    StrictUndefined,
    TemplateError,
    TemplateNotFound,
    TemplateSyntaxError,
)
from jinja2.bccache import Bucket
from markupsafe import Markup, escape

from digest import __version__
from digest import escape as safe
from digest.errors import RenderError
from digest.letters import Letter, Marked, Span
from digest.links import best, is_search, links
from digest.messages import Entry, Rendered

MOST_BYTES = 90_000
"""Of a letter's HTML: Gmail cuts off what is longer than about 102 KB."""

_KEPT = 4096
"""How many texts are kept as made safe: all readers of a run share most of them."""

_SLIPS = (
    *(TemplateError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError),
    *(RecursionError, MemoryError),  # A template can include itself, or ask for everything.
)
_TAG = re.compile(r"<[a-z][^<>]*>", re.IGNORECASE)
_CLASS = re.compile(r' class="([^"]*)"')
_STYLE = re.compile(r"<style\b[^>]*>(.*?)</style>", re.DOTALL)
_BODY = re.compile(r"<body\b[^>]*>(.*)</body>", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """How much of a letter is shown: characters of a title and a text, numbers of the rest."""

    title: int
    text: int
    url: int
    full: int
    listed: int
    excluded: int = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """One form of a letter: how a stranger's text and address become part of it."""

    escape: Callable[[str], str]
    address: Callable[[str, int], str]
    around_hits: tuple[str, str]
    isolate: Callable[[str], str] = str

    def done(self, value: object) -> Markup:
        """Return what a template prints, made safe unless it is the template's own."""
        return value if isinstance(value, Markup) else _made_safe(self, str(value))

    def strong(self, text: str) -> Markup:
        """Return a text made safe and marked by more than colour."""
        before, after = self.around_hits
        return Markup(f"{before}{self.done(text)}{after}")  # noqa: S704  Ours around what is safe.

    def marked(self, spans: Marked, most: int) -> Markup:
        """Return a marked text of at most about `most` characters, made safe."""
        return _marked(self, spans, most)

    def url(self, address: str, most: int = 500) -> Markup:
        """Return an address made safe for quotes or brackets; "" for an unwanted one."""
        return _address(self, str(address), most)

    def piece(self, span: Span) -> str:
        """Return a part of a marked text; blanks stay outside the marks, as Markdown asks."""
        if not span.hit:
            return self.escape(span.text)
        before, text, after = safe.blanks_out(span.text)
        mark, unmark = self.around_hits
        return f"{before}{mark}{self.escape(text)}{unmark}{after}"


@lru_cache(maxsize=_KEPT)
def _made_safe(form: Form, text: str) -> Markup:
    return Markup(form.isolate(form.escape(safe.clean(text))))  # noqa: S704  What `escape` is for.


@lru_cache(maxsize=_KEPT)
def _marked(form: Form, spans: Marked, most: int) -> Markup:
    pieces = "".join(form.piece(span) for span in safe.cut(spans, most))
    return Markup(form.isolate(pieces))  # noqa: S704  Each piece is safe.


@lru_cache(maxsize=_KEPT)
def _address(form: Form, address: str, most: int) -> Markup:
    return Markup(form.address(address, most))  # noqa: S704  Percent-encoded.


_HTML = Form(
    escape=escape,
    address=lambda text, most: escape(safe.url(text, most)),
    around_hits=('<strong class="hit">', "</strong>"),
)
_MARKDOWN = Form(
    escape=safe.markdown,
    address=safe.markdown_url,
    around_hits=("**", "**"),
    isolate=safe.isolate,
)
_TEXT = Form(escape=str, address=safe.url, around_hits=("*", "*"), isolate=safe.isolate)

_FITS = (
    Fit(title=300, text=900, url=500, full=100, listed=100),
    Fit(title=160, text=500, url=250, full=30, listed=25),
    Fit(title=100, text=300, url=150, full=12, listed=10, excluded=4),
    Fit(title=80, text=160, url=120, full=3, listed=0, excluded=0),
)


class _Compiled(FileSystemBytecodeCache):
    """Templates as they were compiled last time, among the temporary files of this user.

    Compiling takes longer than all the rest of a letter. Forms escape differently, so that each
    has its own; a cache that cannot be written is only slower.
    """

    def __init__(self, form: str) -> None:
        super().__init__(pattern=f"__digest_{__version__}_{form}_%s.cache")

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep one compiled template, if there is room."""
        with suppress(OSError):
            super().dump_bytecode(bucket)


class Renderer:
    """What turns letters into their forms. Built once per run; it keeps compiled templates.

    Raises RenderError, here and later, for a template that is missing or has a slip.
    """

    def __init__(self, overrides: Path | None = None) -> None:
        loader = _loader(overrides)
        self._html = _environment(loader, _HTML, "html")
        self._markdown = _environment(loader, _MARKDOWN, "md")
        self._text = _environment(loader, _TEXT, "txt")
        self._inliner = css_inline.CSSInliner(load_remote_stylesheets=False, keep_at_rules=True)

    def letter(self, letter: Letter, *, leave: str = "", manage: str = "") -> Rendered:
        """Return `letter` in all its forms; the same letter gives the same bytes.

        `leave` and `manage` are where its reader stops it and changes it: ``https:`` or
        ``mailto:`` with a subject; "" where there is no such place.
        """
        values: dict[str, object] = {"letter": letter, "leave": leave, "manage": manage}
        values["fit"] = _FITS[0]
        values["subject"] = subject = self._line("letter.subject.txt.j2", values)
        values["preheader"] = preheader = self._line("letter.preheader.txt.j2", values)
        return Rendered(
            subject=subject,
            preheader=preheader,
            html=self._fitting(values),
            text=safe.tidy(_fill(self._text, "letter.txt.j2", values)),
            markdown=safe.tidy(_fill(self._markdown, "letter.md.j2", values)),
        )

    def pages(self, entries: Sequence[Entry], *, title: str, base_url: str = "") -> dict[str, str]:
        """Return an archive's pages by their file names: its index and its Atom feed (RFC 4287).

        Entries come newest first. With `base_url`, the feed's links are absolute. An archive
        without entries has no feed: Atom asks for the time of the last one.
        """
        base = f"{safe.url(base_url).rstrip('/')}/" if safe.url(base_url) else ""
        feed_id = (
            f"{base}feed.xml" if base else uuid5(NAMESPACE_URL, f"digest:{safe.clean(title)}").urn
        )
        values = {"entries": entries, "title": title, "base_url": base, "feed_id": feed_id}
        names = ("index.html", "feed.xml") if entries else ("index.html",)
        return {name: _fill(self._html, f"{name}.j2", values) for name in names}

    def _line(self, name: str, values: Mapping[str, object]) -> str:
        return safe.clean(_fill(self._text, name, values)).strip()

    def _fitting(self, values: Mapping[str, object]) -> str:
        """Return the HTML, with less of everything if it would be cut off otherwise."""
        size = 0
        for fit in _FITS:
            html = self._inlined(_fill(self._html, "letter.html.j2", {**values, "fit": fit}))
            size = len(html.encode())
            if size <= MOST_BYTES:
                return html
        raise RenderError(
            f"letter.html.j2: gives {size:,} bytes, and mailboxes cut off more than "
            f"{MOST_BYTES:,}; let the template say less"
        )

    def _inlined(self, html: str) -> str:
        """Put the styles where all mailboxes see them; keep only classes that @media needs."""
        html = self._inliner.inline(html)
        kept = set(re.findall(r"\.([\w-]+)", "".join(_STYLE.findall(html))))
        return _TAG.sub(lambda tag: _CLASS.sub(partial(_needed, kept), tag[0]), html)


def _needed(kept: set[str], found: re.Match[str]) -> str:
    names = [name for name in found[1].split() if name in kept]
    return f' class="{" ".join(names)}"' if names else ""


def _loader(overrides: Path | None) -> BaseLoader:
    if overrides and not overrides.is_dir():
        raise RenderError(f"{overrides}: no such folder of templates; see [newsletter] templates")
    own = FileSystemLoader(_own_templates())
    first = [FileSystemLoader(overrides)] if overrides else []
    return ChoiceLoader([*first, own, PrefixLoader({"digest": own})])


def _own_templates() -> Path:
    """Find the templates: in the package if installed, beside it in a checkout."""
    package = Path(__file__).parent
    for folder in (package / "templates", package.parent / "templates"):
        if (folder / "letter.html.j2").is_file():
            return folder
    raise RenderError(f"{package / 'templates'}: no templates there; install the package again")


def _environment(loader: BaseLoader, form: Form, name: str) -> Environment:
    """Return an environment in which all that is printed is made safe for `form`.

    `autoescape` is on in each form, so that what macros and blocks have printed counts as done.
    """
    environment = Environment(
        loader=loader,
        autoescape=True,
        finalize=form.done,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        bytecode_cache=_compiled(name),
    )
    environment.tests["search"] = is_search
    environment.filters |= {
        "clip": safe.clip,
        "plain": safe.plain,
        "url": form.url,
        "quoted": lambda text: Markup(safe.quoted(text)),  # noqa: S704  A quoted string.
        "wrap": _wrap,
        "mail_parts": safe.mail_parts,
        "marked": form.marked,
        "strong": form.strong,
        "links": links,
        "best": best,
        "body": _body,
    }
    return environment


def _compiled(form: str) -> _Compiled | None:
    """Return where compiled templates are kept; None without a folder that is ours alone."""
    try:
        return _Compiled(form)
    except (OSError, RuntimeError):
        return None


def _fill(environment: Environment, name: str, values: Mapping[str, object]) -> str:
    """Fill a template. Raises RenderError with the template's name and line."""
    try:
        return environment.get_template(name).render(values)
    except TemplateSyntaxError as error:
        raise RenderError(f"{error.name or name}, line {error.lineno}: {error.message}") from error
    except TemplateNotFound as error:
        raise RenderError(f"{name}: there is no template {error.message}") from error
    except _SLIPS as error:
        raise RenderError(f"{_where(error) or name}: {error}") from error


def _where(error: Exception) -> str:
    """Say in which line of which template an error arose; Jinja puts them in the traceback."""
    frames = traceback.extract_tb(error.__traceback__)
    at = [frame for frame in frames if frame.filename.endswith(".j2")]
    return f"{Path(at[-1].filename).name}, line {at[-1].lineno}" if at else ""


@lru_cache(maxsize=_KEPT)
def _wrap(text: str, indent: int = 0, first: str = "") -> Markup:
    return Markup(safe.wrap(str(text), indent, first))  # noqa: S704  A block that was printed.


def _body(html: str) -> str:
    """Return what is inside ``<body>``: a feed's entry is part of somebody else's page."""
    found = _BODY.search(html)
    return found[1].strip() if found else html
