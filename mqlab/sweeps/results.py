"""What a sweep found: a row for each run, a row for each point and figure, and curves."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mqlab.errors import BadInput, did_you_mean
from mqlab.model import Model
from mqlab.sweeps.estimates import Estimate, mean_of, quantile_of
from mqlab.sweeps.figures import quantile_named
from mqlab.sweeps.varying import Axis
from mqlab.sweeps.working import Outcome
from mqlab.trace.parquet import NO_ROOM, saying

if TYPE_CHECKING:
    import pandas as pd

    from mqlab.plots.curves import Curve

__all__ = ["Sweep"]

RUNS_TABLE = "runs.parquet"
FRAME_TABLE = "figures.parquet"


class Sweep:
    """One sweep. What :func:`mqlab.sweep` returns.

    Examples
    --------
    >>> import mqlab
    >>> found = mqlab.sweep("dispatch-prefetch-1", {"consumers.workers.count": [2, 4]}, reps=2)  # doctest: +SKIP
    >>> found.table("latency.mean")[["consumers.workers.count", "value", "low", "high"]]  # doctest: +SKIP
    >>> found.plot("load")  # doctest: +SKIP
    """

    def __init__(
        self, name: str, axes: Sequence[Axis], models: Sequence[Model], outcomes: Sequence[Outcome], reps: int
    ) -> None:
        self.name, self.axes, self.models, self.reps = name, tuple(axes), tuple(models), reps
        self.outcomes = tuple(outcomes)

    def settings(self, point: int) -> list[tuple[Axis, int]]:
        """Give each axis with the place of its value at a point (the last axis runs fastest)."""
        places = []
        for axis in reversed(self.axes):
            point, place = divmod(point, len(axis.texts))
            places.append((axis, place))
        return places[::-1]

    def _columns(self, point: int) -> dict[str, Any]:
        return {
            axis.path: axis.texts[place] if axis.kind == "word" else axis.values[place]
            for axis, place in self.settings(point)
        }

    @property
    def figures(self) -> list[str]:
        """Names of all figures that some run has."""
        names: dict[str, None] = {}
        for outcome in self.outcomes:
            names |= {name: None for name, value in outcome["figures"].items() if value is not None}
        return list(names)

    @cached_property
    def runs(self) -> pd.DataFrame:
        """A row for each run: the settings, rep, seed, digest, verdict, and every figure (times in ns)."""
        import pandas as pd

        rows = [
            {**self._columns(o["point"]), **{key: o[key] for key in ("point", "rep", "seed", "digest", "verdict")},
             **o["figures"]}
            for o in self.outcomes
        ]  # fmt: skip
        return pd.DataFrame(rows)

    @cached_property
    def frame(self) -> pd.DataFrame:
        """A row for each point and figure: the settings, ``figure``, ``value``, ``low``, ``high``, ``runs``."""
        import pandas as pd

        return pd.concat([self.table(name) for name in self.figures], ignore_index=True)

    def table(self, figure: str) -> pd.DataFrame:
        """One figure along the sweep, with 95 % intervals.

        Raises
        ------
        BadInput
            There is no such figure.
        """
        import pandas as pd

        self._check(figure)
        rows = []
        for point in range(len(self.models)):
            found = self.estimate(figure, point)
            rows.append(
                {**self._columns(point), "point": point, "figure": figure, "value": found.value, "low": found.low,
                 "high": found.high, "runs": len(self._of(point))}
            )  # fmt: skip
        return pd.DataFrame(rows)

    def _check(self, figure: str) -> None:
        known = self.figures
        if figure not in known:
            raise BadInput(f"there is no figure `{figure}` in this sweep", mend=did_you_mean(figure, known, "figures"))

    def _of(self, point: int) -> list[Outcome]:
        return [outcome for outcome in self.outcomes if outcome["point"] == point]

    def estimate(self, figure: str, point: int) -> Estimate:
        """Estimate one figure at one point from its runs; quantiles from all runs together, never averaged."""
        outcomes = self._of(point)
        quantile = quantile_named(figure)
        if quantile is not None:
            stage, q = quantile
            return quantile_of([outcome["histograms"][stage] for outcome in outcomes], q)
        values = [outcome["figures"].get(figure) for outcome in outcomes]
        return mean_of([math.nan if value is None else value for value in values])

    def plot(self, name: str = "load", **options: Any) -> Any:
        """Draw a picture of the sweep: ``load``, ``utilisation``, ``figure`` or ``map``.

        Raises
        ------
        BadInput
            There is no such picture, or it does not fit this sweep (a map needs two settings).
        """
        from mqlab.plots.curves import draw

        return draw(name, self.curve(), **options)

    def curve(self) -> Curve:
        """Gather what the plots need: numbers, no runs."""
        from mqlab.plots.curves import Curve
        from mqlab.sweeps.theory import station_of

        stations = [station_of(model) for model in self.models]
        return Curve(
            name=self.name,
            axes=[(axis.path, axis.kind, axis.log, axis.texts, axis.values) for axis in self.axes],
            estimates=lambda figure: [self.estimate(figure, point) for point in range(len(self.models))],
            figures=self.figures,
            reps=self.reps,
            theory=[None if station is None else station.W_s * 1e9 for station in stations],
            theory_name=next((station.name for station in stations if station is not None), ""),
            groups=[group.name for group in self.models[0].consumers],
            queues=_places(self.figures),
        )

    def write(self, folder: Path) -> None:
        """Write tables and curves into a folder."""
        from mqlab.plots.curves import fitting
        from mqlab.plots.look import to_png

        for name, table in ((RUNS_TABLE, self.runs), (FRAME_TABLE, self.frame)):
            with saying(folder / name, "cannot be written", NO_ROOM):
                partial = folder / f".{name}"
                table.to_parquet(partial, index=False)
                partial.replace(folder / name)
        for name in fitting(self.curve()):
            with saying(folder / f"{name}.png", "cannot be written", NO_ROOM):
                (folder / f"{name}.png").write_bytes(to_png(self.plot(name)))

    def __repr__(self) -> str:
        points = " x ".join(str(len(axis.texts)) for axis in self.axes)
        return f"<Sweep {self.name}: {points} points, {self.reps} runs each>"


def _places(figures: Iterable[str]) -> list[str]:
    """Name the queues, or partitions of logs, that have figures.

    Examples
    --------
    >>> _places(["latency.p50", "queues.orders.depth_max", "queues.orders.depth_mean"])
    ['orders']
    """
    return [name[len("queues.") : -len(".depth_max")] for name in figures if name.endswith(".depth_max")]
