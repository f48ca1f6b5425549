"""How the ring's kernels are compiled, where the result is kept, and what a person is told meanwhile.

Unlike the simulation's (one entry, compiled by a helper process), these kernels meet functions of the person's own:
handlers marked ``@compiled`` are compiled together with the loop around them, in this process, by numba itself. What
does not depend on them is kept on disk, in a folder named by a digest of the ring's sources and the versions involved,
because numba does not notice an edited callee in another file.
"""

from __future__ import annotations

import hashlib
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from mqlab.jit import JIT
from mqlab.jit.object_code import folder_for

__all__ = ["announced", "compiled", "is_compiled", "kernel", "kernel_folder", "together"]

F = TypeVar("F", bound=Callable[..., Any])

_OPTIONS = {"nogil": True, "error_model": "numpy"}
_PATIENCE_S = 2.0

if JIT:
    import numba
    from numba.core.dispatcher import Dispatcher


def kernel_folder() -> Path:
    """Where the compiled kernels are kept: a folder for each digest of sources, versions and processor."""
    digest = hashlib.blake2b(digest_size=8)
    for file in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(file.name.encode())
        digest.update(file.read_bytes())
    folder = folder_for(f"ring-{digest.hexdigest()}")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError:  # then they are kept for this process only
        return Path(tempfile.mkdtemp(prefix="mqlab-ring-"))
    return folder


def kernel(function: F) -> F:
    """Mark a function of the ring in the numba subset: compiled at its first call, without the GIL, kept on disk."""
    if not JIT:
        return function
    # numba asks for the folder while it decorates; a person's own functions keep the folder they had.
    before, numba.config.CACHE_DIR = numba.config.CACHE_DIR, str(_FOLDER)
    try:
        return numba.njit(cache=True, **_OPTIONS)(function)
    finally:
        numba.config.CACHE_DIR = before


def together(function: F) -> F:
    """Compile a loop with a person's function in it, for this process."""
    return numba.njit(**_OPTIONS)(function) if JIT else function


def compiled(function: F) -> F:
    """Mark a handler or a fill function that numba shall compile; it then runs without the GIL.

    With ``MQLAB_JIT=0`` it stays the plain function. It must keep to the subset of Python that numba understands, and
    what it remembers goes into ``state``, an array.

    Examples
    --------
    >>> @compiled
    ... def add(record, sequence, end, state):
    ...     state[0] += record["value"]
    """
    return numba.njit(**_OPTIONS)(function) if JIT else function


def is_compiled(function: Callable[..., Any]) -> bool:
    """Tell whether a function was marked ``@compiled`` (or with numba's own decorators)."""
    return JIT and isinstance(function, Dispatcher)


@contextmanager
def announced(what: str) -> Iterator[None]:
    """Say what is being compiled if that takes more than two seconds."""
    started = time.monotonic()
    told = threading.Event()

    def tell() -> None:
        told.set()
        sys.stderr.write(f"mqlab: compiling {what} …\n")
        sys.stderr.flush()

    watch = threading.Timer(_PATIENCE_S, tell)
    watch.daemon = True
    watch.start()
    try:
        yield
    finally:
        watch.cancel()
        if told.is_set():
            sys.stderr.write(f"mqlab: compiled in {time.monotonic() - started:.0f} s\n")


_FOLDER = kernel_folder() if JIT else None
