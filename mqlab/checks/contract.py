"""From what was observed to what it means: findings against the contract, and conservation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from mqlab.checks.observation import Check, Evidence, Observation
from mqlab.errors import ConservationError
from mqlab.model import Model
from mqlab.trace.fates import Fate, fate_label
from mqlab.trace.schema import Trace

__all__ = ["Finding", "Promise", "conservation", "findings"]

NO_ROWS = "the run kept no fates; it needs --trace fates or events"
NO_PROMISE = "the contract says nothing about it"


class Promise(Protocol):
    """What a system promises about one anomaly; see :mod:`mqlab.systems`."""

    @property
    def permitted(self) -> bool:
        """Whether the contract allows the anomaly."""
        ...

    @property
    def because(self) -> str:
        """Why, in one sentence."""
        ...


@dataclass(frozen=True)
class Finding:
    """One anomaly of a run, and what the contract says about it."""

    name: str
    count: int | None
    """How often; None if it could not be judged, and then ``not_judged`` says why."""
    permitted: bool
    because: str
    """Why the contract permits or forbids it."""
    examples: tuple[int, ...] = ()
    """Up to ten numbers of messages it happened to."""
    detail: Mapping[str, Any] = field(default_factory=dict)
    not_judged: str = ""

    @property
    def violated(self) -> bool:
        """Whether it happened although the contract forbids it."""
        return bool(self.count) and not self.permitted


def findings(
    checks: Mapping[str, Check | str],
    trace: Trace,
    promises: Mapping[str, Promise],
    model: Model | None,
) -> tuple[Finding, ...]:
    """Apply checks and compare with the contract; a text in place of a check says why there is none."""
    evidence = Evidence.of(trace, model)

    def observe(check: Callable[[Evidence], Observation] | str) -> Observation:
        if isinstance(check, str):
            return Observation(None, not_judged=check)
        return Observation(None, not_judged=NO_ROWS) if evidence is None else check(evidence)

    found = []
    for name, check in checks.items():
        seen, promise = observe(check), promises.get(name)
        found.append(
            Finding(
                name,
                seen.count,
                True if promise is None else promise.permitted,
                NO_PROMISE if promise is None else promise.because,
                seen.examples,
                seen.detail,
                seen.not_judged,
            )
        )
    return tuple(found)


def conservation(trace: Trace) -> None:
    """Make sure that every obligation ended in exactly one fate.

    The fates that were counted add up to the obligations owed. Where FATE rows exist there are as many as
    owed, each fate has as many rows as were counted, and no obligation has two rows.

    Raises
    ------
    ConservationError
        Names the difference.

    Examples
    --------
    >>> conservation(trace)                                                             # doctest: +SKIP
    """
    counted = {label: int(number) for label, number in trace.counters.fates.items() if number}
    total = sum(counted.values())
    if min(counted.values(), default=0) < 0:
        raise ConservationError(f"a fate was counted less than never: {counted}")
    if total != trace.owed:
        raise ConservationError(
            f"fates add up to {total}, but {trace.owed} obligations are owed ({total - trace.owed:+d})"
        )
    if trace.fates is None:
        return
    if len(trace.fates) != trace.owed:
        raise ConservationError(f"there are {len(trace.fates)} rows for {trace.owed} obligations owed")
    _compare_labels(counted, _labels(trace))
    _refuse_doubles(trace)


def _labels(trace: Trace) -> dict[str, int]:
    assert trace.fates is not None
    fate, cause = trace.fates.column("fate"), trace.fates.column("cause")
    lost = fate == Fate.LOST
    numbers = np.bincount(fate[~lost], minlength=1)
    causes = np.bincount(cause[lost], minlength=1)
    rows = {fate_label(number): int(count) for number, count in enumerate(numbers) if count}
    rows |= {fate_label(Fate.LOST, number): int(count) for number, count in enumerate(causes) if count}
    return rows


def _compare_labels(counted: Mapping[str, int], rows: Mapping[str, int]) -> None:
    differences = [
        f"{label}: {counted.get(label, 0)} counted, {rows.get(label, 0)} rows"
        for label in sorted({*counted, *rows})
        if counted.get(label, 0) != rows.get(label, 0)
    ]
    if differences:
        raise ConservationError(f"counted fates and rows disagree: {'; '.join(differences)}")


def _refuse_doubles(trace: Trace) -> None:
    """Rows of a message stand together in order of copies: a double is a step back or a second place."""
    assert trace.fates is not None
    message, copy = trace.fates.column("message"), trace.fates.column("copy")
    if not len(message):
        return
    same = message[1:] == message[:-1]
    back = same & (copy[1:] <= copy[:-1])
    if back.any():
        row = int(np.flatnonzero(back)[0]) + 1
        raise ConservationError(
            f"copy {copy[row]} of message {message[row]} has two rows, or its rows are not in order"
        )
    heads = message[np.r_[True, ~same]]
    ordered = np.sort(heads)
    twice = ordered[1:][ordered[1:] == ordered[:-1]]
    if len(twice):
        raise ConservationError(f"the rows of message {twice[0]} stand in two places")
