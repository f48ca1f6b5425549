"""Atomic reads and writes of int64 cells, as LLVM knows them; with ``MQLAB_JIT=0`` their equals under the GIL.

============== ============================================================ ====================
function       what it does                                                 order
============== ============================================================ ====================
load_acquire   read a cell; nothing after it is done before it              acquire
store_release  write a cell; nothing before it is done after it             release
load_relaxed   read a cell, order with nothing                              monotonic
store_relaxed  write a cell, order with nothing                             monotonic
fetch_add      add to a cell, return what was there                         acquire and release
compare_swap   write if the cell holds what is expected; tell whether       acquire and release
fence          keep every access before it before every one after it        sequentially consistent
acquire_fence  no access after it is done before the reads before it        acquire
release_fence  no write after it is done before the accesses before it      release
pause          tell the processor that this is a spin loop                  none
give_way       let another thread have this core                            none
============== ============================================================ ====================

Where the ring needs which, and why, is in docs/decisions/0014.
"""

from __future__ import annotations

from mqlab.jit import JIT

if JIT:
    from mqlab.ring.atomics_compiled import (
        acquire_fence,
        compare_swap,
        fence,
        fetch_add,
        give_way,
        load_acquire,
        load_relaxed,
        pause,
        release_fence,
        store_relaxed,
        store_release,
    )
else:
    from mqlab.ring.atomics_interpreted import (
        acquire_fence,
        compare_swap,
        fence,
        fetch_add,
        give_way,
        load_acquire,
        load_relaxed,
        pause,
        release_fence,
        store_relaxed,
        store_release,
    )

__all__ = [
    "acquire_fence", "compare_swap", "fence", "fetch_add", "give_way", "load_acquire", "load_relaxed", "pause",
    "release_fence", "store_relaxed", "store_release",
]  # fmt: skip
