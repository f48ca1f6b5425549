"""A prediction beside the outcome: in one sentence, and in a notebook as two bars or a list of choices."""

from __future__ import annotations

__all__ = ["Beside", "number_words"]

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

MINE, TRUTH = "#0072b2", "#e69f00"
"""Of what was predicted and of what came out: two colours that everybody can tell apart."""


@dataclass(frozen=True)
class Beside:
    """What was predicted, and what came out.

    Examples
    --------
    >>> Beside(50, 173, unit="orders")
    You predicted 50 orders. It is 173 orders: 123 more, 3.5 times as much.
    >>> Beside(None, 173, unit="orders")
    You predicted nothing. It is 173 orders.
    >>> Beside("the broker", "the till", choices=("the broker", "the till"))
    You predicted: the broker. It is: the till.
    """

    predicted: Any
    """None where nobody has predicted."""
    outcome: Any
    unit: str = ""
    choices: tuple[Any, ...] | None = None

    @property
    def right(self) -> bool | None:
        """Whether they are the same; None where nothing was predicted."""
        return None if self.predicted is None else bool(self.predicted == self.outcome)

    def __str__(self) -> str:
        if self.choices is not None:
            return _choice_sentence(self.predicted, self.outcome)
        truth = number_words(self.outcome, self.unit)
        if self.predicted is None:
            return f"You predicted nothing. It is {truth}."
        return f"You predicted {number_words(self.predicted, self.unit)}. It is {truth}: {self._distance()}."

    __repr__ = __str__

    def _distance(self) -> str:
        """Say how far off a number was, and where that says more, how many times."""
        away = self.outcome - self.predicted
        if away == 0:
            return "exactly that"
        off = number_words(abs(away), " percentage points" if self.unit == "%" else "")
        words = f"{off} {'more' if away > 0 else 'less'}"
        small, large = sorted((self.predicted, self.outcome))
        if small <= 0 or large < 2 * small:
            return words
        times = number_words(float(f"{large / small:.2g}"))
        return f"{words}, {times} times as much" if away > 0 else f"{words}, you said {times} times as much"

    def _repr_html_(self) -> str | None:
        if self.predicted is None:
            return None  # a sentence says it all: there is nothing beside which it could stand
        inner = _marks(self.choices, self.predicted, self.outcome) if self.choices is not None else self._bars()
        return f'<div style="max-width:48em;line-height:1.5">{inner}<div>{escape(str(self))}</div></div>'

    def _bars(self) -> str:
        rows = (("you predicted", MINE, self.predicted), ("it is", TRUTH, self.outcome))
        longest = max(abs(self.predicted), abs(self.outcome)) or 1
        return "".join(_bar(name, colour, number, longest, self.unit) for name, colour, number in rows)


def _bar(name: str, colour: str, number: float, longest: float, unit: str) -> str:
    wide = round(60 * abs(number) / longest, 1)
    return (
        '<div style="display:flex;align-items:center;gap:.6em">'
        f'<span style="flex:none;width:8em;text-align:right">{name}</span>'
        f'<span style="flex:none;width:max(2px,{wide}%);height:1em;background:{colour}"></span>'
        f'<b style="white-space:nowrap">{escape(number_words(number, unit))}</b></div>'
    )


def _marks(choices: Sequence[Any], predicted: Any, outcome: Any) -> str:
    rows = []
    for choice in choices:
        marks = [
            f'<b style="color:{colour}">{mark}</b>'
            for colour, mark, holds in (
                (MINE, "● you predicted this", choice == predicted),
                ("#1b7a3d", "✓ so it is", choice == outcome),
            )
            if holds
        ]
        weight = "600" if choice == outcome else "400"
        rows.append(f'<li><span style="font-weight:{weight}">{escape(str(choice))}</span> {" ".join(marks)}</li>')
    return f'<ul style="margin:.2em 0">{"".join(rows)}</ul>'


def _choice_sentence(predicted: Any, outcome: Any) -> str:
    if predicted is None:
        return f"You predicted nothing. It is: {outcome}."
    if predicted == outcome:
        return f"You predicted: {predicted}. So it is."
    return f"You predicted: {predicted}. It is: {outcome}."


def number_words(number: float, unit: str = "") -> str:
    """Write a number for people, with its unit.

    Examples
    --------
    >>> number_words(12345), number_words(0.12345, "ms"), number_words(1, "orders"), number_words(12, "%")
    ('12,345', '0.1235 ms', '1 order', '12 %')
    """
    if float(number).is_integer():
        text = f"{int(number):,}"
    else:
        text = f"{number:,.0f}" if abs(number) >= 10_000 else f"{number:.4g}"
    single = unit[:-1] if text == "1" and unit.endswith("s") and len(unit) > 3 else unit
    return f"{text} {single.strip()}".strip()
