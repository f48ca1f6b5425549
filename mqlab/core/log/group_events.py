"""Events of consumer groups: members, sessions, rebalances; told apart here, so that the loop stays small."""

from __future__ import annotations

from mqlab.core.log.codes import (
    L_BEAT,
    L_BEAT_BACK,
    L_BEAT_IN,
    L_FETCH_WAIT,
    L_JOIN_IN,
    L_JOINED,
    L_LEAVE_IN,
    L_LIMIT,
    L_POLL,
    L_REBALANCE,
    L_SCALE,
    L_SEEK,
    L_SESSION,
    L_SHARE_OUT,
    L_SYNC_IN,
    L_SYNCED,
)
from mqlab.core.log.coordinating import (
    beat_in,
    join_in,
    leave_in,
    rebalance_due,
    scale,
    session,
    sync_in,
)
from mqlab.core.log.fetching import fetch_wait
from mqlab.core.log.joining import (
    beat,
    beat_back,
    joined,
    limit,
    share_out,
    synced,
)
from mqlab.core.log.owning import seek
from mqlab.core.log.reading import poll_now
from mqlab.jit import State, seldom

__all__ = ["happen_in_groups"]


@seldom
def happen_in_groups(s: State, kind: int, a: int, b: int, c: int) -> None:
    """Consumer groups: members, sessions, rebalances."""
    if kind == L_BEAT:
        beat(s, a, b)
    elif kind == L_BEAT_IN:
        beat_in(s, a, b, c)
    elif kind == L_BEAT_BACK:
        beat_back(s, a, b, c)
    elif kind == L_POLL:
        poll_now(s, a, b)
    elif kind == L_FETCH_WAIT:
        fetch_wait(s, a, b)
    elif kind == L_JOIN_IN:
        join_in(s, a, b, c)
    elif kind == L_JOINED:
        joined(s, a, b, c)
    elif kind == L_SHARE_OUT:
        share_out(s, a, b, c)
    elif kind == L_SYNC_IN:
        sync_in(s, a, b, c)
    elif kind == L_SYNCED:
        synced(s, a, b, c)
    elif kind == L_SESSION:
        session(s, a, b, c)
    elif kind == L_REBALANCE:
        rebalance_due(s, a, b)
    elif kind == L_LEAVE_IN:
        leave_in(s, a, b, c)
    elif kind == L_LIMIT:
        limit(s, a, b)
    elif kind == L_SCALE:
        scale(s, a)
    elif kind == L_SEEK:
        seek(s, a)
