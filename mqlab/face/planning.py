"""A plan: a scenario about to run, with everything that may be refused looked at before anything is done."""

from __future__ import annotations

__all__ = ["SEED_MAX", "Plan", "plan"]

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from mqlab.errors import BadInput, did_you_mean
from mqlab.trace.schema import LEVELS, Level

if TYPE_CHECKING:
    from mqlab.model import Model
    from mqlab.scenario import Scenario

SEED_MAX = 2**63 - 1


@dataclass(frozen=True)
class Plan:
    """What will run, and how. Made by :func:`plan`, done by :func:`mqlab.face.performing.perform`."""

    scenario: Scenario
    engine: str
    seed: int
    level: Level
    overrides: tuple[str, ...] = ()
    note: str = ""
    """Why the level is not the finest, if nobody asked for that."""

    @property
    def model(self) -> Model:
        """The scenario resolved against its system, with the seed of this run."""
        return replace(self.scenario.model, seed=self.seed)


def plan(
    source: str | Path | Scenario,
    *,
    seed: int | None = None,
    engine: str = "sim",
    overrides: Sequence[str] = (),
    level: str | None = None,
) -> Plan:
    """Load a scenario and decide how it is to run.

    Parameters
    ----------
    source
        A file, the name of a shipped scenario, or a scenario already loaded.
    seed
        0 to 2**63-1; the scenario's own if not given.
    engine
        Name of an engine.
    overrides
        Assignments such as ``"consumers.stock.count=8"``.
    level
        What the trace keeps: counts, fates or events; by default the finest that is not too large, see
        :func:`mqlab.scenario.estimate.level_for`.

    Raises
    ------
    BadInput
        Anything of this cannot be used, or the run would not fit on this machine.
    """
    scenario = _scenario(source, overrides)
    _check_engine(engine)
    chosen_seed = _checked_seed(scenario.model.seed if seed is None else seed)
    chosen, note = _level(scenario, level)
    return Plan(scenario, engine, chosen_seed, chosen, tuple(overrides), note)


def _scenario(source: str | Path | Scenario, overrides: Sequence[str]) -> Scenario:
    from mqlab import scenario

    if isinstance(source, scenario.Scenario):
        if overrides:
            raise BadInput("overrides go with a file or a name", mend="give them when the scenario is loaded")
        return source
    return scenario.load(source, overrides=tuple(overrides))


def _check_engine(engine: str) -> None:
    from mqlab import engines

    names = engines.names()
    if engine not in names:
        raise BadInput(f"there is no engine {engine!r}", mend=did_you_mean(engine, names, "there is"))


def _checked_seed(seed: int) -> int:
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed <= SEED_MAX:
        raise BadInput(f"a seed is a whole number from 0 to 2**63-1, not {seed!r}", mend="choose another one")
    return seed


def _level(scenario: Scenario, asked: str | None) -> tuple[Level, str]:
    from mqlab.scenario import estimate, guard, level_for

    expected = estimate(scenario.model)
    level = level_for(expected) if asked is None else _known_level(asked)
    guard(expected, level)
    if asked is not None or level == "events":
        return level, ""
    return level, f"about {expected.events:,} events are too many to keep by default: --trace {level} is used"


def _known_level(asked: str) -> Level:
    for level in LEVELS:
        if level == asked:
            return level
    raise BadInput(f"there is no trace level {asked!r}", mend=did_you_mean(asked, LEVELS, "there is"))
