"""How a thread of a ring waits: a file each, and the registry that names them.

Every strategy first spins in compiled code, without the GIL, then gives way to other threads, and at last *rests* in
Python. They differ in how much of each. Where there are more threads than cores, spinning takes the time from the
very thread that is waited for.

Examples
--------
>>> sorted(WAITING)
['blocking', 'busy-spin', 'sleeping', 'yielding']
"""

from __future__ import annotations

from collections.abc import Callable

from mqlab.errors import did_you_mean
from mqlab.ring.errors import BadRing
from mqlab.ring.waiting.base import Waiting
from mqlab.ring.waiting.blocking import Blocking
from mqlab.ring.waiting.busy_spin import BusySpin
from mqlab.ring.waiting.sleeping import Sleeping
from mqlab.ring.waiting.yielding import Yielding

__all__ = ["WAITING", "Waiting", "waiting"]

WAITING: dict[str, Callable[[], Waiting]] = {
    "blocking": Blocking,
    "busy-spin": BusySpin,
    "sleeping": Sleeping,
    "yielding": Yielding,
}


def waiting(name: str) -> Waiting:
    """Make a wait strategy by its name.

    Raises
    ------
    BadRing
        There is none of this name.
    """
    if name not in WAITING:
        raise BadRing(f"there is no wait strategy {name!r}", mend=did_you_mean(name, WAITING, "there are"))
    return WAITING[name]()
