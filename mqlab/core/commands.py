"""Commands of the world outside: faults, operators and hand-written processes."""

from __future__ import annotations

from mqlab.core.alarms import disk_free, disk_full
from mqlab.core.codes import (
    ACK_REJECT,
    W_CLOCK,
    W_CRASH_CLIENT,
    W_CRASH_NODE,
    W_CUT,
    W_DISK_FREE,
    W_DISK_FULL,
    W_PAUSE_CLIENT,
    W_PAUSE_NODE,
    W_POWER_LOSS,
    W_PUBLISH,
    W_RESET,
    W_RESTART_CLIENT,
    W_RESTART_NODE,
    W_SETTLE,
    W_SILENCE,
    W_SLOW_CLIENT,
    W_SLOW_NODE,
    W_SPEAK,
    W_START,
)
from mqlab.core.connection import die, reset, revive
from mqlab.core.consumer import begin_by_hand, settle_by_hand
from mqlab.core.faults import crash_node, restart_node
from mqlab.core.pause import pause_client, pause_node
from mqlab.core.producer import create
from mqlab.core.records import (
    runs,
)
from mqlab.core.silence import cut, silence, speak
from mqlab.core.slow import set_clock, slow_client, slow_node
from mqlab.jit import State, kernel, seldom

__all__ = ["command"]


@kernel
def _is_index(s: State, kind: int, a: int) -> bool:
    """Say whether a command names something that exists."""
    run = runs(s, 0)
    if kind in (W_CRASH_NODE, W_POWER_LOSS, W_RESTART_NODE, W_DISK_FULL, W_DISK_FREE):
        return 0 <= a < run["nodes"]
    if kind in (W_SLOW_NODE, W_PAUSE_NODE, W_CLOCK):
        return 0 <= a < run["nodes"]
    if kind in (W_START, W_SETTLE):
        return 0 <= a < run["delivery_fresh"]
    return a >= 0


@seldom
def command(s: State, kind: int, a: int, b: int, c: int) -> bool:
    """Do what the world says; False if it makes no sense."""
    if not _is_index(s, kind, a):
        return False
    if kind == W_CRASH_NODE:
        crash_node(s, a, 0)
    elif kind == W_POWER_LOSS:
        crash_node(s, a, 1)
    elif kind == W_RESTART_NODE:
        restart_node(s, a)
    elif kind == W_CRASH_CLIENT:
        die(s, a, -1)
    elif kind == W_RESTART_CLIENT:
        revive(s, a)
    elif kind == W_RESET:
        reset(s, a)
    elif kind == W_SILENCE:
        silence(s, a)
    elif kind == W_SPEAK:
        speak(s, a)
    elif kind == W_PUBLISH:
        create(s, a, b, c)
    elif kind == W_START:
        return begin_by_hand(s, a, c)
    elif kind == W_SETTLE:
        return b <= ACK_REJECT and settle_by_hand(s, a, b, c)
    elif kind == W_DISK_FULL:
        disk_full(s, a)
    elif kind == W_DISK_FREE:
        disk_free(s, a)
    elif kind == W_CUT:
        cut(s, a, b, c)
    elif kind == W_SLOW_NODE:
        slow_node(s, a, b, c)
    elif kind == W_SLOW_CLIENT:
        slow_client(s, a, b, c)
    elif kind == W_PAUSE_NODE:
        pause_node(s, a, c)
    elif kind == W_PAUSE_CLIENT:
        pause_client(s, a, c)
    elif kind == W_CLOCK:
        set_clock(s, a, b)
    else:
        return False
    return True
