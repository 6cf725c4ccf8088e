"""Mails that are no letters: put in the outbox, and read again when they are sent.

Their deliveries are claimed and marked as those of letters are. What stands in a mail is never
changed, and no reader's letter is ever in one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import bindparam, insert, select

from digest.errors import StoreError
from digest.messages import Mail
from digest.store.outbox import waiting
from digest.store.statements import Statements
from digest.store.tables import deliveries, mails

_POSTED = (
    select(deliveries.c.message_id)
    .where(deliveries.c.key == bindparam("its_key"))
    .order_by(deliveries.c.id)
    .limit(1)
)
_MAIL = select(
    mails.c.recipient, mails.c.subject, mails.c.text, mails.c.made_at, mails.c.in_reply_to
).where(mails.c.id == bindparam("mail_id"))


class Mails(Statements):
    """What is remembered of mails that are no letters."""

    def post(
        self, mail: Mail, key: str, outputs: Sequence[tuple[str, str]], now: datetime
    ) -> int | None:
        """Put a mail in the outbox and return its number; None where its key is there already.

        `outputs` are (name, Message-ID). Raises ValueError for none: it could never be sent.
        """
        if not outputs:
            raise ValueError(f"{key}: a mail without an output")
        if self.posted(key):
            return None
        made = insert(mails).returning(mails.c.id)
        mail_id = int(self._connection.execute(made, asdict(mail)).scalar_one())
        self._run(
            insert(deliveries),
            [{**waiting(key, *output, now), "mail_id": mail_id} for output in outputs],
        )
        return mail_id

    def posted(self, key: str) -> str:
        """Return the Message-ID of what was put in the outbox under a key, or ""."""
        return str(self._connection.scalar(_POSTED, {"its_key": key}) or "")

    def mail(self, mail_id: int) -> Mail:
        """Return a mail. Raises StoreError where there is none of that number."""
        found = self._connection.execute(_MAIL, {"mail_id": mail_id}).mappings().first()
        if found is None:
            raise StoreError(f"mail {mail_id}: there is none of that number")
        return Mail(**found)
