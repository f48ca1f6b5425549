"""Sweeps: one scenario under many settings and seeds, and what its figures do along the way.

    axes (varying) → points → runs (working, journal) → figures with intervals (estimates, results) → curves (plots)

Every point runs under the same seeds: random draws of the lab are functions of who and what, not of their order, so two
points differ by what was varied and hardly by luck (common random numbers).

The room is called ``sweeps`` because ``mqlab.sweep`` is the function: a module of that name would take its place.
"""

from __future__ import annotations

from mqlab.sweeps.planning import sweep
from mqlab.sweeps.results import Sweep
from mqlab.sweeps.varying import Axis

__all__ = ["Axis", "Sweep", "sweep"]
