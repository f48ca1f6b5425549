"""Transactions at the broker: publishes kept apart, committed with an fsync of their own, or thrown away.

    publish ─► held ──(tx.commit)──► routed to the queues ──► one fsync for this commit alone ──► tx.commit-ok
                │
                └──(tx.rollback, or the connection ends before tx.commit has come)──► rolled back

Nothing of a transaction is seen by queues before its commit. The commit is not atomic beyond that: a broker that goes
down in the middle may come back with a part of it, a queue that refuses makes the commit fail although others have
taken what it held. Commits queue up for the disk: each has its flush, while confirms share theirs.
Source: https://www.rabbitmq.com/docs/semantics and https://www.rabbitmq.com/blog/2011/02/10/introducing-publisher-confirms.
"""

from __future__ import annotations

from mqlab.core.codes import (
    CHUNK,
    DISPATCH_CHUNK,
    E_COMMIT,
    E_RESET_SEEN,
    E_ROLLBACK,
    E_SETTLE,
    FLAG_COMMITTING,
    IN_LINE,
    K_REFUSED,
    K_ROLLED_BACK,
    PRODUCER_WAITS,
    RANK_CONTINUE,
    RANK_EVENT,
    SOCKET_READING,
    TX_ANSWERING,
    TX_ROUTING,
)
from mqlab.core.commits import queue_commit
from mqlab.core.confirm import answer_commit
from mqlab.core.connection import reset
from mqlab.core.exchange import publish_do
from mqlab.core.frames import COMMIT, COMMITTED, NOT_COMMITTED, ROLLED_BACK, frame_kind, frame_word, send_frame
from mqlab.core.heap import push
from mqlab.core.outgoing import stop_awaiting
from mqlab.core.recorder import emit
from mqlab.core.records import clients, copies, deliveries, nodes, producers, runs
from mqlab.core.sending import after_failure, learn, over
from mqlab.core.settling import pump
from mqlab.core.sockets import abort, let_go
from mqlab.jit import State, kernel, seldom

__all__ = ["commit_in", "frame_from_socket", "roll_back", "settle"]

_GO_ON = -1
"""Instead of a frame: the next piece of a commit."""


@kernel
def _take(s: State, client: int) -> int:
    """Take the first publish that is held; return its message, still held by a packet."""
    c = clients(s, client)
    packet = c["tx_head"]
    following = deliveries(s, packet)["next"]
    c["tx_head"] = following
    if following < 0:
        c["tx_tail"] = -1
    c["tx_n"] = c["tx_n"] - 1
    root = let_go(s, packet)
    n = nodes(s, c["node"])
    n["memory"] = n["memory"] - copies(s, root)["size"]
    return root


@seldom
def roll_back(s: State, client: int, asked: int) -> None:
    """Throw away what is held, a piece at a time; tell the client if it asked for that."""
    c = clients(s, client)
    entity = nodes(s, c["node"])["entity"]
    for _ in range(CHUNK):
        packet = c["tx_head"]
        if packet < 0:
            if asked == 1:
                send_frame(s, client, frame_word(ROLLED_BACK, 0))
            return
        attempt = deliveries(s, packet)["number"]
        root = _take(s, client)
        emit(s, K_ROLLED_BACK, root, entity, -1, attempt, 0, 1 - asked)
        abort(s, root)
    push(s, runs(s, 0)["now"], RANK_CONTINUE, E_ROLLBACK, client, asked, 0)


@kernel
def _do(s: State, client: int, word: int, epoch: int) -> None:
    """Do what a commit or rollback asks, a piece at a time.

    It says how many publishes belong to it: if the broker has not got them all, the stream is broken, and so is the
    connection.
    """
    c = clients(s, client)
    if c["open"] == 0 or c["epoch"] != epoch:
        return
    if word != _GO_ON:
        word = word - IN_LINE
        if word >> 3 != c["tx_n"]:
            reset(s, client)
            return
        if frame_kind(word) != COMMIT:
            roll_back(s, client, 1)
            return
        c["tx_state"] = TX_ROUTING
        c["tx_left"] = c["tx_n"]
        c["tx_failed"] = 0
    n = nodes(s, c["node"])
    for _ in range(DISPATCH_CHUNK):
        packet = c["tx_head"]
        if packet < 0:
            break
        attempt = deliveries(s, packet)["number"]
        root = _take(s, client)
        copies(s, root)["flags"] = copies(s, root)["flags"] | FLAG_COMMITTING
        publish_do(s, root, attempt, n["epoch"])
    if c["tx_head"] >= 0:
        push(s, runs(s, 0)["now"], RANK_CONTINUE, E_COMMIT, client, _GO_ON, epoch)
        return
    c["tx_state"] = TX_ANSWERING
    queue_commit(s, client)
    answer_commit(s, client)


@seldom
def commit_in(s: State, client: int, word: int, epoch: int) -> None:
    """A commit or rollback reaches the broker; it is read after the publishes in the socket, and done after them."""
    if word < 0 or word >= IN_LINE:
        _do(s, client, word, epoch)
        return
    c = clients(s, client)
    n = nodes(s, c["node"])
    now = runs(s, 0)["now"]
    if n["up"] == 0 or c["open"] == 0 or c["epoch"] != epoch:
        if n["up"] == 1 and c["up"] == 1 and c["epoch"] == epoch:
            push(s, now, RANK_EVENT, E_RESET_SEEN, client, 0, epoch)
        return
    if c["socket"] != SOCKET_READING:
        c["frame"] = word + 1
    elif n["cpu_free"] > now:
        push(s, n["cpu_free"], RANK_EVENT, E_COMMIT, client, word + IN_LINE, epoch)
    else:
        _do(s, client, word + IN_LINE, epoch)


@seldom
def frame_from_socket(s: State, client: int) -> None:
    """The socket has been read: what waited behind the publishes comes next."""
    c = clients(s, client)
    word = c["frame"] - 1
    c["frame"] = 0
    if word >= 0:
        commit_in(s, client, word, c["epoch"])


@seldom
def settle(s: State, producer: int, outcome: int) -> None:
    """The broker's answer has reached the producer: it concerns all of its transaction, a piece at a time."""
    p = producers(s, producer)
    entity = clients(s, p["client"])["entity"]
    for _ in range(DISPATCH_CHUNK):
        copy = p["unconfirmed_head"]
        if copy < 0:
            p["special"] = p["special"] & ~PRODUCER_WAITS
            pump(s, producer)
            return
        stop_awaiting(s, copy)
        if outcome == COMMITTED:
            learn(s, copy)
            over(s, copy, 0)
        elif outcome == NOT_COMMITTED:
            emit(s, K_REFUSED, copy, entity, -1, copies(s, copy)["attempts"], 0, 0)
            after_failure(s, copy, 1)
        else:
            over(s, copy, 1)
    push(s, runs(s, 0)["now"], RANK_CONTINUE, E_SETTLE, producer, outcome, 0)
