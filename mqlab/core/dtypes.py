"""The dtypes of the records; :mod:`mqlab.core.records` says how they are reached.

Fields that only one mechanism needs stand in the record that its handlers read anyway, or beside it.
"""

from __future__ import annotations

import numpy as np

from mqlab.trace.schema import SERIES

__all__ = [
    "CLIENT",
    "CONSUMER",
    "COPY",
    "DELIVERY",
    "DIST",
    "EXTRA",
    "GROUP",
    "HEAP",
    "INBOX",
    "LANE",
    "LEVEL",
    "MEMBER",
    "NODE",
    "OUTBOX",
    "PARCEL",
    "PHASE",
    "PRODUCER",
    "QUEUE",
    "REAL",
    "RECORDED",
    "ROUTE",
    "RUN",
    "SERIES_RECORD",
    "SIDE",
    "SOURCE",
    "STAGE",
    "STEP",
    "WAY",
    "WORD",
]

RUN = np.dtype(
    [
        ("now", "i8"), ("seq", "i8"), ("end", "i8"), ("warmup", "i8"), ("stop_creating", "i8"),
        ("digest", "u8"), ("level", "i8"), ("finishing", "i8"), ("cursor", "i8"),
        ("number", "i8"),            # next message number
        ("order", "i8"),             # next processing order
        ("heap_n", "i8"), ("hole", "i8"), ("inbox_n", "i8"), ("inbox_read", "i8"), ("outbox_n", "i8"),
        ("event_n", "i8"), ("fate_n", "i8"),     # rows waiting to be drained
        ("room", "i8"),              # headroom every array must have before an event
        ("heap_full", "i8"), ("copies_full", "i8"), ("deliveries_full", "i8"), ("outbox_full", "i8"),
        ("events_full", "i8"), ("fates_full", "i8"),     # above so many in use, one event might not fit
        ("bins", "i8"),
        ("copy_free", "i8"), ("copy_fresh", "i8"), ("copies_live", "i8"),
        ("delivery_free", "i8"), ("delivery_fresh", "i8"), ("serial", "i8"),
        ("owed", "i8"), ("created", "i8"), ("sent", "i8"), ("confirmed", "i8"),
        ("ready", "i8"), ("unacked", "i8"), ("redelivered", "i8"),
        ("bin_ns", "i8"), ("next_bin", "i8"), ("bin", "i8"),
        ("nodes", "i8"), ("queues", "i8"), ("clients", "i8"), ("groups", "i8"),
        ("producers", "i8"), ("consumers", "i8"), ("primed", "i8"),
        ("alarmed", "i8"),           # nodes with an alarm
        ("missing", "i8"),           # queues that are not there, or not bound
        ("extras", "i8"),            # 1: every copy has its record in the array of extras
        ("steps", "i8"),
        ("paused", "i8"),            # processes that stand still
        ("jobs_fresh", "i8"), ("jobs_full", "i8"),       # of hardware
    ]
)  # fmt: skip
"""One record: everything there is once."""

COPY = np.dtype(
    [
        # the message (in the root)
        ("number", "i8"), ("sequence", "i8"), ("ident", "u8"),
        ("created", "i8"), ("sent", "i8"), ("confirmed", "i8"), ("deadline", "i8"), ("size", "i8"),
        ("producer", "i4"), ("key", "i4"), ("route", "i4"), ("attempts", "i4"), ("refs", "i4"),
        ("prev", "i4"), ("next", "i4"),             # in the producer's unconfirmed or buffer list
        ("wait", "i4"),                             # copies whose disk write the confirm waits for
        ("epoch", "i4"),                            # the connection that its last publish came on
        ("copies", "i4"), ("last_copy", "i4"),
        ("flags", "i4"),                            # of this copy: FLAG_…
        # the copy
        ("position", "i8"), ("enqueued", "i8"), ("delivered", "i8"), ("processed", "i8"), ("order", "i8"),
        ("root", "i4"), ("next_copy", "i4"), ("index", "i4"), ("copy_of", "i4"),
        ("queue", "i4"), ("consumer", "i4"),
        ("dispatches", "i4"), ("deliveries", "i4"), ("processings", "i4"), ("effects", "i4"),
        ("qnext", "i4"), ("child", "i4"), ("sibling", "i4"),    # in the queue: fifo, pairing heap
        ("dnext", "i4"),                                        # in the disk's list
        ("sending", "u1"), ("state", "u1"), ("storage", "u1"), ("fate", "u1"), ("cause", "u1"),
        ("persistent", "u1"), ("live", "u1"), ("on_disk_list", "u1"),
    ],
    align=True,
)  # fmt: skip

