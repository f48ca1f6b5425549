"""The loop: take the first event, hand it to its mechanism, and stop in time.

:func:`advance` is the only kernel that Python calls. It returns why it stopped (``R_…`` of
:mod:`mqlab.core.codes`): the horizon is reached, an array lacks the headroom that one event may need, the world
outside has something to do, or the event budget is used up.
"""

from __future__ import annotations

from mqlab.core.alarms import learn_blocked, look_at_memory, read_socket, unblock, unblocked
from mqlab.core.arrivals import schedule_arrival, seek_arrival
from mqlab.core.asking import got_nothing
from mqlab.core.batching import acks_due, acks_more
from mqlab.core.bins import close_bins, warm
from mqlab.core.blocking import go_on
from mqlab.core.channels import prime_specially, timeouts, together
from mqlab.core.codes import (
    E_ACK_IN,
    E_ACKS_DUE,
    E_ACKS_IN,
    E_ACKS_MORE,
    E_ARRIVAL,
    E_CLOSE_SEEN,
    E_COMMIT,
    E_CONFIRM_IN,
    E_CONFIRM_TIMER,
    E_CONNECT,
    E_CRASH,
    E_DELIVERY_IN,
    E_DISPATCH,
    E_DROP,
    E_EVICT,
    E_EXPIRE,
    E_FLUSH_END,
    E_FLUSH_START,
    E_FORGET,
    E_FRAME_IN,
    E_FRAME_OUT,
    E_GET_AGAIN,
    E_GET_EMPTY,
    E_GET_IN,
    E_HANDSHAKE,
    E_HEARTBEAT,
    E_LEAVE,
    E_LETTER,
    E_MEMORY,
    E_OPENED,
    E_PREPARED,
    E_PUBLISH_DO,
    E_PUBLISH_IN,
    E_PUMP,
    E_QUEUE_CLEAR,
    E_QUEUE_EXPIRE,
    E_RECORDED,
    E_RECOVER,
    E_REPLY_IN,
    E_RESEND,
    E_RESET_SEEN,
    E_RETIRE,
    E_RETURN,
    E_RETURNED_IN,
    E_REVIVE,
    E_ROLLBACK,
    E_SCALE,
    E_SEEK,
    E_SERVICE_DONE,
    E_SETTLE,
    E_SOCKET,
    E_THREAD,
    E_TIMEOUTS,
    E_TOGETHER,
    E_TX_AFTER,
    E_UNBLOCK,
    E_UNHEARD,
    E_UNKNOWN,
    E_WARM,
    E_WRITE,
    QUEUE_HALTED,
    R_BAD_COMMAND,
    R_OUTSIDE,
    R_PAUSE,
    R_REACHED,
    R_ROOM,
    RANK_CONTINUE,
    RANK_EVENT,
    RANK_WORLD,
)
from mqlab.core.commands import command
from mqlab.core.commits import write_commit
from mqlab.core.committing import commit_late
from mqlab.core.connection import close_seen, lost, return_unacked, revive
from mqlab.core.consumer import ack_in, service_done
from mqlab.core.dying import evict, expire
from mqlab.core.exchange import publish_do, publish_in
from mqlab.core.faults import crash, recover
from mqlab.core.frames import BLOCKED, UNBLOCKED, frame_again, frame_kind
from mqlab.core.getting import ask_again, get_in
from mqlab.core.hands import drop_hands, receive
from mqlab.core.heap import close_hole, push, take_top
from mqlab.core.letters import pass_on
from mqlab.core.lifecycle import begin_lives, clear_queue, expire_queue
from mqlab.core.multiple import acks_in
from mqlab.core.opening import connect, connect_first, handshake, opened
from mqlab.core.parking import park
from mqlab.core.pause import unheard
from mqlab.core.producer import arrival, prepared, recorded
from mqlab.core.queue import dispatch, ring_join
from mqlab.core.quorum_events import happen_to_replicas
from mqlab.core.recorder import retire, retire_now
from mqlab.core.records import (
    clients,
    copies,
    heap,
    inbox,
    nodes,
    producers,
    queues,
    runs,
)
from mqlab.core.requests import reply_in
from mqlab.core.returning import returned_in
from mqlab.core.scaling import leave, scale
from mqlab.core.settling import bury, confirm_in, confirm_timer, forget, pump, resend, unknown
from mqlab.core.silence import heartbeat
from mqlab.core.storage import flush_end, flush_start
from mqlab.core.transactions import commit_in, frame_from_socket, roll_back, settle
from mqlab.jit import State, entry, kernel, often, seldom

__all__ = ["advance"]

_RANK_SHIFT = 56


