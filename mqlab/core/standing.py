"""How copies stand in a queue that is more than a fifo: levels of priority, bytes, times to live.

A queue with ``max_priority`` m has m + 1 levels, each with what a plain queue has: a fifo, and a pairing heap of what
came back. The head of the queue is the head of its highest level that is not empty; ``top`` is never below that.

        level 9    requeued 3 · 7    fifo 12 → 15
        level 0    requeued –        fifo 4 → 13 → 14           the next to leave: 3, 7, 12, 15, 4, 13, 14

A time-to-live is stamped when a copy joins, by the clock of the broker's node, and it stays what it was when the copy
comes back. There is one timer a queue, for its head: what is past its time behind a head that is not stays there.
"""

from __future__ import annotations

from mqlab.core.codes import E_EXPIRE, FLAG_HOP, NEVER, Q_BYTES, Q_PRIORITY, Q_TTL, RANK_EVENT
from mqlab.core.distributions import pick
from mqlab.core.heap import push
from mqlab.core.pairing import meld, pop
from mqlab.core.records import copies, extras, levels, nodes, producers, queues, runs, table
from mqlab.jit import State, kernel, seldom
from mqlab.sampling import PRIORITY, unit

__all__ = [
    "come_back",
    "first_standing",
    "is_past",
    "join",
    "next_standing",
    "peek",
    "set_timer",
    "sort_again",
    "take_level",
    "weigh",
]


@kernel
def _priority_of(s: State, root: int) -> int:
    """Draw the priority that a message was published with."""
    r = copies(s, root)
    p = producers(s, r["producer"])
    n = p["priorities"]
    if n == 0:
        return int(p["priority"])
    first = p["priorities_table"]
    u = unit(PRIORITY, p["ident"], r["ident"], 0, 0)
    return int(table(s, first + n + pick(s, first, n, u))["x"])


@kernel
def _stamp(s: State, queue: int, copy: int) -> None:
    """Note when a copy expires: the queue's time-to-live, or the message's own if that is shorter.

    A message loses its own when it is dead-lettered.
    """
    q = queues(s, queue)
    c = copies(s, copy)
    x = extras(s, copy)
    ttl = q["ttl"]
    if (c["flags"] & FLAG_HOP) == 0:
        own = producers(s, copies(s, c["root"])["producer"])["ttl"]
        if own >= 0 and (ttl < 0 or own < ttl):
            ttl = own
    x["expires"] = NEVER
    if ttl >= 0:
        x["expires"] = runs(s, 0)["now"] + nodes(s, q["node"])["clock_ns"] + ttl
    if ttl == 0:  # it may still be delivered at once
        q["fresh"] = copy


@kernel
def _queue_up(s: State, queue: int, copy: int) -> None:
    """Stand at the end of the fifo of one's level."""
    q = queues(s, queue)
    priority = int(extras(s, copy)["priority"])
    level = levels(s, q["levels"] + priority)
    copies(s, copy)["qnext"] = -1
    if level["tail"] < 0:
        level["head"] = copy
    else:
        copies(s, level["tail"])["qnext"] = copy
    level["tail"] = copy
    if priority > q["top"]:
        q["top"] = priority


@seldom
def join(s: State, queue: int, copy: int) -> bool:
    """Let a new copy join a queue with rules of its own; True if it stands in a level now."""
    q = queues(s, queue)
    special = q["special"]
    if (special & Q_BYTES) != 0:
        weigh(s, queue, copy, 1)
    if (special & Q_TTL) != 0:
        _stamp(s, queue, copy)
    if (special & Q_PRIORITY) == 0:
        return False
    extras(s, copy)["priority"] = min(_priority_of(s, copies(s, copy)["root"]), q["max_priority"])
    _queue_up(s, queue, copy)
    return True


@seldom
def come_back(s: State, queue: int, copy: int) -> bool:
    """Let a copy that was delivered come back to a queue with rules of its own; True if it stands in a level now."""
    q = queues(s, queue)
    special = q["special"]
    if (special & Q_BYTES) != 0:
        weigh(s, queue, copy, 1)
    if (special & Q_PRIORITY) == 0:
        return False
    priority = int(extras(s, copy)["priority"])
    level = levels(s, q["levels"] + priority)
    level["requeued"] = meld(s, level["requeued"], copy)
    if priority > q["top"]:
        q["top"] = priority
    return True