EXTRA = np.dtype(
    [
        ("log", "i8"),                              # of an entry that is not committed: its index in the log
        ("via", "i4"), ("epoch", "i4"),             # … the node it came through, and the connection
        ("delivery", "i4"), ("answer", "i4"),       # … what it acknowledges, and how; -1: it is a publish
        ("synced", "i8"),                           # of the copy: when an fsync said that it was safe; -1: never
        ("known_by", "i8"), ("known_at", "i8"),     # whose memory has its business id: bits of groups; since when
        # a reply: number and record of its request, the client that asked; of the copy: whose answer it was taken for
        ("in_reply_to", "i8"), ("request", "i4"), ("asker", "i4"), ("taken_for", "i8"),
        # of the copy of a request, and of its reply: the connection that the reply is to come back on
        ("way", "i4"), ("place", "i8"),
        ("recorded", "i8"),                         # when the state of the task was written down; -1: not yet
        ("expires", "i8"),                          # when its time-to-live ends, by the clock of its node
        ("priority", "i4"),                         # its level in its queue
        ("returns", "i4"),                          # how often it came back to its queue
        ("parent", "i4"), ("born", "i4"),           # of a dead letter: the copy that died, and of what
        ("address", "i4"),                          # of a dead letter: the number of its routing key
    ],
    align=True,
)  # fmt: skip
"""What few models need of a copy, beside its record and under the same index: see ``run.extras``. A mechanism
adds its fields here, so that the records everybody uses stay small."""

DELIVERY = np.dtype(
    [
        ("serial", "i8"), ("departs", "i8"), ("copy", "i4"), ("consumer", "i4"), ("number", "i4"), ("epoch", "i4"),
        ("refs", "i4"), ("prev", "i4"), ("next", "i4"),     # in the consumer's unacked list, as the broker sees it
        ("hand", "i4"),                             # next in the consumer's hands
        ("open", "u1"),                             # the broker waits for its acknowledgement
        ("held", "u1"),                             # by-hand consumers: work has begun
    ],
    align=True,
)  # fmt: skip

HEAP = np.dtype([("time", "i8"), ("order", "i8"), ("kind", "i4"), ("a", "i4"), ("b", "i4"), ("c", "i4")])

INBOX = np.dtype([("time", "i8"), ("kind", "i4"), ("a", "i4"), ("b", "i8"), ("c", "i8")])
"""Commands from the world, executed at the beginning of the next advance()."""

OUTBOX = np.dtype([("reason", "i4"), ("entity", "i4"), ("handle", "i8"), ("serial", "i8"), ("detail", "i8")])
"""Stops for the world: one kind of stop for everything outside."""

