"""How an obligation ends: the closed list of fates, and the causes of loss. Part of the trace format."""

from __future__ import annotations

from enum import IntEnum
from functools import cache

__all__ = ["LOST_PREFIX", "Cause", "Fate", "fate_label"]


class Fate(IntEnum):
    """Exactly one of these for every obligation; numbers are part of the trace format."""

    PROCESSED = 0
    IN_FLIGHT = 1
    """Still owed at the end."""
    DEAD_LETTERED = 2
    EXPIRED = 3
    EVICTED = 4
    """A full queue dropped it."""
    REJECTED = 5
    """The producer was told no."""
    DISCARDED = 6
    """A consumer refused it, or its delivery limit was reached, with no dead-letter exchange."""
    DEDUPLICATED = 7
    """By the broker."""
    UNROUTABLE = 8
    NO_SUBSCRIBER = 9
    GAVE_UP = 10
    """Retries exhausted; the producer knows that it does not know."""
    ABORTED = 11
    DELETED = 12
    LAPPED = 13
    RETENTION = 14
    COMPACTED = 15
    LOST = 16
    """Gone, and nobody decided so; see :class:`Cause`."""


class Cause(IntEnum):
    """Why something was lost; 0 where nothing was."""

    NONE = 0
    CLIENT_BUFFER = 1
    WIRE = 2
    BROKER_MEMORY = 3
    UNSYNCED_DISK = 4
    UNREPLICATED = 5
    TRUNCATED = 6
    AUTO_ACK = 7
    EARLY_COMMIT = 8
    OFFSET_RESET = 9
    SLOW_JOINER = 10
    OUTPUT_BUFFER = 11


LOST_PREFIX = "lost:"


@cache
def fate_label(fate: int, cause: int = 0) -> str:
    """Spell a fate as people and JSON do.

    Examples
    --------
    >>> fate_label(Fate.PROCESSED), fate_label(Fate.LOST, Cause.WIRE)
    ('processed', 'lost:wire')
    """
    if fate == Fate.LOST:
        return LOST_PREFIX + Cause(cause).name.lower()
    return Fate(fate).name.lower()
