"""With hardware: when a producer makes its next record, and what is over for it makes room in its buffer."""

from __future__ import annotations

from mqlab.core.arrivals import next_arrival
from mqlab.core.codes import E_ARRIVAL, RANK_EVENT
from mqlab.core.hardware.records import hards
from mqlab.core.heap import push
from mqlab.core.log.batches import release
from mqlab.core.log.carrying import unbuffer
from mqlab.core.log.records import batches, collectors, senders
from mqlab.core.records import producers, runs
from mqlab.jit import State, kernel

__all__ = ["let_go", "make_next"]


@kernel
def make_next(s: State, producer: int, free: int) -> None:
    """With hardware: the next record is made when it is due and its producer's thread is free."""
    due = next_arrival(s, producer)
    if due >= 0 and max(due, free) < producers(s, producer)["stop"]:
        push(s, max(due, free), RANK_EVENT, E_ARRIVAL, producer, 0, 0)


@kernel
def let_go(s: State, slot: int) -> None:
    """A batch is over for its producer: with hardware there is room in its buffer."""
    if hards(s, 0)["on"] == 1:
        producer = int(senders(s, batches(s, slot)["sender"])["producer"])
        if unbuffer(s, producer, slot):
            make_next(s, producer, int(max(collectors(s, producer)["thread_free"], runs(s, 0)["now"])))
    release(s, slot)