NODE = np.dtype(
    [
        ("entity", "i4"), ("up", "i4"), ("epoch", "i4"), ("power", "i4"), ("went_down", "i8"),
        ("cpu_free", "i8"), ("cpu_busy", "i8"), ("publish_ns", "i8"), ("deliver_ns", "i8"),
        ("memory", "i8"), ("memory_max", "i8"),
        ("ident", "u8"), ("fsync", "i8"), ("bandwidth", "f8"), ("group_commit", "i8"),
        ("special", "i8"),
        ("clock_ns", "i8"),                       # by how much its wall clock is ahead (negative: behind)
        ("slow", "f8"), ("slowed", "i4"),         # how many times its usual time everything takes; faults at work
        ("publish_usual", "i8"), ("deliver_usual", "i8"), ("connect_usual", "i8"),
        ("ack_ns", "i8"), ("ack_usual", "i8"),
        ("pauses", "i4"), ("stopped", "i4"), ("since", "i8"),     # faults at work; its process stands still, since
        ("connect_ns", "i8"), ("connections_max", "i8"), ("connected", "i8"), ("opening", "i8"), ("handshake", "i8"),
        ("disk_busy", "i8"), ("flush_ends", "i8"), ("flushes", "i8"), ("flushing", "i4"), ("armed", "i4"),
        ("wait_head", "i4"), ("wait_tail", "i4"), ("wait_n", "i8"), ("wait_bytes", "i8"),
        ("flush_head", "i4"), ("flush_n", "i4"),
        ("members", "i4"), ("network", "i8"),            # first replica here; ns to another node
        ("seek", "i8"), ("read_free", "i8"),             # reading back what lazy queues have on disk
        ("flushed", "i8"),                               # number of the last flush that ended
        ("memory_limit", "i8"), ("memory_check", "i8"),  # -1: no limit
        ("alarm", "i4"), ("disk_full", "i4"), ("alarms", "i8"), ("alarm_since", "i8"), ("alarm_ns", "i8"),
        ("commits_head", "i4"), ("commits_tail", "i4"), ("committing", "i4"), ("commit_bytes", "i8"),
        ("lies", "i8"),                                  # what is synced is in the drive's cache so long; -1: for ever
    ],
    align=True,
)  # fmt: skip

QUEUE = np.dtype(
    [
        ("entity", "i4"), ("node", "i4"), ("durable", "i4"), ("overflow", "i4"), ("max_length", "i8"),
        ("special", "i8"),                                       # 0: a plain queue; else Q_… flags
        ("head", "i4"), ("tail", "i4"), ("requeued", "i4"),      # fifo; pairing heap of what came back
        ("ring_head", "i4"), ("ring_tail", "i4"), ("dispatching", "i4"),
        ("kept_head", "i4"), ("kept_tail", "i4"),                # survivors while a crash is worked off
        ("position", "i8"), ("ready", "i8"), ("unacked", "i8"),
        ("since", "i8"), ("ready_time", "f8"), ("unacked_time", "f8"), ("ready_max", "i8"), ("unacked_max", "i8"),
        ("enqueued", "i8"), ("delivered", "i8"), ("acked", "i8"), ("requeues", "i8"),
        # replicated
        ("ident", "u8"), ("member_first", "i4"), ("replicas", "i4"), ("leader", "i4"), ("live", "i4"),
        ("orphans", "i8"),                                       # unacked, and their consumer is gone
        ("term", "i4"), ("electing", "i4"), ("call", "i4"), ("applying", "i4"), ("election", "i4"), ("suspect", "i8"),
        ("log_end", "i8"), ("log_bytes", "i8"), ("commit", "i8"), ("term_start", "i8"),
        ("log_head", "i4"), ("log_tail", "i4"),                  # entries of the log that are not committed
        ("held_head", "i4"), ("held_tail", "i4"),                # entries that wait for a leader
        ("exclusive", "i4"), ("auto_delete", "i4"), ("expires", "i8"), ("loose", "i4"),     # its life
        ("missing", "i4"), ("lease", "i4"),
        # policies
        ("ttl", "i8"), ("timer_at", "i8"), ("timer", "i4"), ("expiring", "i4"), ("fresh", "i4"),
        ("max_bytes", "i8"), ("bytes", "i8"), ("limit", "i8"),
        ("max_priority", "i4"), ("levels", "i4"), ("top", "i4"),     # the first of its levels; the highest filled
        ("letters", "i4"),                                       # route of its dead letters with address 0; -1: none
        ("active", "i4"), ("handing", "i4"), ("registered", "i8"),
    ],
    align=True,
)  # fmt: skip

LEVEL = np.dtype([("head", "i4"), ("tail", "i4"), ("requeued", "i4")])
"""One priority of one queue: as a queue has them, a fifo and a pairing heap."""

