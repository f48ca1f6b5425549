"""Pairing heaps of copies, ordered by their position in the queue (Fredman, Sedgewick, Sleator, Tarjan 1986).

A heap is the index of its first copy, -1 if it is empty; it hangs together by ``child`` and ``sibling`` of the copies.
"""

from __future__ import annotations

from mqlab.core.records import copies
from mqlab.jit import State, kernel

__all__ = ["meld", "pop"]


@kernel
def meld(s: State, a: int, b: int) -> int:
    """Join two heaps; the root with the smaller position wins."""
    if a < 0:
        return b
    if b < 0:
        return a
    if copies(s, b)["position"] < copies(s, a)["position"]:
        a, b = b, a
    copies(s, b)["sibling"] = copies(s, a)["child"]
    copies(s, a)["child"] = b
    return a


@kernel
def pop(s: State, root: int) -> int:
    """Remove the root; return the new one: meld children in pairs, then the pairs from right to left."""
    rest = copies(s, root)["child"]
    copies(s, root)["child"] = -1
    pairs = -1
    while rest >= 0:
        a = rest
        b = int(copies(s, a)["sibling"])
        copies(s, a)["sibling"] = -1
        rest = -1
        if b >= 0:
            rest = int(copies(s, b)["sibling"])
            copies(s, b)["sibling"] = -1
        pair = meld(s, a, b)
        copies(s, pair)["sibling"] = pairs
        pairs = pair
    result = -1
    while pairs >= 0:
        following = int(copies(s, pairs)["sibling"])
        copies(s, pairs)["sibling"] = -1
        result = meld(s, result, pairs)
        pairs = following
    return result
