"""Chance in a play: everything that is drawn is a function of the case and of what it is drawn for."""

from __future__ import annotations

__all__ = ["luck", "some"]

from random import Random

from mqlab.grading.exercise import Case


def luck(case: Case, what: str) -> Random:
    """Give a generator of its own to each thing that is drawn, so that adding one leaves the others as they were.

    Examples
    --------
    >>> luck(Case(1, 5), "prices").random() == luck(Case(1, 5), "prices").random()
    True
    """
    return Random(f"{case.seed}/{case.size}/{what}")


def some(case: Case, what: str, among: int, share: float, most: int) -> frozenset[int]:
    """Choose about ``share`` of the numbers from 0 to ``among`` - 1, and ``most`` at most, the lower ones first.

    Examples
    --------
    >>> len(some(Case(1, 5), "crashes", 1_000, 0.1, 20))
    20
    """
    chance = luck(case, what)
    return frozenset([number for number in range(among) if chance.random() < share][:most])
