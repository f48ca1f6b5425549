"""Predict before you run: a question, and the answer that its reader gave.

An answer belongs to its question: a cell that is run again asks the same question, and finds the answer still there.
"""

from __future__ import annotations

__all__ = ["Prediction", "predict"]

from collections.abc import Sequence
from importlib.util import find_spec
from numbers import Real
from typing import Any

from mqlab.errors import BadInput, did_you_mean
from mqlab.interact.beside import Beside, number_words

_asked: dict[str, Prediction] = {}
"""What has been asked in this process, by its question."""


class Prediction:
    """A question and what its reader predicts. Made by :func:`predict`."""

    def __init__(
        self, question: str, choices: tuple[Any, ...] | None, unit: str, low: float | None, high: float | None
    ) -> None:
        self.question, self.choices, self.unit, self.low, self.high = question, choices, unit, low, high
        self._value: Any = None
        self._widget: Any = None

    @property
    def value(self) -> Any:
        """What was predicted: a number, or one of the choices; None as long as nothing was."""
        return self._value

    @value.setter
    def value(self, value: Any) -> None:
        self.set(value)

    def set(self, value: Any) -> Prediction:
        """Predict; what the widget does, for where there is none. None takes the prediction back.

        Raises
        ------
        BadInput
            It is no number where one is asked for, out of bounds, or none of the choices.

        Examples
        --------
        >>> predict("How many does the crash take?", unit="orders").set("1,000").beside(800)
        You predicted 1,000 orders. It is 800 orders: 200 less.
        """
        self._value = None if value is None else self._checked(value)
        if self._widget is not None:
            self._widget.show()
        return self

    def beside(self, outcome: Any) -> Beside:
        """Put what came out beside what was predicted.

        Parameters
        ----------
        outcome
            A number, or one of the choices.

        Returns
        -------
        Beside
            Shows itself: as a sentence, and as a small picture in a notebook.

        Raises
        ------
        BadInput
            The outcome is none of the choices, or no number.
        """
        return Beside(self._value, self._one_of(outcome) if self.choices else _number(outcome), self.unit, self.choices)

    def _checked(self, value: Any) -> Any:
        if self.choices is not None:
            return self._one_of(value)
        number = _number(_bare(value, self.unit))
        if (self.low is not None and number < self.low) or (self.high is not None and number > self.high):
            raise BadInput(f"{number_words(number)} cannot be", mend=f"it is {self.bounds}")
        return number

    @property
    def bounds(self) -> str:
        """What a number may be, in words; empty where it may be anything."""
        low, high = (None if each is None else number_words(each, self.unit) for each in (self.low, self.high))
        if self.low is not None and self.high is not None:
            return f"from {number_words(self.low)} to {high}"
        return f"at least {low}" if low else f"at most {high}" if high else ""

    def _one_of(self, value: Any) -> Any:
        assert self.choices is not None
        for choice in self.choices:
            if value == choice or str(value) == str(choice):
                return choice
        mend = did_you_mean(str(value), [str(each) for each in self.choices], "choose from")
        raise BadInput(f"`{value}` is none of the choices", mend=mend)

    def __repr__(self) -> str:
        lines = [self.question]
        if self.choices is not None:
            lines += [f"  - {choice}" for choice in self.choices]
        if self._value is None:
            lines.append("  You have not predicted yet.")
        else:
            lines.append(f"  You predict {self.words}.")
        return "\n".join(lines)

    @property
    def words(self) -> str:
        """What was predicted, in words."""
        return str(self._value) if self.choices is not None else number_words(self._value, self.unit)

    def widget(self) -> Any:
        """Give the ipywidgets box that asks; one a prediction, however often it is shown.

        Raises
        ------
        ImportError
            ipywidgets is not installed.
        """
        if self._widget is None:
            from mqlab.interact.asking import Asking

            self._widget = Asking(self)
        return self._widget.box

    def _repr_mimebundle_(self, **_: Any) -> Any:
        plain = {"text/plain": repr(self)}
        if find_spec("ipywidgets") is None:
            return plain
        shown = self.widget()._repr_mimebundle_() or {}
        return {**shown, **plain}


def predict(
    question: str,
    *,
    choices: Sequence[Any] | None = None,
    unit: str = "",
    low: float | None = None,
    high: float | None = None,
) -> Prediction:
    """Ask the reader to predict, and keep the answer.

    In a notebook the last line of a cell shows where to put it in. Nothing has to be answered: without an answer,
    :meth:`Prediction.beside` says so and shows the outcome.

    Parameters
    ----------
    question
        In full; the answer belongs to it, and is still there when the cell is run again.
    choices
        The answers to choose from; without them a number is asked for.
    unit
        What the number counts, such as ``"orders"`` or ``"ms"``.
    low, high
        Bounds of the number.

    Raises
    ------
    BadInput
        The question is empty, there are fewer than two choices, or no number lies within the bounds.

    Examples
    --------
    >>> guess = predict("How many of the 1,000 orders will not be processed?", unit="orders", low=0, high=1000)
    >>> guess.beside(173)
    You predicted nothing. It is 173 orders.
    >>> guess.set(50).beside(173)
    You predicted 50 orders. It is 173 orders: 123 more, 3.5 times as much.
    """
    asked = question.strip() if isinstance(question, str) else ""
    if not asked:
        raise BadInput("there is no question", mend='write for instance mqlab.predict("How many are lost?")')
    chosen = None if choices is None else tuple(choices)
    if chosen is not None and len(set(map(str, chosen))) < max(2, len(chosen)):
        raise BadInput("there is nothing to choose from", mend="give at least two choices that differ")
    low, high = (None if bound is None else _number(bound) for bound in (low, high))
    if low is not None and high is not None and not low < high:
        raise BadInput(f"no number is from {low:,} to {high:,}", mend="swap the bounds, or leave one out")
    known = _asked.get(asked)
    if known is not None and (known.choices, known.unit, known.low, known.high) == (chosen, unit, low, high):
        return known
    made = _asked[asked] = Prediction(asked, chosen, unit, low, high)
    return made


def _bare(value: Any, unit: str) -> Any:
    """Take from a text what people write around a number: commas between digits, and the unit."""
    if not isinstance(value, str):
        return value
    text = value.strip()
    if unit and text.endswith(unit):
        text = text.removesuffix(unit).strip()
    return text.replace(",", "").replace("_", "").replace("−", "-")


def _number(value: Any) -> float:
    """Read a number: whole ones as int.

    Examples
    --------
    >>> _number("50"), _number(2.5)
    (50, 2.5)
    """
    mend = "write a number such as 50 or 2.5"
    if isinstance(value, bool) or not isinstance(value, str | Real):
        raise BadInput(f"{value!r} is not a number", mend=mend)
    try:
        number = float(value)
    except (ValueError, OverflowError):
        raise BadInput(f"`{str(value)[:40]}` is not a number", mend=mend) from None
    if number != number or number in (float("inf"), float("-inf")):
        raise BadInput(f"`{str(value)[:40]}` is not a number", mend=mend)
    return int(number) if number.is_integer() else number
