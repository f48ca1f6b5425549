"""A producer: when messages are created, how they are sent, and what it does until they are settled.

    created ─► (prepared) ─► sent ─► unconfirmed ─► confirmed
                   │           ▲          │
                   ▼           │          ▼
                buffered ──────┘    time-out, unknown, refused ─► pause ─► sent again … or given up

There is one time-out event per producer, for its oldest unconfirmed message: all messages of a producer wait equally
long, so the unconfirmed list is in the order of its deadlines.
"""

from __future__ import annotations

from mqlab.core.arrivals import choose_key, schedule_arrival
from mqlab.core.codes import (
    ARRIVALS_CLOSED,
    DISPATCH_CHUNK,
    E_CONFIRM_TIMER,
    E_FORGET,
    E_PREPARED,
    E_PUBLISH_IN,
    E_PUMP,
    E_RESEND,
    E_UNKNOWN,
    F_GAVE_UP,
    F_IN_FLIGHT,
    F_LOST,
    K_BACKED_OFF,
    K_CONFIRMED,
    K_CREATED,
    K_FORGOTTEN,
    K_GAVE_UP,
    K_PACKET_DUPLICATED,
    K_PACKET_LOST,
    K_PUBLISH_FAILED,
    K_REFUSED,
    K_SENT,
    K_STALE_PACKET,
    K_TIMED_OUT,
    K_UNKNOWN,
    P_CONFIRM,
    P_PUBLISH,
    RANK_CONTINUE,
    RANK_EVENT,
    S_BUFFERED,
    S_CONFIRMED,
    S_OVER,
    S_UNCONFIRMED,
    S_WAITING,
    STOP_SETTLED,
    X_CLIENT_BUFFER,
    X_WIRE,
)
from mqlab.core.confirm import NO, YES
from mqlab.core.distributions import pick, sample
from mqlab.core.exchange import publish_in, suspect
from mqlab.core.hands import stop_for_world
from mqlab.core.heap import push
from mqlab.core.link import LOST, TWIN, UP, cross, doubled, is_instant
from mqlab.core.outgoing import await_confirm, keep, stop_awaiting, unbuffer
from mqlab.core.recorder import emit, new_copy, release
from mqlab.core.records import clients, copies, producers, runs
from mqlab.jit import State, kernel
from mqlab.policies.backoff import backoff_ns
from mqlab.sampling import (
    BACKOFF,
    PREPARE,
    PUBLISH,
    ROUTE,
    identity,
    unit,
)

__all__ = [
    "arrival", "confirm_in", "confirm_timer", "create", "forget", "prepared", "pump", "resend", "schedule_arrival",
    "unknown",
]  # fmt: skip


@kernel
def arrival(s: State, producer: int) -> None:
    """A message is due.

    A producer that is dead at that moment makes none. What comes from outside comes all the same and has its number;
    a closed loop stops until its producer lives again.
    """
    p = producers(s, producer)
    alive = clients(s, p["client"])["alive"] == 1
    if p["arrivals"] == ARRIVALS_CLOSED:
        p["stalled"] = int(not alive)
        if alive:
            create(s, producer, -1, -1)
        return
    if alive:
        create(s, producer, -1, -1)
    else:
        p["sequence"] = p["sequence"] + 1
    schedule_arrival(s, producer)


