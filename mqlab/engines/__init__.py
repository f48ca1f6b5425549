"""Engines: each runs a model and returns a trace. A new one is one file and one line here."""

from __future__ import annotations

from importlib import import_module

from mqlab.engines.base import Engine
from mqlab.errors import BadInput, did_you_mean

__all__ = ["Engine", "get", "names"]

_REGISTRY = {
    "sim": "mqlab.engines.simulation:SimulationEngine",
}


def names() -> tuple[str, ...]:
    """Names of all engines."""
    return tuple(_REGISTRY)


def get(name: str) -> Engine:
    """Get an engine by its name; its module is imported only now.

    Raises
    ------
    BadInput
        There is no such engine.
    """
    if name not in _REGISTRY:
        raise BadInput(f"there is no engine {name!r}", mend=did_you_mean(name, names(), "there is"))
    module, _, cls = _REGISTRY[name].partition(":")
    engine: Engine = getattr(import_module(module), cls)()
    return engine
