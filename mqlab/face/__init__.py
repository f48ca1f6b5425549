"""The face: run a scenario, load a run, look at it from Python. What ``mqlab.run``, ``load`` and ``compare`` are.

    source → plan (everything that may be refused) → perform (simulate, judge, measure, write) → Run

The command line stands on the same two steps. As in :mod:`mqlab` itself, names are loaded when first used.
"""

from __future__ import annotations

__all__ = ["Comparison", "Plan", "Run", "compare", "load", "perform", "plan", "run"]

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mqlab.face.comparing import Comparison, compare
    from mqlab.face.performing import perform, run
    from mqlab.face.planning import Plan, plan
    from mqlab.face.runs import Run, load

_HOMES = {
    "Comparison": "comparing",
    "Plan": "planning",
    "Run": "runs",
    "compare": "comparing",
    "load": "runs",
    "perform": "performing",
    "plan": "planning",
    "run": "performing",
}


def __getattr__(name: str) -> Any:
    """Load what is asked for at its first use."""
    if name not in _HOMES:
        raise AttributeError(f"module 'mqlab.face' has no attribute {name!r}")
    value = getattr(import_module(f"mqlab.face.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
