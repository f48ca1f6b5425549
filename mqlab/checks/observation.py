"""What a check reads, and what it says."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mqlab.checks.logbook import LogBook
from mqlab.model import Model
from mqlab.trace.fates import Fate
from mqlab.trace.schema import Entity, RowSource, Trace

__all__ = ["EXAMPLES_MAX", "Check", "Evidence", "Observation", "pairs"]

EXAMPLES_MAX = 10
"""How many messages a finding names at most."""


@dataclass(frozen=True)
class Observation:
    """What a check saw.

    Parameters
    ----------
    count
        How often; None if it could not be judged.
    examples
        Up to :data:`EXAMPLES_MAX` numbers of messages it happened to, in row order.
    detail
        Further figures by name.
    not_judged
        Why ``count`` is None; else empty.
    """

    count: int | None
    examples: tuple[int, ...] = ()
    detail: Mapping[str, Any] = field(default_factory=dict)
    not_judged: str = ""


class Evidence:
    """FATE rows by column, each column read once, and the few facts about the run that checks need.

    Parameters
    ----------
    rows
        The FATE rows.
    created
        How many messages were created; their numbers are 0 … created-1.
    confirming
        Entity indices of the producers that ask for confirms; None if that is not known.
    requesting
        Whether anybody asks for replies; None if that is not known.
    ttl_ns
        Time-to-live by entity index of the queue, for queues that have one.
    has_logs
        Whether there are logs with offsets, not queues.
    events, entities
        The EVENT rows, if the trace kept them, and whom they are about.
    sharing
        Consumer groups whose members share a partition record by record.
    """

    def __init__(
        self,
        rows: RowSource,
        created: int,
        *,
        confirming: frozenset[int] | None = None,
        requesting: bool | None = None,
        ttl_ns: Mapping[int, int] | None = None,
        has_logs: bool = False,
        events: RowSource | None = None,
        entities: Sequence[Entity] = (),
        sharing: frozenset[str] = frozenset(),
    ) -> None:
        self.sharing = sharing
        self.rows, self.created = rows, created
        self.has_logs, self.events, self.entities = has_logs, events, entities
        self.confirming = confirming
        self.requesting = requesting
        self.ttl_ns = ttl_ns or {}
        self._columns: dict[str, NDArray[Any]] = {}

    @classmethod
    def of(cls, trace: Trace, model: Model | None) -> Evidence | None:
        """Gather the evidence of a run; None if the trace has no FATE rows."""
        if trace.fates is None:
            return None
        confirming, requesting, ttl_ns = None, None, {}
        if model is not None:
            requesting = any(group.request is not None for group in model.producers)
            mortal = {queue.name: queue.ttl_ns for queue in model.queues if queue.ttl_ns >= 0}
            ttl_ns = {
                index: mortal[entity.name]
                for index, entity in enumerate(trace.entities)
                if entity.kind == "queue" and entity.name in mortal
            }
            groups = {group.name for group in model.producers if group.learns}
            confirming = frozenset(
                index
                for index, entity in enumerate(trace.entities)
                if entity.kind == "producer" and entity.group in groups
            )
        created = int(trace.counters.messages["created"])
        has_logs = bool(model.topics) if model is not None else trace.counters.events_by_kind.get("collected", 0) > 0
        return cls(
            trace.fates, created, confirming=confirming, requesting=requesting, ttl_ns=ttl_ns, has_logs=has_logs,
            events=trace.events, entities=trace.entities, sharing=_sharing(model),
        )  # fmt: skip

    @cached_property
    def logbook(self) -> LogBook | None:
        """What the events say about the logs; None if they were not kept."""
        return None if self.events is None else LogBook(self.events, self.entities, self.sharing)

    def __getitem__(self, name: str) -> NDArray[Any]:
        """One column of the FATE rows."""
        if name not in self._columns:
            self._columns[name] = self.rows.column(name)
        return self._columns[name]

    def ended(self, *fates: Fate) -> NDArray[np.bool_]:
        """Mask of the rows that ended in one of these fates."""
        wanted = np.zeros(256, bool)
        wanted[list(fates)] = True
        mask: NDArray[np.bool_] = wanted[self["fate"]]
        return mask

    def rows_where(self, mask: NDArray[np.bool_], **detail: Any) -> Observation:
        """Observe the rows of a mask: one count a row."""
        return Observation(int(np.count_nonzero(mask)), self.examples(mask), detail)

    def examples(self, mask: NDArray[np.bool_]) -> tuple[int, ...]:
        """Name the first messages whose rows match, each once."""
        messages = self["message"][mask]
        return tuple(dict.fromkeys(messages[: 100 * EXAMPLES_MAX].tolist()))[:EXAMPLES_MAX]


def _sharing(model: Model | None) -> frozenset[str]:
    """Name the groups with a subscription that is shared, by key or not."""
    if model is None or not model.topics:
        return frozenset()
    return frozenset(
        group.name for group in model.consumers
        if group.subscribing is not None and group.subscribing.kind in ("shared", "key_shared")
    )  # fmt: skip


Check = Callable[[Evidence], Observation]


def pairs(evidence: Evidence) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Give each (message, queue) pair of the rows a number.

    Rows of one message stand next to each other, so only messages with several rows need sorting.

    Returns
    -------
    pair, first
        For each row the number of its pair, and for each pair the first of its rows.

    Examples
    --------
    >>> from mqlab.trace.schema import FATE, Rows
    >>> rows = np.zeros(4, FATE)
    >>> rows["message"], rows["queue"] = [5, 5, 5, 6], [1, 2, 1, 1]
    >>> pair, first = pairs(Evidence(Rows(rows), 7))
    >>> pair.tolist(), first.tolist()
    ([0, 1, 0, 2], [0, 1, 3])
    """
    message, queue = evidence["message"], evidence["queue"]
    together = np.zeros(len(message) + 1, bool)
    together[1:-1] = message[1:] == message[:-1]
    shared = np.flatnonzero(together[1:] | together[:-1])
    leader = np.arange(len(message))
    if len(shared):
        order = shared[np.lexsort((shared, queue[shared], message[shared]))]
        same = (message[order][1:] == message[order][:-1]) & (queue[order][1:] == queue[order][:-1])
        starts = np.flatnonzero(np.r_[True, ~same])
        leader[order] = np.repeat(order[starts], np.diff(np.r_[starts, len(order)]))
    first = np.flatnonzero(leader == np.arange(len(leader)))
    number = np.zeros(len(leader), np.intp)
    number[first] = np.arange(len(first))
    return number[leader], first
