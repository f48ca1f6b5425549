"""A connection opens: at once, or after a handshake that costs the broker its time.

Opening a connection takes no time unless the model says what it costs. Then the client's first packet crosses the
link, the broker counts its connections and refuses what is beyond its limit, works on the handshake when its
processor is free, and the rest of the round trips follow. A handshake that takes longer than the broker's patience
has cost its processor the same and leads nowhere: so a crowd that comes at once keeps everybody out.
"""

from __future__ import annotations

import numpy as np

from mqlab.core.codes import (
    CONSUMER,
    CONSUMER_FREE,
    E_HANDSHAKE,
    E_OPENED,
    K_CONNECTED,
    K_CONNECTION_REFUSED,
    PRODUCER,
    Q_LIFE,
    RANK_EVENT,
)
from mqlab.core.connection import close, connect_later, next_pause
from mqlab.core.distributions import sample
from mqlab.core.hands import start_next
from mqlab.core.heap import push
from mqlab.core.lanes import begin_anew
from mqlab.core.lifecycle import consumer_came, is_being_cleared, names_again
from mqlab.core.processor import use_cpu
from mqlab.core.queue import (
    dispatch,
    ring_join,
)
from mqlab.core.recorder import tell
from mqlab.core.records import (
    clients,
    consumers,
    nodes,
    queues,
    runs,
    sides,
    targets,
)
from mqlab.core.replies import listen
from mqlab.core.settling import pump
from mqlab.jit import State, kernel, seldom
from mqlab.sampling import CONNECT

__all__ = ["connect", "connect_first", "handshake", "opened"]


@seldom
def _go_to_a_live_node(s: State, client: int) -> None:
    """Choose the first of a client's nodes that is up, beginning with the one it was connected to last."""
    c = clients(s, client)
    now = 0
    for i in range(c["homes"]):
        if targets(s, c["homes_at"] + i)["n"] == c["node"]:
            now = i
    for i in range(c["homes"]):
        node = int(targets(s, c["homes_at"] + (now + i) % c["homes"])["n"])
        if nodes(s, node)["up"] == 1:
            if node != c["node"]:
                close(s, client)
                if c["kind"] == CONSUMER and consumers(s, c["owner"])["unacked_head"] >= 0:
                    return  # what its last connection left goes back first
            c["node"] = node
            return


@kernel
def _try_again(s: State, client: int) -> None:
    """A try to connect came to nothing."""
    clients(s, client)["connecting"] = 0
    connect_later(s, client, max(next_pause(s, client), 1))


@kernel
def connect_first(s: State, client: int) -> None:
    """Try to connect at the start of the run: whoever found no room when it began."""
    connect_later(s, client, 0)


@kernel
def _is_reachable(s: State, client: int) -> bool:
    """Say whether a packet to the broker would be answered now."""
    c = clients(s, client)
    n = nodes(s, c["node"])
    return n["up"] == 1 and n["stopped"] == 0 and c["silent"] == 0


@kernel
def connect(s: State, client: int, life: int) -> None:
    """Try to connect; the broker closes what it still takes for this client's connection."""
    c = clients(s, client)
    if c["life"] != life:
        return
    c["connecting"] = 0
    if c["alive"] == 0 or c["up"] == 1:
        return
    if c["gone"] == 1:  # it is to leave anyway
        consumers(s, c["owner"])["special"] = consumers(s, c["owner"])["special"] | CONSUMER_FREE
        start_next(s, c["owner"])
        return
    if c["homes"] > 1 and c["silent"] == 0:
        _go_to_a_live_node(s, client)
    if not _is_reachable(s, client):
        _try_again(s, client)
        return
    n = nodes(s, c["node"])
    if n["connect_ns"] > 0 or n["connections_max"] >= 0 or c["trips"] > 0:
        c["connecting"] = 1
        arrives = runs(s, 0)["now"] + _travel(s, client, 0)
        push(s, arrives, RANK_EVENT, E_HANDSHAKE, client, n["epoch"], life)
        return
    _establish(s, client)


