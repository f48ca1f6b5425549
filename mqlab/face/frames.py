"""Rows of a trace as pandas DataFrames: names instead of numbers, and nothing where there is nothing."""

from __future__ import annotations

__all__ = ["events_frame", "fates_frame"]

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mqlab.trace.fates import Cause, Fate, fate_label
from mqlab.trace.kinds import Kind
from mqlab.trace.schema import EVENT, FATE, Entity, RowSource

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

_ENTITIES = ("producer", "queue", "consumer", "actor")
_WHOLE = (
    "sequence",
    "size_bytes",
    "copy",
    "attempts",
    "deliveries",
    "processings",
    "effects",
    "count",
    "attempt",
    "key",
)
"""Columns that always hold a value; every other number is absent where the trace says -1."""


def fates_frame(rows: RowSource, entities: Sequence[Entity]) -> pd.DataFrame:
    """One row per obligation; ``fate`` is spelt as in the summary (``lost:wire``), entities by name.

    Times are whole nanoseconds, ``<NA>`` where the thing never happened.
    """
    import numpy as np
    import pandas as pd

    labels = [fate_label(fate) for fate in Fate if fate != Fate.LOST]
    labels += [fate_label(Fate.LOST, cause) for cause in Cause]
    fate, cause = rows.column("fate").astype(np.int64), rows.column("cause").astype(np.int64)
    codes = np.where(fate == Fate.LOST, Fate.LOST + cause, fate)
    columns = {
        name: _column(name, rows.column(name), entities)
        for name in FATE.names or ()
        if name not in ("fate", "cause", "reserved")
    }
    return pd.DataFrame({**columns, "fate": _named(codes, labels)})


def events_frame(rows: RowSource, entities: Sequence[Entity]) -> pd.DataFrame:
    """One row per event; ``kind`` is the lower-case name of the event kind, entities by name."""
    import numpy as np
    import pandas as pd

    kinds = list(Kind)
    code_of = np.full(256, -1, np.int64)
    code_of[kinds] = np.arange(len(kinds))
    columns = {
        name: _column(name, rows.column(name), entities)
        for name in EVENT.names or ()
        if name not in ("kind", "reserved")
    }
    names = [kind.name.lower() for kind in kinds]
    kind = _named(code_of[rows.column("kind")], names)
    frame = pd.DataFrame({**columns, "kind": kind})
    return frame[["time_ns", "kind", *(name for name in columns if name != "time_ns")]]


def _column(name: str, values: NDArray[Any], entities: Sequence[Entity]) -> Any:
    import pandas as pd

    if name in _ENTITIES:
        return _named(values, [entity.name for entity in entities])
    if name in _WHOLE:
        return values
    return pd.arrays.IntegerArray(values.astype("i8"), values == -1)


def _named(codes: NDArray[Any], names: Sequence[str]) -> pd.Categorical[str]:
    import pandas as pd

    return pd.Categorical.from_codes(codes, pd.Index(names))
