"""Space-time diagrams: who did what when, with messages as arrows.

Of one message (:mod:`mqlab.plots.life`) or of a stretch of time (:mod:`mqlab.plots.close_up`).
"""

from __future__ import annotations

from mqlab.model import Model
from mqlab.plots.close_up import COLOURS, TITLE, crash_window, draw_close_up
from mqlab.plots.life import draw_life
from mqlab.plots.look import Sheet, note, styled
from mqlab.trace.batches import with_batch
from mqlab.trace.schema import Trace

__all__ = ["space_time", "space_time_caption"]


@styled
def space_time(
    trace: Trace,
    model: Model | None = None,
    *,
    message: int | None = None,
    window: tuple[int, int] | None = None,
    limit: int = 8,
) -> Sheet:
    """Draw the life of one message, or what happened to a few messages in a stretch of time.

    Parameters
    ----------
    trace
        Needs events; at other levels the figure says so.
    model
        Tells which node a queue lives on; without it, the first node.
    message
        Number of the message. Time runs downwards, one row an event.
    window
        (start_ns, stop_ns). Time runs to the right. Without message and window: the stretch around the first
        crash, or else the beginning.
    limit
        At most this many messages in a window, those in trouble first; at most 8, the colours there are.

    Examples
    --------
    >>> space_time(trace, model, message=41_318).savefig("life.svg")  # doctest: +SKIP
    """
    subtitle = f"{trace.scenario} on {trace.system}"
    if trace.events is None:
        return note(
            TITLE,
            f"This run kept {trace.level} only. To see single messages, run it with\n--trace events",
            subtitle,
        )
    if message is not None:
        rows = with_batch(trace.events, trace.events.of_message(message))
        if len(rows) == 0:
            return note(TITLE, f"There is no message {message} in this run.", subtitle)
        return draw_life(trace, model, message, rows)
    if len(trace.events) == 0:
        return note(TITLE, "Nothing happened in this run.", subtitle)
    start, stop = window if window is not None else crash_window(trace)
    return draw_close_up(trace, model, start, stop, max(1, min(limit, len(COLOURS))))


def space_time_caption(
    trace: Trace,
    model: Model | None = None,
    *,
    message: int | None = None,
    window: tuple[int, int] | None = None,
) -> str:
    """Say how to read the diagram."""
    if trace.events is None:
        return "A space-time diagram needs the events of the run."
    if message is not None:
        return (
            "Time runs downwards, one line an event; grey figures at the left say where much time passes. "
            "Arrows are packets, a cross is a packet that never arrives; what is orange went wrong."
        )
    return (
        "Time runs to the right, to scale; every line is somebody, every slanted stroke a packet on its way. "
        "In a queue: strong while the copy waits, pale while it is out for delivery. At a consumer: work. "
        "Crosses: packets that never arrive; diamonds: something went wrong."
    )
