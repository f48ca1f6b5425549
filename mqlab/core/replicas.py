"""Records of the members of replicated queues, made when a model is built."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mqlab.core import codes
from mqlab.core.tables import Tables
from mqlab.model import Model
from mqlab.sampling import name_identity

__all__ = ["member_rows"]


def member_rows(
    model: Model, seed: int, tables: Tables, index_of: Mapping[str, int], nodes: list[dict[str, Any]],
    queues: list[dict[str, Any]],
) -> list[dict[str, Any]]:  # fmt: skip
    """Make a record for each member, and note in the rows of nodes and queues where they are.

    Parameters
    ----------
    model, seed
        What is built.
    tables
        Where distributions are kept.
    index_of
        Index of each node by its name.
    nodes, queues
        Rows of the nodes and queues of the model, completed here.
    """
    rows: list[dict[str, Any]] = []
    for i, node in enumerate(model.nodes):
        nodes[i] |= {"members": -1, "network": node.network_ns}
    for i, queue in enumerate(model.queues):
        if not queue.replicas:
            continue
        first = len(rows)
        for name in queue.replicas:
            home = nodes[index_of[name]]
            rows.append({"queue": i, "node": index_of[name], "alive": 1, "next": home["members"]})
            home["members"] = len(rows) - 1
            home["special"] = home.get("special", 0) | codes.NODE_MEMBERS
        queues[i] |= {
            "node": index_of[queue.replicas[0]], "special": queues[i].get("special", 0) | codes.QUEUE_REPLICATED,
            "ident": name_identity(seed, f"queues.{queue.name}"), "member_first": first,
            "replicas": len(queue.replicas), "leader": first, "live": len(queue.replicas), "term": 1,
            "election": tables.dist(queue.election), "suspect": queue.suspect_ns,
            "log_head": -1, "log_tail": -1, "held_head": -1, "held_tail": -1,
        }  # fmt: skip
    return rows
