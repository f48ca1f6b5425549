"""The weakest tier: limits on what a process uses, and a user id of its own where that can be had.

Code in it can read what its user may read, open sockets and start processes. It is for one's own code, as in a lesson,
or for machines on which nothing stronger works, and then only behind an explicit flag.
"""

from __future__ import annotations

__all__ = ["LIMITS"]

import sys

from mqlab.grading.sandbox.tier import Launch, Tier, unprivileged_uid


def _absent() -> str:
    return "" if sys.platform == "linux" else "it needs Linux"


def _launch() -> Launch:
    return Launch(uid=unprivileged_uid())


LIMITS = Tier(
    name="limits",
    summary="limits on time, memory and output; no protection of files or network",
    claims=frozenset({"judgement", "protocol", "time", "memory"}),
    absent=_absent,
    launch=_launch,
)
