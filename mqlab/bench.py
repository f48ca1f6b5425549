"""The harness of ``mqlab bench``: measures mqlab beside its peers, interleaved, and says what holds.

A bench is one file ``benchmarks/NAME.py`` that defines ``GROUPS``. The measures of a group take turns (ours,
peer, ours, peer …), so that a machine that gets slower or busier does so for all of them; each row of the
result is read from the medians of its group. A measure runs in a process of its own, so that neither
side inherits the other's heap, imports or garbage.

Examples
--------
>>> names()
['broker', 'core', 'grade', 'log', 'ring', 'sweep']
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any, Literal

from mqlab.errors import BadInput, MqlabError, did_you_mean

__all__ = [
    "FULL",
    "QUICK",
    "BenchError",
    "Group",
    "Measure",
    "Row",
    "Scale",
    "benchmarks_folder",
    "machine",
    "names",
    "run_bench",
    "run_script",
    "with_version",
]

LIBRARIES = ("mqlab", "numpy", "numba", "llvmlite", "simpy", "ciw", "pyarrow", "nbgrader", "kombu")


class BenchError(MqlabError):
    """A measurement could not be made: its process ended badly or printed something else than its figures."""


@dataclass(frozen=True, slots=True)
class Scale:
    """How much to run: ``runs`` turns of everything, ``share`` of the usual number of messages."""

    runs: int
    share: float

    def of(self, amount: float, *, least: float = 0.0) -> float:
        """Scale an amount of work, but not below ``least``.

        Examples
        --------
        >>> QUICK.of(1_000_000), QUICK.of(1000, least=100)
        (10000.0, 100)
        """
        return max(amount * self.share, least)


FULL = Scale(runs=5, share=1.0)
QUICK = Scale(runs=1, share=0.01)
"""For tests and a first impression: nothing is judged at this scale."""

Measure = Callable[[Scale], float | None]
"""Measures once and returns one figure; None: cannot be measured here (a peer is not installed)."""

Rule = Literal["ratio >= target", "ratio <= target", "ours <= target", "ours >= target", "recorded"]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the result, read from the medians of its group.

    ``ours`` and ``peer`` name measures of the group. ``rule`` says what ``holds`` means; ``recorded`` rows
    are printed and not judged.
    """

    name: str
    unit: str
    ours: str
    peer: str | None = None
    peer_name: str | None = None
    target: float | None = None
    rule: Rule = "recorded"


@dataclass(frozen=True, slots=True)
class Group:
    """Measures that take turns, and the rows read from them.

    ``combine`` makes derived measures, such as a difference, from the figures of one turn.
    ``prepare`` runs once before the first turn (to fill caches), unmeasured.
    """

    title: str
    measures: Mapping[str, Measure]
    rows: Sequence[Row]
    combine: Mapping[str, Callable[[Mapping[str, float | None]], float | None]] = field(default_factory=dict)
    prepare: Callable[[], object] | None = None


def benchmarks_folder() -> Path:
    """Where the benches live: ``benchmarks/`` of a checkout, or the copy inside the installed package.

    Raises
    ------
    BenchError
        Neither is there.
    """
    package = Path(__file__).resolve().parent
    for folder in (package.parent / "benchmarks", package / "_course" / "benchmarks"):
        if (folder / "core.py").is_file():
            return folder
    raise BenchError(f"no benchmarks next to {package} nor in it; mqlab is not completely installed")


def names() -> list[str]:
    """Names of all benches, in alphabetical order."""
    return sorted(path.stem for path in benchmarks_folder().glob("*.py") if not path.stem.startswith("_"))


def run_bench(
    name: str, progress: Callable[[float, str], None] | None = None, *, quick: bool = False
) -> dict[str, Any]:
    """Run a bench and return the object of ``mqlab bench NAME --json``.

    Parameters
    ----------
    name
        One of :func:`names`.
    progress
        Called before every turn with the fraction done and what comes next.
    quick
        One turn at a hundredth of the work; nothing is judged (``target`` stays, ``holds`` is None).

    Returns
    -------
    dict
        ``bench``, ``machine``, ``quick`` and ``rows``; each row has name, unit, ours, peer, peer_name, ratio,
        target, holds, and beside those rule, runs, ours_min, ours_max, peer_min, peer_max.

    Raises
    ------
    BadInput
        There is no such bench.
    BenchError
        A measurement ended badly.
    """
    groups = _load(name)
    scale = QUICK if quick else FULL
    rows: list[dict[str, Any]] = []
    for index, group in enumerate(groups):
        tell = _part(progress, index, len(groups))
        figures = _take_turns(group, scale, tell)
        rows += [_result(row, figures, scale, judged=not quick) for row in group.rows]
    if progress is not None:
        progress(1.0, "done")
    return {"bench": name, "machine": machine(), "quick": quick, "rows": rows}


