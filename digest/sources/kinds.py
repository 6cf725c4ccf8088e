"""Which kinds of sources there are, and where each is. A kind is imported when a config names it.

All of them together take as long to import as a dozen saved pages to read.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

KINDS = {
    "huggingface": "huggingface.HuggingFace",
    "arxiv": "arxiv.Arxiv",
    "biorxiv": "biorxiv.Biorxiv",
    "medrxiv": "biorxiv.Medrxiv",
    "crossref": "crossref.Crossref",
    "pubmed": "pubmed.Pubmed",
    "semanticscholar": "semanticscholar.SemanticScholar",
    "openreview": "openreview.OpenReview",
    "scholar": "scholar.Scholar",
    "feed": "feed.Feed",
    "page": "page.WebPage",
    "files": "files.Files",
}
"""Each kind's module in this folder, and its struct there, whose tag is the kind."""


def kind(name: str) -> Any:
    """Return the struct of a kind. Raises KeyError where there is none of that name."""
    module, _, struct = KINDS[name].partition(".")
    return getattr(import_module(f"digest.sources.{module}"), struct)
