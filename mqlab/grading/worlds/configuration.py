"""The answer configures: a scenario is run with the settings it chose, under hidden seeds and changes, and judged.

    def configure():
        return {"queues.orders.durable": True, "queues.orders.max_length": 2_000}

An exercise says which paths may be set, and to what. Values are plain; they reach the scenario as JSON, which every
reader of YAML takes for what it is. The scenario without the answer's settings is good, so whatever the lab refuses is
the answer's fault, and is said in the words of the lab.

    SETTINGS = {"queues.orders.durable": switch, "consumers.stock.count": between(1, 8)}

    def play(student, case):
        return configured(student, case, SCENARIO, SETTINGS, hidden=lambda case: [f"faults.0.at={at(case)} ms"])

    Part("nothing is lost", 2, play, expects("lost == 0", "{} confirmed orders were lost."))
"""

from __future__ import annotations

__all__ = ["Configured", "between", "configured", "duration", "expects", "one_of", "switch"]

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from mqlab.errors import BadInput, did_you_mean
from mqlab.grading import plain
from mqlab.grading.counterexample import Counterexample
from mqlab.grading.exercise import Case
from mqlab.grading.student import Babbled, Plain, Student
from mqlab.trace.schema import Level

if TYPE_CHECKING:
    from mqlab.scenario import Scenario
    from mqlab.trace.schema import Trace

Check = Callable[[Any, str], Any]
Settings = Mapping[str, Check]
"""What may be set: paths of the scenario, and the check of each value."""

_EVENTS_MAX: Final = 2_000_000


@dataclass(frozen=True)
class Configured:
    """A run with the answer's settings."""

    settings: dict[str, Plain]
    """What the answer chose."""
    scenario: Scenario
    trace: Trace
    summary: Mapping[str, Any]
    """The object that ``mqlab run --json`` prints."""
    size: int


def switch(value: Any, what: str) -> bool:
    """Take True or False."""
    return plain.truth(value, what)


def between(least: float, most: float, *, whole: bool = True) -> Check:
    """Make a check that takes numbers from ``least`` to ``most``.

    Examples
    --------
    >>> between(1, 8)(3, "the number of desks")
    3
    """

    def check(value: Any, what: str) -> float:
        if whole:
            return plain.whole(value, what, at_least=int(least), at_most=int(most))
        return plain.number(value, what, at_least=least, at_most=most)

    return check


def one_of(*values: Plain) -> Check:
    """Make a check that takes one of several values."""
    return lambda value, what: plain.choice(value, what, values)


def duration(least: str, most: str) -> Check:
    """Make a check that takes times such as ``"200 ms"``, from ``least`` to ``most``.

    Examples
    --------
    >>> duration("1 ms", "10 s")("200 ms", "the time-out")
    '200 ms'
    """
    from mqlab.units import UnitError, parse_duration

    low, high = parse_duration(least), parse_duration(most)

    def check(value: Any, what: str) -> str:
        told = plain.text(value, what, most=30)
        try:
            ns = parse_duration(told)
        except UnitError as error:
            raise Babbled(f'{what} must be a time such as "200 ms": {error.what}.') from None
        if not low <= ns <= high:
            raise Babbled(f"{what} must be from {least} to {most}, but it is {told}.")
        return told

    return check


def configured(
    student: Student,
    case: Case,
    scenario: str,
    settings: Settings,
    *,
    hidden: Callable[[Case], Sequence[str]] | None = None,
    entry: str = "configure",
    level: Level = "fates",
) -> Configured:
    """Ask the answer for its settings and run the scenario with them.

    Parameters
    ----------
    scenario
        The name of a shipped scenario, or the text of one (more than a line).
    settings
        What may be set.
    hidden
        What else is different in this case: overrides, applied after the answer's.
    entry
        The function that gives a dictionary of settings.
    level
        What the trace keeps; ``events`` if order is judged.

    Raises
    ------
    Babbled
        The settings cannot be used.
    """
    chosen = _checked(student.call(entry), f"{entry}()", settings)
    overrides = tuple(f"{path}={json.dumps(value)}" for path, value in sorted(chosen.items()))
    secret = () if hidden is None else tuple(hidden(case))
    _loaded(scenario, secret)  # a mistake of ours shows itself here
    try:
        loaded = _loaded(scenario, (*overrides, *secret))
    except BadInput as error:
        place = error.place.file if error.place else ""
        where = next((f"{path}: " for path in chosen if place.startswith(f"--set {path}=")), "")
        mend = f"; {error.mend}" if error.mend else ""
        raise Babbled(f"With these settings there is no run: {where}{error.what}{mend}.") from None
    return _run(loaded, chosen, case, level)


def expects(text: str, sentence: str) -> Callable[[Configured], Counterexample | None]:
    """Make the judge of a part: an expectation, as scenarios have them, and what to say when it does not hold.

    Parameters
    ----------
    text
        Such as ``lost == 0`` or ``latency.p99 < 200 ms``.
    sentence
        ``{}`` in it becomes the value found, as people read it.
    """

    def judge(run: Configured) -> Counterexample | None:
        from mqlab.scenario import expect

        outcome = expect.parse(text, names=expect.names_of(run.scenario.model)).evaluate(run.summary)
        if outcome.holds:
            return None
        return Counterexample(f"With your settings, {sentence.format(_spelt(text, outcome.value))}", size=run.size)

    return judge


def _checked(answer: Plain, what: str, settings: Settings) -> dict[str, Plain]:
    given = plain.mapping(answer, what, most=len(settings))
    for path in given:
        if path not in settings:
            near = did_you_mean(path, settings, "you may set")
            raise Babbled(f"{what} sets {plain.show(path)}, which is not to be set here; {near}")
    return {path: settings[path](value, path) for path, value in given.items()}


@lru_cache(maxsize=256)
def _loaded(scenario: str, overrides: tuple[str, ...]) -> Scenario:
    from mqlab.scenario import load, loads

    return loads(scenario, overrides=overrides) if "\n" in scenario else load(scenario, overrides=overrides)


def _run(scenario: Scenario, chosen: dict[str, Plain], case: Case, level: Level) -> Configured:
    from dataclasses import replace

    from mqlab.face.runs import judged
    from mqlab.face.simulating import simulate
    from mqlab.scenario import estimate

    if estimate(scenario.model).events > _EVENTS_MAX:
        raise Babbled("With these settings the run would be far too large to be played.")
    model = replace(scenario.model, seed=case.seed)
    trace = simulate(model, engine="sim", seed=case.seed, level=level)
    _, _, summary = judged(scenario, trace)
    return Configured(chosen, scenario, trace, summary, case.size)


def _spelt(text: str, value: float | int | None) -> str:
    """Spell what was found: as a time or a rate where the expectation is about one."""
    from mqlab.units import format_duration, format_rate

    if value is None:
        return "nothing that could be measured"
    name = text.split()[0]
    if name.startswith(("latency", "stages")):
        return format_duration(round(value))
    if name.startswith("throughput"):
        return format_rate(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:,.4g}"
