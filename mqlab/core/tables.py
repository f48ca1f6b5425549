"""Tables that grow while a model is read: distributions, reals, routes and their targets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mqlab.core import codes
from mqlab.core.distributions import SCRATCH
from mqlab.model import Distribution, LinkSide
from mqlab.sampling import exp, ln

__all__ = ["Tables", "side_row", "zipf_weights"]

_POSTFIX = {
    "constant": codes.DIST_CONSTANT,
    "uniform": codes.DIST_UNIFORM,
    "exponential": codes.DIST_EXPONENTIAL,
    "erlang": codes.DIST_ERLANG,
    "lognormal": codes.DIST_LOGNORMAL,
    "hyperexponential": codes.DIST_HYPER,
    "serial": codes.DIST_SUM,
    "parallel": codes.DIST_MAX,
}


class Tables:
    """Lists that grow while the model is read: distributions, reals, routes and their targets."""

    def __init__(self) -> None:
        self.dists: list[tuple[int, int, float, float, float]] = []
        self.reals: list[float] = [0.0] * SCRATCH
        self.routes: list[tuple[int, int, int]] = []
        self.targets: list[int] = []

    def route(self, queues: Sequence[int], address: int) -> int:
        """Note where a routing key (number ``address``) leads; return the number of the route."""
        self.routes.append((self.words(queues), len(queues), address))
        return len(self.routes) - 1

    def words(self, numbers: Sequence[int]) -> int:
        """Write numbers into the table of targets; return the index of the first."""
        start = len(self.targets)
        self.targets.extend(numbers)
        return start

    def dist(self, distribution: Distribution | None) -> int:
        """Write a distribution in postfix order; -1 for none."""
        if distribution is None:
            return -1
        start = len(self.dists)
        self._postfix(distribution)
        kind, _, p0, p1, p2 = self.dists[start]
        self.dists[start] = (kind, len(self.dists) - start, p0, p1, p2)
        return start

    def _postfix(self, d: Distribution) -> None:
        for part in d.parts:
            self._postfix(part)
        parameters = [*map(float, d.params), 0.0, 0.0, 0.0][:3]
        if d.kind in ("serial", "parallel"):
            parameters = [float(len(d.parts)), 0.0, 0.0]
        elif d.kind == "lognormal":
            mean, cv = d.params
            variance = float(ln(1.0 + cv * cv))
            parameters = [float(ln(max(mean, 1e-300))) - variance / 2.0, variance**0.5, 0.0]
        elif d.kind == "erlang":
            parameters = [float(d.params[0]), d.params[1] / d.params[0], 0.0]
        self.dists.append((_POSTFIX[d.kind], 1, parameters[0], parameters[1], parameters[2]))

    def cumulative(self, weights: list[float]) -> int:
        """Write a table of cumulative probabilities; its last entry is exactly 1."""
        start = len(self.reals)
        total = sum(weights)
        running = 0.0
        for weight in weights:
            running += weight
            self.reals.append(running / total)
        self.reals[-1] = 1.0
        return start


def zipf_weights(keys: int, s: float) -> list[float]:
    """Weights k^-s, from our own exp and ln so that they are the same bits everywhere."""
    return [float(exp(-s * ln(float(k)))) for k in range(1, keys + 1)]


def side_row(tables: Tables, side: LinkSide) -> dict[str, Any]:
    """Lower one direction of a link to its record."""
    constant = side.latency.kind == "constant"
    special = codes.SIDE_LOSS if side.loss > 0 else 0
    row: dict[str, Any] = {
        "latency": tables.dist(side.latency), "constant": int(constant), "loss": side.loss,
        "fixed_ns": int(side.latency.params[0]) if constant else 0, "duplicate": side.duplicate,
    }  # fmt: skip
    if side.bandwidth_bytes_per_s > 0:
        special |= codes.SIDE_BANDWIDTH
        row["bandwidth"] = side.bandwidth_bytes_per_s
    if side.bursts is not None:
        special |= codes.SIDE_BURSTS
        b = side.bursts
        row |= {"p": b.p, "r": b.r, "good": b.good, "bad": b.bad}
    return row | {"special": special}
