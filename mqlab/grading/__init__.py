"""Grading by behaviour: what an answer does is judged, never how it looks or what it says of itself.

    answer cell (source) → worker process in a sandbox ⇄ plain JSON ⇄ parent: world, hidden seeds, judgement → points

The student's code runs in a worker process only, and answers calls there. Worlds, brokers, seeds, expected values and
comparisons stay in the parent. As in :mod:`mqlab` itself, names are loaded when first used.
"""

from __future__ import annotations

__all__ = ["Case", "Counterexample", "Exercise", "Part", "Step"]

from mqlab.grading.counterexample import Counterexample, Step
from mqlab.grading.exercise import Case, Exercise, Part
