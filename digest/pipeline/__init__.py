"""The flow: collect, publish, send.

    collect   fetch + parse + diff + store; `resolving` looks papers up by title before the diff
    publish   for each reader who is due: candidates, rank, compose, put in the outbox
    send      claim + render + deliver

Each step keeps its result before the next begins, so that a run that dies anywhere is finished
by the next one, and running twice sends once. This module is given everything and decides
nothing about papers, readers or retries; `crew` does several things at a time. No
transaction is open while the network is waited for.
"""

from __future__ import annotations

from typing import Literal, get_args

from digest.pipeline.collect import Collected, Reading, collect, read
from digest.pipeline.parts import Parts
from digest.pipeline.publish import Published, publish
from digest.pipeline.send import Sent, send

Step = Literal["collect", "publish", "send"]
STEPS: tuple[Step, ...] = get_args(Step)
"""The steps of a run, in the order in which they are taken."""

__all__ = [
    "STEPS",
    "Collected",
    "Parts",
    "Published",
    "Reading",
    "Sent",
    "Step",
    "collect",
    "publish",
    "read",
    "send",
]