CLIENT = np.dtype(
    [
        ("ident", "u8"),                          # for draws on its link: the member (producers), the group (consumers)
        ("entity", "i4"), ("kind", "i4"), ("owner", "i4"), ("node", "i4"),
        ("epoch", "i4"), ("life", "i4"),
        ("alive", "i4"), ("up", "i4"), ("open", "i4"),   # process lives; it believes it is connected; the broker does
        ("silent", "i4"),                         # bits of the directions in which packets vanish: 1 up, 2 down
        ("up_cuts", "i4"), ("down_cuts", "i4"),   # faults at work in each
        ("up_quiet", "i4"), ("down_quiet", "i4"), # serials of the silences that the broker and the client hear
        ("cut_from", "i8"), ("cut_until", "i8"),  # the last time that packets down vanished
        ("connecting", "i4"), ("tries", "i4"),
        ("self", "u8"),                           # for draws of its own, whatever its group
        ("factor", "f8"), ("longest", "i8"), ("jitter", "i4"), ("trips", "i4"),
        ("up_bad", "i4"), ("down_bad", "i4"),     # the state of a link that loses in bursts
        ("up_free", "i8"), ("down_free", "i8"),   # when the last packet has left, on a link with a bandwidth
        ("slow", "f8"), ("slowed", "i4"),
        ("pauses", "i4"), ("stopped", "i4"), ("since", "i8"),
        ("gone", "i4"),                                  # 1: no member of its group (any more)
        ("heartbeat", "i8"), ("reconnect", "i8"),
        ("up_side", "i4"), ("down_side", "i4"), ("ordered", "i4"),
        ("up_last", "i8"), ("down_last", "i8"),
        ("frames", "i8"),                         # frames sent that are about the connection itself
        ("frame", "i8"),                          # 1 + the one that waits behind the publishes in the socket
        ("socket", "i4"), ("socket_head", "i4"), ("socket_tail", "i4"), ("reader", "i4"),
        ("homes", "i4"), ("homes_at", "i8"),      # nodes it may connect to, in the table of targets; 0: only its own
        ("listens", "i4"),                        # the consumer that takes replies on the same connection; -1: none
        ("tx", "i4"), ("tx_state", "i4"), ("tx_failed", "i4"),      # 1: its channel is in transaction mode
        ("tx_head", "i4"), ("tx_tail", "i4"), ("tx_n", "i8"), ("tx_left", "i8"),    # held; answers that are missing
        ("own_head", "i4"), ("own_tail", "i4"), ("own_n", "i8"), ("own_bytes", "i8"),   # its commit's copies
        ("queued", "i4"), ("commit_next", "i4"),                    # for the disk
    ],
    align=True,
)  # fmt: skip

MEMBER = np.dtype(
    [
        ("queue", "i4"), ("node", "i4"), ("next", "i4"),    # next on the same node
        ("alive", "i4"), ("stamp", "i4"),                   # packets with another stamp are void
        ("slot", "i4"), ("flying", "i4"),                   # packets on their way to it
        # ends of its log: received, written, synced; and bytes of the log up to there
        ("want", "i8"), ("writing", "i8"), ("match", "i8"),
        ("want_bytes", "i8"), ("writing_bytes", "i8"), ("match_bytes", "i8"),
        ("sent", "i8"), ("acked", "i8"),                    # what the leader knows
    ],
    align=True,
)  # fmt: skip
"""A member: one replica of one queue, see :mod:`mqlab.core.quorum`."""

PARCEL = np.dtype([("upto", "i8"), ("bytes", "i8")])
"""A packet to a member: the log up to an index. WINDOW of them for each member, used in turn."""

SIDE = np.dtype(
    [
        ("latency", "i4"), ("constant", "i4"), ("fixed_ns", "i8"), ("loss", "f8"), ("duplicate", "f8"),
        ("special", "i8"),                        # 0: a plain side; else SIDE_… flags
        ("bandwidth", "f8"), ("p", "f8"), ("r", "f8"), ("good", "f8"), ("bad", "f8"),
    ],
    align=True,
)  # fmt: skip

