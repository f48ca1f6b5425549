"""Run a model under the seeds 1, 2, 3 … and read figures off the counters of each run."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from mqlab import engines
from mqlab.model import Model
from mqlab.trace.schema import Trace

from .build import CONSUMERS, QUEUE, SECOND


@dataclass(frozen=True)
class Replications:
    """Independent runs of one model; every figure comes as a list, one a run."""

    model: Model
    count: int

    @cached_property
    def traces(self) -> list[Trace]:
        """The runs, made when first asked for; only counters are kept."""
        engine = engines.get("sim")
        return [engine.run(self.model, seed=seed, level="counts") for seed in range(1, self.count + 1)]

    def mean_s(self, stage: str) -> list[float]:
        """Mean duration of a stage in seconds."""
        moments = [trace.counters.moments[stage] for trace in self.traces]
        return [total / count / SECOND for count, total, _, _ in moments]

    def share_below(self, stage: str, bucket: int) -> list[float]:
        """Share of the durations of a stage that fall into a histogram bucket before ``bucket``."""
        histograms = [trace.counters.histograms[stage] for trace in self.traces]
        return [float(h[:bucket].sum() / h.sum()) for h in histograms]

    @property
    def measured(self) -> float:
        """Which part of the time over which means are weighted producers were at work: the rest is drain."""
        model = self.model
        return (model.duration_ns - model.warmup_ns) / (model.end_ns - model.warmup_ns)

    @property
    def ready_mean(self) -> list[float]:
        """Mean number of messages in the line while producers were at work (the drain has hardly any)."""
        return [trace.counters.queues[QUEUE].depth_mean / self.measured for trace in self.traces]

    @property
    def utilisation(self) -> list[float]:
        """Busy share of the consumers while producers were at work."""
        return [trace.counters.utilisation[CONSUMERS] / self.measured for trace in self.traces]

    def share_of(self, fate: str) -> list[float]:
        """Share of all created messages that ended so."""
        counters = [trace.counters for trace in self.traces]
        return [c.fates[fate] / c.messages["created"] for c in counters]
