"""Events of transactions, and of a producer that is one process with a consumer; told apart, as those of groups."""

from __future__ import annotations

from mqlab.core.log.codes import (
    L_AFTER,
    L_ASK_ANEW,
    L_ASKED,
    L_BACK,
    L_FLUSHED,
    L_FORGET,
    L_MARKER,
    L_OFFSETS,
    L_OVERDUE,
    L_TOLD,
)
from mqlab.core.log.collecting import open_for_long_enough
from mqlab.core.log.coordinator import asked, overdue
from mqlab.core.log.incarnations import forget, told
from mqlab.core.log.joining import restart_member
from mqlab.core.log.marking import marker_in
from mqlab.core.log.reading import flushed, take_offsets
from mqlab.core.log.transactions import ask_anew
from mqlab.jit import State, seldom

__all__ = ["happen_to_transactions"]


@seldom
def happen_to_transactions(s: State, kind: int, a: int, b: int, c: int) -> None:
    """What is between producers and the coordinator, and markers."""
    if kind == L_ASKED:
        asked(s, a, b, c)
    elif kind == L_TOLD:
        told(s, a, b, c)
    elif kind == L_MARKER:
        marker_in(s, a)
    elif kind == L_AFTER:
        open_for_long_enough(s, a, b)
    elif kind == L_OVERDUE:
        overdue(s, a, b)
    elif kind == L_ASK_ANEW:
        ask_anew(s, a, b, c)
    elif kind == L_FORGET:
        forget(s, a)
    elif kind == L_FLUSHED:
        flushed(s, a, b)
    elif kind == L_OFFSETS:
        take_offsets(s, a)
    elif kind == L_BACK:
        restart_member(s, a)