@kernel
def create(s: State, producer: int, key: int, size: int) -> int:
    """Create the producer's next message now; ``key`` and ``size`` -1 mean: as the model says."""
    p = producers(s, producer)
    run = runs(s, 0)
    sequence = p["sequence"]
    p["sequence"] = sequence + 1
    slot = new_copy(s)
    c = copies(s, slot)
    ident = identity(p["ident"], sequence)
    c["ident"] = ident
    c["number"] = run["number"]
    run["number"] = run["number"] + 1
    run["created"] = run["created"] + 1
    c["sequence"] = sequence
    c["producer"] = producer
    c["persistent"] = p["persistent"]
    c["created"] = run["now"]
    c["refs"] = 1
    if key < 0:
        key = choose_key(s, producer, ident, sequence)
    c["key"] = key
    if size < 0:
        size = p["size"]
    c["size"] = size
    route = p["route"]
    if p["routes"] > 1:
        route = route + pick(s, p["routes_table"], p["routes"], unit(ROUTE, p["ident"], ident, 0, 0))
    c["route"] = route
    client = clients(s, p["client"])
    emit(s, K_CREATED, slot, client["entity"], -1, 0, sequence, 0)
    if p["prepare"] >= 0:
        begins = max(run["now"], p["busy_until"])
        p["busy_until"] = begins + sample(s, p["prepare"], PREPARE, p["ident"], ident, 0, 0)
        push(s, p["busy_until"], RANK_EVENT, E_PREPARED, slot, 0, client["life"])
    else:
        _try_send(s, slot, False)
    return slot


@kernel
def prepared(s: State, copy: int, life: int) -> None:
    """The producer's thread is done with a message."""
    p = producers(s, copies(s, copy)["producer"])
    if clients(s, p["client"])["life"] != life:
        _forget_one(s, copy)
    else:
        _try_send(s, copy, False)


@kernel
def _try_send(s: State, copy: int, again: bool) -> None:
    """Send a message, or keep it until that is possible; what is sent again goes before what is new."""
    producer = copies(s, copy)["producer"]
    p = producers(s, producer)
    client = clients(s, p["client"])
    if p["confirm"] == 0:
        if client["up"] == 0:
            c = copies(s, copy)
            c["attempts"] = c["attempts"] + 1
            emit(s, K_PUBLISH_FAILED, copy, client["entity"], -1, c["attempts"], 0, 0)
            _after_failure(s, copy, 0)
        else:
            _send(s, copy)
        return
    if client["up"] == 1 and (p["max_in_flight"] == 0 or p["unconfirmed"] < p["max_in_flight"]):
        _send(s, copy)
        return
    keep(s, producer, copy, again)


@kernel
def _send(s: State, copy: int) -> None:
    """One try: the publish leaves, and with confirms the clock for its answer starts."""
    c = copies(s, copy)
    producer = c["producer"]
    p = producers(s, producer)
    client = clients(s, p["client"])
    run = runs(s, 0)
    now = run["now"]
    attempt = c["attempts"] + 1
    c["attempts"] = attempt
    if c["sent"] < 0:
        c["sent"] = now
        run["sent"] = run["sent"] + 1
    emit(s, K_SENT, copy, client["entity"], -1, attempt, 0, 0)
    if p["confirm"] == 1:
        await_confirm(s, producer, copy)
        if p["timeout"] > 0:
            c["deadline"] = now + p["timeout"]
            if p["timer"] == 0:
                p["timer"] = 1
                push(s, c["deadline"], RANK_EVENT, E_CONFIRM_TIMER, producer, 0, 0)
    _publish(s, copy, attempt)
    if p["confirm"] == 0:
        _over(s, copy, 2)


@kernel
def _publish(s: State, copy: int, attempt: int) -> None:
    """Put a publish on the wire."""
    c = copies(s, copy)
    index = producers(s, c["producer"])["client"]
    client = clients(s, index)
    epoch = client["epoch"]
    ident = c["ident"]
    now = runs(s, 0)["now"]
    if doubled(s, index, UP, PUBLISH, ident, attempt):
        emit(s, K_PACKET_DUPLICATED, copy, client["entity"], -1, attempt, P_PUBLISH, 0)
        twin = cross(s, index, UP, PUBLISH, ident, attempt + TWIN, now)
        if twin != LOST:
            c["refs"] = c["refs"] + 1
            push(s, twin, RANK_EVENT, E_PUBLISH_IN, copy, attempt, epoch)
    arrives = cross(s, index, UP, PUBLISH, ident, attempt, now)
    if arrives == LOST:
        emit(s, K_PACKET_LOST, copy, client["entity"], -1, attempt, P_PUBLISH, 0)
        suspect(s, copy, X_WIRE)
        return
    c["refs"] = c["refs"] + 1
    if arrives == now and is_instant(s, index, UP):
        publish_in(s, copy, attempt, epoch)
    else:
        push(s, arrives, RANK_EVENT, E_PUBLISH_IN, copy, attempt, epoch)


