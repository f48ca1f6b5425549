"""The messaging systems the lab knows, one file each and one line each in the registry below."""

from __future__ import annotations

from importlib import import_module
from typing import Final

from mqlab.errors import BadInput, did_you_mean
from mqlab.systems.base import ANOMALIES, OURS, Default, Promise, System

__all__ = ["ANOMALIES", "OURS", "Default", "Promise", "System", "get", "names"]

_REGISTRY: Final = {
    "rabbitmq": "mqlab.systems.rabbitmq",
    "rabbitmq-quorum": "mqlab.systems.rabbitmq_quorum",
    "direct": "mqlab.systems.direct",
    "kafka": "mqlab.systems.kafka",
    "pulsar": "mqlab.systems.pulsar",
}


def names() -> tuple[str, ...]:
    """Names of all systems.

    Examples
    --------
    >>> names()
    ('rabbitmq', 'rabbitmq-quorum', 'direct', 'kafka', 'pulsar')
    """
    return tuple(_REGISTRY)


def get(name: str) -> System:
    """Find a system by its name.

    Raises
    ------
    BadInput
        If there is none of this name; its mend says which one may have been meant.

    Examples
    --------
    >>> get("rabbitmq").title
    'RabbitMQ'
    """
    if name not in _REGISTRY:
        raise BadInput(f"there is no system `{name}`", mend=did_you_mean(name, _REGISTRY, "systems"))
    system: System = import_module(_REGISTRY[name]).SYSTEM
    return system
