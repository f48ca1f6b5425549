"""What a person writes: scenario files, read, checked, and resolved into models.

>>> from mqlab.scenario import load
>>> scenario = load("flash-sale")
>>> scenario.model.queues[0].name
'orders'
"""

from __future__ import annotations

from mqlab.scenario.estimate import Estimate, estimate, guard, level_for
from mqlab.scenario.loading import Scenario, json_schema, load, loads
from mqlab.scenario.starter import starter

__all__ = [
    "Estimate",
    "Scenario",
    "estimate",
    "guard",
    "json_schema",
    "level_for",
    "load",
    "loads",
    "starter",
]
