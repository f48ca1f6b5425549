"""Faults: what goes wrong, when, and for how long."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Fault"]


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that goes wrong at ``at_ns`` and lasts ``for_ns`` (0: at once over; -1: to the end).

    ``kind``: crash (a process dies; connections reset at once) · power_loss (a node is silent, what was not
    synced is gone) · reset (connections break) · silence (packets vanish both ways, nobody is told) · disk_full (a
    node's disk has no room: publishers are blocked).
    ``target`` is a node, a group, or one member such as ``stock[2]``.
    """

    at_ns: int
    kind: Literal["crash", "power_loss", "reset", "silence", "disk_full"]
    target: str
    for_ns: int
