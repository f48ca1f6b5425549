"""What reaches a process that stands still waits: its events are put aside, and happen in order when it goes on.

An event that belongs to such a process goes back into the heap at a time far beyond any run, ``PARKED`` + the time at
which it was due, and gets a new running number; so the numbers keep the order in which things came. When
the process goes on, one walk through the heap finds what waits for it, and

    what came meanwhile (a packet, a timer that went off)     happens at once, in the order in which it came
    work in progress, and work that stands in line behind it   ends later, by as long as the process stood still

Nobody pays for this while no process stands still but for one look at a counter, see :func:`mqlab.core.loop.advance`.
"""

from __future__ import annotations

from mqlab.core.codes import (
    ARRIVALS_CLOSED,
    CONSUMER,
    CONSUMER_WORKS,
    E_ACK_IN,
    E_ACKS_DUE,
    E_ACKS_IN,
    E_ARRIVAL,
    E_CLOSE_SEEN,
    E_COMMIT,
    E_CONFIRM_IN,
    E_CONFIRM_TIMER,
    E_CONNECT,
    E_DELIVERY_IN,
    E_EXPIRE,
    E_FLUSH_END,
    E_FLUSH_START,
    E_FORWARD,
    E_FRAME_IN,
    E_GET_AGAIN,
    E_GET_EMPTY,
    E_GET_IN,
    E_HANDSHAKE,
    E_HEARTBEAT,
    E_MEMORY,
    E_OPENED,
    E_PARCEL,
    E_PARCEL_ACK,
    E_PREPARED,
    E_PUBLISH_DO,
    E_PUBLISH_IN,
    E_QUEUE_EXPIRE,
    E_RECORDED,
    E_REPLY_IN,
    E_RESEND,
    E_RESET_SEEN,
    E_RETURNED_IN,
    E_SERVICE_DONE,
    E_SOCKET,
    E_THREAD,
    E_TIMEOUTS,
    E_TX_AFTER,
    IN_LINE,
    K_RESUMED,
    PRODUCER_BLOCKS,
    RANK_CONTINUE,
    RANK_EVENT,
)
from mqlab.core.frames import COMMIT, frame_kind
from mqlab.core.heap import close_hole, push, reorder
from mqlab.core.recorder import tell
from mqlab.core.records import (
    clients,
    consumers,
    copies,
    deliveries,
    groups,
    heap,
    lanes,
    members,
    nodes,
    producers,
    queues,
    runs,
)
from mqlab.jit import State, kernel, seldom

__all__ = ["PARKED", "park", "park_prepared", "release_client", "release_node"]

PARKED = 1 << 61
_NOBODY = -1
_RANK_SHIFT = 56
_DOWN = 1


@kernel
def _node_of(s: State, kind: int, a: int, b: int, c: int) -> int:
    """Find the node whose process handles an event; _NOBODY if none does."""
    if kind in (E_PUBLISH_IN, E_PUBLISH_DO):
        return clients(s, producers(s, copies(s, a)["producer"])["client"])["node"]
    if kind in (E_ACK_IN, E_ACKS_IN):
        return queues(s, consumers(s, deliveries(s, a)["consumer"])["queue"])["node"]
    if kind == E_DELIVERY_IN:  # the processor has not finished with it yet
        d = deliveries(s, a)
        node = int(queues(s, consumers(s, d["consumer"])["queue"])["node"])
        if d["departs"] > nodes(s, node)["since"]:
            return node
        return _NOBODY
    if kind in (E_FLUSH_START, E_FLUSH_END, E_MEMORY):
        return a
    if kind in (E_SOCKET, E_COMMIT) or (kind == E_FRAME_IN and frame_kind(b) >= COMMIT):
        return clients(s, a)["node"]
    if kind == E_PARCEL:
        return members(s, a)["node"]
    if kind == E_PARCEL_ACK:
        return queues(s, members(s, a)["queue"])["node"]
    if kind == E_QUEUE_EXPIRE:
        return queues(s, a)["node"]
    if kind == E_FORWARD:
        return queues(s, b)["node"]
    if kind == E_EXPIRE:
        return queues(s, a)["node"]
    if kind in (E_GET_IN, E_TIMEOUTS):
        return queues(s, consumers(s, a)["queue"])["node"]
    if kind in (E_HANDSHAKE, E_OPENED, E_CLOSE_SEEN) or (kind == E_HEARTBEAT and c != _DOWN):
        return clients(s, a)["node"]
    return _NOBODY


@kernel
def _client_of(s: State, kind: int, a: int, b: int, c: int) -> int:
    """Find the client whose process handles an event; _NOBODY if none does."""
    if kind in (E_DELIVERY_IN, E_REPLY_IN):
        return consumers(s, deliveries(s, a)["consumer"])["client"]
    if kind in (E_SERVICE_DONE, E_GET_EMPTY, E_GET_AGAIN, E_ACKS_DUE):
        return consumers(s, a)["client"]
    if kind in (E_CONFIRM_IN, E_RESEND, E_PREPARED, E_RECORDED, E_RETURNED_IN):
        return producers(s, copies(s, a)["producer"])["client"]
    if kind in (E_CONFIRM_TIMER, E_TX_AFTER) or (kind == E_ARRIVAL and producers(s, a)["arrivals"] == ARRIVALS_CLOSED):
        return producers(s, a)["client"]
    if kind in (E_CONNECT, E_RESET_SEEN, E_OPENED) or (kind == E_HEARTBEAT and c == _DOWN):
        return a
    if kind == E_FRAME_IN and frame_kind(b) < COMMIT:
        return a
    return _NOBODY