@kernel
def _over(s: State, copy: int, outcome: int) -> None:
    """The producer has nothing more to do with a message (outcome 0 confirmed, 1 refused, 2 not known)."""
    c = copies(s, copy)
    producer = c["producer"]
    p = producers(s, producer)
    c["sending"] = S_OVER
    if p["by_hand"] == 1:
        stop_for_world(s, STOP_SETTLED, producer, c["number"], 0, outcome)
    release(s, copy)
    if p["arrivals"] == ARRIVALS_CLOSED:
        schedule_arrival(s, producer)


@kernel
def _confirmed(s: State, copy: int) -> None:
    """Note that the producer knows of its success."""
    c = copies(s, copy)
    run = runs(s, 0)
    c["confirmed"] = run["now"]
    run["confirmed"] = run["confirmed"] + 1
    p = producers(s, c["producer"])
    emit(s, K_CONFIRMED, copy, clients(s, p["client"])["entity"], -1, c["attempts"], 0, 0)


@kernel
def _after_failure(s: State, copy: int, refused: int) -> None:
    """A try failed, or its outcome is unknown: try again after a pause, or give up."""
    c = copies(s, copy)
    p = producers(s, c["producer"])
    client = clients(s, p["client"])
    attempt = int(c["attempts"])
    if attempt < p["attempts"]:
        u = unit(BACKOFF, p["ident"], c["ident"], attempt, 0)
        pause = backoff_ns(p["first_pause"], p["factor"], p["max_pause"], p["jitter"], attempt, u)
        c["sending"] = S_WAITING
        emit(s, K_BACKED_OFF, copy, client["entity"], -1, attempt, pause, 0)
        push(s, runs(s, 0)["now"] + pause, RANK_EVENT, E_RESEND, copy, 0, client["life"])
        return
    emit(s, K_GAVE_UP, copy, client["entity"], -1, attempt, 0, refused)
    if c["copies"] == 0 and c["fate"] == F_IN_FLIGHT:
        c["fate"] = F_GAVE_UP
    _over(s, copy, 2 - refused)


@kernel
def resend(s: State, copy: int, life: int) -> None:
    """The pause is over."""
    c = copies(s, copy)
    if c["sending"] == S_CONFIRMED:
        _over(s, copy, 0)
    elif clients(s, producers(s, c["producer"])["client"])["life"] != life:
        _forget_one(s, copy)
    else:
        _try_send(s, copy, True)


@kernel
def confirm_in(s: State, copy: int, word: int, epoch: int) -> None:
    """A confirm reaches the producer; ``word`` is 2·attempt + answer."""
    c = copies(s, copy)
    producer = c["producer"]
    p = producers(s, producer)
    client = clients(s, p["client"])
    attempt = word >> 1
    answer = word & 1
    if client["up"] == 0 or client["epoch"] != epoch:
        emit(s, K_STALE_PACKET, copy, client["entity"], -1, attempt, P_CONFIRM, 0)
        release(s, copy)
        return
    sending = c["sending"]
    if answer == YES:
        if sending == S_UNCONFIRMED:
            stop_awaiting(s, copy)
            _confirmed(s, copy)
            _over(s, copy, 0)
        elif sending == S_BUFFERED and attempt > 0:
            unbuffer(s, copy)
            _confirmed(s, copy)
            _over(s, copy, 0)
        elif sending == S_WAITING:  # too late for the time-out, in time to spare the next try
            _confirmed(s, copy)
            c["sending"] = S_CONFIRMED
    elif answer == NO and sending == S_UNCONFIRMED and attempt == c["attempts"]:
        stop_awaiting(s, copy)
        emit(s, K_REFUSED, copy, client["entity"], -1, attempt, 0, 0)
        _after_failure(s, copy, 1)
    release(s, copy)
    pump(s, producer)


