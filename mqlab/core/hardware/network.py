"""The network: connections that share cards max-min fairly.

A connection (a *flow*) goes from one machine's card out into another's card in, and carries one thing after the other.
At any instant the flows that have something to carry share the cards as progressive filling does it (Bertsekas and
Gallager, Data Networks, 2nd edition, 6.5.2): all rates grow together until some card is full; its flows keep what they
have, the others go on growing. So a flow that is held up elsewhere leaves its part to others, and no flow can gain but
at the cost of one that has no more than itself.

    rates change only when a flow begins or ends; in between everything is linear, so one event is enough,
    for the transfer that ends first

Things of a moment are taken together: who begins or ends asks for one event at the present instant, which brings the
flows up to date, lets go what has arrived, shares anew and looks when the next one ends. All in whole numbers:
bytes·10⁹ and bytes/s.

What is simplified, and what that does: TCP's slow start and its sawtooth are left out (the shares are there at once;
on a local network with round trips far below a millisecond they nearly are), the switch is never the bottleneck, and
small packets (questions, answers without records, acknowledgements) take their latency only. A bandwidth is therefore
what is left for data once headers are paid (about 94 % of what Ethernet says).
"""

from __future__ import annotations

from mqlab.core.codes import NEVER, RANK_EVENT
from mqlab.core.hardware.codes import H_NET, SECOND
from mqlab.core.hardware.jobs import new_job, perform
from mqlab.core.hardware.records import flows, hards, jobs, ports, slots
from mqlab.core.heap import push
from mqlab.core.records import runs
from mqlab.jit import State, kernel

__all__ = ["net_event", "share", "transfer"]


@kernel
def transfer(s: State, flow: int, size: int, delay: int, kind: int, a: int, b: int, c: int) -> None:
    """Carry ``size`` bytes; the event happens ``delay`` ns after the last of them has left."""
    f = flows(s, flow)
    if size <= 0 or (ports(s, 2 * f["source"])["rate"] == 0 and ports(s, 2 * f["target"] + 1)["rate"] == 0):
        push(s, runs(s, 0)["now"] + delay, RANK_EVENT, kind, a, b, c)
        return
    job = new_job(s, size, delay, kind, a, b, c)
    if f["head"] >= 0:
        jobs(s, f["tail"])["next"] = job
        f["tail"] = job
        return
    f["head"] = job
    f["tail"] = job
    f["left"] = size * SECOND
    f["rate"] = 0
    h = hards(s, 0)
    slots(s, h["flowing"])["flow"] = flow
    h["flowing"] = h["flowing"] + 1
    h["changed"] = 1
    _wake(s, int(runs(s, 0)["now"]))


@kernel
def _wake(s: State, time: int) -> None:
    """Let the network's event happen at ``time``, unless it happens before."""
    h = hards(s, 0)
    if h["due"] > time:
        h["due"] = time
        h["stamp"] = h["stamp"] + 1
        push(s, time, RANK_EVENT, H_NET, int(h["stamp"]), 0, 0)


@kernel
def net_event(s: State, stamp: int) -> None:
    """Bring all flows up to now, let go what has arrived, share anew if need be, and look when the next one ends."""
    h = hards(s, 0)
    if stamp != h["stamp"]:
        return
    now = runs(s, 0)["now"]
    span = now - h["at"]
    h["at"] = now
    h["due"] = NEVER
    i = 0
    while i < h["flowing"]:
        flow = int(slots(s, i)["flow"])
        f = flows(s, flow)
        f["left"] = f["left"] - f["rate"] * span
        if f["left"] <= 0 and not _arrive(s, flow):
            last = h["flowing"] - 1
            h["flowing"] = last
            moved = int(slots(s, last)["flow"])
            slots(s, i)["flow"] = moved
            h["changed"] = 1
        else:
            i += 1
    if h["changed"] == 1:
        h["changed"] = 0
        share(s)
    first = NEVER
    for i in range(h["flowing"]):
        f = flows(s, slots(s, i)["flow"])
        first = min(first, -(-f["left"] // f["rate"]))
    if first < NEVER:
        _wake(s, now + first)


@kernel
def _arrive(s: State, flow: int) -> bool:
    """What a flow carried has left; say whether it goes on with something else."""
    f = flows(s, flow)
    size = jobs(s, f["head"])["size"]
    out = ports(s, 2 * f["source"])
    out["carried"] = out["carried"] + size
    into = ports(s, 2 * f["target"] + 1)
    into["carried"] = into["carried"] + size
    f["head"] = perform(s, int(f["head"]))
    if f["head"] < 0:
        f["tail"] = -1
        f["rate"] = 0
        return False
    f["left"] = jobs(s, f["head"])["size"] * SECOND
    return True


@kernel
def _enter(s: State, port: int) -> None:
    p = ports(s, port)
    p["left"] = p["rate"]
    p["flows"] = 0
    p["full"] = 0


@kernel
def _level(s: State, port: int) -> int:
    """Say how much each flow of a card that has none yet would get, if the card were the first to be full."""
    p = ports(s, port)
    if p["rate"] == 0:
        return NEVER
    return max(p["left"] // p["flows"], 1)


@kernel
def _leave(s: State, port: int, rate: int) -> None:
    p = ports(s, port)
    p["left"] = max(p["left"] - rate, 0)
    p["flows"] = p["flows"] - 1


@kernel
def share(s: State) -> None:
    """Share the cards among the flows: progressive filling, a card at a time."""
    n = hards(s, 0)["flowing"]
    for i in range(n):
        f = flows(s, slots(s, i)["flow"])
        f["rate"] = 0
        _enter(s, 2 * f["source"])
        _enter(s, 2 * f["target"] + 1)
    for i in range(n):
        f = flows(s, slots(s, i)["flow"])
        out = ports(s, 2 * f["source"])
        out["flows"] = out["flows"] + 1
        into = ports(s, 2 * f["target"] + 1)
        into["flows"] = into["flows"] + 1
    open_flows = n
    while open_flows > 0:
        best = NEVER
        for i in range(n):
            f = flows(s, slots(s, i)["flow"])
            if f["rate"] == 0:
                best = min(best, min(_level(s, 2 * f["source"]), _level(s, 2 * f["target"] + 1)))
        for i in range(n):  # first which cards are full, then their flows: so the order of the flows means nothing
            f = flows(s, slots(s, i)["flow"])
            if f["rate"] == 0:
                ports(s, 2 * f["source"])["full"] = int(_level(s, 2 * f["source"]) == best)
                ports(s, 2 * f["target"] + 1)["full"] = int(_level(s, 2 * f["target"] + 1) == best)
        for i in range(n):
            f = flows(s, slots(s, i)["flow"])
            if f["rate"] > 0:
                continue
            if ports(s, 2 * f["source"])["full"] == 1 or ports(s, 2 * f["target"] + 1)["full"] == 1:
                f["rate"] = best
                open_flows -= 1
                _leave(s, 2 * f["source"], best)
                _leave(s, 2 * f["target"] + 1, best)
