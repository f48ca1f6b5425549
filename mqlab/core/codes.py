"""Small numbers with names. Plain module constants, because kernels freeze them."""

from __future__ import annotations

from mqlab.trace.fates import Cause, Fate
from mqlab.trace.kinds import Death, Direction, Dropped, Kind

# fmt: off

# --- ranks: what goes first at the same instant --------------------------------------------------------------------
RANK_CONTINUE = 0   # the rest of an event that was cut into pieces: nothing may come in between
RANK_WORLD = 1      # what the world outside does: faults, hand-written processes
RANK_EVENT = 2      # everything else, in the order in which it was scheduled

# --- heap events ---------------------------------------------------------------------------------------------------
E_ARRIVAL = 0           # a: producer                                 a message is due
E_PREPARED = 1          # a: copy                                     the producer's thread is done with it
E_PUBLISH_IN = 2        # a: copy, b: attempt, c: connection epoch    a publish reaches the broker
E_PUBLISH_DO = 3        # a: copy, b: attempt, c: node epoch          the broker's CPU is done with it
E_CONFIRM_IN = 4        # a: copy, b: 0 yes 1 no, c: connection epoch
E_CONFIRM_TIMER = 5     # a: producer                                 the oldest unconfirmed may be overdue
E_RESEND = 6            # a: copy                                     the pause is over
E_DELIVERY_IN = 7       # a: delivery, c: connection epoch
E_SERVICE_DONE = 8      # a: consumer, b: delivery, c: life of the consumer
E_ACK_IN = 9            # a: delivery, b: ACK_…, c: connection epoch
E_FLUSH_START = 10      # a: node, c: node epoch
E_FLUSH_END = 11        # a: node, c: node epoch
E_CONNECT = 12          # a: client, c: life of the client            try to connect
E_HEARTBEAT = 13        # a: client, b: serial of the silence         silent for too long?
E_RESET_SEEN = 14       # a: client, c: connection epoch              the broker knows no such connection
E_REVIVE = 15           # a: client, c: life of the client            a consumer that died of an exception comes back
E_WARM = 16             #                                             warm-up is over

# routing and the life of queues
E_RETURNED_IN = 130     # a: copy, b: attempt, c: connection epoch    a returned message reaches its producer
E_QUEUE_CLEAR = 131     # a: queue                                    (a continuation) what stood in a deleted queue
E_QUEUE_EXPIRE = 132    # a: queue, b: its lease                      unused for so long
E_SEEK = 100            # a: producer                                 go on looking for its next arrival

# continuations
E_DISPATCH = 20         # a: queue
E_PUMP = 21             # a: producer                                 send what is buffered
E_UNKNOWN = 22          # a: producer                                 unconfirmed after the connection ended
E_FORGET = 23           # a: producer                                 it died
E_RETURN = 24           # a: client (a consumer's)                    unacked go back to the queue
E_DROP = 25             # a: consumer, b: 1 if it died                what it had in its hands
E_CRASH = 26            # a: node, b: stage·2 + power, c: cursor
E_RECOVER = 27          # a: node, b: queue, c: copy (next to report)
E_THREAD = 101          # a: producer                                 its thread goes on with who waits for it

