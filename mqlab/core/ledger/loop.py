"""The loop of the ledgers' program: :func:`advance_ledger` is its only kernel that Python calls.

It returns why it stopped, as :func:`mqlab.core.loop.advance` does for queues.
"""

from __future__ import annotations

from mqlab.core.arrivals import schedule_arrival, seek_arrival
from mqlab.core.codes import (
    E_ARRIVAL,
    E_SEEK,
    E_WARM,
    R_BAD_COMMAND,
    R_PAUSE,
    R_REACHED,
    R_ROOM,
    RANK_CONTINUE,
    RANK_EVENT,
    RANK_WORLD,
    W_CRASH_CLIENT,
    W_CRASH_NODE,
    W_POWER_LOSS,
    W_RESTART_CLIENT,
    W_RESTART_NODE,
)
from mqlab.core.heap import close_hole, push, take_top
from mqlab.core.ledger.acknowledging import nack_due, overdue, time_for_acks
from mqlab.core.ledger.codes import (
    P_ACK_IN,
    P_ACKS,
    P_ADD_ACK,
    P_ADD_IN,
    P_ALL_ACKED,
    P_ATTACH,
    P_BOOKIE_LOST,
    P_DISPATCHED,
    P_DONE,
    P_ENTRY_DO,
    P_FLOW_IN,
    P_FLUSH,
    P_FLUSHED,
    P_KEEP,
    P_LETTER_IN,
    P_NACK,
    P_NACK_IN,
    P_OVERDUE,
    P_OWN,
    P_RELEASE,
    P_SERVE,
    P_SERVE_AT,
    P_SESSION,
    P_SWITCH,
    P_WRITEBACK,
)
from mqlab.core.ledger.connecting import attached, switch
from mqlab.core.ledger.dispatching import serve_cursor
from mqlab.core.ledger.journal import add_in, begin_flush, flushed, write_back
from mqlab.core.ledger.letters import letter_in
from mqlab.core.ledger.owning import bookie_lost, crash_node, own, restart_node, session_over
from mqlab.core.ledger.places import retire, sweep
from mqlab.core.ledger.receiving import crash_member, dispatched, done, restart_member
from mqlab.core.ledger.records import bookies, ledgers, stores
from mqlab.core.ledger.returning import nack_in
from mqlab.core.ledger.settling import ack_in, all_acked, flow_in, keep, release_head, wake
from mqlab.core.ledger.standing import warm_up
from mqlab.core.ledger.storing import add_acked, entry_do, entry_in
from mqlab.core.log.answering import answered, let_go_flying, timed_out
from mqlab.core.log.codes import L_ANSWER_IN, L_BATCH_IN, L_PUMP, L_RESET, L_TIMER
from mqlab.core.log.collecting import arrival
from mqlab.core.log.records import batches
from mqlab.core.log.sending import pump_again
from mqlab.core.log.series import close_bins
from mqlab.core.records import clients, heap, inbox, runs
from mqlab.jit import State, entry, kernel, seldom

__all__ = ["advance_ledger"]

_RANK_SHIFT = 56
_PRODUCER = 0


@kernel
def _has_room(s: State) -> bool:
    """Say whether every array has the headroom that one event may need."""
    run = runs(s, 0)
    return (
        run["heap_n"] <= run["heap_full"]
        and run["copy_fresh"] <= run["copies_full"]
        and run["event_n"] <= run["events_full"]
        and run["fate_n"] <= run["fates_full"]
    )


@kernel
def _happen(s: State, kind: int, a: int, b: int, c: int) -> None:
    """Events along a record's ordinary way, the most frequent first."""
    if kind == E_ARRIVAL:
        arrival(s, a)
    elif kind == P_DONE:
        done(s, a, b)
    elif kind == P_SERVE:
        serve_cursor(s, a)
    elif kind == P_ADD_IN:
        add_in(s, a, b, c)
    elif kind == P_ADD_ACK:
        add_acked(s, a, b, c)
    elif kind == P_DISPATCHED:
        dispatched(s, a, b)
    elif kind == P_ACK_IN:
        ack_in(s, a, b, c)
    elif kind == L_BATCH_IN:
        entry_in(s, a, b, c)
    elif kind == P_ENTRY_DO:
        entry_do(s, a, b, c)
    elif kind == L_ANSWER_IN:
        answered(s, a, b, c)
    elif kind == P_FLUSH:
        begin_flush(s, a, b)
    elif kind == P_FLUSHED:
        flushed(s, a, b)
    elif kind == L_PUMP:
        pump_again(s, a, b)
    elif kind == P_ACKS:
        time_for_acks(s, a)
    elif kind == P_ALL_ACKED:
        all_acked(s, a, b, c)
    elif kind == P_FLOW_IN:
        flow_in(s, a, b, c)
    else:
        _happen_seldom(s, kind, a, b, c)
    sweep(s)


