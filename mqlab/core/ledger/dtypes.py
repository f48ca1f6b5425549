"""The dtypes of the ledgers' own records; :mod:`mqlab.core.ledger.records` says how they are reached."""

from __future__ import annotations

import numpy as np

__all__ = [
    "ADD", "BOOKIE", "CLAIM", "CURSOR", "ENSEMBLE", "ENTRY", "HAND", "HOLDER", "LEDGER", "STORE", "SUBSCRIBER", "TASTE",
]  # fmt: skip

LEDGER = np.dtype(
    [
        ("views", "i8"), ("cap", "i8"), ("copies", "i8"),  # subscriptions, records and bookies of a batch at most
        ("cursors", "i8"), ("hands", "i8"), ("members", "i8"), ("stores", "i8"),
        ("sync", "i8"), ("group_wait", "i8"), ("writeback", "i8"),
        ("bookie_timeout", "i8"), ("failover", "i8"), ("persist", "i8"), ("cache", "i8"), ("again", "i8"),
        ("brokers", "i8"), ("turn", "i8"),                  # of the nodes the first are brokers; who owns next
    ]
)  # fmt: skip
"""One record: everything there is once."""

BOOKIE = np.dtype(
    [
        ("is_one", "i4"), ("busy", "i4"),
        ("wait_head", "i8"), ("wait_tail", "i8"),           # entries that the next flush of the journal will cover
        ("flush_head", "i8"),                               # … that the present one covers
        ("serial", "i8"), ("due", "i4"), ("pad", "i4"),     # groups so far; the next is only waiting for the disk
    ],
    align=True,
)  # fmt: skip
"""Beside each node: the journal of a bookie."""

STORE = np.dtype(
    [
        ("ensemble", "i4"), ("size", "i4"), ("write", "i4"), ("ack", "i4"),     # where its ensemble stands; quorums
        ("entries", "i8"), ("first_cursor", "i4"), ("cursors", "i4"), ("deduplicate", "i4"), ("releasing", "i4"),
        ("recovering", "i4"), ("asleep", "i4"),
    ],
    align=True,
)  # fmt: skip
"""Beside each partition: where its entries are kept, and who reads them."""

ENSEMBLE = np.dtype([("bookie", "i4"), ("epoch", "i4")])
"""One bookie of an ensemble: its node, and that node's epoch when it was chosen."""

ENTRY = np.dtype(
    [
        ("number", "i8"), ("letter_of", "i8"),                  # its claim is settled when this entry is safe
        ("partition", "i4"), ("acks", "i4"), ("term", "i4"), ("tries", "i4"),
        ("open", "u1"), ("stored", "u1"), ("ended", "u1"), ("pad", "u1"),
    ],
    align=True,
)  # fmt: skip
"""Beside each batch: the same as an entry of its partition."""

ADD = np.dtype(
    [
        ("next", "i8"), ("bookie", "i4"), ("epoch", "i4"), ("stamp", "i4"),
        ("state", "u1"), ("synced", "u1"), ("acked", "u1"), ("pad", "u1"),
    ],
    align=True,
)  # fmt: skip
"""One bookie's copy of an entry; ``copies`` of them beside each batch."""

CLAIM = np.dtype(
    [
        ("next", "i8"), ("due", "i8"),
        ("stamp", "i4"), ("hand", "i4"), ("again", "i4"),   # times it was redelivered
        ("state", "u1"), ("result", "u1"), ("kept", "u1"), ("mine", "u1"),
        ("pad", "u4"),
    ],
    align=True,
)  # fmt: skip
"""What one subscription has still to do with an entry; ``views`` of them beside each batch."""

CURSOR = np.dtype(
    [
        ("partition", "i4"), ("view", "i4"), ("mode", "i4"), ("entity", "i4"), ("number", "i4"), ("pad", "i4"),
        ("first_hand", "i4"), ("hands", "i4"), ("turn", "i4"), ("active", "i4"), ("stamp", "i4"), ("woken", "i4"),
        ("at", "i4"), ("blocked", "i4"), ("kept_due", "i4"), ("holders", "i4"), ("ready_again", "i8"),
        ("alarm", "i8"), ("cap", "i8"),
        ("since", "i8"), ("ready_time", "f8"), ("unacked_time", "f8"), ("ready", "i8"), ("unacked", "i8"),
        ("ready_max", "i8"), ("unacked_max", "i8"),
        ("enqueued", "i8"), ("delivered", "i8"), ("acked", "i8"), ("requeues", "i8"),
    ],
    align=True,
)  # fmt: skip
"""A subscription's place in one partition. No claim before ``at`` is ready."""

HOLDER = np.dtype([("hand", "i4"), ("count", "i4")])
"""One slot of hashes of a key_shared subscription: who has unacknowledged entries of it, and how many."""

HAND = np.dtype(
    [
        ("cursor", "i4"), ("member", "i4"), ("connected", "i4"), ("life", "i4"),
        ("permits", "i8"), ("taken", "i8"), ("unacked", "i8"),
        ("head", "i8"), ("tail", "i8"),                     # entries in its receiver queue
        ("ack_head", "i8"), ("ack_tail", "i8"), ("acks", "i8"), ("upto", "i8"), ("timer", "i4"), ("pad", "i4"),
    ],
    align=True,
)  # fmt: skip
"""One member as it is connected to one cursor: the broker's view (permits, unacked) and the client's."""

SUBSCRIBER = np.dtype(
    [
        ("client", "i4"), ("group", "i4"), ("alive", "i4"), ("life", "i4"), ("busy", "i4"), ("work", "i4"),
        ("first", "i4"), ("stride", "i4"), ("hands", "i4"), ("turn", "i4"), ("hand", "i4"),
        ("claim", "i8"), ("stamp", "i4"), ("record", "i4"), ("failed", "i4"),
    ],
    align=True,
)  # fmt: skip
"""A consumer: one record at a time."""

TASTE = np.dtype(
    [
        ("cumulative", "i4"), ("receiver", "i4"), ("nack", "i8"), ("timeout", "i8"),
        ("most", "i8"), ("most_together", "i8"), ("redeliver", "i8"), ("retry", "i8"),
        ("batch", "i8"), ("after", "i8"), ("dead", "i4"), ("retry_to", "i4"),
    ],
    align=True,
)  # fmt: skip
"""Beside each group of consumers: how it subscribes; ``dead`` and ``retry_to`` are partitions."""
