"""The loop of the log's program: :func:`advance_log` is its only kernel that Python calls.

It returns why it stopped, as :func:`mqlab.core.loop.advance` does for queues.
"""

from __future__ import annotations

from mqlab.core.arrivals import schedule_arrival, seek_arrival
from mqlab.core.codes import (
    E_ARRIVAL,
    E_SEEK,
    E_WARM,
    R_BAD_COMMAND,
    R_OUTSIDE,
    R_PAUSE,
    R_REACHED,
    R_ROOM,
    RANK_CONTINUE,
    RANK_EVENT,
    RANK_WORLD,
)
from mqlab.core.hardware.codes import H_FLUSH, H_NET, H_PASS, H_SERVED, H_SUBMIT
from mqlab.core.hardware.disks import flush_every, pass_over, served, submit
from mqlab.core.hardware.network import net_event
from mqlab.core.hardware.records import files, hards, machines
from mqlab.core.heap import close_hole, push, take_top
from mqlab.core.log.answering import answered, let_go_flying, timed_out
from mqlab.core.log.batches import retire
from mqlab.core.log.carrying import fetch_came, turn
from mqlab.core.log.codes import (
    COMMIT_AUTO,
    L_ANSWER_IN,
    L_ASK_AGAIN,
    L_ASK_IN,
    L_AUTO,
    L_BATCH_DO,
    L_BATCH_IN,
    L_BATCH_ON,
    L_BATCH_PUT,
    L_BEAT,
    L_COMMIT_IN,
    L_COMMITTED,
    L_CUT,
    L_DONE,
    L_ELECT,
    L_FENCE,
    L_FETCH_ASKED,
    L_FETCH_IN,
    L_FETCH_ON,
    L_FETCH_PUT,
    L_FETCH_WAIT,
    L_FETCHED,
    L_FLUSH,
    L_FORGET,
    L_GIVE,
    L_GIVE_OUT,
    L_GOT,
    L_LAG,
    L_LEARN,
    L_LIMIT,
    L_PREFER,
    L_PUMP,
    L_RELEASE,
    L_RESET,
    L_SCALE,
    L_SEEK,
    L_SESSION,
    L_TAKE_OVER,
    L_TIMER,
    L_TURN,
)
from mqlab.core.log.collecting import arrival
from mqlab.core.log.commanding import command
from mqlab.core.log.committing import commit_in
from mqlab.core.log.controlling import fence, learn, prefer, take_over
from mqlab.core.log.electing import cut, elect, flush
from mqlab.core.log.failing import park
from mqlab.core.log.fetching import ask, ask_again, ask_in
from mqlab.core.log.following import ask_leader, fetch_in, fetch_on, fetch_put, fetched, hear, look_at_lag
from mqlab.core.log.giving import give_on, give_out
from mqlab.core.log.group_events import happen_in_groups
from mqlab.core.log.leading import batch_do, batch_in, batch_on, batch_put
from mqlab.core.log.reading import auto_commit, committed, done, got
from mqlab.core.log.records import batches, coordinators, logs, partitions, pollers, readers, seeks
from mqlab.core.log.releasing import release_head
from mqlab.core.log.sending import pump_again
from mqlab.core.log.series import close_bins, warm
from mqlab.core.log.storing import mark_submitted, safe
from mqlab.core.log.transaction_events import happen_to_transactions
from mqlab.core.records import heap, inbox, runs, steps
from mqlab.jit import State, entry, kernel, seldom

__all__ = ["advance_log"]

_RANK_SHIFT = 56


@kernel
def _has_room(s: State) -> bool:
    """Say whether every array has the headroom that one event may need."""
    run = runs(s, 0)
    return (
        run["heap_n"] <= run["heap_full"]
        and run["copy_fresh"] <= run["copies_full"]
        and run["event_n"] <= run["events_full"]
        and run["fate_n"] <= run["fates_full"]
        and run["jobs_fresh"] <= run["jobs_full"]
    )


@kernel
def _happen(s: State, kind: int, a: int, b: int, c: int) -> None:
    """Events along a record's ordinary way, the most frequent first."""
    if kind == E_ARRIVAL:
        arrival(s, a)
    elif kind == L_DONE:
        done(s, a, b)
    elif kind == L_BATCH_IN:
        batch_in(s, a, b, c)
    elif kind == L_BATCH_DO:
        batch_do(s, a, b, c)
    elif kind == L_ANSWER_IN:
        answered(s, a, b, c)
    elif kind == L_FETCH_IN:
        if hards(s, 0)["on"] == 1:
            hear(s, a, b)
        else:
            fetch_in(s, a, b)
    elif kind == L_FETCHED:
        if c > 0:
            fetch_came(s, a, b, c - 1)
        else:
            fetched(s, a, b)
    elif kind == L_ASK_IN:
        ask_in(s, a, b)
    elif kind == L_GOT:
        got(s, a, b)
    elif kind == L_PUMP:
        pump_again(s, a, b)
    elif kind == L_COMMIT_IN:
        commit_in(s, a, b, c)
    elif kind == L_COMMITTED:
        committed(s, a, b, c)
    elif kind >= H_NET:
        _happen_to_machines(s, kind, a, b, c)
    elif L_FETCH_WAIT <= kind <= L_SEEK:
        happen_in_groups(s, kind, a, b, c)
    else:
        _happen_seldom(s, kind, a, b, c)