@kernel
def _waits_for_node(s: State, kind: int, a: int, b: int, c: int) -> int:
    node = _node_of(s, kind, a, b, c)
    if node >= 0 and nodes(s, node)["stopped"] == 1:
        return node
    return _NOBODY


@kernel
def _waits(s: State, kind: int, a: int, b: int, c: int) -> bool:
    """Say whether whoever handles an event stands still."""
    if _waits_for_node(s, kind, a, b, c) >= 0:
        return True
    client = _client_of(s, kind, a, b, c)
    return client >= 0 and clients(s, client)["stopped"] == 1


@seldom
def park(s: State, kind: int, a: int, b: int, c: int) -> bool:
    """Put an event aside if whoever handles it stands still."""
    if not _waits(s, kind, a, b, c):
        return False
    push(s, PARKED + runs(s, 0)["now"], RANK_EVENT, kind, a, b, c)
    return True


@seldom
def park_prepared(s: State, copy: int, ends: int, life: int) -> None:
    """Note work that a producer would have done by ``ends``, had it not stood still."""
    push(s, PARKED + ends, RANK_EVENT, E_PREPARED, copy, 0, life)


@kernel
def _is_work(s: State, kind: int, a: int) -> bool:
    """Say whether an event is the end of work, which stands still with its process."""
    if kind == E_PREPARED:
        return producers(s, copies(s, a)["producer"])["prepare"] >= 0
    return kind in (E_PUBLISH_DO, E_SERVICE_DONE, E_DELIVERY_IN, E_OPENED, E_RECORDED)


@kernel
def _later(s: State, i: int, span: int, node: bool) -> None:
    """Let event ``i`` of the heap, which waited for a process, happen now or go on."""
    event = heap(s, i)
    kind = event["kind"]
    a = event["a"]
    time = event["time"]
    now = runs(s, 0)["now"]
    waited = time >= PARKED
    if waited:
        time = time - PARKED
    work = _is_work(s, kind, a) or (kind == E_COMMIT and event["b"] >= IN_LINE)
    if work and (node or (kind != E_DELIVERY_IN and kind != E_OPENED)):
        event["time"] = max(time + span, now)
        if kind == E_DELIVERY_IN:
            d = deliveries(s, a)
            d["departs"] = d["departs"] + span
            client = clients(s, consumers(s, d["consumer"])["client"])
            client["down_last"] = max(client["down_last"], event["time"])
    elif waited:
        event["time"] = now


@kernel
def _spare(s: State, i: int) -> None:
    """Let event ``i`` happen now if it waits for nobody: its queue or its client has moved to another node."""
    event = heap(s, i)
    if event["time"] >= PARKED and not _waits(s, event["kind"], event["a"], event["b"], event["c"]):
        event["time"] = runs(s, 0)["now"]


@seldom
def release_node(s: State, node: int, died: int) -> None:
    """A broker's process goes on, or is killed: what waited for it happens."""
    n = nodes(s, node)
    run = runs(s, 0)
    close_hole(s)
    span = run["now"] - n["since"]
    for i in range(run["heap_n"]):
        event = heap(s, i)
        if (event["order"] >> _RANK_SHIFT) == RANK_CONTINUE:
            continue
        if _node_of(s, event["kind"], event["a"], event["b"], event["c"]) == node:
            _later(s, i, span, True)
        else:
            _spare(s, i)
    reorder(s)
    if n["cpu_free"] > n["since"]:
        n["cpu_free"] = n["cpu_free"] + span
    n["stopped"] = 0
    run["paused"] = run["paused"] - 1
    tell(s, K_RESUMED, -1, 0, n["entity"], -1, 0, span, died, 1)


@seldom
def release_client(s: State, client: int, died: int) -> None:
    """A client's process goes on, or is killed: what waited for it happens."""
    c = clients(s, client)
    run = runs(s, 0)
    close_hole(s)
    span = run["now"] - c["since"]
    for i in range(run["heap_n"]):
        event = heap(s, i)
        if (event["order"] >> _RANK_SHIFT) == RANK_CONTINUE:
            continue
        kind = event["kind"]
        theirs = _client_of(s, kind, event["a"], event["b"], event["c"]) == client
        if theirs and _waits_for_node(s, kind, event["a"], event["b"], event["c"]) < 0:
            _later(s, i, span, False)
        else:
            _spare(s, i)
    reorder(s)
    if c["kind"] == CONSUMER:
        k = consumers(s, c["owner"])
        k["started"] = k["started"] + span
        k["ends"] = k["ends"] + span
        if (k["special"] & CONSUMER_WORKS) != 0:
            for i in range(groups(s, k["group"])["lanes"]):
                lane = lanes(s, k["lane"] + i)
                lane["started"] = lane["started"] + span
                lane["ends"] = lane["ends"] + span
    else:
        p = producers(s, c["owner"])
        if p["busy_until"] > c["since"]:
            p["busy_until"] = p["busy_until"] + span
        if (p["special"] & PRODUCER_BLOCKS) != 0:
            push(s, run["now"], RANK_EVENT, E_THREAD, c["owner"], 0, 0)
    c["stopped"] = 0
    run["paused"] = run["paused"] - 1
    tell(s, K_RESUMED, -1, 0, c["entity"], -1, 0, span, died, 1)
