"""The seam between a model and a trace: what every engine does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from mqlab.model import Model
from mqlab.trace.schema import Level, Trace
from mqlab.trace.sinks import Sink

__all__ = ["Engine", "Process", "Progress"]

Progress = Callable[[float], None]
"""Called now and then with the fraction of the run that is done."""

Process = Callable[[Any], Any]
"""A hand-written process: called with the engine's world, returns a generator."""


class Engine(Protocol):
    """Runs a model and returns its trace. Same model, seed and version: same digest."""

    name: str

    def prepare(self, model: Model) -> None:
        """Have made what the first run of such a model would have to make, as long as only one process wants it."""
        ...

    def run(
        self,
        model: Model,
        *,
        seed: int | None = None,
        level: Level = "events",
        sink: Sink | None = None,
        progress: Progress | None = None,
        processes: Sequence[Process] = (),
    ) -> Trace:
        """Run ``model``.

        Parameters
        ----------
        model
            What to run.
        seed
            Overrides the model's own.
        level
            What the trace keeps; totals, histograms and the digest are the same at every level.
        sink
            Where finished rows go; in memory if not given.
        progress
            Called with the fraction done.
        processes
            Hand-written processes, each called with the world.
        """
        ...
