"""mqlab: a simulation and teaching lab for message queues.

The face of the package. Importing it is quick: nothing heavy is loaded before it is used.

Examples
--------
>>> import mqlab
>>> run = mqlab.run("flash-sale", seed=1)  # doctest: +SKIP
>>> run.verdict  # doctest: +SKIP
'holds'
"""

from __future__ import annotations

__all__ = [
    "Broker", "Checked", "Comparison", "Explorer", "Prediction", "RingBuffer", "Run", "Sweep", "__version__",
    "check_exercise", "compare", "explore", "load", "predict", "run", "sweep",
]  # fmt: skip

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mqlab.broker import Broker
    from mqlab.face import Comparison, Run, compare, load, run
    from mqlab.grading.checking import Checked, check_exercise
    from mqlab.interact import Explorer, Prediction, explore, predict
    from mqlab.ring import RingBuffer
    from mqlab.sweeps import Sweep, sweep

__version__ = "0.1.0"

_HOMES = dict.fromkeys(("Comparison", "Run", "compare", "load", "run"), "mqlab.face")
_HOMES |= dict.fromkeys(("Sweep", "sweep"), "mqlab.sweeps")
_HOMES |= {"RingBuffer": "mqlab.ring"}
_HOMES |= dict.fromkeys(("Checked", "check_exercise"), "mqlab.grading.checking")
_HOMES |= dict.fromkeys(("Explorer", "Prediction", "explore", "predict"), "mqlab.interact")
_HOMES |= {"Broker": "mqlab.broker"}


def __getattr__(name: str) -> Any:
    """Load what is asked for at its first use, so that importing the package stays quick."""
    if name not in _HOMES:
        raise AttributeError(f"module 'mqlab' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