PRODUCER = np.dtype(
    [
        ("ident", "u8"), ("client", "i4"), ("arrivals", "i4"), ("first", "i8"), ("step", "i8"),
        ("rate", "f8"), ("group_rate", "f8"), ("to_rate", "f8"), ("over", "f8"), ("area", "f8"),
        ("start", "i8"), ("stop", "i8"), ("limit", "i8"), ("sequence", "i8"), ("last", "i8"),
        ("ahead", "f8"), ("ahead_of", "i8"),      # what was drawn ahead for message number ahead_of
        ("think", "i4"), ("prepare", "i4"), ("busy_until", "i8"),
        ("size", "i8"), ("persistent", "i4"), ("keys_kind", "i4"), ("keys", "i8"), ("keys_table", "i8"),
        ("route", "i4"), ("routes", "i4"), ("routes_table", "i8"),
        ("confirm", "i4"), ("confirm_processed", "i4"), ("max_in_flight", "i8"), ("timeout", "i8"),
        ("attempts", "i8"), ("first_pause", "i8"), ("factor", "f8"), ("max_pause", "i8"), ("jitter", "i8"),
        ("buffer_head", "i4"), ("buffer_tail", "i4"), ("again_tail", "i4"),
        ("unconfirmed_head", "i4"), ("unconfirmed_tail", "i4"),
        ("unconfirmed", "i8"), ("timer", "i4"), ("pumping", "i4"), ("by_hand", "i4"), ("stalled", "i4"),
        ("special", "i8"),                        # 0: a plain producer; else PRODUCER_… flags
        ("blocked_since", "i8"), ("blocked_ns", "i8"),
        ("returned", "i8"),
        ("awaits", "i4"),                         # it waits for confirms or replies
        ("reply_to", "i4"), ("reply_route", "i4"), ("correlate", "i4"),
        ("record", "i4"), ("record_first", "i4"),
        ("source", "i4"),                         # what more its arrivals need: its record among the sources
        ("sizes", "i4"),                          # where size is -1: a distribution, or -1 for recorded sizes
        ("buffer_max", "i8"), ("buffered", "i8"), ("when_full", "i4"),
        ("thread", "i4"), ("stuck", "i4"),        # a blocking producer: what its thread does, with which message
        ("line_head", "i4"), ("line_tail", "i4"),         # messages that wait for its thread
        ("ttl", "i8"), ("priority", "i4"), ("priorities", "i4"), ("priorities_table", "i8"),
        ("transaction", "i8"), ("commit_after", "i8"), ("rollback", "f8"),
    ],
    align=True,
)  # fmt: skip

CONSUMER = np.dtype(
    [
        ("client", "i4"), ("group", "i4"), ("queue", "i4"), ("auto", "i4"), ("by_hand", "i4"), ("life", "i4"),
        ("prefetch", "i8"), ("unacked", "i8"), ("unacked_head", "i4"), ("unacked_tail", "i4"),
        ("in_ring", "i4"), ("ring_prev", "i4"), ("ring_next", "i4"),
        ("hand_head", "i4"), ("hand_tail", "i4"), ("current", "i4"),
        ("started", "i8"), ("ends", "i8"),
        ("special", "i8"),                        # 0: a plain consumer; else CONSUMER_… flags
        ("member", "i4"), ("lane", "i4"),    # its number in its group; its first lane
        ("wanted", "i4"), ("closing", "i4"),      # its group wants it; its goodbye is on the way
        ("asking", "i4"), ("gets", "i8"),         # pull: it waits for an answer; requests so far
        ("collected", "i8"), ("batch", "i8"),     # acknowledgements not sent yet; batches so far
        ("publisher", "i4"), ("reply_first", "i4"),              # as which producer it answers; before it acknowledges
        ("unrecorded", "i4"), ("look_again", "i8"),
        ("priority", "i4"), ("registered", "i8"),     # place in the order of registration; 0: not registered
    ],
    align=True,
)  # fmt: skip