# what the broker's resources do
E_FRAME_OUT = 110       # a: client, b: frame, c: connection epoch    TCP sends it again
E_FRAME_IN = 111        # a: client, b: frame, c: connection epoch
E_SOCKET = 112          # a: client, c: number of the reading         the next publish is read from its socket
E_UNBLOCK = 113         # a: client (next to unblock)                 a continuation
E_MEMORY = 114          # a: node                                     the broker looks at its memory
E_COMMIT = 115          # a: client, b: frame, c: connection epoch    a commit or rollback reaches the broker
E_WRITE = 116           # a: node, b: copy, c: node epoch             the rest of a commit is written; a continuation
E_ROLLBACK = 117        # a: client, b: 1 if it asked for it          a continuation
E_SETTLE = 118          # a: producer, b: frame                       the answer to a commit; a continuation
E_TX_AFTER = 119        # a: producer, c: number of the transaction   open for long enough
# what only some consumers do (150-159)
E_GET_IN = 150          # a: consumer, b: number of the request, c: connection epoch     a basic.get reaches the broker
E_GET_EMPTY = 151       # a: consumer, b: number of the request, c: connection epoch     its answer: there is nothing
E_GET_AGAIN = 152       # a: consumer, b: number of the request, c: connection epoch     time to ask again
E_ACKS_DUE = 153        # a: consumer, b: number of the batch, c: connection epoch       what was collected is sent now
E_ACKS_IN = 154         # a: delivery (the last), b: 1 the rest of it, c: connection epoch   an ack of several
E_TIMEOUTS = 155        # a: consumer                                 is a delivery unacknowledged for too long?
E_SCALE = 156           # a: step, b: member to look at next
E_LEAVE = 157           # a: client, b: LEAVE_…, c: connection epoch  a member says goodbye
E_TOGETHER = 158        # a: client, b: TOGETHER_…                    who shares a channel shares its end
E_ACKS_MORE = 159       # a: consumer, c: connection epoch            the rest of what was collected
# connections, pauses
E_HANDSHAKE = 120       # a: client, b: node epoch, c: life           its first packet reaches the broker
E_OPENED = 121          # a: client, b: node epoch, c: life           the handshake is over
E_CLOSE_SEEN = 122      # a: client, c: connection epoch              the broker learns that the client has gone
E_UNHEARD = 123         # a: node, b: client (next)                   clients of a paused node begin to wonder
# a replicated queue
E_FORWARD = 170         # a: copy, b: queue                           what came through another node reaches the leader
E_PARCEL = 171          # a: member, b: slot, c: stamp                entries of the log reach a follower
E_PARCEL_ACK = 172      # a: member, b: index, c: stamp               the leader hears what a follower has on disk
E_ELECTION = 173        # a: queue, c: number of the call              the election time-out is over
E_HELD = 174            # a: queue, c: term                           nodes send the new leader what they hold back
E_APPLY = 175           # a: queue                                    (continuation) more committed entries
E_SETTLED = 176         # a: delivery, b: ACK_…                       (continuation) an acknowledgement is committed
E_OVERFLOW = 177        # a: queue                                    (continuation) a commit made it too long
E_REPLICAS = 178        # a: node, b: member                        (continuation) more replicas after a flush
E_STORED = 179          # a: copy                                     the producer's node hears of a commit
# requests, replies and tasks
E_REPLY_IN = 160        # a: delivery, c: connection epoch            a requester looks at a reply
E_RECORDED = 161        # a: copy, c: life of the client              the state of its task is written down
# queue policies
E_EXPIRE = 140          # a: queue, b: serial of its timer, 0: a continuation   the head may be past its time-to-live
E_LETTER = 141          # a: copy, b: Death                          (continuation) to the dead-letter exchange
E_EVICT = 142           # a: queue                                   (continuation) still over its limit
E_RETIRE = 143          # a: copy (a root)                           (continuation) many rows at once

# commands of the world
W_CRASH_NODE = 40       # a: node
W_POWER_LOSS = 41       # a: node
W_RESTART_NODE = 42     # a: node
W_CRASH_CLIENT = 43     # a: client
W_RESTART_CLIENT = 44   # a: client
W_RESET = 45            # a: client
W_SILENCE = 46          # a: client
W_SPEAK = 47            # a: client
W_PUBLISH = 48          # a: producer, b: key (-1: draw), c: size (-1: as the model says)
W_START = 49            # a: delivery, b: its serial                  a hand-written consumer begins to work
W_SETTLE = 50           # a: delivery, b: ACK_… or SETTLE_…, c: its serial

W_DISK_FULL = 210       # a: node
W_DISK_FREE = 211       # a: node
W_CUT = 220             # a: client, b: direction, c: 1 begins 0 ends
W_SLOW_NODE = 221       # a: node, b: factor in millionths, c: 1 begins 0 ends
W_SLOW_CLIENT = 222     # a: client, b: factor in millionths, c: 1 begins 0 ends
W_PAUSE_NODE = 223      # a: node, c: 1 begins 0 ends
W_PAUSE_CLIENT = 224    # a: client, c: 1 begins 0 ends
W_CLOCK = 225           # a: node, b: ns to add to its wall clock
W_SIDE = 226            # a: node or client, b: 0 a node 1 a client      it is on the one side of the next split
W_SPLIT = 227           # c: 1 begins 0 ends

