"""What can happen: the closed list of trace events, written once for every engine.

An event is one row of the trace (:data:`mqlab.trace.schema.EVENT`). ``actor`` is the entity that does it,
``queue`` the queue it concerns. Numbers are part of the trace format: new kinds are appended, none is reused.
Every send has its arrival, and both carry the same (message, copy, attempt), so that a space-time
diagram can draw an arrow:

    SENT → ARRIVED · RETURN_SENT → RETURNED · CONFIRM_SENT → CONFIRMED or REFUSED · DISPATCHED → DELIVERED ·
    ACK_SENT or NACK_SENT → ACKED, REQUEUED, DISCARDED or ACK_IGNORED; a packet that never arrives has a
    PACKET_LOST row at the moment of sending.
"""

from __future__ import annotations

from enum import IntEnum

__all__ = ["Death", "Direction", "Dropped", "Ending", "Kind", "Rebalance"]


class Kind(IntEnum):
    """Event kinds.

    ``attempt`` is the publish attempt (from 1) on the producer's side of the broker, and the delivery number of the
    copy (from 1) on the consumer's side. CONFIRM_SENT names the producer as its actor and DISPATCHED the consumer:
    whom it is for.
    """

    # the producer's side
    CREATED = 1
    """The producer has a message to send (``first`` = its sequence number in the producer)."""
    SENT = 2
    """A publish leaves the producer."""
    BUFFERED = 3
    """It cannot leave yet: no connection, or too many unconfirmed."""
    PACKET_LOST = 4
    """The link lost the packet that has just been sent (``first`` = a :class:`Direction`)."""
    PACKET_DUPLICATED = 5
    """The link delivers the packet twice (``first`` = a :class:`Direction`)."""
    CONFIRMED = 6
    """The producer learns that the broker has it."""
    REFUSED = 7
    """The producer learns that the broker does not want it (a negative confirm)."""
    TIMED_OUT = 8
    """No confirm within the time-out: the outcome is unknown to the producer."""
    UNKNOWN = 9
    """The connection ended before the confirm came: the outcome is unknown to the producer."""
    PUBLISH_FAILED = 10
    """The producer is told at once that it cannot be sent (``cause`` 0 = no connection, 1 = its buffer is full)."""
    BACKED_OFF = 11
    """It will try again (``first`` = the pause in ns)."""
    GAVE_UP = 12
    """It will not try again."""
    FORGOTTEN = 13
    """The producer died and took the message with it."""
    HELD_BACK = 16
    """The broker does not act on a publish yet (``cause`` 0 = its transaction is open, 1 = it waits in the socket of a
    blocked connection)."""
    OVERFLOWED = 14
    """The producer's buffer is full and drops this message."""
    BLOCKED = 15
    """The producer's buffer is full, and its thread waits with this message; what comes later waits behind it."""
    COMMIT_SENT = 17
    """``actor`` (a producer; ``message`` is -1) asks the broker to commit ``first`` publishes (``cause`` 1 = to roll
    them back)."""
    ROLLED_BACK = 18
    """The broker throws away a publish of an open transaction (``cause`` 0 = as asked, 1 = the connection ended)."""

    # the broker
    ARRIVED = 20
    """A publish reaches the broker."""
    UNROUTABLE = 21
    """No queue matched."""
    ENQUEUED = 22
    """The copy stands in its queue (``first`` = its position there)."""
    ENQUEUE_REFUSED = 23
    """The queue is full and refuses the newest."""
    EVICTED = 24
    """The queue is full and drops this copy."""
    WRITTEN = 25
    """Handed to the operating system: survives the process, not a power cut."""
    SYNCED = 26
    """On disk."""
    CONFIRM_SENT = 27
    """The broker tells the producer (``cause`` 0 = accepted, 1 = refused)."""
    VANISHED = 28
    """A crash took this copy (``cause`` = a :class:`mqlab.trace.fates.Cause`)."""
    RECOVERED = 29
    """The copy is back after a restart."""
    DISPATCHED = 30
    """A delivery leaves the broker for a consumer."""
    ACKED = 31
    """The broker has the acknowledgement; the copy is done (auto-ack: at DISPATCHED already, same time)."""
    REQUEUED = 32
    """The copy goes back to its place in the queue (``cause`` 0 = nack, 1 = connection lost)."""
    DISCARDED = 33
    """The consumer refused it for good (``cause`` 0), or died with a call in its hands, which breaks (1); or it came
    back to its queue once too often (2)."""
    ACK_IGNORED = 34
    """An acknowledgement for a delivery the broker no longer counts (its connection ended)."""
    STALE_PACKET = 35
    """A packet of a connection that has ended arrives nowhere (``first`` = a :class:`Direction`)."""
    RETURN_SENT = 36
    """The broker sends a mandatory message that found no queue back to its producer (basic.return)."""
    RETURNED = 37
    """The producer has it back, and knows that no queue took it."""
    EXPIRED = 38
    """Its time-to-live was over when it stood at the head of its queue (``first`` = how long ago, in ns)."""
    DEAD_LETTERED = 39
    """The queue passes it on to its dead-letter exchange (``cause`` = a :class:`Death`)."""

    # the consumer
    DELIVERED = 40
    """The consumer has it in its hands."""
    STARTED = 41
    """Work begins (``first`` = the service time in ns)."""
    EFFECT = 42
    """The business effect happened, but the consumer died before it could say so."""
    PROCESSED = 43
    """Work is done and its business effect has happened."""
    DEDUPLICATED = 44
    """Work is done, but the business id had been seen: no second effect."""
    FAILED = 45
    """The handler raised an exception."""
    HELD = 46
    """The handler neither acks nor nacks."""
    ACK_SENT = 47
    """The consumer says that the work is done."""
    NACK_SENT = 48
    """(``cause`` 0 = requeue, 1 = reject.)"""
    DROPPED = 49
    """The consumer lost what it had in its hands (it died, or its connection ended)."""

    SOLD_OUT = 53
    """The handler found nothing left to sell, and sold nothing (its effect: it says so)."""

    # consumers and their channels (``message`` is -1)
    CHANNEL_CLOSED = 50
    """The broker closes ``actor``'s channel: a delivery was not acknowledged in time (``first`` = its age in ns)."""
    MEMBER_JOINED = 51
    """``actor`` is a new member of its group."""
    MEMBER_LEFT = 52
    """``actor`` is no member of its group any more (``cause`` 0 = it stopped by itself, 1 = it was killed)."""
    GOT_NOTHING = 54
    """``actor`` asked for a message and its queue had none."""

    # the world (``message`` is -1)
    NODE_CRASHED = 60
    """(``cause`` 0 = the process, 1 = power.)"""
    NODE_RESTARTED = 61
    CLIENT_CRASHED = 62
    CLIENT_RESTARTED = 63
    CONNECTION_LOST = 64
    """``actor`` (a client) learns that its connection ended."""
    CONNECTION_CLOSED = 65
    """The broker takes ``actor``'s connection for dead and closes it."""
    CONNECTED = 66
    SILENCE_BEGAN = 67
    SILENCE_ENDED = 68
    FLUSH_BEGAN = 69
    """A disk flush of ``count`` writes (``first`` = bytes)."""
    FLUSH_ENDED = 70
    ALARM_RAISED = 71
    """A broker is short of something (``cause`` 0 = memory, 1 = disk; ``first`` = bytes held in memory)."""
    ALARM_CLEARED = 72
    CONNECTION_BLOCKED = 73
    """``actor`` (a client) learns that the broker does not read what it publishes."""
    CONNECTION_UNBLOCKED = 74
    CLOCK_CHANGED = 75
    """A node's wall clock was set (``first`` = by how many ns it is ahead now; negative: behind)."""
    SLOWED = 76
    """``actor`` works more slowly from now on (``first`` = how many thousandths of its usual time it takes now)."""
    SLOW_ENDED = 77
    PAUSED = 78
    """``actor``'s process stands still (garbage collection, SIGSTOP), and nobody is told."""
    RESUMED = 79
    CONNECTION_REFUSED = 80
    """The broker does not let ``actor`` in (``cause`` 0 = too many connections, 1 = the handshake took too long)."""
    PARTITION_BEGAN = 81
    """Packets of ``actor`` vanish in one direction (``cause`` 0 = on the way to the broker, 1 = on the way back)."""
    PARTITION_ENDED = 82

    # the life of queues (``message`` is -1, but for DELETED)
    QUEUE_DECLARED = 83
    """A queue is there again, with its bindings (``cause`` 1 = it was there, its bindings are there again)."""
    QUEUE_DELETED = 84
    """A queue is deleted (``first`` = how many stood in it, ``cause`` = an :class:`Ending`)."""
    DELETED = 85
    """This copy goes with its queue."""

    # queue policies
    ACTIVATED = 87
    """``actor`` (a consumer) becomes the single active one of ``queue`` (``first`` = its place in the order of
    registration)."""
    LETTER_DROPPED = 88
    """A dead letter does not reach ``queue``, or none at all (``cause`` = a :class:`Dropped`)."""

    # a replicated queue
    APPENDED = 100
    """The leader (``actor``) has put a publish into its log, not committed yet (``first`` = its index there)."""
    REPLICATED = 101
    """A member's node (``actor``) has ``count`` more entries of the log on its disk, up to index ``first``
    (``message`` is -1)."""
    LEADER_ELECTED = 102
    """``actor`` leads ``queue`` (``first`` = the term; ``message`` is -1)."""
    LEADER_LOST = 103
    """``actor``, which led ``queue``, went down (``first`` = the term; ``message`` is -1)."""
    QUORUM_LOST = 104
    """Too few members of ``queue`` are up to decide anything (``first`` = how many; ``message`` is -1)."""
    QUORUM_REGAINED = 105
    """Enough members of ``queue`` are up again (``first`` = how many; ``message`` is -1)."""
    AWAITS_LEADER = 106
    """The node that the producer is connected to (``actor``) keeps a publish until the queue has a leader."""
    ACK_APPENDED = 107
    """The leader has put an acknowledgement into its log, not committed yet (``first`` = its index there)."""
    ACK_UNDONE = 108
    """An acknowledgement that was not committed went down with its node."""

    # a log; its other events are those of queues and replicas, for ``count`` records together where ``message`` is the
    # number of the batch's first record
    COLLECTED = 110
    """The record joins a batch (``first`` = the number of that batch's first record, ``attempt`` = its place there,
    from 1)."""
    IN_SYNC = 111
    """``actor`` counts as in sync with ``queue``'s leader (``cause`` 1 = no longer; ``first`` = how many are now;
    ``message`` is -1)."""
    OFFSET_COMMITTED = 112
    """The group's offset in ``queue`` is ``first`` now, ``count`` more than before (``message`` is -1)."""
    APPEND_SKIPPED = 113
    """The leader has this batch of an idempotent producer already (``first`` = its offset)."""
    LOG_TRUNCATED = 114
    """``actor`` cuts ``count`` records off its log, which ends at offset ``first`` now (``message`` is -1)."""

    # transactions of a log
    PRODUCER_BEGAN = 120
    """``actor`` may use its transactional id (``first`` = its epoch; ``message`` is -1)."""
    TRANSACTION_MARKED = 121
    """The end of ``actor``'s transaction stands in ``queue`` (``first`` = the offset of the marker, ``count`` = its
    records there, ``cause`` 0 = committed, 1 = aborted as asked, 2 = aborted because it took too long, 3 = aborted
    because another incarnation began; ``message`` is -1)."""
    FENCED = 122
    """``actor`` learns that another incarnation has its transactional id, or that its transaction took too long."""
    # a log's cluster (``message`` is -1)
    SPLIT_BEGAN = 130
    """``actor`` is cut off from all who are not cut off together with it."""
    SPLIT_ENDED = 131
    NODE_FENCED = 132
    """The controller has not heard of ``actor`` for too long: it leads nothing and is in sync with nothing."""
    REGISTERED = 133
    """The controller hears of ``actor`` again."""
    CONTROLLER_LOST = 134
    """``actor`` is the controller no longer (-1: machines of their own)."""
    CONTROLLER_ELECTED = 135
    """``actor`` is the controller from now on."""
    STOOD_DOWN = 136
    """``actor`` learns that another node has led ``queue`` since epoch ``first``."""
    # consumer groups of a log (``message`` is -1; of a partition: ``queue``)
    REBALANCE_BEGAN = 140
    """The coordinator wants all members of ``actor``'s group to join anew, on account of ``actor`` (``first`` = the
    generation that ends, ``cause`` = a :class:`Rebalance`)."""
    REBALANCED = 141
    """All have joined, and ``actor`` shares out (``first`` = the generation that begins, ``count`` = its members)."""
    ASSIGNED = 142
    """``actor`` begins to read ``queue`` at offset ``first`` (``attempt`` = its generation)."""
    REVOKED = 143
    """``actor`` reads ``queue`` no longer, where it stood at offset ``first`` (``cause`` 0 = it gave it up, 1 = it is
    no member any more)."""
    COMMIT_REJECTED = 144
    """The offset ``first`` of ``queue`` is not committed (``attempt`` = the generation of ``actor``, ``cause`` 0 = the
    coordinator has another, 1 = ``actor`` knows that it is no member any more)."""
    OFFSET_RESET = 145
    """There is no committed offset in ``queue``; ``actor`` begins at ``first`` (``cause`` 0 = latest, 1 = earliest, 2 =
    none: it stops with an error)."""
    SOUGHT = 146
    """``actor`` goes to offset ``first`` of ``queue`` (seek)."""
    POLL_LIMIT = 147
    """``actor`` has not polled for too long (``first`` = ns since its last poll), and leaves its group."""
    THROWN_OUT = 148
    """The coordinator counts ``actor`` as a member no longer (``cause`` = a :class:`Rebalance`)."""
    COORDINATOR_MOVED = 149
    """``actor`` (a node) coordinates the group now whose first member is entity ``first``."""

    # a partition whose entries bookies keep
    OWNED = 150
    """``actor`` (a broker) owns ``queue`` now (``first`` = the term, ``count`` = entries recovered; ``message`` -1)."""
    ENSEMBLE_CHANGED = 151
    """``actor`` (a bookie) takes the place of another (``first`` = its entity) in ``queue`` (``message`` is -1)."""
    LETTER_SENT = 152
    """``actor`` (a consumer) sends a message of ``queue`` on (``cause`` 0 = dead letter, 1 = to be tried later)."""

    # requests, replies and tasks
    REQUEST_TIMED_OUT = 94
    """No reply within the time-out: the requester does not know whether the work was done."""
    REPLY_LATE = 95
    """A reply nobody waits for is dropped (``first`` = the request it answers, ``cause`` 0 = its requester no longer
    waits, 1 = somebody else had asked)."""
    REPLIED = 96
    """The work on a request is answered (``first`` = the number of the reply)."""
    ANSWERED = 97
    """The requester takes a reply as the answer to its request (``first`` = the number of the reply, ``cause`` 1 = it
    answers another request)."""
    TASK_RECORDED = 98
    """The task's state "submitted" is written down."""
    TASK_ABANDONED = 99
    """The worker finds no state of the task (``first`` = how long ago its message was created, ``cause`` 0 = it
    refuses the task, 1 = it puts it back)."""