@seldom
def _happen_seldom(s: State, kind: int, a: int, b: int, c: int) -> None:
    """Timers, entries that come back, faults, and the rest of events cut into pieces."""
    if kind == P_KEEP:
        keep(s, a)
    elif kind == P_RELEASE:
        stores(s, a)["releasing"] = 0
        release_head(s, a)
    elif kind == P_SERVE_AT:
        wake(s, a)
    elif kind == P_NACK:
        nack_due(s, a, b)
    elif kind == P_NACK_IN:
        nack_in(s, a, b, c)
    elif kind == P_OVERDUE:
        overdue(s, a, b)
    elif kind == P_LETTER_IN:
        letter_in(s, a, b, c)
    elif kind == P_WRITEBACK:
        write_back(s, a)
    elif kind == P_ATTACH:
        attached(s, a, b, c)
    elif kind == P_SWITCH:
        switch(s, a, b)
    elif kind == P_BOOKIE_LOST:
        bookie_lost(s)
    elif kind == P_SESSION:
        session_over(s, a, b, c)
    elif kind == P_OWN:
        own(s, a)
    elif kind == L_TIMER:
        timed_out(s, a)
    elif kind == L_RESET:
        let_go_flying(s, a, b)
    elif kind == E_SEEK:
        seek_arrival(s, a)
    elif kind == E_WARM:
        warm_up(s)


@seldom
def _command(s: State, kind: int, a: int) -> bool:
    """Do what the world says; False if it makes no sense."""
    run = runs(s, 0)
    known = False
    if kind in (W_CRASH_NODE, W_POWER_LOSS, W_RESTART_NODE):
        known = 0 <= a < run["nodes"]
        if known and kind == W_RESTART_NODE:
            restart_node(s, a)
        elif known:
            crash_node(s, a, int(kind == W_POWER_LOSS))
    elif kind in (W_CRASH_CLIENT, W_RESTART_CLIENT):
        known = 0 <= a < run["clients"] and clients(s, a)["kind"] != _PRODUCER
        if known and kind == W_CRASH_CLIENT:
            crash_member(s, int(clients(s, a)["owner"]))
        elif known:
            restart_member(s, int(clients(s, a)["owner"]))
    sweep(s)
    return known


@seldom
def _prime(s: State) -> None:
    """Schedule what is due at the start."""
    run = runs(s, 0)
    ledger = ledgers(s, 0)
    run["primed"] = 1
    for producer in range(run["producers"]):
        schedule_arrival(s, producer)
    if ledger["sync"] == 0 and ledger["writeback"] > 0:
        for node in range(run["nodes"]):
            if bookies(s, node)["is_one"] == 1:
                push(s, ledger["writeback"], RANK_EVENT, P_WRITEBACK, node, 0, 0)
    if run["warmup"] > 0:
        push(s, run["warmup"], RANK_WORLD, E_WARM, 0, 0, 0)


@seldom
def _finish(s: State) -> int:
    """The run is over: write the rows of every batch that somebody still holds."""
    run = runs(s, 0)
    close_bins(s, run["now"] + run["bin_ns"])
    while run["cursor"] < run["copy_fresh"]:
        if not _has_room(s):
            return R_ROOM
        slot = run["cursor"]
        b = batches(s, slot)
        if b["live"] == 1 and b["root"] == slot:
            retire(s, slot)
        run["cursor"] = slot + 1
    return R_REACHED


@entry
def advance_ledger(s: State, horizon: int, budget: int) -> int:
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
            if not _command(s, word["kind"], word["a"]):
                return R_BAD_COMMAND
            continue
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
        _happen(s, kind, a, b, c)
    return R_PAUSE
