"""Publishing what a function fills: compiled, without the GIL, or in Python."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from mqlab.ring import kernels, loops
from mqlab.ring.cells import CLAIMED, CURSOR
from mqlab.ring.compiling import announced, is_compiled
from mqlab.ring.errors import RingHalted

if TYPE_CHECKING:
    from mqlab.ring.publisher import Publisher

__all__ = ["produce"]


def produce(
    ring: Publisher, fill: Callable[..., Any], count: int, batch: int, state: Any, *, batches: bool
) -> None:
    """Publish ``count`` records; see :meth:`RingBuffer.produce`."""
    if is_compiled(fill):
        _compiled(ring, fill, count, batch, state, batches=batches)
        return
    extra = () if state is None else (state,)
    for number in range(0, count, batch):
        with ring.claim(min(batch, count - number)) as claim:
            if batches:
                for first, part in ring.parts(claim.first, claim.last):
                    fill(part, number + first - claim.first, *extra)
            else:
                for i, record in enumerate(claim):
                    fill(record, number + i, *extra)


def _compiled(
    ring: Publisher, fill: Callable[..., Any], count: int, batch: int, state: Any, *, batches: bool
) -> None:
    known = np.zeros(1, np.int64) if state is None else state
    wait = ring.waiting
    arguments = (
        ring.cells, ring.marks, ring.records, ring.gates, ring.many, count, batch, wait.spins, wait.yields, wait.wakes,
    )  # fmt: skip
    own = np.zeros(16, np.int64)
    loop = loops.fill_loop_of(fill, batches=batches, takes_state=state is not None)
    with announced(f"the ring's loop around {fill.__name__}"):
        loops.compile_for(loop, (*arguments, own, known))
    while own[0] < count:
        ring.check()
        before = int(own[0])
        try:
            loop(*arguments, own, known)
        except BaseException:
            ring.stored()
            if ring.many:  # the others have claimed beyond what this one leaves open
                first, last = own[1] - own[2] + 1, own[1]
                ring.fail(RingHalted(f"sequences {first} to {last} were claimed and never published"))
            raise
        finally:
            if not ring.many:
                ring.cells[CLAIMED] = ring.cells[CURSOR]  # the loop keeps no account of what it claims
        if own[0] != before:
            ring.stored()
        else:
            wait.rest(ring.cells, lambda: bool(kernels.room(ring.cells, ring.gates, ring.size, own[1], 0, 0)))