class Ending(IntEnum):
    """Why a queue was deleted."""

    UNUSED = 0
    """Its last consumer is gone (auto_delete), or the connection it belonged to (exclusive)."""
    EXPIRED = 1
    """It had no consumer for as long as it may."""
    RESTART = 2
    """Its broker went down, and it was not durable, or exclusive."""
    UNBOUND = 3
    """Its broker went down, and only its bindings are gone: an exchange on the way was not durable."""


class Rebalance(IntEnum):
    """Why a consumer group rebalances, or somebody is no member of it any more."""

    JOINED = 0
    """A member came."""
    LEFT = 1
    """A member went by itself."""
    SESSION = 2
    """Its heartbeats have not been heard for as long as its session lasts."""
    POLL_LIMIT = 3
    """It has not polled for too long."""
    GIVEN_UP = 4
    """It gave up partitions that are another's now (the second step of a cooperative rebalance)."""
    NOT_IN_TIME = 5
    """It did not join anew in time."""


class Death(IntEnum):
    """Why a message leaves its queue for the dead-letter exchange."""

    EXPIRED = 1
    MAXLEN = 2
    REJECTED = 3
    DELIVERY_LIMIT = 4


class Dropped(IntEnum):
    """Why a dead letter is dropped."""

    UNROUTABLE = 0
    """No queue is bound for it."""
    CYCLE = 1
    """It died in that queue before, and nobody has rejected it since."""
    TOO_OFTEN = 2
    """It has been dead-lettered more often than the lab keeps count of."""


class Direction(IntEnum):
    """What a lost, doubled or stale packet was carrying."""

    PUBLISH = 0
    CONFIRM = 1
    DELIVERY = 2
    ACK = 3
    RETURN = 4