# --- acknowledgements ----------------------------------------------------------------------------------------------
ACK_DONE = 0
ACK_REQUEUE = 1
ACK_REJECT = 2

# --- kinds of things -----------------------------------------------------------------------------------------------
PRODUCER, CONSUMER = 0, 1

ARRIVALS_POISSON, ARRIVALS_CONSTANT, ARRIVALS_RAMP, ARRIVALS_CLOSED, ARRIVALS_BY_HAND = 0, 1, 2, 3, 4
ARRIVALS_PIECEWISE, ARRIVALS_BURST, ARRIVALS_MMPP, ARRIVALS_HAWKES, ARRIVALS_TRACE = 5, 6, 7, 8, 9
ARRIVALS = {
    "poisson": 0, "constant": 1, "ramp": 2, "closed": 3, "by_hand": 4,
    "piecewise": 5, "burst": 6, "mmpp": 7, "hawkes": 8, "trace": 9,
}

KEYS_NONE, KEYS_SEQUENCE, KEYS_UNIFORM, KEYS_ZIPF, KEYS_RECORDED = 0, 1, 2, 3, 4
KEYS = {"none": 0, "sequence": 1, "uniform": 2, "zipf": 3, "recorded": 4}

PRODUCER_BUFFER = 1     # its buffer has an end
PRODUCER_BLOCKS = 64    # and its thread waits there
FULL_BLOCK, FULL_DROP_NEWEST, FULL_DROP_OLDEST, FULL_FAIL = 0, 1, 2, 3
WHEN_FULL = {"block": 0, "drop-newest": 1, "drop-oldest": 2, "fail": 3}
THREAD_FREE, THREAD_PREPARES, THREAD_STUCK = 0, 1, 2

DIST_CONSTANT, DIST_UNIFORM, DIST_EXPONENTIAL, DIST_ERLANG, DIST_LOGNORMAL, DIST_HYPER, DIST_SUM, DIST_MAX = range(8)

OVERFLOW_DROP_HEAD, OVERFLOW_REJECT, OVERFLOW_DROP_NEWEST, OVERFLOW_REJECT_DLX = 0, 1, 2, 3
OVERFLOW = {"drop-head": 0, "reject-publish": 1, "drop-newest": 2, "reject-publish-dlx": 3}

# --- what is special about a queue (Queue.special) -----------------------------------------------------------------
Q_TTL = 1           # what stands in it may expire
Q_PRIORITY = 2      # it has levels
Q_LETTERS = 4       # what dies in it goes to a dead-letter exchange
Q_BYTES = 8         # its bytes are bounded
Q_LIMIT = 16        # it counts how often a copy comes back
Q_SINGLE = 32       # one consumer is served at a time
Q_RANKED = 64       # its consumers have priorities
Q_STANDING = Q_TTL | Q_PRIORITY | Q_BYTES   # joining it is more than standing in a fifo
Q_TURNS = Q_SINGLE | Q_RANKED               # standing in its ring is more than taking turns

THEN_CRASH, THEN_REQUEUE, THEN_REJECT, THEN_HOLD = 0, 1, 2, 3
THEN = {"crash": 0, "requeue": 1, "reject": 2, "hold": 3}

# --- where a message is on its producer's side (Copy.sending) ------------------------------------------------------
S_PREPARING = 0
S_BUFFERED = 1      # in the producer's buffer list
S_UNCONFIRMED = 2   # in the producer's unconfirmed list
S_WAITING = 3       # for the next try
S_CONFIRMED = 4     # confirmed while waiting for the next try
S_OVER = 5          # the producer has nothing to do with it any more

# --- where a copy is (Copy.state) ----------------------------------------------------------------------------------
C_NOWHERE = 0       # never reached a queue
C_READY = 1         # in its queue
C_UNACKED = 2       # delivered, not settled
C_GONE = 3          # settled or dropped; no way back
C_VANISHED = 4      # a crash took it; a re-send may bring it back
C_REFUSED = 5       # the queue did not take it; a re-send may find room
C_PENDING = 20      # in the log of a replicated queue, not committed (or on its way there)
C_SETTLING = 21     # delivered; its acknowledgement is in the log, not committed (or on its way there)

