"""From the arrivals of a model to the records of their sources: steps, states, recorded messages."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mqlab.core.dtypes import RECORDED
from mqlab.core.tables import Tables
from mqlab.model import Arrivals, ProducerGroup, Step, time_shares

__all__ = ["Sources"]


class Sources:
    """Lists that grow while the producers of a model are read."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        self.sources: list[dict[str, Any]] = []
        self.phases: list[dict[str, Any]] = []
        self._recorded: list[NDArray[Any]] = []
        self._rows = 0

    def group(self, group: ProducerGroup, ident: np.uint64) -> list[int]:
        """Give every member of a group its record; -1 for those that need none."""
        arrivals = group.arrivals
        shared: dict[str, Any] = {"ident": ident, "sojourn": -1}
        match arrivals.kind:
            case "piecewise":
                shared |= self._steps(arrivals, group.count)
            case "mmpp":
                shared |= self._states(arrivals, group.count)
            case "hawkes":
                shared |= {"branching": arrivals.branching, "decay": arrivals.decay_ns / 1e9}
            case "burst":
                shared |= {"every": arrivals.every_ns, "of": arrivals.of, "over": arrivals.over_ns}
            case "trace":
                shared |= self._recording(group)
            case _:
                return [-1] * group.count
        first = len(self.sources)
        self.sources.extend(dict(shared) for _ in range(group.count))
        return list(range(first, first + group.count))

    def _steps(self, arrivals: Arrivals, members: int) -> dict[str, Any]:
        steps = arrivals.steps
        if not steps or steps[0].from_ns > 0:
            steps = (Step(0, 0.0), *steps)
        first = len(self.phases)
        self.phases.extend(
            {"rate": step.rate_per_s / members, "starts": arrivals.start_ns + step.from_ns} for step in steps
        )
        return {"first": first, "count": len(steps)}

    def _states(self, arrivals: Arrivals, members: int) -> dict[str, Any]:
        first = len(self.phases)
        for phase in arrivals.phases:
            following = self.tables.cumulative(list(phase.following))
            self.phases.append(
                {"rate": phase.rate_per_s / members, "stay": float(phase.stay_ns), "following": following}
            )
        found = self.tables.cumulative(list(time_shares(arrivals.phases)))
        return {"first": first, "count": len(arrivals.phases), "weights": found}

    def _recording(self, group: ProducerGroup) -> dict[str, Any]:
        recording = group.arrivals.recording
        assert recording is not None
        rows = np.zeros(len(recording.times_ns), RECORDED)
        rows["time"] = recording.times_ns
        rows["key"] = recording.keys or 0
        rows["size"] = recording.sizes_bytes or group.message.size_bytes
        first = self._rows
        self._recorded.append(rows)
        self._rows += len(rows)
        return {"first": first, "count": len(rows)}

    def recorded(self) -> NDArray[Any]:
        """Put all recorded messages into one array."""
        return np.concatenate([*self._recorded, np.zeros(1, RECORDED)])
