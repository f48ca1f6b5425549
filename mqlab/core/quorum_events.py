"""Events of replicated queues, each to its handler: see :mod:`mqlab.core.quorum` and :mod:`mqlab.core.election`."""

from __future__ import annotations

from mqlab.core.codes import (
    E_APPLY,
    E_ELECTION,
    E_FORWARD,
    E_HELD,
    E_OVERFLOW,
    E_PARCEL,
    E_PARCEL_ACK,
    E_REPLICAS,
    E_SETTLED,
    E_STORED,
)
from mqlab.core.consumer import settled
from mqlab.core.election import elect, resend_held
from mqlab.core.exchange import overflow
from mqlab.core.quorum import apply, forward_in, parcel_ack, parcel_in, replicas_synced, stored_at
from mqlab.jit import State, seldom

__all__ = ["happen_to_replicas"]


@seldom
def happen_to_replicas(s: State, kind: int, a: int, b: int, c: int) -> None:
    """Events of replicated queues."""
    if kind == E_PARCEL:
        parcel_in(s, a, b, c)
    elif kind == E_PARCEL_ACK:
        parcel_ack(s, a, b, c)
    elif kind == E_SETTLED:
        settled(s, a, b)
    elif kind == E_FORWARD:
        forward_in(s, a, b)
    elif kind == E_STORED:
        stored_at(s, a)
    elif kind == E_APPLY:
        apply(s, a)
    elif kind == E_REPLICAS:
        replicas_synced(s, a, b)
    elif kind == E_OVERFLOW:
        overflow(s, a)
    elif kind == E_ELECTION:
        elect(s, a, c)
    elif kind == E_HELD:
        resend_held(s, a, c)