# --- the life of a queue -------------------------------------------------------------------------------------------
Q_LAZY = 1024           # Queue.special: what is ready stands on the disk
Q_LIFE = 256            # Queue.special: it may be deleted and declared again, or lose its bindings
M_ALL_THERE, M_UNBOUND, M_GONE = 0, 1, 2                            # Queue.missing
LIFE_UNUSED, LIFE_EXPIRED, LIFE_RESTART, LIFE_UNBOUND = 0, 1, 2, 3  # why it was deleted (Ending)

# --- what a producer wants (Producer.special) ----------------------------------------------------------------------
PRODUCER_MANDATORY = 4         # told what finds no queue

# --- flags of a copy (Copy.flags) ----------------------------------------------------------------------------------
FLAG_HOP = 1        # the broker put it there (a dead letter …): no confirm waits for it
FLAG_COMMITTING = 64   # its commit waits for it
FLAG_PAGED = 128    # ready in a lazy queue, and only on disk

# --- what is special about a consumer (Consumer.special) -------------------------------------------------------------
CONSUMER_PULL = 1           # it asks for each message
CONSUMER_LANES = 2          # it works on several deliveries at once
CONSUMER_LOOKS = 4          # it looks something up before it works
CONSUMER_BATCH = 8          # it acknowledges several at once
CONSUMER_SHARED = 16        # its group's members share one channel
CONSUMER_TIMEOUT = 32       # the broker closes its channel when it keeps a delivery for too long
CONSUMER_SCALED = 64        # its group grows and shrinks
CONSUMER_LEAVING = 128      # it was asked to stop, and begins nothing new
CONSUMER_CANCELLED = 256    # the broker knows that, and sends it nothing more
CONSUMER_FREE = 512         # it knows that the broker knows
CONSUMER_SERVER = 1 << 14   # it answers requests
CONSUMER_EXPECTS = 1 << 15  # it looks up the state of a task before it begins
CONSUMER_WORKS = 1023 | CONSUMER_SERVER | CONSUMER_EXPECTS  # any of these: what it works on stands in its lanes

# --- marks of a delivery at its consumer (Delivery.held) -------------------------------------------------------------
MARK_BEGUN = 1      # a hand-written consumer works on it
MARK_DONE = 2       # its acknowledgement waits for those of others
MARK_SENT = 4       # its acknowledgement has left
MARK_SILENT = 8     # the handler kept silent about it
MARK_SEEN = 16      # the look-up before the work found its business id
MARK_EMPTY = 32     # the look-up before the work found nothing left to sell

# --- what a group remembers (Group.memory) ---------------------------------------------------------------------------
MEMORY_IDS = 1      # business ids
MEMORY_LATE = 2     # looked up before the work, written after it
MEMORY_COUNT = 4    # only the last so many
MEMORY_TIME = 8     # only for so long
MEMORY_STOCK = 16   # how many items are sold
MEMORY_STOCK_LATE = 32

# --- how a member leaves (event E_LEAVE) and what befalls those who share a channel (E_TOGETHER) ---------------------
LEAVE_CANCEL, LEAVE_CANCELLED, LEAVE_CLOSE, LEAVE_DEAD = 0, 1, 2, 3
TOGETHER_LOST, TOGETHER_CLOSED, TOGETHER_DEAD, TOGETHER_RESTART = 0, 1, 2, 3
# --- flags of one direction of a link (Side.special) ---------------------------------------------------------------
SIDE_LOSS = 1       # loses packets, each for itself
SIDE_BURSTS = 2     # loses packets in bursts (Gilbert and Elliott)
SIDE_BANDWIDTH = 4  # sends one packet after the other

# --- how safe a copy is (Copy.storage) -----------------------------------------------------------------------------
D_MEMORY, D_WRITTEN, D_SYNCED = 0, 1, 2

# --- whether a copy waits for the disk (Copy.on_disk_list) ---------------------------------------------------------
L_NONE = 0
L_AWAITED = 1       # on a list; its message's confirm waits for it
L_QUIET = 2         # on a list; nobody waits for it
L_LATE = 3          # on no list; survived a crash as WRITTEN: the first flush after number `dnext` covers it

