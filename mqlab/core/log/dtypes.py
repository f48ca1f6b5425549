"""The dtypes of the log's own records; :mod:`mqlab.core.log.records` says how they are reached."""

from __future__ import annotations

import numpy as np

__all__ = [
    "BATCH", "BROKER", "CELL", "COLLECTOR", "COORDINATOR", "LAG", "LOG", "ORIGIN", "PARTITION", "POLLER", "READER",
    "REPLICA", "SEEKING", "SENDER", "TRANSACTION", "WIRE",
]  # fmt: skip

LOG = np.dtype(
    [
        ("cap", "i8"),               # records that a batch has room for
        ("room", "i8"),              # cells of a batch: cap for each group that may read it
        ("partitions", "i8"), ("replicas", "i8"), ("senders", "i8"), ("readers", "i8"), ("pollers", "i8"),
        ("seeks", "i8"),
        ("session", "i8"), ("writeback", "i8"), ("backoff", "i8"),
        ("lags", "i8"),              # 1: how far readers are behind is noted for each bin
        ("collects", "i8"), ("collected", "i8"),            # batches that nobody holds are put aside; the last of them
        # with hardware (storing, carrying)
        ("first_fetch", "i8"), ("fetch_bytes", "i8"), ("layout", "i8"), ("flush", "i8"), ("flush_records", "i8"),
        # the controller: a node (``nodes``: machines of its own; -1: none now), and what it does
        ("kind", "i8"), ("controller", "i8"), ("calls", "i8"), ("called", "i8"), ("voters", "i8"),
        ("failover", "i8"), ("election", "i8"), ("elects", "i8"), ("prefer", "i8"), ("by_mark", "i8"),
        ("apart", "i8"), ("splits", "i8"),                      # whether a view may be out of date; splits at work
        # records, for the time series
        ("refused", "i8"), ("enqueued", "i8"), ("delivered", "i8"), ("processed", "i8"), ("acked", "i8"),
        ("vanished", "i8"),
    ]
)  # fmt: skip
"""One record: everything there is once."""

BROKER = np.dtype(
    [
        ("fenced", "i4"),                           # the controller has taken it for dead
        ("heard", "i4"), ("serial", "i4"),          # the controller hears it; how often that has changed
        ("alive", "i4"), ("waiting", "i4"),         # its process runs; it starts, and is not registered yet
        ("votes", "i4"), ("over", "i4"), ("pad", "i4"),          # it is one of the controllers; its session has ended
        ("ident", "u8"), ("loss", "f8"),
    ],
    align=True,
)  # fmt: skip
"""Beside each node: what the controller knows of it."""

WIRE = np.dtype([("cuts", "i4"), ("side", "i4")])
"""The way between a node or client and a node, see :mod:`mqlab.core.log.reaching`."""

COLLECTOR = np.dtype(
    [
        ("linger", "i8"), ("most", "i8"),                   # records of a full batch
        ("acks", "i4"), ("idempotent", "i4"), ("flying", "i8"),
        ("delivery", "i8"), ("timeout", "i8"), ("pause", "i8"), ("attempts", "i8"),
        ("first_partition", "i4"), ("partitions", "i4"), ("first_sender", "i4"), ("sticky", "i4"),
        ("keyed", "i4"), ("switches", "i4"), ("robin", "i4"), ("turn", "i4"),
        # where it works in transactions, else -1: its transactional id; and what is between it and the coordinator
        ("transaction", "i4"), ("stage", "i4"), ("failed", "i4"), ("asked", "i4"),
        ("number", "i4"), ("current", "i4"),                # of the transaction that records join; that is open
        ("collected", "i8"), ("size", "i8"), ("after", "i8"), ("rollback", "f8"),
        # where it makes records of those that a consumer processes, else -1: who; and the poll that goes with it
        ("poller", "i4"), ("flushing", "i4"), ("reader", "i4"), ("ended", "i4"), ("offset", "i8"), ("until", "i8"),
        # with hardware: the connection to the first node; bytes of a record on the wire and on disk, and in the buffer;
        # when its thread is free
        ("first_flow", "i4"), ("blocked", "i4"), ("record_bytes", "i8"), ("buffer", "i8"), ("buffered", "i8"),
        ("thread_free", "i8"), ("request_ns", "i8"), ("record_ns", "i8"),
    ],
    align=True,
)  # fmt: skip
"""Beside each producer: how it collects records and sends batches."""

