"""Faults: what goes wrong, when, and for how long."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from mqlab.model.shapes import Distribution

__all__ = ["Fault", "FaultKind", "RandomFaults"]

FaultKind = Literal[
    "crash", "power_loss", "reset", "silence", "partition", "slow", "pause", "clock", "disk_full", "split",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that goes wrong at ``at_ns`` and lasts ``for_ns`` (0: at once over; -1: to the end).

    ``kind``:

    - crash: a process dies; its connections reset at once;
    - power_loss: a node is silent, and what was not synced is gone;
    - reset: connections break;
    - silence: packets vanish both ways, and nobody is told;
    - partition: packets of a client vanish in one ``direction``: up (to the broker) or down (away from it);
    - slow: a node's processor and disk, a consumer's service or a producer's preparation take ``factor`` times as
      long: it fails in no way that anybody could see ("gray failure", Huang et al., HotOS 2017);
    - pause: a process stands still (garbage collection, SIGSTOP) and goes on later as if nothing had been;
    - disk_full: a node's disk has no room, and publishers are blocked;
    - clock: a node's wall clock is ``by_ns`` ahead (negative: behind);
    - split: no packet passes between those that are named and all others, both ways.

    ``target`` is a node, a group, or one member such as ``stock[2]``; of a split several, with ", " between them.
    """

    at_ns: int
    kind: FaultKind
    target: str
    for_ns: int
    factor: float = 1.0
    by_ns: int = 0
    direction: Literal["both", "up", "down"] = "both"


@dataclass(frozen=True, slots=True)
class RandomFaults:
    """Faults like ``fault`` that come by themselves between ``start_ns`` and ``stop_ns``.

    From the beginning of one to the beginning of the next it takes ``every``, drawn anew each time; each lasts as long
    as ``lasts`` draws (None: to the end, or a reset). Those of one target that overlap are one longer fault. The
    draws belong to the seed of the run, see :func:`mqlab.policies.schedule.schedule`.
    """

    name: str
    """What the draws are keyed by; entries of one name happen at the same times."""
    fault: Fault
    every: Distribution
    lasts: Distribution | None
    start_ns: int
    stop_ns: int
