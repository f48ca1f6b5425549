"""The board of an explorer: a slider or buttons for each dial, the picture, and the figures below it.

The picture follows the hand. While one is being drawn, a slider moves on in the browser, and of all its positions
meanwhile only the last is sent: ipywidgets holds changes back until the kernel is idle. So no queue of old positions
builds up, however quickly somebody drags.
"""

from __future__ import annotations

__all__ = ["Board"]

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html import escape
from typing import TYPE_CHECKING, Any

import ipywidgets

from mqlab.errors import BadInput

if TYPE_CHECKING:
    from mqlab.interact.dials import Dial
    from mqlab.interact.exploring import Explorer

_BUTTONS_MAX = 5
"""More choices than this go into a list that opens."""


class Board:
    """What stands in the notebook of an explorer; :attr:`box` is what is shown."""

    def __init__(self, explorer: Explorer) -> None:
        self.explorer = explorer
        wide = f"{0.6 * min(max(len(dial.name) for dial in explorer.dials), 40) + 1:.1f}em"
        self.sliders = {dial.path: _slider(dial, wide) for dial in explorer.dials}
        rows = [_row(dial, self.sliders[dial.path], wide) for dial in explorer.dials]
        self.picture = ipywidgets.HTML()
        self.figures = ipywidgets.HTML()
        self.box = ipywidgets.VBox([*rows, self.picture, self.figures])
        self.box.add_class("mqlab-explore")
        self._drawn: Any = None
        self.draws = 0
        """How often the picture was drawn."""
        for path, slider in self.sliders.items():
            slider.observe(self._turner(path), names="value")
        self.show()

    def show(self) -> None:
        """Put the sliders where the explorer stands, and draw that, if it is not drawn already."""
        settings = self.explorer.settings
        if self._drawn == settings:
            return
        self._drawn = settings  # before the sliders move, which would come back here
        for path, value in settings.items():
            self.sliders[path].value = value
        svg = self.explorer.svg()
        words = escape(self.explorer.figures())
        label = escape(f"{self.explorer.picture}: {words}", quote=True)
        opening = f'<svg style="max-width:100%;height:auto" role="img" aria-label="{label}" '
        self.picture.value = svg.replace("<svg ", opening, 1)
        self.figures.value = f"<div>{words}</div>"
        self.draws += 1

    def _turner(self, path: str) -> Callable[[Any], None]:
        def turned(change: Any) -> None:
            try:
                with _uncollected():
                    self.explorer.set({path: change["new"]})
            except BadInput as error:
                self.figures.value = f'<div style="color:#a33f00">{escape(str(error))}</div>'
                self._drawn = None  # back at the last good place, there is something to draw

        return turned


@contextmanager
def _uncollected() -> Iterator[None]:
    """Keep the garbage collector out of a redraw, and clear what it left once the picture is there.

    A figure is some ten thousand objects that refer to each other, enough to start a collection of everything a
    notebook holds in the midst of every other redraw: measured, the slowest took 460 ms with it and 210 ms without.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
        gc.collect(1)  # the young ones only


def _slider(dial: Dial, wide: str) -> Any:
    look: dict[str, Any] = {
        "options": list(zip(dial.labels, dial.values, strict=True)),
        "value": dial.values[dial.start],
    }
    named = {"description": dial.name, "style": {"description_width": wide}}
    if dial.ordered:
        layout = {"width": f"calc({wide} + 28em)", "max_width": "98%"}
        return ipywidgets.SelectionSlider(**look, **named, continuous_update=True, layout=layout)
    if len(dial.labels) > _BUTTONS_MAX:
        return ipywidgets.Dropdown(**look, **named, layout={"width": "max-content"})
    return ipywidgets.ToggleButtons(**look, style={"button_width": "auto"})


def _row(dial: Dial, slider: Any, wide: str) -> Any:
    """Put the name beside buttons, which would stand above them; the others have theirs beside them already."""
    if not isinstance(slider, ipywidgets.ToggleButtons):
        return slider
    layout = {
        "width": wide, "display": "flex", "justify_content": "flex-end", "flex": "0 0 auto",
        "margin": "2px 8px 2px 2px",
    }  # fmt: skip
    return ipywidgets.HBox([ipywidgets.Label(dial.name, layout=layout), slider])
