"""Pictures of a run by name, and which of them a run's trace level can give."""

from __future__ import annotations

__all__ = ["NAMES", "draw", "draw_all"]

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mqlab.errors import BadInput
from mqlab.trace.schema import LEVELS, Level

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from mqlab.face.runs import Run

NEEDS: Mapping[str, Level] = {
    "timeline": "counts",
    "latency_over_time": "fates",
    "latency_distribution": "counts",
    "fates_bar": "counts",
    "space_time": "events",
}
NAMES = tuple(NEEDS)


def draw(run: Run, name: str, options: Mapping[str, Any]) -> Figure:
    """Draw one picture.

    Raises
    ------
    BadInput
        There is no such picture, or the run did not keep what it takes.
    """
    from difflib import get_close_matches

    from mqlab import plots

    if name not in NEEDS:
        near = get_close_matches(name, NAMES, n=1)
        mend = f"did you mean {near[0]!r}?" if near else f"there is {', '.join(NAMES)}"
        raise BadInput(f"there is no picture {name!r}", mend=mend)
    if not _can(run, name):
        raise BadInput(f"{name} needs more than this run kept", mend=f'run it with trace="{NEEDS[name]}"')
    if name == "timeline":
        options = {"model": run.model, **options}
    figure: Figure = getattr(plots, name)(run.trace, **options)
    return figure


def draw_all(run: Run) -> dict[str, Figure]:
    """Draw every picture that the run's trace level can give."""
    return {name: draw(run, name, {}) for name in NAMES if _can(run, name)}


def _can(run: Run, name: str) -> bool:
    return LEVELS.index(run.trace.level) >= LEVELS.index(NEEDS[name])
