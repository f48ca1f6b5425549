"""Counters as JSON and back, exactly: integers stay integers, floats come back to the last bit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mqlab.trace.schema import STAGES, Counters, QueueStats

__all__ = ["counters_from_json", "counters_to_json"]


def counters_to_json(counters: Counters) -> dict[str, Any]:
    """Turn counters into what :mod:`json` can write.

    Histograms have thousands of buckets and few of them filled, so only those are kept.

    Examples
    --------
    >>> stats = QueueStats(0.5, 3, 0.0, 0, 9, 9, 9, 0)
    >>> counters = Counters({}, {}, {}, {}, {}, 1, {}, {"orders": stats}, {})
    >>> counters_from_json(counters_to_json(counters)).queues["orders"].depth_max
    3
    """
    return {
        "events_by_kind": _integers(counters.events_by_kind),
        "messages": _integers(counters.messages),
        "fates": _integers(counters.fates),
        "histograms": {name: _sparse(counts) for name, counts in counters.histograms.items()},
        "moments": {
            name: [int(count), float(total), int(least), int(most)]
            for name, (count, total, least, most) in counters.moments.items()
        },
        "bin_ns": int(counters.bin_ns),
        "series": {name: values.tolist() for name, values in counters.series.items()},
        "queues": {name: asdict(stats) for name, stats in counters.queues.items()},
        "utilisation": {name: float(value) for name, value in counters.utilisation.items()},
        "gauges": _integers(counters.gauges),
    }


def counters_from_json(data: Mapping[str, Any]) -> Counters:
    """Undo :func:`counters_to_json`; a stage that an earlier version did not know was never measured.

    Raises
    ------
    KeyError, TypeError, ValueError
        The data are not what :func:`counters_to_json` gives.
    """
    buckets = max((int(sparse["buckets"]) for sparse in data["histograms"].values()), default=0)
    newer = [stage for stage in STAGES if stage not in data["moments"]] if data["moments"] else []
    return Counters(
        events_by_kind=_integers(data["events_by_kind"]),
        messages=_integers(data["messages"]),
        fates=_integers(data["fates"]),
        histograms={name: _dense(sparse) for name, sparse in data["histograms"].items()}
        | {stage: np.zeros(buckets, np.int64) for stage in newer},
        moments={name: _moments(values) for name, values in data["moments"].items()}
        | dict.fromkeys(newer, (0, 0.0, -1, -1)),
        bin_ns=int(data["bin_ns"]),
        series={name: np.array(values, np.int64) for name, values in data["series"].items()},
        queues={name: QueueStats(**stats) for name, stats in data["queues"].items()},
        utilisation={name: float(value) for name, value in data["utilisation"].items()},
        gauges=_integers(data["gauges"]),
    )


def _integers(values: Mapping[str, Any]) -> dict[str, int]:
    return {name: int(value) for name, value in values.items()}


def _moments(values: Any) -> tuple[int, float, int, int]:
    count, total, least, most = values
    return int(count), float(total), int(least), int(most)


def _sparse(counts: NDArray[np.int64]) -> dict[str, Any]:
    filled = np.flatnonzero(counts)
    return {"buckets": len(counts), "filled": filled.tolist(), "counts": counts[filled].tolist()}


def _dense(sparse: Mapping[str, Any]) -> NDArray[np.int64]:
    counts = np.zeros(int(sparse["buckets"]), np.int64)
    counts[np.array(sparse["filled"], np.int64)] = sparse["counts"]
    return counts