SENDER = np.dtype(
    [
        ("producer", "i4"), ("partition", "i4"), ("open", "i4"), ("serial", "i4"),
        ("head", "i4"), ("tail", "i4"),                     # batches that are ready to go
        ("fly_head", "i4"), ("fly_tail", "i4"), ("flying", "i8"),
        ("timer", "i4"), ("waiting", "i4"), ("view", "i4"),      # the replica it takes for the leader
        ("sequence", "i8"),                                 # of the next batch, in records
        ("settled", "i8"),                                  # what is before has been answered, or given up
        ("expected", "i8"),                                 # what the partition's log expects of it next
        ("life", "i4"), ("born", "i8"),                     # the life the log knows of it; where the present one began
        ("appended", "i8"),                                 # batches
        # its transaction in this partition: which one has the partition, whether the coordinator has it, where it began
        ("added", "i4"), ("adding", "i4"), ("in_transaction", "i4"), ("next_here", "i4"),
        ("first_slot", "i4"), ("first_offset", "i8"),
    ],
    align=True,
)  # fmt: skip
"""One producer's way to one partition."""

BATCH = np.dtype(
    [
        ("created", "i8"), ("sent", "i8"), ("sent_again", "i8"), ("confirmed", "i8"), ("ready_at", "i8"),
        ("sequence", "i8"), ("name", "i8"),                 # number of its first record
        ("offset", "i8"), ("appended", "i8"),
        ("root", "i4"), ("next_copy", "i4"), ("last_copy", "i4"), ("index", "i4"), ("copies", "i4"),
        ("sender", "i4"), ("count", "i4"), ("attempts", "i4"), ("refs", "i4"),
        ("next", "i4"), ("after", "i4"),                    # in its sender's lists; in the log
        ("target", "i4"), ("epoch", "i4"),                  # the node it was sent to
        ("answer", "i4"), ("attempt", "i4"),                # who waits for the high watermark
        ("life", "i4"), ("transaction", "i4"), ("ordinal", "i8"),   # of its producer; its own; its place among batches
        ("sending", "u1"), ("live", "u1"), ("in_log", "u1"), ("cut", "u1"), ("cause", "u1"), ("gave", "u1"),
        ("refused", "u1"), ("control", "u1"), ("outcome", "u1"), ("pad", "u1"),
        ("vain", "i4"),                                     # 1 + the replica that appended it last without a future
    ],
    align=True,
)  # fmt: skip
"""A batch; its cells are ``slot·room`` onwards. A second append of the same batch has a slot of its own."""

CELL = np.dtype(
    [
        ("number", "i8"), ("sequence", "i8"), ("created", "i8"),
        ("delivered", "i8"), ("processed", "i8"), ("order", "i8"),
        ("key", "i4"), ("deliveries", "i4"), ("processings", "i4"), ("consumer", "i4"),
    ],
    align=True,
)  # fmt: skip
"""One record of a batch, as one group knows it: record ``i`` is the cell ``slot·room + view·cap + i``."""

PARTITION = np.dtype(
    [
        ("entity", "i4"), ("leader", "i4"), ("first", "i4"), ("replicas", "i4"), ("in_sync", "i4"), ("reader", "i4"),
        ("min_insync", "i8"), ("unclean", "i4"), ("term", "i4"), ("lag_max", "i8"),
        ("end", "i8"), ("mark", "i8"),                      # log end; high watermark as its leader knows it
        ("spared", "i4"),                                   # the leader before the last one still runs
        ("began", "i8"), ("most", "i8"), ("below", "i8"),   # log end at the last election; the highest watermark so
                                                            # far; records that were lost below that
        ("head", "i4"), ("tail", "i4"), ("wait", "i4"),     # the log; its first batch above the high watermark
        ("cut_to", "i8"), ("releasing", "i4"), ("writers", "i4"),  # the first sender that works in transactions
        ("record_bytes", "i8"),                             # with hardware: of one record, where it is stored
        ("views", "i4"), ("number", "i4"),                  # groups that read it; its number in its topic
        ("kept", "i4"),                                     # seeks that are still to come: nothing is let go of
    ],
    align=True,
)  # fmt: skip
"""A partition; ``reader`` is the first of its readers, linked by ``next``. There is always one, if only in name."""

REPLICA = np.dtype(
    [
        ("partition", "i4"), ("node", "i4"), ("in_sync", "i4"), ("parked", "i4"), ("stamp", "i4"),
        ("stale", "i4"), ("believes", "i4"),                # it leads in its own eyes only; whom it counts in sync
        ("astray", "i4"), ("asleep", "i4"),                 # it has not heard of the leader; a packet of its was lost
        ("mark", "i8"), ("told", "i8"),                     # the high watermark as it knows it; as its next answer says
        ("end", "i8"), ("synced", "i8"),                    # what it has; what a power cut would leave
        ("known", "i8"),                                    # what its leader knows of it
        ("valid", "i8"),                                    # what is beyond has been cut off by a leader since
        ("high", "i8"), ("before", "i8"),                   # the most it had; what it had before its power failed
        ("upto", "i8"), ("caught_up", "i8"), ("asked_end", "i8"), ("asked_at", "i8"),
        # with hardware: its files (-1: none); bytes stored; where its log ended when it was submitted to the disk
        ("file", "i4"), ("index", "i4"), ("stored", "i8"), ("writing", "i8"), ("unflushed", "i8"),
    ],
    align=True,
)  # fmt: skip

