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
L_COMMIT_IN = 317   # a: member, b: reader, c: offset                 an offset reaches the coordinator
L_COMMITTED = 318   # a: member, b: its life, c: 1 it was rejected    … and the answer the consumer
L_AUTO = 319        # a: member, b: its life                          the interval of automatic commits is over
L_FETCH_WAIT = 370  # a: reader, b: its question                      a fetch has waited for long enough
L_POLL = 371        # a: member, b: its life                          who has nothing to do looks what there is
L_JOIN_IN = 372     # a: member, b: its talk, c: 1 it gave something up     it asks to be let into its group
L_JOINED = 373      # a: member, b: its talk, c: generation           everybody has joined
L_SHARE_OUT = 374   # a: member, b: its talk                          the leader of the group has shared out
L_SYNC_IN = 375     # a: member, b: its talk, c: generation           it asks for its share
L_SYNCED = 376      # a: member, b: its talk, c: generation, or -1: join again
L_BEAT = 377        # a: member, b: its life                          time for a heartbeat
L_BEAT_IN = 378     # a: member, b: its talk, c: generation
L_BEAT_BACK = 379   # a: member, b: its talk, c: 1 it is no member, 2 the group rebalances
L_SESSION = 380     # a: member, b: its incarnation, c: of a ghost 1 + haunt      has it been silent for too long?
L_REBALANCE = 381   # a: group, b: stamp                              nobody is waited for any longer
L_LEAVE_IN = 382    # a: member, b: its talk, c: why (of K_THROWN_OUT; -1: by itself)
L_LIMIT = 383       # a: member, b: its life                          has it polled in time?
L_SCALE = 384       # a: step                                         a group grows or shrinks
L_SEEK = 385        # a: seek                                         a group goes to another offset
L_BATCH_ON = 505    # a: batch, b: attempt, c: epoch·256 + node       (hardware) … its connection's turn has come
L_BATCH_PUT = 506   # a: batch, b: attempt, c: epoch·256 + node       (hardware) it is on the leader's disk
L_TURN = 507        # a: connection                                   (hardware) a follower's fetcher is free
L_FETCH_ON = 508    # a: replica, b: stamp, c: connection + 1         (hardware) the follower's processor has seen it
L_FETCH_PUT = 509   # a: replica, b: stamp, c: connection + 1         (hardware) it is on the follower's disk
L_FETCH_ASKED = 512 # a: replica, b: stamp                            (hardware) the leader's processor has read it
L_GIVE = 510        # a: reader, b: stamp, c: node                    (hardware) a consumer's fetch has been read
L_GIVE_OUT = 511    # a: reader, b: stamp, c: node                    (hardware) … and leaves
L_LEARN = 340       # a: node, b: serial                              it hears from the controller again
L_ELECT = 341       # a: partition                                    its turn has come to get a leader
L_TAKE_OVER = 342   # a: serial                                       another controller begins
L_PREFER = 343      # the controller looks whether the preferred replicas lead

L_FORGET = 460      # a: producer                                     (continuation) more of a buffer is thrown away
L_ASKED = 461       # a: producer, b: its life, c: ASK_… + detail     a request reaches the coordinator
L_TOLD = 462        # a: producer, b: its life, c: ASK_… + detail     … and its answer the producer
L_ASK_ANEW = 463    # a: producer, b: its life, c: ASK_… + detail     one of the two was lost
L_MARKER = 464      # a: sender                                       a marker reaches the leader of a partition
L_AFTER = 465       # a: producer, b: number of its transaction       it has been open for long enough
L_FLUSHED = 467     # a: member, b: its life                          all that was made of a poll is answered
L_OFFSETS = 468     # a: producer                                     (continuation) offsets of a transaction count
L_BACK = 469        # a: member                                       its producer has its transactional id again
L_OVERDUE = 466     # a: transactional id, b: serial                  it has been open for too long

# --- what a leader answers ------------------------------------------------------------------------------------------
ANSWER_YES = 0
ANSWER_FEW = 1          # NOT_ENOUGH_REPLICAS
ANSWER_NOT_LEADER = 2   # NOT_LEADER_OR_FOLLOWER
ANSWER_GAP = 3          # OUT_OF_ORDER_SEQUENCE_NUMBER
ANSWER_DUPLICATE = 4    # DUPLICATE_SEQUENCE_NUMBER: appended so long ago that its offset is not known any more
ANSWER_FENCED = 5       # INVALID_PRODUCER_EPOCH
ANSWER_NO_TRANSACTION = 6   # INVALID_TXN_STATE: the coordinator knows of no such transaction
BATCHES_KEPT = 5
"""Batches of a producer that a partition remembers (ProducerStateEntry.NUM_BATCHES_TO_RETAIN in apache/kafka)."""