def _load(name: str) -> Sequence[Group]:
    known = names()
    if name not in known:
        raise BadInput(f"there is no bench {name!r}", mend=did_you_mean(name, known, "there are"))
    spec = spec_from_file_location(f"mqlab_bench_{name}", benchmarks_folder() / f"{name}.py")
    if spec is None or spec.loader is None:
        raise BenchError(f"bench {name!r} cannot be loaded")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    groups: Sequence[Group] = module.GROUPS
    return groups


def _part(
    progress: Callable[[float, str], None] | None, index: int, count: int
) -> Callable[[float, str], None]:
    def tell(fraction: float, text: str) -> None:
        if progress is not None:
            progress((index + fraction) / count, text)

    return tell


def _take_turns(
    group: Group, scale: Scale, tell: Callable[[float, str], None]
) -> dict[str, list[float | None]]:
    if group.prepare is not None:
        tell(0.0, f"{group.title}: warming up")
        group.prepare()
    figures: dict[str, list[float | None]] = {name: [] for name in (*group.measures, *group.combine)}
    for run in range(scale.runs):
        turn: dict[str, float | None] = {}
        for place, (name, measure) in enumerate(group.measures.items()):
            tell((run + place / len(group.measures)) / scale.runs, f"{group.title}: {name}, run {run + 1}")
            turn[name] = measure(scale)
        for name, combine in group.combine.items():
            turn[name] = combine(turn)
        for name, figure in turn.items():
            figures[name].append(figure)
    return figures


def _result(
    row: Row, figures: Mapping[str, list[float | None]], scale: Scale, *, judged: bool
) -> dict[str, Any]:
    ours = _spread(figures[row.ours])
    peer = _spread(figures[row.peer]) if row.peer else (None, None, None)
    ratio = ours[0] / peer[0] if ours[0] is not None and peer[0] else None
    return {
        "name": row.name,
        "unit": row.unit,
        "ours": ours[0],
        "peer": peer[0],
        "peer_name": row.peer_name,
        "ratio": ratio,
        "target": row.target,
        "holds": _holds(row, ours[0], ratio) if judged else None,
        "rule": row.rule,
        "runs": scale.runs,
        "ours_min": ours[1],
        "ours_max": ours[2],
        "peer_min": peer[1],
        "peer_max": peer[2],
    }


def _spread(figures: Sequence[float | None]) -> tuple[float | None, float | None, float | None]:
    """Give median, least and greatest; all None if a figure is missing."""
    known = [figure for figure in figures if figure is not None]
    if not known or len(known) < len(figures):
        return None, None, None
    return statistics.median(known), min(known), max(known)


def _holds(row: Row, ours: float | None, ratio: float | None) -> bool | None:
    value = ours if row.rule.startswith("ours") else ratio
    if row.rule == "recorded" or row.target is None or value is None:
        return None
    return value >= row.target if ">=" in row.rule else value <= row.target


def run_script(script: Path, *arguments: str, env: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Run a Python script in a fresh interpreter and return the JSON object in the last line it prints.

    Raises
    ------
    BenchError
        The script ended badly; its last line of complaint is told.
    """
    command = [sys.executable, str(script), *arguments]
    done = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, **(env or {})}, check=False
    )
    if done.returncode != 0:
        complaint = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise BenchError(
            f"{script.name} {' '.join(arguments)} ended with code {done.returncode}: {complaint}"
        )
    try:
        figures: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    except (ValueError, IndexError):
        raise BenchError(f"{script.name} printed no figures: {done.stdout[-200:]!r}") from None
    return figures


def machine() -> dict[str, Any]:
    """Describe this machine: cores this process may use, processor, versions of what is measured."""
    versions = {"python": platform.python_version()}
    for library in LIBRARIES:
        try:
            versions[library] = version(library)
        except PackageNotFoundError:
            continue
    return {"cores": _cores(), "cpu": _cpu(), "versions": versions}


def with_version(distribution: str, title: str) -> str:
    """Name a peer with its version, such as ``SimPy 4.1.2 Resource``; ``title`` has ``{}`` in its place.

    Examples
    --------
    >>> with_version("no-such-thing", "Thing {} Store")
    'Thing (not installed) Store'
    """
    try:
        return title.format(version(distribution))
    except PackageNotFoundError:
        return title.format("(not installed)")


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _cpu() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
