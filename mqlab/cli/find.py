"""Finding the run that somebody means: a run folder, or a scenario that is then run."""

from __future__ import annotations

__all__ = ["RUNS", "find_run", "is_run_folder"]

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mqlab.errors import BadInput, did_you_mean

if TYPE_CHECKING:
    from mqlab.face import Run
    from mqlab.trace.schema import Level

RUNS = Path("runs")


def is_run_folder(text: str) -> bool:
    """Tell whether ``text`` is meant as a run folder: it is a folder, or looks like a path into one."""
    return Path(text).is_dir() or ("/" in text and not text.endswith((".yaml", ".yml")))


def find_run(text: str, *, seed: int | None = None, overrides: Sequence[str] = (), level: Level | None = None) -> Run:
    """Load the run folder ``text``, or run the scenario of that name in memory.

    Raises
    ------
    BadInput
        There is neither; or a seed or changes were given for a run that is over.
    """
    from mqlab import face
    from mqlab.cli.console import Progress

    if is_run_folder(text):
        if seed is not None or overrides:
            raise BadInput(f"{text} is a run that is over", mend="--seed and --set go with a scenario")
        if not Path(text).exists():
            raise _no_folder(text)
        return face.load(text)
    plan = face.plan(text, seed=seed, overrides=overrides, level=level)
    with Progress(plan.scenario.name) as progress:
        return face.perform(plan, progress=progress)


def _no_folder(text: str) -> BadInput:
    known = [str(folder) for folder in RUNS.glob("*") if folder.is_dir()]
    mend = did_you_mean(text, known, "there is") if known else "mqlab run SCENARIO makes one"
    return BadInput(f"there is no run folder {text!r}", mend=mend)