@kernel
def _establish(s: State, client: int) -> None:
    """The connection is there, for both sides."""
    c = clients(s, client)
    close(s, client)
    if c["kind"] == CONSUMER and consumers(s, c["owner"])["unacked_head"] >= 0:
        connect_later(s, client, 0)  # what its last life left goes back first, piece by piece
        return
    lives = c["kind"] == CONSUMER and (queues(s, consumers(s, c["owner"])["queue"])["special"] & Q_LIFE) != 0
    if lives and is_being_cleared(s, consumers(s, c["owner"])["queue"]):
        connect_later(s, client, 0)
        return
    c["epoch"] = c["epoch"] + 1
    c["up"] = 1
    c["open"] = 1
    c["up_last"] = 0
    c["down_last"] = 0
    c["up_free"] = 0
    c["down_free"] = 0
    n = nodes(s, c["node"])
    n["connected"] = n["connected"] + 1
    tell(s, K_CONNECTED, -1, 0, c["entity"], -1, 0, c["epoch"], 0, 1)
    if lives:
        consumer_came(s, consumers(s, c["owner"])["queue"])
    if c["listens"] >= 0:
        listen(s, client)
    if c["kind"] == PRODUCER:
        if runs(s, 0)["missing"] != 0:
            names_again(s, c["owner"])
        pump(s, c["owner"])
    else:
        ring_join(s, c["owner"])
        dispatch(s, consumers(s, c["owner"])["queue"])
        if consumers(s, c["owner"])["special"] != 0:
            begin_anew(s, c["owner"])


@seldom
def _travel(s: State, client: int, leg: int) -> int:
    """Compute how long leg number ``leg`` of a handshake takes: even ones to the broker, odd ones back."""
    c = clients(s, client)
    index = c["up_side"]
    if (leg & 1) == 1:
        index = c["down_side"]
    side = sides(s, index)
    if side["constant"] == 1:
        return side["fixed_ns"]
    return sample(s, side["latency"], CONNECT, c["self"], np.uint64(c["epoch"]), c["tries"], 16 + (leg << 16))


@seldom
def handshake(s: State, client: int, epoch: int, life: int) -> None:
    """A client's first packet reaches the broker, which lets it in if there is room, and begins to work on it."""
    c = clients(s, client)
    if c["life"] != life:
        return
    n = nodes(s, c["node"])
    if n["epoch"] != epoch or not _is_reachable(s, client):
        _try_again(s, client)
        return
    if n["connections_max"] >= 0 and n["connected"] - c["open"] + n["opening"] >= n["connections_max"]:
        tell(s, K_CONNECTION_REFUSED, -1, 0, c["entity"], -1, 0, 0, 0, 1)
        _try_again(s, client)
        return
    n["opening"] = n["opening"] + 1
    now = runs(s, 0)["now"]
    ready = now
    if n["connect_ns"] > 0:
        ready = use_cpu(s, c["node"], n["connect_ns"])
    for leg in range(1, max(2 * c["trips"], 1)):
        ready += _travel(s, client, leg)
    late = 0
    if n["handshake"] > 0 and ready - now > n["handshake"]:
        ready = now + n["handshake"]
        late = 1
    push(s, ready, RANK_EVENT, E_OPENED, client, 2 * epoch + late, life)


@seldom
def opened(s: State, client: int, word: int, life: int) -> None:
    """The handshake is over; ``word`` is 2·(epoch of the node) + 1 if the broker lost patience."""
    c = clients(s, client)
    n = nodes(s, c["node"])
    same = n["epoch"] == word >> 1
    if same:
        n["opening"] = n["opening"] - 1
    if c["life"] != life:
        return
    if (word & 1) == 1 and same:
        tell(s, K_CONNECTION_REFUSED, -1, 0, c["entity"], -1, 0, 0, 1, 1)
    if (word & 1) == 1 or not same or not _is_reachable(s, client):
        _try_again(s, client)
        return
    c["connecting"] = 0
    _establish(s, client)
