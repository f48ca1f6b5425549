"""How long to wait before the next try."""

from __future__ import annotations

from mqlab.jit import kernel

__all__ = ["JITTER", "backoff_ns"]

JITTER = {"none": 0, "full": 1, "equal": 2}
"""Jitter codes: full = uniform(0, pause), equal = pause/2 + uniform(0, pause/2) (Marc Brooker, "Exponential backoff and
jitter", AWS Architecture Blog 2015)."""


@kernel
def backoff_ns(first_ns: int, factor: float, max_ns: int, jitter: int, attempt: int, u: float) -> int:
    """Compute the pause in ns after try number ``attempt`` (from 1) failed.

    Parameters
    ----------
    first_ns, factor, max_ns
        The pause before jitter is first_ns · factor^(attempt-1), at most max_ns.
    jitter
        A code of :data:`JITTER`.
    attempt
        Number of the try that failed.
    u
        A uniform draw from (0, 1].

    Examples
    --------
    >>> [int(backoff_ns(100, 2.0, 500, 0, n, 1.0)) for n in (1, 2, 3, 4)]
    [100, 200, 400, 500]
    """
    pause = float(first_ns)
    for _ in range(1, attempt):
        pause = pause * factor
        if pause >= max_ns:
            break
    if pause > max_ns:
        pause = float(max_ns)
    if jitter == 1:
        pause = pause * u
    elif jitter == 2:
        pause = pause * 0.5 + pause * 0.5 * u
    return int(pause)
