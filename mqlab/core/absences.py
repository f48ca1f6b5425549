"""Routes and the queues that may be missing from them; worked out while the model is read.

A route is a list of queues. Beside it stands a way (:data:`mqlab.core.records.WAY`): which of its queues are bound
loosely, by something that a restart of the broker removes; and, where an alternate exchange would step in for queues
that are missing, the routes that hold then, one for every set of missing queues.
"""

from __future__ import annotations

from collections.abc import Collection
from itertools import chain
from typing import Any

from mqlab.core import codes
from mqlab.core.tables import Tables
from mqlab.errors import BadInput
from mqlab.model import Model, Queue
from mqlab.routing import HOST, Router, router_of

__all__ = ["Absences"]

_MISSING_MAX = 8
"""Most queues that may be missing behind one exchange with an alternate: 255 routes for their sets."""
Pairs = tuple[tuple[str, str], ...]


class Absences:
    """The ways of a model's routes."""

    def __init__(self, model: Model) -> None:
        self.router = router_of(model)
        hosts = {queue.name: queue.vhost for queue in model.queues}
        self._index = {name: i for i, name in enumerate(hosts)}
        self._lasting = {exchange.name for exchange in model.exchanges if exchange.durable}
        self._firm = Router(
            [exchange for exchange in model.exchanges if exchange.durable],
            [b for b in model.bindings if {b.exchange, b.to_exchange} <= {*self._lasting, ""}],
            hosts,
        )
        self._leading = _leading(model)
        self._unsure = frozenset(
            q.name for q in model.queues
            if not q.replicas and (q.name in self._leading or q.exclusive or q.auto_delete or q.expires_ns > 0)
        )  # fmt: skip
        self._noted: list[tuple[int, str, str, Pairs, tuple[str, ...]]] = []

    def life(self, queue: Queue) -> dict[str, Any]:
        """Fill in what a queue's record says of its life, besides :meth:`flag`."""
        leading = self._leading.get(queue.name, set())
        return {
            "exclusive": int(queue.exclusive), "auto_delete": int(queue.auto_delete), "expires": queue.expires_ns,
            "loose": int(not leading <= self._lasting),
        }  # fmt: skip

    def flag(self, queue: Queue) -> int:
        """Say in ``special`` whether a queue may be deleted or lose its bindings."""
        return codes.Q_LIFE if queue.name in self._unsure else 0

    def _is_firm(self, exchange: str, key: str, headers: Pairs, queue: str, absent: Collection[str] = ()) -> bool:
        return exchange in self._lasting and queue in self._firm.route(exchange, key, headers, absent=absent)

    def route(
        self, tables: Tables, exchange: str, key: str, headers: Pairs = (), vhost: str = HOST, *, address: int
    ) -> int:
        """Add the route of one way to publish, under the number of what it is routed by; return its own number."""
        reached = self.router.route(exchange, key, headers, vhost=vhost)
        number = tables.route([self._index[name] for name in reached], address)
        if exchange:
            self._noted.append((number, exchange, key, headers, reached))
        return number

    def ways(self, tables: Tables) -> list[tuple[int, int, int]]:
        """Work out what takes the place of the routes when queues are missing; list the ways in their order."""
        rows: dict[int, tuple[int, int, int]] = {}
        for number, exchange, key, headers, reached in self._noted:
            loose = [int(not self._is_firm(exchange, key, headers, name)) for name in reached]
            first = tables.words(loose) if any(loose) else -1
            reach = self.router.reach(exchange, key, headers, unsure=self._unsure)
            plans = -1
            if set(reach) - set(reached):  # an alternate steps in for queues that are missing
                behind = tuple(name for name in reach if name in self._unsure)
                numbers, plans = self._plans(tables, exchange, key, headers, behind, tables.routes[number][2])
                rows.update(dict.fromkeys(numbers, (-1, -1, 1)))
            rows[number] = (first, plans, 1)
        return [rows.get(number, (-1, -1, 0)) for number in range(max(len(tables.routes), 1))]

    def _plans(
        self, tables: Tables, exchange: str, key: str, headers: Pairs, behind: tuple[str, ...], address: int
    ) -> tuple[list[int], int]:
        if len(behind) > _MISSING_MAX:
            raise BadInput(
                f"{len(behind)} queues that may be deleted stand behind exchange `{exchange}`, which has an alternate",
                mend=f"at most {_MISSING_MAX} can be kept track of: remove the alternate, or some of the queues",
            )
        sets = [{name for i, name in enumerate(behind) if bits >> i & 1} for bits in range(1 << len(behind))]
        numbers = [
            tables.route(
                [self._index[name] for name in self.router.route(exchange, key, headers, absent=absent)], address
            )
            for absent in sets[1:]
        ]
        loose = [
            int(not any(self._is_firm(exchange, key, headers, name, absent) for absent in sets)) for name in behind
        ]
        pairs = zip((self._index[name] for name in behind), loose, strict=True)
        return numbers, tables.words([len(behind), numbers[0], *chain.from_iterable(pairs)])


def _leading(model: Model) -> dict[str, set[str]]:
    """Name for every bound queue the exchanges that lead there, through others too."""
    before: dict[str, set[str]] = {exchange.name: set() for exchange in model.exchanges}
    for exchange in model.exchanges:
        if exchange.alternate:
            before[exchange.alternate].add(exchange.name)
    leading: dict[str, set[str]] = {}
    for binding in model.bindings:
        if binding.to_exchange:
            before[binding.to_exchange].add(binding.exchange)
        else:
            leading.setdefault(binding.queue, set()).add(binding.exchange)
    for found in leading.values():
        waiting = list(found)
        while waiting:
            more = before[waiting.pop()] - found
            found |= more
            waiting.extend(more)
    return leading
