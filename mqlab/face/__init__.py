"""The face: run a scenario, load a run, look at it from Python. What ``mqlab.run`` and ``mqlab.load`` are.

    source → plan (everything that may be refused) → perform (simulate, judge, measure, write) → Run

The command line stands on the same two steps.
"""

from __future__ import annotations

from mqlab.face.performing import perform, run
from mqlab.face.planning import Plan, plan
from mqlab.face.runs import Run, load

__all__ = ["Plan", "Run", "load", "perform", "plan", "run"]
