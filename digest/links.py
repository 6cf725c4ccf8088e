"""Where a paper can be read: its pages, the best one first, or a search for its title. Pure."""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import quote

from digest import escape as safe
from digest.letters import Item
from digest.papers import Link, Paper

_SEARCH = "https://scholar.google.com/scholar"
_ORDER = ("arxiv", "huggingface", "doi", "page", "pdf", "code", "project")


@lru_cache(maxsize=4096)
def links(paper: Paper) -> tuple[Link, ...]:
    """Return where a paper can be read, the best page first; made from its names if need be.

    A publisher's page is left out where the paper is on arXiv.
    """
    known = {link.kind: link for link in paper.links if safe.url(link.url)}
    if paper.arxiv:
        known["arxiv"] = Link("arxiv", f"https://arxiv.org/abs/{paper.arxiv}")
        known["pdf"] = Link("pdf", f"https://arxiv.org/pdf/{paper.arxiv}")
        known = {kind: link for kind, link in known.items() if kind not in {"doi", "page"}}
    elif paper.doi:
        known["doi"] = Link("doi", f"https://doi.org/{paper.doi}")
    elif paper.openreview:
        known["page"] = Link("page", f"https://openreview.net/forum?id={paper.openreview}")
    elif paper.pubmed:
        known["page"] = Link("page", f"https://pubmed.ncbi.nlm.nih.gov/{paper.pubmed}/")
    return tuple(known[kind] for kind in _ORDER if kind in known)


@lru_cache(maxsize=4096)
def best(item: Item) -> str:
    """Return where a title leads: the paper's best page, else a search for the exact title."""
    found = links(item.paper)
    if found and found[0].kind not in {"code", "project"}:
        return found[0].url
    title = safe.clip(safe.plain(item.title), 200).replace('"', " ")
    return f"{_SEARCH}?q=%22{quote(title, safe='')}%22"


def is_search(address: str) -> bool:
    """Say whether an address is a search, because no page of the paper is known."""
    return address.startswith(_SEARCH)
