"""Who did the work: for each consumer group the copies that it was the first to process, and whose they were."""

from __future__ import annotations

import numpy as np

from mqlab.trace.schema import Trace

__all__ = ["work_by_group"]


def work_by_group(trace: Trace) -> dict[str, dict[str, int | dict[str, int]]] | None:
    """Count processed copies by consumer group, and by the group of their producer.

    Returns
    -------
    dict or None
        For each consumer group ``processed`` and ``from`` (by producer group); None where fates were not kept.

    Examples
    --------
    >>> work_by_group(trace)                                                            # doctest: +SKIP
    {'anna': {'processed': 3, 'from': {'bert': 2, 'anna': 1}}}
    """
    if trace.fates is None:
        return None
    names: dict[str, list[str]] = {"producer": [], "consumer": []}
    group = np.full((2, len(trace.entities) + 1), -1)  # the last place is that of nobody (-1)
    for number, entity in enumerate(trace.entities):
        for side, kind in enumerate(names):
            if entity.kind == kind:
                if entity.group not in names[kind]:
                    names[kind].append(entity.group)
                group[side, number] = names[kind].index(entity.group)
    sender = group[0][trace.fates.column("producer")]
    worker = group[1][trace.fates.column("consumer")]
    done = (trace.fates.column("processings") > 0) & (sender >= 0) & (worker >= 0)
    width = max(1, len(names["producer"]))
    counts = np.bincount(worker[done] * width + sender[done], minlength=width * len(names["consumer"]))
    table = counts.reshape(-1, width)
    return {
        name: {
            "processed": int(row.sum()),
            "from": {producer: int(n) for producer, n in zip(names["producer"], row, strict=False)},
        }
        for name, row in zip(names["consumer"], table, strict=False)
    }