@kernel
def _has_room(s: State) -> bool:
    """Say whether every array has the headroom that one event may need."""
    run = runs(s, 0)
    return (
        run["heap_n"] <= run["heap_full"]
        and run["copy_fresh"] <= run["copies_full"]
        and run["delivery_fresh"] <= run["deliveries_full"]
        and run["outbox_n"] <= run["outbox_full"]
        and run["event_n"] <= run["events_full"]
        and run["fate_n"] <= run["fates_full"]
    )


@often
def _happen_first(s: State, kind: int, a: int, b: int, c: int) -> None:
    """Events along a message's ordinary way, the most frequent first."""
    if kind == E_SERVICE_DONE:
        service_done(s, a, b, c)
    elif kind == E_ARRIVAL:
        arrival(s, a)
    elif kind == E_PUBLISH_IN:
        publish_in(s, a, b, c)
    elif kind == E_DELIVERY_IN:
        receive(s, a, c)
    elif kind == E_ACK_IN:
        ack_in(s, a, b, c)
    elif kind == E_CONFIRM_IN:
        confirm_in(s, a, b, c)
    elif kind == E_PUBLISH_DO:
        publish_do(s, a, b, c)
    elif kind == E_PREPARED:
        prepared(s, a, c)
    elif kind == E_FLUSH_START:
        flush_start(s, a, c)
    elif kind == E_FLUSH_END:
        flush_end(s, a, c)
    else:
        _happen_seldom(s, kind, a, b, c)


@seldom
def _frame_in(s: State, client: int, word: int, epoch: int) -> None:
    """A frame arrives at the client, if its connection is still there."""
    kind = frame_kind(word)
    c = clients(s, client)
    if c["epoch"] != epoch or c["up"] == 0:
        return
    if kind == BLOCKED:
        learn_blocked(s, client)
    elif kind == UNBLOCKED:
        unblocked(s, client)
    else:
        settle(s, c["owner"], kind)


@seldom
def _happen_to_resources(s: State, kind: int, a: int, b: int, c: int) -> None:
    """Alarms, blocked connections and transactions."""
    if kind == E_FRAME_IN:
        _frame_in(s, a, b, c)
    elif kind == E_FRAME_OUT:
        frame_again(s, a, b, c)
    elif kind == E_SOCKET:
        if read_socket(s, a, c):
            frame_from_socket(s, a)
    elif kind == E_UNBLOCK:
        unblock(s, a)
    elif kind == E_MEMORY:
        look_at_memory(s, a)
    elif kind == E_COMMIT:
        commit_in(s, a, b, c)
    elif kind == E_WRITE:
        write_commit(s, a, b, c)
    elif kind == E_ROLLBACK:
        roll_back(s, a, b)
    elif kind == E_SETTLE:
        settle(s, a, b)
    elif kind == E_TX_AFTER:
        commit_late(s, a, c)


@seldom
def _happen_seldom(s: State, kind: int, a: int, b: int, c: int) -> None:
    """Events off a message's ordinary way, and the rest of events cut into pieces."""
    if kind == E_CONFIRM_TIMER:
        confirm_timer(s, a)
    elif kind == E_RESEND:
        resend(s, a, c)
    elif kind == E_DISPATCH:
        if queues(s, a)["dispatching"] != QUEUE_HALTED:
            queues(s, a)["dispatching"] = 0
        dispatch(s, a)
    elif kind == E_PUMP:
        producers(s, a)["pumping"] = 0
        pump(s, a)
    elif kind == E_CONNECT:
        connect(s, a, c)
    elif kind == E_HEARTBEAT:
        heartbeat(s, a, b, c)
    elif kind == E_RESET_SEEN:
        if clients(s, a)["epoch"] == c and (clients(s, a)["silent"] & 2) == 0:
            lost(s, a)
    elif kind == E_REVIVE:
        if clients(s, a)["life"] == c:
            revive(s, a)
    elif kind == E_UNKNOWN:
        unknown(s, a)
    elif kind == E_FORGET:
        forget(s, a)
    elif kind == E_RETURN:
        return_unacked(s, a)
    elif kind == E_DROP:
        drop_hands(s, a, b)
    elif kind == E_CRASH:
        crash(s, a, b, c)
    elif kind == E_RECOVER:
        recover(s, a, b, c)
    elif kind == E_WARM:
        warm(s)
    elif 110 <= kind < 120:
        _happen_to_resources(s, kind, a, b, c)
    elif 150 <= kind < 160:
        _happen_to_consumers(s, kind, a, b, c)
    elif kind == E_REPLY_IN:
        reply_in(s, a, c)
    elif kind == E_RECORDED:
        recorded(s, a, c)
    elif kind == E_HANDSHAKE:
        handshake(s, a, b, c)
    elif kind == E_OPENED:
        opened(s, a, b, c)
    elif kind == E_CLOSE_SEEN:
        close_seen(s, a, c)
    elif kind == E_UNHEARD:
        unheard(s, a, b)
    elif kind == E_RETURNED_IN:
        returned_in(s, a, b, c)
    elif kind == E_QUEUE_CLEAR:
        clear_queue(s, a)
    elif kind == E_QUEUE_EXPIRE:
        expire_queue(s, a, b)
    elif kind == E_SEEK:
        seek_arrival(s, a)
    elif kind == E_THREAD:
        go_on(s, a, -1)
    elif kind == E_EXPIRE:
        expire(s, a, b)
    elif kind == E_LETTER:
        pass_on(s, a, b)
    elif kind == E_EVICT:
        evict(s, a)
    elif kind == E_RETIRE:
        retire_now(s, a)
    else:
        happen_to_replicas(s, kind, a, b, c)