@seldom
def weigh(s: State, queue: int, copy: int, sign: int) -> None:
    """Count the bytes of a copy that joins (1) or leaves (-1)."""
    q = queues(s, queue)
    q["bytes"] = q["bytes"] + sign * copies(s, copies(s, copy)["root"])["size"]


@kernel
def _highest(s: State, queue: int) -> int:
    """Find the highest level that is not empty; -1 if all are."""
    q = queues(s, queue)
    top = q["top"]
    while top >= 0:
        level = levels(s, q["levels"] + top)
        if level["requeued"] >= 0 or level["head"] >= 0:
            break
        top -= 1
    q["top"] = top
    return int(top)


@seldom
def take_level(s: State, queue: int) -> int:
    """Remove the first copy of the highest level that has one; -1 if none has."""
    top = _highest(s, queue)
    if top < 0:
        return -1
    level = levels(s, queues(s, queue)["levels"] + top)
    copy = int(level["requeued"])
    if copy >= 0:
        level["requeued"] = pop(s, copy)
        return copy
    copy = int(level["head"])
    following = copies(s, copy)["qnext"]
    level["head"] = following
    if following < 0:
        level["tail"] = -1
    return copy


@seldom
def peek(s: State, queue: int) -> int:
    """Look at the first ready copy; -1 if there is none."""
    q = queues(s, queue)
    if (q["special"] & Q_PRIORITY) == 0:
        if q["requeued"] >= 0:
            return int(q["requeued"])
        return int(q["head"])
    top = _highest(s, queue)
    if top < 0:
        return -1
    level = levels(s, q["levels"] + top)
    if level["requeued"] >= 0:
        return int(level["requeued"])
    return int(level["head"])


@kernel
def is_past(s: State, queue: int, copy: int) -> bool:
    """Say whether a copy is past its time-to-live; what has just come with none at all may still be delivered."""
    q = queues(s, queue)
    clock = runs(s, 0)["now"] + nodes(s, q["node"])["clock_ns"]
    return extras(s, copy)["expires"] <= clock and q["fresh"] != copy


@seldom
def set_timer(s: State, queue: int) -> None:
    """Make sure that somebody looks when the head is past its time."""
    copy = peek(s, queue)
    if copy < 0:
        return
    expires = extras(s, copy)["expires"]
    if expires == NEVER:
        return
    q = queues(s, queue)
    due = max(expires - nodes(s, q["node"])["clock_ns"], runs(s, 0)["now"])
    if q["timer_at"] >= 0 and q["timer_at"] <= due:
        return
    q["timer_at"] = due
    serial = q["timer"] + 1
    q["timer"] = serial
    push(s, due, RANK_EVENT, E_EXPIRE, queue, serial, 0)


@seldom
def sort_again(s: State, queue: int) -> None:
    """What survived a crash stands in one list: weigh it, and give each copy its level back (a walk without rows)."""
    q = queues(s, queue)
    special = q["special"]
    if (special & (Q_BYTES | Q_PRIORITY)) == 0:
        return
    copy = int(q["head"])
    if (special & Q_PRIORITY) != 0:
        q["head"] = -1
        q["tail"] = -1
    while copy >= 0:
        following = int(copies(s, copy)["qnext"])
        if (special & Q_BYTES) != 0:
            weigh(s, queue, copy, 1)
        if (special & Q_PRIORITY) != 0:
            _queue_up(s, queue, copy)
        copy = following


@seldom
def first_standing(s: State, queue: int) -> int:
    """Find the first copy of a queue whose copies all stand in fifos (after a restart); -1: it is empty."""
    q = queues(s, queue)
    if (q["special"] & Q_PRIORITY) == 0:
        return int(q["head"])
    top = _highest(s, queue)
    if top < 0:
        return -1
    return int(levels(s, q["levels"] + top)["head"])


@seldom
def next_standing(s: State, queue: int, copy: int) -> int:
    """Find the copy after this one: behind it, or at the head of the next lower level; -1: it was the last."""
    following = int(copies(s, copy)["qnext"])
    q = queues(s, queue)
    if following >= 0 or (q["special"] & Q_PRIORITY) == 0:
        return following
    level = int(extras(s, copy)["priority"]) - 1
    while level >= 0:
        head = int(levels(s, q["levels"] + level)["head"])
        if head >= 0:
            return head
        level -= 1
    return -1
