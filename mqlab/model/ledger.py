"""Ledgers: how many bookies keep an entry, what brokers wait for, and how groups subscribe."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Ledgers", "Quorum", "Subscribing"]


@dataclass(frozen=True, slots=True)
class Quorum:
    """Entries are spread over ``ensemble`` bookies: each is sent to ``write``, and safe when ``ack`` have it."""

    ensemble: int
    write: int
    ack: int


@dataclass(frozen=True, slots=True)
class Ledgers:
    """What holds for all brokers and bookies."""

    bookies: tuple[str, ...]
    """Nodes that keep entries; the others are brokers."""
    journal_sync: bool
    """Whether a bookie flushes its journal before it acknowledges."""
    group_commit_ns: int
    """How long the first entry waits for others before the journal is flushed."""
    writeback_ns: int
    """How often the operating system writes back a journal that is not flushed."""
    bookie_timeout_ns: int
    """How long a bookie may be silent before it is replaced."""
    failover_ns: int
    """The pause before another consumer of a failover subscription becomes active."""
    cursor_ns: int
    """How often a broker writes down what a subscription has acknowledged."""
    cache_ns: int
    """How long a broker keeps an entry in memory; then it is read from a bookie."""


@dataclass(frozen=True, slots=True)
class Subscribing:
    """How a group reads: through ``subscription``, which it may share with others."""

    subscription: str
    kind: Literal["exclusive", "failover", "shared", "key_shared"]
    ack_type: Literal["individual", "cumulative"]
    receiver_queue: int
    nack_ns: int
    ack_timeout_ns: int
    """How long the application may have an entry before the client asks for it again; 0: for ever."""
    max_unacked: int
    """Unacknowledged records of a consumer (shared and key_shared)."""
    max_unacked_together: int
    """… and of the whole subscription."""
    max_redeliver: int = -1
    """How often an entry comes again before it goes to the dead letter topic; -1: as often as it must."""
    dead_letter: str = ""
    """The dead letter topic."""
    retry: str = ""
    """The retry topic."""
    retry_ns: int = 0
    """How long an entry stands in the retry topic before it comes again."""