# --- what a node has to look after (Node.special) ------------------------------------------------------------------
NODE_MEMBERS = 4096 # queues have a replica on it
NODE_LIES = 1024    # its disk says "synced" too early
NODE_ALARMS = 2048  # some node of the cluster may raise an alarm
NODE_COMMITS = 512  # somebody works in transactions
NODE_LAZY = 256     # it has lazy queues

# --- what a producer has to look after (Producer.special) ----------------------------------------------------------
PRODUCER_TRANSACTIONS = 2   # it works in transactions
PRODUCER_BLOCKED = 1024     # it knows that its connection is blocked
PRODUCER_WAITS = 2048       # for the answer to its commit
PRODUCER_HALTED = 3072      # either: it keeps what it has to send

# --- alarms (Node.alarm), and what the broker does with a client's socket (Client.socket) ---------------------------
ALARM_MEMORY, ALARM_DISK = 1, 2
SOCKET_READING, SOCKET_BLOCKED, SOCKET_DRAINING = 0, 1, 2
HELD_IN_TRANSACTION, HELD_IN_SOCKET = 0, 1
# --- what is special about requests and replies (Producer.special) -------------------------------------------------
PRODUCER_REQUEST = 8            # its messages ask for replies
PRODUCER_SERVER = 1 << 14       # a consumer's own: what it publishes are replies
PRODUCER_RECORD = 1 << 15       # it writes down the state of each task

BY_WORLD, BY_REQUESTER = 1, 2   # whose hands a consumer's deliveries go to (Consumer.by_hand)

REPLY_OWN, REPLY_DIRECT, REPLY_QUEUE = 0, 1, 2
REPLY_TO = {"own": 0, "direct": 1, "queue": 2}

UNRECORDED_DISCARD, UNRECORDED_REQUEUE, UNRECORDED_WAIT = 0, 1, 2
UNRECORDED = {"discard": 0, "requeue": 1, "wait": 2}

# --- what a producer is told (Producer.confirm), and what the broker does with a channel's transaction --------------
CONFIRM_NONE, CONFIRM_EACH, CONFIRM_COMMITS = 0, 1, 2
TX_OPEN, TX_ROUTING, TX_ANSWERING = 0, 1, 2
IN_LINE = 1 << 30   # in the word of a commit: it stands in line behind its publishes, for the processor

# --- stops: why the core hands over to the world -------------------------------------------------------------------
STOP_DELIVERY = 1   # a hand-written consumer has something in its hands (entity: consumer, handle: delivery)
STOP_SETTLED = 2    # a hand-written producer's message was settled (entity: producer, handle: message number)

# --- what advance() returns ----------------------------------------------------------------------------------------
R_REACHED = 0       # no event before the horizon is left
R_ROOM = 1          # an array needs to grow, or rows need to be drained
R_OUTSIDE = 2       # there are stops for the world
R_PAUSE = 3         # the event budget is used up (so that Python can show progress and notice Ctrl-C)
R_BAD_COMMAND = 4   # the world asked for something that does not exist

QUEUE_REPLICATED = 4096
QUEUE_HALTED = 2    # Queue.dispatching: a replicated queue without a leader or a majority hands out nothing
WINDOW = 256        # packets on their way to one replica; what comes then waits and goes in one
NEVER = 1 << 62     # a moment that does not come
LETTERS_MAX = 2000  # copies of one message; its rows are written at one moment
COPIES_AT_ONCE = 8  # a message with more of them is retired by an event of its own

CHUNK = 256         # how much of an unbounded piece of work is done at once
DISPATCH_CHUNK = 64

# levels
LEVEL_COUNTS, LEVEL_FATES, LEVEL_EVENTS = 0, 1, 2

