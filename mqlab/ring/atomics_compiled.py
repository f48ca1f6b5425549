"""Atomics as LLVM instructions, through numba's intrinsics. Cells are C-contiguous int64 arrays."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.typing import signature
from numba.extending import intrinsic

__all__ = [
    "acquire_fence", "compare_swap", "fence", "fetch_add", "give_way", "load_acquire", "load_relaxed", "pause",
    "release_fence", "store_relaxed", "store_release",
]  # fmt: skip

_WORD, _WORD_BYTES = ir.IntType(64), 8
_HINTS = {"x86_64": ("llvm.x86.sse2.pause", ()), "i686": ("llvm.x86.sse2.pause", ()),
    "aarch64": ("llvm.aarch64.hint", (1,)), "arm64": ("llvm.aarch64.hint", (1,))}  # fmt: skip


def _address(context: Any, builder: Any, array_type: Any, array: Any, i: Any) -> Any:
    """Address of cell ``i``: no bounds check, no negative index."""
    return builder.gep(context.make_array(array_type)(context, builder, array).data, [i])


def _loading(order: str) -> Callable[..., Any]:
    @intrinsic  # type: ignore[untyped-decorator]
    def load(typingctx: Any, cells: Any, i: Any) -> Any:
        def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            address = _address(context, builder, sig.args[0], args[0], args[1])
            return builder.load_atomic(address, order, _WORD_BYTES)

        return types.int64(cells, types.int64), codegen

    return load


def _storing(order: str) -> Callable[..., Any]:
    @intrinsic  # type: ignore[untyped-decorator]
    def store(typingctx: Any, cells: Any, i: Any, value: Any) -> Any:
        def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            address = _address(context, builder, sig.args[0], args[0], args[1])
            builder.store_atomic(args[2], address, order, _WORD_BYTES)
            return context.get_dummy_value()

        return types.void(cells, types.int64, types.int64), codegen

    return store


def _fencing(order: str) -> Callable[..., Any]:
    @intrinsic  # type: ignore[untyped-decorator]
    def keep_apart(typingctx: Any) -> Any:
        def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            builder.fence(order)
            return context.get_dummy_value()

        return types.void(), codegen

    return keep_apart


load_acquire, load_relaxed = _loading("acquire"), _loading("monotonic")
store_release, store_relaxed = _storing("release"), _storing("monotonic")
fence, acquire_fence, release_fence = _fencing("seq_cst"), _fencing("acquire"), _fencing("release")


@intrinsic  # type: ignore[untyped-decorator]
def fetch_add(typingctx: Any, cells: Any, i: Any, amount: Any) -> Any:
    """Add to a cell; return what was there."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        address = _address(context, builder, sig.args[0], args[0], args[1])
        return builder.atomic_rmw("add", address, args[2], "acq_rel")

    return types.int64(cells, types.int64, types.int64), codegen


@intrinsic  # type: ignore[untyped-decorator]
def compare_swap(typingctx: Any, cells: Any, i: Any, expected: Any, value: Any) -> Any:
    """Write a cell if it holds what is expected; tell whether."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        address = _address(context, builder, sig.args[0], args[0], args[1])
        return builder.extract_value(builder.cmpxchg(address, args[2], args[3], "acq_rel", "acquire"), 1)

    return types.boolean(cells, types.int64, types.int64, types.int64), codegen


@intrinsic  # type: ignore[untyped-decorator]
def pause(typingctx: Any) -> Any:
    """Tell the processor that this is a spin loop; nothing on processors without such a hint."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        name, arguments = _HINTS.get(builder.module.triple.partition("-")[0], ("", ()))
        if name:
            kinds = [ir.IntType(32)] * len(arguments)
            hint = cgutils.get_or_insert_function(builder.module, ir.FunctionType(ir.VoidType(), kinds), name)
            builder.call(hint, [kind(value) for kind, value in zip(kinds, arguments, strict=True)])
        return context.get_dummy_value()

    return signature(types.void), codegen


@intrinsic  # type: ignore[untyped-decorator]
def give_way(typingctx: Any) -> Any:
    """Let another thread have this core, by the system's own call."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        name = "SwitchToThread" if sys.platform == "win32" else "sched_yield"
        shape = ir.FunctionType(ir.IntType(32), [])
        builder.call(cgutils.get_or_insert_function(builder.module, shape, name), [])
        return context.get_dummy_value()

    return signature(types.void), codegen
