"""The names that expectations may use, where each leads in the summary, and what it is measured in."""

from __future__ import annotations

from functools import cache
from typing import Final, NamedTuple

from mqlab.model import Model, entity_name
from mqlab.systems import ANOMALIES
from mqlab.trace.fates import Cause, Fate

__all__ = ["GAUGES", "NUMBER", "RATE", "SIZE", "TIME", "ZERO", "Dimension", "Name", "names_of"]

Dimension = tuple[int, int] | None
"""Exponents of time and size; None fits everything (0, and gauges)."""
NUMBER: Final[Dimension] = (0, 0)
TIME: Final[Dimension] = (1, 0)
RATE: Final[Dimension] = (-1, 0)
SIZE: Final[Dimension] = (0, 1)
ZERO: Final[Dimension] = None

GAUGES: Final = "gauges."
"""Whatever follows is the name of a gauge; engines choose them."""


class Name(NamedTuple):
    """Where a name leads in the summary, and its dimension."""

    keys: tuple[str, ...]
    dimension: Dimension


_STATS: Final = ("mean", "p50", "p90", "p99", "p999", "max")
_MESSAGES: Final = ("created", "sent", "confirmed", "owed", "processed")
_QUEUE: Final = (
    "depth_mean", "depth_max", "unacked_mean", "unacked_max", "enqueued", "delivered", "acked", "requeued",
)  # fmt: skip


def names_of(model: Model | None = None) -> dict[str, Name]:
    """List every name that an expectation may use; queues and entities are those of ``model``.

    Examples
    --------
    >>> names_of()["latency.p99"]
    Name(keys=('latency_ns', 'p99'), dimension=(1, 0))
    """
    return dict(_of_every_run()) if model is None else _of_every_run() | _of_model(model)


@cache
def _of_every_run() -> dict[str, Name]:
    """Name what does not depend on the model."""
    from mqlab.trace.schema import STAGES

    names: dict[str, Name] = {name: Name(("anomalies", name), NUMBER) for name in ANOMALIES}
    names["events"] = Name(("events",), NUMBER)
    names |= {f"messages.{name}": Name(("messages", name), NUMBER) for name in _MESSAGES}
    names |= {f"fates.{fate.name.lower()}": Name(("fates", fate.name.lower()), NUMBER) for fate in Fate}
    for cause in Cause:
        if cause != Cause.NONE:
            names[f"fates.lost.{cause.name.lower()}"] = Name(("fates", "lost", cause.name.lower()), NUMBER)
    names |= _timed("latency", ("latency_ns",))
    for stage in STAGES:
        names |= _timed(f"stages.{stage}", ("stages", stage))
    names |= {f"throughput.{name}": Name(("throughput_per_s", name), RATE) for name in ("created", "processed")}
    return names


def _timed(prefix: str, keys: tuple[str, ...]) -> dict[str, Name]:
    names = {f"{prefix}.{stat}": Name((*keys, stat), TIME) for stat in _STATS}
    names[f"{prefix}.count"] = Name((*keys, "count"), NUMBER)
    return names


def _of_model(model: Model) -> dict[str, Name]:
    names = {
        f"queues.{queue.name}.{stat}": Name(("queues", queue.name, stat), NUMBER)
        for queue in model.queues
        for stat in _QUEUE
    }
    for topic in model.topics:
        for number in range(len(topic.partitions)):
            plain = entity_name(topic.name, number, len(topic.partitions))
            groups = [group.name for group in model.consumers if topic.name in group.topics]
            for name in [f"{plain}.{group}" for group in groups] if len(groups) > 1 else [plain]:
                names |= {f"queues.{name}.{stat}": Name(("queues", name, stat), NUMBER) for stat in _QUEUE}
    for consumer in model.consumers:
        work = ("consumers", consumer.name)
        names[f"consumers.{consumer.name}.processed"] = Name((*work, "processed"), NUMBER)
        for producer in model.producers:
            names[f"consumers.{consumer.name}.from.{producer.name}"] = Name((*work, "from", producer.name), NUMBER)
    busy = [consumer.name for consumer in model.consumers]
    busy += [f"{node.name}.{part}" for node in model.nodes for part in (("cpu",) if model.topics else ("cpu", "disk"))]
    return names | {f"utilisation.{entity}": Name(("utilisation", entity), NUMBER) for entity in busy}
