"""Pull: a consumer asks for each message (basic.get); here its own side of it.

    asks ──► the broker ──► a message: works on it, then asks again at once
                        ──► nothing: waits for a while, then asks again

There is one question at a time. What becomes of it at the broker is told in :mod:`mqlab.core.getting`.
"""

from __future__ import annotations

from mqlab.core.codes import E_GET_AGAIN, E_GET_IN, RANK_EVENT
from mqlab.core.heap import push
from mqlab.core.link import LOST, UP, cross
from mqlab.core.records import clients, consumers, groups, runs
from mqlab.jit import State, kernel, seldom
from mqlab.sampling import GET, identity

__all__ = ["PATIENCE", "ask", "got_nothing", "question"]

PATIENCE = 1_000_000_000
"""Where the network swallowed a question or its answer, it is asked again a second later (no TCP would)."""
_MASK = (1 << 30) - 1


@kernel
def question(s: State, consumer: int) -> int:
    """Number of the question that is open, as events carry it."""
    return consumers(s, consumer)["gets"] & _MASK


@seldom
def ask(s: State, consumer: int) -> None:
    """Send a question, if there is a connection; without one it is asked when there is."""
    k = consumers(s, consumer)
    index = k["client"]
    client = clients(s, index)
    if client["up"] == 0:
        return
    k["asking"] = 1
    k["gets"] = k["gets"] + 1
    now = runs(s, 0)["now"]
    arrives = cross(s, index, UP, GET, identity(client["ident"], k["member"]), k["gets"], now)
    if arrives == LOST:
        push(s, now + PATIENCE, RANK_EVENT, E_GET_AGAIN, consumer, question(s, consumer), client["epoch"])
    else:
        push(s, arrives, RANK_EVENT, E_GET_IN, consumer, question(s, consumer), client["epoch"])


@seldom
def got_nothing(s: State, consumer: int, number: int, epoch: int) -> None:
    """The answer is that there is nothing: wait for a while."""
    k = consumers(s, consumer)
    client = clients(s, k["client"])
    if client["up"] == 0 or client["epoch"] != epoch or k["asking"] == 0 or question(s, consumer) != number:
        return
    pause = groups(s, k["group"])["pull"]
    push(s, runs(s, 0)["now"] + pause, RANK_EVENT, E_GET_AGAIN, consumer, number, epoch)
