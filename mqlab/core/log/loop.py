"""The loop of the log's program: :func:`advance_log` is its only kernel that Python calls.

It returns why it stopped, as :func:`mqlab.core.loop.advance` does for queues.
"""

from __future__ import annotations

from mqlab.core.arrivals import schedule_arrival, seek_arrival
from mqlab.core.codes import (
    E_ARRIVAL,
    E_SEEK,
    E_WARM,
    K_SILENCE_BEGAN,
    K_SILENCE_ENDED,
    R_BAD_COMMAND,
    R_PAUSE,
    R_REACHED,
    R_ROOM,
    RANK_CONTINUE,
    RANK_EVENT,
    RANK_WORLD,
    W_CRASH_CLIENT,
    W_CRASH_NODE,
    W_PAUSE_NODE,
    W_POWER_LOSS,
    W_RESET,
    W_RESTART_CLIENT,
    W_RESTART_NODE,
    W_SIDE,
    W_SILENCE,
    W_SLOW_NODE,
    W_SPEAK,
    W_SPLIT,
)
from mqlab.core.hardware.codes import H_FLUSH, H_NET, H_PASS, H_SERVED, H_SUBMIT
from mqlab.core.hardware.disks import flush_every, pass_over, served, submit
from mqlab.core.hardware.network import net_event
from mqlab.core.hardware.records import files, hards, machines
from mqlab.core.heap import close_hole, push, take_top
from mqlab.core.log.answering import answered, let_all_go, let_go_flying, timed_out
from mqlab.core.log.batches import retire
from mqlab.core.log.carrying import fetch_came, turn
from mqlab.core.log.codes import (
    COMMIT_AUTO,
    L_AFTER,
    L_ANSWER_IN,
    L_ASK_AGAIN,
    L_ASK_ANEW,
    L_ASK_IN,
    L_ASKED,
    L_AUTO,
    L_BATCH_DO,
    L_BATCH_IN,
    L_BATCH_ON,
    L_BATCH_PUT,
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
    L_FETCHED,
    L_FLUSH,
    L_FORGET,
    L_GIVE,
    L_GIVE_OUT,
    L_GOT,
    L_LAG,
    L_LEARN,
    L_MARKER,
    L_OVERDUE,
    L_PREFER,
    L_PUMP,
    L_RELEASE,
    L_RESET,
    L_TAKE_OVER,
    L_TIMER,
    L_TOLD,
    L_TURN,
)
from mqlab.core.log.collecting import arrival, open_for_long_enough
from mqlab.core.log.controlling import fence, learn, prefer, take_over
from mqlab.core.log.coordinator import asked, overdue
from mqlab.core.log.electing import cut, elect, flush
from mqlab.core.log.failing import crash_node, park, pause_node, restart_node, split
from mqlab.core.log.following import ask_leader, fetch_in, fetch_on, fetch_put, fetched, hear, look_at_lag
from mqlab.core.log.incarnations import crash_producer, forget, restart_producer, told
from mqlab.core.log.leading import batch_do, batch_in, batch_on, batch_put, give_on, give_out, release_head
from mqlab.core.log.marking import marker_in
from mqlab.core.log.reaching import take_side
from mqlab.core.log.reading import (
    ask,
    ask_again,
    ask_in,
    auto_commit,
    commit_in,
    committed,
    crash_member,
    done,
    got,
    restart_member,
)
from mqlab.core.log.records import batches, logs, partitions, pollers
from mqlab.core.log.sending import pump_again
from mqlab.core.log.series import close_bins, warm
from mqlab.core.log.storing import mark_submitted, safe
from mqlab.core.log.transactions import ask_anew
from mqlab.core.recorder import tell
from mqlab.core.records import clients, heap, inbox, runs
from mqlab.core.slow import slow_node
from mqlab.jit import State, entry, kernel, seldom

__all__ = ["advance_log"]

_RANK_SHIFT = 56
_PRODUCER = 0
_BOTH = 3


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
        commit_in(s, a, b)
    elif kind == L_COMMITTED:
        committed(s, a, b)
    elif kind >= H_NET:
        _happen_to_machines(s, kind, a, b, c)
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
        _happen_to_transactions(s, kind, a, b, c)
    elif kind == E_SEEK:
        seek_arrival(s, a)
    elif kind == E_WARM:
        warm(s)


@seldom
def _happen_to_transactions(s: State, kind: int, a: int, b: int, c: int) -> None:
    """What is between producers and the coordinator, and markers."""
    if kind == L_ASKED:
        asked(s, a, b, c)
    elif kind == L_TOLD:
        told(s, a, b, c)
    elif kind == L_MARKER:
        marker_in(s, a)
    elif kind == L_AFTER:
        open_for_long_enough(s, a, b)
    elif kind == L_OVERDUE:
        overdue(s, a, b)
    elif kind == L_ASK_ANEW:
        ask_anew(s, a, b, c)
    elif kind == L_FORGET:
        forget(s, a)


@seldom
def _command(s: State, kind: int, a: int, b: int, c: int) -> bool:
    """Do what the world says; False if it makes no sense."""
    run = runs(s, 0)
    if kind == W_SPLIT:
        split(s, c)
        return True
    if kind == W_SIDE:
        if not 0 <= a < (1 - b) * run["nodes"] + b * run["clients"]:
            return False
        take_side(s, a, b)
        return True
    if kind in (W_PAUSE_NODE, W_SLOW_NODE):
        if not 0 <= a < run["nodes"]:
            return False
        if kind == W_PAUSE_NODE:
            pause_node(s, a, c)
        else:
            slow_node(s, a, b, c)
        return True
    if kind in (W_CRASH_NODE, W_POWER_LOSS, W_RESTART_NODE):
        if not 0 <= a < run["nodes"]:
            return False
        if kind == W_RESTART_NODE:
            restart_node(s, a)
        else:
            crash_node(s, a, int(kind == W_POWER_LOSS))
        return True
    if not 0 <= a < run["clients"]:
        return False
    owner = int(clients(s, a)["owner"])
    if clients(s, a)["kind"] == _PRODUCER:
        return _command_producer(s, kind, a, owner)
    if kind == W_CRASH_CLIENT:
        crash_member(s, owner)
    elif kind == W_RESTART_CLIENT:
        restart_member(s, owner)
    else:
        return False
    return True


@seldom
def _command_producer(s: State, kind: int, client: int, producer: int) -> bool:
    """Do to a producer what the world says."""
    if kind == W_CRASH_CLIENT:
        crash_producer(s, producer)
    elif kind == W_RESTART_CLIENT:
        restart_producer(s, producer)
    elif kind == W_RESET:
        let_all_go(s, producer)
    elif kind == W_SILENCE:
        _silence(s, client, _BOTH)
    elif kind == W_SPEAK:
        _silence(s, client, 0)
    else:
        return False
    return True


@kernel
def _silence(s: State, client: int, directions: int) -> None:
    """From now on packets vanish in these directions, and nobody is told."""
    c = clients(s, client)
    if c["silent"] == directions:
        return
    c["silent"] = directions
    kind = K_SILENCE_BEGAN
    if directions == 0:
        kind = K_SILENCE_ENDED
    tell(s, kind, -1, 0, c["entity"], -1, 0, 0, 0, 1)


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
        ask(s, reader)
    for poller in range(log["pollers"]):
        if pollers(s, poller)["commit"] == COMMIT_AUTO:
            push(s, pollers(s, poller)["interval"], RANK_EVENT, L_AUTO, poller, 0, 0)
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
            if not _command(s, word["kind"], word["a"], word["b"], word["c"]):
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
    return R_PAUSE