READER = np.dtype(
    [
        ("partition", "i4"), ("group", "i4"), ("view", "i4"), ("next", "i4"), ("entity", "i4"),
        ("poller", "i4"),                                   # who reads it; -1: nobody
        ("target", "i4"),                                   # who shall, as the group has agreed
        ("stamp", "i4"), ("fetching", "i4"), ("parked", "i4"), ("question", "i4"), ("at", "i4"),
        ("queued", "i4"), ("after", "i4"),                  # in its member's line of those with something to poll
        ("has", "i4"), ("committed_only", "i4"),            # whether an offset is committed; read_committed
        ("zombies", "i4"),                                  # who has its records in hand, and may not
        ("have", "i8"), ("polled", "i8"), ("done", "i8"), ("committed", "i8"), ("asked", "i8"), ("upto", "i8"),
        ("passed", "i8"),                                   # what is below, and not delivered, will not be
        ("seek", "i8"),                                     # where to go on at the next poll; -1: no seek
        ("most", "i8"), ("least", "i8"), ("wait", "i8"),    # records of one fetch; how long it waits for the least
        ("since", "i8"), ("ready_time", "f8"), ("unacked_time", "f8"), ("ready", "i8"), ("unacked", "i8"),
        ("ready_max", "i8"), ("unacked_max", "i8"), ("lag_max", "i8"),
        ("enqueued", "i8"), ("delivered", "i8"), ("acked", "i8"), ("requeues", "i8"),
    ],
    align=True,
)  # fmt: skip
"""One partition as one group reads it."""

POLLER = np.dtype(
    [
        ("client", "i4"), ("group", "i4"), ("alive", "i4"), ("life", "i4"), ("busy", "i4"), ("work", "i4"),
        ("reader", "i4"), ("commit", "i4"), ("attend", "i4"), ("zombie", "i4"),
        ("line_head", "i4"), ("line_tail", "i4"),           # its readers that have something to poll
        ("offset", "i8"), ("until", "i8"), ("most", "i8"), ("interval", "i8"),
        ("first_flow", "i4"),                               # with hardware: the connection from the first node
        ("maker", "i4"),                                    # the producer of the same process, or -1
        ("polled_at", "i8"), ("asks", "i8"),                # its last poll; its requests to the coordinator
        ("phase", "i4"), ("talk", "i4"), ("generation", "i4"), ("gone", "i4"),
        # what the coordinator knows of it
        ("known", "i4"), ("waiting", "i4"), ("syncing", "i4"), ("part", "i4"), ("incarnation", "i4"),
        ("lived", "i4"),                                    # the life in which it joined
        ("ghosts", "i4"), ("haunt", "i4"),
        ("heard", "i8"),
    ],
    align=True,
)  # fmt: skip
"""A member of a consumer group. Its ghosts are lives of it that ended without a word, and still count as members."""

COORDINATOR = np.dtype(
    [
        ("node", "i4"), ("state", "i4"), ("stamp", "i4"), ("generation", "i4"), ("members", "i4"),
        ("leader", "i4"), ("came", "i4"), ("initial", "i4"),
        ("first_poller", "i4"), ("pollers", "i4"), ("first_reader", "i4"), ("readers", "i4"),
        ("cooperative", "i4"), ("assignor", "i4"), ("reset", "i4"), ("static", "i4"),
        ("delay", "i8"), ("opened", "i8"), ("heartbeat", "i8"), ("session", "i8"), ("limit", "i8"),
        ("rebalances", "i8"), ("unread", "i8"), ("since", "i8"), ("unread_time", "f8"),
    ],
    align=True,
)  # fmt: skip
"""Beside each consumer group: what its coordinator keeps, and for how long how many partitions had no reader."""

SEEKING = np.dtype([("at", "i8"), ("to", "i8"), ("group", "i4"), ("pad", "i4")])
"""A group goes to an offset; -1: the beginning, -2: the end."""

LAG = np.dtype([("n", "i8")])
"""How far a reader's offset is behind, at the end of each bin: ``bin·readers + reader``; of length 1 if nobody asks."""

ORIGIN = np.dtype([("made_of", "i8")])
"""Beside the first cells of a batch, where records are made of others: the number of the record it was made of."""

TRANSACTION = np.dtype(
    [
        ("owner", "i4"), ("life", "i4"),                    # the incarnation that may use the id now; -1: none
        ("epoch", "i4"), ("state", "i4"), ("reason", "i4"), ("pending", "i4"), ("serial", "i4"), ("awaits", "i4"),
        ("writer", "i4"), ("number", "i4"),                 # whose transaction is open, and which of its own
        ("timeout", "i8"),
    ],
    align=True,
)  # fmt: skip
"""A transactional id, as its coordinator knows it."""
