"""Old papers, letters and mails made small, some at a time, so that nobody waits long.

What a paper is, who was sent what, what was decided, and each reader's latest letter stay whole.
What is left of a record is decided by `digest.pruning`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Integer, Row, and_, bindparam, delete, exists, not_, or_, select, update

from digest.known import Wording
from digest.pruning import pruned_letter, pruned_paper, pruned_wordings
from digest.store.letters import STANDS
from digest.store.statements import Statements
from digest.store.tables import (
    LetterJson,
    PaperJson,
    Utc,
    deliveries,
    gists,
    letter_papers,
    letters,
    mails,
    pages,
    papers,
    prints,
    resolutions,
    sightings,
    titles,
    wordings,
)

MOST = 500
"""How many records one transaction reads."""

_before, _after = bindparam("before", type_=Utc), bindparam("after", type_=Integer)
_seen_since = exists().where(sightings.c.paper_id == papers.c.id, sightings.c.seen_at >= _before)
_OLD_PAPERS = (
    select(papers.c.id, papers.c.paper)
    .where(papers.c.id > _after, papers.c.first_seen < _before)
    .where(or_(papers.c.revised_at.is_(None), papers.c.revised_at < _before))
    .where(not_(_seen_since))
    .order_by(papers.c.id)
    .limit(MOST)
)
_KEEP_PAPER = (
    update(papers)
    .where(papers.c.id == bindparam("its_id"))
    .values(paper=bindparam("less", type_=PaperJson))
)
_KEEP_WORDING = (
    update(wordings)
    .where(
        wordings.c.paper_id == bindparam("its_id"),
        wordings.c.source == bindparam("its_source"),
        wordings.c.name == bindparam("its_name"),
    )
    .values(paper=bindparam("less", type_=PaperJson))
)
_open = deliveries.c.state.not_in(("sent", "failed"))
_sending = exists().where(deliveries.c.letter_id == letters.c.id, _open)
_newer = letters.alias("newer")
_newer_failed = exists().where(deliveries.c.letter_id == _newer.c.id).correlate(_newer) & not_(
    exists()
    .where(deliveries.c.letter_id == _newer.c.id, deliveries.c.state != "failed")
    .correlate(_newer)
)
_superseded = exists().where(
    _newer.c.subscriber == letters.c.subscriber,
    or_(
        _newer.c.slot > letters.c.slot,
        and_(_newer.c.slot == letters.c.slot, _newer.c.id > letters.c.id),
    ),
    not_(_newer_failed),
)
_OLD_LETTERS = (
    select(letters.c.id, letters.c.letter, STANDS.label("stands"))
    .where(letters.c.id > _after, letters.c.made_at < _before)
    .where(not_(_sending), or_(not_(STANDS), _superseded))
    .order_by(letters.c.id)
    .limit(MOST)
)
_KEEP_LETTER = (
    update(letters)
    .where(letters.c.id == bindparam("its_id"))
    .values(letter=bindparam("less", type_=LetterJson))
)
_OLD_MAILS = (
    select(mails.c.id)
    .where(mails.c.id > _after, mails.c.made_at < _before)
    .where(not_(exists().where(deliveries.c.mail_id == mails.c.id, _open)))
    .order_by(mails.c.id)
    .limit(MOST)
)


class Pruned(NamedTuple):
    """What a part of pruning did, by kind; and the last record that it looked at, 0 at the end."""

    counts: Mapping[str, int]
    last: int


class Pruning(Statements):
    """What a transaction can do for a store that has grown."""

    def prune_papers(self, before: datetime, after: int) -> Pruned:
        """Make the next papers small that no source listed since, and no revision changed."""
        found = self._page(_OLD_PAPERS, before, after)
        called = self._titles([row.id for row in found])
        less = {row.id: pruned_paper(row.paper, called[row.id]) for row in found}
        changed = [row.id for row in found if less[row.id] != row.paper]
        self._run(_KEEP_PAPER, [{"its_id": id_, "less": less[id_]} for id_ in changed])
        worded = self._prune_wordings([row.id for row in found], called)
        return Pruned({"papers": len(changed), "wordings": worded}, _last(found))

    def prune_letters(self, before: datetime, after: int) -> Pruned:
        """Make the next letters small, but for each reader's latest; forget those that failed."""
        found = self._page(_OLD_LETTERS, before, after)
        failed = [row.id for row in found if not row.stands]
        less = {row.id: pruned_letter(row.letter) for row in found if row.stands}
        changed = [row.id for row in found if row.stands and less[row.id] != row.letter]
        self._run(_KEEP_LETTER, [{"its_id": id_, "less": less[id_]} for id_ in changed])
        settled = self._remove(deliveries.c.letter_id, [row.id for row in found])
        self._remove(letter_papers.c.letter_id, failed)
        gone = self._remove(letters.c.id, failed)
        counts = {"letters": len(changed), "failed letters": gone, "deliveries": settled}
        return Pruned(counts, _last(found))

    def prune_mails(self, before: datetime, after: int) -> Pruned:
        """Forget the next mails that are no letters, and that nobody has to send any more."""
        found = self._page(_OLD_MAILS, before, after)
        ids = [row.id for row in found]
        settled = self._remove(deliveries.c.mail_id, ids)
        return Pruned({"deliveries": settled, "mails": self._remove(mails.c.id, ids)}, _last(found))

    def prune_answers(self, before: datetime, after: int) -> Pruned:
        """Forget what models wrote, titles that nobody knew, and pages that are read no more."""
        del after
        old = {
            "gists": delete(gists).where(gists.c.made_at < before),
            "titles looked up": delete(resolutions).where(
                resolutions.c.asked_at < before, resolutions.c.paper.is_(None)
            ),
            "pages": delete(pages).where(pages.c.read_at < before),
        }
        return Pruned(
            {kind: self._connection.execute(each).rowcount for kind, each in old.items()}, 0
        )

    def _page(self, query: Any, before: datetime, after: int) -> Sequence[Row[Any]]:
        return self._connection.execute(query, {"before": before, "after": after}).all()

    def _titles(self, ids: Sequence[int]) -> Mapping[int, set[str]]:
        found: defaultdict[int, set[str]] = defaultdict(set)
        for row in self._connection.execute(select(titles).where(titles.c.paper_id.in_(ids))):
            found[row.paper_id].add(row.title_key)
        return found

    def _prune_wordings(self, ids: Sequence[int], called: Mapping[int, set[str]]) -> int:
        had: defaultdict[int, list[Wording]] = defaultdict(list)
        printed: defaultdict[int, dict[str, str]] = defaultdict(dict)
        asked = select(wordings).where(wordings.c.paper_id.in_(ids))
        for row in self._connection.execute(asked):
            had[row.paper_id].append(Wording(source=row.source, paper=row.paper))
        asked = select(prints).where(prints.c.paper_id.in_(had))
        for row in self._connection.execute(asked):
            printed[row.paper_id][row.source] = row.fingerprint
        rows = [
            {"its_id": id_, "its_source": each.key[0], "its_name": each.key[1], "less": less.paper}
            for id_, several in had.items()
            for each, less in pruned_wordings(several, printed[id_], called[id_])
            if less != each
        ]
        self._run(_KEEP_WORDING, rows)
        return len(rows)

    def _remove(self, column: Any, ids: Sequence[int]) -> int:
        if not ids:
            return 0
        return self._connection.execute(delete(column.table).where(column.in_(ids))).rowcount


def _last(found: Sequence[Row[Any]]) -> int:
    return int(found[-1].id) if len(found) == MOST else 0
