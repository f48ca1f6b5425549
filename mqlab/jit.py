"""The one place that imports numba (the ring apart): a decorator, a cache folder, and two ways to hold state.

Every kernel of the lab is a plain function marked ``@kernel``. With the JIT on it is compiled by numba the first
time an engine calls it and kept on disk; with ``MQLAB_JIT=0`` the decorator is the identity, the same functions run
in the interpreter, and both give the same trace to the bit.

The state of a simulation is a handful of record arrays. Kernels receive one argument, ``s``, and reach record ``i`` of
an array through an accessor made by :func:`accessor`, as in ``queues(s, i)["ready"]``:

- compiled, ``s`` is the address of an int64 directory holding (address, length) of each array. An accessor reads
  one word and adds up an address: no array objects, no reference counting, nothing to pass from function to
  function but one integer, and growing an array is swapping an address;
- interpreted, ``s`` is simply the list of arrays, and a record is a view.

numba keys its disk cache by the source of the *entry* function only and would not notice an edited callee in another
file. So the cache folder is named by a digest of all kernel sources and the versions involved, decided here before
anything is decorated.
"""

from __future__ import annotations

import functools
import hashlib
import math
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

__all__ = [
    "BOUNDS_CHECK",
    "JIT",
    "U64",
    "State",
    "accessor",
    "cache_folder",
    "entry",
    "handle_of",
    "is_compiled",
    "kernel",
    "kernel_digest",
    "prepare",
    "split",
]  # fmt: skip

State = Any
"""What kernels get as ``s``: the address of the directory (compiled) or the list of arrays (interpreted)."""

U64 = Any
"""An unsigned 64-bit integer in a kernel's annotations."""

F = TypeVar("F", bound=Callable[..., Any])

JIT = os.environ.get("MQLAB_JIT", "1") != "0"
"""False when ``MQLAB_JIT=0``: kernels are interpreted."""

BOUNDS_CHECK = os.environ.get("MQLAB_BOUNDS_CHECK", "0") == "1"
"""True when ``MQLAB_BOUNDS_CHECK=1``: compiled kernels check every index (slower; used by a test)."""

_KERNEL_SOURCES = (
    "jit.py",
    "sampling.py",
    "policies",
    "core",
    "trace/kinds.py",
    "trace/fates.py",
    "trace/schema.py",
)


