"""The articles in an answer of PubMed: as far as its XML is whole.

Titles and abstracts hold markup, which is read as its text; a section of an abstract begins with
its label. Nothing here raises for a bad answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from functools import partial
from xml.etree.ElementTree import Element

from digest.papers import Link, Page, Paper, Sighting, identify
from digest.sources import Parsed, fields
from digest.sources.entries import local, read_elements
from digest.sources.readings import Unreadable, changed_shape, failure, gather, quoted, with_error

_ARTICLES = ("PubmedArticle", "PubmedBookArticle")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DATES = ("Article/ArticleDate", "Article/Journal/JournalIssue/PubDate", "ContributionDate")
_NO_NUMBER = re.compile(r"<ERROR>([^<]{1,500})</ERROR>")


def read_articles(page: Page, text: str, source: str, asked: int = 0) -> Parsed:
    """Read the articles of an answer; `asked` says how many there should be, if it is known."""
    read = read_elements(text, _ARTICLES)
    root = local(read.root.tag) if read.root is not None else ""
    if said := _NO_NUMBER.search(text[:2000]):
        return failure(page, source, f"PubMed answered with an error: {quoted(said[1])}")
    if not read.found and root != "PubmedArticleSet":
        reason = read.broken or f"it is <{root}>, not a set of articles"
        return changed_shape(page, source, reason)
    parsed = gather(page, source, read.found, partial(_read, source=source))
    return with_error(parsed, page, source, _missing(len(read.found), asked, read.broken))


def _missing(whole: int, asked: int, broken: str) -> str:
    if broken:
        return f"it breaks off after {whole} whole articles ({broken})"
    if whole < asked:
        return f"PubMed was asked for {asked} articles and sent {whole}; the next run asks again"
    return ""


def _read(article: Element, source: str) -> Sighting:
    """Read one article. Raises Unreadable if it has no number or no title."""
    cited = _child(article, "MedlineCitation", "BookDocument")
    data = _child(article, "PubmedData", "PubmedBookData")
    number = _text(cited, "PMID")
    if not number.isdecimal():
        raise Unreadable(f"its number is {quoted(number)}" if number else "it has no number")
    title = _title(cited)
    if not title:
        raise Unreadable(f"{number} has no title")
    doi = _doi(cited, data)
    paper = Paper(
        title=title,
        abstract=_abstract(cited),
        authors=tuple(_authors(cited)),
        doi=doi,
        pubmed=number,
        published=next((day for path in _DATES if (day := _day(cited.find(path)))), None),
        links=_links(number, doi, _identifier(data, "pmc")),
        comment=_place(cited),
    )
    return Sighting(source=source, paper=paper, day=_came(data))


def _child(element: Element, *names: str) -> Element:
    """Return the first child that has one of these names; an empty one if none has."""
    found = (element.find(name) for name in names)
    return next((each for each in found if each is not None), Element(names[0]))


def _all(element: Element) -> str:
    """Return the text of an element and of what is in it, on one line."""
    return fields.text("".join(element.itertext()))


def _text(element: Element, path: str) -> str:
    found = element.find(path)
    return "" if found is None else _all(found)


def _title(cited: Element) -> str:
    """Return the title without the full stop that PubMed ends it with."""
    paths = ("Article/ArticleTitle", "ArticleTitle", "Article/VernacularTitle", "Book/BookTitle")
    title = next((found for path in paths if (found := _text(cited, path))), "")
    return title if title.endswith("..") else title.removesuffix(".")


def _abstract(cited: Element) -> str:
    sections = cited.findall("Article/Abstract/AbstractText") or cited.findall(
        "Abstract/AbstractText"
    )
    return " ".join(filter(None, map(_section, sections)))


def _section(section: Element) -> str:
    label, said = fields.text(section.get("Label")), _all(section)
    labelled = label and said and label.upper() != "UNLABELLED"
    return f"{label.capitalize()}: {said}" if labelled else said


def _authors(cited: Element) -> Iterator[str]:
    for author in cited.findall("Article/AuthorList/Author") or cited.findall("AuthorList/Author"):
        parts = (_text(author, "ForeName") or _text(author, "Initials"), _text(author, "LastName"))
        name = " ".join(filter(None, (*parts, _text(author, "Suffix"))))
        if name := name or _text(author, "CollectiveName"):
            yield name


def _doi(cited: Element, data: Element) -> str:
    places = cited.findall("Article/ELocationID[@EIdType='doi']")
    said = (*map(_all, places), _identifier(data, "doi"), _identifier(cited, "doi"))
    found = (identify(f"doi:{each}") for each in said)
    return next((each.removeprefix("doi:") for each in found if each.startswith("doi:")), "")


def _place(cited: Element) -> str:
    """Return the journal without its subtitle, or the book."""
    journal = _text(cited, "Article/Journal/Title").partition(" : ")[0]
    return journal or _text(cited, "Book/BookTitle")


def _identifier(holder: Element, kind: str) -> str:
    """Return the article's own identifier of a kind, not one of what it cites."""
    return _text(holder, f"ArticleIdList/ArticleId[@IdType='{kind}']")


def _links(number: str, doi: str, pmc: str) -> tuple[Link, ...]:
    """Return where an article is: its full text in PMC, if it is there, counts more than PubMed."""
    free = f"https://pmc.ncbi.nlm.nih.gov/articles/{pmc}/" if pmc.startswith("PMC") else ""
    page = fields.address(free) or f"https://pubmed.ncbi.nlm.nih.gov/{number}/"
    publisher = fields.address(f"https://doi.org/{doi}") if doi else ""
    return fields.distinct((Link("doi", publisher), Link("page", page)))


def _came(data: Element) -> date | None:
    """Return the day on which an article came to PubMed."""
    for status in ("entrez", "pubmed"):
        if day := _day(data.find(f"History/PubMedPubDate[@PubStatus='{status}']")):
            return day
    return None


def _day(said: Element | None) -> date | None:
    """Return a whole day; None for a mere year or month. Months are numbers or names."""
    if said is None:
        return None
    year, month, day = (_text(said, name) for name in ("Year", "Month", "Day"))
    name = month[:3].lower()
    number = _MONTHS.index(name) + 1 if name in _MONTHS else fields.number(month)
    try:
        return date(fields.number(year) or 0, number or 0, fields.number(day) or 0)
    except ValueError:
        return None
