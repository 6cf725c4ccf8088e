"""The error tree. Every failure that a user can meet is one of these.

    DigestError
      ConfigError                        stop; exit 2
        KeywordError                     a slip in a keyword, with its column
        ScheduleError                    a slip in a line of [schedule], with its column
        PartingError                     papers that cannot be merged, or split, as was asked
      SourceError(source, url, reason)   one source failed; the run goes on; exit 1
        FetchError
        ParseError                       includes "the page has changed shape"
      RenderError                        a template cannot be used; stop; exit 2
      DeliveryError                      one delivery failed; the run goes on; exit 1
        TemporaryDeliveryError           again later, backing off
        PermanentDeliveryError           no more
        InDoubtError                     lost after the final dot: sent or not, nobody can say
      CheckpointError                    the store was not copied elsewhere: send stops; exit 1
      GistError                          a model is of no use; the extractive sentence stands
      StoreError                         stop; nothing half-written; exit 3
      LockLostError                    a lock was not renewed in time, and another has it
      LockHeldError                      another run is at work; exit 75

Errors of libraries are translated where they are met, once, with ``raise … from error``.
A message names the thing first and says what to do.
"""

from __future__ import annotations

from digest.addresses import shown


class DigestError(Exception):
    """Anything that `digest` reports instead of crashing."""

    exit_code = 1


class ConfigError(DigestError):
    """The configuration, or what was typed, cannot be used."""

    exit_code = 2


class KeywordError(ConfigError):
    """A keyword cannot be read; `column` counts characters from 1."""

    def __init__(self, text: str, column: int, reason: str) -> None:
        self.text = text
        self.column = column
        self.reason = reason
        super().__init__(f"keyword `{text}`, column {column}: {reason}")


class ScheduleError(ConfigError):
    """A line of ``[schedule]`` cannot be read; `column` counts characters from 1."""

    def __init__(self, text: str, column: int, reason: str, place: str = "") -> None:
        self.text = text
        self.column = column
        self.reason = reason
        at = f" at `{place}`" if place else ""
        super().__init__(f"`{text}`, column {column}: {reason}{at}")

    def at(self, place: str) -> ScheduleError:
        """Return the same slip with its place in the config."""
        return ScheduleError(self.text, self.column, self.reason, place)


class PartingError(ConfigError):
    """What papers were said to be one, or two, cannot be so. Nothing was changed."""


class RenderError(ConfigError):
    """A template is missing, broken, or asks for something that is not there."""


class SourceError(DigestError):
    """One source failed. The run goes on, and the letter says so.

    `url` is kept without passwords, tokens and fragment.
    """

    def __init__(self, source: str, url: str, reason: str) -> None:
        self.source = source
        self.url = shown(url)
        self.reason = reason
        super().__init__(": ".join(filter(None, (source, self.url, reason))))


class FetchError(SourceError):
    """A page could not be had."""


class ParseError(SourceError):
    """A page could not be read, or only in part, or has changed shape."""


class DeliveryError(DigestError):
    """One delivery failed. The others go on."""


class TemporaryDeliveryError(DeliveryError):
    """The output may take it later."""


class PermanentDeliveryError(DeliveryError):
    """The output will never take it. `address_fault` says that the address is to blame."""

    def __init__(self, reason: str, *, address_fault: bool = False) -> None:
        self.address_fault = address_fault
        super().__init__(reason)


class InDoubtError(DeliveryError):
    """The connection was lost after the whole message had been handed over."""


class CheckpointError(DigestError):
    """The store could not be copied elsewhere. Nothing more is sent."""


class GistError(DigestError):
    """A model's answer is of no use, or none came: a paper's own sentence stands."""


class StoreError(DigestError):
    """The store cannot be used. Nothing was half-written."""

    exit_code = 3


class LockLostError(StoreError):
    """A lock was not renewed in time, and another has it."""


class LockHeldError(DigestError):
    """Another run holds the lock."""

    exit_code = 75