# --- trace codes as plain ints (kernels freeze module constants; an enum member is more than that) -----------------
K_CREATED = int(Kind.CREATED)
K_SENT = int(Kind.SENT)
K_BUFFERED = int(Kind.BUFFERED)
K_PACKET_LOST = int(Kind.PACKET_LOST)
K_PACKET_DUPLICATED = int(Kind.PACKET_DUPLICATED)
K_CONFIRMED = int(Kind.CONFIRMED)
K_REFUSED = int(Kind.REFUSED)
K_TIMED_OUT = int(Kind.TIMED_OUT)
K_UNKNOWN = int(Kind.UNKNOWN)
K_PUBLISH_FAILED = int(Kind.PUBLISH_FAILED)
K_BACKED_OFF = int(Kind.BACKED_OFF)
K_GAVE_UP = int(Kind.GAVE_UP)
K_FORGOTTEN = int(Kind.FORGOTTEN)
K_HELD_BACK = int(Kind.HELD_BACK)
K_OVERFLOWED = int(Kind.OVERFLOWED)
K_BLOCKED = int(Kind.BLOCKED)
K_COMMIT_SENT = int(Kind.COMMIT_SENT)
K_ROLLED_BACK = int(Kind.ROLLED_BACK)
K_ARRIVED = int(Kind.ARRIVED)
K_UNROUTABLE = int(Kind.UNROUTABLE)
K_ENQUEUED = int(Kind.ENQUEUED)
K_ENQUEUE_REFUSED = int(Kind.ENQUEUE_REFUSED)
K_EVICTED = int(Kind.EVICTED)
K_WRITTEN = int(Kind.WRITTEN)
K_SYNCED = int(Kind.SYNCED)
K_CONFIRM_SENT = int(Kind.CONFIRM_SENT)
K_VANISHED = int(Kind.VANISHED)
K_RECOVERED = int(Kind.RECOVERED)
K_DISPATCHED = int(Kind.DISPATCHED)
K_ACKED = int(Kind.ACKED)
K_REQUEUED = int(Kind.REQUEUED)
K_DISCARDED = int(Kind.DISCARDED)
K_ACK_IGNORED = int(Kind.ACK_IGNORED)
K_RETURN_SENT = int(Kind.RETURN_SENT)
K_RETURNED = int(Kind.RETURNED)
K_QUEUE_DECLARED = int(Kind.QUEUE_DECLARED)
K_QUEUE_DELETED = int(Kind.QUEUE_DELETED)
K_DELETED = int(Kind.DELETED)
K_STALE_PACKET = int(Kind.STALE_PACKET)
K_EXPIRED = int(Kind.EXPIRED)
K_DEAD_LETTERED = int(Kind.DEAD_LETTERED)
K_ACTIVATED = int(Kind.ACTIVATED)
K_LETTER_DROPPED = int(Kind.LETTER_DROPPED)
K_DELIVERED = int(Kind.DELIVERED)
K_STARTED = int(Kind.STARTED)
K_EFFECT = int(Kind.EFFECT)
K_PROCESSED = int(Kind.PROCESSED)
K_DEDUPLICATED = int(Kind.DEDUPLICATED)
K_FAILED = int(Kind.FAILED)
K_HELD = int(Kind.HELD)
K_ACK_SENT = int(Kind.ACK_SENT)
K_NACK_SENT = int(Kind.NACK_SENT)
K_DROPPED = int(Kind.DROPPED)
K_CHANNEL_CLOSED = int(Kind.CHANNEL_CLOSED)
K_MEMBER_JOINED = int(Kind.MEMBER_JOINED)
K_MEMBER_LEFT = int(Kind.MEMBER_LEFT)
K_SOLD_OUT = int(Kind.SOLD_OUT)
K_GOT_NOTHING = int(Kind.GOT_NOTHING)
K_NODE_CRASHED = int(Kind.NODE_CRASHED)
K_NODE_RESTARTED = int(Kind.NODE_RESTARTED)
K_CLIENT_CRASHED = int(Kind.CLIENT_CRASHED)
K_CLIENT_RESTARTED = int(Kind.CLIENT_RESTARTED)
K_CONNECTION_LOST = int(Kind.CONNECTION_LOST)
K_CONNECTION_CLOSED = int(Kind.CONNECTION_CLOSED)
K_CONNECTED = int(Kind.CONNECTED)
K_SILENCE_BEGAN = int(Kind.SILENCE_BEGAN)
K_SILENCE_ENDED = int(Kind.SILENCE_ENDED)
K_FLUSH_BEGAN = int(Kind.FLUSH_BEGAN)
K_FLUSH_ENDED = int(Kind.FLUSH_ENDED)
K_ALARM_RAISED = int(Kind.ALARM_RAISED)
K_ALARM_CLEARED = int(Kind.ALARM_CLEARED)
K_CONNECTION_BLOCKED = int(Kind.CONNECTION_BLOCKED)
K_CONNECTION_UNBLOCKED = int(Kind.CONNECTION_UNBLOCKED)
K_CLOCK_CHANGED = int(Kind.CLOCK_CHANGED)
K_SLOWED = int(Kind.SLOWED)
K_SLOW_ENDED = int(Kind.SLOW_ENDED)
K_PAUSED = int(Kind.PAUSED)
K_RESUMED = int(Kind.RESUMED)
K_CONNECTION_REFUSED = int(Kind.CONNECTION_REFUSED)
K_PARTITION_BEGAN = int(Kind.PARTITION_BEGAN)
K_PARTITION_ENDED = int(Kind.PARTITION_ENDED)
K_APPENDED = int(Kind.APPENDED)
K_REPLICATED = int(Kind.REPLICATED)
K_LEADER_ELECTED = int(Kind.LEADER_ELECTED)
K_LEADER_LOST = int(Kind.LEADER_LOST)
K_QUORUM_LOST = int(Kind.QUORUM_LOST)
K_QUORUM_REGAINED = int(Kind.QUORUM_REGAINED)
K_AWAITS_LEADER = int(Kind.AWAITS_LEADER)
K_ACK_APPENDED = int(Kind.ACK_APPENDED)
K_ACK_UNDONE = int(Kind.ACK_UNDONE)
K_REQUEST_TIMED_OUT = int(Kind.REQUEST_TIMED_OUT)
K_REPLY_LATE = int(Kind.REPLY_LATE)
K_REPLIED = int(Kind.REPLIED)
K_ANSWERED = int(Kind.ANSWERED)
K_TASK_RECORDED = int(Kind.TASK_RECORDED)
K_TASK_ABANDONED = int(Kind.TASK_ABANDONED)

