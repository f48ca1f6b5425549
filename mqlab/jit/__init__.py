"""The one room that imports numba (the ring apart): how kernels are written, compiled, kept and called.

Every kernel of the lab is a plain function marked ``@kernel``, written in the numba subset. In an ordinary process it
*stays* a plain function: readable, steppable, callable. What runs is one of two things:

- with the JIT on, an **entry** (a kernel that Python calls) is object code in the cache folder, loaded through
  llvmlite. If it is not there yet, a helper process of our own imports numba, compiles the entry with everything it
  calls, lets LLVM optimise the whole as one program, and leaves the object code behind. So numba is imported once for a
  version, never on a warm start, and an interrupt during a compilation just ends the helper;
- with ``MQLAB_JIT=0`` the entry is the plain function. Both give the same trace to the bit.

The state of a simulation is a handful of record arrays. Kernels receive one argument, ``s``, and reach record ``i`` of
an array through an accessor made by :func:`accessor`, as in ``queues(s, i)["ready"]``:

- compiled, ``s`` is the address of an int64 directory holding (address, length) of each array. An accessor reads one
  word and adds up an address: no array objects, no reference counting, nothing to pass from function to function but
  one integer, and growing an array is swapping an address;
- interpreted, ``s`` is simply the list of arrays, and a record is a view.

The cache folder is named by a digest of all kernel sources and the versions involved: editing any of them means
compiling anew.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from mqlab.jit.settings import BOUNDS_CHECK, COMPILING, JIT, U64, State

__all__ = [
    "BOUNDS_CHECK",
    "JIT",
    "U64",
    "State",
    "accessor",
    "entry",
    "handle_of",
    "kernel",
    "often",
    "scale",
    "seldom",
    "split",
]  # fmt: skip

F = TypeVar("F", bound=Callable[..., Any])

if COMPILING:
    from mqlab.jit.numba_side import accessor, entry, kernel, often, scale, seldom, split
else:
    _WIDEN: dict[str, Callable[[Any], Any]] = {"int": int, "float": float, "bool": bool, "U64": np.uint64}

    def kernel(function: F) -> F:
        """Mark a function of the numba subset; its annotations (State, int, float, bool, U64) are its signature.

        Interpreted, its arguments are widened as compiled code widens them: a numpy scalar would keep the width of
        the record it came from.
        """
        names = function.__code__.co_varnames[: function.__code__.co_argcount]
        widen = [_WIDEN.get(function.__annotations__[name], _same) for name in names]

        @functools.wraps(function)
        def interpreted(*arguments: Any) -> Any:
            return function(*[wide(argument) for wide, argument in zip(widen, arguments, strict=True)])

        return interpreted  # type: ignore[return-value]

    def often(function: F) -> F:
        """Mark a kernel that every message comes by: its body takes the place of each call."""
        return kernel(function)

    def seldom(function: F) -> F:
        """Mark a kernel off the ordinary way: it stays a call, so that what calls it stays small."""
        return kernel(function)

    def entry(function: F) -> F:
        """Mark a kernel that Python calls: ``(int64, …) -> int64``, compiled when it is first called."""
        if not JIT:
            return kernel(function)
        from mqlab.jit.object_code import Entry

        return functools.wraps(function)(Entry(function.__module__, function.__name__))  # type: ignore[return-value]

    def accessor(index: int, dtype: np.dtype[Any]) -> Callable[[State, int], Any]:
        """Make the function ``at(s, i)``: record ``i`` of array number ``index`` of the state."""

        def at(s: State, i: int) -> Any:
            if i < 0:
                raise IndexError(i)
            return s[index][i]

        return at

    def split(x: float) -> tuple[float, int]:
        """Split a positive normal float into (m, e) with x = m·2^e and m in [0.5, 1)."""
        return math.frexp(x)

    def scale(x: float, k: int) -> float:
        """Multiply by 2^k, for -1022 ≤ k ≤ 1023."""
        return x * math.ldexp(1.0, k)

    def _same(value: Any) -> Any:
        return value


def handle_of(arrays: list[np.ndarray[Any, Any]], directory: np.ndarray[Any, np.dtype[np.int64]]) -> State:
    """Fill ``directory`` with where the arrays are now, and return what an entry takes as ``s``.

    The caller keeps both alive as long as kernels run. Call it again after replacing an array.
    """
    if not JIT:
        return arrays
    for index, array in enumerate(arrays):
        directory[2 * index] = array.ctypes.data
        directory[2 * index + 1] = len(array)
    return int(directory.ctypes.data)