# --- what a producer that works in transactions asks of the coordinator (in the high bits; below: detail) ------------
ASK_BEGIN, ASK_ADD, ASK_END = 0, 1 << 24, 2 << 24       # InitProducerId; AddPartitionsToTxn; EndTxn (1: abort)
ASK_DETAIL = (1 << 24) - 1
ASK_FENCED = 3 << 24                                    # (an answer) PRODUCER_FENCED

# --- what it is at (Collector.stage) ---------------------------------------------------------------------------------
T_NEW, T_BEGINNING, T_OPEN, T_ENDING, T_FENCED = 0, 1, 2, 3, 4

# --- the state of a transactional id (Transaction.state) -------------------------------------------------------------
TX_EMPTY, TX_ONGOING, TX_COMMITTING, TX_ABORTING = 0, 1, 2, 3

# --- why a transaction ended (Transaction.reason; the cause of TRANSACTION_MARKED) -----------------------------------
ENDED_COMMITTED, ENDED_ABORTED, ENDED_OVERDUE, ENDED_FENCED = 0, 1, 2, 3

# --- what became of the transaction of a batch (Batch.outcome) -------------------------------------------------------
UNDECIDED, COMMITTED, ABORTED = 0, 1, 2

# --- where a batch is on its producer's side (Batch.sending) ---------------------------------------------------------
B_OPEN, B_READY, B_FLYING, B_OVER = 0, 1, 2, 3

# --- how a consumer commits (Poller.commit) --------------------------------------------------------------------------
COMMIT_AUTO, COMMIT_BEFORE, COMMIT_AFTER, COMMIT_TRANSACTION = 0, 1, 2, 3
COMMIT = {"auto": 0, "before": 1, "after": 2, "transaction": 3}

# --- what a consumer is doing (Poller.busy) --------------------------------------------------------------------------
IDLE, WORKING, COMMITTING, FLUSHING = 0, 1, 2, 3

# --- what a member has to see to at its next poll (Poller.attend) ----------------------------------------------------
A_DUE = 1           # the interval of automatic commits is over
A_TOLD = 2          # the group rebalances
A_SYNCED = 4        # its share is there
A_LEAVE = 8         # it was asked to stop
A_SEEK = 16         # it is to read on somewhere else
A_LOST = 32         # it is no member any more

# --- where a member stands with its group (Poller.phase), and the group (Coordinator.state) --------------------------
P_OUT, P_JOINING, P_MEMBER = 0, 1, 2
G_EMPTY, G_PREPARING, G_COMPLETING, G_STABLE = 0, 1, 2, 3

# --- where a group begins that has no offset (Coordinator.reset) -----------------------------------------------------
RESET_LATEST, RESET_EARLIEST, RESET_NONE = 0, 1, 2
RESET = {"latest": 0, "earliest": 1, "none": 2}

STOP_SHARE_OUT = 10     # the partitions of a group are to be shared out (handle: group)

ACKS_NONE, ACKS_LEADER, ACKS_ALL = 0, 1, 2
ACKS = {"0": 0, "1": 1, "all": 2}

K_COLLECTED = int(Kind.COLLECTED)
K_IN_SYNC = int(Kind.IN_SYNC)
K_OFFSET_COMMITTED = int(Kind.OFFSET_COMMITTED)
K_APPEND_SKIPPED = int(Kind.APPEND_SKIPPED)
K_LOG_TRUNCATED = int(Kind.LOG_TRUNCATED)
K_PRODUCER_BEGAN = int(Kind.PRODUCER_BEGAN)
K_TRANSACTION_MARKED = int(Kind.TRANSACTION_MARKED)
K_FENCED = int(Kind.FENCED)
K_SPLIT_BEGAN = int(Kind.SPLIT_BEGAN)
K_SPLIT_ENDED = int(Kind.SPLIT_ENDED)
K_NODE_FENCED = int(Kind.NODE_FENCED)
K_REGISTERED = int(Kind.REGISTERED)
K_CONTROLLER_LOST = int(Kind.CONTROLLER_LOST)
K_CONTROLLER_ELECTED = int(Kind.CONTROLLER_ELECTED)
K_STOOD_DOWN = int(Kind.STOOD_DOWN)

# --- kinds of controllers (Log.kind) ---------------------------------------------------------------------------------
DEDICATED, VOTERS, ZOOKEEPER = 0, 1, 2
CONTROLLERS = {"quorum": 0, "zookeeper": 2}
K_REBALANCE_BEGAN = int(Kind.REBALANCE_BEGAN)
K_REBALANCED = int(Kind.REBALANCED)
K_ASSIGNED = int(Kind.ASSIGNED)
K_REVOKED = int(Kind.REVOKED)
K_COMMIT_REJECTED = int(Kind.COMMIT_REJECTED)
K_OFFSET_RESET = int(Kind.OFFSET_RESET)
K_SOUGHT = int(Kind.SOUGHT)
K_POLL_LIMIT = int(Kind.POLL_LIMIT)
K_THROWN_OUT = int(Kind.THROWN_OUT)
K_COORDINATOR_MOVED = int(Kind.COORDINATOR_MOVED)
# fmt: on
