"""What the environment says about kernels, read once, and the types of their annotations."""

from __future__ import annotations

import os
from typing import Any

__all__ = ["BOUNDS_CHECK", "COMPILING", "JIT", "U64", "State"]

State = Any
"""What kernels get as ``s``: the address of the directory (compiled) or the list of arrays (interpreted)."""

U64 = Any
"""An unsigned 64-bit integer in a kernel's annotations."""

JIT = os.environ.get("MQLAB_JIT", "1") != "0"
"""False when ``MQLAB_JIT=0``: kernels are interpreted."""

BOUNDS_CHECK = os.environ.get("MQLAB_BOUNDS_CHECK", "0") == "1"
"""True when ``MQLAB_BOUNDS_CHECK=1``: compiled kernels check every index (slower; used by a test)."""

COMPILING = os.environ.get("MQLAB_COMPILING", "0") == "1"
"""True in the helper process that compiles (see :mod:`mqlab.jit.compiling`)."""
