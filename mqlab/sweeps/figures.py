"""The figures of one run by the names that expectations use, such as ``latency.p99`` or ``queues.orders.depth_max``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from mqlab.measure.backlog import drain_ns, peak
from mqlab.measure.throughput import sustained_per_s
from mqlab.model import Model
from mqlab.scenario.vocabulary import names_of
from mqlab.sweeps.estimates import Histogram
from mqlab.trace.schema import STAGES, Trace

__all__ = ["QUANTILES", "figures_of", "histograms_of", "quantile_named"]

QUANTILES = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p999": 0.999}


def figures_of(summary: Mapping[str, Any], model: Model, trace: Trace) -> dict[str, float | None]:
    """Read every figure of a run; None where it cannot tell.

    Beside what expectations know: ``throughput.sustained`` (see :func:`mqlab.measure.throughput.sustained_per_s`),
    ``backlog.peak`` (copies) and ``backlog.drain`` (ns from the moment when producers stopped until nothing was left).

    Examples
    --------
    >>> figures_of(summary, model, trace)["throughput.processed"]  # doctest: +SKIP
    998.2
    """
    found = {name: _at(summary, where.keys) for name, where in names_of(model).items()}
    found |= {f"gauges.{name}": float(value) for name, value in summary["gauges"].items()}
    drained = drain_ns(trace)
    found["throughput.sustained"] = sustained_per_s(trace)
    found["backlog.peak"] = float(peak(trace).count)
    found["backlog.drain"] = None if drained is None else float(drained)
    return found


def _at(summary: Mapping[str, Any], keys: tuple[str, ...]) -> float | None:
    value: Any = summary
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    if isinstance(value, dict):  # `fates.lost` is the sum of its causes
        return float(sum(value.values()))
    return None if value is None else float(value)


def histograms_of(trace: Trace) -> dict[str, Histogram]:
    """Take the filled buckets of every stage."""
    found: dict[str, Histogram] = {}
    for stage in STAGES:
        counts = trace.counters.histograms[stage]
        filled = np.flatnonzero(counts)
        found[stage] = (filled.tolist(), counts[filled].tolist())
    return found


def quantile_named(name: str) -> tuple[str, float] | None:
    """Say which stage and quantile a name means, if it means one.

    Examples
    --------
    >>> quantile_named("latency.p99"), quantile_named("stages.created_sent.p50"), quantile_named("latency.mean")
    (('latency', 0.99), ('created_sent', 0.5), None)
    """
    *front, last = name.split(".")
    if last not in QUANTILES or not front or front[0] not in ("latency", "stages"):
        return None
    return ("latency" if front == ["latency"] else front[-1]), QUANTILES[last]
