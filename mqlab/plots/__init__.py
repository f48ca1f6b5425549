"""Pictures of a run: functions from a trace to a matplotlib figure, and captions that say what to see.

A picture is one file and one line in :data:`PICTURES`; report, face and tests go by that registry.

Examples
--------
>>> sorted(PICTURES)
['fates_bar', 'latency_distribution', 'latency_over_time', 'logs', 'order', 'space_time', 'timeline']
>>> figure = draw("timeline", trace, model)  # doctest: +SKIP
>>> figure.savefig("timeline.svg")  # doctest: +SKIP
>>> print(caption("timeline", trace, model))  # doctest: +SKIP
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any

from matplotlib.figure import Figure

from mqlab.errors import BadInput
from mqlab.model import Model
from mqlab.plots.close_up import crash_window
from mqlab.plots.delay import latency_over_time, latency_over_time_caption
from mqlab.plots.endings import fates_bar, fates_bar_caption
from mqlab.plots.flow import timeline, timeline_caption
from mqlab.plots.logs import has_logs, logs, logs_caption
from mqlab.plots.look import to_png, to_svg
from mqlab.plots.order import order, order_caption
from mqlab.plots.space_time import space_time, space_time_caption
from mqlab.plots.tail import latency_distribution, latency_distribution_caption
from mqlab.plots.tails import latency_tails, latency_tails_caption
from mqlab.trace.schema import Level, Trace

__all__ = [
    "COMPARISONS",
    "PICTURES",
    "Picture",
    "caption",
    "crash_window",
    "draw",
    "draw_side_by_side",
    "fates_bar",
    "has_logs",
    "latency_distribution",
    "latency_over_time",
    "logs",
    "order",
    "pictures_of",
    "space_time",
    "timeline",
    "to_png",
    "to_svg",
]


@dataclass(frozen=True, slots=True)
class Picture:
    """One kind of picture.

    ``draw`` and ``caption`` take (trace, model, **options), where the model may be None. Both work at every
    level: below ``needs``, the figure says in words why there is nothing to draw.
    """

    name: str
    title: str
    needs: Level
    draw: Callable[..., Figure]
    caption: Callable[..., str]
    concerns: Callable[[Trace], bool] = lambda trace: True
    """Whether a run has what it shows."""


PICTURES: Mapping[str, Picture] = MappingProxyType(
    {
        picture.name: picture
        for picture in (
            Picture("fates_bar", "How it ended", "counts", fates_bar, fates_bar_caption),
            Picture("timeline", "What happened when", "counts", timeline, timeline_caption),
            Picture(
                "latency_over_time",
                "Latency over time",
                "fates",
                latency_over_time,
                latency_over_time_caption,
            ),
            Picture(
                "latency_distribution",
                "Distribution of latency",
                "counts",
                latency_distribution,
                latency_distribution_caption,
            ),
            Picture("logs", "Leaders, replicas in sync, lag", "events", logs, logs_caption, has_logs),
            Picture("order", "Order", "fates", order, order_caption),
            Picture("space_time", "Space and time", "events", space_time, space_time_caption),
        )
    }
)
"""Every picture by name, in the order of a report."""


COMPARISONS: Mapping[str, tuple[Callable[..., Figure], Callable[..., str]]] = MappingProxyType(
    {"latency_tails": (latency_tails, latency_tails_caption)}
)
"""Pictures of several runs side by side, and their captions: both take traces by name."""


def draw_side_by_side(name: str, traces: Mapping[str, Trace], **options: Any) -> Figure:
    """Draw a picture of several runs.

    Raises
    ------
    BadInput
        There is no such picture.
    """
    if name not in COMPARISONS:
        raise BadInput(f"there is no picture `{name}` of several runs", mend=f"there is {', '.join(COMPARISONS)}")
    return COMPARISONS[name][0](traces, **options)


def pictures_of(trace: Trace) -> list[str]:
    """Name the pictures that have to do with a run."""
    return [name for name, picture in PICTURES.items() if picture.concerns(trace)]


def draw(name: str, trace: Trace, model: Model | None = None, **options: Any) -> Figure:
    """Draw the picture called ``name``.

    Raises
    ------
    BadInput
        There is no such picture.
    """
    return _picture(name).draw(trace, model, **options)


def caption(name: str, trace: Trace, model: Model | None = None, **options: Any) -> str:
    """Say what the picture called ``name`` shows of this run (options as for :func:`draw`).

    Raises
    ------
    BadInput
        There is no such picture.
    """
    return _picture(name).caption(trace, model, **options)


def _picture(name: str) -> Picture:
    if name not in PICTURES:
        near = get_close_matches(name, PICTURES, n=1)
        mend = f"did you mean {near[0]}?" if near else f"there is {', '.join(PICTURES)}"
        raise BadInput(f"there is no picture called {name}", mend=mend)
    return PICTURES[name]
