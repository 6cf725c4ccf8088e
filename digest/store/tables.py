"""The tables, and how a time, a day and a record become columns.

Each table is written once, for SQLite and PostgreSQL alike. It never runs a statement. To change
one: a new file in ``migrations/versions`` and the same change here; a test compares the two.
"""

from __future__ import annotations

from datetime import UTC, date, datetime

import msgspec
import sqlalchemy
from sqlalchemy import (
    Boolean,
    Column,
    Date,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    TypeDecorator,
    UniqueConstraint,
)

from digest.errors import StoreError
from digest.letters import Letter
from digest.papers import Paper


class Text(TypeDecorator[str]):
    """A text as every database takes it: PostgreSQL refuses NULs, and UTF-8 half a character.

    What pages and servers say may hold either; it is the same text on both databases.
    """

    impl = sqlalchemy.Text()
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Put a sign in the place of what cannot be kept."""
        del dialect
        return None if value is None else storable(value)


def storable(text: str) -> str:
    """Return a text with U+FFFD for each NUL and lone surrogate."""
    if "\0" not in text and text.isascii():
        return text
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return whole.replace("\0", "\ufffd")


class Utc(TypeDecorator[datetime]):
    """A moment: refused without a zone, kept in UTC, returned aware."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn a moment into UTC. Raises ValueError for one without a zone."""
        del dialect
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a time without a zone: {value}")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Say that what comes back is UTC, which SQLite does not keep."""
        del dialect
        if value is None:
            return None
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


class Day(TypeDecorator[date]):
    """A day, or "" where a source does not say: a NULL would be unequal to itself in a key."""

    impl = String(10)
    cache_ok = True

    def process_bind_param(self, value: date | None, dialect: Dialect) -> str:
        """Write a day as ISO 8601 does."""
        del dialect
        return value.isoformat() if value else ""

    def process_result_value(self, value: str | None, dialect: Dialect) -> date | None:
        """Read it back."""
        del dialect
        return date.fromisoformat(value) if value else None


class Json(TypeDecorator[msgspec.Struct]):
    """A record as JSON text; each kind of record has a class of its own."""

    impl = sqlalchemy.Text()
    cache_ok = True
    decoder: msgspec.json.Decoder[msgspec.Struct]

    def process_bind_param(self, value: msgspec.Struct | None, dialect: Dialect) -> str | None:
        """Encode a record; None stays NULL."""
        del dialect
        return None if value is None else msgspec.json.encode(value).decode()

    def process_result_value(self, value: str | None, dialect: Dialect) -> msgspec.Struct | None:
        """Decode a record. Raises StoreError where it is none."""
        del dialect
        if value is None:
            return None
        try:
            return self.decoder.decode(value)
        except msgspec.MsgspecError as error:
            raise StoreError(f"the store holds a record that cannot be read: {error}") from error


class PaperJson(Json):
    """A `Paper`."""

    cache_ok = True
    decoder = msgspec.json.Decoder(Paper)


class LetterJson(Json):
    """A `Letter`."""

    cache_ok = True
    decoder = msgspec.json.Decoder(Letter)


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

