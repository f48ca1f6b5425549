"""The exercises of the course: one file each, one line here."""

from __future__ import annotations

__all__ = ["NAMES", "exercise"]

from importlib import import_module

from mqlab.errors import BadInput, did_you_mean
from mqlab.grading.exercise import Exercise

_HOMES: dict[str, str] = {
    # name: module of this package; each module has one EXERCISE
    "charge-once": "charge_once",
    "confirming-till": "confirming_till",
    "double-effects": "double_effects",
    "lost-in-the-window": "lost_in_the_window",
    "safe-shop": "safe_shop",
    "honest-percentile": "honest_percentile",
    "batch-and-prefetch": "batch_and_prefetch",
    "mean-wait": "mean_wait",
    "ordered-dispatcher": "ordered_dispatcher",
    "overtaking": "overtaking",
    "drain-time": "drain_time",
    "door-and-desks": "door_and_desks",
}
NAMES = tuple(_HOMES)


def exercise(name: str) -> Exercise:
    """Give the exercise called ``name``.

    Raises
    ------
    BadInput
        There is none of that name.
    """
    if name not in _HOMES:
        raise BadInput(f"there is no exercise {name!r}", mend=did_you_mean(str(name), NAMES, "there is"))
    found: Exercise = import_module(f"mqlab.grading.exercises.{_HOMES[name]}").EXERCISE
    return found
