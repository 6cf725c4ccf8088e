"""Pages to keep, and a web that has them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from digest.errors import FetchError
from digest.papers import Page, Validators
from digest.recording import Recorder
from digest.sources import Request

NOW = datetime(2026, 6, 12, 5, 0, tzinfo=UTC)
LIST = "https://lists.example/api/daily?date=2026-06-12"


def page(url: str = LIST, body: bytes = b"[]", **fields: object) -> Page:
    given = {"content_type": "application/json", "fetched_at": NOW, **fields}
    return Page(url=url, body=body, **given)  # type: ignore[arg-type]  # Its fields, by name.


class Web:
    """A fetch that answers with one page, or fails, and notes what it was asked with."""

    def __init__(self, answer: Page | str | Callable[[str], Page]) -> None:
        self.answer = answer
        self.validators: list[Validators | None] = []

    def __call__(
        self, source: str, request: Request, validators: Validators | None = None
    ) -> Page | None:
        self.validators.append(validators)
        if isinstance(self.answer, str):
            raise FetchError(source, request.url, self.answer)
        return self.answer if isinstance(self.answer, Page) else self.answer(request.url)


def keep(folder: Path, answer: Page | str, url: str = LIST, now: datetime = NOW) -> Web:
    web = Web(answer)
    recorder = Recorder(folder, web, now)
    if isinstance(answer, str):
        with pytest.raises(FetchError, match=answer):
            recorder.get("lists", Request(url=url))
    else:
        assert recorder.get("lists", Request(url=url), Validators(etag='"1"')) == answer
    return web
