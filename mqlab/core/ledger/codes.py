"""Small numbers with names that only the ledgers have; those of producers and batches are the log's."""

from __future__ import annotations

from mqlab.trace.kinds import Kind

# fmt: off

# --- heap events ----------------------------------------------------------------------------------------------------
P_ADD_IN = 400      # a: batch, b: which copy, c: epoch of its bookie        an entry reaches a bookie
P_FLUSH = 401       # a: bookie, b: its serial                               its journal begins to flush
P_FLUSHED = 402     # a: bookie, b: its serial                               … and is done
P_WRITEBACK = 403   # a: bookie                                              the page cache is written back
P_ADD_ACK = 404     # a: batch, b: which copy, c: term of its partition      the broker hears of it
P_BOOKIE_LOST = 405 # a: bookie, b: epoch                                    brokers notice that a bookie is gone
P_SESSION = 406     # a: node, b: epoch                                      a broker's session is over
P_OWN = 407         # a: partition, b: term                                  another broker tries to own a partition
P_ATTACH = 408      # a: hand, b: life of its member, c: term                a consumer is connected to a cursor
P_SERVE = 409       # a: cursor                                              it looks for what it can send
P_SERVE_AT = 410    # a: cursor                                              … at a later time
P_DISPATCHED = 411  # a: claim, b: stamp                                     an entry reaches a consumer
P_DONE = 412        # a: member, b: number of its work                       a record is processed
P_ACKS = 413        # a: hand                                                acknowledgements have waited for long
P_ACK_IN = 414      # a: claim, b: hand, c: life of the hand                 an acknowledgement reaches the broker
P_ALL_ACKED = 415   # a: hand, b: its life, c: offset                        … of all up to here
P_NACK = 416        # a: claim, b: stamp                                     a negative acknowledgement is due
P_NACK_IN = 417     # a: claim, b: stamp, c: life of the hand                a consumer wants an entry again
P_OVERDUE = 418     # a: claim, b: stamp                                     the acknowledgement time-out is over
P_FLOW_IN = 419     # a: hand, b: its life, c: permits                       a consumer has room for more
P_LETTER_IN = 420   # a: claim, b: stamp, c: 0 dead letter, 1 retry          a consumer sends a letter
P_KEEP = 421        # a: cursor                                              it writes down what is acknowledged
P_RELEASE = 422     # a: partition                                           (continuation) more is done with
P_ENTRY_DO = 424    # a: batch, b: attempt, c: epoch·256 + node              its broker's processor has read a batch
P_SWITCH = 423      # a: cursor, b: its stamp                                the next consumer becomes the active one

# --- kinds of subscriptions (Cursor.mode) ---------------------------------------------------------------------------
EXCLUSIVE, FAILOVER, SHARED, KEY_SHARED = 0, 1, 2, 3
MODES = {"exclusive": 0, "failover": 1, "shared": 2, "key_shared": 3}

# --- where a bookie's copy of an entry is (Add.state) ---------------------------------------------------------------
A_NONE, A_SENT, A_WAITING, A_HELD = 0, 1, 2, 3

# --- what a subscription knows of an entry (Claim.state, Claim.result) ----------------------------------------------
C_READY, C_SENT, C_DONE = 0, 1, 2
D_ACKED, D_DEAD, D_GONE = 1, 2, 3

# --- what the client does with it (Claim.mine) ----------------------------------------------------------------------
M_QUEUED, M_WORKING, M_HELD, M_ACKED, M_NACKED, M_WRITTEN = 0, 1, 2, 3, 4, 5

# --- what becomes of a record whose handler fails (Group.then) ------------------------------------------------------
THEN_CRASH, THEN_NACK, THEN_HOLD, THEN_LATER = 0, 1, 2, 3
THEN = {"crash": 0, "nack": 1, "hold": 2, "reconsume_later": 3}

SLOTS = 256         # of hashes, for key_shared
LOOK_AHEAD = 2000   # entries past the first that cannot be sent
AT_ONCE = 64

K_OWNED = int(Kind.OWNED)
K_ENSEMBLE_CHANGED = int(Kind.ENSEMBLE_CHANGED)
K_LETTER_SENT = int(Kind.LETTER_SENT)
K_SWITCHED = int(Kind.ACTIVATED)
# fmt: on