F_PROCESSED = int(Fate.PROCESSED)
F_IN_FLIGHT = int(Fate.IN_FLIGHT)
F_DEAD_LETTERED = int(Fate.DEAD_LETTERED)
F_EXPIRED = int(Fate.EXPIRED)
F_EVICTED = int(Fate.EVICTED)
F_REJECTED = int(Fate.REJECTED)
F_DISCARDED = int(Fate.DISCARDED)
F_DEDUPLICATED = int(Fate.DEDUPLICATED)
F_UNROUTABLE = int(Fate.UNROUTABLE)
F_NO_SUBSCRIBER = int(Fate.NO_SUBSCRIBER)
F_GAVE_UP = int(Fate.GAVE_UP)
F_ABORTED = int(Fate.ABORTED)
F_DELETED = int(Fate.DELETED)
F_LAPPED = int(Fate.LAPPED)
F_RETENTION = int(Fate.RETENTION)
F_COMPACTED = int(Fate.COMPACTED)
F_LOST = int(Fate.LOST)

X_NONE = int(Cause.NONE)
X_CLIENT_BUFFER = int(Cause.CLIENT_BUFFER)
X_WIRE = int(Cause.WIRE)
X_BROKER_MEMORY = int(Cause.BROKER_MEMORY)
X_UNSYNCED_DISK = int(Cause.UNSYNCED_DISK)
X_UNREPLICATED = int(Cause.UNREPLICATED)
X_TRUNCATED = int(Cause.TRUNCATED)
X_AUTO_ACK = int(Cause.AUTO_ACK)
X_EARLY_COMMIT = int(Cause.EARLY_COMMIT)
X_OFFSET_RESET = int(Cause.OFFSET_RESET)
X_SLOW_JOINER = int(Cause.SLOW_JOINER)
X_OUTPUT_BUFFER = int(Cause.OUTPUT_BUFFER)

DIED_EXPIRED = int(Death.EXPIRED)
DIED_MAXLEN = int(Death.MAXLEN)
DIED_REJECTED = int(Death.REJECTED)
DIED_LIMIT = int(Death.DELIVERY_LIMIT)

DROPPED_UNROUTABLE = int(Dropped.UNROUTABLE)
DROPPED_CYCLE = int(Dropped.CYCLE)
DROPPED_TOO_OFTEN = int(Dropped.TOO_OFTEN)

P_PUBLISH = int(Direction.PUBLISH)
P_CONFIRM = int(Direction.CONFIRM)
P_DELIVERY = int(Direction.DELIVERY)
P_ACK = int(Direction.ACK)
P_RETURN = int(Direction.RETURN)
# fmt: on
