"""Making a counterexample of a play: which steps are told, and which of them breaks the rule."""

from __future__ import annotations

__all__ = ["blame"]

from collections.abc import Iterable
from dataclasses import replace

from mqlab.grading.counterexample import Counterexample, Step


def blame(sentence: str, steps: Iterable[Step], size: int, *, at_ns: int = -1, lane: str = "") -> Counterexample:
    """Make a counterexample whose bad step is the one at ``at_ns`` that ends in ``lane``; what follows is left out.

    Without ``at_ns`` all steps are told: what is missing has no step of its own.

    Examples
    --------
    >>> told = [Step(1, "you", "bank", "charges"), Step(2, "you", "bank", "charges"), Step(3, "you", "broker", "acks")]
    >>> [step.kind for step in blame("It was charged twice.", told, 1, at_ns=2, lane="bank").steps]
    ['plain', 'bad']
    """
    told: list[Step] = []
    for step in steps:
        bad = step.time_ns == at_ns and step.to == lane
        told.append(replace(step, kind="bad") if bad else step)
        if bad:
            break
    return Counterexample(sentence, tuple(told), size)
