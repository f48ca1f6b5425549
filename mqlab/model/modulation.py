"""How a modulated process divides its time between its states."""

from __future__ import annotations

from collections.abc import Sequence

from mqlab.model.shapes import Phase

__all__ = ["time_shares"]


def time_shares(phases: Sequence[Phase]) -> tuple[float, ...]:
    """Compute the share of its time that a Markov chain spends in each state in the long run.

    The visits solve v = v·P with the matrix P of what follows what, and each is weighted with its mean length. Every
    state must be reachable from every other.

    Examples
    --------
    >>> calm, rush = Phase(10.0, 9_000, (0.0, 1.0)), Phase(500.0, 1_000, (1.0, 0.0))
    >>> time_shares([calm, rush])
    (0.9, 0.1)
    """
    n = len(phases)
    # v·P = v for all states but the last, whose equation follows from the others; there stands Σv = 1
    rows = [[phases[i].following[j] - float(i == j) for i in range(n)] + [0.0] for j in range(n - 1)]
    rows.append([1.0] * (n + 1))
    for column in range(n):
        pivot = max(range(column, n), key=lambda r: abs(rows[r][column]))
        rows[column], rows[pivot] = rows[pivot], rows[column]
        for r in range(n):
            if r != column and rows[r][column] != 0.0:
                factor = rows[r][column] / rows[column][column]
                rows[r] = [x - factor * y for x, y in zip(rows[r], rows[column], strict=True)]
    times = [rows[i][n] / rows[i][i] * phases[i].stay_ns for i in range(n)]
    whole = sum(times)
    return tuple(time / whole for time in times)