@kernel
def pump(s: State, producer: int) -> None:
    """Send what is buffered, as far as the limit of unconfirmed messages allows, a piece at a time."""
    p = producers(s, producer)
    client = clients(s, p["client"])
    if p["pumping"] == 1:
        return
    for _ in range(DISPATCH_CHUNK):
        copy = p["buffer_head"]
        if copy < 0 or client["up"] == 0 or (p["max_in_flight"] > 0 and p["unconfirmed"] >= p["max_in_flight"]):
            return
        unbuffer(s, copy)
        _send(s, copy)
    p["pumping"] = 1
    push(s, runs(s, 0)["now"], RANK_CONTINUE, E_PUMP, producer, 0, 0)


@kernel
def confirm_timer(s: State, producer: int) -> None:
    """Look whether the oldest unconfirmed messages are overdue; come back when the next one may be."""
    p = producers(s, producer)
    client = clients(s, p["client"])
    now = runs(s, 0)["now"]
    for _ in range(DISPATCH_CHUNK):
        copy = p["unconfirmed_head"]
        if copy < 0:
            break
        c = copies(s, copy)
        if c["deadline"] > now:
            break
        stop_awaiting(s, copy)
        emit(s, K_TIMED_OUT, copy, client["entity"], -1, c["attempts"], 0, 0)
        _after_failure(s, copy, 0)
    p["timer"] = 0
    copy = p["unconfirmed_head"]
    if copy >= 0:
        p["timer"] = 1
        push(s, max(copies(s, copy)["deadline"], now), RANK_EVENT, E_CONFIRM_TIMER, producer, 0, 0)
    pump(s, producer)


@kernel
def unknown(s: State, producer: int) -> None:
    """The connection ended: the outcome of everything unconfirmed is unknown. A piece at a time."""
    p = producers(s, producer)
    client = clients(s, p["client"])
    for _ in range(DISPATCH_CHUNK):
        copy = p["unconfirmed_head"]
        if copy < 0:
            return
        stop_awaiting(s, copy)
        emit(s, K_UNKNOWN, copy, client["entity"], -1, copies(s, copy)["attempts"], 0, 0)
        _after_failure(s, copy, 0)
    push(s, runs(s, 0)["now"], RANK_CONTINUE, E_UNKNOWN, producer, 0, 0)


@kernel
def _forget_one(s: State, copy: int) -> None:
    """A message goes down with its producer's process."""
    c = copies(s, copy)
    p = producers(s, c["producer"])
    emit(s, K_FORGOTTEN, copy, clients(s, p["client"])["entity"], -1, c["attempts"], 0, 0)
    if c["copies"] == 0 and c["fate"] == F_IN_FLIGHT and c["refs"] == 1:
        c["fate"] = F_LOST
        c["cause"] = X_CLIENT_BUFFER
    _over(s, copy, 2)


@kernel
def forget(s: State, producer: int) -> None:
    """A producer died: what it had not sent, and what it did not know of, is out of its hands. A piece at a time."""
    p = producers(s, producer)
    for _ in range(DISPATCH_CHUNK):
        copy = p["unconfirmed_head"]
        if copy >= 0:
            stop_awaiting(s, copy)
        else:
            copy = p["buffer_head"]
            if copy < 0:
                return
            unbuffer(s, copy)
        _forget_one(s, copy)
    push(s, runs(s, 0)["now"], RANK_CONTINUE, E_FORGET, producer, 0, 0)
