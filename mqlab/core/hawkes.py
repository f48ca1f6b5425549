"""Self-exciting arrivals: every message brings about further ones (Hawkes process with an exponential kernel).

    intensity(t) = base + Σ branching/decay · e^-(t - tᵢ)/decay     over the messages tᵢ < t

The time to the next message is the shorter of two: until one comes from outside, at the base rate, and until one
comes of what the past has left, whose total falls exponentially and may never bring one. Both have a distribution
that can be inverted, so nothing is rejected and two draws suffice for each message.

A. Dassios, H. Zhao: "Exact simulation of Hawkes process with exponentially decaying intensity", Electronic
Communications in Probability 18 (2013), no. 62.

Members of a group excite themselves only, each with its share of the base rate. Since every message has its
offspring independently of the others, the members together are one process with the group's base rate.
"""

from __future__ import annotations

import numpy as np

from mqlab.core.records import producers, sources
from mqlab.jit import State, kernel
from mqlab.sampling import ARRIVAL, exp, ln, unit

__all__ = ["next_excited"]


@kernel
def next_excited(s: State, producer: int) -> int:
    """Compute when the next message is due, and the excitation that it leaves behind."""
    p = producers(s, producer)
    source = sources(s, p["source"])
    what = np.uint64(p["sequence"])
    decay = source["decay"]
    seconds = -ln(unit(ARRIVAL, p["ident"], what, 0, 0)) / p["rate"]
    excess = source["excess"]
    if excess > 0.0:
        rest = 1.0 + ln(unit(ARRIVAL, p["ident"], what, 0, 1)) / (excess * decay)
        if rest > 0.0:
            seconds = min(seconds, -ln(rest) * decay)
    wait = int(min(seconds * 1.0e9 + 0.5, 4.0e18))
    source["excess"] = excess * exp(-float(wait) * 1.0e-9 / decay) + source["branching"] / decay
    p["last"] = p["last"] + wait
    return p["last"]
