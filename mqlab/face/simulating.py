"""One simulation: an engine, a model, a seed. A run whose fates do not add up never leaves this file."""

from __future__ import annotations

__all__ = ["OneMessage", "simulate"]

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from mqlab.trace.schema import EVENT, Level, Rows, RowSource, Trace

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mqlab.model import Model
    from mqlab.trace.sinks import Sink


def simulate(
    model: Model,
    *,
    engine: str,
    seed: int,
    level: Level,
    sink: Sink | None = None,
    processes: Sequence[Callable[..., Any]] = (),
    progress: Callable[[float], None] | None = None,
) -> Trace:
    """Run ``model`` and return its trace.

    Raises
    ------
    BadInput
        There is no such engine.
    ConservationError
        The fates do not add up to what was owed.
    """
    from mqlab import checks, engines

    trace = engines.get(engine).run(
        model, seed=seed, level=level, sink=sink, progress=progress, processes=processes
    )
    if not isinstance(sink, OneMessage):  # which has one row out of many, by intent
        checks.conservation(trace)
    return trace


class OneMessage:
    """A sink that keeps only what concerns one message, its batch, and what happened to the world around it.

    Examples
    --------
    >>> import numpy as np
    >>> sink = OneMessage(7)
    >>> block = np.zeros(3, EVENT)
    >>> block["message"] = [6, 7, -1]
    >>> sink.events(block)
    >>> sink.close()[1].column("message").tolist()
    [7, -1]
    """

    def __init__(self, message: int) -> None:
        self.message = message
        self._wanted = {message, -1}
        self._fates: list[NDArray[np.void]] = []
        self._events: list[NDArray[np.void]] = []

    def events(self, block: NDArray[np.void]) -> None:
        """Keep the rows of the message, of the batch from when it joins one, and of the world."""
        import numpy as np

        from mqlab.trace.kinds import Kind

        joined = block[(block["message"] == self.message) & (block["kind"] == Kind.COLLECTED)]
        self._wanted |= set(joined["first"].tolist())
        self._events.append(block[np.isin(block["message"], sorted(self._wanted))])

    def fates(self, block: NDArray[np.void]) -> None:
        """Keep the rows of the message."""
        self._fates.append(block[block["message"] == self.message])

    def close(self) -> tuple[RowSource | None, RowSource | None]:
        """Give the rows kept."""
        import numpy as np

        from mqlab.trace.schema import FATE

        fates = np.concatenate([np.zeros(0, FATE), *self._fates])
        events = np.concatenate([np.zeros(0, EVENT), *self._events])
        return Rows(fates), Rows(events)