GROUP = np.dtype(
    [
        ("ident", "u8"), ("service", "i4"), ("members", "i4"), ("busy", "i8"), ("alpha", "f8"), ("beta", "f8"),
        ("fails", "f8"), ("poison", "i4"), ("then", "i4"), ("deduplicate", "i4"), ("restart", "i8"),
        ("since", "i8"), ("busy_time", "f8"), ("entity", "i4"),
        ("first", "i4"), ("lanes", "i4"), ("turn", "i4"),       # its first consumer; what each works on at once
        ("picky", "i4"), ("times", "i4"), ("only", "i4"), ("only_n", "i4"),     # which messages its exceptions meet
        ("memory", "i4"), ("bit", "i8"), ("lookup", "i8"), ("window", "i8"), ("acts", "i8"),
        ("items", "i8"), ("sold", "i8"), ("sold_out", "i8"),
        ("pull", "i8"), ("empty", "i8"),                        # the pause after an empty answer; how many there were
        ("batch", "i8"), ("batch_after", "i8"), ("channel", "i8"), ("timeout", "i8"), ("check", "i8"),
        ("exists", "i8"), ("exists_since", "i8"), ("exists_time", "f8"),
    ],
    align=True,
)  # fmt: skip
"""A consumer group."""

LANE = np.dtype(
    [
        ("started", "i8"), ("ends", "i8"), ("delivery", "i4"),
        ("idle", "i4"), ("work", "i8"),           # it waits for the state of a task; how long the work will take then
    ],
    align=True,
)  # fmt: skip
"""One of the things that a consumer with ``special`` works on at once; delivery -1: none."""

STEP = np.dtype([("at", "i8"), ("count", "i8"), ("group", "i4"), ("kill", "i4")], align=True)
"""One step of a group that grows and shrinks: from ``at`` on it has ``count`` members."""

DIST = np.dtype([("kind", "i4"), ("count", "i4"), ("p0", "f8"), ("p1", "f8"), ("p2", "f8")], align=True)
"""A distribution in postfix order: ``count`` of the first record says how many records it takes; a sum or maximum
works on as many values as its p0 says."""

SOURCE = np.dtype(
    [
        ("ident", "u8"),                          # of the group: its members share what modulates them
        ("first", "i8"), ("count", "i8"),         # its phases, or its rows of what was recorded
        ("cursor", "i8"), ("ends", "i8"), ("sojourn", "i8"), ("weights", "i8"),    # the phase it is in
        ("branching", "f8"), ("decay", "f8"), ("excess", "f8"),                    # hawkes; times in s
        ("every", "i8"), ("of", "i8"), ("over", "i8"),                             # bursts
    ],
    align=True,
)  # fmt: skip
"""What a producer's arrivals need beyond a rate."""

PHASE = np.dtype([("rate", "f8"), ("starts", "i8"), ("stay", "f8"), ("following", "i8")], align=True)
"""A step or a state: its rate for one member; when a step starts; how long a state lasts on average (ns), and its
table of what follows."""

RECORDED = np.dtype([("time", "i8"), ("key", "i8"), ("size", "i8")])

ROUTE = np.dtype([("first", "i4"), ("count", "i4"), ("address", "i4")])
"""Where one (exchange, routing key) leads: ``count`` queues from index ``first`` of the table of targets. ``address``
numbers the routing key, so that a dead letter can be sent on under it."""

WAY = np.dtype([("loose", "i4"), ("plans", "i4"), ("named", "i4")])
"""Beside each route, for while queues are missing: whether it starts at a named exchange; where in the table of
targets its queues are marked that are loosely bound (-1: none); and where it says what holds when some of them are
missing (-1: the same without these): how many may be, the first of the other routes, and (queue, loose) for each."""

STAGE = np.dtype([("count", "i8"), ("sum", "f8"), ("min", "i8"), ("max", "i8")])

SERIES_RECORD = np.dtype([(name, "i8") for name in SERIES])
"""Cumulative at the end of each bin, except ready and unacked."""

WORD = np.dtype([("n", "i8")])
REAL = np.dtype([("x", "f8")])