def kernel_digest() -> str:
    """Digest of all kernel sources: the cache and ``run.json`` are named by it."""
    here = Path(__file__).parent
    digest = hashlib.blake2b(digest_size=8)
    for name in _KERNEL_SOURCES:
        path = here / name
        for file in sorted(path.glob("*.py")) if path.is_dir() else [path]:
            digest.update(file.name.encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()


def _base_folder() -> Path:
    chosen = os.environ.get("MQLAB_CACHE_DIR")
    if chosen:
        return Path(chosen)
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "mqlab"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", str(Path.home()))) / "mqlab" / "cache"
    return Path(os.environ.get("XDG_CACHE_HOME", str(Path.home() / ".cache"))) / "mqlab"


def cache_folder(versions: str = "") -> Path:
    """Where compiled kernels live: a folder of their own for each digest of sources and versions."""
    suffix = "-checked" if BOUNDS_CHECK else ""
    python = f"py{sys.version_info.major}{sys.version_info.minor}"
    return _base_folder() / f"{kernel_digest()}-{python}{versions}{suffix}"


def _usable(folder: Path) -> Path:
    """Give the folder itself if we can write there, else a temporary one (compiled anew in each process)."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".probe-{os.getpid()}"
        probe.touch()
        probe.unlink()
    except OSError:
        return Path(tempfile.mkdtemp(prefix="mqlab-kernels-"))
    return folder


if JIT:
    import numba
    from llvmlite import ir
    from llvmlite.binding import get_host_cpu_features, get_host_cpu_name
    from numba import types
    from numba.extending import intrinsic

    _CPU = hashlib.blake2b(
        f"{get_host_cpu_name()}{get_host_cpu_features().flatten()}".encode(), digest_size=4
    ).hexdigest()
    _CACHE = _usable(cache_folder(f"-numba{numba.__version__}-{_CPU}"))
    numba.config.CACHE_DIR = str(_CACHE)

    _TYPES = {
        "State": types.int64,
        "int": types.int64,
        "float": types.float64,
        "bool": types.boolean,
        "U64": types.uint64,
    }
    _kernels: dict[int, Any] = {}
    _prepared: set[int] = set()

    def kernel(function: F) -> F:
        """Mark a function of the numba subset: compiled into whatever calls it, or left as it is with MQLAB_JIT=0.

        Its annotations (State, int, float, bool, U64) are its one signature; arguments of other widths are
        converted. Without that numba would compile it once for each combination of widths it meets.
        """
        dispatcher = numba.njit(nogil=True, error_model="numpy", boundscheck=BOUNDS_CHECK)(function)
        _kernels[id(dispatcher)] = dispatcher
        return dispatcher  # type: ignore[no-any-return]

    def entry(function: F) -> F:
        """Mark a kernel that Python calls: compiled at its first call and cached on disk."""
        return numba.njit(nogil=True, error_model="numpy", boundscheck=BOUNDS_CHECK, cache=True)(function)  # type: ignore[no-any-return]

    def prepare(dispatcher: Any) -> None:
        """Compile all kernels that ``dispatcher`` calls, callees first, each for its one signature.

        To be called before an entry is compiled; not needed when it comes from the cache.
        """
        function = dispatcher.py_func
        names = {name for code in _codes(function.__code__) for name in code.co_names}
        for name in sorted(names):
            callee = function.__globals__.get(name)
            if id(callee) in _kernels and id(callee) not in _prepared:
                _prepared.add(id(callee))
                prepare(callee)
                callee.compile(_signature(callee.py_func))
                callee.disable_compile()

    def _codes(code: Any) -> list[Any]:
        return [
            code,
            *(inner for constant in code.co_consts if hasattr(constant, "co_names") for inner in _codes(constant)),
        ]

    def _signature(function: Any) -> tuple[Any, ...]:
        annotations = function.__annotations__
        return tuple(
            _TYPES[annotations[name]] for name in function.__code__.co_varnames[: function.__code__.co_argcount]
        )

    def accessor(index: int, dtype: np.dtype[Any]) -> Callable[[State, int], Any]:
        """Make the kernel function ``at(s, i)``: record ``i`` of array number ``index`` of the state."""
        record = numba.from_dtype(dtype)

        @intrinsic  # type: ignore[untyped-decorator]
        def at(typingctx: Any, s: Any, i: Any) -> Any:
            """Add up an address: that of the array, read from the directory, and ``i`` records."""

            def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
                words = builder.inttoptr(args[0], ir.IntType(64).as_pointer())
                base = builder.load(builder.gep(words, [ir.IntType(64)(2 * index)]))
                # arrays move only between calls of an entry, so compiled code may read the address once
                base.set_metadata("invariant.load", builder.module.add_metadata([]))
                offset = builder.mul(args[1], ir.IntType(64)(dtype.itemsize))
                return builder.inttoptr(builder.add(base, offset), context.get_value_type(record))

            return record(types.int64, types.int64), codegen

        if not BOUNDS_CHECK:
            return at  # type: ignore[no-any-return]

        @intrinsic  # type: ignore[untyped-decorator]
        def length(typingctx: Any, s: Any) -> Any:
            def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
                words = builder.inttoptr(args[0], ir.IntType(64).as_pointer())
                return builder.load(builder.gep(words, [ir.IntType(64)(2 * index + 1)]))

            return types.int64(types.int64), codegen

        @kernel
        def checked(s: State, i: int) -> Any:
            if i < 0 or i >= length(s):
                raise IndexError
            return at(s, i)

        return checked

    @intrinsic  # type: ignore[untyped-decorator]
    def _split(typingctx: Any, x: Any) -> Any:
        """Split a positive normal float into (m, e) with x = m·2^e and m in [0.5, 1): its bits, taken apart."""

        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            word = ir.IntType(64)
            bits = builder.bitcast(args[0], word)
            exponent = builder.sub(builder.lshr(bits, word(52)), word(1022))
            mantissa = builder.or_(builder.and_(bits, word((1 << 52) - 1)), word(1022 << 52))
            m = builder.bitcast(mantissa, ir.DoubleType())
            return context.make_tuple(builder, signature.return_type, (m, exponent))

        return types.Tuple((types.float64, types.int64))(types.float64), codegen

    split: Callable[[float], tuple[float, int]] = _split

    def is_compiled() -> bool:
        """Say whether compiled kernels lie in the cache folder (if not, the first run takes half a minute more)."""
        return any(_CACHE.rglob("*.nbc"))

else:
    split = math.frexp

    def _same(value: Any) -> Any:
        return value

    _WIDEN: dict[str, Callable[[Any], Any]] = {"int": int, "float": float, "bool": bool, "U64": np.uint64}

    def is_compiled() -> bool:
        """Say whether compiled kernels lie in the cache folder; there is nothing to compile with the JIT off."""
        return True

    def prepare(dispatcher: Any) -> None:
        """Compile the kernels that ``dispatcher`` calls: nothing to do with the JIT off."""

    def kernel(function: F) -> F:
        """Mark a function of the numba subset; the JIT is off, so it stays what it is.

        Its arguments are widened as compiled code widens them: a numpy scalar would keep the width of the record
        it came from.
        """
        names = function.__code__.co_varnames[: function.__code__.co_argcount]
        widen = [_WIDEN.get(function.__annotations__[name], _same) for name in names]

        @functools.wraps(function)
        def interpreted(*arguments: Any) -> Any:
            return function(*[wide(argument) for wide, argument in zip(widen, arguments, strict=True)])

        return interpreted  # type: ignore[return-value]

    def entry(function: F) -> F:
        """Mark a kernel that Python calls; the JIT is off, so it stays what it is."""
        return function

    def accessor(index: int, dtype: np.dtype[Any]) -> Callable[[State, int], Any]:
        """Make the function ``at(s, i)``: record ``i`` of array number ``index`` of the state."""

        def at(s: State, i: int) -> Any:
            if i < 0:
                raise IndexError(i)
            return s[index][i]

        return at


def handle_of(arrays: list[np.ndarray[Any, Any]], directory: np.ndarray[Any, np.dtype[np.int64]]) -> State:
    """Fill ``directory`` with where the arrays are now, and return what kernels take as ``s``.

    The caller keeps both alive as long as kernels run. Call it again after replacing an array.
    """
    if not JIT:
        return arrays
    for index, array in enumerate(arrays):
        directory[2 * index] = array.ctypes.data
        directory[2 * index + 1] = len(array)
    return int(directory.ctypes.data)
