"""The example config tells every setting, and its default."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from digest.config import Config, decode
from digest.outputs.preview import Preview
from digest.outputs.sendmail import Sendmail
from digest.outputs.smtp import Smtp
from digest.sources.biorxiv import Biorxiv, Medrxiv
from digest.sources.crossref import Crossref
from digest.sources.feed import Feed
from digest.sources.openreview import OpenReview
from digest.sources.page import WebPage
from digest.sources.pubmed import Pubmed
from digest.sources.scholar import Scholar
from digest.sources.semanticscholar import SemanticScholar
from digest.subscribers import Subscriber

EXAMPLE = Path(__file__).parents[1] / "deploy" / "digest.toml"
OPTIONAL = (
    SemanticScholar(query='"data selection" -vision'),
    OpenReview(venue="ICLR.cc/2026/Conference"),
    Biorxiv(),
    Medrxiv(),
    Crossref(issn=("2049-3630",)),
    Pubmed(query="amyloidosis[tiab] AND imaging[tiab]"),
    Scholar(maildir="Mail/Scholar").within(str(EXAMPLE.parent)),
    Feed(url="https://journal.example.org/feed.xml"),
    WebPage(url="https://lab.example.org/reports", item="li.report", title="h3"),
)
"""The sources that the example shows and does not use: each with what it must have alone."""

TEXT = EXAMPLE.read_text(encoding="utf-8")


def opened() -> str:
    """Return the example with every default written out."""
    return re.sub(r"^#(\[|\w+ = )", r"\1", TEXT, flags=re.MULTILINE)


def test_it_is_a_config() -> None:
    config = decode(TEXT, EXAMPLE)
    assert [each.name for each in config.sources] == ["huggingface", "arxiv", "files"]


def test_what_it_calls_defaults_are_defaults() -> None:
    silent, told = decode(TEXT, EXAMPLE), decode(opened(), EXAMPLE)
    ann = replace(told.subscribers[0], minimum=None, cap=None)
    shown = replace(
        told,
        subscribers=(ann,),
        sources=tuple(each for each in told.sources if each not in OPTIONAL),
        outputs=told.outputs[: len(silent.outputs)],
    )
    assert shown == silent
    assert tuple(each for each in told.sources if each in OPTIONAL) == OPTIONAL
    smtp = told.outputs[0]
    assert isinstance(smtp, Smtp)
    preview = Preview().within(str(EXAMPLE.parent))
    sendmail = Sendmail(sender=smtp.sender).within(str(EXAMPLE.parent))
    assert told.outputs[2:] == (sendmail, preview)


def structs() -> list[Any]:
    config = decode(opened(), EXAMPLE)
    sections = [config.newsletter, config.store, config.schedule, config.http, config.rank]
    sections += [config.rank.weights, config.letters, config.resolve]
    return [*sections, *config.sources, *config.outputs, Subscriber(name="x")]


@pytest.mark.parametrize("struct", structs(), ids=lambda each: type(each).__name__)
def test_it_tells_every_setting(struct: Any) -> None:
    fields = {field.name for field in msgspec.structs.fields(struct)} - {"weights", "password"}
    told = set(re.findall(r"^#?(\w+) = ", TEXT, re.MULTILINE))
    assert fields <= told


def test_no_section_of_the_config_is_missing() -> None:
    sections = set(re.findall(r"^\[+(\w+)", TEXT, re.MULTILINE))
    assert sections == {field.name for field in msgspec.structs.fields(Config)}