@seldom
def _happen_to_machines(s: State, kind: int, a: int, b: int, c: int) -> None:
    """Events that only a model with hardware has."""
    if kind == H_NET:
        net_event(s, a)
    elif kind == L_BATCH_ON:
        batch_on(s, a, b, c)
    elif kind == L_FETCH_ASKED:
        fetch_in(s, a, b)
    elif kind == L_FETCH_ON:
        fetch_on(s, a, b, c - 1)
    elif kind == L_TURN:
        turn(s, a)
    elif kind == L_GIVE_OUT:
        give_out(s, a, b, c)
    elif kind == H_SUBMIT:
        if submit(s, a, b, c):
            mark_submitted(s, a)
    elif kind == H_SERVED:
        file = served(s, a, b)
        if file >= 0:
            safe(s, file)
    elif kind == H_PASS:
        pass_over(s, a, b, c)
    elif kind == H_FLUSH:
        flush_every(s, a, b)
    elif kind == L_BATCH_PUT:
        batch_put(s, a, b, c)
    elif kind == L_FETCH_PUT:
        fetch_put(s, a, b, c - 1)
    elif kind == L_GIVE:
        give_on(s, a, b, c)


@seldom
def _happen_seldom(s: State, kind: int, a: int, b: int, c: int) -> None:
    """Timers, faults and the rest of events cut into pieces."""
    if kind == L_RELEASE:
        partitions(s, a)["releasing"] = 0
        release_head(s, a)
    elif kind == L_TIMER:
        timed_out(s, a)
    elif kind == L_ASK_AGAIN:
        ask_again(s, a, b)
    elif kind == L_AUTO:
        auto_commit(s, a, b)
    elif kind == L_LAG:
        look_at_lag(s, a)
    elif kind == L_RESET:
        let_go_flying(s, a, b)
    elif kind == L_FENCE:
        fence(s, a, b)
    elif kind == L_LEARN:
        learn(s, a, b)
    elif kind == L_ELECT:
        elect(s, a)
    elif kind == L_TAKE_OVER:
        take_over(s, a)
    elif kind == L_PREFER:
        prefer(s)
    elif kind == L_FLUSH:
        flush(s, a)
    elif kind == L_CUT:
        cut(s, a)
    elif kind >= L_FORGET:
        happen_to_transactions(s, kind, a, b, c)
    elif kind == E_SEEK:
        seek_arrival(s, a)
    elif kind == E_WARM:
        warm(s)


@seldom
def _prime(s: State) -> None:
    """Schedule what is due at the start."""
    run = runs(s, 0)
    log = logs(s, 0)
    run["primed"] = 1
    for producer in range(run["producers"]):
        schedule_arrival(s, producer)
    for partition in range(log["partitions"]):
        part = partitions(s, partition)
        push(s, max(part["lag_max"] // 2, 1), RANK_EVENT, L_LAG, partition, 0, 0)
        for i in range(part["replicas"]):
            if part["first"] + i != part["leader"]:
                ask_leader(s, int(part["first"] + i))
    if hards(s, 0)["on"] == 1:
        _prime_machines(s)
    if log["writeback"] > 0 and machines(s, 0)["disks"] == 0:
        for node in range(run["nodes"]):
            push(s, log["writeback"], RANK_EVENT, L_FLUSH, node, 0, 0)
    if log["prefer"] > 0:
        push(s, log["prefer"], RANK_EVENT, L_PREFER, 0, 0, 0)
    for reader in range(log["readers"]):
        if readers(s, reader)["poller"] >= 0:
            ask(s, reader)
    for poller in range(log["pollers"]):
        k = pollers(s, poller)
        if k["alive"] == 0:
            continue
        c = coordinators(s, k["group"])
        place = poller - int(c["first_poller"]) + 1  # members came one after the other, and so do their heartbeats
        push(s, int(c["heartbeat"]) * place // int(c["pollers"]), RANK_EVENT, L_BEAT, poller, 0, 0)
        push(s, c["limit"], RANK_EVENT, L_LIMIT, poller, 0, 0)
        push(s, c["session"], RANK_EVENT, L_SESSION, poller, int(k["incarnation"]), 0)
        if k["commit"] == COMMIT_AUTO:
            push(s, k["interval"], RANK_EVENT, L_AUTO, poller, 0, 0)
    for step in range(run["steps"]):
        push(s, steps(s, step)["at"], RANK_WORLD, L_SCALE, step, 0, 0)
    for number in range(log["seeks"]):
        push(s, seeks(s, number)["at"], RANK_WORLD, L_SEEK, number, 0, 0)
    if run["warmup"] > 0:
        push(s, run["warmup"], RANK_WORLD, E_WARM, 0, 0, 0)


@seldom
def _prime_machines(s: State) -> None:
    """Write-back and flushes come round from the start."""
    for node in range(runs(s, 0)["nodes"]):
        m = machines(s, node)
        if m["writeback"] > 0:
            push(s, m["writeback"], RANK_EVENT, H_PASS, node, int(m["power"]), 0)
        for file in range(m["first_file"], m["first_file"] + m["files"]):
            if files(s, file)["every"] > 0:
                push(s, files(s, file)["every"], RANK_EVENT, H_FLUSH, file, int(m["power"]), 0)


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
def advance_log(s: State, horizon: int, budget: int) -> int:
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
        if run["paused"] > 0 and park(s, kind, a, b, c):
            continue
        _happen(s, kind, a, b, c)
        if run["outbox_n"] > 0:
            return R_OUTSIDE
    return R_PAUSE
