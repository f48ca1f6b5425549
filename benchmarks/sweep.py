"""The bench ``sweep``: a load curve of M/M/8, beside a plain sweep with SimPy, and what a second worker brings.

Rates are messages simulated per second of wall time. The peer runs fewer messages a point, because it needs longer; a
rate does not mind. A run of ours has 1,500,000 messages; with 200,000 messages, a tenth of a second, what a run costs
beside its messages begins to show, so that is a row of its own. Both sides are timed from the first point to the last,
starting the interpreter left out.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from mqlab.bench import Group, Row, Scale, run_script, with_version

HERE = Path(__file__).parent
RATES = ("1000", "2000", "3000", "4000", "5000", "6000", "6800", "7400")
RUNS_A_POINT = 4


def our_rate(jobs: int, messages: int, scale: Scale) -> float:
    """Messages per second of ``mqlab.sweep``."""
    figures = run_script(HERE / "_sweep.py", str(round(scale.of(messages))), str(RUNS_A_POINT), str(jobs), *RATES)
    return float(figures["messages"]) / float(figures["wall_s"])


def peer_rate(scale: Scale) -> float:
    """Messages per second of the SimPy sweep."""
    script = HERE / "peers" / "simpy_sweep.py"
    figures = run_script(script, str(round(scale.of(4_000))), "1", *RATES)
    return float(figures["messages"]) / float(figures["wall_s"])


SIMPY = with_version("simpy", "a plain sweep with SimPy {} Resource")

GROUPS = (
    Group(
        "sweep of M/M/8",
        measures={
            "one": partial(our_rate, 1, 1_500_000),
            "two": partial(our_rate, 2, 1_500_000),
            "short": partial(our_rate, 1, 200_000),
            "peer": peer_rate,
        },
        rows=[
            Row("a load curve of M/M/8, one worker", "messages/s", "one", "peer", SIMPY, 30, "ratio >= target"),
            Row("a load curve of M/M/8, two workers", "messages/s", "two", "one", "mqlab, one worker", 1.8,
                "ratio >= target"),
            Row("a load curve of M/M/8 with short runs, one worker", "messages/s", "short", "peer", SIMPY),
        ],
    ),
)  # fmt: skip
