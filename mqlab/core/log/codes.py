"""Small numbers with names that only the log has; the rest stands in :mod:`mqlab.core.codes`."""

from __future__ import annotations

from mqlab.trace.kinds import Kind

# fmt: off

# --- heap events; E_ARRIVAL and E_WARM are those of the queues ------------------------------------------------------
L_PUMP = 300        # a: sender, b: its serial                        a batch has waited for long enough
L_BATCH_IN = 301    # a: batch, b: attempt, c: epoch·256 + node       a produce request reaches a node
L_BATCH_DO = 302    # a: batch, b: attempt, c: epoch·256 + node       its processor has read it
L_ANSWER_IN = 303   # a: batch, b: attempt, c: ANSWER_…               the producer hears of it
L_TIMER = 304       # a: sender                                       the oldest request may be overdue
L_RESET = 305       # a: sender, b: node                              its connection to a node is broken
L_FETCH_IN = 306    # a: replica, b: stamp                            a follower asks its leader for more
L_FETCHED = 307     # a: replica, b: stamp                            … and gets it
L_LAG = 308         # a: partition                                    does every follower keep up?
L_FENCE = 309       # a: node, b: epoch                               the controller has not heard of it for too long
L_FLUSH = 310       # a: node                                         the page cache is written back
L_CUT = 311         # a: partition                                    (continuation) more of a log's end is cut off
L_RELEASE = 312     # a: partition                                    (continuation) more at a log's head is done with
L_ASK_IN = 313      # a: reader, b: stamp                             a consumer's fetch reaches the leader
L_GOT = 314         # a: reader, b: stamp                             … and its answer the consumer
L_ASK_AGAIN = 315   # a: reader, b: stamp                             there was no leader
L_DONE = 316        # a: member, b: number of its work                a record is processed
L_COMMIT_IN = 317   # a: reader, b: life of its member                an offset reaches the coordinator
L_COMMITTED = 318   # a: member, b: its life                          … and the answer the consumer
L_AUTO = 319        # a: member, b: its life                          the interval of automatic commits is over
L_BATCH_ON = 505    # a: batch, b: attempt, c: epoch·256 + node       (hardware) … its connection's turn has come
L_BATCH_PUT = 506   # a: batch, b: attempt, c: epoch·256 + node       (hardware) it is on the leader's disk
L_TURN = 507        # a: connection                                   (hardware) a follower's fetcher is free
L_FETCH_ON = 508    # a: replica, b: stamp, c: connection + 1         (hardware) the follower's processor has seen it
L_FETCH_PUT = 509   # a: replica, b: stamp, c: connection + 1         (hardware) it is on the follower's disk
L_GIVE = 510        # a: reader, b: stamp, c: node                    (hardware) a consumer's fetch has been read
L_GIVE_OUT = 511    # a: reader, b: stamp, c: node                    (hardware) … and leaves

# --- what a leader answers ------------------------------------------------------------------------------------------
ANSWER_YES = 0
ANSWER_FEW = 1          # NOT_ENOUGH_REPLICAS
ANSWER_NOT_LEADER = 2   # NOT_LEADER_OR_FOLLOWER
ANSWER_GAP = 3          # OUT_OF_ORDER_SEQUENCE_NUMBER

# --- where a batch is on its producer's side (Batch.sending) ---------------------------------------------------------
B_OPEN, B_READY, B_FLYING, B_OVER = 0, 1, 2, 3

# --- how a consumer commits (Poller.commit) --------------------------------------------------------------------------
COMMIT_AUTO, COMMIT_BEFORE, COMMIT_AFTER = 0, 1, 2
COMMIT = {"auto": 0, "before": 1, "after": 2}

# --- what a consumer is doing (Poller.busy) --------------------------------------------------------------------------
IDLE, WORKING, COMMITTING = 0, 1, 2

ACKS_NONE, ACKS_LEADER, ACKS_ALL = 0, 1, 2
ACKS = {"0": 0, "1": 1, "all": 2}

K_COLLECTED = int(Kind.COLLECTED)
K_IN_SYNC = int(Kind.IN_SYNC)
K_OFFSET_COMMITTED = int(Kind.OFFSET_COMMITTED)
K_APPEND_SKIPPED = int(Kind.APPEND_SKIPPED)
K_LOG_TRUNCATED = int(Kind.LOG_TRUNCATED)
# fmt: on
