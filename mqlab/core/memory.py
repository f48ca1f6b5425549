"""What a consumer group remembers: business ids it has acted on, and how many items it has sold.

A handler that checks before it acts can do both in one step (atomic: one transaction, a unique key) or one after the
other: it looks before the work and writes after it (check-then-act). Between the two somebody else may look as well.

    atomic            ─ work ─ [look and write]
    check-then-act    [look] ─ work ─ [write]

A memory may be bounded: it knows the last so many ids, or those of the last so many seconds.
"""

from __future__ import annotations

from mqlab.core.codes import (
    K_SOLD_OUT,
    MARK_EMPTY,
    MARK_SEEN,
    MEMORY_COUNT,
    MEMORY_IDS,
    MEMORY_LATE,
    MEMORY_STOCK,
    MEMORY_STOCK_LATE,
    MEMORY_TIME,
)
from mqlab.core.recorder import emit
from mqlab.core.records import clients, consumers, copies, deliveries, extras, groups, queues, runs
from mqlab.jit import State, kernel, seldom

__all__ = ["act", "look"]


@kernel
def _knows(s: State, group: int, copy: int) -> bool:
    """Say whether a group remembers having acted on this copy's message, on any copy of it in the same queue."""
    g = groups(s, group)
    c = copies(s, copy)
    now = runs(s, 0)["now"]
    other = c["root"]
    while other >= 0:
        o = copies(s, other)
        x = extras(s, other)
        if o["queue"] == c["queue"] and (x["known_by"] & g["bit"]) != 0:
            if (g["memory"] & MEMORY_COUNT) != 0:
                if g["acts"] - x["known_at"] < g["window"]:
                    return True
            elif (g["memory"] & MEMORY_TIME) != 0:
                if now - x["known_at"] <= g["window"]:
                    return True
            else:
                return True
        other = o["next_copy"]
    return False


@seldom
def look(s: State, delivery: int, group: int) -> int:
    """Look up what is looked up before the work; return what the delivery's marks say then."""
    d = deliveries(s, delivery)
    g = groups(s, group)
    memory = g["memory"]
    marks = int(d["held"])
    if (memory & MEMORY_LATE) != 0 and _knows(s, group, d["copy"]):
        marks = marks | MARK_SEEN
    if (memory & MEMORY_STOCK_LATE) != 0 and g["sold"] >= g["items"]:
        marks = marks | MARK_EMPTY
    d["held"] = marks
    return marks


@seldom
def act(s: State, delivery: int, group: int, died: int) -> bool:
    """Let the effect of a copy happen, unless the group remembers it; True if it happened.

    A consumer that died in mid-work may have acted, but did not come to write down what is written after the work.
    """
    d = deliveries(s, delivery)
    copy = int(d["copy"])
    g = groups(s, group)
    memory = g["memory"]
    marks = int(d["held"])
    if (memory & MEMORY_IDS) != 0:
        if (memory & MEMORY_LATE) != 0:
            known = (marks & MARK_SEEN) != 0
        else:
            known = _knows(s, group, copy)
        if known:
            return False
        if died == 0 or (memory & MEMORY_LATE) == 0:
            x = extras(s, copy)
            g["acts"] = g["acts"] + 1
            x["known_by"] = x["known_by"] | g["bit"]
            x["known_at"] = runs(s, 0)["now"]
            if (memory & MEMORY_COUNT) != 0:
                x["known_at"] = g["acts"]
    c = copies(s, copy)
    c["effects"] = c["effects"] + 1
    if (memory & MEMORY_STOCK) != 0:
        _sell(s, delivery, group, marks)
    return True


@kernel
def _sell(s: State, delivery: int, group: int, marks: int) -> None:
    """Sell one item, or say that there is none."""
    g = groups(s, group)
    if (g["memory"] & MEMORY_STOCK_LATE) != 0:
        empty = (marks & MARK_EMPTY) != 0
    else:
        empty = g["sold"] >= g["items"]
    if not empty:
        g["sold"] = g["sold"] + 1
        return
    g["sold_out"] = g["sold_out"] + 1
    d = deliveries(s, delivery)
    k = consumers(s, d["consumer"])
    entity = clients(s, k["client"])["entity"]
    emit(s, K_SOLD_OUT, d["copy"], entity, queues(s, k["queue"])["entity"], d["number"], 0, 0)
