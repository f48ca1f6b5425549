"""How kernels are marked in the process that compiles them; nothing else imports this."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numba
import numpy as np
from llvmlite import ir
from numba import types
from numba.core.cgutils import normalize_ir_text
from numba.core.codegen import CodeLibrary, JITCodeLibrary
from numba.core.cpu import CPUContext
from numba.extending import intrinsic

from mqlab.jit.settings import BOUNDS_CHECK, State

__all__ = ["accessor", "entry", "kernel", "llvm_of", "often", "often_symbols", "scale", "seldom", "seldom_symbols",
    "split",
]  # fmt: skip

F = TypeVar("F", bound=Callable[..., Any])

_OPTIONS = {"nogil": True, "error_model": "numpy", "boundscheck": BOUNDS_CHECK}
_TYPES = {"State": types.int64, "int": types.int64, "float": types.float64, "bool": types.boolean, "U64": types.uint64}
_WORD = ir.IntType(64)
_kernels: dict[int, Any] = {}
_prepared: set[int] = set()
_seldom: list[Any] = []
_often: list[Any] = []
_parts: list[str] = []


def kernel(function: F) -> F:
    """Let numba have the function; see :func:`mqlab.jit.kernel`.

    Its annotations are its one signature; arguments of other widths are converted. Without that numba would compile
    it once for each combination of widths it meets.
    """
    dispatcher = numba.njit(no_cpython_wrapper=True, no_cfunc_wrapper=True, **_OPTIONS)(function)
    _kernels[id(dispatcher)] = dispatcher
    return dispatcher  # type: ignore[no-any-return]


def often(function: F) -> F:
    """Let numba have a function that every message comes by; see :func:`mqlab.jit.often`."""
    dispatcher = kernel(function)
    _often.append(dispatcher)
    return dispatcher


def seldom(function: F) -> F:
    """Let numba have a function that is off the ordinary way; see :func:`mqlab.jit.seldom`."""
    dispatcher = kernel(function)
    _seldom.append(dispatcher)
    return dispatcher


entry = kernel


def seldom_symbols() -> set[str]:
    """Symbols of all compiled kernels that are off the ordinary way."""
    return _symbols(_seldom)


def often_symbols() -> set[str]:
    """Symbols of all compiled kernels that every message comes by."""
    return _symbols(_often)


def _symbols(dispatchers: list[Any]) -> set[str]:
    return {each.fndesc.llvm_func_name for dispatcher in dispatchers for each in dispatcher.overloads.values()}


def llvm_of(dispatcher: Any) -> tuple[str, list[str]]:
    """Type and lower an entry and all kernels it calls; return its symbol and the LLVM assembly of every part."""
    _take_parts()
    _prepare(dispatcher)
    signature = _signature(dispatcher.py_func)
    dispatcher.compile(signature)
    return dispatcher.overloads[signature].fndesc.llvm_func_name, list(_parts)


class _Parts:
    """Keeps numba from doing LLVM's work: the assembly of each function is taken down, and that is all.

    Left alone numba would link each function with all that it calls, optimise it and make machine code of it, only for
    the whole to be linked and optimised once more: more than half of the time that compiling took.
    """

    @staticmethod
    def add_ir_module(library: CodeLibrary, module: Any) -> None:
        """Take down a function's assembly."""
        _parts.append(normalize_ir_text(str(module)))

    @staticmethod
    def finalize(library: CodeLibrary) -> None:
        """Believe that a library has been linked and made executable."""
        library._finalized = True

    @staticmethod
    def get_executable(context: CPUContext, library: CodeLibrary, description: Any, environment: Any) -> Any:
        """Give a built-in function of its own for each kernel: numba tells them apart by it, and nobody calls it."""
        return [].clear


def _take_parts() -> None:
    """Keep numba, in this whole process, from making machine code: only where kernels are compiled and nothing else."""
    JITCodeLibrary.add_ir_module = _Parts.add_ir_module
    JITCodeLibrary.finalize = _Parts.finalize
    CPUContext.get_executable = _Parts.get_executable


def _prepare(dispatcher: Any) -> None:
    """Compile what ``dispatcher`` calls, callees first, each for its one signature."""
    function = dispatcher.py_func
    for name in sorted(set(function.__code__.co_names)):
        callee = function.__globals__.get(name)
        if id(callee) in _kernels and id(callee) not in _prepared:
            _prepared.add(id(callee))
            _prepare(callee)
            callee.compile(_signature(callee.py_func))
            callee.disable_compile()


def _signature(function: Any) -> tuple[Any, ...]:
    names = function.__code__.co_varnames[: function.__code__.co_argcount]
    return tuple(_TYPES[function.__annotations__[name]] for name in names)


def _word_of(builder: Any, s: Any, index: int) -> Any:
    """Read word ``index`` of the directory at ``s``.

    Arrays move only between calls of an entry, so compiled code may read a word once and keep it.
    """
    words = builder.inttoptr(s, _WORD.as_pointer())
    word = builder.load(builder.gep(words, [_WORD(index)]))
    word.set_metadata("invariant.load", builder.module.add_metadata([]))
    return word


def accessor(index: int, dtype: np.dtype[Any]) -> Callable[[Any, int], Any]:
    """Make the kernel function ``at(s, i)``; see :func:`mqlab.jit.accessor`."""
    record = numba.from_dtype(dtype)

    @intrinsic  # type: ignore[untyped-decorator]
    def at(typingctx: Any, s: Any, i: Any) -> Any:
        """Add up an address: that of the array, and ``i`` records."""

        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            offset = builder.mul(args[1], _WORD(dtype.itemsize))
            address = builder.add(_word_of(builder, args[0], 2 * index), offset)
            return builder.inttoptr(address, context.get_value_type(record))

        return record(types.int64, types.int64), codegen

    if not BOUNDS_CHECK:
        return at  # type: ignore[no-any-return]

    @intrinsic  # type: ignore[untyped-decorator]
    def length(typingctx: Any, s: Any) -> Any:
        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return _word_of(builder, args[0], 2 * index + 1)

        return types.int64(types.int64), codegen

    @kernel
    def checked(s: State, i: int) -> Any:
        if i < 0 or i >= length(s):
            raise IndexError
        return at(s, i)

    return checked


@intrinsic  # type: ignore[untyped-decorator]
def split(typingctx: Any, x: Any) -> Any:
    """Take the bits of a float apart; see :func:`mqlab.jit.split`."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        bits = builder.bitcast(args[0], _WORD)
        exponent = builder.sub(builder.lshr(bits, _WORD(52)), _WORD(1022))
        mantissa = builder.or_(builder.and_(bits, _WORD((1 << 52) - 1)), _WORD(1022 << 52))
        m = builder.bitcast(mantissa, ir.DoubleType())
        return context.make_tuple(builder, signature.return_type, (m, exponent))

    return types.Tuple((types.float64, types.int64))(types.float64), codegen


@intrinsic  # type: ignore[untyped-decorator]
def scale(typingctx: Any, x: Any, k: Any) -> Any:
    """Multiply by a power of two made of its bits; see :func:`mqlab.jit.scale`."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        bits = builder.shl(builder.add(args[1], _WORD(1023)), _WORD(52))
        return builder.fmul(args[0], builder.bitcast(bits, ir.DoubleType()))

    return types.float64(types.float64, types.int64), codegen
