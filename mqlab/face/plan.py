"""A plan: a scenario about to run, with everything that may be refused looked at before anything is done."""

from __future__ import annotations

__all__ = ["EVENTS_MAX", "SEED_MAX", "Plan", "plan"]

from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from mqlab.errors import BadInput
from mqlab.trace.schema import LEVELS, Level

if TYPE_CHECKING:
    from mqlab.model import Model
    from mqlab.scenario import Scenario

EVENTS_MAX = 5_000_000
"""Up to so many estimated events a run keeps every one of them; above, it keeps one row per obligation."""

SEED_MAX = 2**63 - 1


@dataclass(frozen=True)
class Plan:
    """What will run, and how. Made by :func:`plan`, done by :func:`mqlab.face.perform.perform`."""

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
        What the trace keeps: counts, fates or events. By default events, or fates above :data:`EVENTS_MAX`.

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
        near = get_close_matches(engine, names, n=1)
        mend = f"did you mean {near[0]!r}?" if near else f"there is {', '.join(names)}"
        raise BadInput(f"there is no engine {engine!r}", mend=mend)


def _checked_seed(seed: int) -> int:
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed <= SEED_MAX:
        raise BadInput(f"a seed is a whole number from 0 to 2**63-1, not {seed!r}", mend="choose another one")
    return seed


def _level(scenario: Scenario, asked: str | None) -> tuple[Level, str]:
    from mqlab.scenario.estimate import estimate

    expected = estimate(scenario.model)
    if asked is not None:
        level, note = _known_level(asked), ""
    elif expected.events <= EVENTS_MAX:
        level, note = "events", ""
    else:
        level = "fates"
        note = (
            f"about {expected.events:,} events, more than {EVENTS_MAX:,}: keeping fates only "
            "(--trace events keeps all of them)"
        )
    return level, note


def _known_level(asked: str) -> Level:
    for level in LEVELS:
        if level == asked:
            return level
    near = get_close_matches(asked, LEVELS, n=1)
    mend = f"did you mean {near[0]!r}?" if near else f"there is {', '.join(LEVELS)}"
    raise BadInput(f"there is no trace level {asked!r}", mend=mend)
