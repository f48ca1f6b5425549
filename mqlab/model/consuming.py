"""What a consumer group may do beyond the plain way: collect acknowledgements, remember, sell, grow and shrink."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Acks", "Inventory", "Recall", "Scale"]

How = Literal["atomic", "check-then-act"]


@dataclass(frozen=True, slots=True)
class Acks:
    """The client sends one acknowledgement for ``batch`` deliveries, or for fewer after ``after_ns``."""

    batch: int
    after_ns: int


@dataclass(frozen=True, slots=True)
class Recall:
    """How a group that deduplicates remembers business ids.

    It knows the last ``count`` of them (0: no such limit), for ``for_ns`` (0: for ever). ``how``: atomic (looked up and
    written together with the effect) · check-then-act (looked up before the work, written after it). A look-up takes
    ``lookup_ns``.
    """

    count: int = 0
    for_ns: int = 0
    how: How = "atomic"
    lookup_ns: int = 0


@dataclass(frozen=True, slots=True)
class Inventory:
    """Each effect of a group sells one of so many ``items``; ``how`` as for :class:`Recall`."""

    items: int
    how: How = "atomic"


@dataclass(frozen=True, slots=True)
class Scale:
    """From ``at_ns`` on a group has ``count`` members; who is too many stops by itself (graceful) or is killed."""

    at_ns: int
    count: int
    how: Literal["graceful", "kill"] = "graceful"