@seldom
def _happen_to_consumers(s: State, kind: int, a: int, b: int, c: int) -> None:
    """Events of consumers that are not plain."""
    if kind == E_GET_IN:
        get_in(s, a, b, c)
    elif kind == E_GET_EMPTY:
        got_nothing(s, a, b, c)
    elif kind == E_GET_AGAIN:
        ask_again(s, a, b, c)
    elif kind == E_ACKS_DUE:
        acks_due(s, a, b, c)
    elif kind == E_ACKS_IN:
        acks_in(s, a, b, c)
    elif kind == E_ACKS_MORE:
        acks_more(s, a, c)
    elif kind == E_TIMEOUTS:
        timeouts(s, a)
    elif kind == E_SCALE:
        scale(s, a, b)
    elif kind == E_LEAVE:
        leave(s, a, b, c)
    elif kind == E_TOGETHER:
        together(s, a, b)


@seldom
def _prime(s: State) -> None:
    """Schedule what is due at the start: consumers stand in line, then first arrivals and the end of warm-up."""
    run = runs(s, 0)
    run["primed"] = 1
    for consumer in range(run["consumers"]):
        ring_join(s, consumer)
    prime_specially(s)
    for producer in range(run["producers"]):
        schedule_arrival(s, producer)
    for node in range(run["nodes"]):
        if nodes(s, node)["memory_limit"] >= 0:
            push(s, nodes(s, node)["memory_check"], RANK_EVENT, E_MEMORY, node, 0, 0)
    for client in range(run["clients"]):
        if clients(s, client)["up"] == 0 and clients(s, client)["alive"] == 1:
            connect_first(s, client)
    begin_lives(s)
    if run["warmup"] > 0:
        push(s, run["warmup"], RANK_WORLD, E_WARM, 0, 0, 0)


@seldom
def _finish(s: State) -> int:
    """The run is over: write the rows of everything that is still alive."""
    run = runs(s, 0)
    close_bins(s, run["now"] + run["bin_ns"])
    if run["cursor"] == 0:
        bury(s)
    while run["cursor"] < run["copy_fresh"]:
        if not _has_room(s):
            return R_ROOM
        slot = run["cursor"]
        c = copies(s, slot)
        if c["live"] == 1 and c["root"] == slot:
            retire(s, slot)
        run["cursor"] = slot + 1
    return R_REACHED


@entry
def advance(s: State, horizon: int, budget: int) -> int:
    """Let everything happen that is due before ``horizon`` (ns), at most ``budget`` events; say why it stopped.

    Commands in the inbox happen first, at the present instant, each followed by its continuations.
    """
    run = runs(s, 0)
    if run["finishing"] == 1:
        return _finish(s)
    if run["primed"] == 0:
        _prime(s)
    for _ in range(budget):
        if not _has_room(s):
            return R_ROOM
        close_hole(s)
        n = run["heap_n"]
        top = heap(s, 0)
        continues = n > 0 and (top["order"] >> _RANK_SHIFT) == RANK_CONTINUE
        if run["inbox_n"] > 0 and not continues:
            word = inbox(s, run["inbox_read"])
            run["inbox_read"] = run["inbox_read"] + 1
            if run["inbox_read"] == run["inbox_n"]:
                run["inbox_read"] = 0
                run["inbox_n"] = 0
            close_bins(s, word["time"])
            run["now"] = word["time"]
            if not command(s, word["kind"], word["a"], word["b"], word["c"]):
                return R_BAD_COMMAND
            continue
        if run["outbox_n"] > 0 and not continues:
            return R_OUTSIDE  # whoever waits for what happened now hears of it now
        if n == 0 or (top["time"] >= horizon and not continues):
            return R_REACHED
        time = top["time"]
        kind = top["kind"]
        a = top["a"]
        b = top["b"]
        c = top["c"]
        take_top(s)
        if time >= run["next_bin"]:
            close_bins(s, time)
        run["now"] = time
        if run["paused"] != 0 and not continues and park(s, kind, a, b, c):
            continue
        _happen_first(s, kind, a, b, c)
    return R_PAUSE