papers = Table(
    "papers",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("paper", PaperJson, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("first_seen", Utc, nullable=False, index=True),
    Column("revised_at", Utc, index=True),
)

names = Table(
    "names",
    metadata,
    Column("name", Text, primary_key=True),
    Column("paper_id", ForeignKey("papers.id"), nullable=False, index=True),
)

titles = Table(
    "titles",
    metadata,
    Column("title_key", Text, primary_key=True),
    Column("paper_id", ForeignKey("papers.id"), primary_key=True),
)
"""Normal forms of titles; two papers may share one."""

sightings = Table(
    "sightings",
    metadata,
    Column("paper_id", ForeignKey("papers.id"), primary_key=True),
    Column("source", Text, primary_key=True),
    Column("day", Day, primary_key=True),
    Column("announced", Text, nullable=False),
    Column("votes", Integer),
    Column("seen_at", Utc, nullable=False),
    Column("news", Boolean, nullable=False),
    Index("ix_sightings_news", "news", "seen_at"),
)

prints = Table(
    "prints",
    metadata,
    Column("paper_id", ForeignKey("papers.id"), primary_key=True),
    Column("source", Text, primary_key=True),
    Column("fingerprint", Text, nullable=False),
)
"""What a source listed last. A sighting cannot say: an earlier day may be listed again later."""

wordings = Table(
    "wordings",
    metadata,
    Column("paper_id", ForeignKey("papers.id"), primary_key=True),
    Column("source", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("paper", PaperJson, nullable=False),
)
"""A paper as each source has it under each name, where there are several: what `split` needs."""

sources = Table(
    "sources",
    metadata,
    Column("name", Text, primary_key=True),
    Column("first_read_at", Utc),
    Column("read_at", Utc),
    Column("failing_since", Utc),
    Column("reason", Text, nullable=False, default=""),
)

pages = Table(
    "pages",
    metadata,
    Column("source", Text, primary_key=True),
    Column("url", Text, primary_key=True),
    Column("etag", Text, nullable=False),
    Column("last_modified", Text, nullable=False),
    Column("listed", Integer, nullable=False),
    Column("read_at", Utc, nullable=False),
)

letters = Table(
    "letters",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("slot", Date, nullable=False),
    Column("subscriber", Text, nullable=False),
    Column("edition", Integer, nullable=False),
    Column("made_at", Utc, nullable=False),
    Column("letter", LetterJson, nullable=False),
    UniqueConstraint("subscriber", "slot", "edition"),
)
"""`edition` is 1, and counts up where every delivery of the one before has failed."""

told = Table(
    "told",
    metadata,
    Column("subscriber", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("revision", Integer, nullable=False),
)
"""Papers of letters that went out after this store was copied, by identifier."""

decisions = Table(
    "decisions",
    metadata,
    Column("one", Text, primary_key=True),
    Column("other", Text, primary_key=True),
    Column("same", Boolean, nullable=False),
    Column("decided_at", Utc, nullable=False),
)
"""What the operator said of two identifiers: that they are one paper, or are not."""

lost_days = Table(
    "lost_days",
    metadata,
    Column("source", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("noticed_at", Utc, nullable=False),
)
"""Days of a source that nobody can read any more."""

resolutions = Table(
    "resolutions",
    metadata,
    Column("title_key", Text, primary_key=True),
    Column("paper", PaperJson),
    Column("asked_at", Utc, nullable=False),
)
"""What was found for a title; NULL where nothing was."""

gists = Table(
    "gists",
    metadata,
    Column("fingerprint", Text, primary_key=True),
    Column("model", Text, primary_key=True),
    Column("gist", Text, nullable=False),
    Column("made_at", Utc, nullable=False),
)
"""What a model wrote of a paper in one wording."""

letter_papers = Table(
    "letter_papers",
    metadata,
    Column("letter_id", ForeignKey("letters.id"), primary_key=True),
    Column("paper_id", ForeignKey("papers.id"), primary_key=True, index=True),
    Column("revision", Integer, nullable=False),
)

mails = Table(
    "mails",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("recipient", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("made_at", Utc, nullable=False),
    Column("in_reply_to", Text, nullable=False),
)
"""What is mailed and is no letter, such as an alarm. `recipient` is an address; `in_reply_to` is
the Message-ID of the mail that it goes with, or ""."""

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key", Text, nullable=False),
    Column("output", Text, nullable=False),
    Column("letter_id", ForeignKey("letters.id"), index=True),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("not_before", Utc, nullable=False),
    Column("owner", Text, nullable=False),
    Column("fence", Integer, nullable=False),
    Column("lease_until", Utc),
    Column("claimed_at", Utc),
    Column("sent_at", Utc),
    Column("message_id", Text, nullable=False),
    Column("answer", Text, nullable=False),
    UniqueConstraint("key", "output"),
    Index("ix_deliveries_state", "state", "not_before"),
    Column("mail_id", ForeignKey("mails.id"), index=True),  # Last, where a migration adds it.
)
"""The outbox. Each row is of a letter or of a mail, never of both."""

locks = Table(
    "locks",
    metadata,
    Column("name", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("taken_at", Utc, nullable=False),
    Column("expires_at", Utc, nullable=False),
)

runs = Table(
    "runs",
    metadata,
    Column("id", Text, primary_key=True),
    Column("steps", Text, nullable=False),
    Column("began_at", Utc, nullable=False, index=True),
    Column("ended_at", Utc),
    Column("outcome", Text, nullable=False),
    Column("said", Text, nullable=False),
)
"""Which steps were taken when: `steps` is "collect publish send" or some of these, `outcome` is
"" while it goes on, then "ok", "failed" or "stopped", and `said` what went wrong first."""

looked = Table(
    "looked",
    metadata,
    Column("subscriber", Text, primary_key=True),
    Column("day", Date, nullable=False),
    Column("at", Utc, nullable=False),
)
"""Up to which of her days papers were looked through for a reader, be it that nothing was news."""

looks = Table("looks", metadata, Column("at", Utc, primary_key=True))
"""When papers were looked through for whoever was due, be it nobody."""

alarms = Table(
    "alarms",
    metadata,
    Column("name", Text, primary_key=True),
    Column("since", Utc, nullable=False),
    Column("said", Text, nullable=False),
)
"""What is wrong now and was told to the operator; a row goes when it is over."""

handover = Table(
    "handover",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("successor", Text, nullable=False),
    Column("at", Utc, nullable=False),
)
"""A row here says that another store took over: this one sends nothing any more."""
