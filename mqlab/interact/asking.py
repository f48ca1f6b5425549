"""The widget that asks for a prediction: a field or choices, and a line that says what was understood."""

from __future__ import annotations

__all__ = ["Asking"]

from html import escape
from typing import TYPE_CHECKING, Any

import ipywidgets

from mqlab.errors import BadInput
from mqlab.interact.beside import number_words

if TYPE_CHECKING:
    from mqlab.interact.predicting import Prediction

_KEPT = "Kept. Now run the next cells."


class Asking:
    """What stands in the notebook of a prediction; :attr:`box` is what is shown."""

    def __init__(self, prediction: Prediction) -> None:
        self.prediction = prediction
        self.said = ipywidgets.HTML()
        self.answer: Any = self._choices() if prediction.choices is not None else self._field()
        question = ipywidgets.HTML(f"<b>{escape(prediction.question)}</b>")
        line = ipywidgets.HBox([self.answer, *self._units()])
        self.box = ipywidgets.VBox([question, line, self.said])
        self.box.add_class("mqlab-predict")
        self.show()
        self.answer.observe(self._answered, names="value")

    def _field(self) -> Any:
        low, high = self.prediction.low, self.prediction.high
        bounds = [f"{word} {number_words(end)}" for word, end in (("from", low), ("to", high)) if end is not None]
        return ipywidgets.Text(placeholder=" ".join(["a number", *bounds]), continuous_update=False)

    def _choices(self) -> Any:
        options = [(str(choice), choice) for choice in self.prediction.choices or ()]
        return ipywidgets.RadioButtons(options=options, value=None, layout={"width": "max-content"})

    def _units(self) -> list[Any]:
        asks_number = self.prediction.choices is None
        return [ipywidgets.Label(self.prediction.unit)] if asks_number and self.prediction.unit else []

    def show(self) -> None:
        """Show what the prediction holds."""
        value = self.prediction.value
        if self.prediction.choices is not None:
            self.answer.value = value
        elif value is not None:
            self.answer.value = number_words(value)
        else:
            self.answer.value = ""
        self._say("Predict, then run on." if value is None else _KEPT)

    def _answered(self, change: Any) -> None:
        """Take what was put in; what cannot be understood stays in the field, with a line that says why."""
        given = change["new"]
        if given in ("", None):
            given = None
        elif self.prediction.choices is None and given == self._shown():
            self._say(_KEPT)  # our own spelling of what is kept already
            return
        try:
            self.prediction.set(given)
        except BadInput as error:
            self._say(str(error))

    def _shown(self) -> str:
        value = self.prediction.value
        return "" if value is None else number_words(value)

    def _say(self, text: str) -> None:
        self.said.value = f'<span style="opacity:.75">{escape(text)}</span>'
