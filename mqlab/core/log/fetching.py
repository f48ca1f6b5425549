"""A consumer's fetches: it asks the leader of each of its partitions for more as soon as it has handed on what it had.

There is one question a partition at a time. One that finds fewer than ``fetch_min`` bytes waits at the leader, for
``fetch_wait`` at most. Simplified: a question is about one partition, where Kafka's consumers bundle those of a leader.
"""

from __future__ import annotations

from mqlab.core.codes import RANK_EVENT
from mqlab.core.heap import push
from mqlab.core.link import UP, cross
from mqlab.core.log.codes import L_ASK_AGAIN, L_ASK_IN, L_FETCH_WAIT
from mqlab.core.log.giving import give
from mqlab.core.log.reaching import serves
from mqlab.core.log.records import logs, partitions, pollers, readers, replicas
from mqlab.core.log.releasing import has_news, readable_end
from mqlab.core.records import clients, nodes, runs
from mqlab.jit import State, kernel, seldom
from mqlab.sampling import GET, identity

__all__ = ["ask", "ask_again", "ask_in", "drop_fetch", "fetch_wait", "forget_fetch", "forget_fetches"]


@kernel
def ask(s: State, reader: int) -> None:
    """Ask the leader of a partition for more, unless a question is open."""
    r = readers(s, reader)
    if r["fetching"] == 1 or r["poller"] < 0:
        return
    k = pollers(s, r["poller"])
    r["fetching"] = 1
    run = runs(s, 0)
    if not serves(s, int(k["client"]), int(r["partition"])):
        push(s, run["now"] + logs(s, 0)["backoff"], RANK_EVENT, L_ASK_AGAIN, reader, int(r["stamp"]), 0)
        return
    node = nodes(s, replicas(s, partitions(s, r["partition"])["leader"])["node"])
    what = identity(clients(s, k["client"])["self"], r["have"])
    arrives = cross(s, k["client"], UP, GET, what, int(r["stamp"]), run["now"])
    push(s, arrives, RANK_EVENT, L_ASK_IN, reader, int(r["stamp"]), int(node["epoch"]))


@kernel
def ask_again(s: State, reader: int, stamp: int) -> None:
    """There was no leader; there may be one now."""
    r = readers(s, reader)
    if r["stamp"] == stamp:
        r["fetching"] = 0
        ask(s, reader)


@kernel
def ask_in(s: State, reader: int, stamp: int) -> None:
    """A question reaches the leader: it answers, or lets it wait until there is enough."""
    r = readers(s, reader)
    if r["stamp"] != stamp:
        return
    if not serves(s, int(pollers(s, r["poller"])["client"]), int(r["partition"])):
        forget_fetch(s, reader)
    elif has_news(s, reader):
        give(s, reader)
    else:
        r["parked"] = 1
        if r["least"] > 1:
            r["question"] = r["question"] + 1
            push(s, runs(s, 0)["now"] + r["wait"], RANK_EVENT, L_FETCH_WAIT, reader, int(r["question"]), 0)


@seldom
def fetch_wait(s: State, reader: int, question: int) -> None:
    """A question has waited for long enough: it gets what there is. If there is nothing, it waits once more."""
    r = readers(s, reader)
    if r["parked"] == 0 or r["question"] != question:
        return
    if readable_end(s, reader) > r["have"]:
        give(s, reader)
    else:
        push(s, runs(s, 0)["now"] + r["wait"], RANK_EVENT, L_FETCH_WAIT, reader, question, 0)


@kernel
def drop_fetch(s: State, reader: int) -> None:
    """Whatever was asked before is void."""
    r = readers(s, reader)
    r["stamp"] = r["stamp"] + 1
    r["fetching"] = 0
    r["parked"] = 0


@seldom
def forget_fetch(s: State, reader: int) -> None:
    """The connection to the leader broke: ask again after a pause."""
    r = readers(s, reader)
    r["stamp"] = r["stamp"] + 1
    r["parked"] = 0
    if r["fetching"] == 1:
        push(s, runs(s, 0)["now"] + logs(s, 0)["backoff"], RANK_EVENT, L_ASK_AGAIN, reader, int(r["stamp"]), 0)


@kernel
def forget_fetches(s: State, partition: int) -> None:
    """The leader of a partition is gone: all who read it ask again after a pause."""
    reader = int(partitions(s, partition)["reader"])
    while reader >= 0:
        forget_fetch(s, reader)
        reader = int(readers(s, reader)["next"])
